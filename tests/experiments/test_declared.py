"""The experiments as they are declared: fair comparisons, published settings."""

from dataclasses import replace

import pytest
from runs import row_of

from dsf_theory.experiments.declared import EXPERIMENTS, PRESETS, at_scale, experiment
from dsf_theory.experiments.estimate import multiply_adds
from dsf_theory.experiments.ours import EASY, SEEDS, ours
from dsf_theory.experiments.protocol import FRESH, LEAST_EFFECT, RATES, TUNING
from dsf_theory.experiments.published import PUBLISHED_MODELS, PUBLISHED_RATES, published
from dsf_theory.experiments.records import Row
from dsf_theory.experiments.tuning import count, fresh
from dsf_theory.models import MODELS


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_runs_are_declared_once(name):
    """Every scale has runs, no two the same, of models that exist; the larger scale has the larger total."""
    given = experiment(name)
    work = []
    for preset in given.presets:
        trials = given.trials(preset)
        assert trials and len({trial.key for trial in trials}) == len(trials)
        assert {trial.architecture.mixer for trial in trials} <= set(MODELS)
        work.append(sum(map(multiply_adds, trials)))
    assert work == sorted(work) and set(given.presets) <= set(PRESETS)
    assert given.title and given.claim.endswith(".")


@pytest.mark.parametrize("preset", ["notebook", "laptop"])
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_comparison_is_fair(name, preset):
    """At our own scales the models of a task differ in the mixer and its start alone: rates and seeds are the same."""
    if preset not in EXPERIMENTS[name].presets:
        return
    trials = experiment(name).trials(preset)
    for task in dict.fromkeys(trial.task for trial in trials):
        alike = [trial for trial in trials if trial.task == task]
        blocks = [replace(t.architecture, mixer="s6", d=4, n=2, options={}) for t in alike]
        assert all(block == blocks[0] for block in blocks)
        assert len({replace(t.recipe, learning_rate=1.0) for t in alike}) == 1
        each = {}
        for trial in alike:
            of_one = each.setdefault(Row(trial=trial).cell, set())
            of_one.add((trial.recipe.learning_rate, trial.seed))
        assert len(set(map(frozenset, each.values()))) == 1
    seeds, rates = ({t.seed for t in trials}, {t.recipe.learning_rate for t in trials})
    assert seeds == ({0, 1, 2} if preset == "notebook" else set(TUNING))
    assert len(rates) >= (3 if preset == "laptop" else 1)
    assert not any(trial.architecture.positions or trial.architecture.mlp for trial in trials)


def test_the_protocol():
    """Settings are chosen on seeds that no result is shown of; every comparison of recall has a ceiling."""
    assert len(FRESH) == 8 and min(TUNING) >= 100 and not set(FRESH) & {*TUNING, *SEEDS}
    assert len(RATES) >= 3 and LEAST_EFFECT == 0.05
    for name in at_scale("laptop"):
        if EXPERIMENTS[name].ceiling:
            assert any(
                t.architecture.mixer == "softmax_attention" for t in EXPERIMENTS[name].trials("laptop")
            )


def test_fresh_runs_follow_from_the_tuning_runs():
    """At the lowest rate as good as any, by medians, of every model whose tuning runs are all there, and no other."""
    trials = ours([EASY], ["s6", "ssd"], [4], [2], 10, RATES, TUNING)
    best = {"s6": 1e-2, "ssd": 5e-3}

    def accuracy(trial):
        rate = trial.recipe.learning_rate
        if rate == best[trial.architecture.mixer]:
            return 0.9
        return 1.0 * (trial.seed == 101) if rate < 2e-2 else 0.905

    rows = [row_of(trial, accuracy(trial)) for trial in trials]
    found = fresh(trials, rows)
    assert count(trials) == len(trials) + len(found) == 2 * (9 + 8)
    assert [(t.architecture.mixer, t.recipe.learning_rate, t.seed) for t in found] == [
        (mixer, rate, seed) for mixer, rate in best.items() for seed in FRESH
    ]
    assert {t.architecture.mixer for t in fresh(trials, rows[:-1])} == {"s6"}
    assert fresh(ours([EASY], ["s6"], [4], [2], 10, RATES), rows) == []


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
