"""Estimates: the multiplications of a run, and the seconds that it takes, judged by runs that were measured.

A run that was measured takes as long as it took. Another takes as long as the most similar measured run, in
proportion to multiplications. Similar are runs of about as many multiplications a step and about the same length.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

from dsf_theory.experiments.records import Row
from dsf_theory.experiments.results import FOLDER, FORMAT, read
from dsf_theory.training.sequence_model import Architecture, Block
from dsf_theory.training.trial import Trial

OTHER_MODEL = 8
"""How much larger a run of the same model may be to be as similar as one of another model. Judged by the other laptop
experiments so, none of the six was off by more than a factor of 1.9; their sum was by 7 %."""

ONE_THREAD = "one thread a run"
"""How the machine of results ends whose seconds are those of one thread of a processor."""


class Estimate(NamedTuple):
    """How long a run takes.

    Attributes:
        seconds: of one thread.
        measured: whether this very run was.
        model: whether it is judged by a run of the same model.
    """

    seconds: float
    measured: bool
    model: bool


class Measured:
    """Runs whose seconds are known, by which others are judged.

    Args:
        rows: their results; those that failed are left out.

    >>> from dsf_theory.experiments.ours import EASY, ours
    >>> short, long = (ours([EASY], ["s6"], [8], [2], steps, [0.1])[0] for steps in (10, 30))
    >>> Measured([Row(trial=short, steps=10, seconds=2.0)]).estimate(long)
    Estimate(seconds=6.0, measured=False, model=True)
    """

    def __init__(self, rows: Iterable[Row]):
        self.rows = [row for row in rows if row.failure is None and row.seconds and row.steps]
        self._same = {row.trial.key: row for row in self.rows}
        self._work = [a_step(row.trial) for row in self.rows]

    def estimate(self, trial: Trial) -> Estimate | None:
        """How long a run takes that is not stopped early; None if nothing was measured."""
        if trial.key in self._same:
            return Estimate(self._same[trial.key].seconds, True, True)
        if not self.rows:
            return None
        work, variant = a_step(trial), trial.architecture.variant

        def unlike(measured: tuple[Row, float]) -> float:
            row, its_work = measured
            factors = work / its_work, trial.task.length / row.task.length
            apart = sum(abs(math.log(factor)) for factor in factors)
            return apart + math.log(OTHER_MODEL) * (row.variant != variant)

        row, its_work = min(zip(self.rows, self._work, strict=True), key=unlike)
        seconds = row.seconds / row.steps * trial.recipe.steps * work / its_work
        return Estimate(seconds, False, row.variant == variant)


@cache
def committed(folder: Path = FOLDER) -> tuple[Row, ...]:
    """The rows of all results that were kept in a folder and trained on one thread each."""
    found = []
    for path in sorted(folder.glob("*.json")):
        text = path.read_text(encoding="utf-8")
        if text.startswith(f'{{\n "format": {FORMAT},'):
            results = read(text)
            found += results.rows if results.machine.endswith(ONE_THREAD) else ()
    return tuple(found)


def multiply_adds(trial: Trial) -> float:
    """Multiplications of a whole run, roughly: three times those of a pass forward.

    A step of one row takes the parameters of the blocks, three times the numbers kept (decay, write, read), and the
    head where there is a label.
    """
    task, recipe, d = trial.task, trial.recipe, trial.architecture.d
    blocks = trial.architecture.layers * block_size(json.dumps(asdict(trial.architecture)), task.length)
    return 3.0 * recipe.steps * recipe.rows * (task.length * blocks + task.labels_per_row * d * task.classes)


def a_step(trial: Trial) -> float:
    """Multiplications of one step of a run."""
    return multiply_adds(trial) / trial.recipe.steps


@cache
def block_size(architecture: str, length: int) -> int:
    """Parameters of a block and three times the numbers that it keeps; ``architecture`` as JSON."""
    block = Block(Architecture(**json.loads(architecture)))
    return sum(p.numel() for p in block.parameters()) + 3 * block.state_size(length)
