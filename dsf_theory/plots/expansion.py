"""Softmax attention approximated in many ways: what each costs, and the least it can cost."""

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from dsf_theory.features import (
    elu_plus_one,
    monomials_size,
    positive_random,
    random_directions,
    trigonometric_random,
)
from dsf_theory.kernels.bounds import kernel_error
from dsf_theory.kernels.hankel import hankel_singular_values
from dsf_theory.kernels.realisation import realise
from dsf_theory.models import TaylorAttention
from dsf_theory.plots.attention import softmax_and_input
from dsf_theory.plots.style import BLUE, GREEN, MUTED, ORANGE, PURPLE, VERMILION, new_figure, picture


class Sample(NamedTuple):
    """Softmax attention on one input.

    Args:
        P: weights, (length, length).
        q, k: queries and keys, (length, m), each with the root of the scale, so that scores are ``q kᵀ``.
    """

    P: np.ndarray
    q: np.ndarray
    k: np.ndarray


def sample(m: int = 8, length: int = 128, temperature: float = 1.0, seed: int = 0) -> Sample:
    """Softmax attention of normal queries and keys, scores of standard deviation ``1 / temperature``.

    >>> P, q, k = sample(m=2, length=3)
    >>> weights = np.tril(np.exp(q @ k.T))
    >>> bool(np.allclose(P, weights / weights.sum(axis=1, keepdims=True)))
    True
    """
    softmax, u = softmax_and_input(m, length, seed, temperature)
    halves = TaylorAttention(**softmax.parameters, scale=softmax.scale).queries_keys(u)
    return Sample(softmax.probabilities(u)[0], *(part[:, 0] for part in halves))


def rows(weights: np.ndarray) -> np.ndarray:
    """Causal weights (..., length, length) over the sum of their rows."""
    causal = np.tril(weights)
    return causal / causal.sum(axis=-1, keepdims=True)


def taylor_weights(q: np.ndarray, k: np.ndarray, highest: int) -> dict[int, np.ndarray]:
    """Even order -> the weights of Taylor attention, from the inner product that its features have.

    >>> P, q, k = sample(m=2, length=4)
    >>> bool(np.allclose(taylor_weights(q, k, 30)[30], P))
    True
    """
    found, scores = {}, q @ k.T
    term = series = np.ones_like(scores)
    for p in range(1, highest + 1):
        term = term * scores / p
        series = series + term
        if p % 2 == 0:
            found[p] = rows(series)
    return found


def random_weights(q: np.ndarray, k: np.ndarray, sizes, seed=0, trigonometric=False) -> dict[int, np.ndarray]:
    """Number of features -> weights of attention with orthogonal random features, each the first of one draw.

    Args:
        q: (length, m).
        k: (length, m).
        sizes: numbers of features, increasing; even if trigonometric, which take two for a direction.
        seed: of the directions.
        trigonometric: in place of positive features.
    """
    per = 2 if trigonometric else 1
    omega = random_directions(sizes[-1] // per, q.shape[1], seed)
    map_to = trigonometric_random if trigonometric else positive_random
    phi, psi = (map_to(x, omega).reshape(len(x), per, -1) for x in (q, k))
    found, total, before = {}, 0.0, 0
    for n in sizes:
        new = slice(before, n // per)
        total = total + np.tensordot(phi[..., new], psi[..., new], axes=((1, 2), (1, 2)))
        found[n], before = rows(total), n // per
    return found


STATES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
"""State expansions of realised systems; half the length is exact."""

FAMILIES = {
    "trigonometric": (PURPLE, "^", "trigonometric\nrandom features"),
    "positive": (ORANGE, "v", "positive\nrandom features"),
    "elu": (GREEN, "D", "ELU + 1"),
    "taylor": (VERMILION, "s", "Taylor"),
    "optimal": (BLUE, "o", "near-optimal\nsystem"),
}
"""Name -> colour, marker and what the reader sees."""


def error_curves(given: Sample, highest: int = 20, features: int = 4096, draws: int = 3) -> dict[str, tuple]:
    """Errors ``‖P - P̂‖_2`` against the states, (n, error), of each of :data:`FAMILIES`; and the ``"bound"`` of any.

    Args:
        given: softmax attention on an input.
        highest: order of the series.
        features: random features, at most, a power of four; errors are medians over draws.
        draws: of random features.
    """
    P, q, k = given
    half, cut = (len(P) + 1) // 2, taylor_weights(q, k, highest)
    states = [n for n in STATES if n < half]
    methods = {
        "elu": {q.shape[1]: rows(elu_plus_one(q) @ elu_plus_one(k).T)},
        "taylor": {monomials_size(q.shape[1], p): weights for p, weights in cut.items()},
        "optimal": {n: realise(P, n).kernel() for n in states},
    }
    least = hankel_singular_values(P).max(axis=0)
    found = {"bound": (np.arange(1, half), least[1:half])}
    for name, weights in methods.items():
        found[name] = np.array([*weights], float), np.array([kernel_error(P, x) for x in weights.values()])
    sizes = 4 ** np.arange(1, 1 + int(np.log(features) / np.log(4)))
    for name in ("positive", "trigonometric"):
        drawn = [random_weights(q, k, sizes, draw, name == "trigonometric") for draw in range(draws)]
        median = np.median([[kernel_error(P, x) for x in weights.values()] for weights in drawn], axis=0)
        found[name] = sizes, median
    return found


CASES = {
    "key size 4": {"m": 4},
    "key size 8, temperature 1, length 128": {},
    "key size 16": {"m": 16},
    "temperature 2": {"temperature": 2.0},
    "temperature ½": {"temperature": 0.5},
    "length 256": {"length": 256},
}
"""Title of a panel -> what differs from keys of size 8, temperature 1 and length 128."""


@picture(
    "07_error_and_states",
    alt="Six panels with the error of an approximation against its number of states, both axes logarithmic, for key "
    "sizes 4, 8 and 16, temperatures 2 and 1/2, and length 256. A grey region, which no system enters, falls from "
    "about one at one state to nothing at half the length; the near-optimal systems lie just above it. Taylor "
    "features lie far to the right, by a factor of ten or more at key size 4 and of thousands at key size 16. "
    "Random features stay above 0.1 up to 4096 of them.",
)
def error_and_states() -> tuple[Figure, dict]:
    """The error of each family against its states, for three key sizes, two more temperatures and a longer input."""
    figure, data = new_figure(8.5, 5.5), {}
    figure.suptitle(
        "One accuracy, very different numbers of states", x=0.01, ha="left", weight="bold", size=10
    )
    panels = figure.subplots(2, 3, sharex=True, sharey=True)
    for axes, (title, case) in zip(panels.flat, CASES.items(), strict=True):
        found = error_curves(sample(**case))
        axes.fill_between(*found["bound"], 1e-9, color="#e4e4e4", lw=0)
        axes.plot(*found["bound"], color=MUTED, lw=0.8)
        for name, (colour, marker, _) in FAMILIES.items():
            axes.plot(*found[name], marker + "-", color=colour, ms=3, lw=1.2)
        axes.set_title(title, weight="normal", size=9)
        axes.set(xscale="log", yscale="log", xlim=(0.8, 3e7), ylim=(1e-3, 8))
        axes.set_xticks(
            [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7], ["1", "", "100", "", r"$10^4$", "", r"$10^6$", ""]
        )
        axes.set_yticks([0.001, 0.01, 0.1, 1], ["0.001", "0.01", "0.1", "1"])
        axes.minorticks_off()
        data |= {f"{title}: {name}": np.array(found[name]) for name in found}
    figure.supxlabel("states per channel $n$", fontsize=9)
    figure.supylabel(r"error $\|P-\hat P\|_2$", fontsize=9)
    places = {"optimal": (85, 0.0045), "taylor": (1.4e5, 0.12), "positive": (7e3, 0.6)}
    for name, place in (places | {"elu": (24, 0.62), "trigonometric": (2.2e3, 4)}).items():
        colour, _, words = FAMILIES[name]
        panels[0, 2].annotate(words, place, color=colour, fontsize=8, va="center")
    panels[1, 2].annotate("no system\nis here", (1.4, 0.002), color=MUTED, fontsize=8)
    return figure, data
