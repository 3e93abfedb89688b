"""Experiments, what came of them, and the commands that run them."""

import json
import re
from dataclasses import replace

import pytest

from dsf_theory.commands import training as commands
from dsf_theory.commands.parser import main
from dsf_theory.experiments import declared as experiments
from dsf_theory.experiments import results
from dsf_theory.experiments.declared import EXPERIMENTS, PRESETS, Experiment, experiment
from dsf_theory.experiments.ours import EASY, ours
from dsf_theory.experiments.published import PUBLISHED_MODELS, PUBLISHED_RATES, published
from dsf_theory.experiments.records import Row, summary
from dsf_theory.experiments.store import Store
from dsf_theory.experiments.sweep import sweep
from dsf_theory.models import MODELS
from dsf_theory.training.trial import Trial

TINY = ours([EASY], ["linear_attention", "s6"], [4], [2], steps=10, rates=[1e-2, 2e-2])


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results.sqlite")


@pytest.fixture
def tiny(monkeypatch):
    """One experiment of twelve runs that take a second together, under the name ``tiny``."""
    given = {"tiny": Experiment("A title", "A claim.", "d", dict.fromkeys(PRESETS, lambda: TINY))}
    monkeypatch.setattr(experiments, "EXPERIMENTS", given)


# -------------------------------------------------------------------- declared


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_runs_are_declared_once(name):
    """Every scale has runs, no two the same, of models that exist; the larger scale has the larger total."""
    given = experiment(name)
    work = []
    for preset in PRESETS:
        trials = given.trials(preset)
        assert trials and len({trial.key for trial in trials}) == len(trials)
        assert {trial.architecture.mixer for trial in trials} <= set(MODELS)
        work.append(sum(map(commands.multiply_adds, trials)))
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
    """Two rates and three seeds of each shape, five models at n = 64 first; the paper's baseline in `smallest` too."""
    trials = experiment("gpu").trials("paper")
    shapes = [(t.task.length, t.architecture.mixer, t.architecture.n) for t in trials]
    assert list(dict.fromkeys(shapes))[:10] == [(k, m, 64) for k in (64, 128) for m in PUBLISHED_MODELS]
    assert all(shapes.count(shape) == 6 for shape in shapes)
    assert {(t.recipe.learning_rate, t.seed) for t in trials[:6]} == {
        (rate, seed) for rate in PUBLISHED_RATES[1:3] for seed in range(3)
    }
    mixers = [t.architecture.mixer for t in experiment("smallest").trials("paper")]
    assert mixers == ["softmax_attention", "linear_attention_elu"]


def test_unknown_names():
    with pytest.raises(ValueError, match="name: expected one of 'state-expansion', .*, found 'figure 1'"):
        experiment("figure 1")
    with pytest.raises(
        ValueError, match="preset: expected one of 'notebook', 'laptop', 'paper', found 'large'"
    ):
        experiment("models").trials("large")


# -------------------------------------------------------------------- what came of them


def test_results_are_kept_and_read(store, tiny, tmp_path):
    with pytest.raises(FileNotFoundError, match="sweep tiny --preset laptop"):
        results.kept("tiny", "laptop", tmp_path)
    with pytest.raises(ValueError, match="store: expected results of tiny at the scale laptop, found none"):
        results.keep("tiny", "laptop", store, tmp_path)
    done = dict((trial.key, result) for trial, result in sweep(TINY[:4], store))
    path = results.keep("tiny", "laptop", store, tmp_path)
    found = results.kept("tiny", "laptop", tmp_path)
    assert path.name == "laptop_tiny.json" and (len(found.rows), found.of) == (4, 12)
    assert [row.trial for row in found.rows] == TINY[:4] and list(found.rows) == results.rows(TINY, store)
    assert [row.accuracy for row in found.rows] == [done[trial.key]["accuracy"] for trial in TINY[:4]]
    assert (found.experiment, found.preset, found.seconds) == (
        "tiny",
        "laptop",
        round(sum(r.seconds for r in found.rows)),
    )
    path.write_text("{}")
    with pytest.raises(ValueError, match="format: expected results in format 2, found None"):
        results.kept("tiny", "laptop", tmp_path)


def test_summary_counts_a_failure_and_takes_the_best_rate():
    def given(rate, *accuracies):
        trials = ours([EASY], ["s6"], [4], [2], 10, [rate])
        return [Row(trial=t, accuracy=a) for t, a in zip(trials, accuracies, strict=False)]

    (one,) = summary(given(0.2, 0.4, 0.5, 0.3) + given(0.1, 0.9, None, 0.6))
    assert (one.rate, one.accuracies, one.seeds) == (0.1, [0.9, 0.0, 0.6], 3)
    assert one.accuracy == pytest.approx(0.5) and one.median == 0.6
    (one,) = summary(given(0.2, 0.4, 0.5, 0.3) + given(0.1, 0.3))
    assert one.rate == 0.2


@pytest.mark.parametrize(("name", "preset"), [(name, "laptop") for name in EXPERIMENTS])
def test_kept_results_are_those_of_the_declared_runs(name, preset):
    """The committed results: one of each declared run, none failed, and the file is what its records are written to."""
    path = results.path_of(name, preset)
    found = results.kept(name, preset)
    trials = experiment(name).trials(preset)
    assert [row.trial for row in found.rows] == trials and found.of == len(trials)
    assert results.written(found) == path.read_text(encoding="utf-8")
    keys = [row["key"] for row in json.loads(path.read_text(encoding="utf-8"))["results"]]
    assert keys == [trial.key for trial in trials]
    for row in found.rows:
        assert row.failure is None and 0 <= row.accuracy <= 1 and row.state_size > 0
        assert row.guessing == results.short(row.task.guessing)


# -------------------------------------------------------------------- commands


def test_sweep_command(tiny, tmp_path, capsys):
    """Counts first, then does what is missing, keeps it, and has nothing left to do."""
    given = ["sweep", "--preset", "laptop", "--store", str(tmp_path / "s.sqlite"), "--folder", str(tmp_path)]
    assert main([*given, "--dry-run"]) == 0
    planned = capsys.readouterr().out
    assert re.search(r"tiny\W+12\W+0\W", planned) and not (tmp_path / "laptop_tiny.json").exists()
    assert main([*given, "--backend", "here"]) == 0
    assert len(results.kept("tiny", "laptop", tmp_path).rows) == 12
    capsys.readouterr()
    assert main([*given, "--dry-run"]) == 0
    assert re.search(r"tiny\W+12\W+12\W", capsys.readouterr().out)
    assert main(["sweep", "figure-1", *given[1:]]) == 2
    assert "name: expected one of 'tiny', 'smallest', 'gpu', found 'figure-1'" in capsys.readouterr().err


def test_sweep_command_says_what_failed(tiny, tmp_path, capsys, monkeypatch):
    """A run that fails is kept as failed, makes the exit status 1, and is done again on request."""
    bad = Trial(TINY[0].task, replace(TINY[0].architecture, options={"heads": 3}), TINY[0].recipe)
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", Experiment("", "", "d", {"laptop": lambda: [bad]}))
    given = ["sweep", "--preset", "laptop", "--store", str(tmp_path / "s.sqlite"), "--folder", str(tmp_path)]
    assert main([*given, "--backend", "here"]) == 1
    assert results.kept("tiny", "laptop", tmp_path).rows[0].failure.startswith("ValueError")
    assert main([*given, "--backend", "here"]) == 0
    assert main([*given, "--backend", "here", "--again"]) == 1
    assert "1 failed runs are to be done again" in capsys.readouterr().out


def test_train_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(
        commands.ONE_RUN, "notebook", lambda mixer: ours([EASY], [mixer], [4], [2], 20, [1e-2])[0]
    )
    path = tmp_path / "run.safetensors"
    assert main(["train", "ssd", "-d", "6", "--seed", "3", "--checkpoint", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "SSD (Mamba-2) on MQAR, 4 pairs: 18 numbers kept" in shown and shown.count("accuracy") == 10
    assert main(["train", "ssd", "-d", "6", "--seed", "3", "--checkpoint", str(path)]) == 0
    assert "resumed at step 20" in capsys.readouterr().out
    assert main(["train", "ssd", "-d", "6", "--seed", "4", "--checkpoint", str(path)]) == 2
    assert "path: expected a checkpoint of" in capsys.readouterr().err
    assert main(["train", "gpt"]) == 2
    assert "mixer: expected one of" in capsys.readouterr().err
    assert main(["train", "s6", "-d", "0"]) == 2
    assert "d: expected a whole number >= 1, found 0" in capsys.readouterr().err


def test_work_grows_as_it_should():
    """Twice the steps, twice the work; keys and values that grow with the length count for softmax attention."""
    (trial, *_) = TINY
    twice = replace(trial, recipe=replace(trial.recipe, steps=20))
    assert commands.multiply_adds(twice) == 2 * commands.multiply_adds(trial)
    soft = ours([EASY], ["softmax_attention"], [4], [2], 10, [1e-2])[0]
    assert commands.multiply_adds(soft) > commands.multiply_adds(trial)
