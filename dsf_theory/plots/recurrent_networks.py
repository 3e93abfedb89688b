"""Figures of the gated recurrent networks: their gates, their kernels, the size of their state."""

import numpy as np

from dsf_theory.plots.style import BLUE, GREEN, INK, MUTED, SKY, VERMILION, heat, new_figure, picture
from dsf_theory.studies.gated_channel import STRETCHES, gate_curves, kernels_on_stretches, state_variances


@picture(
    "04_gates",
    alt="The decay as a function of the forget gate's pre-activation from -8 to 8 in three models. "
    "Quasi-LSTM: it rises from 0 to 1. Reversed sigmoid: it falls from 1 to 0, the earlier the larger the "
    "power. RG-LRU: it falls from 1 to a floor of 0.1, 0.5 or 0.9.",
)
def gates():
    """The three gates as functions of their pre-activation."""
    data = gate_curves()
    x = data["pre_activation"]
    figure = new_figure(8.5, 2.9)
    left, middle, right = figure.subplots(1, 3, sharey=True)
    left.plot(x, data["qlstm"], color=BLUE)
    left.text(0.9, 0.55, r"$\sigma(f)$", color=BLUE)
    for alpha, color, at in [(0.25, SKY, (4.3, 0.4)), (1, BLUE, (0.7, 0.45)), (4, INK, (-4.8, 0.45))]:
        middle.plot(x, data[f"qlstm_rev_{alpha}"], color=color)
        middle.text(*at, rf"$\alpha = {alpha}$", color=color)
    for floor, color in [(0.9, SKY), (0.5, BLUE), (0.1, INK)]:
        right.plot(x, data[f"rglru_{floor}"], color=color)
        right.text(8, floor + 0.035, rf"$\sigma(\Lambda_p)^8 = {floor}$", color=color, ha="right")
    left.set(title="quasi-LSTM: opens", xlabel="pre-activation $f$", ylabel=r"decay $\Lambda$")
    middle.set(title="reversed sigmoid: closes", xlabel="pre-activation $f$")
    right.set(title="RG-LRU: closes to a floor", xlabel="pre-activation $W_a u + b_a$")
    for axes in (left, middle, right):
        axes.set(xticks=[-8, -4, 0, 4, 8], ylim=(-0.03, 1.05))
        axes.axhline(1, color="#dddddd", lw=0.8, zorder=0)
    return figure, data


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
    data = kernels_on_stretches()
    for k, name in enumerate(["qlstm", "qlstm_rev", "rglru"]):
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
    steps, data = np.arange(0, 200, 8), state_variances()
    colors = {"bare": VERMILION, "factor": BLUE, "reset": GREEN}
    for name, color in colors.items():
        axes.semilogy(data[f"{name}_exact"], color=color)
        axes.plot(steps, data[f"{name}_sampled"][steps], "o", ms=3.4, color=color, mfc="white", mew=1)
    last = f"without the factor: grows to {data['bare_exact'][-1]:.0f}"
    axes.text(198, 22, last, color=VERMILION, ha="right")
    axes.text(52, 0.26, r"with $\sqrt{1 - a^2}$, from a state of zero: rises towards one", color=BLUE)
    axes.text(198, 1.35, r"with $\sqrt{1 - a^2}$ and the reset: one at every step", color=GREEN, ha="right")
    axes.set(title="The RG-LRU's factor keeps the state at size one", xlabel="step $i$")
    axes.set(xlim=(-4, 205), yticks=[0.1, 1, 10], yticklabels=["0.1", "1", "10"], ylabel="variance of $h_i$")
    axes.minorticks_off()
    return figure, data
