"""Estimates of a sweep: what was measured stands, the rest follows the most similar measured run."""

from dataclasses import replace

import pytest
from runs import row_of

from dsf_theory.experiments.declared import EXPERIMENTS
from dsf_theory.experiments.estimate import Measured, committed, multiply_adds
from dsf_theory.experiments.ours import EASY, MIDDLE, ours
from dsf_theory.experiments.results import kept, with_results
from dsf_theory.experiments.tuning import fresh


def test_measured_runs_take_what_they_took():
    """The laptop scale, all of whose runs were kept, takes the seconds that its files add up to."""
    measured = Measured(committed())
    for name in with_results("laptop"):
        found = kept(name, "laptop")
        trials = EXPERIMENTS[name].trials("laptop")
        estimates = [measured.estimate(trial) for trial in trials + fresh(trials, found.rows)]
        assert all(one.measured for one in estimates)
        assert sum(one.seconds for one in estimates) == pytest.approx(found.seconds, abs=1)


def test_others_are_judged_within_a_factor_of_two():
    """The runs of each experiment by those that only others have."""
    rows = {name: kept(name, "laptop").rows for name in with_results("laptop")}
    for own in rows.values():
        keys = {row.trial.key for row in own}
        judged = Measured(row for of in rows.values() for row in of if row.trial.key not in keys)
        guessed = sum(judged.estimate(r.trial).seconds * r.steps / r.trial.recipe.steps for r in own)
        took = sum(row.seconds for row in own)
        assert took / 2 < guessed < 2 * took


def test_the_most_similar_run_of_the_model_judges():
    small, large = (ours([task], ["s6"], [8], [2], 10, [0.1])[0] for task in (EASY, MIDDLE))
    other = ours([EASY], ["ssd"], [8], [2], 10, [0.1])[0]
    rows = [
        replace(row_of(trial, 0.5), steps=10, seconds=s)
        for trial, s in ((small, 1.0), (large, 7.0), (other, 50.0))
    ]
    near = replace(small, recipe=replace(small.recipe, steps=40), seed=9)
    assert Measured(rows).estimate(near) == (pytest.approx(4.0), False, True)
    assert Measured(rows[1:]).estimate(near).seconds == pytest.approx(
        4 * 7.0 * multiply_adds(small) / multiply_adds(large)
    )
    assert not Measured(rows[2:]).estimate(near).model
    assert Measured([]).estimate(near) is None
    assert Measured([replace(rows[0], failure="gone")]).estimate(near) is None


def test_work_grows_as_it_should():
    """Twice the steps, twice the work; keys and values that grow with the length count for softmax attention."""
    (trial, *_) = ours([EASY], ["linear_attention"], [4], [2], 10, [1e-2])
    twice = replace(trial, recipe=replace(trial.recipe, steps=20))
    assert multiply_adds(twice) == 2 * multiply_adds(trial)
    soft = ours([EASY], ["softmax_attention"], [4], [2], 10, [1e-2])[0]
    assert multiply_adds(soft) > multiply_adds(trial)
