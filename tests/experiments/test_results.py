"""Files of results: kept, read, and the committed ones, which are those of the declared runs."""

import json
import random
import tempfile
from pathlib import Path

import pytest

from dsf_theory.experiments import declared as experiments
from dsf_theory.experiments import results
from dsf_theory.experiments.declared import PRESETS, Experiment, experiment
from dsf_theory.experiments.ours import EASY, ours
from dsf_theory.experiments.records import Row, summary
from dsf_theory.experiments.store import Store
from dsf_theory.experiments.sweep import perform, sweep, together
from dsf_theory.experiments.tuning import fresh

TINY = ours([EASY], ["linear_attention", "s6"], [4], [2], steps=10, rates=[1e-2, 2e-2])


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results.sqlite")


@pytest.fixture
def tiny(monkeypatch):
    """One experiment of twelve runs that take a second together, under the name ``tiny``."""
    given = {"tiny": Experiment("A title", "A claim.", dict.fromkeys(PRESETS, lambda: TINY))}
    monkeypatch.setattr(experiments, "EXPERIMENTS", given)


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


@pytest.mark.parametrize(("name", "preset"), [(name, "laptop") for name in results.with_results("laptop")])
def test_kept_results_are_those_of_the_declared_runs(name, preset):
    """The committed results: one of each declared run, none failed, and the file is what its records are written to."""
    path = results.path_of(name, preset)
    found = results.kept(name, preset)
    trials = experiment(name).trials(preset)
    trials += fresh(trials, found.rows)
    assert [row.trial for row in found.rows] == trials and found.of == len(trials)
    assert results.written(found) == path.read_text(encoding="utf-8")
    keys = [row["key"] for row in json.loads(path.read_text(encoding="utf-8"))["results"]]
    assert keys == [trial.key for trial in trials]
    for row in found.rows:
        assert row.failure is None and 0 <= row.accuracy <= 1 and row.state_size > 0
        assert row.guessing == results.short(row.task.guessing)


@pytest.mark.long
def test_a_kept_run_comes_out_again():
    """One run in the files, chosen anew at each call, trained in its cohort: to the last digit on the same machine.

    Another processor rounds otherwise, and a thousand steps carry that far: there it has to end near the median.
    """
    draw = random.Random()
    name = draw.choice(results.with_results("laptop"))
    found = results.kept(name, "laptop")
    trials = experiment(name).trials("laptop")
    cohorts = [c for stage in (trials, fresh(trials, found.rows)) for c in together(stage)]
    stored = {row.trial.key: row for row in found.rows}
    cohort = draw.choice([c for c in cohorts if max(stored[trial.key].seconds for trial in c) < 40])
    store = Store(Path(tempfile.mkdtemp()) / "again.sqlite")
    perform(cohort, store)
    for row in results.rows(cohort, store):
        kept = stored[row.trial.key]
        told = f"{name}: {row.variant.label}, seed {row.seed}: {row.accuracy} instead of {kept.accuracy}"
        assert (row.state_size, row.parameters) == (kept.state_size, kept.parameters), told
        same = (row.accuracy, row.steps) == (kept.accuracy, kept.steps)
        alike = [one.score for one in found.rows if (one.cell, one.rate) == (row.cell, row.rate)]
        assert same or found.machine != results.here() and min(alike) - 0.2 < row.score < max(alike) + 0.2, (
            told
        )
