"""Figures of attention and S6 as one another, and the layers that are trained side by side."""

from collections.abc import Iterator
from functools import cache
from itertools import islice

import numpy as np

from dsf_theory.models import S6, SSD, NormAttention
from dsf_theory.models.selective import inverse_softplus
from dsf_theory.plots.attention import label_ends
from dsf_theory.plots.style import BLUE, GREEN, INK, MUTED, SKY, VERMILION, new_figure, picture

SIZES = {"d": 4, "n": 4}
"""Of the layers that are trained."""

STEPS, LEARNING_RATE = 300, 0.01
"""Of their training."""


@picture(
    "05_heads",
    alt="Left, what is left of a token in each of eight channels over 31 steps: S6 has eight curves that fan out, "
    "SSD with two heads two, SSD with one head one. Right, the singular values of the rearranged kernel on a "
    "logarithmic axis: eight for S6, two for SSD with two heads, one for SSD with one head; all others are "
    "zero to rounding.",
)
def heads():
    """What is left of a token in each channel, and the singular values of the rearranged kernel."""
    d, length, token = 8, 40, 8
    u = np.random.default_rng(0).standard_normal((length, d))
    figure, data = new_figure(8.5, 2.9), {"step": np.arange(token, length), "index": np.arange(1, d + 1)}
    left, right = figure.subplots(1, 2)
    for (name, model), colour in zip(with_few_decays(d).items(), (BLUE, GREEN, VERMILION), strict=True):
        system = model.system(u)
        decay = np.einsum("icc->ic", system.Lambda)[token + 1 :, :: system.expansion]  # of each channel
        remains = np.vstack([np.ones(d), np.cumprod(decay, axis=0)]).T
        values = np.linalg.svd(system.kernel().reshape(length**2, -1), compute_uv=False)[:d]
        data |= {f"left_{name}": remains, f"values_{name}": values / values[0]}
        if "2" not in name:
            left.plot(data["step"], remains.T, color=colour, lw=1.2 if name == "S6" else 2.6)
        right.semilogy(data["index"], values / values[0], "o-", ms=4, color=colour)
    left.set(title="S6 has a decay for every channel", xlabel="step $i$", xlim=(token - 0.5, length + 9))
    left.set(ylabel=f"what is left of token {token}", ylim=(0, 1.03), xticks=range(8, 41, 8))
    ends = {"S6, eight\nchannels": (data["left_S6"][0, -1], BLUE), "SSD, 1 head": (0.03, VERMILION)}
    label_ends(left, length - 1, ends)
    right.set(title="A kernel for every channel, a head for each", xlabel="index $k$", xlim=(0.5, 8.7))
    right.set(ylabel=r"singular value $\sigma_k/\sigma_1$", ylim=(1e-18, 9))
    for text, at, colour in (("S6", (7.8, 3e-2), BLUE), ("SSD, 2 heads", (4.2, 3e-15), GREEN)):
        right.annotate(text, at, color=colour)
    right.annotate("SSD, 1 head", (0.6, 1e-17), color=VERMILION)
    right.set_yticks([1, 1e-5, 1e-10, 1e-15])
    right.minorticks_off()
    return figure, data


def with_few_decays(d: int) -> dict[str, S6 | SSD]:
    """S6 with a decay for each channel, and SSD with one for each of two heads and one head; D = 0."""
    rates = {"S6": np.log(np.outer(np.geomspace(0.2, 6, d), np.ones(4)))}
    rates |= {"SSD, 2 heads": np.log([1.0, 4.0]), "SSD, 1 head": np.zeros(1)}
    found = {}
    for name, A_log in rates.items():
        model = S6.random(d, 4, seed=1) if name == "S6" else SSD.random(d, 4, seed=1, heads=len(A_log))
        changed = {"A_log": A_log, "b_delta": 0 * model.b_delta + inverse_softplus(0.08), "D": 0 * model.D}
        found[name] = type(model)(**model.parameters | changed)
    return found


@picture(
    "05_one_token",
    alt="Three kernels of 24 steps, coloured where they change as token 10 is changed. Normalised attention and SSD "
    "with a constant step change in row 10 and column 10 only. SSD changes there too, and in the whole block of "
    "later rows and earlier columns.",
)
def one_token():
    """Where the kernels of normalised attention and SSD change with one token."""
    length, d, token = 24, 4, 10
    u = np.random.default_rng(1).standard_normal((length, d))
    bent = u + 1.5 * np.eye(length)[:, token : token + 1]
    ssd = SSD.random(d, 2, seed=1, heads=1).parameters
    ssd |= {"A_log": np.zeros(1), "b_delta": inverse_softplus(np.full(1, 0.15)), "D": np.zeros(1)}
    models = {
        "Normalised attention: a cross": NormAttention.random(d, 2, seed=1),
        "SSD, constant step: a cross": SSD(**ssd | {"W_delta": 0 * ssd["W_delta"]}),
        "SSD: all weights across it": SSD(**ssd),
    }
    figure, data = new_figure(8.5, 3.15), {}
    for axes, (name, model) in zip(figure.subplots(1, 3), models.items(), strict=True):
        before, after = (model.kernel(x) for x in (u, bent))
        change = np.linalg.norm(after - before, axis=(2, 3)) / np.linalg.norm(before, axis=(2, 3)).max()
        shown = np.where(change > 0, np.sqrt(change / change.max()), np.nan)
        axes.imshow(shown, cmap="cividis_r", vmin=0, vmax=1, interpolation="nearest")
        axes.plot([-0.5, length - 0.5], [-0.5, length - 0.5], color="#c8c8c8", lw=0.8, zorder=0)
        axes.set(title=name, xlabel="step $j$", xticks=[0, token, 20], yticks=[0, token, 20])
        axes.set(xlim=(-0.7, length - 0.5), ylim=(length - 0.5, -0.7))
        axes.annotate(f"token {token}", (token + 1.1, token - 0.2), color=MUTED, fontsize=8)
        data[f"change_{name}"] = change
    figure.axes[0].annotate("white: the same\nto the last bit", (12, 5), color=MUTED, fontsize=8)
    figure.axes[0].set_ylabel("step $i$")
    return figure, data


# -------------------------------------------------------------------- the layers that are trained


def layers() -> dict:
    """Four layers that start as one function, in double precision; D = 0 and the value map stay as they are.

    SSD of one head with a constant step; the same as separable attention; attention whose token moves a local
    normaliser in place of the step; and S6, whose channels may part. All layers have parameters of their own.
    """
    from dsf_theory.models.rewriting import ssd_as_attention, ssd_with_local_normaliser
    from dsf_theory.training.loop import Rewritten

    step = inverse_softplus(np.array([0.2]))
    ssd = layer("ssd", heads=1, W_x=np.eye(SIZES["d"]), W_delta=0, b_delta=step, A_log=0, D=0)
    shared = {name: ssd.raw[name].detach().numpy() for name in ("W_B", "W_C")}
    return {
        "SSD": ssd,
        "attention": Rewritten(ssd, ssd_as_attention),
        "local": Rewritten(ssd, ssd_with_local_normaliser),
        "S6": layer("s6", **shared, W_delta_down=0, W_delta_up=1, b_delta=step, A_log=0, D=0),
    }


def layer(name: str, heads: int | None = None, **values):
    """A mixer with some parameters set, each to a number or an array that is broadcast; see :func:`layers`."""
    import torch

    from dsf_theory.training.mixer import Mixer

    mixer = Mixer(name, **SIZES, seed=0, dtype=torch.float64, **({"heads": heads} if heads else {}))
    for key, value in values.items():
        mixer.raw[key].data[...] = torch.as_tensor(value, dtype=torch.float64)
    for key in {"W_x", "D"} & set(mixer.raw):
        mixer.raw[key].requires_grad_(False)
    return mixer


def batches(seed: int, size: int = 16, length: int = 32) -> Iterator:
    """Without end: noise u (size, length, d), and what S6 with a decay for each channel answers to it.

    Every channel of the answer has variance one.
    """
    import torch

    d, n = SIZES.values()
    given = S6.random(d, n, seed=0).parameters
    given |= {"W_delta_up": np.linspace(0.5, 2.5, d)[:, None], "W_delta_down": np.full((1, d), 0.8)}
    given |= {
        "b_delta": inverse_softplus(np.geomspace(0.05, 1, d)),
        "A_log": np.zeros((d, n)),
        "D": np.zeros(d),
    }
    teacher = S6(**given)
    rng = np.random.default_rng(seed)
    scale = teacher.output(np.random.default_rng(0).standard_normal((256, length, d))).std(axis=(0, 1))
    while True:
        u = rng.standard_normal((size, length, d))
        yield torch.from_numpy(u), torch.from_numpy(teacher.output(u) / scale)


@cache
def losses() -> dict[str, np.ndarray]:
    """The losses of the four layers over the same batches, (STEPS,) each."""
    from dsf_theory.training.loop import one_thread, train

    given, found = list(islice(batches(seed=1), STEPS)), {}
    with one_thread():
        for name, each in layers().items():
            found[name] = np.array([loss for _, loss in train(each, given, STEPS, LEARNING_RATE)])
    return found


@picture(
    "05_training",
    alt="Left, the losses of four layers over the steps of training, on a logarithmic axis: all start at one value; "
    "attention with a local normaliser ends highest, SSD and attention lie on one curve well below, S6 ends "
    "lowest. Right, the relative difference of each loss from that of SSD: about 1e-16 throughout for attention; "
    "for the other two it rises within a few steps to about one.",
)
def training():
    """Losses of four layers that start as one function, and how far each is from the loss of SSD."""
    curves, steps = losses(), np.arange(STEPS)
    styles = {"SSD": (SKY, 4.5), "attention": (INK, 1.1), "local": (VERMILION, 1.6), "S6": (BLUE, 1.6)}
    figure, data = new_figure(8.5, 3.1), {"step": steps} | curves
    left, right = figure.subplots(1, 2)
    for name, loss in curves.items():
        colour, width = styles[name]
        smooth = np.median(np.lib.stride_tricks.sliding_window_view(loss, 15), axis=1)
        left.semilogy(steps[7:-7], smooth, color=colour, lw=width)
        if name != "SSD":
            apart = np.abs(loss / curves["SSD"] - 1)
            right.semilogy(steps, np.where(apart > 0, apart, np.nan), "o", ms=1.6, color=colour)
            data[f"apart_{name}"] = apart
    left.set(title="One loss while tied, others when released", ylabel="loss, median of 15 steps")
    right.set(
        title="Tied: equal to the last digits", ylabel="relative difference from SSD", ylim=(3e-18, 1e3)
    )
    for axes in (left, right):
        axes.set(
            xlabel="step of training", xlim=(-5, STEPS + 80 * (axes is left)), xticks=range(0, STEPS + 1, 50)
        )
        axes.minorticks_off()
    names = {"local": "local\nnormaliser", "SSD": "SSD and\nattention", "S6": "S6"}
    ends = {names[name]: (np.median(curves[name][-15:]), styles[name][0]) for name in names}
    ends["SSD and\nattention"] = (ends["SSD and\nattention"][0], INK)
    label_ends(left, STEPS - 8, ends)
    right.annotate("local normaliser", (205, 40), color=VERMILION)
    right.annotate("S6", (262, 0.02), color=BLUE)
    right.annotate("attention, tied", (205, 6e-14), color=INK)
    return figure, data
