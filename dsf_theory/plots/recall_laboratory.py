"""Figures of recall: a row of MQAR, how models learn it, and where a trained model puts its keys."""

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from dsf_theory.plots.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    STYLE,
    VERMILION,
    embedded,
    heat,
    label_ends,
    new_figure,
    picture,
    png,
)
from dsf_theory.studies.stored_keys import TASK, scores, stored_and_asked, trained
from dsf_theory.tasks import IGNORED

COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE)
"""Of the groups of runs in a figure."""


@picture(
    "08_row",
    alt="A row of sixteen tokens as boxes. Four pairs come first, a key in blue and its value in orange. Then each "
    "key comes once more, among empty boxes, and an arrow leads from there back to the value that is asked for.",
)
def row():
    """One row of MQAR, with an arrow from each query to its answer."""
    inputs, labels = (part[0] for part in TASK.batch(seed=0, rows=1))
    context = 2 * TASK.pairs
    figure = new_figure(8.5, 1.9)
    axes = figure.subplots()
    for step, (token, label) in enumerate(zip(inputs, labels, strict=True)):
        value, asked = step < context and step % 2, label != IGNORED
        colour = ORANGE if value else BLUE if step < context or asked else "#c8c8c8"
        box = {"boxstyle": "round,pad=0.35", "fc": "white", "ec": colour, "lw": 1.6}
        axes.text(step, 0, f"{token:2d}", ha="center", va="center", bbox=box, family="monospace", color=INK)
        axes.text(step, -0.72, step, ha="center", va="center", color=MUTED, fontsize=7.5)
        if asked:
            axes.text(step, -1.25, f"say {label}", ha="center", va="center", color=ORANGE, weight="bold")
            (source,) = np.flatnonzero(inputs[:context] == label)
            style = {"arrowstyle": "-|>", "mutation_scale": 9, "color": ORANGE, "lw": 1.1}
            bend = f"arc3,rad={0.18 + 0.54 / (step - source):.2f}"
            axes.add_patch(FancyArrowPatch((step, 0.42), (source, 0.42), connectionstyle=bend, **style))
    axes.text(-1, -0.72, "step", ha="right", va="center", color=MUTED, fontsize=7.5)
    axes.text(-1, 0, "token", ha="right", va="center", color=MUTED, fontsize=8.5)
    axes.set(title="Keys in blue, values in orange, then every key again", xlim=(-2, TASK.length - 0.4))
    axes.set(ylim=(-1.5, 2.3))
    axes.axis("off")
    return figure, {"inputs": inputs, "labels": labels}


# -------------------------------------------------------------------- what was learnt


def learned(groups: dict[str, list], title: str, guides: dict[str, float] | None = None):
    """The accuracy of some runs over the steps, and where they ended, beside the numbers that they keep, as HTML.

    Args:
        groups: name -> runs that differ in seed alone.
        title: what the picture shows.
        guides: name -> accuracy to compare with.
    """
    with mpl.rc_context(STYLE):
        figure = new_figure(8.5, 2.9)
        left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.15, 1]})
        for place, (name, runs) in enumerate(groups.items()):
            group(left, right, place, name, runs)
        steps = max(run.recipe.steps for runs in groups.values() for run in runs)
        for height in (guides or {}).values():
            for line in (left.axhline, right.axvline):
                line(height, color="#909090", lw=0.9, ls=(0, (4, 3)), zorder=0)
        label_ends(left, steps, {name: (height, MUTED) for name, height in (guides or {}).items()})
        left.set(title=title, xlabel="step", ylabel="accuracy on the test set")
        left.set(xlim=(0, steps), ylim=(0, 1.03))
        right.set(title="In the end", xlabel="accuracy, one circle a seed", yticks=[])
        right.set(xlim=(0, 1.03), ylim=(len(groups) - 0.4, -0.6))
        right.spines["left"].set_visible(False)
        for axis in (left.yaxis, right.xaxis):
            axis.set_major_formatter(mpl.ticker.PercentFormatter(1))
        ends = {name: ", ".join(f"{run.accuracy:.0%}" for run in runs) for name, runs in groups.items()}
        words = "; ".join(f"{name}: {shares}" for name, shares in ends.items())
        return html(figure, f"Accuracy over the steps of training, and in the end for each seed. {words}.")


def group(left, right, place: int, name: str, runs: list) -> None:
    """The curves of some runs in one panel, their ends in a row of the other."""
    colour = COLOURS[place % len(COLOURS)]
    for k, run in enumerate(runs):
        curve = [(0, 0.0)] + [(r.step, r.accuracy) for r in run.history if r.accuracy is not None]
        left.plot(*zip(*curve, strict=True), "o-", color=colour, lw=1.2, ms=3, markevery=[-1], clip_on=False)
        height = place + 0.16 * (k - (len(runs) - 1) / 2)
        right.plot(run.accuracy, height, "o", ms=5.5, mfc="none", color=colour, clip_on=False)
    right.text(-0.04, place, f"{name}\n", ha="right", va="center", color=colour, weight="bold")
    kept = f"\n{runs[0].model.state_size():,} numbers kept"
    right.text(-0.04, place, kept, ha="right", va="center", color=MUTED, fontsize=7.5)


def html(figure: Figure, alt: str):
    """A figure as HTML, with its description."""
    from IPython.display import HTML

    return HTML(embedded(png(figure), alt, figure.get_figwidth()))


# -------------------------------------------------------------------- where the keys are


RING = (
    "Left, the keys of a trained model with two states as points in the plane: they lie on a ring about zero. "
    "Middle, its scores between keys, sorted by their angle: a broad band about the diagonal. Right, the scores of "
    "a model with {n} states: the diagonal stands out from small numbers of both signs."
)


@picture("08_ring", alt=RING.format(n=8))
def ring():
    """The keys of a model with two states, and the scores of models with two states and eight."""
    return placed(*trained().values())


def keys(small, large):
    """The figure of :func:`placed`, for a notebook."""
    with mpl.rc_context(STYLE):
        return html(placed(small, large)[0], RING.format(n=large.architecture.n))


def placed(small, large) -> tuple[Figure, dict]:
    """The keys of a run with two states, and its scores and those of a run with more, in one order."""
    stored, _ = stored_and_asked(small)
    order = np.argsort(np.arctan2(*stored.T))
    figure, data = new_figure(8.5, 2.9), {"stored": stored}
    plane, *squares = figure.subplots(1, 3)
    turn, radius = np.linspace(0, 2 * np.pi, 200), np.linalg.norm(stored, axis=1).mean()
    plane.plot(radius * np.cos(turn), radius * np.sin(turn), color="#c8c8c8", lw=0.9, zorder=0)
    plane.plot(*stored.T, "o", ms=4.5, color=BLUE)
    plane.plot(0, 0, "+", color=MUTED)
    plane.set(title="Two states: keys on a ring", xlabel="first state", ylabel="second state")
    plane.set_aspect("equal", "datalim")
    for axes, run in zip(squares, (small, large), strict=True):
        n = run.architecture.n
        data[f"scores_{n}"] = scores(run)[np.ix_(order, order)]
        image = heat(axes, data[f"scores_{n}"], signed=True, limit=1.0, aspect="equal")
        axes.set(title=f"Scores, n = {n}", xlabel="key stored", xticks=[], yticks=[])
    squares[0].set_ylabel("key asked for")
    figure.colorbar(image, ax=squares, shrink=0.9, label="over the key's own score", ticks=[-1, 0, 1])
    return figure, data
