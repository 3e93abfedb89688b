"""Figures of the experiments: every seed is in the picture, and models are told apart by their colours."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from runs import row_of, rows_of

from dsf_theory.experiments.claimed import LINEAR
from dsf_theory.experiments.declared import EXPERIMENTS
from dsf_theory.plots.experiments import draw
from dsf_theory.plots.seeds import COLOURS, apart, colours
from dsf_theory.plots.style import PAPER, png


def points(figure) -> np.ndarray:
    """All dots of a figure, (points, 2)."""
    lines = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "o"]
    return np.concatenate([np.transpose(line.get_data()) for line in lines])


# -------------------------------------------------------------------- figures


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_is_drawn(name):
    figure = draw(name, rows_of(name))
    assert png(figure, dpi=40).startswith(b"\x89PNG") and all(axes.get_xlabel() for axes in figure.axes[:1])


@pytest.mark.parametrize(
    ("name", "along"), [("state-expansion", 1), ("models", 1), ("normalisers", 0), ("sequences", 0)]
)
def test_every_seed_is_a_dot(name, along):
    """As often as there are panels that have it; those that did not learn are hollow."""
    rng = np.random.default_rng(0)
    rows = rows_of(name, lambda trial: rng.random())
    figure = draw(name, rows)
    panels = 2 if along else 1
    assert np.allclose(
        np.sort(points(figure)[:, along]), np.sort(np.repeat([row.accuracy for row in rows], panels))
    )
    for axes in figure.axes:
        for line in axes.lines:
            if line.get_marker() == "o":
                hollow = line.get_markerfacecolor() == PAPER
                assert hollow == row_of(rows[0].trial, line.get_data()[along][0]).stuck


def test_lines_join_medians():
    def accuracy(trial):
        return (trial.architecture.variant == LINEAR) * trial.architecture.d / 64 + 0.1 * trial.seed

    rows = rows_of("models", accuracy)
    axes = draw("models", rows).axes[0]
    (line,) = (one for one in axes.lines if len(one.get_xdata()) == 2 and one.get_color() == COLOURS[LINEAR])
    assert np.allclose(line.get_ydata(), [16 / 64 + 0.1, 32 / 64 + 0.1])


def test_cells_say_median_and_range():
    figure = draw("heat-map", rows_of("heat-map"))
    words = [text.get_text() for text in figure.axes[0].texts]
    assert words == ["60%", "50 – 70%"] * 4


def test_a_run_that_failed_counts_as_nothing():
    rows = rows_of("state-expansion")
    rows[0] = replace(rows[0], accuracy=None, curve=None, failure="gone", seconds=None)
    assert 0.0 in points(draw("state-expansion", rows))[:, 1]


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="rows: expected some results, found none"):
        draw("models", [])
    with pytest.raises(ValueError, match="name: expected one of"):
        draw("no-such", rows_of("models"))


def test_colours_tell_models_apart():
    for name in EXPERIMENTS:
        shades = colours(row.variant for row in rows_of(name))
        assert len(shades) > 8 or len(set(map(to_hex, shades.values()))) == len(shades)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_names_lie_apart(heights):
    """In order, never nearer than the gap, none above the top; left alone where there is room."""
    found = np.array(apart(sorted(heights), 0.09, 1.0))
    assert (np.diff(found) > 0.08).all() and found[-1] <= 1.0 + 1e-9
    if (np.diff(sorted(heights)) >= 0.09).all():
        assert np.allclose(found, sorted(heights))
