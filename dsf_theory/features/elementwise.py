"""Feature maps that take x entry by entry, re-weight it by position, or pass it through a learned weight."""

from dsf_theory.arrays import Array, checks, namespace


def identity(x: Array) -> Array:
    """``φ(x) = x``: plain linear attention.

    >>> identity(2.0)
    2.0
    """
    return x


def relu(x: Array) -> Array:
    """``φ(x) = max(x, 0)``, entrywise; zero throughout where no entry is positive, and a row sum with it.

    >>> import numpy as np
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return namespace(x=x).relu(x)


def elu_plus_one(x: Array) -> Array:
    """``φ(x) = ELU(x) + 1``, entrywise and positive.

    Source: Katharopoulos et al. 2020, eq. (7).

    >>> import numpy as np
    >>> elu_plus_one(np.array([-1.0, 0.0, 2.0]))
    array([0.368, 1. , 3. ])
    """
    return namespace(x=x).elu_plus_one(x)


def log_elu_plus_one(x: Array) -> Array:
    """The logarithm of :func:`elu_plus_one`, entrywise, which stays in range for any x.

    >>> import numpy as np
    >>> log_elu_plus_one(np.array([-1000.0, 0.0]))
    array([-1000., 0.])
    """
    return namespace(x=x).log_elu_plus_one(x)


elu_plus_one.logarithm = log_elu_plus_one


def cosine_reweighted(x: Array, horizon: int) -> Array:
    """cosFormer: ``φ_i(x) = [x⁺ cos θ_i, x⁺ sin θ_i]`` at step i, ``x⁺ = max(x, 0)``, ``θ_i = π i / (2 horizon)``.

    ``φ_i(q)ᵀφ_j(k) = q⁺ᵀk⁺ cos(π (i - j) / (2 horizon))``: recent keys count most. The position is part of the map,
    so it is no function of the last axis alone: it counts the steps along the axis of time, from 0.

    Args:
        x: (..., length, heads, m), as attention hands queries and keys to φ and ψ.
        horizon: the greatest length; beyond it the cosine would turn negative.

    Returns:
        (..., length, heads, 2m).

    Raises:
        ValueError: for a length beyond the horizon.

    Source: Qin et al. 2022 (cosFormer).

    >>> import numpy as np
    >>> cosine_reweighted(np.ones((2, 1, 1)), horizon=2)[:, 0]
    array([[1. , 0. ], [0.707, 0.707]])
    """
    xp, length = namespace(x=x), x.shape[-3] if x.ndim > 2 else 0
    checks.positive_size(horizon=horizon)
    if not 0 < length <= horizon:
        raise ValueError(f"x: expected shape (..., length <= {horizon}, heads, m), found {tuple(x.shape)}")
    steps = xp.reshape(xp.arange(length, device=getattr(x, "device", None)), (length, 1, 1))
    quarter = xp.log(xp.imaginary * xp.to_complex(xp.new_ones(x, (1, 1, 1))))  # jπ/2, exact in symbols
    turn = xp.exp(quarter * steps / horizon)
    return xp.concat([xp.relu(x) * xp.real(turn), xp.relu(x) * xp.imag(turn)], axis=-1)


def hedgehog(x: Array, weight: Array) -> Array:
    """``φ(x) = softmax([W x, -W x])``, positive, with a weight that is learned.

    Args:
        x: (..., m), or (..., heads, m) for a weight with heads.
        weight: W, (n, m) for all heads together, or (heads, n, m) with one for each.

    Returns:
        (..., 2n).

    Source: Zhang et al. 2024 (Hedgehog).

    >>> import numpy as np
    >>> hedgehog(np.zeros(1), np.eye(1))
    array([0.5, 0.5])
    """
    xp = namespace(x=x, weight=weight)
    z = x @ weight.T if weight.ndim == 2 else xp.einsum("...hm,hnm->...hn", x, weight)
    z = xp.concat([z, -z], axis=-1)
    positive = xp.exp(z - xp.row_max(z))
    return positive / xp.sum(positive, axis=-1, keepdims=True)
