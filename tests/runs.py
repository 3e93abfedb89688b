"""Runs for tests: what one carries, a small grid, processes that do it and can be killed, results that are made up."""

import multiprocessing
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dsf_theory.experiments.declared import EXPERIMENTS
from dsf_theory.experiments.records import Row
from dsf_theory.experiments.store import Store
from dsf_theory.experiments.sweep import sweep
from dsf_theory.tasks import MQAR
from dsf_theory.training.run import Recipe, Run
from dsf_theory.training.sequence_model import Architecture
from dsf_theory.training.trial import Trial, grid


def everything(run: Run) -> tuple[dict, list]:
    """All that a run carries from step to step: parameters and moments, and its history."""
    state = {}
    for name, parameter in run.model.named_parameters():
        kept = {"value": parameter.detach(), **run.optimiser.state.get(parameter, {})}
        state |= {f"{name}:{key}": value.clone() for key, value in kept.items()}
    return state, list(run.history)


TASK = MQAR(length=16, pairs=2, vocabulary=32)
RECIPE = Recipe(steps=24, rows=8, every=4, tested=40, examples=20)


def trial(mixer="linear_attention", seed=0, rate=3e-3, **block):
    """One run; those of linear attention without dropout make cohorts."""
    return Trial(
        TASK, Architecture(mixer=mixer, d=8, n=2, **block), replace(RECIPE, learning_rate=rate), seed
    )


def trials(seeds: int = 4) -> list[Trial]:
    """Runs alone and in cohorts, with and without dropout."""
    alone = grid(trial, mixer=["s6", "softmax_attention"], seed=range(seeds // 2), dropout=[0.2])
    return grid(trial, seed=range(seeds), rate=[3e-3, 1e-2]) + alone


class Ledger(Store):
    """A store that also writes down every result that it was given, and by whom."""

    def add(self, key, run, result):
        with self.path.with_suffix(".ledger").open("a") as file:
            file.write(f"{key} {os.getpid()}\n")
        return super().add(key, run, result)

    def given(self) -> list[list[str]]:
        return [line.split() for line in self.path.with_suffix(".ledger").read_text().splitlines()]


def do(path: Path, seeds: int = 4, backend: str = "here", workers: int = 1) -> None:
    """Do the whole grid."""
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # Ray's workers import this module too
    for _ in sweep(trials(seeds), Ledger(path), backend, workers):
        pass


def process(*arguments) -> multiprocessing.Process:
    """A process that does the grid, started from a server that has torch in memory."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["runs"])
    started = context.Process(target=do, args=arguments)
    started.start()
    return started


def without_seconds(store: Store) -> list[dict]:
    """The results that do not depend on the clock."""
    return [{key: value for key, value in result.items() if key != "seconds"} for result in store.results()]


def row_of(trial: Trial, accuracy: float, guessing: float | None = 0.125) -> Row:
    """A made-up result of a run."""
    curve = ((10, 2.0, 0.1), (20, 1.0, accuracy))
    size = trial.architecture.d * trial.architecture.n
    return Row(
        trial=trial, accuracy=accuracy, guessing=guessing, seconds=1.0, state_size=size, steps=20, curve=curve
    )


def rows_of(name: str, accuracy=lambda trial: 0.5 + 0.1 * trial.seed) -> list[Row]:
    """Made-up results of an experiment's runs at its smallest scale, tuning seeds counted from 0."""
    one = EXPERIMENTS[name]
    found = one.trials(next(iter(one.presets)))
    found = [replace(trial, seed=trial.seed % 100) for trial in found]
    return [row_of(trial, accuracy(trial)) for trial in found]


def assert_close(run, other, tolerance=2e-4):
    """Two runs with the same steps, to rounding: losses, evaluations, parameters and moments."""
    (ours, history), (theirs, expected) = everything(run), everything(other)
    assert [record.step for record in history] == [record.step for record in expected]
    for record, wanted in zip(history, expected, strict=True):
        assert record.loss == pytest.approx(wanted.loss, abs=tolerance)
        assert (record.accuracy is None) == (wanted.accuracy is None)
        assert record.tested is None or record.tested == pytest.approx(wanted.tested, abs=tolerance)
    for key in ours:
        torch.testing.assert_close(ours[key], theirs[key], rtol=0.02, atol=tolerance, msg=key)
