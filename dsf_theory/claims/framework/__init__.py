"""The framework: one system in many forms, its bases, and what else is such a system."""

import dsf_theory.claims.framework.causal_basis as causal_basis
import dsf_theory.claims.framework.change_of_basis as change_of_basis
import dsf_theory.claims.framework.closure as closure
import dsf_theory.claims.framework.coefficient_dynamics as coefficient_dynamics
import dsf_theory.claims.framework.convolution as convolution
import dsf_theory.claims.framework.delta_rule as delta_rule
import dsf_theory.claims.framework.reading_order as reading_order

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
