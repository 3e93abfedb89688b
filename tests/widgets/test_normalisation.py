"""The normalisation panel and the helpers it shares with its notebook, against plain loops and differences."""

import re

import numpy as np
import pytest

from dsf_theory.studies.normalisers import (
    LOCAL,
    NORMALISERS,
    VALUE,
    gain,
    growth,
    normalised,
    sensitivity,
    state_bound,
    tokens,
    with_transition,
)
from dsf_theory.widgets.normalisation import LENGTH, louder, normalisation
from dsf_theory.widgets.words import digits

ACTS = {"exp": np.exp, "softplus": lambda z: np.log1p(np.exp(z)), "sigmoid": lambda z: 1 / (1 + np.exp(-z))}


@pytest.fixture(scope="module")
def panel():
    return normalisation()


def by_loops(name, u, strength=1.0, offset=0.0):
    """Φ_ij of the value and 1/η_i by plain loops over tokens (φ, φ, ψ, ψ, v, z)."""
    length, z = len(u), strength * u[:, 5] + offset
    raw = [[u[i, :2] @ u[j, 2:4] if j <= i else 0.0 for j in range(length)] for i in range(length)]
    raw, step = np.array(raw), np.log1p(np.exp(z))
    if name == "ssd":
        for i in range(length):
            for j in range(i + 1):
                raw[i, j] *= step[j] * np.exp(-sum(step[j + 1 : i + 1]))
        return raw, np.array([np.exp(-sum(step[: i + 1])) for i in range(length)])
    eta = {"one": np.ones(length), "row_sum": raw.sum(axis=1)} | {act: f(z) for act, f in ACTS.items()}
    return raw / eta[name][:, None], 1 / eta[name]


@pytest.mark.parametrize("name", NORMALISERS)
def test_models_against_plain_loops(name):
    u = tokens(20, seed=3)
    phi, _ = by_loops(name, u, 1.7, -0.4)
    system = normalised(name, 1.7, -0.4).system(u)
    np.testing.assert_allclose(system.weights()[0, 0], phi, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(system.recurrent()[:, VALUE], phi @ u[:, VALUE], rtol=1e-12)


@pytest.mark.parametrize("name", NORMALISERS)
def test_sensitivity_against_differences(name):
    u, j, h = tokens(7, seed=5), 2, 1e-6
    model, found = normalised(name), sensitivity(normalised(name), tokens(7, seed=5), 2)
    slopes = np.zeros((5, 7, 6))
    for k, c in np.ndindex(7, 6):
        bent = [u + sign * h * (np.arange(7)[:, None] == k) * (np.arange(6) == c) for sign in (1, -1)]
        up, down = (np.log(model.system(x).weights()[0, 0, j:, j]) for x in bent)
        slopes[:, k, c] = (up - down) / (2 * h)
    np.testing.assert_allclose(found, np.linalg.norm(slopes, axis=-1), atol=1e-7)
    outside = {"row_sum": np.arange(7) > np.arange(2, 7)[:, None]}
    assert (found[outside.get(name, np.zeros((5, 7), bool))] == 0).all()


def test_any_transition_has_the_same_kernel():
    system, decays = normalised("row_sum").system(tokens(12)), np.random.default_rng(0).uniform(0.1, 3, 12)
    dressed = with_transition(system, decays)
    np.testing.assert_allclose(dressed.Lambda[1:, 0, 0], decays[1:], rtol=1e-12)
    np.testing.assert_allclose(dressed.product_kernel(), system.kernel(), rtol=1e-10, atol=1e-15)


def test_gains_and_bounds():
    z = np.linspace(-3, 3, 7)
    for act in LOCAL:
        np.testing.assert_allclose(gain(act, z), 1 / ACTS[act](z), rtol=1e-12)
    for seed in range(5):
        u = tokens(300, seed)
        largest = growth(u)
        assert largest["h_ssd"][-1] <= state_bound(u)
        assert largest["y_row_sum"][-1] <= u[:, VALUE].max()
        assert largest["y_one"][-1] > 20 * u[:, VALUE].max()


def test_every_control_reaches_its_ends_and_changes_the_picture(panel):
    for name, control in panel.controls.items():
        start, pictures = control.value, set()
        values = (
            [v for _, v in control.options] if hasattr(control, "options") else [control.min, control.max]
        )
        for value in values:
            control.value = value
            assert panel.error is None, f"{name} = {value}: {panel.error}"
            pictures.add(panel.live.image.value)
        assert len(pictures) == len(values), f"{name}: two of its values show the same picture"
        control.value = start


@pytest.mark.parametrize("name", NORMALISERS)
def test_extremes_of_all_sliders(panel, name):
    for strength, offset, k in ((0, -2, 0), (2, 2, 0), (2, -2, LENGTH - 1), (0, 2, LENGTH - 1)):
        panel.set(name=name, strength=strength, offset=offset, k=k, seed=20)
        assert panel.error is None and np.isfinite(panel.live.pixels()).all()
        assert "nan" not in panel.live.description and "inf" not in panel.live.description


@pytest.mark.parametrize("name", NORMALISERS)
def test_sentence_and_picture_against_plain_loops(panel, name):
    panel.set(name=name, strength=1.4, offset=-0.7, k=13, seed=4)
    u = tokens(LENGTH, 4)
    phi, gains = by_loops(name, u, 1.4, -0.7)
    bent, _ = by_loops(name, louder(u, 13), 1.4, -0.7)
    lower = np.tri(LENGTH, dtype=bool)
    others = lower & (np.arange(LENGTH) != 13) & (np.arange(LENGTH)[:, None] != 13)
    change = bent[others] / phi[others] - 1
    heard = change[np.abs(change) > 1e-9]
    said = panel.still().description
    assert f"changes {len(heard) or 'none'} of the {others.sum()} weights between other tokens" in said
    if len(heard):
        ends = [f"{100 * x:+.0f}".replace("-", "−") for x in (heard.min(), heard.max())]
        assert ", by " + " to ".join(dict.fromkeys(ends)) + " %." in said
    assert f"The last output is {digits(phi[-1] @ u[:, VALUE], 3)}" in said
    assert re.search(f"gain 1/ηᵢ (is|lies between) {digits(gains.min())}", said)
    assert "the values vⱼ that are summed all lie between 0.1 and 1." in said
    shown = panel.live.figure.axes[0].artists[0].values
    np.testing.assert_allclose(shown, np.sqrt(phi / phi.max()), atol=1e-7)
    np.testing.assert_allclose(panel.live.figure.axes[2].lines[1].get_ydata(), gains, rtol=1e-9)


def test_what_a_louder_token_does(panel):
    """A local normaliser leaves other pairs alone to the bit, SSD shrinks those across it by one factor."""
    i, j = np.indices((LENGTH, LENGTH))
    for name in ("exp", "softplus", "sigmoid", "row_sum", "ssd"):
        panel.set(name=name, strength=1.0, offset=-1.0, k=20, seed=0)
        change = panel.live.figure.axes[1].artists[0].values
        others = (i >= j) & (i != 20) & (j != 20)
        reached = {"row_sum": others & (i > 20), "ssd": others & (j < 20) & (i > 20)}.get(
            name, others & False
        )
        assert (change[others & ~reached] == 0).all() and (change[reached] < 0).all()
        if name == "ssd":
            assert np.ptp(change[reached]) < 1e-12
        if name == "row_sum":
            assert all(np.ptp(change[r][reached[r]]) < 1e-12 for r in range(21, LENGTH))
