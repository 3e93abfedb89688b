"""Runs that differ in seed and learning rate alone, trained as one model whose parameters have one more axis.

A small model keeps a processor waiting between its many small operations. A cohort does each operation once for all
of its runs: their parameters are stacked, and one pass forward and back with ``torch.func.vmap`` gives the gradients
of all. Batches, clipping, optimiser, evaluation and checkpoints stay each run's own.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional

from dsf_theory.tasks import Task
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.run import Record, Run
from dsf_theory.training.sequence_model import Architecture, labelled
from dsf_theory.training.trial import identity

MODELS = (
    "linear_attention",
    "norm_attention",
    "softmax_attention",
    "ssd",
    "lstm",
    "qlstm",
    "qlstm_rev",
    "rglru",
)
NUMBERS, TOGETHER = 2**15, 4
"""For which mixers, up to how many numbers in a layer's input, how many runs are trained together: 1.3 to 1.8 times
as fast on a CPU as one after another. At four times as many numbers nothing is gained; S6 and other state space models
are slower together, as their states no longer fit in a cache."""


def pays(task: Task, architecture: Architecture, recipe: Recipe) -> bool:
    """Whether runs are better trained together."""
    numbers = recipe.rows * task.length * architecture.d
    plain = architecture.dropout == 0 and recipe.precision == "float32"
    return plain and architecture.mixer in MODELS and numbers <= NUMBERS


def kind(task: Task, architecture: Architecture, recipe: Recipe) -> str:
    """What the runs of a cohort have in common."""
    return identity(task, architecture, replace(recipe, learning_rate=1.0), seed=0)


class Cohort:
    """Runs that take their steps together; iterate over it to train them.

    Each run is the run that it would be alone, to rounding. A run that is done or rests keeps its place and takes no
    steps: the others do not depend on it, to the last bit.

    Args:
        runs: of one task, architecture without dropout, and recipe but for the learning rate; or a single run.
        resting: places of runs that take no steps.

    Raises:
        ValueError: for runs that differ in more, or that have dropout.

    >>> from dsf_theory.tasks import MQAR
    >>> architecture = Architecture(mixer="qlstm", d=8, n=1)
    >>> runs = [Run(MQAR(length=16, pairs=2), architecture, Recipe(steps=2), seed) for seed in (0, 1)]
    >>> [(place, record.step) for place, record in Cohort(runs)]
    [(0, 1), (1, 1), (0, 2), (1, 2)]
    """

    def __init__(self, runs: Sequence[Run], resting: Iterable[int] = ()):
        self.runs, self.resting = list(runs), set(resting)
        if len({kind(run.task, run.architecture, run.recipe) for run in runs}) != 1:
            raise ValueError("runs: expected some that differ in seed and learning rate alone, found others")
        if len(self.runs) > 1 and self.runs[0].architecture.dropout:
            raise ValueError(
                "runs: expected none with dropout, whose random numbers each run draws for itself"
            )

    @property
    def next(self) -> list[int]:
        """The places of the runs that take the next step: of those that go on, the furthest behind."""
        going = [k for k, run in enumerate(self.runs) if not (run.done or k in self.resting)]
        first = min((self.runs[k].step for k in going), default=0)
        return [k for k in going if self.runs[k].step == first]

    def __iter__(self) -> Iterator[tuple[int, Record | FloatingPointError]]:
        """Train; the place of a run and the record of its step, or what ended it, after which it rests."""
        while places := self.next:
            losses = self.gradients(places)
            for place in places:
                try:
                    yield place, self.runs[place].descend(losses[place])
                except FloatingPointError as error:
                    self.resting.add(place)
                    yield place, error

    def gradients(self, places: list[int]) -> list[float]:
        """Each run's loss on its next batch; gradients are left in the parameters of the runs in ``places``."""
        start, first = time.perf_counter(), self.runs[0]
        if len(self.runs) == 1:
            return [first.gradient()]
        step = self.runs[places[0]].step
        batches = [run.batch(step).tensors(first.device) for run in self.runs]
        at, labels = (
            torch.stack(parts) for parts in zip(*(labelled(b.labels) for b in batches), strict=True)
        )
        parameters, _ = stack_module_state([run.model.train() for run in self.runs])

        def loss(parameters: dict[str, Tensor], inputs: Tensor, at: Tensor, labels: Tensor) -> Tensor:
            return functional.cross_entropy(functional_call(first.model, parameters, (inputs, at)), labels)

        losses = vmap(loss)(parameters, torch.stack([batch.inputs for batch in batches]), at, labels)
        losses.sum().backward()
        for place in places:
            for name, parameter in self.runs[place].model.named_parameters():
                parameter.grad = parameters[name].grad[place] if parameter.requires_grad else None
            self.runs[place].seconds += (time.perf_counter() - start) / len(places)
        return losses.tolist()
