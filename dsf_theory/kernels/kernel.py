"""Causal kernels as given, and their blocks from the past to the future.

A kernel has one of three shapes, told apart by their number of axes:

- ``(length, length)``: scalar, shared by all channels;
- ``(heads, length, length)``: scalar, one for each head or channel, as the probabilities of attention are;
- ``(length, length, d, d_in)``: the Φ of a model, ``y_i = Σ_j Φ[i, j] u_j``.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dsf_theory.arrays import Array, checks, domains, joined


class Kernel(NamedTuple):
    """A kernel that has been checked, as one matrix of blocks for each head.

    Args:
        matrices: (heads, length * p, length * q), in blocks of p outputs and q inputs; float64.
        block: (p, q), which is (1, 1) for scalar kernels.
        W: (d, d_in), of norm one, where the kernel is the scalar one times W; else None.
        eps: relative rounding of the numbers given.
        axes: number of axes of the kernel given.
    """

    matrices: np.ndarray
    block: tuple[int, int]
    W: np.ndarray | None
    eps: float
    axes: int

    @property
    def length(self) -> int:
        """Number of time steps L."""
        return self.matrices.shape[1] // self.block[0]

    @property
    def channels(self) -> tuple[int, int]:
        """(d, d_in), which is (1, 1) for scalar kernels; ``N = n d``."""
        return self.block if self.W is None else self.W.shape

    @property
    def norms(self) -> np.ndarray:
        """``‖P‖_F``, (heads,)."""
        return np.linalg.norm(self.matrices, axis=(1, 2))

    @property
    def rounding(self) -> np.ndarray:
        """What rounding may leave of a singular value that is zero, (heads,)."""
        return 4 * np.sqrt(max(self.matrices.shape[1:])) * self.eps * self.norms

    def part(self, rows: slice, columns: slice) -> np.ndarray:
        """The blocks of some outputs and inputs, as matrices (heads, p * steps, q * steps)."""
        (p, q), scaled = self.block, lambda at, size: slice(size * at.start, size * at.stop)
        return self.matrices[:, scaled(rows, p), scaled(columns, q)]

    def past_to_future(self, future: int, past: int) -> Iterator[np.ndarray]:
        """``P[i + future :, : i + past]`` for each i."""
        return (self.part(slice(i + future, self.length), slice(0, i + past)) for i in range(self.length))

    def as_given(self, results: np.ndarray) -> np.ndarray:
        """Results (length, heads, ...), without the axis of heads if the kernel has none."""
        return results if self.axes == 3 else results[:, 0]


def as_kernel(kernel: Array) -> Kernel:
    """The kernel as matrices of blocks, checked.

    Raises:
        ValueError: for another shape, numbers that are not real and finite, or entries above the diagonal.
    """
    P, eps = as_numbers(kernel)
    return (
        _in_blocks(P, eps) if P.ndim == 4 else Kernel(P.reshape(-1, *P.shape[-2:]), (1, 1), None, eps, P.ndim)
    )


def as_numbers(kernel: Array) -> tuple[np.ndarray, float]:
    """The kernel in NumPy and double precision, checked, and the rounding of the numbers given."""
    xp, kernel = joined("kernel", kernel)
    shape = tuple(kernel.shape)
    if xp.name == "sympy" or "complex" in str(kernel.dtype):
        raise ValueError(f"kernel: expected real numbers, found an array of {kernel.dtype}")
    steps = shape[:2] if len(shape) == 4 else shape[-2:]
    if len(shape) not in (2, 3, 4) or len(set(steps)) > 1 or min(shape) < 1:
        raise ValueError(
            "kernel: expected shape (length, length), (heads, length, length) or (length, length, d, d_in), "
            f"found {shape}"
        )
    P = xp.numbers(kernel).astype(np.float64, copy=False)
    checks.finite("kernel", P)
    largest = np.abs(P).max()
    if largest and not 1e-100 < largest < 1e100:
        raise ValueError(f"kernel: expected its largest entry between 1e-100 and 1e100, found {largest:.4g}")
    _refuse_later(P)
    return P, float(xp.finfo(kernel.dtype).eps)


def _refuse_later(P: np.ndarray) -> None:
    by_time = np.moveaxis(P, (0, 1), (-2, -1)) if P.ndim == 4 else P
    found = np.argwhere(np.triu(by_time, 1))
    if len(found):
        (i, j), value = found[0][-2:], by_time[tuple(found[0])]
        raise ValueError(f"kernel: expected zeros where j > i (causal), found {value:.4g} at i={i}, j={j}")


def _in_blocks(P: np.ndarray, eps: float) -> Kernel:
    """Φ as a scalar kernel times a matrix W where it is that up to rounding, else as a matrix of blocks."""
    L, _, d, d_in = P.shape
    W = P.reshape(-1, d, d_in)[np.argmax(np.einsum("ijab,ijab->ij", P, P))]
    W = W / (np.linalg.norm(W) or 1)
    scalar = np.einsum("ijab,ab->ij", P, W)
    if np.linalg.norm(P - scalar[..., None, None] * W) <= 100 * eps * np.linalg.norm(P):
        return Kernel(scalar[None], (1, 1), W, eps, 4)
    return Kernel(np.moveaxis(P, 2, 1).reshape(1, L * d, L * d_in), (d, d_in), None, eps, 4)


def block_values(kernel: Kernel, future: int, past: int) -> np.ndarray:
    """Singular values of the blocks ``P[i + future :, : i + past]``, (length, heads, K), filled up with zeros."""
    found = [np.linalg.svd(block, compute_uv=False) for block in kernel.past_to_future(future, past)]
    values = np.zeros((len(found), len(kernel.matrices), max(part.shape[-1] for part in found)))
    for i, part in enumerate(found):
        values[i, :, : part.shape[-1]] = part
    if kernel.W is None:
        return values
    products = values[..., None] * np.linalg.svd(kernel.W, compute_uv=False)
    return np.flip(np.sort(products.reshape(*values.shape[:-1], -1)), axis=-1)


def positive(name: str, value: float) -> float:
    """The number, once it is known to be positive and finite."""
    xp, number = joined(name, value)
    checks.finite(name, xp.numbers(number))
    domains.positive(name, xp.numbers(number))
    return float(number)
