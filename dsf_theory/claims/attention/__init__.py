"""Attention as a system: where its normaliser stands, what it sees, and when a finite state serves softmax."""

import dsf_theory.claims.attention.attention_maps as attention_maps
import dsf_theory.claims.attention.convex_rows as convex_rows
import dsf_theory.claims.attention.finite_keys as finite_keys
import dsf_theory.claims.attention.local_normaliser as local_normaliser
import dsf_theory.claims.attention.normaliser_channel as normaliser_channel
import dsf_theory.claims.attention.normaliser_gain as normaliser_gain
import dsf_theory.claims.attention.normaliser_placement as normaliser_placement
import dsf_theory.claims.attention.separable_attention as separable_attention
import dsf_theory.claims.attention.softmax_cache as softmax_cache
import dsf_theory.claims.attention.softmax_infinite as softmax_infinite

PARTS = (
    separable_attention,
    attention_maps,
    normaliser_placement,
    normaliser_gain,
    local_normaliser,
    normaliser_channel,
    convex_rows,
    softmax_cache,
    finite_keys,
    softmax_infinite,
)
"""Modules of a claim each, in the order of a lecture."""
