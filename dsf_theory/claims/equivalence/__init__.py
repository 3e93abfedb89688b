"""Attention and selective models written as one another, and where that ends."""

from dsf_theory.claims.equivalence import (
    attention_to_ssd,
    feedthrough_needs_states,
    mixed_decays,
    s6_2_decays,
    s6_needs_heads,
    s6_to_heads,
    shared_reads,
    ssd_to_attention,
)

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
