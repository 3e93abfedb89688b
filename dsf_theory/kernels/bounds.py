"""How many states an accuracy needs: bounds from below for any system, and from above for Taylor features."""

import math
from typing import NamedTuple

import numpy as np

from dsf_theory.arrays import Array, checks, joined
from dsf_theory.kernels.kernel import Kernel, as_kernel, as_numbers, block_values, positive

ERRORS = ("spectral", "frobenius", "entry", "row")
"""Ways to measure ``E = P - P̂``: ‖E‖_2, ‖E‖_F, the largest |E_ij|, the largest ``Σ_j |E_ij|``."""


def kernel_error(kernel: Array, other: Array, error: str = "spectral") -> float | np.ndarray:
    """How far two kernels are apart; Φ counts as the matrix (length d, length d_in).

    Args:
        kernel: causal, (length, length), (heads, length, length) or (length, length, d, d_in).
        other: the same shape.
        error: ``"spectral"`` (‖E‖_2), ``"frobenius"``, ``"entry"`` (the largest ``|E_ij|``) or ``"row"`` (the largest
            ``Σ_j |E_ij|``, as fits rows of attention).

    Returns:
        A number, or (heads,).

    >>> kernel_error(np.eye(2), np.tril(np.ones((2, 2))), "row")
    1.0
    """
    checks.choice("error", error, ERRORS)
    (P, _), (Q, _) = as_numbers(kernel), as_numbers(other)
    checks.one_of_shapes("other", Q, P.shape)
    E = P - Q
    if E.ndim == 4:
        E = np.moveaxis(E, 2, 1).reshape(E.shape[0] * E.shape[2], -1)
    if error in ("spectral", "frobenius"):
        found = np.linalg.norm(E, 2 if error == "spectral" else "fro", axis=(-2, -1))
    else:
        found = (np.abs(E) if error == "entry" else np.abs(E).sum(axis=-1, keepdims=True)).max(axis=(-2, -1))
    return found if E.ndim == 3 else float(found)


def lower_bound(
    kernel: Array, n: int, error: str = "spectral", feedthrough: bool = False
) -> float | np.ndarray:
    """An error below which no system with state expansion n approximates a kernel.

    The blocks ``H_i = P[i:, :i+1]`` of any such system have rank n, so that
    ``‖P - P̂‖_2 >= max_i σ_{n+1}(H_i)`` and ``‖P - P̂‖_F² >= max_i Σ_{k>n} σ_k(H_i)²``. It holds for every Λ, B, C,
    causal or not. All n at once: ``hankel_singular_values(kernel).max(axis=0)``.

    Args:
        kernel: causal, (length, length), (heads, length, length) or (length, length, d, d_in).
        n: the state expansion; for Φ the state has ``N = n d`` dimensions.
        error: as for :func:`kernel_error`.
        feedthrough: whether the system may have a free ``D_i``.

    Returns:
        A number, or (heads,).

    Source: Eckart & Young 1936, applied to each block.

    >>> lower_bound(np.eye(4), n=1), lower_bound(np.eye(4) + np.eye(4, k=-1), n=1)
    (0.0, 0.618...)
    """
    checks.positive_size(n=n)
    parts = as_kernel(kernel)
    values = _comparable(parts, error, feedthrough)
    order = n * parts.channels[0]
    found = values[..., order].max(axis=0) if order < values.shape[-1] else np.zeros(values.shape[1])
    return found if parts.axes == 3 else float(found[0])


def lower_bound_states(
    kernel: Array, eps: float, error: str = "spectral", feedthrough: bool = False
) -> int | np.ndarray:
    """The state expansion that any system needs to come within an error of a kernel; it may need more.

    The number of singular values above eps, ``max_i #{σ_k(H_i) > eps}``; with the other errors, eps is multiplied by
    what relates them to the spectral norm of a block of r rows and c columns: ``√(r c)`` for entries, ``√r`` for rows.

    Args:
        kernel: as for :func:`lower_bound`.
        eps: the error allowed.
        error: as for :func:`kernel_error`.
        feedthrough: whether the system may have a free ``D_i``.

    Returns:
        n, or (heads,).

    >>> lower_bound_states(np.eye(4) + np.eye(4, k=-1), eps=0.1)
    2
    """
    parts = as_kernel(kernel)
    needed = np.sum(_comparable(parts, error, feedthrough) > positive("eps", eps), axis=-1).max(axis=0)
    n = -(-needed // parts.channels[0])
    return n if parts.axes == 3 else int(n[0])


def _comparable(kernel: Kernel, error: str, feedthrough: bool) -> np.ndarray:
    """The least error of each block at each rank 0, 1, ..., (length, heads, K): nothing better is possible."""
    checks.choice("error", error, ERRORS)
    past = 0 if feedthrough else 1
    values = block_values(kernel, 0, past)
    if error == "frobenius":
        return np.sqrt(np.cumsum(values[..., ::-1] ** 2, axis=-1))[..., ::-1]
    d, d_in = kernel.channels
    i = np.arange(kernel.length)[:, None, None]
    rows, columns = (kernel.length - i) * d, (i + past) * d_in
    size = {"spectral": 1, "entry": rows * np.maximum(columns, 1), "row": rows}[error]
    return values / np.sqrt(size)


# -------------------------------------------------------------------- Taylor features


class TruncationBound(NamedTuple):
    """What cutting the series of the exponential may do to the weights of attention.

    Args:
        weight: δ, the largest relative error of an un-normalised weight.
        row: the largest ``Σ_j |P̂_ij - P_ij|`` of normalised weights.
    """

    weight: float
    row: float


def truncation_bound(order: int, rho: float) -> TruncationBound:
    """The error of Taylor attention against softmax attention whose scores are ``|q_iᵀk_j| <= rho``.

    A weight is off by a factor within ``1 ± δ``, ``δ = e^ρ ρ^{p+1} / (p+1)!``, and a row, once normalised, by
    at most ``2δ / (1 + √(1 - δ²))`` in sum, which a row of two weights attains; without bound if δ >= 1. The output
    is off by at most that times the largest ``‖v_j‖``.

    Args:
        order: p, the degree of the polynomial.
        rho: ρ, with the scale of the scores in it.

    Raises:
        ValueError: if ``order`` is not a whole number >= 0, or ``rho`` not a number >= 0.

    Source: Lagrange's remainder; the bound on rows from the mean absolute deviation of a variable in [-δ, δ].

    >>> truncation_bound(order=8, rho=2.0)
    TruncationBound(weight=0.010425..., row=0.010425...)
    """
    checks.whole_number("order", order)
    log = _log_remainder(order, _score(rho))
    delta = math.exp(log) if log < 700 else math.inf
    return TruncationBound(delta, 2 * delta / (1 + math.sqrt(1 - delta**2)) if delta < 1 else math.inf)


def sufficient_order(eps: float, rho: float) -> int:
    """The least even degree that :func:`truncation_bound` guarantees: rows off by at most eps.

    Even degrees alone are positive for every score. ``row <= ε`` where ``δ <= 4ε / (4 + ε²)``.

    Args:
        eps: ε, below 2, which is the distance of two rows of weights at most.
        rho: the largest ``|q_iᵀk_j|``.

    >>> sufficient_order(eps=0.01, rho=1.0), sufficient_order(eps=0.01, rho=100.0)
    (6, 360)
    """
    eps, rho = positive("eps", eps), _score(rho)
    if eps >= 2:
        raise ValueError(f"eps: expected a number between 0 and 2, found {eps}")
    log_delta = math.log(4 * eps / (4 + eps**2))
    low, high = (
        -1,
        math.ceil(max(math.e**2 * rho, rho - log_delta) / 2),
    )  # half the degrees: too low, high enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _log_remainder(2 * middle, rho) <= log_delta else (middle, high)
    return 2 * high


def guaranteed_states(eps: float, rho: float, m: int) -> int:
    """State expansion that guarantees Taylor attention rows within eps of softmax attention's, ``C(m + p, p)``.

    The monomials in m variables up to the degree p of :func:`sufficient_order`; an exact whole number of any size.

    Args:
        eps: as for :func:`sufficient_order`.
        rho: the largest ``|q_iᵀk_j|``.
        m: key dimension of a head.

    >>> guaranteed_states(eps=0.1, rho=2.0, m=4), f"{guaranteed_states(eps=0.1, rho=50.0, m=64):.1e}"
    (495, '3.0e+59')
    """
    checks.positive_size(m=m)
    return math.comb(m + sufficient_order(eps, rho), m)


def _score(rho: float) -> float:
    xp, number = joined("rho", rho)
    checks.finite("rho", xp.numbers(number))
    if number < 0:
        raise ValueError(f"rho: expected a number >= 0, found {rho}")
    return float(number)


def _log_remainder(order: int, rho: float) -> float:
    """log δ, which may be far out of range itself."""
    return rho + (order + 1) * math.log(rho) - math.lgamma(order + 2) if rho else -math.inf
