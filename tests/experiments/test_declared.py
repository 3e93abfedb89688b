"""The experiments as they are declared: fair comparisons, published settings."""

from dataclasses import replace

import pytest

from dsf_theory.experiments.declared import EXPERIMENTS, PRESETS, experiment
from dsf_theory.experiments.estimate import multiply_adds
from dsf_theory.experiments.published import PUBLISHED_MODELS, PUBLISHED_RATES, published
from dsf_theory.models import MODELS


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_runs_are_declared_once(name):
    """Every scale has runs, no two the same, of models that exist; the larger scale has the larger total."""
    given = experiment(name)
    work = []
    for preset in PRESETS:
        trials = given.trials(preset)
        assert trials and len({trial.key for trial in trials}) == len(trials)
        assert {trial.architecture.mixer for trial in trials} <= set(MODELS)
        work.append(sum(map(multiply_adds, trials)))
    assert work == sorted(work)
    assert given.title and given.claim.endswith(".") and given.axis in ("n", "d", "task")


@pytest.mark.parametrize("preset", ["notebook", "laptop"])
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_comparison_is_fair(name, preset):
    """At our own scales the models of a task differ in the mixer and its sizes alone, and all have three seeds."""
    trials = experiment(name).trials(preset)
    for task in dict.fromkeys(trial.task for trial in trials):
        alike = [trial for trial in trials if trial.task == task]
        blocks = [replace(t.architecture, mixer="s6", d=4, n=2, options={}) for t in alike]
        assert all(block == blocks[0] for block in blocks)
        assert len({replace(t.recipe, learning_rate=1.0) for t in alike}) == 1
        rates = {}
        for trial in alike:
            rates.setdefault(trial.architecture.mixer, set()).add(trial.recipe.learning_rate)
        assert len({len(tried) for tried in rates.values()}) == 1  # as many for each
    assert {trial.seed for trial in trials} == {0, 1, 2}
    assert not any(trial.architecture.positions or trial.architecture.mlp for trial in trials)


def test_published_settings():
    """Those of the released configurations, confound included: positions and MLP differ between the models."""
    trials = published(PUBLISHED_MODELS, d=(64,), lengths=(64, 512))
    assert {(t.task.length, t.task.pairs, t.recipe.rows) for t in trials} == {(64, 4, 512), (512, 64, 64)}
    assert all(t.task.vocabulary == 8192 and t.recipe.examples == 100_000 for t in trials)
    assert {t.recipe.steps for t in trials} == {64 * 196, 64 * 1563}
    assert sorted({t.recipe.learning_rate for t in trials}) == pytest.approx(
        [1e-4, 4.64e-4, 2.15e-3, 1e-2], rel=1e-2
    )
    with_positions = {t.architecture.mixer for t in trials if t.architecture.positions}
    assert with_positions == {"softmax_attention", "norm_attention", "linear_attention_elu"}
    assert {t.architecture.mixer for t in trials if t.architecture.mlp == 4} == {"norm_attention"}
    assert all(t.architecture.released and t.recipe.rate(0) == t.recipe.learning_rate for t in trials)
    assert not any(t.architecture.released for t in published(["qlstm"], d=(64,)))


def test_what_minutes_of_a_gpu_are_for():
    """Two rates and three seeds of each shape, five models at n = 64 first."""
    trials = experiment("smallest").trials("paper")
    shapes = [(t.task.length, t.architecture.mixer, t.architecture.n) for t in trials]
    assert list(dict.fromkeys(shapes))[:10] == [(k, m, 64) for k in (64, 128) for m in PUBLISHED_MODELS]
    assert all(shapes.count(shape) == 6 for shape in shapes)
    assert {(t.recipe.learning_rate, t.seed) for t in trials[:6]} == {
        (rate, seed) for rate in PUBLISHED_RATES[1:3] for seed in range(3)
    }


def test_unknown_names():
    with pytest.raises(ValueError, match="name: expected one of 'state-expansion', .*, found 'figure 1'"):
        experiment("figure 1")
    with pytest.raises(
        ValueError, match="preset: expected one of 'notebook', 'laptop', 'paper', found 'large'"
    ):
        experiment("models").trials("large")
