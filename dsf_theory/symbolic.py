"""Symbols in, numbers in, formulas out: the helpers of the symbolic reading."""

from collections.abc import Iterable

import numpy as np
import sympy

from dsf_theory.arrays import Array
from dsf_theory.system import System


def symbols(name: str, shape: tuple[int, ...], **assumptions) -> np.ndarray:
    """An object array of SymPy symbols, entry ``[0, 1]`` named ``name_0_1``; real unless told otherwise.

    Args:
        name: of the array.
        shape: of the array.
        **assumptions: of SymPy, such as ``positive=True`` or ``complex=True``.

    >>> symbols("u", (2, 1))
    array([[u_0_0],
           [u_1_0]], dtype=object)
    """
    assumed = {k: v for k, v in assumptions.items() if v} or {"real": True}
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        array[index] = sympy.Symbol("_".join([name, *map(str, index)]), **assumed)
    return array


def evaluate(expressions: Array, values: Iterable[tuple[Array, Array]]) -> np.ndarray:
    """Numbers for an object array of expressions.

    Args:
        expressions: object array of any shape.
        values: pairs of an array of symbols and an array of the numbers to put in, of the same shape.

    Returns:
        float64 (or complex128) array of the shape of ``expressions``.

    Raises:
        ValueError: if a symbol is left without a number.

    >>> x = symbols("x", (2,))
    >>> evaluate(x * x[0], [(x, np.array([2.0, 3.0]))])
    array([4., 6.])
    """
    pairs = [p for s, v in values for p in zip(np.ravel(s), np.ravel(v), strict=True)]
    pairs = [(symbol, number) for symbol, number in pairs if isinstance(symbol, sympy.Symbol)]
    expressions = np.asarray(expressions, dtype=object)
    flat = [sympy.sympify(e) for e in expressions.flat]
    missing = set().union(*(e.free_symbols for e in flat)) - {symbol for symbol, _ in pairs}
    if missing:
        raise ValueError(f"values: expected a number for every symbol, found none for {sorted(map(str, missing))}")
    function = sympy.lambdify([symbol for symbol, _ in pairs], flat, modules="numpy", cse=True)
    return np.asarray(function(*(number for _, number in pairs))).reshape(expressions.shape)


def show(system: System, i: int, names: dict | None = None):
    """Λ_i, B_i, C_i and D_i of a symbolic system as a formula for a notebook.

    Args:
        system: a system of SymPy expressions.
        i: the time step.
        names: expression -> symbol, abbreviations to use.

    Returns:
        an ``IPython.display.Math``.
    """
    from IPython.display import Math

    parts = []
    for symbol, matrix in zip(
        (r"\Lambda", "B", "C", "D"), (system.Lambda, system.B, system.C, system.D), strict=True
    ):
        parts.append(f"{symbol}_{{{i}}} = {matrix_latex(matrix[i], names)}")
    return Math(r",\quad ".join(parts))


def matrix_latex(matrix: Array, names: dict | None = None) -> str:
    """A matrix of expressions in LaTeX, with abbreviations put in."""
    matrix = sympy.Matrix(matrix.tolist())
    return sympy.latex(matrix.subs(names) if names else matrix, mat_delim="(")
