"""Feature maps φ, ψ of separable attention: functions of the last axis, for arrays of any library."""

from itertools import combinations_with_replacement

from dsf_theory.arrays import Array, namespace


def identity(x: Array) -> Array:
    """``φ(x) = x``: plain linear attention."""
    return x


def elu_plus_one(x: Array) -> Array:
    """``φ(x) = ELU(x) + 1``, entrywise and positive.

    Source: Katharopoulos et al. 2020, eq. (7).
    """
    return namespace(x=x).elu_plus_one(x)


def monomials(x: Array, order: int) -> Array:
    """All monomials of x up to a degree, weighted so that their inner product is a Taylor polynomial of exp.

    With ``φ(x)_α = x^α / √(α!)`` for ``|α| <= order``, ``φ(q)ᵀφ(k) = Σ_{p<=order} (qᵀk)^p / p!``.

    Args:
        x: (..., m), of any array library.
        order: the degree.

    Returns:
        (..., binomial(m + order, order)).

    >>> import numpy as np
    >>> monomials(np.array([2.0]), 2) ** 2 * [1, 1, 2]
    array([ 1.,  4., 16.])
    """
    xp = namespace(x=x)
    found = {(): xp.ones_like(x[..., 0])}
    for degree in range(1, order + 1):
        for word in combinations_with_replacement(range(x.shape[-1]), degree):
            found[word] = found[word[:-1]] * x[..., word[-1]] / xp.root(word.count(word[-1]))
    return xp.stack(list(found.values()), axis=-1)
