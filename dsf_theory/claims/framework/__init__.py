"""The framework: one system in many forms, its bases, and what else is such a system."""

from dsf_theory.claims.framework import (
    causal_basis,
    change_of_basis,
    closure,
    coefficient_dynamics,
    convolution,
    delta_rule,
    reading_order,
)

PARTS = (
    convolution,
    closure,
    change_of_basis,
    causal_basis,
    reading_order,
    delta_rule,
    coefficient_dynamics,
)
"""Modules of a claim each, in the order of a lecture."""
