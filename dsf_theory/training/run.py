"""One run of the laboratory: a model learns a task, and can be stopped, saved and resumed at any step.

A run is three records of plain values (task, architecture, recipe) and a seed. Its batches, its dropout and its
learning rate depend on these and on the number of the step alone, so that a run that was interrupted and resumed is
the run that was not: on one thread, to the last bit.
"""

import json
import math
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from dsf_theory.tasks import Batch, Recorded, Task, batches
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.sequence_model import Architecture, SequenceModel
from dsf_theory.training.trial import identity


class Record(NamedTuple):
    """What was seen of a run at a step.

    Attributes:
        step: how many steps were taken, this one included.
        loss: of its batch.
        tested: the loss on the test set; None between two evaluations.
        accuracy: the share of right answers on the test set; None between two evaluations.
    """

    step: int
    loss: float
    tested: float | None = None
    accuracy: float | None = None


class Run:
    """A model that learns a task; iterate over it to train, stop when you like, iterate on to resume.

    Args:
        task: to learn; evaluated on its test split.
        architecture: of the model.
        recipe: of the training.
        seed: of the parameters, the batches and the dropout.
        device: of torch, default CUDA where there is one.

    Attributes:
        model: what learns.
        history: a :class:`Record` of each step.
        seconds: spent on steps and evaluations so far.

    >>> from dsf_theory.tasks import MQAR
    >>> task = MQAR(length=16, pairs=2, vocabulary=32)
    >>> run = Run(task, Architecture(mixer="linear_attention", d=8, n=4), Recipe(steps=3, every=3))
    >>> [record.step for record in run]
    [1, 2, 3]
    """

    def __init__(self, task: Task, architecture: Architecture, recipe: Recipe, seed: int = 0, device=None):
        self.task, self.architecture, self.recipe, self.seed = task, architecture, recipe, seed
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.model = SequenceModel(architecture, task, seed).to(self.device)
        self.optimiser = torch.optim.AdamW(groups(self.model, recipe.weight_decay), fused=True)
        self.history: list[Record] = []
        self.seconds = 0.0

    @property
    def step(self) -> int:
        """How many steps were taken."""
        return len(self.history)

    @property
    def accuracy(self) -> float | None:
        """Accuracy on the test set when it was last evaluated."""
        return next((r.accuracy for r in reversed(self.history) if r.accuracy is not None), None)

    @property
    def done(self) -> bool:
        """Whether all steps were taken, or the accuracy is enough."""
        return self.step >= self.recipe.steps or (self.accuracy or 0.0) >= self.recipe.enough

    def __iter__(self) -> Iterator[Record]:
        """Train; one record a step, from where the run stands."""
        while not self.done:
            yield self.advance()

    # ---------------------------------------------------------------- training

    def advance(self) -> Record:
        """Take one step.

        Raises:
            FloatingPointError: if the loss or its gradient is not finite; the parameters stay as they were.
        """
        return self.descend(self.gradient())

    def gradient(self) -> float:
        """The loss of the next batch; its gradient is left in the parameters."""
        start = time.perf_counter()
        self.optimiser.zero_grad()
        self.model.train()
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(drawn_from(self.seed, self.step))  # for dropout
            with self._autocast():
                loss = self.model.loss(*self.batch(self.step).tensors(self.device))
        loss.backward()
        self.seconds += time.perf_counter() - start
        return loss.item()

    def descend(self, loss: float) -> Record:
        """Take the step that the gradients in the parameters ask for.

        Raises:
            FloatingPointError: if the loss or its gradient is not finite; the parameters stay as they were.
        """
        start = time.perf_counter()
        norm = self.clip().item()
        for name, number in (("loss", loss), ("gradient", norm)):
            if not math.isfinite(number):
                raise FloatingPointError(
                    f"{name}: expected a finite number, found {number} at step {self.step + 1}"
                )
        self.move(self.step)
        step = self.step + 1
        due = step % self.recipe.every == 0 or step == self.recipe.steps
        self.history.append(Record(step, loss, *(self.evaluate() if due else ())))
        self.seconds += time.perf_counter() - start
        return self.history[-1]

    def clip(self) -> torch.Tensor:
        """Make the gradients in the parameters no longer than the recipe says; how long they were."""
        return nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)

    def move(self, step: int) -> None:
        """Move the parameters along their gradients, at the rate of a step."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.rate(step)
        self.optimiser.step()

    def batch(self, step: int) -> Batch:
        """The rows of a step, counted from 0: new ones, or the next of the training set."""
        number, rows = self.place(step)
        return self.task.batch(self.task.generator(self.seed, number), rows)

    def place(self, step: int) -> tuple[int, int]:
        """Which batch of its stream a step takes, and how many rows that has."""
        rows, examples = self.recipe.rows, self.recipe.examples
        if not examples:
            return step, rows
        full, rest = divmod(examples, rows)
        epoch, number = divmod(step, full + (rest > 0))
        if number == full:
            return number, rest
        order = np.random.default_rng(drawn_from(self.seed, epoch)).permutation(full)
        return int(order[number]), rows

    def _autocast(self):
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bfloat16")

    @torch.no_grad()
    def evaluate(self) -> tuple[float, float]:
        """Loss and accuracy on the test set, whose rows are the same at every step, for every seed and model."""
        self.model.eval()
        with self._autocast():
            scores = [self.model.scores(*batch.tensors(self.device)) for batch in self.tests]
        losses, right = (torch.cat(parts) for parts in zip(*scores, strict=True))
        return losses.double().mean().item(), right.double().mean().item()

    @cached_property
    def tests(self) -> list[Batch]:
        """The test set: the first examples of a recorded task, the first batches of another."""
        task, left, found = replace(self.task, split="test"), self.recipe.tested, []
        stream = task.in_order(256) if isinstance(task, Recorded) else batches(task, 256, seed=0)
        for batch in stream:
            found.append(Batch(*(part[:left] for part in batch)))
            left -= len(batch.inputs)
            if left <= 0:
                break
        return found

    # ---------------------------------------------------------------- checkpoints

    def save(self, path: str | Path) -> None:
        """Write a checkpoint in the format ``safetensors``; a kill leaves the one before it as it was."""
        tensors = {}
        for name, parameter in self.model.named_parameters():
            state = self.optimiser.state.get(parameter, {})
            tensors |= {
                f"{name}:{key}": value for key, value in {"value": parameter.detach(), **state}.items()
            }
        header = {"run": self.identity, "history": json.dumps(self.history), "seconds": repr(self.seconds)}
        part = Path(f"{path}.part")
        save_file(tensors, part, header)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)

    def load(self, path: str | Path) -> None:
        """Take up a checkpoint of the same run.

        Raises:
            ValueError: if it is of another task, architecture, recipe or seed.
        """
        with safe_open(path, "pt", device=str(self.device)) as file:
            header = file.metadata() or {}
            if header.get("run") != self.identity:
                raise ValueError(
                    f"path: expected a checkpoint of {self.identity}, found one of {header.get('run')}"
                )
            tensors = {tuple(key.rsplit(":", 1)): file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        for name, parameter in self.model.named_parameters():
            state = {key: tensor for (owner, key), tensor in tensors.items() if owner == name}
            parameter.data.copy_(state.pop("value"))
            self.optimiser.state[parameter] = state
        self.history = [Record(*record) for record in json.loads(header["history"])]
        self.seconds = float(header["seconds"])

    @property
    def identity(self) -> str:
        """What makes the run this one, see :func:`dsf_theory.training.trial.identity`."""
        return identity(self.task, self.architecture, self.recipe, self.seed)


def groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """The parameters that train, in two groups: matrices, which decay, and the rest."""
    parts = {True: [], False: []}
    for name, parameter in model.named_parameters():
        matrix = parameter.ndim == 2 and (name.endswith(".weight") or ".raw.W_" in name)
        if parameter.requires_grad:
            parts[matrix].append(parameter)
    return [
        {"params": parts[True], "weight_decay": weight_decay},
        {"params": parts[False], "weight_decay": 0.0},
    ]


def drawn_from(seed: int, number: int) -> int:
    """A seed that depends on a seed and a number, and on nothing else."""
    return int(np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)[0])
