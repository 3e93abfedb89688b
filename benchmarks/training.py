"""A training step with logits at the labels alone beside logits at every step, and runs together: ``make bench``.

Every round times all competitors one after another, so that a slow moment of the machine hits all alike; the ratio
is the median over rounds. The first round warms up and does not count.
"""

from collections.abc import Callable
from copy import deepcopy
from functools import partial

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from rounds import timed
from torch import Tensor, nn
from torch.nn import functional

from dsf_theory.tasks import MQAR
from dsf_theory.training.cohort import MODELS, TOGETHER, Cohort
from dsf_theory.training.loop import one_thread
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.run import Run
from dsf_theory.training.sequence_model import Architecture, SequenceModel

ROUNDS = 5
rounds = partial(timed, count=ROUNDS)


def main() -> None:
    """Print the tables."""
    console = Console(width=100)
    console.print(f"torch {torch.__version__}, {ROUNDS} rounds, single precision\n")
    console.print(against_all_logits())
    with one_thread():
        console.print(against_all_logits())
        console.print(together())


# -------------------------------------------------------------------- one step


def against_all_logits(rows: int = 256) -> Table:
    """A step of the DSF paper's smallest MQAR setting, from the same weights, with the same loss."""
    task = MQAR(length=64, pairs=4, vocabulary=8192)
    architecture = Architecture(mixer="softmax_attention", d=64, n=64, positions=True)
    run = Run(task, architecture, Recipe(rows=rows, every=10**6), device="cpu")
    batch = run.batch(0).tensors()
    published = Published(deepcopy(run.model))
    plain = deepcopy(run.model)

    def all_logits(model: nn.Module) -> Callable[[], float]:
        optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)

        def step() -> float:
            optimiser.zero_grad()
            loss = functional.cross_entropy(model(batch.inputs).flatten(0, 1), batch.labels.flatten())
            loss.backward()
            optimiser.step()
            return loss.item()

        return step

    competitors = {
        "logits at every step, as released": all_logits(published),
        "logits at every step": all_logits(plain),
        "logits at the labels": lambda: run.advance().loss,
    }
    losses = [step() for step in competitors.values()]
    assert np.ptp(losses) < 1e-5, losses
    seconds = rounds(competitors)
    table = Table(
        caption=f"MQAR, {rows} rows of 64 steps, 4 pairs, 8192 tokens; softmax attention, d 64, two blocks\n"
        f"threads: {torch.get_num_threads()}; the same loss from the same weights"
    )
    for column in ("a training step", "median ms", "speed over released"):
        table.add_column(column, justify="left" if column == "a training step" else "right")
    for name, times in seconds.items():
        ratio = np.median(seconds["logits at every step, as released"] / times)
        table.add_row(name, f"{1e3 * np.median(times):.0f}", f"{ratio:.1f}")
    return table


class Published(nn.Module):
    """The same model, computed as the paper's released code does it.

    One map makes queries and keys, scores are a contraction with the scaled keys, the mask is a matrix of -10000
    made anew and added, and every step has logits. Left out is what would make it slower still and is not in our
    block: a norm that is added to the stream where there is no MLP, and dropout.

    Source: github.com/IntelligentControlSystems/dsf-mqar, ``zoology/model.py`` and ``zoology/mixers/attention.py``.
    """

    def __init__(self, model: SequenceModel):
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits (batch, length, classes)."""
        model = self.model
        x = model.embedding(inputs) + model.positions(torch.arange(inputs.shape[1]))
        for block in model.blocks:
            x = x + self.attend(block.mixer.raw, block.norm(x))
        return model.head(model.norm(x))

    def attend(self, weights: nn.ParameterDict, x: Tensor) -> Tensor:
        """Softmax attention with one head."""
        joined = functional.linear(x, torch.cat([weights["W_q"], weights["W_k"]]))
        q, k = joined.unflatten(-1, (2, 1, -1)).unbind(dim=2)
        v = functional.linear(x, weights["W_v"]).unflatten(-1, (1, -1))
        scores = torch.einsum("bihm,bjhm->bhij", q, k * q.shape[-1] ** -0.5)
        scores = scores + torch.full(scores.shape[-2:], -10000.0).triu(1)
        y = torch.einsum("bhij,bjhc->bihc", torch.softmax(scores, dim=-1), v)
        return functional.linear(y.flatten(2), weights["W_o"])


# -------------------------------------------------------------------- many runs


def together(runs: int = TOGETHER) -> Table:
    """A step of several runs as one model, beside the same runs one after another."""
    table = Table(caption=f"{runs} runs of MQAR, 4 pairs, 128 tokens, n 16, convolution 3, one thread")
    for column in ("model", "rows", "length", "d", "alone, ms a run", "speed together"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for rows, length, d in ((32, 32, 32), (64, 64, 32)):
        task = MQAR(length=length, pairs=4, vocabulary=128)
        for mixer in (*MODELS, "s6"):
            architecture = Architecture(mixer=mixer, d=d, n=16, convolution=3)
            recipe = Recipe(rows=rows, steps=10**6, every=10**6)
            alone, others = (
                [Run(task, architecture, recipe, k, "cpu") for k in range(runs)] for _ in range(2)
            )
            steps = zip(*[iter(Cohort(others))] * runs, strict=False)
            times = rounds(
                {"alone": lambda alone=alone: [run.advance() for run in alone], "together": steps.__next__}
            )
            ratio = np.median(times["alone"] / times["together"])
            each = 1e3 * np.median(times["alone"]) / runs
            table.add_row(mixer, str(rows), str(length), str(d), f"{each:.1f}", f"{ratio:.2f}")
    return table


if __name__ == "__main__":
    main()
