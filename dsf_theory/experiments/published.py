"""Runs at the paper's own scale, with the settings of its released configurations, days on a GPU.

These differ between models: positions for attention and the quasi-LSTM alone, an MLP for normalised attention alone.
Four learning rates each, of which the best is shown.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

from dsf_theory.tasks import MQAR, LRAImage, LRAListOps, LRAText
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.sequence_model import Architecture
from dsf_theory.training.trial import Trial

PUBLISHED = {64: (4, 512), 128: (8, 256), 256: (16, 128), 512: (64, 64)}
"""The paper's MQAR: length -> pairs and rows of a batch."""

PUBLISHED_RATES = tuple(10 ** (-k / 3) for k in (12, 10, 8, 6))
"""Four learning rates from 1e-4 to 1e-2, in equal ratios."""


def published(
    mixers: Iterable[str],
    d: Iterable[int] = (64, 128, 256, 512),
    n: Iterable[int] = (64,),
    lengths: Iterable[int] = tuple(PUBLISHED),
    **options,
) -> list[Trial]:
    """Runs of MQAR as the paper's released configurations have them: 64 epochs of 100,000 rows, two layers."""
    found = []
    for mixer, channels, states, length, rate in product(mixers, d, n, lengths, PUBLISHED_RATES):
        pairs, rows = PUBLISHED[length]
        block = Architecture(
            mixer=mixer,
            d=channels,
            n=states,
            positions="attention" in mixer or "qlstm" in mixer,
            mlp=4 if mixer == "norm_attention" else 0,
            dropout=0.1,
            options=options,
        )
        epoch = -(-100_000 // rows)
        recipe = Recipe(
            steps=64 * epoch,
            rows=rows,
            learning_rate=rate,
            examples=100_000,
            every=epoch,
            tested=3000,
            enough=0.99,
        )
        found.append(Trial(MQAR(length=length, pairs=pairs), block, recipe))
    return found


def long_range_arena(mixers: Iterable[str]) -> list[Trial]:
    """Runs of three tasks of the Long Range Arena at its sizes; the block is of our choosing.

    ListOps is read from the folder ``listops-1000`` of the published files, the others through ``datasets``.
    """
    found = []
    for task, mixer in product((LRAListOps(source="listops-1000"), LRAText(), LRAImage()), mixers):
        block = Architecture(
            mixer=mixer, d=128, n=16, layers=6, convolution=4, mlp=2, dropout=0.1, tied=False
        )
        recipe = Recipe(steps=100_000, rows=32, learning_rate=1e-3, every=5000, tested=10_000)
        found.append(Trial(task, block, recipe))
    return found


def smallest() -> list[Trial]:
    """The paper's smallest setting in full, but for 20 epochs in place of 64 and a stop at 99.5 % of answers."""
    found = []
    for trial in published(["softmax_attention", "linear_attention"], d=(64,), lengths=(64,))[2::4]:
        recipe = replace(trial.recipe, steps=20 * trial.recipe.every, enough=0.995)
        found.append(replace(trial, recipe=recipe))
    return found
