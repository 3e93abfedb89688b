"""How many states a kernel needs."""

import dsf_theory.claims.states.free_feedthrough as free_feedthrough
import dsf_theory.claims.states.minimal_dimension as minimal_dimension
import dsf_theory.claims.states.separable_dimension as separable_dimension
import dsf_theory.claims.states.zero_one_transitions as zero_one_transitions

PARTS = (
    minimal_dimension,
    free_feedthrough,
    separable_dimension,
    zero_one_transitions,
)
"""Modules of a claim each, in the order of a lecture."""
