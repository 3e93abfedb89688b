"""Recurrent networks: gates as coefficients of a system, and what keeps states bounded."""

from dsf_theory.claims.recurrent import (
    bounded_state,
    input_normal,
    lstm_to_qlstm,
    qlstm_system,
    rglru_system,
    s6_qlstm,
    stable_products,
)

PARTS = (
    lstm_to_qlstm,
    qlstm_system,
    s6_qlstm,
    rglru_system,
    input_normal,
    stable_products,
    bounded_state,
)
"""Modules of a claim each, in the order of a lecture."""
