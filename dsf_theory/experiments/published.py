"""Runs at the paper's own scale, with the settings of its released configurations, days on a GPU.

These differ between models: positions for attention and the quasi-LSTM alone, an MLP for normalised attention alone,
blocks and starts as released (:mod:`dsf_theory.training.released`) for all but the quasi-LSTM. Four learning rates
each, of which the best is shown.
"""

import math
from collections.abc import Iterable
from itertools import product

from dsf_theory.tasks import MQAR, ListOps, LRAImage, LRAText
from dsf_theory.training import released
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.sequence_model import Architecture
from dsf_theory.training.trial import Trial

PUBLISHED = {64: (4, 512), 128: (8, 256), 256: (16, 128), 512: (64, 64)}
"""The paper's MQAR: length -> pairs and rows of a batch."""

PUBLISHED_RATES = tuple(10 ** (-k / 3) for k in (12, 10, 8, 6))
"""Four learning rates from 1e-4 to 1e-2, in equal ratios."""

PUBLISHED_MODELS = ("softmax_attention", "linear_attention_elu", "norm_attention", "s6", "s6_2")
"""The mixers of the paper's central comparison, as its released code has them: the variant of S6 stands for SSD."""


def published(
    mixers: Iterable[str],
    d: Iterable[int] = (64, 128, 256, 512),
    n: Iterable[int] = (64,),
    lengths: Iterable[int] = tuple(PUBLISHED),
    rates: Iterable[float] = PUBLISHED_RATES,
    seeds: Iterable[int] = (0,),
    epochs: int = 64,
    **options,
) -> list[Trial]:
    """Runs of MQAR as the paper's released configurations have them: 64 epochs of 100,000 rows, two layers.

    The learning rate falls as half a cosine from the first step on, and gradients are not clipped. What differs: it
    falls at every step, where the released code has steps of an epoch, and matrices alone decay.
    """
    found = []
    for length, mixer, channels, states, rate, seed in product(lengths, mixers, d, n, rates, seeds):
        pairs, rows = PUBLISHED[length]
        block = Architecture(
            mixer=mixer,
            d=channels,
            n=states,
            positions="attention" in mixer or "qlstm" in mixer,
            mlp=4 if mixer == "norm_attention" else 0,
            dropout=0.1,
            options=options,
            released=mixer in released.OPTIONAL,
        )
        epoch = -(-100_000 // rows)
        recipe = Recipe(
            steps=epochs * epoch,
            rows=rows,
            learning_rate=rate,
            warmup=0.0,
            clip=math.inf,
            examples=100_000,
            every=epoch,
            tested=3000,
            enough=0.99,
        )
        found.append(Trial(MQAR(length=length, pairs=pairs), block, recipe, seed))
    return found


def smaller_tasks() -> list[Trial]:
    """What a GPU can do in minutes: the two smaller tasks, d 64, the middle two rates, half the epochs, three seeds.

    What is most worth knowing comes first: all models at n = 64 on the smaller task and on the larger one, and then
    the other n.
    """
    found = []
    for n, mixers in ((64, PUBLISHED_MODELS), (32, PUBLISHED_MODELS[1:]), (128, PUBLISHED_MODELS[1:])):
        found += published(mixers, (64,), (n,), (64, 128), PUBLISHED_RATES[1:3], seeds=(0, 1, 2), epochs=32)
    return found


def long_range_arena(mixers: Iterable[str]) -> list[Trial]:
    """Runs of three tasks of the Long Range Arena at its sizes; the block is of our choosing.

    ListOps is grown by its published grammar, anew at every step; the others are read through ``datasets``.
    """
    found = []
    for task, mixer in product((ListOps(), LRAText(), LRAImage()), mixers):
        block = Architecture(
            mixer=mixer, d=128, n=16, layers=6, convolution=4, mlp=2, dropout=0.1, tied=False
        )
        recipe = Recipe(steps=100_000, rows=32, learning_rate=1e-3, every=5000, tested=10_000)
        found.append(Trial(task, block, recipe))
    return found
