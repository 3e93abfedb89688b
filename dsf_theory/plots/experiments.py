"""Figures of the paper's experiments, drawn from the rows of a sweep: every seed a dot, their mean a line."""

from collections.abc import Callable, Iterable

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter

from dsf_theory.experiments import COMPARED, ETAS, experiment
from dsf_theory.models import MODELS
from dsf_theory.plots.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    PURPLE,
    SEQUENTIAL,
    SKY,
    STYLE,
    VERMILION,
    new_figure,
)
from dsf_theory.results import summary
from dsf_theory.verdicts import NORM, QLSTM, REVERSED, in_order, stuck, tasks

COLOURS = dict(
    zip((MODELS[name].title for name in COMPARED), (INK, PURPLE, BLUE, VERMILION, ORANGE), strict=True)
)
COLOURS |= {QLSTM: GREEN, REVERSED: SKY, MODELS["linear_attention_elu"].title: GREEN}
COLOURS |= {
    f"{NORM}, η = {eta}": colour for eta, colour in zip(ETAS, (PURPLE, VERMILION, GREEN), strict=True)
}
"""Model -> its colour, the same in every figure and table."""

GUIDE = {"color": "#9a9a9a", "lw": 0.9, "ls": (0, (4, 3)), "zorder": 1}


def draw(name: str, rows: Iterable[dict]) -> Figure:
    """The figure of an experiment.

    Args:
        name: of the experiment.
        rows: its results, as :func:`dsf_theory.results.rows` gives them.

    Raises:
        ValueError: for an unknown experiment, or no rows.
    """
    experiment(name)
    rows = list(rows)
    if not rows:
        raise ValueError("rows: expected some results, found none")
    with mpl.rc_context(STYLE):
        return DRAWN[name](rows)


# -------------------------------------------------------------------- accuracy against a size


def against_states(rows: list[dict]) -> Figure:
    """Accuracy against n, and against the numbers that are kept."""
    return against(rows, "n", r"state expansion $n$ (keys of softmax attention)")


def against_channels(rows: list[dict]) -> Figure:
    """Accuracy against d, and against the numbers that are kept."""
    return against(rows, "d", r"channels $d$")


def against(rows: list[dict], axis: str, words: str) -> Figure:
    """Two panels with a line for each model: along one of its sizes, and along all that it keeps."""
    found = summary(rows)
    figure = new_figure(8.5, 3.1)
    left, right = figure.subplots(1, 2, sharey=True)
    names = [name for name in COLOURS if any(one["model"] == name for one in found)]
    ends = {}
    for place, name in enumerate(names):
        line = sorted((one for one in found if one["model"] == name), key=lambda one: one[axis])
        nudge = 1 + 0.025 * (place - (len(names) - 1) / 2)
        for axes, size, shift in ((left, axis, nudge), (right, "state_size", 1.0)):
            x = shift * np.array([one[size] for one in line])
            axes.plot(x, [one["accuracy"] for one in line], color=COLOURS[name], zorder=3)
            dots(axes, line, x, COLOURS[name])
        ends[name] = line[-1]["accuracy"]
    for axes, size in ((left, axis), (right, "state_size")):
        axes.set_xscale("log", base=2)
        ticks = sorted({one[size] for one in found})
        ticks = ticks if size == axis else powers(ticks)
        axes.xaxis.set(major_locator=FixedLocator(ticks), minor_locator=NullLocator())
        axes.set_xticklabels([f"{tick:,}" for tick in ticks])
    share(left), share(right)
    guess(left, found[0]["guessing"])
    guess(right, found[0]["guessing"], label=False)
    left.set(xlabel=words, ylabel="accuracy on the test set", title=found[0]["task"])
    right.set(xlabel="numbers kept from step to step", title="The same by what is kept")
    name_ends(right, ends)
    return figure


def powers(sizes: list[int]) -> list[int]:
    """Powers of four about some sizes."""
    first, last = np.log2(min(sizes)), np.log2(max(sizes))
    step = 2 if last - first > 4 else 1
    return [2**k for k in range(int(np.ceil(first)), int(last) + 1, step)]


def dots(axes, line: list[dict], x: Iterable[float], colour: str) -> None:
    """Every seed at its place, hollow where it did not learn."""
    for one, where in zip(line, x, strict=True):
        for accuracy in one["accuracies"]:
            inside = PAPER if stuck(accuracy, one["guessing"]) else colour
            axes.plot(where, accuracy, "o", ms=4.5, mew=0.9, mec=colour, mfc=inside, alpha=0.7, zorder=4)


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
            (-2, 3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            color=MUTED,
            fontsize=7.5,
        )


def name_ends(axes, ends: dict[str, float], gap: float = 0.09) -> None:
    """The names of lines to the right, at the heights of their ends, moved apart where they would lie on each other."""
    order = sorted(ends, key=ends.get)
    for name, height in zip(order, apart([ends[name] for name in order], gap, 1.0), strict=True):
        place = {"xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
        axes.annotate(name, (1.03, height), color=COLOURS[name], fontsize=8.5, **place)


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
    return (found - max(0.0, found[-1] - top)).tolist()


# -------------------------------------------------------------------- strips of dots


def by_normaliser(rows: list[dict]) -> Figure:
    """A panel for each n, a row for each normaliser."""
    found = summary(rows)
    panels = {
        f"n = {n}": [one for one in found if one["n"] == n] for n in sorted({one["n"] for one in found})
    }
    return strips(panels, found[0]["task"])


def by_task(rows: list[dict]) -> Figure:
    """A panel for each task, a row for each model."""
    found = summary(rows)
    return strips({task: [one for one in found if one["task"] == task] for task in tasks(found)}, "")


def strips(panels: dict[str, list[dict]], title: str) -> Figure:
    """Panels of rows: each seed a dot, the mean a bar."""
    names = [name for name in COLOURS if any(one["model"] == name for one in sum(panels.values(), []))]
    figure = new_figure(8.5, 0.9 + 0.27 * len(names) + (0.15 if title else 0))
    for axes, (words, found) in zip(
        figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels.items(), strict=True
    ):
        for one in found:
            height, colour = -names.index(one["model"]), COLOURS[one["model"]]
            axes.plot(
                one["accuracies"], np.full(one["seeds"], height), "o", ms=5, mew=0, alpha=0.6, color=colour
            )
            axes.plot([one["accuracy"]] * 2, [height - 0.3, height + 0.3], color=colour, lw=2)
        near(axes, found)
        axes.set(title=words, xlabel="accuracy on the test set", ylim=(0.6 - len(names), 0.6))
        axes.grid(axis="y", color="#ececec", lw=0.8)
    axes = figure.axes[0]
    axes.set_yticks([-k for k in range(len(names))], names)
    for text, name in zip(axes.get_yticklabels(), names, strict=True):
        text.set(color=COLOURS[name], fontsize=8.5)
    for axes in figure.axes:
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    if title:
        figure.suptitle(title, x=0.005, ha="left", fontsize=9, color=MUTED)
    return figure


def near(axes, found: list[dict]) -> None:
    """An axis over what was reached and what guessing gives, if that is near, at least a tenth wide."""
    least, most = min(one["least"] for one in found), max(one["greatest"] for one in found)
    guessing = found[0]["guessing"]
    if guessing is not None and least - guessing < 0.5:
        least = min(least, guessing)
    middle, half = (least + most) / 2, max(0.05, 0.56 * (most - least))
    axes.set_xlim(max(middle - half, -0.02), min(middle + half, 1.02))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    if guessing is not None and least <= guessing:
        axes.axvline(guessing, **GUIDE)


# -------------------------------------------------------------------- curves and cells


def over_steps(rows: list[dict]) -> Figure:
    """A panel for each task: the accuracy over the steps, of each seed and of their mean, at the best rate."""
    best = {(one["model"], one["task"]): one for one in summary(rows)}
    lengths = tasks(list(best.values()))
    figure = new_figure(8.5, 2.9)
    for axes, task in zip(
        figure.subplots(1, len(lengths), sharey=True, squeeze=False)[0], lengths, strict=True
    ):
        for model in (QLSTM, REVERSED):
            one = best.get((model, task), {"rate": None})
            runs = [
                row
                for row in rows
                if (row["model"], row["task"], row["rate"]) == (model, task, one["rate"]) and row["curve"]
            ]
            trace(axes, [row["curve"] for row in runs], COLOURS[model])
        share(axes)
        guess(axes, one.get("guessing"), label=axes is figure.axes[0])
        axes.set(title=task, xlabel="step")
    figure.axes[0].set_ylabel("accuracy on the test set")
    for place, model in enumerate((REVERSED, QLSTM)):
        figure.axes[0].text(
            0.03, 0.97 - 0.09 * place, model, transform=figure.axes[0].transAxes, va="top",
            color=COLOURS[model], fontsize=8.5,
        )  # fmt: skip
    return figure


def trace(axes, curves: list[list], colour: str) -> None:
    """Curves ``[[step, loss, accuracy], ...]`` of some seeds, thin, their last points, and their mean."""
    if not curves:
        return
    steps = sorted({point[0] for curve in curves for point in curve})
    heights = [np.interp(steps, [p[0] for p in curve], [p[2] for p in curve]) for curve in curves]
    for height in heights:
        axes.plot(steps, height, color=colour, lw=0.8, alpha=0.5)
        axes.plot(steps[-1:], height[-1:], "o", ms=4, mew=0, alpha=0.7, color=colour)
    axes.plot(steps, np.mean(heights, axis=0), color=colour, lw=2)


def cells(rows: list[dict]) -> Figure:
    """A panel for each task, a cell for each d and n, with the mean and the range of the seeds in it."""
    found = summary(rows)
    names = sorted({one["task"] for one in found}, key=in_order)
    ds, ns = (sorted({one[name] for one in found}) for name in ("d", "n"))
    figure = new_figure(8.5, 0.9 + 0.62 * len(ds))
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, task in zip(panels, names, strict=True):
        table = np.full((len(ds), len(ns)), np.nan)
        for one in (one for one in found if one["task"] == task):
            row, column = ds.index(one["d"]), ns.index(one["n"])
            table[row, column] = one["accuracy"]
            colour = "white" if one["accuracy"] < 0.5 else INK
            place = {"ha": "center", "color": colour}
            axes.text(column, row - 0.08, f"{one['accuracy']:.0%}", **place, va="center", fontsize=11)
            words = f"{100 * one['least']:.0f} – {one['greatest']:.0%}"
            axes.text(column, row + 0.28, words, **place, va="center", fontsize=7.5)
        image = axes.imshow(table, cmap=SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
        axes.set(title=task, xlabel="state expansion $n$")
        axes.set_xticks(range(len(ns)), ns)
        axes.set_yticks(range(len(ds)), ds)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    panels[0].set_ylabel("channels $d$")
    bar = figure.colorbar(image, ax=panels, pad=0.01, format=PercentFormatter(1.0), ticks=(0, 0.5, 1))
    bar.set_label("accuracy")
    bar.outline.set_visible(False)
    return figure


DRAWN: dict[str, Callable[[list[dict]], Figure]] = {
    "state-expansion": against_states,
    "models": against_channels,
    "reversed-sigmoid": over_steps,
    "normalisers": by_normaliser,
    "heat-map": cells,
    "sequences": by_task,
}
"""Experiment -> how its rows are drawn."""
