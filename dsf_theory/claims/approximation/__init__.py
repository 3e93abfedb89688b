"""What nearness to a kernel costs in states: series, random features, and the least that any system pays."""

from dsf_theory.claims.approximation import (
    even_orders,
    exponential_series,
    feature_count,
    growth_with_length,
    random_features,
    realisation_exact,
    state_lower_bound,
    truncation_bound,
)

PARTS = (
    realisation_exact,
    exponential_series,
    even_orders,
    feature_count,
    truncation_bound,
    random_features,
    state_lower_bound,
    growth_with_length,
)
"""Modules of a claim each, in the order of a lecture."""
