"""Figures of notebook 03: state space models, from a differential equation to S4, S6 and SSD."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from dsf_theory.plots.style import BLUE, GREEN, INK, MUTED, PURPLE, SEQUENTIAL, VERMILION, new_figure, picture
from dsf_theory.studies.poles_and_decays import (
    LENGTH,
    MARKED,
    STEPS_MARKED,
    decays_scales_and_gains,
    poles_and_images,
    selective_kernels,
)

# -------------------------------------------------------------------- poles


@picture(
    "03_poles",
    alt="Three complex planes. Left: continuous poles times the step, a row of real ones and a column of "
    "oscillating ones, all left of the imaginary axis. Middle: zero-order hold sends fast real poles "
    "to 0 and winds the column around a circle. Right: the bilinear rule sends both towards -1. Both "
    "images lie inside the unit circle.",
)
def poles() -> tuple[Figure, dict]:
    """A row of real poles and the poles of S4D as it starts, in continuous time and under both rules."""
    found = poles_and_images()
    continuous, figure = found.pop("continuous"), new_figure(8.5, 2.95)
    plane, *discs = figure.subplots(1, 3)
    draw_poles(plane, continuous)
    mode = continuous["modes"]
    data = {"fast": continuous["fast"].real, "mode_real": mode.real, "mode_imag": mode.imag}
    plane.axvline(0, color=INK, linewidth=0.8)
    plane.set(xlim=(-9, 1), ylim=(-0.9, 5.6), xlabel="Re aΔ", ylabel="Im aΔ", title="Poles: Re a < 0")
    plane.set(box_aspect=1)
    plane.text(-4.6, 0.3, "faster and faster, to −100", color=VERMILION, ha="center", fontsize=8)
    plane.text(-0.6, 4.64, "oscillating, to 1.5π", color=BLUE, ha="right", fontsize=8)

    for axes, (rule, images) in zip(discs, found.items(), strict=True):
        axes.add_patch(Circle((0, 0), 1, facecolor="#f4f4f4", edgecolor=INK, linewidth=0.8))
        draw_poles(axes, images)
        for name, points in (("fast", images["fast"]), ("mode", images["modes"])):
            data |= {f"{rule}_{name}_real": points.real, f"{rule}_{name}_imag": points.imag}
        data[f"{rule}_at_minus_100"] = float(images["row"][-1].real)
        axes.plot(images["row"][-1].real, 0, "s", color=VERMILION, markersize=6)
        axes.set(xlim=(-1.12, 1.12), ylim=(-1.12, 1.12), aspect="equal", xlabel="Re ā", ylabel="Im ā")
        axes.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    discs[0].set_title("Zero-order hold: fast goes to 0")
    discs[1].set_title("Bilinear: fast goes to −1")
    discs[0].text(0, -0.16, "aΔ = −100\nlands at 0", color=VERMILION, ha="center", va="top", fontsize=8)
    discs[1].text(-0.78, -0.16, "aΔ = −100\nlands at −0.96", color=VERMILION, va="top", fontsize=8)
    discs[0].text(0, 0.72, "winds round", color=BLUE, ha="center", va="top", fontsize=8)
    discs[1].text(0, 0.72, "is squeezed", color=BLUE, ha="center", va="top", fontsize=8)
    return figure, data


def draw_poles(axes, found: dict[str, np.ndarray]) -> None:
    """Two lines in the complex plane, and points on them."""
    for line, points, colour in (("row", "fast", VERMILION), ("column", "modes", BLUE)):
        axes.plot(found[line].real, found[line].imag, color=colour, alpha=0.35)
        axes.plot(found[points].real, found[points].imag, "o", color=colour, markersize=4.5)


# -------------------------------------------------------------------- selectivity

ARROW = {"arrowstyle": "-", "color": MUTED, "linewidth": 0.8}


@picture(
    "03_selectivity",
    alt="Four heat maps of kernels over 32 tokens, of which tokens 8 and 20 are marked. S4D: the same on "
    "each diagonal. S6, channel 0: bright columns at the marked tokens, and what came before a mark "
    "fades at its row. S6, channel 1: almost a band, since its own step hardly answers to the mark. "
    "SSD: one map for both channels, with bright columns and a sharper fading.",
)
def selectivity() -> tuple[Figure, dict]:
    """The weight of every earlier token in every output, for the same 32 tokens."""
    data = selective_kernels()
    titles = {
        "s4d": "S4D: the lag decides",
        "s6_0": "S6, channel 0",
        "s6_1": "S6, channel 1",
        "ssd": "SSD, both channels",
    }
    figure = new_figure(8.5, 2.6)
    panels = figure.subplots(1, 4, sharey=True)
    for axes, (name, title) in zip(panels, titles.items(), strict=True):
        past = np.where(np.tri(LENGTH) > 0, data[name] / data[name].max(), np.nan)
        image = axes.imshow(past, norm=LogNorm(0.01, 1), cmap=SEQUENTIAL, interpolation="nearest")
        axes.spines[:].set_visible(False)
        axes.set(title=title, xticks=(0, *MARKED, 31), yticks=(0, *MARKED, 31), xlabel="input j")
    panels[0].set_ylabel("output i")
    panels[1].annotate("marked", (MARKED[0], 8), (15, 3.5), fontsize=8, color=MUTED, arrowprops=ARROW)
    figure.colorbar(
        image, ax=panels, label="weight / largest", shrink=0.85, pad=0.01, ticks=(0.01, 0.1, 1), format="%g"
    )
    return figure, data


# -------------------------------------------------------------------- reversed sigmoid


@picture(
    "03_reversed_sigmoid",
    alt="Three plots. Left: the decay of S6 against its pre-activation x falls from 1 to 0 as a reversed "
    "sigmoid, earlier for a larger rate a. Middle: the scale of what is written rises with x, without"
    " bound by Euler's rule, to 1/a by zero-order hold. Right: the gain for a constant input is 1 by "
    "zero-order hold at every step, and 1.005, 1.58 and 5.03 by Euler's rule at steps 0.01, 1 and 5.",
)
def reversed_sigmoid() -> tuple[Figure, dict]:
    """Λ and B of one state of S6 against its pre-activation, and the gain of both rules for B."""
    data = decays_scales_and_gains()
    x, rates = data["x"], {0.3: GREEN, 1.0: BLUE, 4.0: PURPLE}
    figure = new_figure(8.5, 2.6)
    left, middle, right = figure.subplots(1, 3)
    for (a, colour), label in zip(rates.items(), ((2.8, 0.5), (0.6, 0.42), (-4.2, 0.5)), strict=True):
        held = data[f"zoh_scale_{a:g}"]
        left.plot(x, data[f"decay_{a:g}"], color=colour)
        left.text(*label, f"a = {a:g}", color=colour, fontsize=8)
        middle.plot(x, held, color=colour)
        middle.text(6.15, held[-1], f"a = {a:g}", color=colour, fontsize=8, va="center")
    middle.plot(x, data["euler_scale"], color=VERMILION, linestyle="--")
    middle.text(2.9, 4.1, "Euler:\nsoftplus(x)", color=VERMILION, ha="right", fontsize=8)
    middle.text(-5.8, 1.8, "solid: zero-order hold,\nup to 1/a", color=MUTED, fontsize=8)
    left.set(title=r"Decay: $\Lambda = \sigma(-x)^a$", xlabel="x", ylim=(0, 1.02))
    middle.set(title="Written: the scale of B", xlabel="x", xlim=(-6, 7.6), xticks=(-5, 0, 5), ylim=(0, 6.2))

    marked = STEPS_MARKED
    for rule, colour, style in (("zoh", BLUE, "-"), ("euler", VERMILION, "--")):
        right.plot(data["delta"], data[f"gain_{rule}"], color=colour, linestyle=style)
    right.plot(marked, data["gain_euler_marked"], "o", color=VERMILION, markersize=4)
    for step, gain in zip(marked, data["gain_euler_marked"], strict=True):
        label = {"textcoords": "offset points", "ha": "right", "fontsize": 8, "color": VERMILION}
        right.annotate(f"{gain:.4g}", (step, gain), (-3, 6), **label)
    right.text(0.01, 0.5, "zero-order hold: 1", color=BLUE, fontsize=8)
    right.text(2.3, 4.1, "Euler", color=VERMILION, ha="right", fontsize=8)
    right.set(
        title="Gain of a constant input, a = 1",
        xlabel="step Δ",
        xscale="log",
        xlim=(0.002, 12),
        ylim=(0, 6.2),
    )
    return figure, data
