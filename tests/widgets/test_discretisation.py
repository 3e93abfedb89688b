"""The widget of notebook 03: one pole, two rules."""

from itertools import product

import numpy as np
import pytest

from dsf_theory.widgets.discretisation import TIMES, continuous, discretisation, remembered, single_mode

START = {"real": -0.6, "imaginary": 4, "log_step": -0.5, "rule": "bilinear"}


@pytest.fixture(scope="module")
def built():
    return discretisation()


@pytest.fixture
def panel(built):
    built.set(**START)
    return built


@pytest.mark.parametrize("rule", ["zoh", "bilinear"])
def test_every_control_goes_to_its_ends(panel, rule):
    panel.controls["rule"].value = rule
    for name in ("real", "imaginary", "log_step"):
        control, pictures = panel.controls[name], set()
        for value in (control.min, control.max):
            control.value = value
            assert panel.error is None
            pictures.add(panel.live.image.value)
        assert len(pictures) == 2, name


def test_all_controls_at_their_ends_together(panel):
    ends = [
        (panel.controls[name].min, panel.controls[name].max) for name in ("real", "imaginary", "log_step")
    ]
    for real, imaginary, log_step, rule in product(*ends, ("zoh", "bilinear")):
        panel.set(real=real, imaginary=imaginary, log_step=log_step, rule=rule)
        assert panel.error is None
        assert panel.live.description


def test_a_vanishing_bilinear_pole_is_quiet(panel):
    panel.set(real=-2, imaginary=0, log_step=0, rule="bilinear")  # aΔ = -2
    assert panel.error is None
    assert "a memory of 0 steps" in panel.live.description


def test_starts_where_the_tests_start():
    assert discretisation().values == START


def test_description_has_the_numbers_of_the_bilinear_rule(panel):
    a, delta = -0.6 + 4j, 10**-0.5
    pole = (1 + a * delta / 2) / (1 - a * delta / 2)
    h, worst = 0, 0.0
    for i in range(int(8 / delta)):
        h = pole * h - a * delta / (1 - a * delta / 2)
        worst = max(worst, abs(h.real - (1 - np.exp(a * delta * (i + 1))).real))
    said = panel.live.description
    assert f"ā = {pole.real:.2f} + {pole.imag:.2f}j and |ā| = {abs(pole):.3f}" in said
    assert f"a memory of {-1 / np.log(abs(pole)):.3g} steps" in said
    assert f"miss the curve by up to {worst:.3f}." in said


def test_zero_order_hold_is_exact_and_a_pole_on_the_circle_forgets_nothing(panel):
    panel.set(real=0, imaginary=5, log_step=-1, rule="zoh")
    assert "nothing is forgotten" in panel.live.description
    assert "The samples lie on the curve" in panel.live.description


def test_the_curve_solves_the_differential_equation():
    a = -0.7 + 3j
    times = TIMES[:200]
    slope = np.gradient(1 - np.exp(a * times), times, edge_order=2)  # of the complex solution
    assert np.allclose(slope, a * (1 - np.exp(a * times)) - a, atol=5e-3)
    assert np.array_equal(continuous(a, times), -np.expm1(a * times).real)


def test_both_rules_end_at_one():
    for rule in ("zoh", "bilinear"):
        y = single_mode(-0.6 + 4j, 0.1, rule).output(np.ones((400, 1)))[:, 0]
        assert abs(y[-1] - 1) < 1e-9


def test_negative_imaginary_parts_are_written_with_a_minus():
    assert remembered(0.5 - 0.25j).startswith("ā = 0.50 − 0.25j and |ā| = 0.559: a memory of 1.72 steps")
