"""How many states a kernel needs."""

from dsf_theory.claims.states import (
    free_feedthrough,
    minimal_dimension,
    separable_dimension,
    zero_one_transitions,
)

PARTS = (
    minimal_dimension,
    free_feedthrough,
    separable_dimension,
    zero_one_transitions,
)
"""Modules of a claim each, in the order of a lecture."""
