"""Attention as a system: where its normaliser stands, what it sees, and when a finite state serves softmax."""

from dsf_theory.claims.attention import (
    attention_maps,
    convex_rows,
    finite_keys,
    local_normaliser,
    normaliser_channel,
    normaliser_gain,
    normaliser_placement,
    separable_attention,
    softmax_cache,
    softmax_infinite,
)

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
