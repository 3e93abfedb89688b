"""The linear time-varying system: its parts, its matrices, its bases and the forms that evaluate it."""

from collections.abc import Callable
from dataclasses import replace

import dsf_theory.system.chunks as chunks
import dsf_theory.system.dense as dense
import dsf_theory.system.forms as forms
import dsf_theory.system.real_form as real_form
from dsf_theory.arrays import Array
from dsf_theory.system.parts import Gauge, Parts


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
        """A complex diagonal system in real numbers, ``"block"`` or ``"rotating"``; see ``real_form``."""
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
