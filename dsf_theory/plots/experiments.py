"""Figures of the paper's experiments, drawn from the rows of a sweep: a dot for every seed, a line for all."""

from collections.abc import Callable, Iterable

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter

from dsf_theory.arrays import checks
from dsf_theory.experiments.claimed import LINEAR, NORM, NORM_ELU, PLAIN, SOFTMAX, UNDIVIDED, of, tasks
from dsf_theory.experiments.records import Row, Summary, summary
from dsf_theory.plots.seeds import COLOURS, GUIDE, colours, dots, guess, name_ends, near, powers, share
from dsf_theory.plots.style import INK, MUTED, PAPER, SEQUENTIAL, STYLE, new_figure
from dsf_theory.training.architecture import Variant


def draw(name: str, rows: Iterable[Row]) -> Figure:
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
        return DRAWN[name](summary(rows))


# -------------------------------------------------------------------- accuracy against a size


def against_states(found: list[Summary]) -> Figure:
    """Accuracy against n, and against the numbers that are kept."""
    return against(found, "n", r"state expansion $n$ (keys of softmax attention)")


def against_channels(found: list[Summary]) -> Figure:
    """Accuracy against d, and against the numbers that are kept."""
    return against(found, "d", r"channels $d$")


def against(found: list[Summary], axis: str, words: str) -> Figure:
    """Two panels, a line through the middle seeds of each model: along one of its sizes, and all that it keeps."""
    figure = new_figure(8.5, 3.1)
    left, right = figure.subplots(1, 2, sharey=True)
    shades, ends = colours(one.variant for one in found), {}
    for place, (variant, colour) in enumerate(shades.items()):
        line = sorted((one for one in found if one.variant == variant), key=lambda one: getattr(one, axis))
        nudge = 1 + 0.025 * (place - (len(shades) - 1) / 2)
        through(left, line, [nudge * getattr(one, axis) for one in line], colour)
        through(right, line, [one.state_size for one in line], colour)
        ends[variant] = line[-1].median
    by_twos(left, sorted({getattr(one, axis) for one in found}))
    by_twos(right, powers([one.state_size for one in found]))
    share(left), share(right)
    guess(left, found[0].guessing)
    guess(right, found[0].guessing, label=False)
    left.set(xlabel=words, ylabel="accuracy on the test set", title=found[0].task.label)
    right.set(xlabel="numbers kept from step to step", title="The same by what is kept")
    name_ends(right, ends, shades)
    return figure


def through(axes, line: list[Summary], places: list[float], colour: str) -> None:
    """A line through the middle seeds of some summaries at their places, and all of their seeds."""
    axes.plot(places, [one.median for one in line], color=colour, zorder=3)
    for one, where in zip(line, places, strict=True):
        dots(axes, one, where, colour)


def by_twos(axes, ticks: list[int]) -> None:
    """A horizontal axis of powers of two, labelled at some numbers."""
    axes.set_xscale("log", base=2)
    axes.xaxis.set(major_locator=FixedLocator(ticks), minor_locator=NullLocator())
    axes.set_xticklabels([f"{tick:,}" for tick in ticks])


# -------------------------------------------------------------------- strips of dots


def by_normaliser(found: list[Summary]) -> Figure:
    """A panel for each n, a row for each normaliser."""
    found = [one for one in found if one.variant != SOFTMAX]
    sizes = sorted({one.n for one in found})
    return strips([(f"{found[0].task.label}, n = {n}", [one for one in found if one.n == n]) for n in sizes])


def by_task(found: list[Summary]) -> Figure:
    """A panel for each task, a row for each model."""
    return strips([(task.label, [one for one in found if one.task == task]) for task in tasks(found)])


def strips(panels: list[tuple[str, list[Summary]]]) -> Figure:
    """Panels of rows, each with its title: each seed a dot, the median a bar."""
    shades = colours(one.variant for _, found in panels for one in found)
    figure, heights = new_figure(8.5, 0.9 + 0.27 * len(shades)), {one: -k for k, one in enumerate(shades)}
    row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (words, found) in zip(row, panels, strict=True):
        for one in found:
            height, colour = heights[one.variant], shades[one.variant]
            dots(axes, one, height, colour, across=True)
            axes.plot([one.median] * 2, [height - 0.3, height + 0.3], color=colour, lw=2)
        near(axes, found)
        axes.set(title=words, xlabel="accuracy on the test set", ylim=(0.6 - len(shades), 0.6))
        axes.grid(axis="y", color="#ececec", lw=0.8)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    row[0].set_yticks(list(heights.values()), [variant.label for variant in heights])
    for text, colour in zip(row[0].get_yticklabels(), shades.values(), strict=True):
        text.set(color=colour, fontsize=8.5)
    return figure


# -------------------------------------------------------------------- against the start


def against_memory(found: list[Summary]) -> Figure:
    """Accuracy against the memory that S6 and SSD start with; to the left, with the literature's start."""
    figure, ends, literature = new_figure(8.5, 3.1), {}, 0.5
    axes = figure.subplots()
    shades = {Variant(mixer): COLOURS[Variant(mixer)] for mixer in ("s6", "ssd")}
    for variant, colour in shades.items():
        started = [one for one in found if one.variant.mixer == variant.mixer]
        line = sorted((one for one in started if memory(one)), key=memory)
        through(axes, line, [memory(one) for one in line], colour)
        for one in started:
            if not memory(one):
                dots(axes, one, literature, colour)
                axes.plot(literature, one.median, "_", ms=16, mew=2, color=colour)
        if line:
            ends[variant] = line[-1].median
    given = sorted({memory(one) for one in found} - {0})
    by_twos(axes, [literature, *given])
    axes.set_xticklabels(["as in the\nliterature", *map(str, given)])
    share(axes)
    guess(axes, found[0].guessing)
    axes.axvline(found[0].task.length, **GUIDE)
    axes.set(xlabel="steps remembered at the start of training", ylabel="accuracy on the test set")
    axes.set_title(f"{found[0].task.label}, rows of {found[0].task.length} steps")
    name_ends(axes, ends, shades)
    return figure


def memory(one: Summary) -> int:
    """The memory that a model starts with; 0 for the literature's start."""
    return dict(one.variant.options).get("memory", 0)


# -------------------------------------------------------------------- cells


def by_feature_and_normaliser(found: list[Summary]) -> Figure:
    """A table: a row for each feature map, a column for each normaliser."""
    table = ((PLAIN, None, NORM), (UNDIVIDED, LINEAR, NORM_ELU))
    given = {one.variant: one for one in found}
    figure = new_figure(6.2, 2.4)
    axes = figure.subplots()
    shown = [[given[v].median if v in given else np.nan for v in row] for row in table]
    axes.imshow(shown, cmap=SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(2, 3):
        if table[row][column] in given:
            in_words(axes, given[table[row][column]], row, column)
    axes.text(1, 0, "divides by zero", ha="center", va="center", color=MUTED, fontsize=8.5)
    axes.set_xticks(range(3), ["none", "row sum\n(accumulated)", "exp\n(local)"])
    axes.set_yticks(range(2), ["identity", "ELU + 1"])
    axes.set(
        title=f"{found[0].task.label}, n = {given[LINEAR].n}", xlabel="normaliser η", ylabel="features φ"
    )
    between_cells(axes, 2, 3)
    return figure


def cells(found: list[Summary]) -> Figure:
    """A panel for each task, a cell for each d and n, with the median and the range of the seeds in it."""
    found = of(found, LINEAR)
    given, ds, ns = tasks(found), *(sorted({getattr(one, name) for one in found}) for name in ("d", "n"))
    figure = new_figure(8.5, 0.9 + 0.62 * len(ds))
    panels = figure.subplots(1, len(given), sharey=True, squeeze=False)[0]
    for axes, task in zip(panels, given, strict=True):
        table = np.full((len(ds), len(ns)), np.nan)
        for one in (one for one in found if one.task == task):
            row, column = ds.index(one.d), ns.index(one.n)
            table[row, column] = one.median
            in_words(axes, one, row, column)
        image = axes.imshow(table, cmap=SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
        axes.set(title=task.label, xlabel="state expansion $n$")
        axes.set_xticks(range(len(ns)), ns)
        axes.set_yticks(range(len(ds)), ds)
        between_cells(axes, len(ds), len(ns))
    panels[0].set_ylabel("channels $d$")
    bar = figure.colorbar(image, ax=panels, pad=0.01, format=PercentFormatter(1.0), ticks=(0, 0.5, 1))
    bar.set_label("accuracy")
    bar.outline.set_visible(False)
    return figure


def between_cells(axes, rows: int, columns: int) -> None:
    """Gaps between the cells of a table, without ticks and frame."""
    axes.vlines(np.arange(1, columns) - 0.5, -0.5, rows - 0.5, color=PAPER, lw=2)
    axes.hlines(np.arange(1, rows) - 0.5, -0.5, columns - 0.5, color=PAPER, lw=2)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def in_words(axes, one: Summary, row: int, column: int) -> None:
    """The median of a summary in a cell, and below it the range of its seeds."""
    place = {"ha": "center", "va": "center", "color": "white" if one.median < 0.5 else INK}
    axes.text(column, row - 0.08, f"{one.median:.0%}", **place, fontsize=11)
    words = f"{100 * min(one.accuracies):.0f} – {max(one.accuracies):.0%}"
    axes.text(column, row + 0.28, words, **place, fontsize=7.5)


DRAWN: dict[str, Callable[[list[Summary]], Figure]] = {
    "state-expansion": against_states,
    "models": against_channels,
    "reversed-sigmoid": by_task,
    "normalisers": by_normaliser,
    "heat-map": cells,
    "sequences": by_task,
    "features": by_feature_and_normaliser,
    "starts": against_memory,
    "coupling": by_task,
}
"""Experiment -> how its summaries are drawn."""
