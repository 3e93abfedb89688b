"""The gates of recurrent networks, as their claims read and replace them."""

from copy import copy

import sympy as sp

from dsf_theory.arrays import Array, Namespace
from dsf_theory.models import Model


def sigmoid(xp: Namespace, x: Array) -> Array:
    """``1 / (1 + e^{-x})``, as it is defined."""
    return 1 / (1 + xp.exp(-x))


def gate(model: Model, name: str, u_i: Array) -> Array:
    """``W u_i + b`` of a gate at one step."""
    bias = getattr(model, f"b_{name}")
    return getattr(model, f"W_{name}") @ u_i + (0 if bias is None else bias)


def with_gates(model: Model, before: dict[str, Array]) -> Model:
    """The model with these arrays (length, d) in place of ``W u + b``."""
    model = copy(model)
    model.gate = lambda name, u: before[name]
    return model


def powers(expression: sp.Expr) -> sp.Expr:
    """An expression with its ``e^{a log x}`` written as powers, expanded."""
    return sp.expand(expression.rewrite(sp.Pow))


def logit(xp: Namespace, gate: Array) -> Array:
    """What σ makes the gate of, ``-log(1/g - 1)``."""
    return -xp.log(1 / gate - 1)
