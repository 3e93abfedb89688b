"""Symbols in, numbers in, formulas out: the helpers of the symbolic reading."""

from collections.abc import Iterable

import numpy as np
import sympy

from dsf_theory.arrays import Array
from dsf_theory.system.system import System


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
        raise ValueError(
            f"values: expected a number for every symbol, found none for {sorted(map(str, missing))}"
        )
    function = sympy.lambdify([symbol for symbol, _ in pairs], flat, modules="numpy", cse=True)
    with np.errstate(all="ignore"):
        found = np.asarray(function(*(number for _, number in pairs)))
    for k in np.flatnonzero(~np.isfinite(found)):
        limit = complex(limit_at(flat[k], pairs))
        found = found.astype(complex) if limit.imag else found
        found[k] = limit if limit.imag else limit.real
    return found.reshape(expressions.shape)


UNDEFINED = (sympy.nan, sympy.zoo)
"""What SymPy answers where a value is not defined, though there may be a limit."""


def limit_at(expression: sympy.Expr, pairs: list[tuple]) -> sympy.Expr:
    """The number that an expression tends to, where rounding or a division of zero by zero hides it.

    Args:
        expression: of symbols.
        pairs: of each symbol and its number, put in one after another, exactly.
    """
    for symbol, number in pairs:
        exact = sympy.nsimplify(number.item() if hasattr(number, "item") else number, rational=True)
        there = expression.subs(symbol, exact)
        expression = sympy.limit(expression, symbol, exact) if there.has(*UNDEFINED) else there
    return expression.evalf(20)


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

    matrices = {r"\Lambda": system.Lambda, "B": system.B, "C": system.C, "D": system.D}
    parts = [rf"{name}_{{{i}}} &= {to_latex(matrix[i], names)}" for name, matrix in matrices.items()]
    return Math(r"\begin{aligned}" + r" \\[6pt] ".join(parts) + r"\end{aligned}")


def formula(left: str, expression, names: dict | None = None):
    """``left = expression`` for a notebook.

    Args:
        left: LaTeX.
        expression: a SymPy expression, or an object array with up to two axes.
        names: expression -> symbol, abbreviations to use.

    Returns:
        an ``IPython.display.Math``.
    """
    from IPython.display import Math

    return Math(f"{left} = {to_latex(expression, names)}")


def to_latex(expression, names: dict | None = None) -> str:
    """An expression or an array of them in LaTeX, entry ``W_q_0_1`` printed as W^q with indices 0, 1."""
    expression = sympy.Matrix(expression.tolist()) if np.ndim(expression) else sympy.sympify(expression)
    expression = expression.subs(names) if names else expression
    expression = expression.applyfunc(sympy.powsimp) if np.ndim(expression) else sympy.powsimp(expression)
    pretty = {symbol: symbol_latex(symbol.name) for symbol in expression.free_symbols}
    return sympy.latex(expression, symbol_names=pretty, mat_delim="(")


def symbol_latex(name: str) -> str:
    r"""The LaTeX of a symbol: letters after the first underscore raised, indices lowered.

    >>> symbol_latex("W_q_0_1"), symbol_latex("eta_2")
    ('W^{q}_{0,1}', '\\eta_{2}')
    """
    base, *rest = name.split("_")
    index = [part for part in rest if part.isdigit()]
    raised = [part for part in rest if not part.isdigit()]
    text = sympy.latex(sympy.Symbol(base))
    text += "^{" + r"\,".join(sympy.latex(sympy.Symbol(part)) for part in raised) + "}" if raised else ""
    return text + ("_{" + ",".join(index) + "}" if index else "")
