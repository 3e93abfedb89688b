"""The linear time-varying system: its parts, its matrices, its bases and the forms that evaluate it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import dsf_theory.system.chunks as chunks
import dsf_theory.system.dense as dense
import dsf_theory.system.forms as forms
import dsf_theory.system.real_form as real_form
from dsf_theory.arrays import Array, checks
from dsf_theory.arrays.once import Once
from dsf_theory.system.parts import Gauge, Parts, apply_map


class System(Parts):
    """A linear time-varying system ``h_i = Λ_i h_{i-1} + B_i u_i``, ``y_i = C_i h_i + D_i u_i``, with ``h_{-1} = 0``.

    Args:
        u, transition, write, read, ...: the structured parts, with their shapes, as :class:`Parts` lists them.

    Parts are taken to be finite. By recurrent() and scan() a number that is not spoils no earlier output; by chunked()
    and convolutional(), which are products over time, it may: zero times NaN is NaN.

    Source: DSF, eq. (1)-(2); Sieber et al. 2024.

    >>> import numpy as np
    >>> from dsf_theory.system.transition import Diagonal
    >>> u, one = np.array([[1.0], [0.0], [0.0]]), np.ones((1, 1, 1, 1))
    >>> System(u, Diagonal(np.log(0.5) * one), one, one).recurrent()[:, 0]
    array([1.  , 0.5 , 0.25])
    """

    # ---------------------------------------------------------------- dense matrices

    @property
    def Lambda(self) -> Array:
        """Λ, (..., length, N, N). ``Λ_0`` multiplies ``h_{-1} = 0`` and is arbitrary."""
        return dense.transition_matrix(self)

    @property
    def B(self) -> Array:
        """B, (..., length, N, d_in)."""
        return dense.input_matrix(self)

    @property
    def C(self) -> Array:
        """C, (..., length, d, N)."""
        return dense.output_matrix(self)

    @property
    def D(self) -> Array:
        """D, (..., length, d, d_in)."""
        return dense.feedthrough_matrix(self)

    def product_kernel(self) -> Array:
        """Φ (length, length, d, d_in) multiplied out from Λ, B, C, D as they are shown; serves one sequence."""
        return dense.product_kernel(self, *self.xp.silently(lambda: (self.Lambda, self.B, self.C, self.D)))

    # ---------------------------------------------------------------- choice of basis

    def in_gauge(self, gauge: Gauge | None) -> "System":
        """The same system shown in another gauge; ``None`` for the basis of its coefficients."""
        return replace(self, gauge=gauge)

    def in_basis(self, T: Array, before: Array | None = None) -> "System":
        """The system ``T_i Λ_i T_{i-1}^{-1}``, ``T_i B_i``, ``C_i T_i^{-1}``, of the same kernel; see ``dense``."""
        return dense.in_basis(self, T, before)

    def real(self, form: str = "block") -> "System":
        """A complex diagonal system in real numbers, ``"block"`` or ``"rotating"``; see ``real_form``.

        Where maps mix complex channels, as in S5 and LRU, it is a :class:`SharedState`.
        """
        if real_form.mixes(self):
            return SharedState(**real_form.stacked(self, form))
        return real_form.real_form(self, form)

    # ---------------------------------------------------------------- evaluation forms

    def recurrent(self) -> Array:
        """y (..., length, d) by the recurrence, one step after another; the reference, in double precision."""
        return self._evaluated(forms.recurrent)

    def convolutional(self) -> Array:
        """y (..., length, d) as a weighted sum of the values so far."""
        return self._evaluated(forms.convolutional)

    def chunked(self, chunk: int | None = None) -> Array:
        """y (..., length, d), linear in length: weights within chunks, the recurrence between them."""
        return self._evaluated(lambda system: chunks.chunked(system, chunk))

    def scan(self) -> Array:
        """y (..., length, d) by a parallel scan of logarithmic depth."""
        return self._evaluated(forms.scan)

    def states(self) -> Array:
        """h (..., length, N), channel-major, in the basis of Λ, B and C."""
        return self._evaluated(lambda system: dense.vec(system, dense.scaled(system, forms.states(system))))

    def weights(self) -> Array:
        """The weights of each channel, (..., heads, channel, length, length), channel 1 where all share them.

        ``w[i, j]`` is the weight of ``x_j`` in what is read at step i, without the maps X and E.
        """
        return self._evaluated(lambda system: forms.gained(system, forms.weights(system)))

    def kernel(self) -> Array:
        """Φ (..., length, length, d, d_in): ``Φ[i, j] = C_i Λ_i ⋯ Λ_{j+1} B_j``, plus ``D_i`` where i = j."""
        return self._evaluated(forms.kernel)

    def _evaluated(self, form: Callable[["System"], Array]) -> Array:
        """What a form gives; numbers of half precision are kept in it, and computed with in single precision."""
        if not self.xp.is_half(self.u):
            return form(self)
        return self.xp.astype(form(self.map(self.xp.working)), self.u.dtype)


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
