"""What models cost: parameters, numbers kept from step to step, multiplications."""

import dsf_theory.claims.counts.operation_counts as operation_counts
import dsf_theory.claims.counts.parameter_counts as parameter_counts
import dsf_theory.claims.counts.state_sizes as state_sizes

PARTS = (
    parameter_counts,
    state_sizes,
    operation_counts,
)
"""Modules of a claim each, in the order of a lecture."""
