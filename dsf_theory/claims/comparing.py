"""Comparisons that proofs make: systems side by side, matrices with what is claimed of them, arrays in numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from dsf_theory.arrays import Array
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.vanish import vanish
from dsf_theory.system import System

LETTERS = {"Lambda": r"\Lambda", "B": "B", "C": "C", "D": "D"}
"""Name of a matrix of a system -> its letter in LaTeX."""

MATRICES = tuple(LETTERS)
"""What a system is made of."""


def same(
    left: System, right: System, models: Sequence[str] = (), by: Callable = vanish, first: int = 0
) -> Iterator[Identity]:
    """Λ, B, C and D of two systems, side by side.

    Args:
        left: a system.
        right: another.
        models: names for the two, which stand in the formulas then.
        by: see :class:`Identity`.
        first: the first Λ_i to compare; Λ_0 multiplies a state of zero.
    """
    for name, letter in LETTERS.items():
        pair = [getattr(system, name)[first if name == "Lambda" else 0 :] for system in (left, right)]
        shown = tuple(rf"{letter}_i^{{\text{{{model}}}}}" for model in models) or None
        yield Identity(*pair, by=by, shown=shown)


def as_claimed(
    system: System, claimed: Mapping[str, Sequence], shown: Mapping[str, str], by: Callable = vanish
) -> Iterator[Identity]:
    """Λ, B, C and D of a system, entry by entry, each next to what is claimed.

    Args:
        system: of SymPy expressions.
        claimed: name -> the matrices of all steps.
        shown: name -> what is claimed, in LaTeX.
        by: see :class:`Identity`.
    """
    for name, letter in LETTERS.items():
        yield Identity(getattr(system, name), np.stack(claimed[name]), by, (f"{letter}_i", shown[name]))


def relative(found: Array, claimed: Array) -> float:
    """The largest difference of two arrays of one shape over the largest entry claimed.

    Raises:
        ValueError: for two shapes.
    """
    if np.shape(found) != np.shape(claimed):
        raise ValueError(
            f"claimed: expected the shape {np.shape(found)} of what is found, found {np.shape(claimed)}"
        )
    return float(np.max(np.abs(found - claimed)) / np.max(np.abs(claimed)))


def run(claimed: Mapping[str, Sequence], u: np.ndarray) -> np.ndarray:
    """The output of the recurrence of these matrices, step by step."""
    h, y = np.zeros(len(claimed["B"][0])), []
    for Lambda, B, C, D, u_i in zip(*(claimed[name] for name in MATRICES), u, strict=True):
        h = Lambda @ h + B @ u_i
        y.append(C @ h + D @ u_i)
    return np.array(y)
