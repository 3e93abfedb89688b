"""The array namespace of SymPy: NumPy object arrays of expressions."""

from functools import partial

import array_api_compat.numpy as base
import numpy as np
import sympy

from dsf_theory.arrays.names import unknown
from dsf_theory.arrays.operations import OPERATIONS
from dsf_theory.arrays.vocabulary import Array, Namespace

BY_ENTRY = {
    "exp": sympy.exp,
    "sqrt": sympy.sqrt,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "atan": sympy.atan,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
    "abs": sympy.Abs,
    "sign": sympy.sign,
    "floor": sympy.floor,
    "ceil": sympy.ceiling,
    "real": sympy.re,
    "imag": sympy.im,
    "conj": sympy.conjugate,
    "maximum": sympy.Max,
    "minimum": sympy.Min,
    "greater": sympy.Gt,
    "greater_equal": sympy.Ge,
    "less": sympy.Lt,
    "less_equal": sympy.Le,
}
"""Operation -> function of one expression, or of two."""

OF_OBJECTS = frozenset(OPERATIONS) | {"zeros", "eye"}
"""What NumPy does with arrays of any objects, where it is not defined here."""


class SympyNamespace(Namespace):
    """NumPy object arrays of SymPy expressions: formulas stay as they are written.

    Raises:
        AttributeError: for an operation without a symbolic reading, that is not among the ``OPERATIONS``.
    """

    name = "sympy"
    imaginary, pi, e, inf = sympy.I, sympy.pi, sympy.E, sympy.oo

    def __getattr__(self, attribute):
        if attribute in BY_ENTRY:
            return partial(self.map, BY_ENTRY[attribute])
        if attribute in OF_OBJECTS:
            return super().__getattr__(attribute)
        raise AttributeError(unknown("operation with a symbolic reading", attribute, OPERATIONS))

    def map(self, function, *arrays: Array) -> Array:
        """Apply a function of expressions to every entry, or to entries of several arrays side by side."""
        return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), dtype=object)

    def log(self, x):
        return self.map(lambda e: -sympy.oo if e == 0 else sympy.log(e), x)

    def atan2(self, y, x):
        return self.map(lambda b, a: sympy.S.Zero if a == b == 0 else sympy.atan2(b, a), y, x)

    def clip(self, x, min=None, max=None):
        x = x if min is None else self.maximum(x, min)
        return x if max is None else self.minimum(x, max)

    def max(self, x, axis=None, keepdims=False):
        return reduced(sympy.Max, x, axis, keepdims)

    def min(self, x, axis=None, keepdims=False):
        return reduced(sympy.Min, x, axis, keepdims)

    def isfinite(self, x):
        return self.map(lambda e: sympy.sympify(e).is_finite is not False, x).astype(bool)

    def where(self, condition, x, y):
        return self.map(chosen, condition, x, y)

    def relu(self, x):
        return self.map(lambda e: sympy.Max(e, 0), x)

    def finite_exp(self, x):
        return self.exp(x)

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
        return self.map(lambda e: -sympy.oo if e == -2 else sympy.log(1 + e / 2) - sympy.log(1 - e / 2), z)

    def times_exp(self, x, log):
        return x * self.exp(log)

    def safe_sqrt(self, x):
        return self.sqrt(x)

    def as_precise_as(self, x, like):
        return x

    def expm1_ratio(self, z):
        return self.map(lambda e: sympy.S.One if e == 0 else (sympy.exp(e) - 1) / e, z)

    def root(self, k):
        return sympy.sqrt(k)

    def row_max(self, x):
        return 0  # subtracting it changes no ratio, and symbols do not overflow

    def signed_log(self, x):
        x = self.map(sympy.sympify, x)
        log = self.log(self.map(lambda e: abs(e) if e.is_number else e, x))
        return log, self.map(
            lambda e: sympy.sign(e) if e.is_number else sympy.S.One, x
        )  # symbols: the log keeps it

    def double(self, x):
        return x

    def working(self, x):
        return x

    def to_complex(self, x):
        return x

    def wrapped(self, log):
        return log

    def running_sum(self, x, axis):
        return np.cumsum(x, axis=axis)

    def log_product(self, step, rate):
        return self.map(lambda a, b: -sympy.oo if infinite(a) or infinite(b) else a * b, step, rate)

    def log_sum(self, log, other):
        return self.map(lambda a, b: -sympy.oo if infinite(a) or infinite(b) else a + b, log, other)

    def matrix_exponential(self, a):
        blocks = [exponential(sympy.Matrix(block)) for block in a.reshape(-1, *a.shape[-2:])]
        return np.array([np.array(b.tolist(), dtype=object) for b in blocks], dtype=object).reshape(a.shape)

    def inverse(self, a):
        if a.shape[-1] == 1:
            return 1 / a  # entries may not commute
        blocks = [sympy.Matrix(block).inv() for block in a.reshape(-1, *a.shape[-2:])]
        return np.array([np.array(b.tolist(), dtype=object) for b in blocks], dtype=object).reshape(a.shape)


def reduced(function, x: Array, axis: int | None, keepdims: bool) -> Array:
    """A function of two expressions, such as the larger one, taken over an axis."""
    return np.asarray(np.frompyfunc(function, 2, 1).reduce(x, axis=axis, keepdims=keepdims), dtype=object)


def chosen(condition, x, y):
    """x where a condition holds, else y; where that is open, a formula of both."""
    if condition in (True, False):
        return x if condition else y
    return sympy.Piecewise((x, condition), (y, True))


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
