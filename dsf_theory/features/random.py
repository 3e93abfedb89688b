"""Random features of the softmax kernel: maps with ``E φ(q)ᵀφ(k) = e^{qᵀk}`` over directions ω that are drawn once."""

import numpy as np

from dsf_theory.arrays import Array, checks, namespace
from dsf_theory.features.polynomials import affordable


def random_directions(r: int, m: int, seed=0, orthogonal: bool = True) -> np.ndarray:
    """Directions ω (r, m), each ``N(0, I)``, either independent or orthogonal in blocks of m.

    A block is a rotation drawn uniformly, its rows given the lengths of independent Gaussian vectors, which are χ
    distributed with m degrees of freedom. Orthogonal directions lower the variance of positive features, for any q, k.

    Args:
        r: how many.
        m: entries of each.
        seed: a number, or a generator of NumPy.
        orthogonal: whether they are orthogonal in blocks.

    Source: Yu et al. 2016; Choromanski et al. 2021, section 2.4.

    >>> omega = random_directions(2, 2)
    >>> bool(abs(omega[0] @ omega[1]) < 1e-12)
    True
    """
    checks.positive_size(r=r, m=m)
    rng = np.random.default_rng(seed)
    if not orthogonal:
        return rng.standard_normal((r, m))
    Q, R = np.linalg.qr(rng.standard_normal((-(-r // m), m, m)))
    Q = Q * np.sign(np.einsum("bii->bi", R))[:, None, :]  # without the signs of R, Q is not uniform
    lengths = np.linalg.norm(rng.standard_normal((r, m)), axis=1, keepdims=True)
    return lengths * Q.reshape(-1, m)[:r]


def positive_random(x: Array, omega: Array) -> Array:
    """FAVOR+, ``φ(x)_l = e^{ω_lᵀx - ‖x‖²/2} / √r``: positive features.

    The variance of ``φ(q)ᵀφ(k)`` over r independent directions is ``e^{‖q+k‖²} e^{2qᵀk} (1 - e^{-‖q+k‖²}) / r``:
    none where q = -k and the kernel is small, most where the kernel is large.

    Args:
        x: (..., m), of any array library.
        omega: (r, m), such as :func:`random_directions`.

    Returns:
        (..., r).

    Raises:
        ValueError: for an ω of another m, or features that would not fit in memory.

    Source: Choromanski et al. 2021, Lemma 1 and 2.

    >>> positive_random(np.zeros(2), random_directions(4, 2))
    array([0.5, 0.5, 0.5, 0.5])
    """
    return namespace(x=x).exp(log_positive_random(x, omega))


def log_positive_random(x: Array, omega: Array) -> Array:
    """The logarithm of :func:`positive_random`, ``ω_lᵀx - (‖x‖² + log r)/2``, which stays in range for any x.

    The terms are added before the exponential is taken, as a large ``e^{ωᵀx}`` may meet a small ``e^{-‖x‖²/2}``.

    >>> log_positive_random(np.zeros(1), np.ones((4, 1))) + np.log(2)
    array([0., 0., 0., 0.])
    """
    xp = namespace(x=x, omega=omega)
    affordable("positive_random", x, omega.shape[0])
    score, square = projected(x, omega)
    return score - (square + xp.log(omega.shape[0] * xp.ones_like(square))) / 2


def trigonometric_random(x: Array, omega: Array) -> Array:
    """Random Fourier features of exp, ``φ(x) = e^{‖x‖²/2} / √r [cos ω_lᵀx, sin ω_lᵀx]``.

    The variance of ``φ(q)ᵀφ(k)`` over r independent directions is ``e^{‖q+k‖²} e^{-2qᵀk} (1 - e^{-‖q-k‖²})² / 2r``:
    none where q = k. They take either sign, so that a row sum may vanish.

    Args:
        x: (..., m), of any array library.
        omega: (r, m), such as :func:`random_directions`.

    Returns:
        (..., 2r).

    Raises:
        ValueError: for an ω of another m, or features that would not fit in memory.

    Source: Rahimi and Recht 2007; Choromanski et al. 2021, section 2.3 and Lemma 2.

    >>> trigonometric_random(np.zeros(2), random_directions(1, 2))
    array([1., 0.])
    """
    xp = namespace(x=x, omega=omega)
    affordable("trigonometric_random", x, 2 * omega.shape[0])
    score, square = projected(x, omega)
    wave = xp.exp(xp.complex(square / 2, score)) / xp.root(omega.shape[0])
    return xp.concat([xp.real(wave), xp.imag(wave)], axis=-1)


def projected(x: Array, omega: Array) -> tuple[Array, Array]:
    """``ω_lᵀx`` (..., r) and ``‖x‖²`` (..., 1)."""
    xp = namespace(x=x, omega=omega)
    checks.one_of_shapes("omega", omega, (omega.shape[0], x.shape[-1]))
    return x @ xp.as_precise_as(omega, x).T, xp.sum(x * x, axis=-1, keepdims=True)
