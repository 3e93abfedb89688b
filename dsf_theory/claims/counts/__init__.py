"""What models cost: parameters, numbers kept from step to step, multiplications."""

from dsf_theory.claims.counts import (
    operation_counts,
    parameter_counts,
    state_sizes,
)

PARTS = (
    parameter_counts,
    state_sizes,
    operation_counts,
)
"""Modules of a claim each, in the order of a lecture."""
