"""Evaluation forms against each other, mambapy and transformers, as ratios within one run: ``make bench``.

Every round times all competitors one after another, so that a slow moment of the machine hits all alike; the ratio
is the median over rounds. The first round warms up and does not count.
"""

from functools import partial

import numpy as np
import torch
from mambapy.pscan import pscan
from rich.console import Console
from rich.table import Table
from rounds import timed
from torch.nn import functional
from transformers import MambaConfig, logging
from transformers.models.mamba.modeling_mamba import MambaMixer

import dsf_theory as dsf

ROUNDS = 15
rounds = partial(timed, count=ROUNDS)


def main() -> None:
    """Print the tables."""
    console = Console(width=100)
    console.print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, {ROUNDS} rounds, single precision\n"
    )
    console.print(against_each_other())
    console.print(many_heads())
    console.print(against_mambapy())
    console.print(against_transformers())
    console.print(growth())


def against_each_other(batch: int = 2, length: int = 512, d: int = 32, n: int = 8) -> Table:
    """Every form of three systems, forward, beside the recurrence step by step."""
    forms = ("recurrent", "scan", "chunked", "convolutional")
    table = Table(caption=f"forward, speed over the recurrence\nbatch {batch}, length {length}, d {d}, n {n}")
    for column in ("model", *forms):
        table.add_column(column, justify="left" if column == "model" else "right")
    for name in ("linear_attention", "ssd", "s6"):
        system = dsf.Mixer(name, d=d, n=n, seed=0).model.system(torch.randn(batch, length, d))
        with torch.no_grad():
            seconds = rounds({form: getattr(system, form) for form in forms})
        ratios = (np.median(seconds["recurrent"] / seconds[form]) for form in forms)
        table.add_row(name, *(f"{ratio:.2f}" for ratio in ratios))
    return table


def many_heads(d: int = 32, n: int = 8) -> Table:
    """The chunked form of heads of few channels, beside a plain loop over the steps."""
    table = Table(caption=f"chunked, speed over a plain loop, d {d}, n {n}")
    for column in ("model", "batch", "length", "heads", "forward", "and backward"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for name, batch, length, heads in (
        ("ssd", 2, 512, 32),
        ("ssd", 2, 512, 8),
        ("ssd", 16, 256, 4),
        ("linear_attention", 2, 512, 32),
    ):
        layer, u = dsf.Mixer(name, d=d, n=n, heads=heads, seed=0), torch.randn(batch, length, d)
        assert torch.allclose(plain_loop(layer.model.build(u)), layer(u), atol=1e-4)
        with torch.no_grad():
            forward = rounds(
                {"loop": lambda: plain_loop(layer.model.build(u)), "chunked": lambda: layer(u)}  # noqa: B023
            )
        both = timed(
            {
                "loop": lambda: plain_loop(layer.model.build(u)).sum().backward(),  # noqa: B023
                "chunked": lambda: layer(u).sum().backward(),  # noqa: B023
            },
            count=3,
        )
        ratios = (np.median(seconds["loop"] / seconds["chunked"]) for seconds in (forward, both))
        table.add_row(name, str(batch), str(length), str(heads), *(f"{ratio:.2f}" for ratio in ratios))
    return table


def plain_loop(system: dsf.System) -> torch.Tensor:
    """y (..., length, d) as anyone would write it first."""
    shape = torch.Size([*system.u.shape[:-1], system.heads, 1, 1])
    decay, drive, read = (
        part.expand(torch.broadcast_shapes(part.shape, shape)).unbind(-4)
        for part in (system.transition.log.exp(), system.drive, system.read)
    )
    h, y = 0, []
    for now in range(system.length):
        h = decay[now] * h + drive[now]
        y.append((read[now] * h).sum(-1))
    return system.emit(torch.stack(y, -3))


def against_mambapy(batch: int = 4, length: int = 1024, d: int = 64, n: int = 16) -> Table:
    """S6 forward and backward, from the parameters on, beside mambapy's parallel scan on the same coefficients."""
    layer, u = dsf.Mixer("s6", d=d, n=n, seed=0), torch.randn(batch, length, d)

    def with_form(form: str):
        return lambda: getattr(layer.model.build(u), form)()

    competitors = {
        "mambapy pscan": lambda: with_pscan(layer.model, u),
        "chunked": with_form("chunked"),
        "scan": with_form("scan"),
    }
    reference = competitors["mambapy pscan"]()
    for run in competitors.values():
        assert torch.allclose(run(), reference, atol=1e-4)
    seconds = rounds({name: lambda run=run: run().sum().backward() for name, run in competitors.items()})
    table = Table(caption=f"S6, forward and backward\nbatch {batch}, length {length}, d {d}, n {n}")
    for column in ("form", "median ms", "speed over mambapy"):
        table.add_column(column, justify="left" if column == "form" else "right")
    for name, times in seconds.items():
        ratio = np.median(seconds["mambapy pscan"] / times)
        table.add_row(name, f"{1e3 * np.median(times):.1f}", f"{ratio:.2f}")
    return table


def with_pscan(model: dsf.S6, u: torch.Tensor) -> torch.Tensor:
    """The same S6 through mambapy's scan."""
    delta = model.step(u)
    decay = torch.exp(-delta[..., None] * torch.exp(model.A_log))
    written = (delta * u)[..., None] * (u @ model.W_B.T)[..., None, :]
    h = pscan(decay, written)
    return (h @ (u @ model.W_C.T)[..., None])[..., 0] + model.D * u


def against_transformers(batch: int = 4, length: int = 256, d: int = 64, n: int = 16) -> Table:
    """A whole Mamba layer of transformers on its plain torch path, and the same with our S6 between its projections."""
    logging.set_verbosity_error()  # it says at length that it takes its plain path, which is what is wanted
    mixer = MambaMixer(MambaConfig(hidden_size=d, state_size=n, expand=1, use_mambapy=False), layer_idx=0)
    u = torch.randn(batch, length, d)

    def with_ours() -> torch.Tensor:
        x, gate = mixer.in_proj(u).chunk(2, dim=-1)
        x = functional.silu(mixer.conv1d(x.mT)[..., :length].mT)
        rank = mixer.time_step_rank
        down, W_B, W_C = mixer.x_proj.weight.split([rank, n, n])
        step = {"W_delta_down": down, "W_delta_up": mixer.dt_proj.weight, "b_delta": mixer.dt_proj.bias}
        model = dsf.S6(**step, W_B=W_B, W_C=W_C, A_log=mixer.A_log, D=mixer.D)
        return mixer.out_proj(model.build(x).chunked() * functional.silu(gate))

    competitors = {"transformers": lambda: mixer(u), "with our chunked form": with_ours}
    assert torch.allclose(*(run() for run in competitors.values()), atol=1e-4)
    seconds = rounds({name: lambda run=run: run().sum().backward() for name, run in competitors.items()})
    table = Table(
        caption=f"a Mamba layer, forward and backward\nbatch {batch}, length {length}, d {d}, n {n}"
    )
    for column in ("layer", "median ms", "speed over transformers"):
        table.add_column(column, justify="left" if column == "layer" else "right")
    for name, times in seconds.items():
        ratio = np.median(seconds["transformers"] / times)
        table.add_row(name, f"{1e3 * np.median(times):.1f}", f"{ratio:.2f}")
    return table


def growth(d: int = 64, n: int = 16, heads: int = 4) -> Table:
    """Time at four times the length over time at the length, for the chunked form; 4 is linear."""
    table = Table(caption=f"chunked, forward, d {d}, n {n}, {heads} heads")
    for column in ("model", "4k ms", "16k ms", "ratio"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for name in ("linear_attention", "ssd"):
        layer = dsf.Mixer(name, d=d, n=n, heads=heads, seed=0)
        systems = {length: layer.model.build(torch.randn(1, length, d)) for length in (4096, 16384)}
        with torch.no_grad():
            seconds = rounds({str(length): system.chunked for length, system in systems.items()})
        short, long = seconds["4096"], seconds["16384"]
        table.add_row(
            name,
            f"{1e3 * np.median(short):.1f}",
            f"{1e3 * np.median(long):.1f}",
            f"{np.median(long / short):.2f}",
        )
    return table


if __name__ == "__main__":
    main()
