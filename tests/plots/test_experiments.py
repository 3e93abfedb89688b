"""Figures of the experiments and verdicts on them: every seed is in the picture, verdicts come out either way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from dsf_theory.experiments.declared import EXPERIMENTS
from dsf_theory.experiments.results import label, task_label
from dsf_theory.experiments.verdicts import comparisons, stuck, verdict
from dsf_theory.plots.experiments import draw
from dsf_theory.plots.seeds import COLOURS, apart
from dsf_theory.plots.style import PAPER, png

SOFTMAX, LINEAR = "softmax attention", "linear attention"


def rows_of(name: str, accuracy=lambda row: 0.5 + 0.1 * row["seed"]) -> list[dict]:
    """Made-up results of an experiment's runs."""
    found = []
    for trial in EXPERIMENTS[name].trials("notebook"):
        row = {"model": label(trial), "task": task_label(trial), "rate": trial.recipe.learning_rate}
        row |= {"d": trial.architecture.d, "n": trial.architecture.n, "seed": trial.seed, "guessing": 0.125}
        row |= {"state_size": row["d"] * row["n"], "seconds": 1.0, "failure": None}
        row["accuracy"] = accuracy(row)
        found.append(row | {"curve": [[10, 2.0, 0.1], [20, 1.0, row["accuracy"]]]})
    return found


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
    rows = rows_of(name, lambda row: rng.random())
    figure = draw(name, rows)
    panels = 2 if along else 1
    assert np.allclose(
        np.sort(points(figure)[:, along]), np.sort(np.repeat([row["accuracy"] for row in rows], panels))
    )
    for axes in figure.axes:
        for line in axes.lines:
            if line.get_marker() == "o":
                hollow = line.get_markerfacecolor() == PAPER
                assert hollow == stuck(line.get_data()[along][0], 0.125)


def test_lines_are_means():
    rows = rows_of("models", lambda row: (row["model"] == LINEAR) * row["d"] / 64 + 0.1 * row["seed"])
    axes = draw("models", rows).axes[0]
    (line,) = (one for one in axes.lines if len(one.get_xdata()) == 2 and one.get_color() == COLOURS[LINEAR])
    assert np.allclose(line.get_ydata(), [16 / 64 + 0.1, 32 / 64 + 0.1])


def test_cells_say_mean_and_range():
    figure = draw("heat-map", rows_of("heat-map"))
    words = [text.get_text() for text in figure.axes[0].texts]
    assert words == ["60%", "50 – 70%"] * 4


def test_a_run_that_failed_counts_as_nothing():
    rows = rows_of("state-expansion")
    rows[0] |= {
        "accuracy": None,
        "curve": None,
        "failure": "gone",
        "seconds": None,
        "state_size": rows[0]["state_size"],
    }
    assert 0.0 in points(draw("state-expansion", rows))[:, 1]


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="rows: expected some results, found none"):
        draw("models", [])
    with pytest.raises(ValueError, match="name: expected one of"):
        draw("no-such", rows_of("models"))


def test_colours_tell_models_apart():
    for name in EXPERIMENTS:
        names = {row["model"] for row in rows_of(name)}
        assert names <= set(COLOURS) and len({to_hex(COLOURS[n]) for n in names}) == len(names)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_names_lie_apart(heights):
    """In order, never nearer than the gap, none above the top; left alone where there is room."""
    found = np.array(apart(sorted(heights), 0.09, 1.0))
    assert (np.diff(found) > 0.08).all() and found[-1] <= 1.0 + 1e-9
    if (np.diff(sorted(heights)) >= 0.09).all():
        assert np.allclose(found, sorted(heights))


# -------------------------------------------------------------------- verdicts


def outcomes(name, accuracy):
    return [one.outcome for one in comparisons(name, rows_of(name, accuracy))]


def test_verdicts_come_out_either_way():
    """Confirmed, reversed, or open, as the seeds have it."""
    up = outcomes("state-expansion", lambda row: 0.3 + row["n"] / 100 + 0.4 * (row["model"] == SOFTMAX))
    assert up == ["seen"] * 4
    assert outcomes("state-expansion", lambda row: 0.9 - row["n"] / 100) == ["reversed"] * 4
    assert outcomes("state-expansion", lambda row: 0.5 + row["seed"] / 100) == ["open"] * 4


def test_seeds_that_stay_at_guessing():
    """Overlap that is theirs alone is told from any other; a model of which no seed learnt is not helped by it."""

    def accuracy(row):
        return 0.1 if row["seed"] == 0 and row["n"] > 2 else 0.3 * np.log2(row["n"]) - 0.1

    found = comparisons("state-expansion", rows_of("state-expansion", accuracy))
    assert [one.outcome for one in found] == ["learnt"] * 4
    assert (
        verdict(found)
        == "Not confirmed: 0 of 4 comparisons; in 4 if seeds that stay at guessing are left out."
    )
    none = outcomes(
        "state-expansion", lambda row: 0.1 + 0.01 * row["seed"] if row["n"] > 2 else 0.2 + 0.2 * row["seed"]
    )
    assert "learnt" not in none
    lucky = {2: [0.4, 0.5, 0.45], 4: [0.1, 0.1, 0.9]}  # one seed above all others is not most of them
    rows = rows_of("state-expansion", lambda row: lucky.get(row["n"], [0.95] * 3)[row["seed"]])
    assert comparisons("state-expansion", rows)[0].outcome == "open"


def test_claims_name_what_they_compare():
    """S6 between linear and softmax attention at each d, normalised attention above linear: ten comparisons."""
    order = {LINEAR: 0.2, "S6 (Mamba)": 0.4, "SSD (Mamba-2)": 0.5, "normalised attention": 0.6, SOFTMAX: 0.9}
    rows = rows_of("models", lambda row: order[row["model"]] + 0.01 * row["seed"])
    found = comparisons("models", rows)
    assert len(found) == 10 and {one.outcome for one in found} == {"seen"}
    assert verdict(found) == "Confirmed in all of 10 comparisons."
    (gap,) = (one.gap for one in found if one.words == "d = 16: S6 (Mamba) over linear attention")
    assert gap == pytest.approx(0.2)


def test_heat_map_compares_cells_that_keep_alike():
    """More states win at each d, and where n and d trade places."""
    found = comparisons("heat-map", rows_of("heat-map", lambda row: 0.3 + row["n"] / 20))
    assert [one.outcome for one in found] == ["seen"] * 6
    assert found[2].words == "MQAR, 4 pairs: d = 32, n = 8 over d = 64, n = 2"
    assert verdict(comparisons("heat-map", rows_of("heat-map", lambda row: row["d"] / 100))).startswith(
        "Not confirmed"
    )
