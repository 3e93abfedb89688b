"""The work of the commands ``train`` and ``sweep``: one run or many, with progress and what is kept of them."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from dsf_theory.experiments import results
from dsf_theory.experiments.declared import experiment
from dsf_theory.experiments.ours import HARD, MIDDLE, ours
from dsf_theory.experiments.published import published
from dsf_theory.experiments.results import with_fresh
from dsf_theory.experiments.store import Store
from dsf_theory.experiments.sweep import sweep
from dsf_theory.experiments.timed import machine, timed
from dsf_theory.experiments.tuning import count, fresh
from dsf_theory.training.loop import one_thread
from dsf_theory.training.run import Run
from dsf_theory.training.trial import Trial
from dsf_theory.widgets.collected import early

ONE_RUN = {
    "notebook": lambda mixer: ours([MIDDLE], [mixer], [32], [16], 400, [2e-2])[0],
    "laptop": lambda mixer: ours([HARD], [mixer], [32], [16], 1000, [1e-2])[0],
    "paper": lambda mixer: published([mixer], d=(64,), lengths=(64,))[2],
}
"""What one run of a model is at each scale, if nothing else is asked for."""


def bar() -> Progress:
    """A progress bar on stderr, with the time that is left."""
    left = TextColumn("time left"), TimeRemainingColumn(compact=True)
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), *left, TextColumn("{task.description}")
    return Progress(*columns, console=Console(stderr=True), transient=True)


# -------------------------------------------------------------------- one run


def chosen(mixer: str, preset: str, d: int | None, n: int | None, rate: float | None, seed: int) -> Trial:
    """One run of a model at a scale, with other sizes or another learning rate if asked for."""
    trial = ONE_RUN[preset](mixer)
    sizes = {name: value for name, value in {"d": d, "n": n}.items() if value is not None}
    architecture, recipe = replace(trial.architecture, **sizes), trial.recipe
    if "heads" in architecture.options and d is not None:
        architecture = replace(architecture, options={"heads": max(1, d // 2)})
    if rate is not None:
        recipe = replace(recipe, learning_rate=rate)
    return Trial(trial.task, architecture, recipe, seed)


def train_and_report(trial: Trial, checkpoint: Path | None) -> None:
    """Train one run, resumed from its checkpoint if there is one; print how it went at every evaluation."""
    run = Run(trial.task, trial.architecture, trial.recipe, trial.seed)
    if checkpoint is not None and checkpoint.exists():
        run.load(checkpoint)
        print(f"resumed at step {run.step} from {checkpoint}")
    print(
        f"{trial.architecture.variant.label} on {trial.task.label}: {run.model.state_size():,} numbers kept"
    )
    try:
        with bar() as progress, one_thread():
            task = progress.add_task("", total=run.recipe.steps, completed=run.step)
            for record in run:
                progress.update(task, completed=record.step, description=f"loss {record.loss:.3f}")
                if record.accuracy is not None:
                    print(
                        f"step {record.step:6,}  loss {record.tested:7.4f}  accuracy {record.accuracy:6.1%}"
                    )
                    if checkpoint is not None:
                        run.save(checkpoint)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(kept_of(run, checkpoint)) from None
    print(f"{run.step:,} steps in {run.seconds:.1f} s.{early(run)}")


def kept_of(run: Run, checkpoint: Path | None) -> str:
    """What is kept of a run that was interrupted, and how to go on."""
    stopped = f"stopped after {run.step:,} of {run.recipe.steps:,} steps"
    if checkpoint is None:
        return f"{stopped}, of which nothing is kept; with --checkpoint FILE a run can go on"
    if not checkpoint.exists():
        return f"{stopped}, before the first evaluation, so nothing is kept yet"
    return (
        f"{stopped}; {checkpoint} has the run at its last evaluation, and the same command goes on from there"
    )


# -------------------------------------------------------------------- sweeps


def do(names: Sequence[str], preset: str, store: Store, backend: str, workers: int, folder: Path) -> int:
    """Do what is missing of some experiments; print each result, and keep those of each experiment that is whole.

    Returns:
        How many runs failed.
    """
    failed = 0
    for name in names:
        trials = experiment(name).trials(preset)
        with saying_what_is_kept(name, trials, store), bar() as progress:
            task = progress.add_task(name, total=count(trials))
            progress.advance(task, done_of(with_fresh(trials, store), store))
            for stage in stages(trials, store):
                for trial, result in sweep(stage, store, backend, workers):
                    failed += result["failure"] is not None
                    progress.advance(task)
                    progress.print(line(trial, result), highlight=False)
        print(f"{name}: {results.keep(name, preset, store, folder)}")
    return failed


def stages(trials: list[Trial], store: Store) -> Iterator[list[Trial]]:
    """The runs that were declared and, once these are done, those on fresh seeds that follow."""
    yield trials
    yield fresh(trials, results.rows(trials, store))


def done_of(trials: Sequence[Trial], store: Store) -> int:
    """How many of some runs have a result."""
    return len(store.keys() & {trial.key for trial in trials})


@contextmanager
def saying_what_is_kept(name: str, trials: Sequence[Trial], store: Store) -> Iterator[None]:
    """Turn Ctrl-C meanwhile into a sentence: what is kept of an experiment, and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"stopped with {done_of(trials, store)} of {len(trials)} results of {name} in {store.path}; "
            "the same command goes on with the rest"
        ) from None


def do_on(
    device: str,
    names: Sequence[str],
    preset: str,
    store: Store,
    minutes: float,
    folder: Path,
    recorded: bool,
) -> int:
    """Do what is missing of some experiments on a device while there is time; print and keep results as they come.

    What the folder has of them is not done again.

    Returns:
        How many runs failed.
    """
    failed, start = 0, time.monotonic()
    for name in names:
        left = minutes - (time.monotonic() - start) / 60
        if left <= 0:
            break
        trials = experiment(name).trials(preset)
        results.restore(name, preset, store, folder)
        with saying_what_is_kept(name, trials, store):
            for trial, result in timed(trials, store, device, left, recorded):
                failed += bool(result and result["failure"])
                since = f"{time.monotonic() - start:6.0f} s  "
                print(since + line(trial, result or {"failure": "under way"}), flush=True)
                if result:
                    results.keep(name, preset, store, folder, machine(device))
    return failed


def line(trial: Trial, result: dict) -> str:
    """What came of one run."""
    block = trial.architecture
    what = f"{block.variant.label}, {trial.task.label}, d {block.d}, n {block.n}"
    came = result["failure"]
    if not came:
        enough = f" of {trial.recipe.steps:,}, which was enough" * (result["steps"] < trial.recipe.steps)
        came = f"{result['accuracy']:.1%} after {result['steps']:,} steps{enough}, {result['seconds']:.0f} s"
    return f"{what}, rate {trial.recipe.learning_rate:.2g}, seed {trial.seed}: {came}"
