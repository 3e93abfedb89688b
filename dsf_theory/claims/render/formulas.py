"""Formulas of a proof as a reader sees them: both sides of identities, and what is left of them."""

import html
import textwrap

import numpy as np
import sympy as sp

from dsf_theory.claims.outcome import Outcome, StepResult
from dsf_theory.claims.statement import Identity
from dsf_theory.system.symbolic import symbol_latex, to_latex
from dsf_theory.system.words import scientific

READABLE = 60
"""Operations in an expression that a reader can take in."""


def representative(identity: Identity) -> tuple[object, object, str]:
    """Both sides, or one entry of each where they are arrays too large to read, and which one it is."""
    left, right = (as_array(side) for side in (identity.left, identity.right))
    if isinstance(left, sp.MatrixExpr) or isinstance(right, sp.MatrixExpr) or not np.ndim(left):
        return left, right, ""
    right = np.broadcast_to(np.asarray(right, dtype=object), np.shape(left))
    if np.ndim(left) <= 2 and size(left) + size(right) <= READABLE and np.size(left) <= 16:
        return left, right, ""
    places = sorted(np.ndindex(left.shape), key=lambda place: worth_reading(left[place]))
    place = places[-1]
    axes = [(k, size) for k, size in zip(place, left.shape, strict=True) if size > 1]
    index, shape = (sep.join(str(axis[part]) for axis in axes) for part, sep in ((0, ", "), (1, " × ")))
    return left[place], right[place], f"entry ({index}) of {shape}"


def as_array(side):
    """A list or an explicit matrix as an object array; anything else as it is."""
    if isinstance(side, sp.MatrixBase):
        side = side.tolist()
    return np.array(side, dtype=object) if isinstance(side, list) else side


def size(side) -> int:
    """Number of operations in an expression or an array of them."""
    if isinstance(side, sp.MatrixExpr):
        return int(side.count_ops())
    return sum(int(sp.sympify(entry).count_ops()) for entry in np.ravel(np.asarray(side, dtype=object)))


def worth_reading(entry) -> float:
    """The more operations the better, as long as they can be read."""
    operations = size(entry)
    return operations if operations <= READABLE else 1 / operations


def identity_latex(identity: Identity) -> tuple[str, str, str]:
    """LaTeX of the left and the right side, and which entry of an array they are (or nothing)."""
    if identity.shown is not None:
        return (*identity.shown, "")
    left, right, where = representative(identity)
    return side_latex(left), side_latex(right), where


def shown_identities(step: StepResult) -> list[tuple[str, str, str]]:
    """LaTeX of what a step compares, each formula once, and nothing like 1 = 1 where there is more to see."""
    found = list(dict.fromkeys(map(identity_latex, step.identities)))
    telling = [each for each in found if not (each[0] == each[1] and len(each[0]) == 1)]
    return telling or found


def formula(left: str, right: str, where: str, newline: str = r"\\[4pt]") -> str:
    """Left equals right, over two lines; the formula once, where both sides read the same."""
    if left == right:
        return rf"$${left} \qquad \text{{on both sides{', ' + where if where else ''}}}$$"
    note = rf"\qquad \text{{({where})}}" if where else ""
    return rf"$$\begin{{aligned}} &{left} {newline} ={{}} &{right} {note} \end{{aligned}}$$"


def side_latex(side) -> str:
    """LaTeX of one side; an expression that nobody would read is only measured."""
    if (operations := size(side)) > 4 * READABLE:
        return rf"\langle\text{{{operations} operations}}\rangle"
    if not isinstance(side, sp.MatrixExpr):
        return to_latex(side)
    scalars = {s: symbol_latex(s.name) for s in side.free_symbols if isinstance(s, sp.Symbol)}
    return sp.latex(side, symbol_names=scalars).replace(r"\mathbb{I}", "I")


def mark(ok: bool) -> str:
    """A tick or a cross."""
    return "✓" if ok else "✗"


def small(number: float) -> str:
    """A residual with two digits, and zero as it is."""
    return f"{number:.1e}" if number else "0"


def residual_text(step: StepResult) -> str:
    """``0`` for a proof, else the number; what is left of an identity that failed, shortened."""
    if step.error:
        return step.error
    if step.method == "numbers":
        return small(step.residual)
    return textwrap.shorten(str(step.residual), 60, placeholder=" …")


def residual_typeset(step: StepResult) -> str:
    """The residual of a step for Markdown or HTML: a number or an expression as a formula, an error as text."""
    if step.error:
        return html.escape(step.error, quote=False)
    if step.residual == 0:
        return "0"
    if step.method == "numbers":
        return f"${scientific(step.residual)}$"
    if size(step.residual) <= READABLE:
        return f"${side_latex(step.residual)}$"
    return f"<code>{html.escape(residual_text(step), quote=False)}</code>"


def needed(report: Outcome) -> str:
    """How many hypotheses have a counterexample without them."""
    return f"{sum(c.ok for c in report.counterexamples)} of {len(report.counterexamples)}"
