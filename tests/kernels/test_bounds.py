"""Bounds on the states that an accuracy needs: never above what is reached, and as tight as they are said to be."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_kernels import low_rank, softmax, window

from dsf_theory.kernels.bounds import (
    ERRORS,
    guaranteed_states,
    kernel_error,
    lower_bound,
    lower_bound_states,
    sufficient_order,
    truncation_bound,
)
from dsf_theory.kernels.hankel import minimal_dimensions
from dsf_theory.kernels.realisation import realise, sufficient_states


def random_system(rng, length, n, feedthrough):
    """The kernel of random matrices of n states, by plain products."""
    Lambda, B, C = rng.standard_normal((length, n, n)) / n, *rng.standard_normal((2, length, n))
    P = np.diag(rng.standard_normal(length)) if feedthrough else np.zeros((length, length))
    for j in range(length):
        h = B[j]
        for i in range(j, length):
            h = h if i == j else Lambda[i] @ h
            P[i, j] += C[i] @ h
    return P


@pytest.mark.parametrize("error", ERRORS)
@given(seed=st.integers(0, 10**6), length=st.integers(1, 10), n=st.integers(1, 4), feedthrough=st.booleans())
@settings(max_examples=25, deadline=None)
def test_no_system_is_below_the_bound(error, seed, length, n, feedthrough):
    rng = np.random.default_rng(seed)
    P = softmax(length, temperature=rng.uniform(0.2, 2), seed=seed)
    bound = lower_bound(P, n, error, feedthrough)
    for found in (realise(P, n).kernel(), random_system(rng, length, n, feedthrough)):
        assert bound <= kernel_error(P, found, error) + 1e-12


@pytest.mark.parametrize("error", ERRORS)
@given(seed=st.integers(0, 10**6), length=st.integers(2, 10), n=st.integers(1, 4), size=st.floats(1e-3, 1))
@settings(max_examples=25, deadline=None)
def test_a_perturbed_system_of_n_states_needs_no_more(error, seed, length, n, size):
    """The bound is sound for kernels that are near a small system, where it is nearly met."""
    rng = np.random.default_rng(seed)
    P = random_system(rng, length, n, feedthrough=True)
    noisy = P + size * np.tril(rng.standard_normal((length, length)))
    assert lower_bound(noisy, n, error, feedthrough=True) <= kernel_error(P, noisy, error) + 1e-12
    eps = 1.001 * kernel_error(P, noisy, error)
    assert lower_bound_states(noisy, eps, error, feedthrough=True) <= n


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("feedthrough", [False, True])
def test_states_are_those_at_which_the_bound_is_met(error, feedthrough):
    P = softmax(24)
    for eps in (1e-3, 1e-2, 0.1, 0.5):
        n = lower_bound_states(P, eps, error, feedthrough)
        assert lower_bound(P, max(n, 1), error, feedthrough) <= eps
        assert n <= 1 or lower_bound(P, n - 1, error, feedthrough) > eps


@pytest.mark.parametrize("error", ERRORS)
def test_what_is_within_the_error_of_zero_needs_no_state(error):
    for P in (np.tril(np.ones((9, 9))), softmax(9), window(9, 3)):
        eps = kernel_error(P, 0 * P, error) * (1 + 1e-12)
        assert lower_bound_states(P, eps, error) == lower_bound_states(P, eps, error, feedthrough=True) == 0


def test_bound_of_one_block_is_met():
    """Where one block holds all of the kernel, that block truncated to rank n is a system of n states."""
    P, best = np.zeros((2, 12, 12))
    P[6:, :6] = np.random.default_rng(0).standard_normal((6, 6))
    U, S, V = np.linalg.svd(P[6:, :6])
    for n in (1, 3, 5):
        best[6:, :6] = U[:, :n] * S[:n] @ V[:n]
        assert minimal_dimensions(best).max() == n
        for error in ("spectral", "frobenius"):
            assert lower_bound(P, n, error) == pytest.approx(kernel_error(P, best, error), rel=1e-12)


def test_heads_and_matrices():
    P = np.stack([softmax(9), window(9, 4)])
    assert lower_bound(P, 2).shape == (2,) and lower_bound(P, 2)[1] == lower_bound(P[1], 2)
    assert lower_bound_states(P, 1e-9).tolist() == [5, 4]
    phi = low_rank(9, 2)[..., None, None] * np.random.default_rng(0).standard_normal((3, 3))
    assert lower_bound_states(phi, 1e-9) == 2  # N = 6 of 3 channels
    assert lower_bound(phi, 1) > 0.1 and lower_bound(phi, 2) < 1e-12


def test_errors_by_hand():
    E = np.array([[3.0, 0], [-4, 0]])
    assert [kernel_error(E, 0 * E, error) for error in ERRORS] == [5, 5, 4, 4]
    E = np.array([[1.0, 0], [-4, 2]])
    assert [kernel_error(0 * E, E, error) for error in ("entry", "row")] == [4, 6]
    matrices = np.zeros((1, 1, 2, 2))
    matrices[0, 0] = E
    assert [kernel_error(matrices, 0 * matrices, error) for error in ("entry", "row")] == [4, 6]
    assert kernel_error(np.stack([np.eye(2), 0 * E]), np.zeros((2, 2, 2))).tolist() == [1, 0]


# Softmax attention of 128 standard normal queries and keys, scores τ qᵀk/√m: states needed at eps 0.1 and 0.01,
# and what the sequential realisation takes, as the medians of the draws 100 m, 100 m + 1, 100 m + 2.
TABLE = {
    (4, 0.5): ((5, 6), (16, 17)),
    (4, 1): ((12, 13), (28, 30)),
    (4, 2): ((20, 22), (39, 40)),
    (8, 0.5): ((8, 9), (27, 29)),
    (8, 1): ((14, 16), (42, 45)),
    (8, 2): ((25, 28), (52, 54)),
    (16, 1): ((19, 23), (53, 55)),
    (16, 2): ((35, 37), (59, 60)),
}


@pytest.mark.parametrize(("m", "tau"), TABLE)
def test_states_that_softmax_needs(m, tau):
    kernels = [softmax(128, m, 1 / tau, 100 * m + draw) for draw in range(3)]
    for eps, expected in zip((0.1, 0.01), TABLE[m, tau], strict=True):
        for count, states in zip((lower_bound_states, sufficient_states), expected, strict=True):
            assert np.median([count(P, eps) for P in kernels]) == states


# -------------------------------------------------------------------- Taylor features


@pytest.mark.parametrize("rho", [0.0, 0.3, 1.0, 4.0])
@pytest.mark.parametrize("order", [0, 2, 5, 8])
def test_weights_stay_within_the_bound(order, rho):
    t = np.linspace(-rho, rho, 2001)
    taylor = sum(t**p / math.factorial(p) for p in range(order + 1))
    bound = truncation_bound(order, rho)
    assert np.abs(taylor / np.exp(t) - 1).max() <= bound.weight * (1 + 1e-12) + 1e-15
    if bound.weight < 1:
        rows = np.random.default_rng(0).choice(2001, (2000, 5))
        exact, cut = np.exp(t[rows]), taylor[rows]
        rows = [part / part.sum(axis=1, keepdims=True) for part in (exact, cut)]
        assert np.abs(rows[0] - rows[1]).sum(axis=1).max() <= bound.row + 1e-15


@pytest.mark.parametrize("order", [8, 9, 12])
def test_a_row_of_two_weights_attains_the_bound(order):
    bound = truncation_bound(order, 2.0)
    share = np.linspace(0, 1, 100_001)  # of the weight that is off by 1 + δ; the other is off by 1 - δ
    cut = share * (1 + bound.weight) / (1 + bound.weight * (2 * share - 1))
    assert 2 * np.abs(cut - share).max() == pytest.approx(bound.row, rel=1e-6)


@given(eps=st.floats(1e-12, 1.9), rho=st.floats(0, 300))
def test_order_is_the_least_even_one(eps, rho):
    order = sufficient_order(eps, rho)
    assert order % 2 == 0 and order >= 0
    assert truncation_bound(order, rho).row <= eps * (1 + 1e-9)
    assert order == 0 or truncation_bound(order - 2, rho).row > eps * (1 - 1e-9)


def test_large_scores_do_not_overflow():
    assert truncation_bound(2, 1e300) == (math.inf, math.inf)
    assert truncation_bound(10**6, 1.0) == (0, 0)
    order = sufficient_order(0.1, 1e6)
    assert 3.5e6 < order < 3.7e6  # p/ρ solves x (log x - 1) = 1: x = 3.5911
    assert guaranteed_states(0.1, 1e6, 2) == (order + 1) * (order + 2) // 2
    assert guaranteed_states(0.1, 30.0, 1000) == math.comb(1000 + sufficient_order(0.1, 30.0), 1000)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lower_bound(np.eye(3), 0), "n: expected a whole number >= 1, found 0"),
        (
            lambda: lower_bound(np.eye(3), 1, "infinity"),
            "error: expected one of 'spectral', .* found 'infinity'",
        ),
        (lambda: lower_bound_states(np.eye(3), 0), "eps: expected positive numbers"),
        (lambda: kernel_error(np.eye(3), np.eye(4)), r"other: expected shape \(3, 3\), found \(4, 4\)"),
        (lambda: truncation_bound(-1, 1.0), "order: expected a whole number >= 0, found -1"),
        (lambda: truncation_bound(2.0, 1.0), "order: expected a whole number >= 0, found 2.0"),
        (lambda: truncation_bound(2, -1.0), "rho: expected a number >= 0, found -1.0"),
        (lambda: truncation_bound(2, math.inf), "rho: expected finite numbers, found inf"),
        (lambda: sufficient_order(2.0, 1.0), "eps: expected a number between 0 and 2, found 2.0"),
        (lambda: sufficient_order(math.nan, 1.0), "eps: expected finite numbers"),
        (lambda: guaranteed_states(0.1, 1.0, 0), "m: expected a whole number >= 1, found 0"),
    ],
)
def test_bad_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
