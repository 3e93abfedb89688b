"""The array namespace of NumPy: floating point numbers."""

import array_api_compat.numpy as base
import numpy as np
from scipy.linalg import expm
from scipy.special import expit

from dsf_theory.arrays.vocabulary import Namespace


class NumpyNamespace(Namespace):
    """NumPy arrays of floating point numbers."""

    name = "numpy"

    def sigmoid(self, x):
        return expit(x)

    def softplus(self, x):
        return np.logaddexp(0, x).astype(x.dtype)

    def complex(self, real, imaginary):
        shape = np.broadcast_shapes(np.shape(real), np.shape(imaginary))
        found = np.empty(shape, np.result_type(real, imaginary, np.complex64))
        found.real, found.imag = real, imaginary  # a product with 1j would turn infinity into NaN
        return found

    def numbers(self, x):
        return np.asarray(x)

    def is_half(self, x):
        return x.dtype == np.float16

    def log_product(self, step, rate):
        if (
            np.isfinite(step).all() and np.isfinite(rate).all()
        ):  # without resets a single product of full size
            return step * rate
        return super().log_product(step, rate)

    def signed_log(self, x):
        with np.errstate(divide="ignore"):
            return super().signed_log(x)

    def silently(self, function, *arguments):
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return function(*arguments)

    def matrix_exponential(self, a):
        return expm(a)


NAMESPACE = NumpyNamespace(base)
