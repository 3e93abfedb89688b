"""The normaliser panel: every control to its ends, and its sentence against an independent computation."""

import re

import numpy as np
import pytest

from dsf_theory.widgets.normaliser import LENGTH, NORMALISERS, attention, describe, normaliser


@pytest.fixture(scope="module")
def panel():
    return normaliser()


def ends(control):
    """The values at which a control stops, or all of them where they are few."""
    return (
        [value for _, value in control.options] if hasattr(control, "options") else [control.min, control.max]
    )


def test_every_control_reaches_its_ends_and_changes_the_picture(panel):
    for name, control in panel.controls.items():
        start, pictures = control.value, set()
        for value in ends(control):
            control.value = value
            assert panel.error is None, f"{name} = {value}: {panel.error}"
            assert np.isfinite(panel.live.pixels()).all()
            pictures.add(panel.live.image.value)
        assert len(pictures) == len(ends(control)), f"{name}: two of its values show the same picture"
        control.value = start


@pytest.mark.parametrize("eta", NORMALISERS)
@pytest.mark.parametrize("seed", [4, 7])
def test_extremes_of_all_sliders_stay_on_the_axes(panel, eta, seed):
    for w_scale in (0, 2):
        for qk_scale in (0.1, 3):
            panel.set(eta=eta, w_scale=w_scale, qk_scale=qk_scale, seed=seed, basis="paper")
            assert panel.error is None
            system = attention(eta, w_scale, qk_scale, seed)
            transition = system.Lambda[1:, 0, 0]
            assert 0.01 < transition.min() and transition.max() < 1000


def by_loops(eta, w_scale, qk_scale, seed):
    """Φ_ij[0, 0] and η by plain loops, for η = exp(wᵀu) and the row sum of ELU + 1."""
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(LENGTH, 2))
    for i in range(1, LENGTH):
        u[i] = 0.8 * u[i - 1] + 0.6 * u[i]
    W_q, W_k, w = rng.normal(size=(3, 2, 2)) / 2**0.5
    feature = (lambda x: x) if eta == "exp" else (lambda x: np.where(x > 0, x + 1, np.exp(x)))
    raw = np.zeros((LENGTH, LENGTH))
    for i in range(LENGTH):
        for j in range(i + 1):
            raw[i, j] = feature(qk_scale * W_q @ u[i]) @ feature(W_k @ u[j])
    norm = np.exp(u @ (w_scale * w[0] / np.sqrt(w[0] @ w[0]))) if eta == "exp" else raw.sum(axis=1)
    return raw / norm[:, None], norm


@pytest.mark.parametrize("eta", ["exp", "row_sum"])
def test_sentence_and_picture_against_plain_loops(panel, eta):
    panel.set(eta=eta, w_scale=1.3, qk_scale=0.7, seed=4, basis="paper")
    kernel, norm = by_loops(eta, 1.3, 0.7, 4)
    ratio = norm[:-1] / norm[1:]
    said = panel.still().description
    assert f"from {ratio.min():.2g} to {ratio.max():.3g}" in said
    assert f"above 1 at {(ratio > 1).sum()} of 31 steps" in said
    (shown,) = panel.live.figure.axes[1].get_images()
    colours = np.sign(kernel) * np.sqrt(np.abs(kernel) / np.abs(kernel).max())
    np.testing.assert_allclose(shown.get_array(), colours, atol=1e-7)
    lines = {line.get_label(): line.get_ydata() for line in panel.live.figure.axes[0].lines}
    np.testing.assert_allclose(lines[r"$\eta_i$"], norm, rtol=1e-12)
    np.testing.assert_allclose(lines[r"$\Lambda_i$"], ratio, rtol=1e-12)


def test_the_basis_moves_transition_and_state_alone(panel):
    drawn = {}
    for basis in ("paper", "output"):
        panel.set(eta="exp", w_scale=1.5, qk_scale=1, seed=0, basis=basis)
        top, right, bottom = panel.live.figure.axes
        drawn[basis] = {line.get_label(): np.array(line.get_ydata()) for line in (*top.lines, *bottom.lines)}
        drawn[basis]["kernel"] = np.array(right.get_images()[0].get_array())
        assert re.search(r"differ by [1-9]\s×\s10⁻¹[⁶⁷] ", panel.still().description)
    for name in (r"$\eta_i$", "$y_i$", "kernel"):
        np.testing.assert_allclose(drawn["paper"][name], drawn["output"][name], atol=1e-7)
    assert (drawn["output"][r"$\Lambda_i$"] == 1).all()
    for name in (r"$\Lambda_i$", "$h_i$"):
        assert np.abs(drawn["paper"][name] - drawn["output"][name]).max() > 0.1


def test_sentences_of_the_plain_cases():
    ones = np.ones(31)
    assert "in both bases" in describe("one", "output", ones, 0.0)
    assert "equal to the last bit" in describe("one", "paper", ones, 0.0)
    assert "in both bases" in describe("exp", "paper", ones, 0.0)
    assert "plays no part" in describe("row_sum", "paper", ones, 1e-16)
    assert "plays no part" not in describe("softplus", "paper", ones, 1e-16)
