"""The vocabulary that the array namespaces of SymPy, NumPy and torch have in common.

A model is written once, over a namespace ``xp`` that :func:`~dsf_theory.arrays.namespace` finds from its arrays.
Functions of the Python array API come from ``array-api-compat``; the few that models need beyond it are added here,
each in the form that is exact in its library: stable for floating point, literal for symbols.
"""

import math
from collections.abc import Callable
from typing import Any

Array = Any
"""An array of any of the three libraries."""


class Namespace:
    """The array API of one library, and the functions that sequence models add to it.

    Attributes that are not defined here fall through to ``array_api_compat``.
    """

    name: str
    imaginary = 1j

    def __init__(self, base):
        self._base = base

    def __getattr__(self, attribute):
        return getattr(self._base, attribute)

    def __repr__(self):
        return f"<array namespace {self.name}>"

    def log_sigmoid(self, x: Array) -> Array:
        """``log σ(x) = -softplus(-x)``, elementwise."""
        return -self.softplus(-x)

    def elu_plus_one(self, x: Array) -> Array:
        """``ELU(x) + 1``: ``x + 1`` for positive x, else ``exp(x)``, positive wherever ``exp`` is."""
        return self.where(x > 0, x + 1, self.exp(self.clip(x, max=0)))

    def log_softplus(self, x: Array) -> Array:
        """``log log(1 + e^x)``, elementwise; ``x`` itself where ``e^x`` is too small to be added to one."""
        tiny = x < -36
        return self.where(tiny, x, self.log(self.softplus(self.where(tiny, 0 * x, x))))

    def signed_log(self, x: Array) -> tuple[Array, Array]:
        """``log |x|`` and the sign of x, elementwise; without gradient where 1/x is no number."""
        size = self.abs(x)
        tiny = size < float(self.finfo(x.dtype).smallest_normal)
        safe = self.where(tiny, self.ones_like(size), size)
        return self.where(tiny, self.log(self.without_gradient(size)), self.log(safe)), self.sign(x)

    def expm1_ratio(self, z: Array) -> Array:
        """``(e^z - 1) / z``, elementwise, with its limit 1 at ``z = 0``."""
        small = self.abs(z) < 1e-3
        safe, near = self.where(small, self.ones_like(z), z), self.where(small, z, self.zeros_like(z))
        series = 1 + near / 2 * (
            1 + near / 3 * (1 + near / 4 * (1 + near / 5))
        )  # its derivative is right at zero
        return self.where(small, series, self.expm1(safe) / safe)

    def log_bilinear(self, z: Array) -> Array:
        """``log((1 + z/2) / (1 - z/2))`` of complex z, elementwise, its real part exact for slow decays.

        At z = -2 the decay is zero: then the logarithm is that of 1e-20, through which its derivative is right as well.
        """
        w = z / 2
        ratio = (1 + w) / (1 - w)
        fast, one = self.abs(ratio) < 0.5, self.ones_like(z)
        by_ratio = self.log(self.where(fast, ratio + self.where(ratio == 0, 1e-20 * one, 0 * one), one))
        slow, ratio = self.where(fast, 0 * w, w), self.where(fast, one, ratio)
        radius = self.log1p(4 * self.real(slow) / self.abs(1 - slow) ** 2) / 2
        return self.where(
            fast, by_ratio, self.complex(radius, self.atan2(self.imag(ratio), self.real(ratio)))
        )

    def resets(self, log: Array) -> tuple[Array, Array]:
        """A factor of logarithms made finite, and what their product has more: -inf where it was infinite, else 0.

        An infinite logarithm is a decay of zero. As a factor it would be ``0 * inf`` in the derivative of the other.
        """
        infinite, zero = self.isinf(log), self.zeros_like(log)
        return self.where(infinite, zero, log), self.where(infinite, -self.inf, self.real(zero))

    def log_product(self, step: Array, rate: Array) -> Array:
        """``step rate``, the logarithm of a decay; where a factor is infinite, of a decay of zero that stays zero."""
        step, reset = self.resets(step)
        return reset + step * self.finite_rate(rate)

    def finite_rate(self, rate: Array) -> Array:
        """A rate of decay with 1e30 in place of infinity: the decay is zero all the same, its derivative finite."""
        return self.where(self.isinf(rate), self.astype(1e30 * self.sign(self.real(rate)), rate.dtype), rate)

    def finite_exp(self, x: Array) -> Array:
        """``e^x``, elementwise, kept within the range of numbers: such a rate, and its derivative, stay finite."""
        return self.exp(self.clip(x, max=0.999 * math.log(float(self.finfo(x.dtype).max))))

    def log_sum(self, log: Array, other: Array) -> Array:
        """The logarithm of the product of two decays, its phase wrapped; -inf where either is."""
        return self.wrapped(log + other)

    def log_elu_plus_one(self, x: Array) -> Array:
        """``log(ELU(x) + 1)``, elementwise, where ``exp(x)`` is no number too."""
        return self.where(x > 0, self.log1p(self.clip(x, min=0)), x)

    def times_exp(self, x: Array, log: Array) -> Array:
        """``x e^log``, elementwise, finite wherever the result is: in four steps, as e^log alone may overflow.

        Logarithms beyond the range of any result are cut, so that zero times any factor is zero.
        """
        most = 3.99 * math.log(float(self.finfo(log.dtype).max))
        quarter = self.exp(self.clip(log, min=-most, max=most) / 4)
        return x * quarter * quarter * quarter * quarter

    def safe_sqrt(self, x: Array) -> Array:
        """``√x`` of numbers x >= 0, elementwise, with a finite derivative at zero."""
        positive = self.clip(x, min=float(self.finfo(x.dtype).smallest_normal))
        return self.where(x > 0, self.sqrt(positive), self.zeros_like(x))

    def as_precise_as(self, x: Array, like: Array) -> Array:
        """x in the precision of ``like``, complex or real as it is."""
        single = like.dtype not in (self.float64, self.complex128)
        if self.isdtype(x.dtype, "complex floating"):
            target = self.complex64 if single else self.complex128
        else:
            target = self.float32 if single else self.float64
        return x if x.dtype == target else self.astype(x, target)

    def root(self, k: int):
        """The square root of a whole number."""
        return k**0.5

    def row_max(self, x: Array) -> Array:
        """The maximum over the last axis, kept: what a stable softmax subtracts."""
        return self.max(x, axis=-1, keepdims=True)

    def numbers(self, x: Array):
        """The entries as a NumPy array, to be looked at; None for symbols."""
        return None

    def is_half(self, x: Array) -> bool:
        """Whether the numbers have half precision, of two bytes, bfloat16 among them."""
        return False

    def working(self, x: Array) -> Array:
        """The array in the least precision that is computed in: half types are for keeping numbers only."""
        return self.astype(x, self.float32) if self.is_half(x) else x

    def double(self, x: Array) -> Array:
        """The same array in double precision, or in single on a device that has no double."""
        return self.astype(x, self.complex128 if self.isdtype(x.dtype, "complex floating") else self.float64)

    def complex(self, real: Array, imaginary: Array) -> Array:
        """``real + j imaginary``."""
        return real + self.imaginary * imaginary

    def to_complex(self, x: Array) -> Array:
        """The same array with a complex dtype of the same precision."""
        if self.isdtype(x.dtype, "complex floating"):
            return x
        return self.astype(x, self.complex128 if x.dtype == self.float64 else self.complex64)

    def relu(self, x: Array) -> Array:
        """``max(x, 0)``, elementwise."""
        return self.clip(x, min=0)

    def inverse(self, a: Array) -> Array:
        """The inverse of each matrix in the last two axes."""
        return self.linalg.inv(a)

    def running_sum(self, x: Array, axis: int) -> Array:
        """Cumulative sum, accumulated in double precision; of complex logarithms, see :meth:`wrapped`."""
        return self.astype(self.wrapped(self.cumulative_sum(self.double(x), axis=axis)), x.dtype)

    def wrapped(self, log: Array) -> Array:
        """A logarithm with its phase between -π and π, where it keeps its digits; real ones are left alone.

        That of a decay of zero may have any phase, and NaN as its phase: it says nothing.
        """
        if not self.isdtype(log.dtype, "complex floating"):
            return log
        phase = self.imag(log)
        turns = self.round(phase / (2 * self.pi))
        return self.complex(self.real(log), phase - 2 * self.pi * turns)

    def without_gradient(self, x: Array) -> Array:
        """The same array as a constant."""
        return x

    def throughout(self, condition: Array) -> bool | None:
        """Whether a condition holds everywhere; None where torch maps, traces or would wait for a GPU."""
        return bool(self.all(condition))

    def silently(self, function: Callable, *arguments):
        """What a function returns, without warnings of numbers out of range."""
        return function(*arguments)

    def new_zeros(self, like: Array, shape: tuple[int, ...]) -> Array:
        """Zeros of a shape, of the dtype and on the device of ``like``."""
        return self.zeros(shape, dtype=like.dtype, device=getattr(like, "device", None))

    def new_ones(self, like: Array, shape: tuple[int, ...]) -> Array:
        """Ones of a shape, of the dtype and on the device of ``like``."""
        return self.new_zeros(like, shape) + 1

    def new_eye(self, like: Array, size: int) -> Array:
        """The identity matrix, of the dtype and on the device of ``like``."""
        return self.eye(size, dtype=like.dtype, device=getattr(like, "device", None))

    def lower(self, like: Array, size: int, strict: bool = False) -> Array:
        """A boolean mask, true where ``j <= i`` (strict: ``j < i``)."""
        device = getattr(like, "device", None)
        index = self.arange(size, device=device)
        return index[:, None] > index[None, :] if strict else index[:, None] >= index[None, :]
