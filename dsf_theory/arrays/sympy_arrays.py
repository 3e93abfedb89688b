"""The array namespace of SymPy: NumPy object arrays of expressions."""

import array_api_compat.numpy as base
import numpy as np
import sympy

from dsf_theory.arrays.vocabulary import Array, Namespace


class SympyNamespace(Namespace):
    """NumPy object arrays of SymPy expressions: formulas stay as they are written."""

    name = "sympy"
    imaginary = sympy.I

    def map(self, function, x: Array) -> Array:
        """Apply a function of one expression to every entry."""
        return np.asarray(np.frompyfunc(function, 1, 1)(x), dtype=object)

    def exp(self, x):
        return self.map(sympy.exp, x)

    def log(self, x):
        return self.map(sympy.log, x)

    def sqrt(self, x):
        return self.map(sympy.sqrt, x)

    def tanh(self, x):
        return self.map(sympy.tanh, x)

    def real(self, x):
        return self.map(sympy.re, x)

    def imag(self, x):
        return self.map(sympy.im, x)

    def relu(self, x):
        return self.map(lambda e: sympy.Max(e, 0), x)

    def expm1(self, x):
        return self.exp(x) - 1

    def log1p(self, x):
        return self.log(1 + x)

    def sigmoid(self, x):
        return self.map(lambda e: 1 / (1 + sympy.exp(-e)), x)

    def softplus(self, x):
        return self.log(1 + self.exp(x))

    def log_softplus(self, x):
        return self.log(self.softplus(x))

    def elu_plus_one(self, x):
        return self.map(lambda e: sympy.Piecewise((e + 1, e > 0), (sympy.exp(e), True)), x)

    def log_bilinear(self, z):
        return self.log(1 + z / 2) - self.log(1 - z / 2)

    def times_exp(self, x, log):
        return x * self.exp(log)

    def safe_sqrt(self, x):
        return self.sqrt(x)

    def as_precise_as(self, x, like):
        return x

    def expm1_ratio(self, z):
        return (self.exp(z) - 1) / z

    def root(self, k):
        return sympy.sqrt(k)

    def row_max(self, x):
        return 0  # subtracting it changes no ratio, and symbols do not overflow

    def signed_log(self, x):
        return self.log(x), np.ones_like(x)  # a formal logarithm keeps the sign

    def double(self, x):
        return x

    def to_complex(self, x):
        return x

    def wrapped(self, log):
        return log

    def running_sum(self, x, axis):
        return np.cumsum(x, axis=axis)

    def log_product(self, step, rate):
        pairs = np.frompyfunc(lambda a, b: -sympy.oo if infinite(a) or infinite(b) else a * b, 2, 1)
        return np.asarray(pairs(step, rate), dtype=object)

    def where(self, condition, x, y):
        return np.where(condition, x, y).astype(object)

    def matrix_exponential(self, a):
        blocks = [exponential(sympy.Matrix(block)) for block in a.reshape(-1, *a.shape[-2:])]
        return np.array([np.array(b.tolist(), dtype=object) for b in blocks], dtype=object).reshape(a.shape)

    def inverse(self, a):
        if a.shape[-1] == 1:
            return 1 / a  # entries may not commute
        blocks = [sympy.Matrix(block).inv() for block in a.reshape(-1, *a.shape[-2:])]
        return np.array([np.array(b.tolist(), dtype=object) for b in blocks], dtype=object).reshape(a.shape)


def infinite(entry) -> bool:
    """Whether an entry is an infinity, of SymPy or floating point."""
    return entry in (sympy.oo, -sympy.oo, sympy.zoo)


def exponential(a: sympy.Matrix) -> sympy.Matrix:
    """``e^a`` by Newton interpolation of exp at the eigenvalues, where they are distinct.

    SymPy's own goes through a Jordan form, which divides by entries that are zero in a triangular matrix.
    """
    poles = a.eigenvals(multiple=True)
    if len(set(poles)) < len(poles):
        return a.exp()
    table, power, total = [sympy.exp(pole) for pole in poles], sympy.eye(a.rows), sympy.zeros(a.rows)
    for order, pole in enumerate(poles):
        total += table[0] * power
        power *= a - pole * sympy.eye(a.rows)
        table = [
            (table[k + 1] - table[k]) / (poles[k + order + 1] - poles[k])
            for k in range(len(poles) - order - 1)
        ]
    return total


NAMESPACE = SympyNamespace(base)
