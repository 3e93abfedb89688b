"""Recurrent networks: gates as coefficients of a system, and what keeps states bounded."""

import dsf_theory.claims.recurrent.bounded_state as bounded_state
import dsf_theory.claims.recurrent.input_normal as input_normal
import dsf_theory.claims.recurrent.lstm_to_qlstm as lstm_to_qlstm
import dsf_theory.claims.recurrent.qlstm_system as qlstm_system
import dsf_theory.claims.recurrent.rglru_system as rglru_system
import dsf_theory.claims.recurrent.s6_qlstm as s6_qlstm
import dsf_theory.claims.recurrent.stable_products as stable_products

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
