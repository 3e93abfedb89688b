"""How much state a causal kernel needs: ranks and singular values of its blocks from the past to the future.

Whatever rows ``i, i+1, ...`` of a kernel P take from columns ``..., i`` must pass through ``h_i``. The rank of the
Hankel block ``H_i = P[i:, :i+1]`` is therefore the least dimension of ``h_i``: no basis, no choice of Λ, B, C and no
look at the future helps. Where the feedthrough ``D_i`` is free the diagonal of P says nothing, and the strict blocks
``P[i:, :i]`` take the place of ``H_i``.

Kernels are given in one of the three shapes of :mod:`~dsf_theory.kernels.kernel`: (length, length),
(heads, length, length) or (length, length, d, d_in).
"""

import numpy as np

from dsf_theory.arrays import Array
from dsf_theory.kernels.kernel import Kernel, as_kernel, block_values, positive


def hankel_singular_values(kernel: Array, feedthrough: bool = False) -> np.ndarray:
    """Singular values of the block from the past to the future at every step, the largest first.

    Of ``H_i = P[i:, :i+1]``, they belong to the kernel and to no basis. As many as are not zero is the least
    dimension of ``h_i``; and no system of state dimension n has an error below ``.max(axis=0)[n]`` in spectral norm.

    One SVD a step, values only: 0.2 s for length 256 and 11 s for length 1024 on one core.

    Args:
        kernel: causal; Φ counts as the matrix (length d, length d_in).
        feedthrough: whether ``D_i`` is free; then of the strict blocks ``P[i:, :i]``.

    Returns:
        (length, K), or (length, heads, K); where a block has fewer than K, zeros follow.

    Raises:
        ValueError: for another shape, numbers that are not real and finite, or entries above the diagonal.

    Source: Dewilde & van der Veen 1998, Time-Varying Systems and Computations, on Hankel operators.

    >>> hankel_singular_values(np.tril(np.ones((3, 3)))).round(3)  # a running sum: one state
    array([[1.732, 0.   ],
           [2.   , 0.   ],
           [1.732, 0.   ]])
    """
    parts = as_kernel(kernel)
    return parts.as_given(block_values(parts, 0, 0 if feedthrough else 1))


def minimal_dimensions(kernel: Array, tol: float | None = None, feedthrough: bool = False) -> np.ndarray:
    """The least dimension of ``h_i`` at every step, over all systems that have this kernel.

    With D = 0, ``n_i = rank P[i:, :i+1]``; with ``D_i`` free,
    ``n_i = rank P[i:, :i] + rank P[i+1:, :i+1] - rank P[i+1:, :i]``. One system attains them all at once.

    Args:
        kernel: causal, in any of the three shapes.
        tol: singular values up to ``tol ‖P‖_F`` count as zero; default what rounding may leave.
        feedthrough: whether ``D_i`` is free, see :func:`minimal_feedthrough`.

    Returns:
        (length,), or (length, heads): for each channel that shares a scalar kernel, or of the whole state for Φ.

    Raises:
        ValueError: as for :func:`hankel_singular_values`, or if ``tol`` is not positive.

    Source: Dewilde & van der Veen 1998 (D = 0); Woerdeman 1989, minimal rank completions (D free).

    >>> minimal_dimensions(np.eye(3)), minimal_dimensions(np.eye(3), feedthrough=True)
    (array([1, 1, 1]), array([0, 0, 0]))
    """
    parts = as_kernel(kernel)
    if not feedthrough:
        return parts.as_given(_ranks(parts, 0, 1, tol))
    strict = _ranks(parts, 0, 0, tol)
    following = np.concatenate([strict[1:], 0 * strict[:1]])
    return parts.as_given(strict + following - _ranks(parts, 1, 0, tol))


def separable_dimension(kernel: Array, tol: float | None = None) -> np.ndarray:
    """The least n for which a kernel is that of separable attention, or of any system whose Λ is invertible, D = 0.

    ``Σ_i (rank P[i:, :i+1] - rank P[i:, :i])``: an invertible Λ may shrink what it stores but frees no dimension,
    so that each direction ever written counts.

    Args:
        kernel: causal, in any of the three shapes.
        tol: as for :func:`minimal_dimensions`.

    Returns:
        A number, or (heads,).

    >>> int(separable_dimension(np.eye(3)))  # against one state of a system that forgets
    3
    """
    parts = as_kernel(kernel)
    return np.sum(parts.as_given(_ranks(parts, 0, 1, tol) - _ranks(parts, 0, 0, tol)), axis=0)


def minimal_feedthrough(kernel: Array, tol: float | None = None) -> np.ndarray:
    """A feedthrough that leaves the rest of the kernel the least state, at every step at once.

    ``D_i = P_ii - a B⁺ c`` with ``a = P[i, :i]``, ``B = P[i+1:, :i]``, ``c = P[i+1:, i]``.

    Args:
        kernel: causal, in any of the three shapes.
        tol: as for :func:`minimal_dimensions`.

    Returns:
        (length,), (length, heads) or (length, d, d_in).

    Source: Woerdeman 1989, minimal rank completions.

    >>> minimal_feedthrough(np.tril(np.ones((4, 4))) + np.diag([0, 5, 6, 0])).round(9) + 0
    array([1., 5., 6., 1.])
    """
    parts, found = as_kernel(kernel), []
    zero = _zero(parts, tol)[:, None]
    for i, B in enumerate(parts.past_to_future(1, 0)):
        now, past, future = slice(i, i + 1), slice(0, i), slice(i + 1, parts.length)
        U, S, V = np.linalg.svd(B, full_matrices=False)
        inverse = np.divide(1, S, out=np.zeros_like(S), where=S > zero)[:, None]
        through = (parts.part(now, past) @ V.mT * inverse) @ (U.mT @ parts.part(future, now))
        found.append(parts.part(now, now) - through)
    D = np.stack(found) if parts.W is None else np.stack(found) * parts.W
    return parts.as_given(D) if parts.axes == 4 else parts.as_given(D[..., 0, 0])


def _zero(kernel: Kernel, tol: float | None) -> np.ndarray:
    """Up to where a singular value counts as zero, (heads,)."""
    if tol is None:
        return kernel.rounding
    return positive("tol", tol) * kernel.norms


def _ranks(kernel: Kernel, future: int, past: int, tol: float | None) -> np.ndarray:
    """Numerical ranks of the blocks ``P[i + future :, : i + past]``, (length, heads)."""
    return np.sum(block_values(kernel, future, past) > _zero(kernel, tol)[:, None], axis=-1)
