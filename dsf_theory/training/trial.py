"""The record :class:`Trial` of one run before it begins, and the key that its result is kept under."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from itertools import product

from dsf_theory.arrays import checks
from dsf_theory.tasks import TASKS, Task
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.sequence_model import Architecture


@dataclass(frozen=True)
class Trial:
    """One run, not yet begun: task, architecture, recipe and seed."""

    task: Task
    architecture: Architecture
    recipe: Recipe
    seed: int = 0

    @property
    def identity(self) -> str:
        """What makes the run this one, as JSON."""
        return identity(self.task, self.architecture, self.recipe, self.seed)

    @property
    def key(self) -> str:
        """A short name of the run, a hash of :attr:`identity`."""
        return hashlib.sha256(self.identity.encode()).hexdigest()[:16]

    @classmethod
    def from_parts(cls, parts: dict) -> "Trial":
        """The run of an :attr:`identity`, read from JSON.

        Raises:
            ValueError: for a task or a mixer that is not in its registry.

        >>> from dsf_theory.tasks import MQAR
        >>> trial = Trial(MQAR(length=16, pairs=2), Architecture(mixer="s6", d=8, n=2), Recipe(), seed=3)
        >>> Trial.from_parts(json.loads(trial.identity)) == trial
        True
        """
        sizes = dict(parts["task"])
        name = sizes.pop("name")
        checks.choice("task", name, tuple(TASKS))
        architecture, recipe = Architecture(**parts["architecture"]), Recipe(**parts["recipe"])
        return cls(TASKS[name](**sizes), architecture, recipe, parts["seed"])


def grid(make: Callable[..., Trial], **axes: Iterable) -> list[Trial]:
    """All combinations of the axes, each made into a trial.

    >>> from dsf_theory.tasks import MQAR
    >>> def make(mixer, n, seed):
    ...     return Trial(MQAR(length=16, pairs=2), Architecture(mixer=mixer, d=8, n=n), Recipe(), seed)
    >>> len(grid(make, mixer=["s6", "ssd"], n=[2, 4, 8], seed=range(3)))
    18
    """
    return [make(**dict(zip(axes, values, strict=True))) for values in product(*axes.values())]


def identity(task: Task, architecture: Architecture, recipe: Recipe, seed: int) -> str:
    """Task, architecture, recipe and seed as JSON of sorted keys; ``released`` only where it is."""
    parts = {"task": {"name": task.name} | asdict(task), "architecture": asdict(architecture)}
    if not architecture.released:
        del parts["architecture"]["released"]
    return json.dumps(parts | {"recipe": asdict(recipe), "seed": seed}, sort_keys=True, default=os.fspath)
