"""Deciding that an expression is zero, and quickly that it is not."""

from typing import Any

import numpy as np
import sympy as sp
from sympy.matrices.expressions.kronecker import combine_kronecker
from sympy.matrices.expressions.matexpr import MatrixExpr

CLEARLY = 1e-6
"""A number above this is not zero."""


def vanish(expression: Any) -> sp.Expr:
    """Zero if SymPy can show it, else what is left; wrong identities are found by a number and not simplified."""
    expression = sp.expand(sp.sympify(expression))
    if expression == 0 or not_zero_somewhere(expression):
        return expression
    for simpler in (
        sp.simplify,
        lambda e: sp.simplify(sp.expand_log(sp.powsimp(e), force=False)),
        sp.radsimp,
    ):
        expression = simpler(expression)
        if expression == 0:
            break
    return expression


def difference(left: Any, right: Any, by=vanish) -> Any:
    """What is left of ``left - right``: 0, or its first entry that does not vanish."""
    if isinstance(left, MatrixExpr) or isinstance(right, MatrixExpr):
        return matrix_difference(left, right)
    if isinstance(left, sp.MatrixBase):
        left = to_array(left)
    if isinstance(right, sp.MatrixBase):
        right = to_array(right)
    if np.ndim(left) == np.ndim(right) == 0:
        return by(sp.sympify(left) - sp.sympify(right))
    is_zero = np.ndim(right) == 0 and right == 0
    if not is_zero and np.shape(left) != np.shape(right):
        raise ValueError(
            f"expected two sides of one shape, or zero, found {np.shape(left)} and {np.shape(right)}"
        )
    entries = np.ravel(np.asarray(left, dtype=object) - right)
    if not entries.size:
        raise ValueError("expected something to compare, found empty arrays")
    return next((rest for entry in entries if entry != 0 and (rest := by(entry)) != 0), sp.S.Zero)


def matrix_difference(left: MatrixExpr, right: MatrixExpr) -> Any:
    """Zero if two expressions of matrices of symbolic size are the same once Kronecker products are joined."""
    left, right = (combine_kronecker(sp.expand(side).doit()) for side in (left, right))
    if left == right:
        return sp.S.Zero
    rest = (left - right).doit()
    return sp.S.Zero if rest.is_ZeroMatrix else rest


def not_zero_somewhere(expression: sp.Expr) -> bool:
    """Whether a random number for each symbol gives something that is not zero."""
    free = sorted(expression.free_symbols, key=str)
    if any(not s.is_commutative for s in free):
        return False  # expanding decides it
    rng = np.random.default_rng(len(free))
    try:
        value = complex(expression.subs({symbol: number_for(symbol, rng) for symbol in free}).evalf(30))
    except (TypeError, ValueError, ArithmeticError):
        return False
    return bool(np.isfinite(value) and abs(value) > CLEARLY)


def number_for(symbol: sp.Symbol, rng: np.random.Generator) -> sp.Number:
    """A number that a symbol's assumptions allow."""
    if symbol.is_integer:
        return sp.Integer(int(rng.integers(2, 6)))
    size = sp.Rational(int(rng.integers(200, 1500)), 1009)
    if symbol.is_negative:
        return -size
    return size if symbol.is_nonnegative or rng.random() < 0.5 else -size


def to_array(matrix: sp.MatrixBase) -> np.ndarray:
    """An explicit SymPy matrix as an object array."""
    return np.array(matrix.tolist(), dtype=object)


def numerator(expression: sp.Expr) -> sp.Expr:
    """What must vanish for a rational function of exponentials to be zero, its sines and real parts spelled out."""
    expression = expression.replace(sp.re, lambda z: (z + sp.conjugate(z)) / 2)
    expression = expression.replace(sp.im, lambda z: (z - sp.conjugate(z)) / (2 * sp.I))
    return sp.expand(sp.numer(sp.together(sp.expand(expression.rewrite(sp.exp)))))
