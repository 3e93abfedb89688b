"""The rows that a run learns from and is tested on, as tensors on its device, drawn once where they come again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import torch
from torch import Tensor

from dsf_theory.tasks import Batch, Task
from dsf_theory.training.run import Run
from dsf_theory.training.sequence_model import labelled

Labelled = tuple[Tensor, Tensor, Tensor]
"""Inputs (rows, length), the steps that have a label, counted through all rows, and their labels, both (labels,)."""


class Examples:
    """The batches of a run; those of a training set are drawn before the first step, and shared by runs of one seed.

    Args:
        run: whose batches.

    >>> from dsf_theory.tasks import MQAR
    >>> from dsf_theory.training.recipe import Recipe
    >>> from dsf_theory.training.sequence_model import Architecture
    >>> architecture = Architecture(mixer="s6", d=8, n=2)
    >>> run = Run(MQAR(length=16, pairs=2), architecture, Recipe(rows=4, examples=10), 0, "cpu")
    >>> [Examples(run).at(step)[0].shape[0] for step in range(3)]
    [4, 4, 2]
    """

    def __init__(self, run: Run):
        self.run, self.kept = run, None
        recipe = run.recipe
        if recipe.examples:
            self.kept = training_set(run.task, run.seed, recipe.rows, recipe.examples, run.device)

    def at(self, step: int) -> Labelled:
        """The rows of a step."""
        if self.kept is None:
            return on_device(self.run.batch(step), self.run.device)
        return self.kept[self.run.place(step)[0]]

    def tests(self, rows: int) -> Iterator[Labelled]:
        """The test set in pieces of some rows."""
        inputs, labels = (torch.cat(parts) for parts in zip(*map(Batch.tensors, self.run.tests), strict=True))
        for part in zip(inputs.split(rows), labels.split(rows), strict=True):
            yield on_device(Batch(*part), self.run.device)


@lru_cache(maxsize=16)
def training_set(task: Task, seed: int, rows: int, examples: int, device: torch.device) -> list[Labelled]:
    """Every batch of a training set, in the order of their numbers."""
    sizes = [rows] * (examples // rows) + [examples % rows] * (examples % rows > 0)
    with ThreadPoolExecutor() as pool:
        drawn = pool.map(
            lambda numbered: task.batch(task.generator(seed, numbered[0]), numbered[1]), enumerate(sizes)
        )
    return [on_device(batch, device) for batch in drawn]


def on_device(batch: Batch, device: torch.device) -> Labelled:
    """A batch with its labelled steps picked out."""
    inputs, labels = map(torch.as_tensor, batch)
    return inputs.to(device), *(part.to(device) for part in labelled(labels))
