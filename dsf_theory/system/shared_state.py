"""Systems whose channels share one state: any matrices Λ_i, B_i, C_i at all."""

from dataclasses import dataclass, replace

import dsf_theory.system.dense as dense
from dsf_theory.arrays import Array, checks
from dsf_theory.arrays.once import Once
from dsf_theory.system.parts import apply_map
from dsf_theory.system.system import System


@dataclass(frozen=True, eq=False)
class SharedState(System):
    """A system with one state of N numbers for all channels, ``h_i = Λ_i h_{i-1} + B_i u_i``, ``y_i = C_i h_i``.

    A :class:`~dsf_theory.System` keeps a state for each channel, which are mixed on the way in and out only, by maps
    that do not change with time. Here every channel writes to and reads from the same state, by any matrices.

    Args:
        u: (..., length, d_in).
        transition: Λ, :class:`~dsf_theory.system.transition.Dense` of (length, 1, 1, N, N).
        write: (length, 1, d_in, N), the transpose of ``B_i``.
        read: (length, 1, d, N), ``C_i``.
        feedthrough: (d, d_in), added to ``C_i B_i`` at once; default 0.

    >>> import numpy as np
    >>> from dsf_theory.system.transition import Dense
    >>> write, read = np.eye(2)[None, None], np.ones((1, 1, 1, 2))
    >>> add = SharedState(np.array([[2.0, 3.0]]), Dense(np.zeros((1, 1, 1, 2, 2))), write, read)
    >>> add.recurrent()
    array([[5.]])
    """

    def __post_init__(self):
        L, N = self.length, self.expansion
        checks.one_of_shapes("transition", self.transition.matrix, (L, 1, 1, N, N))
        checks.one_of_shapes("write", self.write, (L, 1, self.u.shape[-1], N))
        checks.one_of_shapes("read", self.read, (L, 1, self.d, N))
        for name in ("gain", "value_map", "output_map", "skip", "output_gain"):
            if getattr(self, name) is not None:
                raise ValueError(f"{name}: expected none in a system of one shared state, found one")

    width = 1

    @property
    def d(self) -> int:
        """Channels of the output."""
        return self.read.shape[-2]

    @Once
    def x(self) -> Array:
        """The input u, (..., length, 1, d_in)."""
        return self.u[..., None, :]

    @property
    def drive(self) -> Array:
        """What is added to the state, ``B_i u_i``, (..., length, 1, 1, N)."""
        return self.xp.sum(super().drive, axis=-2, keepdims=True)

    def emit(self, y: Array) -> Array:
        """The output (..., length, d) from what is read of the state, y (..., length, 1, d)."""
        y = y[..., 0, :]
        return y if self.feedthrough is None else y + apply_map(self.feedthrough, self.u)

    @property
    def B(self) -> Array:
        """B, (..., length, N, d_in)."""
        return dense.lead(self, self.xp.matrix_transpose(dense.scaled(self, self.write)[..., 0, :, :]), 3)

    @property
    def C(self) -> Array:
        """C, (..., length, d, N)."""
        return dense.lead(self, dense.readable(self)[..., 0, :, :], 3)

    def weights(self) -> Array:
        """Refused: no channel has a kernel of its own."""
        raise ValueError("weights: expected a state for each channel, found a shared one; use kernel()")

    def kernel(self) -> Array:
        """Φ (..., length, length, d, d_in): ``Φ[i, j] = C_i Λ_i ⋯ Λ_{j+1} B_j``, plus ``D_i`` where i = j."""
        return dense.lead(self, self._kernel_of_one, 4)

    def convolutional(self) -> Array:
        """y (..., length, d) through the kernel, as one matrix (length d, length d_in)."""
        xp, L = self.xp, self.length
        phi = xp.reshape(xp.moveaxis(self._kernel_of_one, 2, 1), (L * self.d, -1))
        y = xp.matmul(phi, xp.reshape(self.u, (*self.u.shape[:-2], -1, 1)))
        return xp.reshape(y, (*self.u.shape[:-1], self.d))

    @property
    def _kernel_of_one(self) -> Array:
        """The kernel without the leading axes of u, which the coefficients do not have."""
        return replace(self, u=self.xp.reshape(self.u, (-1, *self.u.shape[-2:]))[0]).product_kernel()
