"""The state as a memory: exact up to n pairs, and beyond as far from exact as the theory of frames says."""

import numpy as np
import pytest

from dsf_theory.studies.memory import random_keys, random_recall, recall, recall_error, spread_keys

VALUES = np.random.default_rng(0).standard_normal((24, 64))


@pytest.mark.parametrize("n", [1, 2, 3, 8])
@pytest.mark.parametrize("pairs", [1, 2, 5, 8, 24])
def test_spread_keys_have_length_one_and_the_least_overlap(pairs, n):
    gram = spread_keys(pairs, n) @ spread_keys(pairs, n).T
    assert np.allclose(np.diag(gram), 1)
    overlap = (gram**2).sum(axis=1).mean() - 1
    assert np.isclose(overlap, max(0.0, pairs / n - 1))


@pytest.mark.parametrize("n", [3, 8])
def test_n_pairs_are_recalled_exactly_and_no_more(n):
    assert recall_error(spread_keys(n, n), VALUES[:n]) < 1e-14
    assert recall_error(spread_keys(n + 1, n), VALUES[: n + 1]) > 0.1


def test_recall_is_the_sum_of_values_by_how_alike_the_keys_are():
    keys = random_keys(7, 4, seed=3)
    assert np.allclose(recall(keys, VALUES[:7]), (keys @ keys.T) @ VALUES[:7], rtol=0, atol=1e-13)
    assert (random_keys(9, 4, seed=3)[:7] == keys).all()


def test_random_keys_err_as_their_number_says():
    """The mean square of the error is (P - 1)/n: each other key overlaps with mean square 1/n."""
    assert random_recall(9, 16, VALUES[:9], draws=400) ** 2 == pytest.approx(8 / 16, rel=0.1)
