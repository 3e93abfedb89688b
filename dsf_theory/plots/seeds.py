"""Parts of the figures of experiments: colours of models, dots of seeds, curves, names at the ends of lines."""

from collections.abc import Iterable

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.ticker import MaxNLocator, PercentFormatter

from dsf_theory.experiments.claimed import LINEAR, NORM, PLAIN, QLSTM, REVERSED, S6, SOFTMAX, SSD
from dsf_theory.experiments.ours import ETAS
from dsf_theory.experiments.records import Summary
from dsf_theory.plots.style import BLUE, GREEN, INK, MUTED, ORANGE, PAPER, PURPLE, SKY, VERMILION, YELLOW
from dsf_theory.training.architecture import Variant

COLOURS = {
    SOFTMAX: INK,
    NORM: PURPLE,
    LINEAR: GREEN,
    PLAIN: BLUE,
    S6: VERMILION,
    SSD: ORANGE,
    QLSTM: GREEN,
    REVERSED: SKY,
}
COLOURS |= {
    Variant(NORM.mixer, (("eta", eta),)): colour
    for eta, colour in zip(ETAS, (PURPLE, VERMILION, GREEN), strict=True)
}
"""Model -> its colour, the same in every figure and table."""


def colours(variants: Iterable[Variant]) -> dict[Variant, str]:
    """The models of a figure and their colours, each once, in the order of :data:`COLOURS`, then those not in it.

    >>> colours([S6, Variant("rglru"), SOFTMAX, S6]) == {SOFTMAX: INK, S6: VERMILION, Variant("rglru"): BLUE}
    True
    """
    given = dict.fromkeys(variants)
    found = {variant: colour for variant, colour in COLOURS.items() if variant in given}
    found |= {one: deeper(COLOURS[Variant(one.mixer)]) for one in given if started(one) and one not in found}
    palette = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, YELLOW)
    left = iter([colour for colour in palette if colour not in found.values()])
    return found | {variant: next(left, MUTED) for variant in given if variant not in found}


def started(variant: Variant) -> bool:
    """Whether a model differs from one that has a colour in its start alone."""
    return [name for name, _ in variant.options] == ["memory"] and Variant(variant.mixer) in COLOURS


def deeper(colour: str) -> str:
    """A darker shade of a colour."""
    return to_hex(0.6 * np.array(to_rgb(colour)))


GUIDE = {"color": "#9a9a9a", "lw": 0.9, "ls": (0, (4, 3)), "zorder": 1}


def powers(sizes: list[int]) -> list[int]:
    """Powers of four about some sizes."""
    first, last = np.log2(min(sizes)), np.log2(max(sizes))
    step = 2 if last - first > 4 else 1
    return [2**k for k in range(int(np.ceil(first)), int(last) + 1, step)]


def dots(axes, one: Summary, where: float, colour: str, across: bool = False) -> None:
    """Every seed of a summary at its place, hollow where it did not learn; upwards, or across."""
    for row in one.rows:
        inside = PAPER if row.stuck else colour
        place = (row.score, where) if across else (where, row.score)
        axes.plot(*place, "o", ms=4.5, mew=0.9, mec=colour, mfc=inside, alpha=0.7, zorder=4)


def share(axes, along: str = "y") -> None:
    """An axis of shares from none to all, with a faint grid."""
    getattr(axes, f"set_{along}lim")(-0.03, 1.04)
    getattr(axes, f"{along}axis").set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(axis=along, color="#ececec", lw=0.8)
    axes.set_axisbelow(True)


def guess(axes, height: float | None, label: bool = True) -> None:
    """A dashed line at the accuracy that guessing gives, where it is known."""
    if height is None:
        return
    axes.axhline(height, **GUIDE)
    if label:
        axes.annotate(
            "guessing",
            (1, height),
            (-2, -3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="top",
            color=MUTED,
            fontsize=7.5,
        )


def name_ends(axes, ends: dict[Variant, float], shades: dict[Variant, str], gap: float = 0.09) -> None:
    """The names of lines to the right, at the heights of their ends, moved apart where they would lie on each other."""
    order = sorted(ends, key=ends.get)
    place = {"xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
    for variant, height in zip(order, apart([ends[one] for one in order], gap, 1.0), strict=True):
        words = variant.label.replace(", ", ",\n")
        axes.annotate(words, (1.03, height), color=shades[variant], fontsize=8.5, **place)


def apart(heights: list[float], gap: float, top: float) -> list[float]:
    """Rising heights moved as little as it takes to be a gap apart, and none above the top.

    >>> [round(height, 2) for height in apart([0.1, 0.9, 0.95], 0.1, 1.0)]
    [0.1, 0.88, 0.98]
    """
    found = np.array(heights, float)
    for _ in range(200):
        close = np.diff(found) < gap - 1e-9
        if not close.any():
            break
        for k in np.flatnonzero(close):
            middle = (found[k] + found[k + 1]) / 2
            found[k], found[k + 1] = middle - gap / 2, middle + gap / 2
    found[-1] = min(found[-1], top)
    for k in range(len(found) - 2, -1, -1):
        found[k] = min(found[k], found[k + 1] - gap)
    return found.tolist()


def near(axes, found: list[Summary]) -> None:
    """An axis over what was reached and what guessing gives, if that is near, at least a tenth wide."""
    reached = [accuracy for one in found for accuracy in one.accuracies]
    least, most, guessing = min(reached), max(reached), found[0].guessing
    if guessing is not None and least - guessing < 0.5:
        least = min(least, guessing)
    middle, half = (least + most) / 2, max(0.05, 0.56 * (most - least))
    axes.set_xlim(max(middle - half, -0.02), min(middle + half, 1.005))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    if guessing is not None and least <= guessing:
        axes.axvline(guessing, **GUIDE)
