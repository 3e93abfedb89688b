"""The equivalence breaker: every control to its ends, and its sentence against plain loops."""

import re

import numpy as np
import pytest

from dsf_theory.widgets.equivalence_breaker import (
    CONDITIONS,
    LENGTH,
    STRETCH,
    describe,
    equivalence_breaker,
    pair_of,
)

SLIDERS = {"channels": 0, "states": 0, "skip": 0, "slowing": 0, "locality": 0}


@pytest.fixture(scope="module")
def panel():
    return equivalence_breaker()


def said(panel, channel=0, **sliders):
    panel.set(channel=channel, **SLIDERS | sliders)
    assert panel.error is None
    return panel.live.description


def test_every_control_reaches_its_ends_and_changes_the_picture(panel):
    said(panel, channels=0.3)
    for name, control in panel.controls.items():
        start, pictures = control.value, set()
        for value in (control.min, control.max):
            control.value = value
            assert panel.error is None, f"{name} = {value}: {panel.error}"
            pictures.add(panel.live.image.value)
        assert len(pictures) == 2, f"{name}: both ends show the same picture"
        control.value = start


def test_all_extremes_stay_on_the_axes(panel):
    eta = panel.live.figure.axes[-1]
    for sliders in (SLIDERS, {name: panel.controls[name].max for name in SLIDERS}, {"slowing": 2}):
        assert "nan" not in said(panel, **sliders)
        low, high = eta.get_ylim()
        drawn = np.concatenate([line.get_ydata() for line in eta.lines])
        assert np.isfinite(drawn).all() and drawn.min() > low and drawn.max() < high


def by_loops(channels, states, skip, slowing, locality):
    """Φ of S6 and of attention for each channel (channels, length, length), from the sliders alone."""
    rng = np.random.default_rng(3)
    step = rng.uniform(0.05, 0.4, LENGTH)
    values = rng.standard_normal((LENGTH, 3))
    W_B, W_C = rng.standard_normal((2, 2, 4))
    rate = np.array([1 - slowing if STRETCH.start <= i < STRETCH.stop else 1.0 for i in range(LENGTH)])
    delta = step * np.where(rate > 0, rate, 1e-9)
    log_eta = [
        (1 - locality) * sum(step[: i + 1] * rate[: i + 1]) + locality * step[i] * rate[i]
        for i in range(LENGTH)
    ]
    beta, gamma = values @ W_B[:, :3].T, values @ W_C[:, :3].T
    s6, attention = np.zeros((2, 4, LENGTH, LENGTH))
    for c, share in enumerate((-1, -1 / 3, 1 / 3, 1)):
        for i in range(LENGTH):
            s6[c, i, i] = skip
            for j in range(i + 1):
                passed = sum(delta[j + 1 : i + 1])
                for s, other in enumerate((-1, 1)):
                    decay = np.exp(-passed * np.exp(channels * share + states * other))
                    s6[c, i, j] += gamma[i, s] * decay * delta[j] * beta[j, s]
                attention[c, i, j] = gamma[i] @ beta[j] * delta[j] * np.exp(log_eta[j] - log_eta[i])
    return s6, attention


@pytest.mark.parametrize(
    "sliders",
    [
        {},
        {"channels": 0.7, "skip": 0.2},
        {"states": 1.0},
        {"slowing": 1.6},
        {"locality": 0.5, "slowing": 0.4},
    ],
)
def test_kernels_and_sentence_by_loops(panel, sliders):
    sentence = said(panel, **sliders)
    s6, attention = by_loops(**SLIDERS | sliders)
    found = pair_of(**SLIDERS | sliders).kernels()
    for phi, expected in zip(found, (s6, attention), strict=True):
        np.testing.assert_allclose(phi, expected, atol=1e-12 * np.abs(expected).max())
    residual = np.sqrt(((attention - s6) ** 2).sum() / (s6**2).sum())
    number, percent = re.search(r"differ by (.+?)( %)? of the norm", sentence).groups()
    if sliders:
        assert percent and np.isclose(float(number) / 100, residual, rtol=6e-3)
    else:
        assert re.search(r"×\s10⁻¹[⁵⁶]$", number) and sentence.startswith("Nothing is broken.")


def test_the_sentence_names_what_is_broken(panel):
    changes = {"channels": 0.5, "states": 0.5, "skip": 0.5, "slowing": 1.5, "locality": 0.1}
    for condition, (name, value) in zip(CONDITIONS, changes.items(), strict=True):
        assert f"“{condition}”" in said(panel, **{name: value})
    assert said(panel, slowing=0.9).startswith("Nothing is broken.")  # S6 follows with smaller steps
    assert "rank of S6: 4 of 4" in said(panel, channels=0.5)
    for name in ("states", "skip", "slowing", "locality"):
        assert "rank of S6: 1, so one head would do, with other features" in said(
            panel, **{name: 0.5 + (name == "slowing")}
        )


def test_no_single_head_comes_closer_than_said():
    phi, _ = pair_of(channels=1.0).kernels()
    floor = float(re.search(r"misses by (\S+) %", describe([False] + [True] * 4, phi, phi)).group(1)) / 100
    rng = np.random.default_rng(0)
    kernel = phi.mean(axis=0)
    for _ in range(40):  # alternating least squares over P and the scales of the channels
        scales = np.einsum("cij,ij->c", phi, kernel) / (kernel**2).sum()
        kernel = np.einsum("cij,c->ij", phi, scales) / (scales**2).sum()
    best = np.linalg.norm(phi - scales[:, None, None] * kernel) / np.linalg.norm(phi)
    assert np.isclose(best, floor, rtol=2e-3)
    other = rng.standard_normal(4)[:, None, None] * kernel
    assert np.linalg.norm(phi - other) / np.linalg.norm(phi) > floor
