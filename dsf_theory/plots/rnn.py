"""Figures of the gated recurrent networks: their gates, their kernels, the size of their state."""

from dataclasses import replace

import numpy as np

from dsf_theory.models import QLSTM, RGLRU, Model, QLSTMReversed
from dsf_theory.plots.style import BLUE, GREEN, INK, MUTED, SKY, VERMILION, heat, new_figure, picture
from dsf_theory.system import System

OPEN = 40.0
"""A bias at which the sigmoid is one in double precision."""


def one_channel(
    name: str,
    power: float = 1,
    forget: float = 0,
    write: float = OPEN,
    follow: float = 0,
    floor: float = 0.5,
) -> Model:
    """A model of one channel whose token is the pre-activation of its forget gate, less the gate's bias.

    Values are the tokens themselves, and the output gate stands open.

    Args:
        name: ``"qlstm"``, ``"qlstm_rev"`` or ``"rglru"``.
        power: α of the reversed sigmoid, c of the RG-LRU; the quasi-LSTM has none.
        forget: bias of the forget gate; in the RG-LRU, of the recurrence gate.
        write: bias of the input gate.
        follow: weight of the token in the input gate.
        floor: ``σ(Λ_p)^8``, the least decay of the RG-LRU at its usual power.
    """
    one, shut = np.ones((1, 1)), np.zeros((1, 1))
    forget, write = np.array([float(forget)]), np.array([float(write)])
    if name == "rglru":
        lambda_p = logit(np.array([floor ** (1 / 8)]))
        return RGLRU(W_a=one, b_a=forget, W_x=follow * one, b_x=write, Lambda_p=lambda_p, c=power)
    gates = {
        "W_f": one,
        "b_f": forget,
        "W_i": follow * one,
        "b_i": write,
        "W_o": shut,
        "b_o": np.array([OPEN]),
    }
    if name == "qlstm":
        return QLSTM(**gates, W_u=one)
    return QLSTMReversed(**gates, W_u=one, alpha=np.array(float(power)))


def logit(p: np.ndarray) -> np.ndarray:
    """x with ``σ(x) = p``."""
    return np.log(p) - np.log1p(-p)


def decays(model: Model, tokens: np.ndarray) -> np.ndarray:
    """Λ_i, (length,), of a model of one channel at the tokens (length,)."""
    return model.system(tokens[:, None]).Lambda[:, 0, 0]


@picture(
    "04_gates",
    alt="The decay as a function of the forget gate's pre-activation from -8 to 8 in three models. "
    "Quasi-LSTM: it rises from 0 to 1. Reversed sigmoid: it falls from 1 to 0, the earlier the larger the "
    "power. RG-LRU: it falls from 1 to a floor of 0.1, 0.5 or 0.9.",
)
def gates():
    """The three gates as functions of their pre-activation."""
    x = np.linspace(-8, 8, 161)
    figure = new_figure(8.5, 2.9)
    left, middle, right = figure.subplots(1, 3, sharey=True)
    data = {"pre_activation": x, "qlstm": decays(one_channel("qlstm"), x)}
    left.plot(x, data["qlstm"], color=BLUE)
    left.text(0.9, 0.55, r"$\sigma(f)$", color=BLUE)
    for alpha, color, at in [(0.25, SKY, (4.3, 0.4)), (1, BLUE, (0.7, 0.45)), (4, INK, (-4.8, 0.45))]:
        data[f"qlstm_rev_{alpha}"] = decays(one_channel("qlstm_rev", alpha), x)
        middle.plot(x, data[f"qlstm_rev_{alpha}"], color=color)
        middle.text(*at, rf"$\alpha = {alpha}$", color=color)
    for floor, color in [(0.9, SKY), (0.5, BLUE), (0.1, INK)]:
        data[f"rglru_{floor}"] = decays(one_channel("rglru", 8, floor=floor), x)
        right.plot(x, data[f"rglru_{floor}"], color=color)
        right.text(8, floor + 0.035, rf"$\sigma(\Lambda_p)^8 = {floor}$", color=color, ha="right")
    left.set(title="quasi-LSTM: opens", xlabel="pre-activation $f$", ylabel=r"decay $\Lambda$")
    middle.set(title="reversed sigmoid: closes", xlabel="pre-activation $f$")
    right.set(title="RG-LRU: closes to a floor", xlabel="pre-activation $W_a u + b_a$")
    for axes in (left, middle, right):
        axes.set(xticks=[-8, -4, 0, 4, 8], ylim=(-0.03, 1.05))
        axes.axhline(1, color="#dddddd", lw=0.8, zorder=0)
    return figure, data


STRETCHES = np.repeat([-4.0, 0.0, 4.0], 16)
"""Tokens of the kernels' figure: three stretches of 16."""


@picture(
    "04_memory",
    alt="Kernels of three models over 48 steps as lower triangular heat maps. The gate's pre-activation f is "
    "-4, then 0, then 4, for 16 steps each. The quasi-LSTM keeps what it writes in the last stretch, the "
    "reversed sigmoid what it writes in the first. The RG-LRU keeps the first too, but has written it with a "
    "weight of 0.16 only.",
)
def memory():
    """The kernels of the three models on the same tokens."""
    figure = new_figure(8.5, 3.6)
    strips, maps = figure.subplots(2, 3, sharex=True, height_ratios=[1, 4.6])
    titles = ["quasi-LSTM: keeps the last", "reversed: keeps the first", "RG-LRU: the first, faintly"]
    data = {"pre_activation": STRETCHES}
    for k, name in enumerate(["qlstm", "qlstm_rev", "rglru"]):
        system = one_channel(name, 8 if name == "rglru" else 1).system(STRETCHES[:, None])
        data[f"{name}_decay"], data[f"{name}_kernel"] = system.Lambda[:, 0, 0], system.kernel()[:, :, 0, 0]
        strips[k].step(range(48), data[f"{name}_decay"], where="mid", color=BLUE)
        for step in (7, 23, 39):
            label_stretch(strips[k], step, data[f"{name}_decay"][step])
        strips[k].set(title=titles[k], ylim=(-0.1, 1.15), yticks=[0, 1])
        image = heat(maps[k], np.where(np.tri(48, dtype=bool), data[f"{name}_kernel"], np.nan), limit=1.0)
        maps[k].set(xlabel="written at step $j$", xticks=[0, 16, 32, 47], yticks=[0, 16, 32, 47])
    strips[0].set_ylabel(r"decay $\Lambda_i$")
    maps[0].set_ylabel("read at step $i$")
    bar = figure.colorbar(image, ax=list(maps), shrink=0.9, pad=0.015, ticks=[0, 0.5, 1])
    bar.outline.set_visible(False)
    bar.set_label(r"weight $\Phi_{ij}$")
    return figure, data


def label_stretch(axes, step: int, decay: float) -> None:
    """Write the pre-activation of a stretch above its decay, or below where there is no room."""
    low = decay < 0.6
    text = f"$f = {STRETCHES[step]:.0f}$"
    axes.text(step + 0.5, decay + (0.12 if low else -0.14), text, color=MUTED, fontsize=8, ha="center")
    axes.texts[-1].set_va("bottom" if low else "top")


def normalised(length: int, seed: int = 0) -> dict[str, System]:
    """Systems of one RG-LRU: without its factor √(1 - a²), with it, and with the reset at step 0 as well."""
    tokens = np.random.default_rng(seed).standard_normal((length, 1))
    model = one_channel("rglru", 1, floor=0.98**8)
    system = model.system(tokens)
    return {
        "bare": replace(system, write=np.ones_like(system.write)),
        "factor": system,
        "reset": RGLRU(**model.parameters, c=1, reset=True).system(tokens),
    }


@picture(
    "04_variance",
    alt="Variance of the RG-LRU's state over 200 steps under white input of variance one, on a logarithmic "
    "scale. Without the factor it grows from 1 to about 50; with the factor it rises from 0.02 to 0.98; with "
    "the reset at the first step it is 1 throughout. Dots from 2000 random inputs lie on the curves.",
)
def variance():
    """The size of the RG-LRU's state, exact and sampled."""
    figure = new_figure(8.5, 2.9)
    axes = figure.subplots()
    white = np.random.default_rng(1).standard_normal((2000, 200, 1))
    steps, data = np.arange(0, 200, 8), {}
    colors = {"bare": VERMILION, "factor": BLUE, "reset": GREEN}
    for name, system in normalised(200).items():
        data[f"{name}_exact"] = (system.kernel()[:, :, 0, 0] ** 2).sum(1)
        data[f"{name}_sampled"] = replace(system, u=white).states()[..., 0].var(0)
        axes.semilogy(data[f"{name}_exact"], color=colors[name])
        axes.plot(steps, data[f"{name}_sampled"][steps], "o", ms=3.4, color=colors[name], mfc="white", mew=1)
    last = f"without the factor: grows to {data['bare_exact'][-1]:.0f}"
    axes.text(198, 22, last, color=VERMILION, ha="right")
    axes.text(52, 0.26, r"with $\sqrt{1 - a^2}$, from a state of zero: rises towards one", color=BLUE)
    axes.text(198, 1.35, r"with $\sqrt{1 - a^2}$ and the reset: one at every step", color=GREEN, ha="right")
    axes.set(title="The RG-LRU's factor keeps the state at size one", xlabel="step $i$")
    axes.set(xlim=(-4, 205), yticks=[0.1, 1, 10], yticklabels=["0.1", "1", "10"], ylabel="variance of $h_i$")
    axes.minorticks_off()
    return figure, data
