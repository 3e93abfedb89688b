"""Figures of notebook 01: two readings of one map, the state as a memory, and many Λ for one Φ."""

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from dsf_theory.plots.style import BLUE, GREEN, INK, ORANGE, SKY, VERMILION, heat, new_figure, picture
from dsf_theory.studies.example_systems import decays_of_one_kernel, two_outputs
from dsf_theory.studies.memory import recall_by_pairs


@picture(
    "01_two_readings",
    alt="Left: four numbers of state over 36 steps. Middle: the lower triangular kernel as a heat map, row "
    "24 framed. Right: the output by the recurrence as a line, by rows of the kernel as dots on that line.",
)
def two_readings():
    """The same output by carrying a state and by weighing the past."""
    data, row = two_outputs(), 24
    h, phi, by_state, by_kernel = (data[name] for name in ("h", "phi", "by_state", "by_kernel"))
    steps = np.arange(len(phi))
    figure = new_figure(8.5, 2.8)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1.05, 1))

    for state, colour in zip(h.T, (BLUE, VERMILION, GREEN, ORANGE), strict=True):
        left.plot(steps, state, color=colour)
    left.plot([row] * 4, h[row], "o", color=INK, ms=4, zorder=3)
    left.annotate(f"step {row}", (row, h[row].max()), (2, 6), textcoords="offset points", fontsize=8)
    left.set(title="Carry four numbers,", xlabel="step $i$", ylabel="state $h_i$")

    image = heat(middle, np.where(steps[:, None] >= steps, phi, np.nan), limit=phi.max())
    middle.add_patch(Rectangle((-0.5, row - 0.5), row + 1, 1, fill=False, color=VERMILION, lw=1.5))
    middle.text(row + 1.5, row, f"row {row}", va="center", fontsize=8)
    middle.set(title="or weigh the whole past:", xlabel="step $j$", ylabel="step $i$")
    bar = figure.colorbar(image, ax=middle, pad=0.02)
    bar.ax.set_title(r"$\Phi_{ij}$", fontweight="normal", fontsize=9)
    bar.outline.set_visible(False)

    right.plot(steps, by_state, color=SKY, lw=3.5)
    right.plot(steps, by_kernel, "o", color=INK, ms=2.5)
    right.plot(row, by_kernel[row], "o", color=INK, ms=5)
    right.text(0.98, 0.09, "line: recurrence", color=BLUE, ha="right", fontsize=8, transform=right.transAxes)
    right.text(
        0.98, 0.02, r"dots: rows of $\Phi$", color=INK, ha="right", fontsize=8, transform=right.transAxes
    )
    right.set(title="the output is the same", xlabel="step $i$", ylabel="output $y_i$")
    return figure, data


@picture(
    "01_memory",
    alt="Relative recall error against the number of pairs stored, for 4, 8 and 16 states. Left, keys "
    "spread evenly: zero up to n pairs, then the square root of P/n - 1. Right, random keys: zero "
    "for one pair only, about the square root of (P - 1)/n.",
)
def memory():
    """Recall is exact up to n pairs when keys are orthogonal, and interferes beyond."""
    data = recall_by_pairs()
    sizes, pairs, most = data["n"], data["pairs"], data["pairs"][-1]
    smooth = np.linspace(1, most, 400)
    figure = new_figure(8.5, 2.9)
    left, right = figure.subplots(1, 2, sharey=True)
    for n, colour, exact, chance in zip(
        sizes, (VERMILION, GREEN, BLUE), data["spread"], data["random"], strict=True
    ):
        for axes, line, dots in (
            (left, np.sqrt(np.clip(smooth / n - 1, 0, None)), exact),
            (right, np.sqrt((smooth - 1) / n), chance),
        ):
            axes.plot(smooth, line, color=colour, lw=1.2)
            axes.plot(pairs, dots, "o", color=colour, ms=3.5)
            axes.text(most + 1, line[-1], f"$n$ = {n}", color=colour, va="center", fontsize=8)
    left.set(title="Evenly spread keys: exact up to $n$ pairs", ylabel="relative recall error")
    left.text(0.03, 0.87, r"lines: $\sqrt{P/n - 1}$", transform=left.transAxes, fontsize=9)
    right.set(title="Random keys: errors from the second pair on")
    right.text(0.03, 0.87, r"lines: $\sqrt{(P - 1)/n}$", transform=right.transAxes, fontsize=9)
    for axes in (left, right):
        axes.set(xlabel="pairs stored $P$", xlim=(0, most + 6), ylim=(-0.1, 3.8))
    return figure, data


@picture(
    "01_same_kernel",
    alt="Left: the number in front of the identity in three transitions, over 47 steps: one jumps between "
    "0.1 and 7, one is 1, one is 0.5. Right: the one kernel that all three have, as a heat map.",
)
def same_kernel():
    """Three transitions, one kernel."""
    data = decays_of_one_kernel()
    weights = data["weights"]
    last = len(weights) - 1
    figure = new_figure(8.5, 2.8)
    left, right = figure.subplots(1, 2, width_ratios=(1.75, 1))
    for name, colour, label, size in (
        ("paper", BLUE, r"$\eta_{i-1}/\eta_i$", 10),
        ("output", VERMILION, "always 1", 8),
        ("fading", GREEN, "always 0.5", 8),
    ):
        left.semilogy(np.arange(1, last + 1), data[name], color=colour)
        left.text(last + 0.8, data[name][-1], label, color=colour, va="center", fontsize=size)
    left.set(title=r"Three transitions $\Lambda_i = \lambda_i I$ …", xlabel="step $i$", xlim=(0, last + 8))
    left.set(ylabel=r"$\lambda_i$", yticks=[0.2, 0.5, 1, 2, 5], xticks=range(0, last, 10))
    left.yaxis.set_major_formatter("{x:g}")
    left.yaxis.set_minor_locator(NullLocator())
    shown = np.where(np.tri(last + 1, dtype=bool), weights, np.nan)
    image = heat(right, shown, signed=True, limit=np.abs(weights).max())
    bar = figure.colorbar(image, ax=right, pad=0.02)
    bar.outline.set_visible(False)
    right.set(title="… one kernel", xlabel="step $j$", ylabel="step $i$")
    right.text(last, 1, r"weight of $v_j$ in $y_i$", ha="right", va="top", fontsize=8)
    return figure, data
