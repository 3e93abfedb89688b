"""The state as an associative memory: pairs of keys and values are stored, then asked for."""

import numpy as np

from dsf_theory.arrays import Array, namespace
from dsf_theory.system import System
from dsf_theory.system.transition import Diagonal


def associative_memory(keys: Array, values: Array) -> System:
    """Linear attention that is given pairs, then asked for each of their keys, in order.

    Over the first steps ``H_i = H_{i-1} + v_i k_iᵀ``; then the value is zero, so that nothing is written,
    and the output is ``H k_i``. Its last ``pairs`` rows are the values recalled.

    Args:
        keys: (..., pairs, n).
        values: (..., pairs, d).

    >>> associative_memory(np.eye(2), np.array([[1.0], [2.0]])).recurrent()[2:, 0]
    array([1., 2.])
    """
    xp = namespace(keys=keys, values=values)
    queries = xp.concat([keys, keys], axis=-2)[..., None, None, :]
    u = xp.concat([values, 0 * values], axis=-2)
    return System(u=u, transition=Diagonal(0 * queries[..., :1, :, :, :]), write=queries, read=queries)


def recall(keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """What :func:`associative_memory` gives back for each key, (..., pairs, d), once all are stored."""
    pairs = keys.shape[-2]
    return associative_memory(keys, values).chunked(2 * pairs)[..., pairs:, :]


def recall_error(keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """``‖recalled - stored‖ / ‖stored‖`` over all pairs and channels, (...,)."""
    wrong = recall(keys, values) - values
    return np.linalg.norm(wrong, axis=(-2, -1)) / np.linalg.norm(values, axis=(-2, -1))


def spread_keys(pairs: int, n: int) -> np.ndarray:
    """Keys (pairs, n) of length one, spread evenly: orthogonal up to n pairs, a tight frame beyond.

    Samples of n/2 cosines and sines, ``k_iᵀk_j = sin(πnδ) / (n sin(πδ))``, ``δ = (i - j) / max(pairs, n)``.
    Beyond n pairs the mean of ``Σ_{j≠i} (k_iᵀk_j)²`` is ``pairs/n - 1``, the least that unit keys can have.

    >>> bool(np.allclose(spread_keys(3, 3) @ spread_keys(3, 3).T, np.eye(3)))
    True
    """
    period = max(pairs, n)
    frequencies = (np.arange(n // 2) + (1 if n % 2 else 0.5)) / period
    angles = 2 * np.pi * np.arange(pairs)[:, None] * frequencies
    keys = [np.full((pairs, n % 2), np.sqrt(0.5)), np.cos(angles), np.sin(angles)]
    return np.sqrt(2 / n) * np.concatenate(keys, axis=1)


def random_keys(pairs: int, n: int, seed: int) -> np.ndarray:
    """Keys (pairs, n) of length one in random directions; the first do not depend on how many follow."""
    keys = np.random.default_rng([seed, n]).standard_normal((pairs, n))
    return keys / np.linalg.norm(keys, axis=1, keepdims=True)


def random_recall(pairs: int, n: int, values: np.ndarray, draws: int = 32) -> float:
    """The root mean square of :func:`recall_error` over draws of random keys."""
    keys = np.stack([random_keys(pairs, n, seed) for seed in range(draws)])
    return float(np.sqrt(np.mean(recall_error(keys, np.broadcast_to(values, (draws, *values.shape))) ** 2)))


def recall_by_pairs() -> dict[str, np.ndarray]:
    """The recall error of evenly spread and of random keys, by states ``n`` (rows) and by ``pairs`` (columns)."""
    sizes, d, most = (4, 8, 16), 256, 48
    pairs = np.unique(np.round(np.geomspace(1, most, 17)).astype(int))
    values = np.random.default_rng(0).standard_normal((most, d))
    spread = np.array([[recall_error(spread_keys(p, n), values[:p]) for p in pairs] for n in sizes])
    random = np.array([[random_recall(p, n, values[:p, :64]) for p in pairs] for n in sizes])
    return {"n": np.array(sizes), "pairs": pairs, "spread": spread.round(6), "random": random}
