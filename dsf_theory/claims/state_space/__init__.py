"""State space models: from differential equations to steps, S6, SSD, and the reversed sigmoid."""

from dsf_theory.claims.state_space import (
    bilinear,
    conjugate_pairs,
    convex_gates,
    diagonalisation,
    euler_write,
    lru_is_s5,
    reversed_sigmoid,
    rotating_basis,
    s5_is_s4d,
    s6_coupling,
    s6_system,
    ssd_system,
    time_invariance,
    zero_order_hold,
)

PARTS = (
    zero_order_hold,
    bilinear,
    euler_write,
    time_invariance,
    s5_is_s4d,
    lru_is_s5,
    diagonalisation,
    conjugate_pairs,
    rotating_basis,
    s6_system,
    reversed_sigmoid,
    s6_coupling,
    convex_gates,
    ssd_system,
)
"""Modules of a claim each, in the order of a lecture."""
