"""Runs at our own two scales, seconds to minutes each: every mixer in the same block.

One layer, a short convolution of width two before the mixer, no positions, no MLP, and a head of its own: with one tied
to the embedding, 5 of 24 runs of softmax attention never left the accuracy of guessing, and without none. The notebook
scale trains three seeds at one rate, while a reader waits; the laptop scale goes by
:mod:`dsf_theory.experiments.protocol`.
"""

from collections.abc import Iterable, Sequence
from itertools import product

from dsf_theory.tasks import MQAR, LanguageModelling, ListOps, SequentialDigits, Task
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.sequence_model import Architecture
from dsf_theory.training.trial import Trial

SEEDS = (0, 1, 2)
"""Of the notebook scale."""

COMPARED = ("softmax_attention", "norm_attention", "linear_attention_elu", "s6", "ssd")
"""The mixers of the paper's central comparison: its linear attention has ELU + 1 and the row sum."""

GATES = ("qlstm", "qlstm_rev")
"""The quasi-LSTM, and with the reversed sigmoid."""

ETAS = ("exp", "softplus", "sigmoid")
"""The normalisers of normalised attention."""

EASY, MIDDLE, HARD = (MQAR(length=4 * p, pairs=p, vocabulary=8 * p) for p in (4, 8, 16))
"""MQAR of 4, 8 and 16 pairs, in rows as short as they may be."""


def ours(
    tasks: Sequence[Task],
    mixers: Iterable[str],
    d: Iterable[int],
    n: Iterable[int],
    steps: int,
    rates: Iterable[float],
    seeds: Sequence[int] = SEEDS,
    **options,
) -> list[Trial]:
    """Runs of one block behind a short convolution, all mixers in the same; SSD has two channels a head."""
    found = []
    for task, mixer, channels, states, rate, seed in product(tasks, mixers, d, n, rates, seeds):
        block = Architecture(
            mixer=mixer,
            d=channels,
            n=states,
            layers=1,
            convolution=2,
            tied=False,
            init=0.3,
            options=options | ({"heads": channels // 2} if mixer == "ssd" else {}),
        )
        recipe = Recipe(steps=steps, rows=32, learning_rate=rate, every=steps // 10, tested=500)
        found.append(Trial(task, block, recipe, seed))
    return found


def expansion(task: MQAR, d: int, linear: Sequence[int], softmax: Sequence[int], steps: int) -> list[Trial]:
    """Linear attention with more and more states, and softmax attention with keys of some sizes."""
    found = ours([task], ["linear_attention_elu"], [d], linear, steps, [2e-2])
    return found + ours([task], ["softmax_attention"], [d], softmax, steps, [2e-2])


def compared(task: MQAR, d: Sequence[int], n: int, steps: int) -> list[Trial]:
    """The models of the central comparison, those with a decay started with a memory of the row."""
    found = ours([task], COMPARED[:1], d, [16], steps, [2e-2])
    found += ours([task], COMPARED[1:3], d, [n], steps, [2e-2])
    return found + ours([task], COMPARED[3:], d, [n], steps, [2e-2], memory=task.length)


def normalisers(task: MQAR, n: Sequence[int], steps: int, rate: float) -> list[Trial]:
    """Normalised attention with each η, and the same attention without one."""
    found = ours([task], ["linear_attention"], [32], n, steps, [rate])
    for eta in ETAS:
        found += ours([task], ["norm_attention"], [32], n, steps, [rate], eta=eta)
    return found


def gates(task: MQAR, d: int, memories: Sequence[int], steps: int) -> list[Trial]:
    """Quasi-LSTMs with both gates, from the literature's start and from longer memories."""
    found = ours([task], GATES, [d], [1], steps, [1e-2])
    for memory in memories:
        found += ours([task], GATES, [d], [1], steps, [1e-2], memory=memory)
    return found


def sequences(length: int) -> tuple[Task, ...]:
    """The class of a digit, the value of an expression, the next character of a text."""
    return (
        SequentialDigits(),
        ListOps(length=length, minimum=length // 4, depth=3, arguments=4),
        LanguageModelling(length=length),
    )
