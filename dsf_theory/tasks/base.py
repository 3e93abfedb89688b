"""The record :class:`Task`, a distribution of inputs and labels whose batches follow from a seed and a number alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np

from dsf_theory.arrays import checks

IGNORED = -100
"""The label of a step that is not scored; ``cross_entropy`` of torch ignores it by default."""

SPLITS = ("train", "validation", "test")


class Batch(NamedTuple):
    """Some rows of a task.

    Attributes:
        inputs: (rows, length), int64: tokens; or (rows, length, channels), float32.
        labels: (rows, length), int64: the class wanted at each step, or ``IGNORED``.
    """

    inputs: np.ndarray
    labels: np.ndarray

    def tensors(self, device=None) -> "Batch":
        """The same batch as torch tensors, which share its memory on the CPU.

        >>> Batch(np.zeros((2, 3), int), np.ones((2, 3), int)).tensors().labels.shape
        torch.Size([2, 3])
        """
        import torch

        return Batch(*(torch.from_numpy(array).to(device) for array in self))


@dataclass(frozen=True, kw_only=True)
class Task:
    """A distribution over rows of inputs and labels.

    Attributes:
        split: ``"train"``, ``"validation"`` or ``"test"``. Generated tasks draw these from streams of their own,
            recorded ones from different examples; ``dataclasses.replace(task, split="test")`` is the other.
        length: steps of a row.
        classes: number of different labels.
        vocabulary: number of tokens; None if inputs are numbers.
        channels: numbers at each step; None if inputs are tokens.
        name: in the registry.
        title: in prose; default the name, with blanks.
        labels_per_row: how many steps of a row have a label.
    """

    split: str = "train"

    name: ClassVar[str]
    title: ClassVar[str]
    vocabulary: ClassVar[int | None] = None
    channels: ClassVar[int | None] = None
    labels_per_row: ClassVar[int] = 1

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "name" in vars(cls) and "title" not in vars(cls):
            cls.title = cls.name.replace("_", " ")

    def __post_init__(self):
        checks.choice("split", self.split, SPLITS)

    @property
    def difficulty(self) -> int:
        """The size that makes the task hard, by which tasks of one name are put in order: the steps of a row."""
        return self.length

    @property
    def label(self) -> str:
        """What a reader is told of the task: its title, and the size that makes it hard."""
        return f"{self.title}, {self.difficulty} steps"

    @cached_property
    def guessing(self) -> float:
        """The accuracy of a model that has learnt what answers there are, and not which of them belongs to a question.

        That is the share of the most frequent answer, counted in 2000 rows of the test set.
        """
        labels = replace(self, split="test").batch(seed=0, rows=2000).labels
        labels = labels[labels != IGNORED]
        return float(np.bincount(labels).max() / labels.size)

    def generator(self, seed: int, k: int = 0) -> np.random.Generator:
        """Random numbers for batch k of the stream of a seed; every (seed, k, split) has its own.

        Raises:
            ValueError: for a seed that is not a whole number >= 0.
        """
        checks.whole_number("seed", seed)
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(SPLITS.index(self.split), k)))

    def batch(self, seed: int | np.random.Generator, rows: int) -> Batch:
        """Some rows: the first batch of the stream of a seed, or the next of a generator.

        Raises:
            ValueError: for no rows, or a negative seed.
        """
        checks.positive_size(rows=rows)
        rng = seed if isinstance(seed, np.random.Generator) else self.generator(seed)
        return self.draw(rng, int(rows))

    def draw(self, rng: np.random.Generator, rows: int) -> Batch:
        """Some rows, from a generator; each task defines it."""
        raise NotImplementedError


class Recorded(Task):
    """A task with a fixed number of examples, which batches draw from with replacement."""

    @property
    def examples(self) -> int:
        """How many examples the split has."""
        raise NotImplementedError

    def take(self, chosen: np.ndarray) -> Batch:
        """The examples of some indices."""
        raise NotImplementedError

    def draw(self, rng: np.random.Generator, rows: int) -> Batch:
        """Some examples at random, with replacement."""
        return self.take(rng.integers(self.examples, size=rows))

    def in_order(self, rows: int) -> Iterator[Batch]:
        """Every example of the split once, in batches of ``rows``; the last may be smaller."""
        checks.positive_size(rows=rows)
        for first in range(0, self.examples, rows):
            yield self.take(np.arange(first, min(first + rows, self.examples)))


def batches(task: Task, rows: int, seed: int, start: int = 0) -> Iterator[Batch]:
    """Batches without end; batch k depends on the task, the rows, the seed and k alone.

    Args:
        task: where they come from.
        rows: of each batch.
        seed: of the stream.
        start: number of the first batch, so that a run can be resumed.

    >>> from dsf_theory.tasks import MQAR
    >>> stream, resumed = batches(MQAR(), 8, seed=0), batches(MQAR(), 8, seed=0, start=1)
    >>> first, second = next(stream), next(stream)
    >>> bool((second.inputs == next(resumed).inputs).all())
    True
    """
    for k in count(start):
        yield task.batch(task.generator(seed, k), rows)


def no_labels(rows: int, length: int) -> np.ndarray:
    """(rows, length): ``IGNORED`` everywhere."""
    return np.full((rows, length), IGNORED)


def label_at(step: np.ndarray | int, classes: np.ndarray, length: int) -> np.ndarray:
    """(rows, length): row r has the label ``classes[r]``, at one step only."""
    labels = no_labels(len(classes), length)
    labels[np.arange(len(classes)), step] = classes
    return labels


def within(split: str, size: int) -> slice:
    """The part of ``size`` ordered things that a split is: the first 80 %, the next 10 % or the last 10 %.

    >>> within("validation", 20)
    slice(16, 18, None)
    """
    first, second = size * 8 // 10, size * 9 // 10
    return dict(zip(SPLITS, (slice(0, first), slice(first, second), slice(second, size)), strict=True))[split]


def optional(module: str, needed_for: str):
    """A module that not every installation has.

    Raises:
        ImportError: saying what needs it and how to get it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f"{needed_for} needs {module}: pip install 'dsf_theory[data]'") from error


def hub(source: str | Path, name: str | None, split: str):
    """The rows of a data set on the Hugging Face hub, or of a folder with the same layout, as ``datasets`` reads it."""
    return optional("datasets", str(source)).load_dataset(str(source), name, split=split)
