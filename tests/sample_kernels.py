"""Causal kernels of known structure, written out plainly."""

import numpy as np


def softmax(length, m=8, temperature=1.0, seed=0):
    """Attention of random queries and keys, scores of standard deviation 1 / temperature."""
    q, k = np.random.default_rng(seed).standard_normal((2, length, m))
    weights = np.tril(np.exp(q @ k.T / np.sqrt(m) / temperature))
    return weights / weights.sum(axis=1, keepdims=True)


def window(length, width, seed=0):
    """Random numbers at the last ``width`` steps."""
    return np.triu(np.tril(np.random.default_rng(seed).uniform(1, 2, (length, length))), 1 - width)


def low_rank(length, n, seed=0):
    """Linear attention of n random features."""
    q, k = np.random.default_rng(seed).standard_normal((2, length, n))
    return np.tril(q @ k.T)


def gated(length, n, seed=0, reset=None):
    """Linear attention with decays between 1/2 and 1, all of them zero at one step if there is a reset."""
    rng = np.random.default_rng(seed)
    q, k = rng.standard_normal((2, length, n))
    decay = rng.uniform(0.5, 1, (length, n))
    if reset is not None:
        decay[reset] = 0
    P = np.zeros((length, length))
    for i in range(length):
        for j in range(i + 1):
            P[i, j] = np.sum(q[i] * decay[j + 1 : i + 1].prod(axis=0) * k[j])
    return P


def periodic(length, period, seed=0):
    """What a time-invariant system with a periodic response answers."""
    response = np.random.default_rng(seed).standard_normal(period)
    i = np.arange(length)
    return np.tril(response[(i[:, None] - i) % period])
