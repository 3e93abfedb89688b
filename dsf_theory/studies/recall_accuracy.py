"""Accuracy of associative recall after training, for each mixer and key size."""

from functools import cache

import numpy as np

from dsf_theory.features import monomials_size

TASK = {"length": 24, "pairs": 6, "vocabulary": 32}

LAYER = {"d": 32, "layers": 1, "convolution": 3}

RECIPE = {"steps": 400, "rows": 32, "learning_rate": 7e-3, "every": 50, "tested": 256}

SEEDS = (0, 1)


@cache
def trained_accuracy(mixer: str, n: int) -> np.ndarray:
    """Share of right answers to a small MQAR after training, for each of SEEDS.

    Args:
        mixer: registry name, of the one layer behind a short convolution.
        n: its key size.
    """
    from dsf_theory.tasks import MQAR
    from dsf_theory.training.loop import one_thread
    from dsf_theory.training.recipe import Recipe
    from dsf_theory.training.run import Run
    from dsf_theory.training.sequence_model import Architecture

    found, layer = [], Architecture(mixer=mixer, n=n, **LAYER)
    with one_thread():
        for seed in SEEDS:
            run = Run(MQAR(**TASK), layer, Recipe(**RECIPE), seed, device="cpu")
            for _ in run:
                pass
            found.append(run.accuracy)
    return np.array(found)


LINEAR = (1, 2, 4, 8)
"""States per channel of linear attention."""

KEYS = 4
"""Key size of softmax attention, and of its Taylor features of order 2."""

TAYLOR_STATES = monomials_size(KEYS, 2)
"""States per channel of Taylor attention of order 2."""


def accuracies() -> dict[str, np.ndarray]:
    """:func:`trained_accuracy` of linear attention by ``n``, and of Taylor and softmax attention."""
    return {
        "n": np.array(LINEAR),
        "linear": np.array([trained_accuracy("linear_attention", n) for n in LINEAR]),
        "taylor": trained_accuracy("taylor_attention", KEYS),
        "softmax": trained_accuracy("softmax_attention", KEYS),
    }
