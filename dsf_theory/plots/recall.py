"""Associative recall, trained: linear attention with more and more states, and softmax attention."""

from collections.abc import Iterator
from functools import cache

import numpy as np
from matplotlib.figure import Figure

from dsf_theory.plots.style import BLUE, INK, MUTED, VERMILION, new_figure, picture

PAIRS, KEYS, VALUES, CHANNELS = 12, 48, 16, 32
"""Pairs in a sequence, keys and values to choose from, channels of the layer."""

STEPS, LEARNING_RATE, SEEDS = 120, 0.015, (0, 1)

LINEAR = {n: ("linear_attention", n, {}) for n in (2, 4, 8, 16, 32)}
TAYLOR = {15: ("taylor_attention", 4, {"order": 2}), 70: ("taylor_attention", 4, {"order": 4})}
SOFTMAX = ("softmax_attention", 4, {})
"""Registry name, key size and options of each layer; for the first two, by state expansion."""


def recall_batches(seed: int, size: int = 32) -> Iterator:
    """Without end: sequences of pairs and questions (size, 2 PAIRS, KEYS + VALUES), and the answers (size, PAIRS).

    A pair is one token, its key and its value both one-hot; then comes each key once more, alone and in another
    order, and its value is the answer.

    >>> u, answers = next(recall_batches(seed=0, size=3))
    >>> u.shape, answers.shape
    (torch.Size([3, 24, 64]), torch.Size([3, 12]))
    """
    import torch

    rng = np.random.default_rng(seed)
    while True:
        keys = rng.permuted(np.tile(np.arange(KEYS), (size, 1)), axis=1)[:, :PAIRS]
        values = rng.integers(VALUES, size=(size, PAIRS))
        order = rng.permuted(np.tile(np.arange(PAIRS), (size, 1)), axis=1)
        u = np.zeros((size, 2 * PAIRS, KEYS + VALUES), np.float32)
        u[:, :PAIRS, :KEYS] = np.eye(KEYS)[keys]
        u[:, :PAIRS, KEYS:] = np.eye(VALUES)[values]
        u[:, PAIRS:, :KEYS] = np.eye(KEYS)[np.take_along_axis(keys, order, axis=1)]
        yield torch.from_numpy(u), torch.from_numpy(np.take_along_axis(values, order, axis=1))


def recaller(name: str, n: int, seed: int = 0, **options):
    """Embedding, one mixer and head: (batch, 2 PAIRS, KEYS + VALUES) -> (batch, 2 PAIRS, VALUES)."""
    import torch
    from torch import nn

    from dsf_theory.mixer import Mixer

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        embedding, head = nn.Linear(KEYS + VALUES, CHANNELS, bias=False), nn.Linear(CHANNELS, VALUES)
    return nn.Sequential(embedding, Mixer(name, CHANNELS, n, seed=seed, **options), head)


def recall_loss(scores, answers):
    """The cross-entropy of the answers (batch, PAIRS)."""
    from torch.nn.functional import cross_entropy

    return cross_entropy(scores[:, PAIRS:].transpose(1, 2), answers)


def accuracy(layers) -> float:
    """The share of right answers to 6000 questions."""
    import torch

    u, answers = next(recall_batches(seed=2**20, size=500))
    with torch.no_grad():
        return (layers(u)[:, PAIRS:].argmax(-1) == answers).double().mean().item()


@cache
def trained_accuracy(name: str, n: int, **options) -> np.ndarray:
    """Accuracy after training, for each of SEEDS; all layers see the same batches."""
    from dsf_theory.train import one_thread, train

    found = []
    for seed in SEEDS:
        layers = recaller(name, n, seed, **options)
        with one_thread():
            for _ in train(layers, recall_batches(seed), STEPS, LEARNING_RATE, loss=recall_loss):
                pass
            found.append(accuracy(layers))
    return np.array(found)


@picture(
    "07_recall",
    alt="Accuracy of associative recall of twelve pairs against the number of states, for two seeds each. Linear "
    "attention rises from 0.4 with two states to 0.95 with 32. Taylor attention with keys of size 4 reaches 0.85 with "
    "15 states and 0.98 with 70, close to softmax attention with keys of size 4 at 1.",
)
def recall() -> tuple[Figure, dict]:
    """Accuracy of recall against the states of linear and Taylor attention, and that of softmax attention."""
    data = {"pairs": PAIRS, "softmax": trained_accuracy(SOFTMAX[0], SOFTMAX[1])}
    figure = new_figure(6.5, 2.9)
    axes = figure.subplots()
    axes.axhline(data["softmax"].mean(), color=INK, lw=1.2, ls=(0, (4, 2)))
    words = {
        "linear": ("linear attention", LINEAR, BLUE, "o"),
        "taylor": ("Taylor, key size 4, orders 2 and 4", TAYLOR, VERMILION, "s"),
    }
    for key, (name, layers, colour, marker) in words.items():
        found = np.array([trained_accuracy(kind, n, **options) for kind, n, options in layers.values()])
        axes.semilogx([*layers], found.mean(axis=1), color=colour)
        axes.semilogx([*layers], found, marker, ms=4, color=colour, mfc="none")
        axes.annotate(name, (4.4, 0.6) if key == "linear" else (17, 0.78), color=colour)
        data |= {f"n_{key}": np.array([*layers]), key: found}
    axes.annotate("softmax attention, key size 4", (2, 1.02), color=INK, fontsize=8.5)
    axes.set(
        title="Recall rises with the states", xlabel="states per channel $n$", ylabel="share of right answers"
    )
    axes.set(xlim=(1.8, 130), ylim=(0, 1.12), yticks=(0, 0.25, 0.5, 0.75, 1))
    axes.axhline(1 / VALUES, color=MUTED, lw=0.8, ls=(0, (1, 2)))
    axes.annotate("guessing", (2, 1 / VALUES + 0.02), color=MUTED, fontsize=8)
    axes.set_xticks([2, 4, 8, 16, 32, 64], [2, 4, 8, 16, 32, 64])
    axes.minorticks_off()
    return figure, data
