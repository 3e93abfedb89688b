"""The records :class:`Row`, the result of one run, and :class:`Summary`, of the runs that differ in their seed alone.

Both keep task, model and sizes as objects and are told apart by these; words are made where they are drawn or printed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dsf_theory.experiments.protocol import TUNING
from dsf_theory.models import MODELS
from dsf_theory.tasks import Task
from dsf_theory.training.architecture import Variant
from dsf_theory.training.released import OPTIONAL
from dsf_theory.training.trial import Trial


class OfTrial:
    """What a row and a summary say of the run that they are of, or that they have in common."""

    trial: Trial

    @property
    def task(self) -> Task:
        """What was learnt."""
        return self.trial.task

    @property
    def variant(self) -> Variant:
        """The mixer and its options."""
        return self.trial.architecture.variant

    @property
    def d(self) -> int:
        """Channels."""
        return self.trial.architecture.d

    @property
    def n(self) -> int:
        """State expansion."""
        return self.trial.architecture.n

    @property
    def rate(self) -> float:
        """Learning rate."""
        return self.trial.recipe.learning_rate

    @property
    def cell(self) -> tuple[Task, Variant, int, int]:
        """What runs that differ in seed and learning rate alone have in common."""
        return self.task, self.variant, self.d, self.n


@dataclass(frozen=True, kw_only=True)
class Row(OfTrial):
    """The result of one run.

    Attributes:
        trial: the run.
        accuracy: on the test set; None if it failed before it was tested.
        guessing: the accuracy of guessing; None where it is not known.
        steps: how many it took.
        seconds: how long they took.
        state_size: numbers that its model keeps from step to step.
        parameters: numbers that its model learns.
        failure: what ended it; None if nothing did.
        version: of the package that trained it.
        curve: step, loss and accuracy on the test set at each evaluation.
    """

    trial: Trial
    accuracy: float | None = None
    guessing: float | None = None
    steps: int | None = None
    seconds: float | None = None
    state_size: int | None = None
    parameters: int | None = None
    failure: str | None = None
    version: str | None = None
    curve: tuple[tuple[int, float, float], ...] | None = None

    @property
    def seed(self) -> int:
        """Seed."""
        return self.trial.seed

    @property
    def score(self) -> float:
        """The accuracy; 0 for a run that failed without one."""
        return self.accuracy or 0.0

    @property
    def stuck(self) -> bool:
        """Whether the run does little better than guessing, by less than a twentieth of what is left."""
        return self.guessing is not None and self.score < self.guessing + 0.05 * (1 - self.guessing)


@dataclass(frozen=True)
class Summary(OfTrial):
    """The results of runs that differ in their seed alone.

    Attributes:
        rows: at least one, of one task, model, size and learning rate.
    """

    rows: tuple[Row, ...]

    @property
    def trial(self) -> Trial:
        """The first of the runs."""
        return self.rows[0].trial

    @property
    def state_size(self) -> int | None:
        """Numbers that the model keeps from step to step."""
        return self.rows[0].state_size

    @property
    def mixer_parameters(self) -> int | None:
        """Real numbers that the mixer of a layer learns; None where no run got as far as to have one."""
        if self.failed == self.seeds:
            return None
        block, model = self.trial.architecture, MODELS[self.trial.architecture.mixer]
        optional = OPTIONAL[block.mixer] if block.released else model.customary()
        start = model.random(block.d, block.n, optional=optional, **block.options)
        return sum(
            array.size * (1 + np.iscomplexobj(array))
            for name, array in start.parameters.items()
            if model.spec[name].trained
        )

    @property
    def guessing(self) -> float | None:
        """The accuracy of guessing."""
        return self.rows[0].guessing

    @property
    def accuracies(self) -> list[float]:
        """Of each seed; 0 for one that failed."""
        return [row.score for row in self.rows]

    @property
    def accuracy(self) -> float:
        """Their mean."""
        return float(np.mean(self.accuracies))

    @property
    def median(self) -> float:
        """The middle one."""
        return float(np.median(self.accuracies))

    @property
    def learnt(self) -> list[float]:
        """The accuracies that are better than guessing."""
        return [row.score for row in self.rows if not row.stuck]

    @property
    def seeds(self) -> int:
        """How many there are."""
        return len(self.rows)

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(row.failure is not None for row in self.rows)


def summary(rows: Iterable[Row]) -> list[Summary]:
    """One summary for each task, model and size, at its best learning rate, that of the highest mean.

    Runs on tuning seeds are left out. The summaries are in the order of :func:`order`, and the seeds of each in the
    order of the rows.

    >>> from dsf_theory.experiments.ours import EASY, ours
    >>> trials = ours([EASY], ["s6"], [4], [2], 10, rates=[0.1, 0.2])
    >>> rows = [Row(trial=t, accuracy=t.recipe.learning_rate + t.seed / 10) for t in trials]
    >>> [(one.rate, round(one.accuracy, 2), one.seeds) for one in summary(rows)]
    [(0.2, 0.3, 3)]
    """
    best: dict[tuple, Summary] = {}
    for one in by_rate(row for row in rows if row.seed not in TUNING):
        if one.cell not in best or one.accuracy > best[one.cell].accuracy:
            best[one.cell] = one
    return sorted(best.values(), key=order)


def by_rate(rows: Iterable[Row]) -> list[Summary]:
    """One summary for each task, model, size and learning rate."""
    alike: dict[tuple, list[Row]] = {}
    for row in rows:
        alike.setdefault((row.cell, row.rate), []).append(row)
    return [Summary(tuple(of_a_rate)) for of_a_rate in alike.values()]


def order(one: Summary) -> tuple:
    """A key that sorts summaries by task, an easy one first, then by model as in the registry, and by size."""
    place = list(MODELS).index(one.variant.mixer)
    options = [
        (name, value if isinstance(value, int | float) else 0, str(value))
        for name, value in one.variant.options
    ]
    return one.task.name, one.task.difficulty, place, options, one.d, one.n
