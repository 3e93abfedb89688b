"""Attention and selective models written as one another, and where that ends."""

import dsf_theory.claims.equivalence.attention_to_ssd as attention_to_ssd
import dsf_theory.claims.equivalence.feedthrough_needs_states as feedthrough_needs_states
import dsf_theory.claims.equivalence.mixed_decays as mixed_decays
import dsf_theory.claims.equivalence.s6_2_decays as s6_2_decays
import dsf_theory.claims.equivalence.s6_needs_heads as s6_needs_heads
import dsf_theory.claims.equivalence.s6_to_heads as s6_to_heads
import dsf_theory.claims.equivalence.shared_reads as shared_reads
import dsf_theory.claims.equivalence.ssd_to_attention as ssd_to_attention

PARTS = (
    ssd_to_attention,
    attention_to_ssd,
    s6_to_heads,
    s6_needs_heads,
    mixed_decays,
    s6_2_decays,
    shared_reads,
    feedthrough_needs_states,
)
"""Modules of a claim each, in the order of a lecture."""
