"""Sweeps on one device within a given time: seeds and rates of a shape as one model, to be gone on with another day.

A result is in the store as soon as its run is whole. When the time is up, every run under way has a checkpoint and
what it has come to so far is told; a sweep that is started again with the same store goes on from there.
"""

import gc
import json
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial

import torch
from filelock import FileLock

from dsf_theory.experiments.store import Store
from dsf_theory.experiments.sweep import begun, outcome
from dsf_theory.training.cohort import kind
from dsf_theory.training.run import Run
from dsf_theory.training.stacked import WIDTH, Stacked
from dsf_theory.training.trial import Trial
from dsf_theory.version import __version__

SAVED = 30.0
"""Seconds between two checkpoints."""


def timed(
    trials: Iterable[Trial], store: Store, device: str, minutes: float, recorded: bool = True
) -> Iterator[tuple[Trial, dict | None]]:
    """Do runs that have no result yet, shape after shape, until all are done or the time is up.

    Matrices are multiplied in TF32 where the device has it, and all else is float32.

    Args:
        trials: the runs, in the order of what is most worth knowing; seeds and rates of one shape go together.
        store: where results and checkpoints are kept.
        device: of torch.
        minutes: after which no further evaluation is begun.
        recorded: whether passes are recorded as CUDA graphs, on a GPU.

    Yields:
        Each run with its result as it ends; at the end those under way, with None.

    Raises:
        ValueError: for a device that is not there, or no time.
        ExceptionGroup: at the end, what kept shapes from being trained; the others have been.
    """
    if not minutes > 0:
        raise ValueError(f"minutes: expected a number > 0, found {minutes!r}")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device: expected one that is there, found 'cuda' and no GPU")
    train = partial(_together, store=store, device=device, recorded=recorded)
    return _in_order(list(trials), store, train, time.monotonic() + 60 * minutes)


def _in_order(trials: list[Trial], store: Store, train: Callable, deadline: float) -> Iterator:
    """Shape after shape while there is time; one that cannot be trained costs the others nothing."""
    before, errors = torch.get_float32_matmul_precision(), []
    torch.set_float32_matmul_precision("high")
    try:
        for cohort in shapes(trials):
            left = [trial for trial in cohort if store.get(trial.key) is None]
            try:
                if left and time.monotonic() < deadline:
                    yield from train(left, deadline=deadline)
            except Exception as error:  # noqa: BLE001 (raised when the others had their time)
                errors.append(error)
            gc.collect()  # a cohort and its recorded pass hold each other, and gigabytes
            torch.cuda.empty_cache()
    finally:
        torch.set_float32_matmul_precision(before)
    if errors:
        raise ExceptionGroup("shapes that could not be trained", errors)


def shapes(trials: Sequence[Trial]) -> list[list[Trial]]:
    """The trials in the order of the first of each shape, seeds and rates of one together, up to ``WIDTH``."""
    alike: dict[str, list[Trial]] = {}
    for trial in trials:
        alike.setdefault(kind(trial.task, trial.architecture, trial.recipe), []).append(trial)
    return [each[k : k + WIDTH] for each in alike.values() for k in range(0, len(each), WIDTH)]


def _together(
    trials: list[Trial], store: Store, device: str, recorded: bool, deadline: float
) -> Iterator[tuple[Trial, dict | None]]:
    """One shape: results of runs that end, and checkpoints of those that do not."""
    with ExitStack() as held:
        for key in sorted(trial.key for trial in trials):
            held.enter_context(FileLock(store.lock(key)))
        runs = [begun(trial, store, device) for trial in trials]
        waiting, saved = dict(enumerate(trials)), time.monotonic()
        for place, record in Stacked(runs, recorded=recorded):
            error = record if isinstance(record, FloatingPointError) else None
            if error or runs[place].done:
                yield waiting[place], keep(store, waiting.pop(place), runs[place], error)
            level = len({runs[k].step for k in waiting}) == 1
            if level and time.monotonic() > min(deadline, saved + SAVED):
                saved = time.monotonic()
                under_way(store, {trial: runs[k] for k, trial in waiting.items()})
                if saved > deadline:
                    yield from ((trial, None) for trial in waiting.values())
                    return


def keep(store: Store, trial: Trial, run: Run, error: Exception | None) -> dict:
    """Keep the result of a run that has ended; the result."""
    found = {"failure": error and f"{type(error).__name__}: {error}", "version": __version__} | outcome(run)
    store.add(trial.key, trial.identity, found)
    store.tidy({trial.key})
    return found


def under_way(store: Store, runs: dict[Trial, Run]) -> None:
    """Save checkpoints of runs, and beside the store what they have come to so far, ``NAME.under_way.json``."""
    for trial, run in runs.items():
        run.save(store.checkpoint(trial.key))
    told = [
        outcome(run) | {"key": trial.key, "run": json.loads(trial.identity)} for trial, run in runs.items()
    ]
    store.path.with_suffix(".under_way.json").write_text(json.dumps(told), encoding="utf-8")


def machine(device: str) -> str:
    """What a sweep on a device was done on, in words."""
    if device == "cuda":
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}, float32 with products in TF32"
    return f"{platform.machine()}, torch {torch.__version__}, float32"
