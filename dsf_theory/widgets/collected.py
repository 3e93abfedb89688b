"""Results of live training: numbers and words of a run, its curve, and a table of all of them."""

import html

import numpy as np

from dsf_theory.models import MODELS
from dsf_theory.plots.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from dsf_theory.training.run import Run
from dsf_theory.widgets.tables import NUMBERS, WORDS
from dsf_theory.widgets.tables import table as in_html
from dsf_theory.widgets.theme import dot

SHOWN = 200
"""Points of the loss that are drawn, at most."""

COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY)
"""Of the latest runs."""


def smoothed(losses: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Steps and losses, means over equal stretches where there are too many to draw.

    >>> smoothed([4.0, 2.0])
    (array([1, 2]), array([4., 2.]))
    """
    width = -(-len(losses) // SHOWN) or 1
    whole = len(losses) // width * width
    means = np.reshape(losses[:whole], (-1, width)).mean(axis=1)
    return np.arange(width, whole + 1, width), means


def result(run: Run) -> dict:
    """What came of a run so far; the loss is a mean over its last batches."""
    latest = [record.loss for record in run.history[-20:]]
    return {
        "model": MODELS[run.architecture.mixer].title,
        "d": run.architecture.d,
        "n": run.architecture.n,
        "kept": run.model.state_size(),
        "rate": run.recipe.learning_rate,
        "seed": run.seed,
        "steps": run.step,
        "seconds": run.seconds,
        "loss": float(np.mean(latest)) if latest else None,
        "accuracy": run.accuracy,
    }


def sentence(run: Run) -> str:
    """Where a run stands, in words that are the same whenever it is trained."""
    found = result(run)
    model = f"{found['model']}, d = {found['d']}, n = {found['n']}, {found['kept']:,} numbers kept from step to step: "
    if not run.step:
        return f"{model}about to take the first of {run.recipe.steps} steps."
    share = "not tested yet" if run.accuracy is None else f"{run.accuracy:.1%} of the test set right"
    return f"{model}{run.step} of {run.recipe.steps} steps, loss {found['loss']:.3f}, {share}."


def early(run: Run) -> str:
    """Why a run that is done took fewer steps than it might, in a sentence; nothing of any other."""
    if not run.done or run.step >= run.recipe.steps:
        return ""
    return f" It ended early: {run.recipe.enough:.1%} right is enough, and no more steps are taken."


FORMATS = {"kept": "{:,}", "rate": "{:.2g}", "seconds": "{:.1f}", "loss": "{:.3f}", "accuracy": "{:.1%}"}
LEGEND = "Dots have the colours of the curves, which are those of the latest runs."


def table(results: list[dict], curves: bool = True) -> str:
    """What came of the runs, as a table in HTML.

    Args:
        results: name -> value, of each run.
        curves: whether curves of the runs are shown, whose colours the table is to name.
    """
    if not results:
        return ""
    head = [""] * curves + list(results[0])
    lines = []
    for place, found in enumerate(results):
        shown = place >= len(results) - len(COLOURS)
        words = [
            "–" if value is None else FORMATS.get(name, "{}").format(value) for name, value in found.items()
        ]
        mark = dot(COLOURS[place % len(COLOURS)]) if shown else ""
        lines.append([mark] * curves + list(map(html.escape, words)))
    styles = [WORDS] * (1 + curves) + [NUMBERS] * (len(results[0]) - 1)
    return in_html(list(zip(head, styles, strict=True)), lines, LEGEND * curves)
