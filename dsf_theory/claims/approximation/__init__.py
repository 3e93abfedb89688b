"""What nearness to a kernel costs in states: series, random features, and the least that any system pays."""

import dsf_theory.claims.approximation.even_orders as even_orders
import dsf_theory.claims.approximation.exponential_series as exponential_series
import dsf_theory.claims.approximation.feature_count as feature_count
import dsf_theory.claims.approximation.growth_with_length as growth_with_length
import dsf_theory.claims.approximation.random_features as random_features
import dsf_theory.claims.approximation.realisation_exact as realisation_exact
import dsf_theory.claims.approximation.state_lower_bound as state_lower_bound
import dsf_theory.claims.approximation.truncation_bound as truncation_bound

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
