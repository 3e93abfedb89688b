"""Letters that do not commute: matrices of any size, and rules for their products."""

import numpy as np
import sympy as sp

from dsf_theory.system import System
from dsf_theory.system.transition import Dense


def letter(name: str, *index: int) -> sp.Symbol:
    """A matrix of any size."""
    return sp.Symbol("_".join([name, *map(str, index)]), commutative=False)


def letters(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """An object array of them, entry ``[0, 1]`` named ``name_0_1``."""
    found = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        found[index] = letter(name, *index)
    return found


def any_matrices(length: int, name: str = "") -> System:
    """A system whose Λ_i, B_i, C_i, D_i and u_i are letters: matrices of any size.

    An identity of such letters holds for all numbers of states and channels.
    """

    def part(letter: str, *axes: int) -> np.ndarray:
        return letters(letter + name, (length,)).reshape(length, *axes)

    return System(
        u=part("u", 1),
        transition=Dense(part("Lambda", 1, 1, 1, 1)),
        write=part("B", 1, 1, 1),
        read=part("C", 1, 1, 1),
        skip=part("D", 1, 1),
    )


def through_state(system: System, i: int) -> tuple[list[sp.Expr], list[sp.Expr]]:
    """What passes through h_i of :func:`any_matrices`: O of all later outputs and R of all tokens up to i.

    Returns:
        ``C_k Λ_k ⋯ Λ_{i+1}`` for k >= i, and ``Λ_i ⋯ Λ_{j+1} B_j`` for j <= i.
    """
    Lambda, B, C = (part[:, 0, 0] for part in (system.Lambda, system.B, system.C))
    O = [C[k] * sp.Mul(*Lambda[k:i:-1]) for k in range(i, system.length)]
    R = [sp.Mul(*Lambda[i:j:-1]) * B[j] for j in range(i + 1)]
    return O, R


def by_rules(product: sp.Expr, rules: list[tuple]) -> sp.Expr:
    """A sum of products of letters under some rules, each applied once."""
    return sp.expand(sp.expand(product).subs(rules))


def until_none_applies(word: sp.Expr, rules: list[tuple]) -> sp.Expr:
    """A product of letters once no rule applies any more."""
    while (after := word.subs(rules)) != word:
        word = after
    return word
