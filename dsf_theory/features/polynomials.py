"""Feature maps whose inner product is a polynomial of the score qᵀk, exactly, and how many features they take."""

from math import comb, factorial, prod

from dsf_theory.arrays import Array, checks, namespace


def taylor_size(m: int, order: int) -> int:
    """Features of :func:`taylor`: ``Σ_{p<=order} m^p``, that is ``(m^{order+1} - 1)/(m - 1)`` for m > 1.

    >>> taylor_size(16, 2)
    273
    """
    checks.positive_size(m=m)
    order = checks.whole_number("order", order)
    return order + 1 if m == 1 else (m ** (order + 1) - 1) // (m - 1)


def monomials_size(m: int, order: int) -> int:
    """Features of :func:`monomials`: ``binomial(m + order, order)``.

    >>> monomials_size(16, 2)
    153
    """
    checks.positive_size(m=m)
    return comb(m + checks.whole_number("order", order), order)


def powers_size(m: int, degree: int) -> int:
    """Features of :func:`powers`: ``binomial(m + degree - 1, degree)``.

    >>> powers_size(16, 2)
    136
    """
    checks.positive_size(m=m)
    return comb(m + checks.whole_number("degree", degree) - 1, degree)


def taylor(x: Array, order: int) -> Array:
    """All tensor powers of x up to a degree: their inner product is a Taylor polynomial of exp.

    With ``φ(x) = [1, x, x⊗x/√2!, ..., x⊗...⊗x/√order!]``, ``φ(q)ᵀφ(k) = Σ_{p<=order} (qᵀk)^p / p!``. A product of
    entries stands here once for every order of its factors; :func:`monomials` does with one of each.

    Args:
        x: (..., m), of any array library.
        order: the degree.

    Returns:
        (..., taylor_size(m, order)).

    Raises:
        ValueError: if the features would not fit in memory.

    >>> import numpy as np
    >>> taylor(np.array([1.0, 3.0]), 1)
    array([1., 1., 3.])
    """
    xp, m = namespace(x=x), x.shape[-1]
    affordable("taylor", x, taylor_size(m, order))
    found = [xp.ones_like(x[..., :1])]
    for degree in range(1, order + 1):
        product = found[-1][..., :, None] * x[..., None, :] / xp.root(degree)
        found.append(xp.reshape(product, (*x.shape[:-1], m**degree)))
    return xp.concat(found, axis=-1)


def based(x: Array) -> Array:
    """The map of Based, ``taylor(x / m^{1/4}, 2)``: ``φ(q)ᵀφ(k) = 1 + s + s²/2`` with ``s = qᵀk/√m``.

    Args:
        x: (..., m), of any array library.

    Returns:
        (..., 1 + m + m²).

    Source: Arora et al. 2024 (Based).

    >>> import numpy as np
    >>> float(based(np.ones(16)) @ based(np.ones(16)))
    13.0
    """
    xp = namespace(x=x)
    return taylor(x / xp.root(xp.root(x.shape[-1])), 2)


def monomials(x: Array, order: int) -> Array:
    """All monomials of x up to a degree, weighted so that their inner product is a Taylor polynomial of exp.

    With ``φ(x)_α = x^α / √(α!)`` for ``|α| <= order``, ``φ(q)ᵀφ(k) = Σ_{p<=order} (qᵀk)^p / p!``. No map with this
    inner product has fewer features.

    Args:
        x: (..., m), of any array library.
        order: the degree.

    Returns:
        (..., monomials_size(m, order)), by degree, then in lexicographic order.

    Raises:
        ValueError: if the features would not fit in memory.

    >>> import numpy as np
    >>> monomials(np.array([2.0]), 2) ** 2 * [1, 1, 2]
    array([ 1.,  4., 16.])
    """
    affordable("monomials", x, monomials_size(x.shape[-1], order))
    return namespace(x=x).concat(by_degree(x, order), axis=-1)


def powers(x: Array, degree: int) -> Array:
    """All monomials of x of one degree, weighted so that ``φ(q)ᵀφ(k) = (qᵀk)^degree``.

    ``φ(x)_α = √(degree!/α!) x^α`` for ``|α| = degree``. The kernel of an even degree takes no negative value.

    Args:
        x: (..., m), of any array library.
        degree: the power.

    Returns:
        (..., powers_size(m, degree)), in lexicographic order.

    Raises:
        ValueError: if the features would not fit in memory.

    Source: Kacham et al. 2024 (PolySketchFormer), without the sketch.

    >>> import numpy as np
    >>> float(powers(np.array([1.0, 2.0]), 2) @ powers(np.array([3.0, 1.0]), 2))
    25.0
    """
    affordable("powers", x, powers_size(x.shape[-1], degree))
    return namespace(x=x).root(factorial(degree)) * by_degree(x, degree)[-1]


def by_degree(x: Array, order: int) -> list[Array]:
    """``x^α / √(α!)`` for ``|α| = 0, ..., order``, each degree (..., powers_size(m, degree)) in lexicographic order.

    The monomials that begin with letter a are ``x_a`` times the monomials one degree lower in the letters from a on,
    which are the last ones there.
    """
    xp, m = namespace(x=x), x.shape[-1]
    found, times = [xp.ones_like(x[..., :1])], [0]
    for degree in range(1, order + 1):
        lower, times = found[-1], first_letters(m, degree, times)
        skipped = [lower.shape[-1] - powers_size(m - a, degree - 1) for a in range(m)]
        products = [x[..., a : a + 1] * lower[..., skip:] for a, skip in enumerate(skipped)]
        roots = xp.sqrt(xp.asarray(times, dtype=x.dtype, device=getattr(x, "device", None)))
        found.append(xp.concat(products, axis=-1) / roots)
    return found


def first_letters(m: int, degree: int, lower: list[int]) -> list[int]:
    """How often each monomial of a degree holds its first letter: what its α! is over that of the other letters.

    Args:
        m: letters.
        degree: at least one.
        lower: the same of one degree less; ``[0]`` of degree zero.

    >>> first_letters(2, 3, [2, 1, 2])  # aaa, aab, abb, bbb, from aa, ab, bb
    [3, 2, 1, 3]
    """
    found = []
    for a in range(m):
        others = lower[-powers_size(m - a, degree - 1) :]  # what follows the first letter a
        again = powers_size(m - a, degree - 2) if degree > 1 else 1  # begins, up to here, with a once more
        found += [times + 1 for times in others[:again]] + [1] * (len(others) - again)
    return found


def affordable(name: str, x: Array, n: int) -> None:
    """Refuse n features of every x (..., m) that would not fit in memory, before they are allocated.

    Raises:
        ValueError: with the size that they would take.
    """
    vectors, m = prod(x.shape[:-1]), x.shape[-1]
    checks.fits_in_memory(
        name,
        f"{n:,} features of each of {vectors:,} vectors of m={m}",
        size=n * vectors * getattr(x, "itemsize", 8),
        advice="take fewer features, or more heads of smaller keys",
    )
