"""What live training collects of its runs: numbers, words, curves, and a table that is their legend."""

import html

import numpy as np

from dsf_theory.models import MODELS
from dsf_theory.plots.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from dsf_theory.training.run import Run
from dsf_theory.widgets.theme import LINE, dot

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


FORMATS = {"kept": "{:,}", "rate": "{:.2g}", "seconds": "{:.1f}", "loss": "{:.3f}", "accuracy": "{:.1%}"}
CELL = f"padding:2px 12px;white-space:nowrap;border-bottom:1px solid {LINE};text-align:"


def table(results: list[dict]) -> str:
    """What came of the runs, as a table in HTML, with the colours of their curves."""
    if not results:
        return ""
    rows = [row("th scope='col'", ["", *results[0]])]
    for place, found in enumerate(results):
        shown = place >= len(results) - len(COLOURS)
        curve = dot(COLOURS[place % len(COLOURS)]) if shown else ""
        words = [
            "–" if value is None else FORMATS.get(name, "{}").format(value) for name, value in found.items()
        ]
        rows.append(row("td", [curve, *map(html.escape, words)]))
    return f"<table style='border-collapse:collapse;line-height:1.4'>{''.join(rows)}</table>"


def row(tag: str, cells: list[str]) -> str:
    """A row of a table, its first two cells to the left and numbers to the right."""
    sides = ["left", "left", *["right"] * (len(cells) - 2)]
    return f"<tr>{''.join(f'<{tag} style={CELL + side!r}>{c}' for c, side in zip(cells, sides, strict=True))}</tr>"
