"""Figures of the paper's experiments, drawn from the rows of a sweep: a dot for every seed, a line for all."""

from collections.abc import Callable, Iterable

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter

from dsf_theory.arrays import checks
from dsf_theory.experiments.results import summary
from dsf_theory.experiments.verdicts import QLSTM, REVERSED, in_order, tasks
from dsf_theory.plots.seeds import COLOURS, dots, guess, name_ends, near, powers, share, trace
from dsf_theory.plots.style import INK, PAPER, SEQUENTIAL, STYLE, new_figure


def draw(name: str, rows: Iterable[dict]) -> Figure:
    """The figure of an experiment.

    Args:
        name: of the experiment.
        rows: its results, as :func:`dsf_theory.experiments.results.rows` gives them.

    Raises:
        ValueError: for an unknown experiment, or no rows.
    """
    checks.choice("name", name, tuple(DRAWN))
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
    """Two panels, a line through the middle seeds of each model: along one of its sizes, and all that it keeps."""
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
            axes.plot(x, [one["median"] for one in line], color=COLOURS[name], zorder=3)
            for one, where in zip(line, x, strict=True):
                dots(axes, one, where, COLOURS[name])
        ends[name] = line[-1]["median"]
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


# -------------------------------------------------------------------- strips of dots


def by_normaliser(rows: list[dict]) -> Figure:
    """A panel for each n, a row for each normaliser."""
    found = summary(rows)
    panels = {
        f"{found[0]['task']}, n = {n}": [one for one in found if one["n"] == n]
        for n in sorted({one["n"] for one in found})
    }
    return strips(panels)


def by_task(rows: list[dict]) -> Figure:
    """A panel for each task, a row for each model."""
    found = summary(rows)
    return strips({task: [one for one in found if one["task"] == task] for task in tasks(found)})


def strips(panels: dict[str, list[dict]]) -> Figure:
    """Panels of rows: each seed a dot, the mean a bar."""
    names = [name for name in COLOURS if any(one["model"] == name for one in sum(panels.values(), []))]
    figure = new_figure(8.5, 0.9 + 0.27 * len(names))
    for axes, (words, found) in zip(
        figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels.items(), strict=True
    ):
        for one in found:
            height, colour = -names.index(one["model"]), COLOURS[one["model"]]
            dots(axes, one, height, colour, across=True)
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
    return figure


# -------------------------------------------------------------------- curves and cells


def over_steps(rows: list[dict]) -> Figure:
    """A panel for each task: the accuracy over the steps, of each seed and of their mean, at the best rate."""
    best = {(one["model"], one["task"]): one for one in summary(rows)}
    lengths = tasks(list(best.values()))
    figure, ends = new_figure(8.5, 2.9), {}
    for axes, task in zip(
        figure.subplots(1, len(lengths), sharey=True, squeeze=False)[0], lengths, strict=True
    ):
        for model in (QLSTM, REVERSED):
            one = best.get((model, task))
            if one is not None:
                alike = model, task, one["rate"]
                runs = [row for row in rows if (row["model"], row["task"], row["rate"]) == alike]
                trace(axes, [row["curve"] for row in runs if row["curve"]], COLOURS[model])
                ends[model] = one["accuracy"]
        share(axes)
        guess(axes, rows[0]["guessing"], label=axes is figure.axes[0])
        axes.set(title=task, xlabel="step")
    figure.axes[0].set_ylabel("accuracy on the test set")
    name_ends(figure.axes[-1], ends, gap=0.17)
    return figure


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
        axes.vlines(np.arange(1, len(ns)) - 0.5, -0.5, len(ds) - 0.5, color=PAPER, lw=2)
        axes.hlines(np.arange(1, len(ds)) - 0.5, -0.5, len(ns) - 0.5, color=PAPER, lw=2)
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
