"""Evaluation forms against each other and against mambapy, as ratios within one run: ``make bench``.

Every round times all competitors one after another, so that a slow moment of the machine hits all alike; the ratio
is the median over rounds. The first round warms up and does not count.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from mambapy.pscan import pscan
from rich.console import Console
from rich.table import Table

import dsf_theory as dsf

ROUNDS = 15


def main() -> None:
    """Print both tables."""
    console = Console(width=100)
    console.print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, {ROUNDS} rounds, single precision\n"
    )
    console.print(against_mambapy())
    console.print(growth())


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


def rounds(competitors: dict[str, Callable]) -> dict[str, np.ndarray]:
    """Seconds of each competitor in each round."""
    seconds = {name: [] for name in competitors}
    for _ in range(ROUNDS + 1):
        for name, run in competitors.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: np.array(times[1:]) for name, times in seconds.items()}


if __name__ == "__main__":
    main()
