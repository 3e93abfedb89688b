"""A claim in words, and the identities that its proof compares: plain records, which reports and pages read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dsf_theory.claims.vanish import difference, vanish

METHODS = {
    "identity": "a finite identity of symbols",
    "matrices": "symbols that do not commute: matrices of any size",
    "Kronecker": "Kronecker products of matrices of symbolic size",
    "induction": "induction with a symbolic step",
    "limit": "a limit or a series",
    "calculus": "a derivative or an integral",
    "numbers": "double precision, on models of the registry",
}
"""Method of a step -> what it is."""


@dataclass(frozen=True)
class Condition:
    """A hypothesis, in words and as a formula; the words mark formulas in them by dollars."""

    words: str
    latex: str


@dataclass(eq=False, repr=False)
class Statement:
    """What is claimed, and where it stands; words mark formulas in them by dollars, see ``system.words``.

    Args:
        id: its name in the ledger.
        title: a sentence.
        statement: the claim in words, without its hypotheses.
        latex: the claim as a formula.
        source: where it stands in the paper, or that it is ours.
        models: registry names of the models it speaks of.
        notebook: where it is derived, a file name without its ending.
    """

    id: str
    title: str
    statement: str
    latex: str
    source: str
    models: tuple[str, ...] = ()
    notebook: str = ""


@dataclass(frozen=True)
class Identity:
    """Two expressions that are claimed to be equal.

    Args:
        left, right: SymPy expressions, matrix expressions or object arrays of expressions of one shape.
        by: what brings their difference to zero; default expands, then simplifies.
        shown: LaTeX of both sides where the expressions themselves would not be read.
    """

    left: Any
    right: Any = 0
    by: Callable = vanish
    shown: tuple[str, str] | None = None

    @property
    def residual(self) -> Any:
        """Zero, or what is left of the difference."""
        return difference(self.left, self.right, self.by)
