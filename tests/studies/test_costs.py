"""Multiplications counted while forms run: linear in the length for recurrences, quadratic for kernels."""

import pytest

from dsf_theory.studies.costs import multiplications


@pytest.mark.parametrize(("length", "d", "n"), [(1, 1, 1), (32, 4, 4), (20, 3, 5)])
def test_the_recurrence_takes_three_products_a_state_and_step(length, d, n):
    """Decay, write and read; the first step meets no state."""
    assert multiplications(length, d, n)["recurrent"] == (3 * length - 1) * n * d


def test_how_the_counts_grow_with_the_length():
    short, long = multiplications(64), multiplications(128)
    growth = {form: long[form] / short[form] for form in short}
    assert growth["recurrent"] == pytest.approx(2, abs=0.02) and growth["chunked"] == pytest.approx(
        2, abs=0.1
    )
    assert growth["kernel"] == pytest.approx(4, abs=0.1) and growth["convolutional"] == pytest.approx(
        4, abs=0.1
    )
    assert 2 < growth["scan"] < 3
