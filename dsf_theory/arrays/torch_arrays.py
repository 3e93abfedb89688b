"""The array namespace of torch: differentiable tensors."""

import array_api_compat.torch as base
import torch

from dsf_theory.arrays.vocabulary import Namespace


class TorchNamespace(Namespace):
    """torch tensors, differentiable."""

    name = "torch"

    def numbers(self, x):
        return self.working(x).numpy(force=True)  # NumPy has no bfloat16

    def is_half(self, x):
        return x.dtype in (torch.float16, torch.bfloat16, torch.complex32)

    def working(self, x):
        return x.to(torch.complex64 if x.is_complex() else torch.float32) if self.is_half(x) else x

    def sigmoid(self, x):
        return self._base.sigmoid(x)

    def softplus(self, x):
        return self._base.logaddexp(x, self._base.zeros_like(x))  # F.softplus is linear above 20: off by 1e-9

    def relu(self, x):
        return self._base.relu(x)  # without gradient at 0, which clip has

    def without_gradient(self, x):
        return x.detach()

    def throughout(self, condition):
        if torch.compiler.is_compiling() or condition.is_cuda:  # a GPU would have to be waited for
            return None
        try:
            return bool(condition.all())
        except RuntimeError:  # under vmap there is one answer for each
            return None

    def matrix_exponential(self, a):
        return self._base.linalg.matrix_exp(a)

    def moveaxis(self, x, source, destination):
        return self._base.movedim(x, source, destination)  # the same, and known to torch.func.vmap

    def sign(self, x):
        return torch.sgn(x)  # the same for numbers, and known to torch.func.vmap

    def cumulative_sum(self, x, axis):
        return torch.cumsum(x, axis)  # the same, and known to torch.compile

    def double(self, x):
        complex_or_real = (
            (torch.complex128, torch.complex64) if x.is_complex() else (torch.float64, torch.float32)
        )
        try:
            return x.to(complex_or_real[0])
        except (TypeError, RuntimeError):  # no double precision on this device, such as Apple's
            return x.to(complex_or_real[1])

    def matmul(self, a, b):
        """``a b`` of tensors of any type: torch multiplies only those of one."""
        together = torch.promote_types(a.dtype, b.dtype)
        return a.to(together) @ b.to(together)

    def complex(self, real, imaginary):
        return torch.complex(*torch.broadcast_tensors(real, imaginary))

    def log_sum(self, log, other):
        if (
            log.is_complex() and other.is_complex()
        ):  # torch multiplies a complex summand by one: inf becomes NaN
            return self.wrapped(torch.complex(log.real + other.real, log.imag + other.imag))
        return super().log_sum(log, other)

    def real(self, x):
        return x.real

    def imag(self, x):
        return x.imag if x.is_complex() else self._base.zeros_like(x)


NAMESPACE = TorchNamespace(base)
