"""State space models: from differential equations to steps, S6, SSD, and the reversed sigmoid."""

import dsf_theory.claims.state_space.bilinear as bilinear
import dsf_theory.claims.state_space.conjugate_pairs as conjugate_pairs
import dsf_theory.claims.state_space.convex_gates as convex_gates
import dsf_theory.claims.state_space.diagonalisation as diagonalisation
import dsf_theory.claims.state_space.euler_write as euler_write
import dsf_theory.claims.state_space.lru_is_s5 as lru_is_s5
import dsf_theory.claims.state_space.reversed_sigmoid as reversed_sigmoid
import dsf_theory.claims.state_space.rotating_basis as rotating_basis
import dsf_theory.claims.state_space.s5_is_s4d as s5_is_s4d
import dsf_theory.claims.state_space.s6_coupling as s6_coupling
import dsf_theory.claims.state_space.s6_system as s6_system
import dsf_theory.claims.state_space.ssd_system as ssd_system
import dsf_theory.claims.state_space.time_invariance as time_invariance
import dsf_theory.claims.state_space.zero_order_hold as zero_order_hold

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
