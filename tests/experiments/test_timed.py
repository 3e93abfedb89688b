"""Sweeps within a time: they stop cleanly, go on from their store, and come to the runs alone."""

import importlib
import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from runs import without_seconds

from dsf_theory.commands.parser import main
from dsf_theory.experiments import declared, results, timed
from dsf_theory.experiments.declared import Experiment
from dsf_theory.experiments.published import PUBLISHED_MODELS
from dsf_theory.experiments.store import Store
from dsf_theory.tasks import MQAR, SequentialDigits
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.run import Run
from dsf_theory.training.sequence_model import Architecture
from dsf_theory.training.stacked import Stacked
from dsf_theory.training.trial import Trial

TASK = MQAR(length=16, pairs=2, vocabulary=32)
RECIPE = Recipe(steps=6, rows=4, every=2, tested=20, examples=10, warmup=0.0, clip=float("inf"))


def trials(mixers=PUBLISHED_MODELS, seeds=2):
    """The GPU's experiment at toy size: the released blocks, two rates and some seeds of each."""
    found = []
    for mixer, seed, rate in itertools.product(mixers, range(seeds), (3e-3, 1e-2)):
        mlp = 4 if mixer == "norm_attention" else 0
        block = Architecture(
            mixer=mixer, d=8, n=4, released=True, dropout=0.1, mlp=mlp, positions="attention" in mixer
        )
        found.append(Trial(TASK, block, replace(RECIPE, learning_rate=rate), seed))
    return found


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results.sqlite")


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes a minute further at every look."""
    ticks = itertools.count(0, 60)
    monkeypatch.setattr(timed.time, "monotonic", lambda: float(next(ticks)))


@pytest.mark.long
def test_the_command_at_toy_size(tmp_path, monkeypatch, capsys):
    """What a GPU is given, on a processor: all five models, results kept in a file, and nothing left to do."""
    toy = Experiment("A title", "A claim.", {"paper": trials})
    monkeypatch.setitem(declared.APART, "smallest", toy)
    given = ["sweep", "smallest", "--preset", "paper", "--device", "cpu", "--minutes", "9"]
    given += ["--store", str(tmp_path / "s.sqlite"), "--folder", str(tmp_path)]
    assert main(given) == 0
    kept = results.kept("smallest", "paper", tmp_path)
    assert [row.trial for row in kept.rows] == trials() and kept.of == 20 and "float32" in kept.machine
    assert capsys.readouterr().out.count("after 6 steps") == 20
    for row in kept.rows[::5]:
        alone = Run(row.trial.task, row.trial.architecture, row.trial.recipe, row.trial.seed, "cpu")
        list(alone)
        assert row.curve[-1][1] == pytest.approx(alone.history[-1].tested, abs=2e-4)
        assert [step for step, *_ in row.curve] == [2, 4, 6]
    assert main(given) == 0 and capsys.readouterr().out == ""
    elsewhere = [*given[:-3], str(tmp_path / "new.sqlite"), *given[-2:]]
    assert main(elsewhere) == 0 and capsys.readouterr().out == ""  # a new store goes on from the file
    assert results.kept("smallest", "paper", tmp_path).rows == kept.rows


def test_the_benchmark_at_toy_size(monkeypatch):
    """Runs together, operation after operation and alone have the same losses; its test fails where they have not."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    benchmark = importlib.import_module("paper_scale")
    told = benchmark.measured(trials(["s6"]), "cpu", timed=2)
    assert float(told.split("within ")[1]) < 1e-5 and "s an epoch" in told
    masks = Stacked.masks
    monkeypatch.setattr(Stacked, "masks", lambda runs, step, inputs: 2 * masks(runs, step, inputs))
    monkeypatch.setattr(benchmark, "TOLERANCE", 1e-5)
    with pytest.raises(AssertionError, match="losses"):
        benchmark.measured(trials(["s6"]), "cpu", timed=2)


@pytest.mark.long
def test_it_stops_in_time_and_goes_on(store, tmp_path, clock):
    """One evaluation a look at the clock: checkpoints and curves of what is under way, no result twice."""
    few, whole = trials(["s6", "s6_2"]), Store(tmp_path / "whole.sqlite")
    list(timed.timed(few, whole, "cpu", 1e6))
    first = list(timed.timed(few, store, "cpu", 5))
    assert first and all(result is None for _, result in first) and store.results() == []
    told = json.loads(store.path.with_suffix(".under_way.json").read_text())
    assert [each["key"] for each in told] == [trial.key for trial, _ in first] and len(told) == 4
    assert all(each["curve"] and each["steps"] < 6 for each in told)
    assert all(store.checkpoint(trial.key).exists() for trial, _ in first)
    ended = [trial for trial, result in timed.timed(few, store, "cpu", 1e6) if result]
    assert ended == few and not list(store.parts.glob("*.safetensors"))
    assert without_seconds(store) == without_seconds(whole)
    assert list(timed.timed(few, store, "cpu", 1)) == []


def test_a_failure_is_kept(store):
    wild = [replace(trial, recipe=replace(trial.recipe, learning_rate=1e38)) for trial in trials(["s6"])[:1]]
    found = dict(timed.timed(trials(["s6"])[1:] + wild, store, "cpu", 1e6))
    assert found[wild[0]]["failure"].startswith("FloatingPointError: loss: expected a finite number")
    assert sum(result["failure"] is None for result in found.values()) == 3


def test_a_shape_that_cannot_be_trained(store):
    """It is told of at the end, after the others had their time."""
    impossible = [replace(trial, task=SequentialDigits()) for trial in trials(["s6"])[:1]]
    found = timed.timed(impossible + trials(["s6_2"])[:1], store, "cpu", 1e6)
    assert next(found)[0] == trials(["s6_2"])[0]
    with pytest.raises(ExceptionGroup, match="shapes that could not be trained") as raised:
        next(found)
    assert "tied: expected a task with as many classes" in str(raised.value.exceptions[0])


def test_shapes():
    """Seeds and rates of one shape, eight at most."""
    made = timed.shapes(trials(seeds=5)[::-1])
    assert [len(each) for each in made] == [8, 2] * 5
    assert [each[0].architecture.mixer for each in made[::2]] == list(PUBLISHED_MODELS[::-1])


def test_products_are_as_precise_as_before(store):
    meanwhile = [
        torch.get_float32_matmul_precision() for _ in timed.timed(trials(["s6"])[:2], store, "cpu", 1e6)
    ]
    assert meanwhile == ["high", "high"] and torch.get_float32_matmul_precision() == "highest"


def test_what_is_not_there(store, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="device: expected one that is there, found 'cuda' and no GPU"):
        timed.timed(trials(), store, "cuda", 1)
    with pytest.raises(ValueError, match="minutes: expected a number > 0, found 0"):
        timed.timed(trials(), store, "cpu", 0)
    assert main(["sweep", "smallest", "--preset", "paper", "--minutes", "3"]) == 2
    assert "minutes: expected with --device, found without" in capsys.readouterr().err
