"""Weights of attention from Taylor, random and ELU + 1 features, and their errors against softmax."""

import numpy as np

from dsf_theory.features import (
    elu_plus_one,
    monomials_size,
    positive_random,
    random_directions,
    trigonometric_random,
)
from dsf_theory.kernels.bounds import kernel_error, truncation_bound
from dsf_theory.kernels.hankel import hankel_singular_values
from dsf_theory.kernels.realisation import realise
from dsf_theory.studies.softmax_sample import Sample, sample, softmax_and_input


def over_row_sums(weights: np.ndarray) -> np.ndarray:
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
            found[p] = over_row_sums(series)
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
        found[n], before = over_row_sums(total), n // per
    return found


def taylor_error(m: int, order: int, temperature: float, length: int = 64) -> float:
    """Largest L1 error of a row of the softmax matrix when its exponential is cut off after ``order``."""
    model, u = softmax_and_input(m, length, 0, temperature)
    q, k = (part[:, 0] for part in model.queries_keys(u))
    series = [np.ones((length, length))]
    for p in range(1, order + 1):
        series.append(series[-1] * (q @ k.T) / p)
    cut = np.tril(sum(series))
    cut /= cut.sum(axis=1, keepdims=True)
    return float(np.abs(cut - model.probabilities(u)[0]).sum(axis=1).max())


STATES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
"""State expansions of realised systems; half the length is exact."""


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
        "elu": {q.shape[1]: over_row_sums(elu_plus_one(q) @ elu_plus_one(k).T)},
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


def row_errors(P: np.ndarray, other: np.ndarray) -> np.ndarray:
    """``Σ_j |P̂_ij - P_ij|`` of each row."""
    return np.abs(other - P).sum(axis=1)


def relative_deviation(size: np.ndarray, trigonometric: bool = False) -> np.ndarray:
    """Standard deviation of one feature's ``φ(q)ᵀφ(k)`` over ``e^{qᵀk}``, for positive features of ``|q + k|``.

    It is ``(e^{s²} - 1)^½`` for positive features, ``e^{s²/2} (1 - e^{-s²}) / √2`` for trigonometric ones and their
    ``s = |q - k|``.

    >>> float(relative_deviation(np.array(0.0)))
    0.0
    """
    if trigonometric:
        return np.exp(size**2 / 2) * -np.expm1(-(size**2)) / np.sqrt(2)
    return np.sqrt(np.expm1(size**2))


def measured_deviation(size: float, m: int, draws: int, trigonometric=False, orthogonal=False) -> float:
    """The same, of ``m`` directions and times ``√m``, over many draws, for one pair with ``|q ± k| = size``."""
    rng = np.random.default_rng([int(100 * size), m])
    mean, half = rng.standard_normal((2, m))
    mean, half = 0.6 * mean / np.linalg.norm(mean), size / 2 * half / np.linalg.norm(half)
    q, k = (mean + half, mean - half) if trigonometric else (half + mean, half - mean)
    omega = random_directions(m * draws, m, rng, orthogonal)
    map_to = trigonometric_random if trigonometric else positive_random
    phi, psi = (map_to(x, omega).reshape(-1, draws, m) for x in (q, k))
    estimates = draws * np.sum(phi * psi, axis=(0, 2))
    return float(np.sqrt(m) * estimates.std() / np.exp(q @ k))


def taylor_costs() -> dict[str, np.ndarray]:
    """:func:`taylor_error` of keys of size 4 by even order, and the features that one percent takes by key size.

    Returns:
        ``order`` and ``key_size``; ``error_T`` and ``features_T`` for the temperatures T = 0.5, 1.0 and 2.0.
    """
    orders, sizes = np.arange(0, 21, 2), np.array([1, 2, 4, 8, 16])
    data = {"order": orders, "key_size": sizes}
    for temperature in (0.5, 1.0, 2.0):
        needed = [next(p for p in range(0, 60, 2) if taylor_error(m, p, temperature) <= 0.01) for m in sizes]
        features = [monomials_size(m, p) for m, p in zip(sizes.tolist(), needed, strict=True)]
        data[f"error_{temperature}"] = np.array([taylor_error(4, p, temperature) for p in orders])
        data[f"features_{temperature}"] = np.array(features, dtype=float)
    return data


def row_bounds(order: int, rho: np.ndarray) -> np.ndarray:
    """The bound on a row of Taylor attention of an order for each largest score ``rho``; infinite where it has none."""
    return np.array([truncation_bound(order, x).row for x in rho])


def taylor_rows(order: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest score and the error of every row of Taylor attention with keys of size 4, at four temperatures."""
    largest, errors = [], []
    for temperature in (4.0, 2.0, 1.0, 0.5):
        P, q, k = sample(m=4, temperature=temperature)
        largest.append(np.abs(np.tril(q @ k.T)).max(axis=1))
        errors.append(row_errors(P, taylor_weights(q, k, order)[order]))
    return np.concatenate(largest), np.concatenate(errors)


def worst_taylor_rows(orders: np.ndarray, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """The largest error of a row of Taylor attention, keys of size 4, for each even order; and its bound, 2 at most."""
    P, q, k = sample(m=4, temperature=temperature)
    cut, largest = taylor_weights(q, k, orders[-1]), np.abs(np.tril(q @ k.T)).max()
    measured = np.array([row_errors(P, cut[p]).max() for p in orders])
    return measured, np.array([truncation_bound(p, largest).row for p in orders]).clip(max=2)


def random_rows(features: int) -> tuple[np.ndarray, np.ndarray]:
    """The length of the query and the error of every row with positive random features, at three temperatures."""
    norms, errors = [], []
    for temperature in (2.0, 1.0, 0.5):
        P, q, k = sample(m=4, temperature=temperature)
        norms.append(np.linalg.norm(q, axis=1))
        errors.append(row_errors(P, random_weights(q, k, [features])[features]))
    return np.concatenate(norms), np.concatenate(errors)
