"""Ranks and singular values of Hankel blocks, against plain loops, hand counts and attempts to do better."""

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_kernels import gated, low_rank, softmax, window

from dsf_theory.kernels.hankel import (
    hankel_singular_values,
    minimal_dimensions,
    minimal_feedthrough,
    separable_dimension,
)


def blocks(P, strict=False):
    """The Hankel blocks of a matrix of numbers."""
    return [P[i:, : i if strict else i + 1] for i in range(len(P))]


def padded(values, size):
    return np.pad(values, (0, size - len(values)))


@pytest.mark.parametrize("strict", [False, True])
def test_singular_values_are_those_of_each_block(strict):
    P = softmax(9)
    found = hankel_singular_values(P, feedthrough=strict)
    assert found.shape == (9, 4 if strict else 5)
    for i, block in enumerate(blocks(P, strict)):
        expected = np.sqrt(np.maximum(np.linalg.eigvalsh(block.T @ block)[::-1], 0))[: found.shape[1]]
        np.testing.assert_allclose(
            found[i], padded(expected, found.shape[1]), atol=1e-7
        )  # squares are rounded


def test_heads_are_taken_one_by_one():
    P = np.stack([softmax(6, seed=s) for s in range(3)])
    np.testing.assert_array_equal(hankel_singular_values(P)[:, 1], hankel_singular_values(P[1]))
    np.testing.assert_array_equal(minimal_dimensions(P)[:, 2], minimal_dimensions(P[2]))
    np.testing.assert_array_equal(minimal_feedthrough(P)[:, 0], minimal_feedthrough(P[0]))


@pytest.mark.parametrize("heads", [1, 2])
def test_a_kernel_of_matrices_counts_as_one_matrix(heads):
    L, d, d_in = 7, 3, 4
    rng = np.random.default_rng(0)
    P = [softmax(L, seed=s) for s in range(heads)]
    phi = sum(p[..., None, None] * rng.standard_normal((d, d_in)) for p in P)
    matrix = phi.swapaxes(1, 2).reshape(L * d, L * d_in)
    found = hankel_singular_values(phi)
    for i in range(L):
        expected = np.linalg.svd(matrix[i * d :, : (i + 1) * d_in], compute_uv=False)
        size = min(len(expected), found.shape[1])
        np.testing.assert_allclose(found[i, :size], expected[:size], atol=1e-12)
        assert (
            np.abs(expected[size:]).max(initial=0) < 1e-12 and np.abs(found[i, size:]).max(initial=0) < 1e-12
        )
    ranks = [np.linalg.matrix_rank(matrix[i * d :, : (i + 1) * d_in]) for i in range(L)]
    np.testing.assert_array_equal(minimal_dimensions(phi), ranks)


@pytest.mark.parametrize("length", [1, 2, 5, 8, 13])
def test_softmax_needs_half_its_length(length):
    P = softmax(length, temperature=0.2)
    assert minimal_dimensions(P).max() == -(-length // 2)
    assert minimal_dimensions(P, feedthrough=True).max() == length // 2


LENGTH, N = 16, 3
COUNTED = {  # name: (kernel, least n with D = 0, with D free, of separable attention)
    "identity": (np.eye(LENGTH), 1, 0, LENGTH),
    "zero": (np.zeros((LENGTH, LENGTH)), 0, 0, 0),
    "window of 4": (window(LENGTH, 4), 4, 4, LENGTH - 4 + 1),
    "delay of 2": (np.eye(LENGTH, k=-2), 3, 3, LENGTH - 2),
    "linear attention": (low_rank(LENGTH, N), N, N, N),
    "gated": (gated(LENGTH, N), N, N, N),
    "gated, skipping": (gated(LENGTH, N) + np.eye(LENGTH), N + 1, N, LENGTH - N),
    "gated, one reset": (gated(LENGTH, N, reset=8), N, N, 2 * N),
}


@pytest.mark.parametrize("name", COUNTED)
def test_counts_of_known_systems(name):
    P, zero, free, separable = COUNTED[name]
    assert minimal_dimensions(P).max() == zero
    assert minimal_dimensions(P, feedthrough=True).max() == free
    assert separable_dimension(P) == separable
    np.testing.assert_array_equal(minimal_dimensions(P), [np.linalg.matrix_rank(b) for b in blocks(P)])


def test_state_counts_over_time():
    np.testing.assert_array_equal(minimal_dimensions(window(7, 3)), [1, 2, 3, 3, 3, 2, 1])
    np.testing.assert_array_equal(minimal_dimensions(np.ones((1, 1))), [1])


@given(seed=st.integers(0, 10**6), length=st.integers(1, 9), n=st.integers(1, 3), skips=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_no_feedthrough_leaves_less_than_the_minimal_one(seed, length, n, skips):
    rng = np.random.default_rng(seed)
    P = low_rank(length, n, seed) + np.diag(rng.standard_normal(length) * (np.arange(length) < skips))
    least = minimal_dimensions(P, tol=1e-10, feedthrough=True)
    D = minimal_feedthrough(P, tol=1e-10)
    np.testing.assert_array_equal(minimal_dimensions(P - np.diag(D), tol=1e-10), least)
    for other in (np.zeros(length), np.diag(P), rng.standard_normal(length)):
        assert (minimal_dimensions(P - np.diag(other), tol=1e-10) >= least).all()


def test_feedthrough_of_matrices():
    rng = np.random.default_rng(3)
    D = rng.standard_normal((8, 2, 2))
    phi = sum(low_rank(8, 1, s)[..., None, None] * rng.standard_normal((2, 2)) for s in range(2))
    skipping = phi + np.eye(8)[..., None, None] * D[:, None]
    at = np.eye(8)[..., None, None]
    for kernel in (skipping, phi + at * 0.5, (low_rank(8, 2) + np.eye(8))[..., None, None] * D[0]):
        rest = kernel - at * minimal_feedthrough(kernel)[:, None]
        np.testing.assert_array_equal(
            minimal_dimensions(rest, tol=1e-10), minimal_dimensions(kernel, feedthrough=True)
        )


def test_rounding_in_single_precision_is_not_counted():
    P = torch.tensor(low_rank(64, N), dtype=torch.float32, requires_grad=True)
    assert minimal_dimensions(P).max() == N
    assert minimal_dimensions(P, tol=1e-12).max() > N
    assert minimal_dimensions(P.detach().numpy()).max() == N


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (np.ones((3, 3)), r"kernel: expected zeros where j > i \(causal\), found 1 at i=0, j=1"),
        (np.stack([np.eye(2), np.ones((2, 2))]), r"found 1 at i=0, j=1"),
        (np.ones((2, 2, 3, 1)), r"found 1 at i=0, j=1"),
        (np.diag([1, np.nan]), r"kernel: expected finite numbers, found nan at index \(1, 1\)"),
        (np.eye(2) * 1e200, r"kernel: expected its largest entry between 1e-100 and 1e100, found 1e\+200"),
        (np.eye(2) * 1e-300, r"kernel: expected its largest entry between 1e-100 and 1e100, found 1e-300"),
        (np.ones(3), r"kernel: expected shape \(length, length\), .* found \(3,\)"),
        (np.ones((3, 2)), r"found \(3, 2\)"),
        (np.ones((5, 2, 3, 3)), r"found \(5, 2, 3, 3\)"),
        (np.ones((1, 1, 1, 2, 2)), r"found \(1, 1, 1, 2, 2\)"),
        (np.ones((0, 0)), r"found \(0, 0\)"),
        (np.eye(2) * 1j, r"kernel: expected real numbers, found an array of complex128"),
        (sp.eye(2), r"kernel: expected real numbers, found an array of object"),
        ("P", r"kernel: expected numbers"),
    ],
)
def test_other_kernels_are_refused(kernel, message):
    with pytest.raises(ValueError, match=message):
        hankel_singular_values(kernel)


@pytest.mark.parametrize("tol", [0, -1.0, np.nan, "small"])
def test_tolerances_are_positive(tol):
    for function in (minimal_dimensions, minimal_feedthrough, separable_dimension):
        with pytest.raises(ValueError, match="tol: expected"):
            function(np.eye(3), tol=tol)
