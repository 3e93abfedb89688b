"""Figures of notebook 06: five normalisers of one sum, what each may see, and what each bounds."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from dsf_theory.plots.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    SEQUENTIAL,
    VERMILION,
    label_ends,
    new_figure,
    picture,
)
from dsf_theory.studies.normalisers import (
    LOCAL,
    NORMALISERS,
    gains_and_growth,
    sensitivities,
    transitions_in_three_bases,
)

COLOURS = dict(zip(NORMALISERS, (INK, BLUE, VERMILION, GREEN, PURPLE, ORANGE), strict=True))


@picture(
    "06_dependence",
    alt="Three maps for the weight of token 8 in every later output i: how strongly it depends on token k. With "
    "a local normaliser, exp, softplus or sigmoid, only the column k = 8 and the diagonal k = i are not exactly "
    "zero. With the row sum every token up to i counts a little. With SSD every token from 8 to i counts, and "
    "none before 8.",
)
def dependence() -> tuple[Figure, dict]:
    """Which tokens a weight depends on, for a local normaliser, the row sum and SSD."""
    data = sensitivities()
    j = data["j"]
    titles = {
        "softplus": r"A local $\eta_i$: two tokens",
        "row_sum": "The row sum: all so far",
        "ssd": "SSD: all from $j$ to $i$",
    }
    figure = new_figure(8.5, 2.9)
    panels = figure.subplots(1, 3, sharey=True)
    look = {
        "norm": LogNorm(0.01, 1),
        "cmap": SEQUENTIAL,
        "aspect": "auto",
        "extent": (-0.5, 23.5, 23.5, j - 0.5),
    }
    for axes, (name, title) in zip(panels, titles.items(), strict=True):
        image = axes.imshow(np.ma.masked_equal(data[name], 0), **look)
        axes.set(title=title, xticks=(0, j, 16, 23), xlabel="token $k$", facecolor="#ececec")
        axes.spines[:].set_visible(False)
        axes.text(22.8, j + 0.4, "exactly 0", ha="right", va="center", color=MUTED, fontsize=8)
    panels[0].text(j - 0.8, 15, "$k=j$", ha="right", va="center", fontsize=9)
    panels[0].text(15.6, 14.2, "$k=i$", fontsize=9)
    panels[0].set(ylabel="output $i$", yticks=(j, 12, 16, 20, 23))
    bar = figure.colorbar(image, ax=panels, pad=0.01, ticks=(0.01, 0.1, 1), format="%g", extend="max")
    bar.set_label(r"$\left|\partial\log\Phi_{ij}/\partial u_k\right|,\ j=8$")
    bar.outline.set_visible(False)
    return figure, data


@picture(
    "06_histograms",
    alt="Three histograms of the transitions of one model over 399 steps, linear attention with the row sum. As "
    "the paper writes it they lie on both sides of one, between 0.4 and 2.2. With the normaliser in the output "
    "all 399 are one. In a third basis they are those of an SSD on the same tokens, all below one.",
)
def histograms() -> tuple[Figure, dict]:
    """The transitions of one kernel in three bases, the last with the decays of an SSD."""
    titles = {
        "paper": "As the paper writes it,",
        "output": r"with its $\eta_i$ in the output,",
        "ssd": "or with the decays of an SSD",
    }
    figure = new_figure(8.5, 2.3)
    edges, data = np.geomspace(0.1, 5, 48), transitions_in_three_bases()
    for axes, (name, title) in zip(figure.subplots(1, 3, sharey=True), titles.items(), strict=True):
        axes.hist(data[name], edges, color=PURPLE)
        axes.set(title=title, xlabel=r"$\Lambda_i$", xscale="log", ylim=(0, 75))
        axes.set_xticks([0.1, 0.2, 0.5, 1, 2, 5], [0.1, 0.2, 0.5, 1, 2, 5])
        axes.xaxis.set_minor_locator(NullLocator())
    figure.axes[0].set_ylabel("steps, of 399")
    figure.axes[1].text(1.12, 72, "all 399", va="top", fontsize=8)
    return figure, data


@picture(
    "06_bounds",
    alt="Left, the gain 1/eta of local normalisers against z: all fall like exp(-z) at first, then exp goes on, "
    "softplus falls slowly and sigmoid stays above one. Middle, the largest state so far, both axes logarithmic: "
    "with the normaliser in the output it grows with the number of steps, past 500; that of SSD stays below its "
    "bound of 3.5, that of the row sum in the paper's basis below one. Right, the largest output so far: it "
    "grows without a normaliser and with local ones; that of SSD stays below ten, that of the row sum below one.",
)
def bounds() -> tuple[Figure, dict]:
    """The gain of local normalisers, and the largest state and output so far of six models."""
    data = gains_and_growth()
    states = {
        "one": r"$\eta_i$ in the output",
        "ssd": "SSD, its bound",
        "row_sum": "row sum, as the\npaper has it",
    }
    outputs = {"softplus": "local", "one": "none", "ssd": "SSD", "row_sum": "row sum"}
    figure = new_figure(8.5, 2.9)
    left, middle, right = figure.subplots(1, 3)
    curves(left, data, "gain", dict(zip(LOCAL, LOCAL, strict=True)))
    curves(middle, data, "h", states)
    curves(right, data, "y", dict.fromkeys(LOCAL, "") | outputs)
    dashed = {"lw": 0.8, "ls": (0, (4, 2)), "zorder": 0}
    left.axhline(1, color=MUTED, **dashed)
    middle.axhline(data["bound"], color=ORANGE, **dashed)
    left.set(title=r"The gain of a local $\eta_i$", xlabel="$z$", ylabel=r"$1/\eta$", xticks=range(-4, 5, 2))
    for axes, title, letter in (
        (middle, "States: the basis decides", "h"),
        (right, "Outputs: two bounded", "y"),
    ):
        axes.set(
            title=title, xlabel="steps", ylabel=f"largest $|{letter}|$ so far", xscale="log", ylim=(0.08, 2e4)
        )
    return figure, data


def curves(axes, data: dict[str, np.ndarray], letter: str, words: dict[str, str]) -> None:
    """Some curves ``LETTER_NAME`` of the data on a logarithmic axis, name -> what stands at its right end."""
    x = data["z" if letter == "gain" else "steps"]
    for name in words:
        axes.semilogy(x, data[f"{letter}_{name}"], color=COLOURS[name])
        label_ends(axes, x[-1], {words[name]: (data[f"{letter}_{name}"][-1], COLOURS[name])})
