"""Associative recall, trained: linear attention with more and more states, and softmax attention."""

from functools import cache

import numpy as np
from matplotlib.figure import Figure

from dsf_theory.features import monomials_size
from dsf_theory.plots.style import BLUE, INK, MUTED, VERMILION, new_figure, picture

TASK = {"length": 24, "pairs": 6, "vocabulary": 32}
LAYER = {"d": 32, "layers": 1, "convolution": 3}
RECIPE = {"steps": 400, "rows": 32, "learning_rate": 7e-3, "every": 50, "tested": 256}
SEEDS = (0, 1)

LINEAR = (1, 2, 4, 8)
"""States per channel of linear attention."""

KEYS = 4
"""Key size of softmax attention, and of its Taylor features of order 2."""


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


@picture(
    "07_recall",
    alt="Accuracy of associative recall of six pairs against the number of states per channel, two seeds each. "
    "Linear attention rises from guessing among the six values, 0.17, with one state to 0.66 with two, 0.93 with four "
    "and 0.96 with eight. Taylor attention of order 2 with keys of size 4, which are 15 states, is right always, as "
    "is softmax attention.",
)
def recall() -> tuple[Figure, dict]:
    """Accuracy of recall against the states of linear and Taylor attention, and that of softmax attention."""
    linear = np.array([trained_accuracy("linear_attention", n) for n in LINEAR])
    taylor, softmax = (trained_accuracy(name, KEYS) for name in ("taylor_attention", "softmax_attention"))
    states, guess = monomials_size(KEYS, 2), 1 / TASK["pairs"]
    figure = new_figure(6.5, 2.9)
    axes = figure.subplots()
    axes.axhline(softmax.mean(), color=INK, lw=1.2, ls=(0, (4, 2)))
    axes.axhline(guess, color=MUTED, lw=0.8, ls=(0, (1, 2)))
    axes.semilogx(LINEAR, linear.mean(axis=1), color=BLUE)
    axes.semilogx(LINEAR, linear, "o", ms=4, color=BLUE, mfc="none")
    axes.semilogx([states] * len(SEEDS), taylor, "s", ms=5, color=VERMILION, mfc="none")
    axes.annotate(f"softmax attention, keys of size {KEYS}", (0.93, 1.04), color=INK, fontsize=8.5)
    axes.annotate(
        f"Taylor, order 2,\nkeys of size {KEYS}", (15, 0.95), ha="center", va="top", color=VERMILION
    )
    axes.annotate("linear attention", (2.2, 0.55), color=BLUE)
    axes.annotate("guessing one of the six values", (4.6, guess + 0.03), color=MUTED, fontsize=8)
    axes.set(title="Recall rises with the states", xlabel="states per channel $n$", xlim=(0.9, 26))
    axes.set(ylabel="share of right answers", ylim=(0, 1.15), yticks=(0, 0.25, 0.5, 0.75, 1))
    axes.set_xticks([*LINEAR, states], [*LINEAR, states])
    axes.minorticks_off()
    return figure, {"n": np.array(LINEAR), "linear": linear, "taylor": taylor, "softmax": softmax}
