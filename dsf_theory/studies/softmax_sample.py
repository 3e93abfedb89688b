"""Softmax attention of normal queries and keys: its weights, and what its past tells its future."""

from typing import NamedTuple

import numpy as np

from dsf_theory.models import LinearAttention, SoftmaxAttention, TaylorAttention


def queries_then_keys(model: type, m: int, **options):
    """A model with one head whose queries are the first m channels of u and whose keys are the last m."""
    eye, none = np.eye(m), np.zeros((m, m))
    return model(W_q=np.hstack([eye, none]), W_k=np.hstack([none, eye]), W_v=np.eye(2 * m), **options)


def softmax_and_input(m: int, length: int, seed: int, temperature: float = 1.0):
    """Softmax attention with normal queries and keys of size m, and an input of it."""
    model = queries_then_keys(SoftmaxAttention, m, scale=1 / (temperature * np.sqrt(m)))
    return model, np.random.default_rng(seed).normal(size=(length, 2 * m))


def past_to_future(P: np.ndarray) -> np.ndarray:
    """Singular values of ``P[i:, :i+1]`` at half the length: what the past tells the future."""
    i = len(P) // 2
    return np.linalg.svd(P[i:, : i + 1], compute_uv=False)


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


def states_needed() -> dict[str, np.ndarray]:
    """The states that softmax attention needs at six lengths, and singular values of it and of linear attention.

    Returns:
        ``lengths``; ``softmax`` and ``linear``, the singular values of :func:`past_to_future` over their largest, at
        length 64; ``states_0.01`` and ``states_0.1``, medians over inputs of how many singular values are above.
    """
    m, lengths, values = 4, np.array([8, 16, 32, 64, 128, 256]), {}
    for length in lengths:
        pairs = [softmax_and_input(m, length, seed) for seed in range(9)]
        values[length] = [past_to_future(model.probabilities(u)[0]) for model, u in pairs]
    softmax = values[64][0]
    linear = past_to_future(queries_then_keys(LinearAttention, m).system(pairs[0][1][:64]).weights()[0, 0])
    assert linear[m] < 1e-12 * linear[0] < 1e-6 < softmax[-1]
    data = {"lengths": lengths, "softmax": softmax / softmax[0], "linear": linear[:m] / linear[0]}
    for error in (0.01, 0.1):
        above = [np.median([(v > error).sum() for v in values[n]]) for n in lengths]
        data[f"states_{error}"] = np.array(above)
    return data
