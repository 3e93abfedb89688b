"""A cohort for a GPU: the parameters of its runs lie side by side, and a pass forward and back for all is one graph.

Small models keep a GPU waiting for the processor that feeds it. Here the runs' parameters are slices of stacked ones,
which ``torch.func.vmap`` reads as one model; its thousand operations are recorded once as a CUDA graph and played back
at every step. The training set lies on the device, and losses are read from there at evaluations alone.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor
from torch.func import functional_call, vmap
from torch.nn import functional

import dsf_theory.training.dropping as dropping
from dsf_theory.training.cohort import kind
from dsf_theory.training.examples import Examples
from dsf_theory.training.run import Record, Run, drawn_from

WIDTH = 8
"""How many runs are trained together, at most."""

TESTED = 1024
"""Rows of the test set that are evaluated at once."""


class Stacked:
    """Runs that take their steps together on one device; iterate over it to train them.

    Each run is the run that it would be alone there, to rounding, dropout included. A run that is done or rests keeps
    its place and takes no steps. Its parameters are slices of arrays that all runs share.

    Args:
        runs: of one task, architecture and recipe (of float32) but for the learning rate, on one device.
        resting: places of runs that take no steps.
        recorded: whether a pass is recorded as a CUDA graph, on a GPU.

    Raises:
        ValueError: for runs that differ in more, or of another precision.

    >>> from dsf_theory.tasks import MQAR
    >>> from dsf_theory.training.recipe import Recipe
    >>> from dsf_theory.training.sequence_model import Architecture
    >>> architecture = Architecture(mixer="s6", d=8, n=2, dropout=0.1)
    >>> recipe = Recipe(steps=4, every=2)
    >>> runs = [Run(MQAR(length=16, pairs=2), architecture, recipe, seed, "cpu") for seed in (0, 1)]
    >>> [(place, record.step) for place, record in Stacked(runs)]
    [(0, 2), (1, 2), (0, 4), (1, 4)]
    """

    def __init__(self, runs: Sequence[Run], resting: Iterable[int] = (), recorded: bool = True):
        self.runs, self.resting = list(runs), set(resting)
        if len({(kind(run.task, run.architecture, run.recipe), run.device) for run in runs}) != 1:
            raise ValueError("runs: expected some that differ in seed and learning rate alone, found others")
        first = self.runs[0]
        if first.recipe.precision != "float32":
            raise ValueError(f"runs: expected a precision of 'float32', found {first.recipe.precision!r}")
        self.model, self.device = first.model, first.device
        self.parameters, self.gradients = {}, {}
        for name, parameter in self.model.named_parameters():
            self._stack(name, parameter.requires_grad)
        self.layers = dropping.dropouts(self.model)
        recorded = recorded and self.device.type == "cuda"
        self.play = played_back(self.losses) if recorded else self.losses
        self.examples = [Examples(run) for run in self.runs]

    def _stack(self, name: str, trained: bool) -> None:
        """Lay a parameter of all runs side by side; each run's own becomes a slice, and so does its gradient."""
        owners = [run.model.get_parameter(name) for run in self.runs]
        whole = torch.stack([owner.detach() for owner in owners])
        self.parameters[name] = whole.clone().requires_grad_() if trained else whole
        if trained:
            self.gradients[name] = torch.zeros_like(whole)
        for place, owner in enumerate(owners):
            owner.data = self.parameters[name].detach()[place]
            owner.grad = self.gradients[name][place] if trained else None

    # ---------------------------------------------------------------- training

    def __iter__(self) -> Iterator[tuple[int, Record | FloatingPointError]]:
        """Train; at each evaluation the place of a run and its last record, or what ended it, after which it rests."""
        while places := self.next:
            start, step = time.perf_counter(), self.runs[places[0]].step
            every, steps = self.runs[0].recipe.every, self.runs[0].recipe.steps
            until = min(step - step % every + every, steps)
            losses = torch.stack([self.advance(k, places) for k in range(step, until)]).T.tolist()
            scores = self.evaluate()
            for place in places:
                self.runs[place].seconds += (time.perf_counter() - start) / len(places)
                yield place, self.told(place, losses[place], *scores[place])

    @property
    def next(self) -> list[int]:
        """The places of the runs that take the next steps: of those that go on, the furthest behind."""
        going = [k for k, run in enumerate(self.runs) if not (run.done or k in self.resting)]
        first = min((self.runs[k].step for k in going), default=0)
        return [k for k in going if self.runs[k].step == first]

    def advance(self, step: int, places: list[int]) -> Tensor:
        """The losses (runs,) at a step, which the runs in ``places`` take."""
        parts = [examples.at(step) for examples in self.examples]
        inputs, at, labels = (torch.stack(alike) for alike in zip(*parts, strict=True))
        losses = self.play(inputs, at, labels, self.masks(step, inputs[0])).clone()
        for run in (self.runs[place] for place in places):
            if math.isfinite(run.recipe.clip):
                run.clip()
            run.move(step)
        return losses

    def masks(self, step: int, inputs: Tensor) -> Tensor:
        """(runs, layers, rows, length, d): what each run drops at a step, as it would alone."""
        like = torch.empty(*inputs.shape[:2], self.runs[0].architecture.d, device=self.device)
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            drawn = [dropping.masks(self.layers, drawn_from(run.seed, step), like) for run in self.runs]
        return torch.stack(drawn)

    def losses(self, inputs: Tensor, at: Tensor, labels: Tensor, masks: Tensor) -> Tensor:
        """The loss of each run, (runs,); its gradients are left in the runs' parameters."""
        self.model.train()

        def loss(parameters: dict[str, Tensor], inputs: Tensor, at: Tensor, labels: Tensor, masks: Tensor):
            given = iter(masks)
            for layer in self.layers:
                layer.given = given
            return functional.cross_entropy(functional_call(self.model, parameters, (inputs, at)), labels)

        try:
            losses = vmap(loss)(self.parameters, inputs, at, labels, masks)
        finally:
            for layer in self.layers:
                layer.given = None
        trained = [self.parameters[name] for name in self.gradients]
        found = torch.autograd.grad(losses.sum(), trained)
        for kept, gradient in zip(self.gradients.values(), found, strict=True):
            kept.copy_(gradient)
        return losses.detach()

    def told(self, place: int, losses: list[float], tested: float, accuracy: float):
        """The record of an evaluation, or the error of a loss that is not finite."""
        run = self.runs[place]
        for loss in losses:
            if not math.isfinite(loss):
                self.resting.add(place)
                return FloatingPointError(
                    f"loss: expected a finite number, found {loss} at step {run.step + 1}"
                )
            run.history.append(Record(run.step + 1, loss))
        run.history[-1] = Record(run.step, losses[-1], tested, accuracy)
        return run.history[-1]

    # ---------------------------------------------------------------- evaluation

    @torch.no_grad()
    def evaluate(self) -> list[tuple[float, float]]:
        """Loss and accuracy of each run on the test set, which is the same for all."""
        self.model.eval()
        found = [vmap(self.scores, (0, None, None, None))(self.parameters, *part) for part in self.tests()]
        losses, right = (torch.cat(parts, dim=1) for parts in zip(*found, strict=True))
        return list(zip(losses.double().mean(1).tolist(), right.double().mean(1).tolist(), strict=True))

    def scores(self, parameters: dict[str, Tensor], inputs: Tensor, at: Tensor, labels: Tensor):
        """The cross-entropy of each label, and whether the likeliest class is the label."""
        logits = functional_call(self.model, parameters, (inputs, at))
        return functional.cross_entropy(logits, labels, reduction="none"), logits.argmax(-1) == labels

    def tests(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """The test set in pieces: inputs, labelled steps and labels."""
        return self.examples[0].tests(TESTED)


def played_back(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A function of tensors that is recorded as a CUDA graph for the shapes of its first call, and then played back.

    For other shapes it is called as it is. What it returns is overwritten by the next call.
    """
    own: list[Tensor] = []
    graph, output = torch.cuda.CUDAGraph(), []

    def record(inputs: tuple[Tensor, ...]) -> None:
        own.extend(tensor.clone() for tensor in inputs)
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):
                function(*own)
        torch.cuda.current_stream().wait_stream(aside)
        with torch.cuda.graph(graph):
            output.append(function(*own))

    def play(*inputs: Tensor) -> Tensor:
        if not own:
            record(inputs)
        if any(kept.shape != given.shape for kept, given in zip(own, inputs, strict=True)):
            return function(*inputs)
        for kept, given in zip(own, inputs, strict=True):
            kept.copy_(given)
        graph.replay()
        return output[0]

    return play
