"""The panel of approximations of softmax attention, against plain loops and published formulas."""

from math import comb, factorial

import numpy as np
import pytest

from dsf_theory.features import random_directions
from dsf_theory.models import FavorAttention, TaylorAttention
from dsf_theory.plots.error_and_states import CASES
from dsf_theory.studies.softmax_features import error_curves, random_weights, taylor_weights
from dsf_theory.studies.softmax_features import over_row_sums as normalised
from dsf_theory.studies.softmax_sample import sample, softmax_and_input
from dsf_theory.widgets.softmax_states import softmax_states


@pytest.fixture(scope="module")
def panel():
    return softmax_states()


def softmax_by_loops(m: int, temperature: float, length: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights and scores of the panel's attention: queries are the first m channels, keys the last m."""
    u = np.random.default_rng(seed).normal(size=(length, 2 * m))
    scores = np.array([[q @ k for k in u[:, m:]] for q in u[:, :m]]) / (temperature * np.sqrt(m))
    P = np.zeros((length, length))
    for i in range(length):
        weights = [np.exp(scores[i, j]) for j in range(i + 1)]
        P[i, : i + 1] = np.array(weights) / sum(weights)
    return P, scores


def shown(panel) -> list[np.ndarray]:
    """The three matrices of the picture, their square roots undone."""
    return [np.sign(x) * x**2 for x in (axes.artists[0].values for axes in panel.live.figure.axes[:3])]


def test_every_control_reaches_its_ends_and_changes_the_picture(panel):
    for name, control in panel.controls.items():
        start, pictures = control.value, set()
        if name == "n":
            values = [control.options[0], control.options[-1]]
        elif hasattr(control, "options"):
            values = [value for _, value in control.options]
        else:
            logarithmic = hasattr(control, "base")
            values = [control.base**x if logarithmic else x for x in (control.min, control.max)]
        for value in values:
            control.value = value
            assert panel.error is None, f"{name} = {value}: {panel.error}"
            pictures.add(panel.live.image.value)
        assert len(pictures) == len(values), f"{name}: two of its values show the same picture"
        control.value = start


@pytest.mark.parametrize("family", ["optimal", "taylor", "positive"])
def test_extremes_of_all_sliders(panel, family):
    for n, m, temperature, length in (
        (1, 1, 0.25, 64),
        (2**20, 16, 4, 16),
        (2**20, 1, 4, 64),
        (1, 16, 0.25, 16),
    ):
        panel.set(family=family, n=n, m=m, temperature=temperature, length=length, seed=20)
        assert panel.error is None and np.isfinite(panel.live.pixels()).all()
        assert "nan" not in panel.live.description and "inf" not in panel.live.description


def test_taylor_against_the_series(panel):
    panel.set(family="taylor", n=256, m=4, temperature=2.0, length=32, seed=3)
    P, scores = softmax_by_loops(4, 2.0, 32, 3)
    series = np.tril(sum(scores**l / factorial(l) for l in range(7)))  # C(4 + 6, 6) = 210 <= 256 < C(12, 8)
    expected = series / series.sum(axis=1, keepdims=True)
    found = shown(panel)
    np.testing.assert_allclose(found[0], P, atol=1e-12)
    np.testing.assert_allclose(found[1], expected, atol=1e-12)
    np.testing.assert_allclose(found[2], expected - P, atol=1e-12)
    error = np.linalg.norm(expected - P, 2)
    said = panel.live.description
    assert f"order 6 with n = {comb(10, 6)}: error {error:.2g}" in said


def test_near_optimal_against_the_blocks(panel):
    for n in (2, 5, 11):
        panel.set(family="optimal", n=n, m=6, temperature=1.0, length=40, seed=1)
        P, _ = softmax_by_loops(6, 1.0, 40, 1)
        least = max(
            np.append(np.linalg.svd(P[i:, : i + 1], compute_uv=False), 0 * P[0])[n] for i in range(40)
        )
        found = shown(panel)[1]
        error = np.linalg.norm(found - P, 2)
        assert least <= error <= 1.5 * least
        ranks = [np.linalg.matrix_rank(found[i:, : i + 1], tol=1e-9) for i in range(40)]
        assert max(ranks) == n
        said = panel.live.description
        assert f"with n = {n}: error {error:.2g}, where no system of {n} is below {least:.2g}" in said
        now = panel.live.figure.axes[4].lines[-1]
        np.testing.assert_allclose(np.ravel(now.get_data()), [n, error])


def test_half_the_length_is_exact(panel):
    for length in (16, 64):
        panel.set(family="optimal", n=length // 2, m=8, temperature=1.0, length=length, seed=0)
        assert f"with n = {length // 2}: exact" in panel.live.description
        assert np.abs(shown(panel)[2]).max() < 1e-12


def test_taylor_weights_and_random_weights_are_those_of_the_models():
    softmax, u = softmax_and_input(3, 24, 0)
    P, q, k = sample(m=3, length=24)
    for order in (2, 4):
        model = TaylorAttention(**softmax.parameters, scale=softmax.scale, order=order)
        expected = model.system(u).weights()[0, 0]
        np.testing.assert_allclose(taylor_weights(q, k, 4)[order], expected, atol=1e-12)
    model = FavorAttention(**softmax.parameters, scale=softmax.scale, omega=random_directions(64, 3, 0))
    expected = model.system(u).weights()[0, 0]
    np.testing.assert_allclose(random_weights(q, k, [16, 64])[64], expected, atol=1e-10)
    np.testing.assert_allclose(P, softmax.probabilities(u)[0])


def test_random_weights_tend_to_softmax():
    P, q, k = sample(m=2, length=16, temperature=2.0)
    for trigonometric in (False, True):
        found = random_weights(q, k, [4, 64, 2**14], seed=1, trigonometric=trigonometric)
        errors = [np.abs(weights - P).max() for weights in found.values()]
        assert errors[2] < 0.02 < errors[0]


def test_no_family_is_below_the_bound():
    assert [*CASES.values()][1] == {}
    found = error_curves(sample(m=3, length=32), highest=8, features=64, draws=1)
    steps, least = found.pop("bound")
    for name, (sizes, errors) in found.items():
        for n, error in zip(sizes, errors, strict=True):
            at = least[int(n) - 1] if n <= steps[-1] else 0.0
            assert error >= at - 1e-12, name


def test_rows_sum_to_one():
    assert np.allclose(normalised(np.random.default_rng(0).uniform(1, 2, (5, 5))).sum(axis=1), 1)
