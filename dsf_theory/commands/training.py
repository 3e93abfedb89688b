"""Training from the command line: one run, or the sweeps behind the figures, with progress and what is left to do."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from itertools import islice
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
from rich.table import Table

from dsf_theory.experiments import results
from dsf_theory.experiments.declared import experiment
from dsf_theory.experiments.ours import HARD, MIDDLE, ours
from dsf_theory.experiments.published import published
from dsf_theory.experiments.store import Store
from dsf_theory.experiments.sweep import sweep
from dsf_theory.experiments.timed import machine, timed
from dsf_theory.training.loop import one_thread
from dsf_theory.training.run import Run
from dsf_theory.training.sequence_model import Architecture, Block
from dsf_theory.training.trial import Trial

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
    with bar() as progress, one_thread():
        task = progress.add_task("", total=run.recipe.steps, completed=run.step)
        for record in run:
            progress.update(task, completed=record.step, description=f"loss {record.loss:.3f}")
            if record.accuracy is not None:
                print(f"step {record.step:6,}  loss {record.tested:7.4f}  accuracy {record.accuracy:6.1%}")
                if checkpoint is not None:
                    run.save(checkpoint)
    print(f"{run.step:,} steps in {run.seconds:.1f} s")


# -------------------------------------------------------------------- sweeps


def do(names: Sequence[str], preset: str, store: Store, backend: str, workers: int, folder: Path) -> int:
    """Do what is missing of some experiments; print each result, and keep those of each experiment that is whole.

    Returns:
        How many runs failed.
    """
    failed = 0
    for name in names:
        trials = experiment(name).trials(preset)
        done = len(store.keys() & {trial.key for trial in trials})
        with bar() as progress:
            task = progress.add_task(name, total=len(trials), completed=done)
            for trial, result in sweep(trials, store, backend, workers):
                failed += result["failure"] is not None
                progress.advance(task)
                progress.print(line(trial, result), highlight=False)
        print(f"{name}: {results.keep(name, preset, store, folder)}")
    return failed


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

    Returns:
        How many runs failed.
    """
    failed, start = 0, time.monotonic()
    for name in names:
        left = minutes - (time.monotonic() - start) / 60
        if left <= 0:
            break
        trials = experiment(name).trials(preset)
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
    came = (
        result["failure"]
        or f"{result['accuracy']:.1%} after {result['steps']:,} steps, {result['seconds']:.0f} s"
    )
    return f"{what}, rate {trial.recipe.learning_rate:.2g}, seed {trial.seed}: {came}"


def plan(names: Sequence[str], preset: str, store: Store) -> Table:
    """What a sweep would do: runs, those done, steps, tokens, multiplications, and time on one thread."""
    table = Table(title=f"Preset {preset}", title_justify="left", caption_justify="left")
    table.add_column("experiment", no_wrap=True)
    for column in ("runs", "done", "steps", "tokens", "mult-adds", "time"):
        table.add_column(column, justify="right")
    done, speed = store.keys(), None
    for name in names:
        trials = experiment(name).trials(preset)
        left = [trial for trial in trials if trial.key not in done]
        if left and speed is None:
            speed = measured_speed(left)
        steps = sum(trial.recipe.steps for trial in left)
        tokens = sum(trial.recipe.steps * trial.recipe.rows * trial.task.length for trial in left)
        work = sum(map(multiply_adds, left))
        cells = f"{len(trials)}", f"{len(trials) - len(left)}", *map(short, (steps, tokens, work))
        table.add_row(name, *cells, duration(work / speed) if left else "")
    table.caption = (
        "Steps and what follows: of the runs that are left, none stopped early.\n"
        "Time: of one thread here, judged roughly by three steps of the smallest run."
    )
    return table


def duration(seconds: float) -> str:
    """A time in the largest unit that it has at least one of.

    >>> duration(50), duration(5400), duration(200_000)
    ('50 s', '1.5 h', '2.3 days')
    """
    for unit, size in (("years", 31_557_600), ("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.0f} s"


def short(number: float) -> str:
    """A large number with three digits and a prefix.

    >>> short(950), short(15_011_840), short(1.3e18)
    ('950', '15 M', '1.3 E')
    """
    for prefix, size in zip("EPTGMk", (1e18, 1e15, 1e12, 1e9, 1e6, 1e3), strict=True):
        if number >= size:
            return f"{number / size:.3g} {prefix}"
    return f"{number:.3g}"


def multiply_adds(trial: Trial) -> float:
    """Multiplications of a whole run, roughly: three times those of a pass forward.

    A step of one row takes the parameters of the blocks, three times the numbers kept (decay, write, read), and the
    head where there is a label.
    """
    task, recipe, d = trial.task, trial.recipe, trial.architecture.d
    blocks = trial.architecture.layers * block_size(json.dumps(asdict(trial.architecture)), task.length)
    return 3.0 * recipe.steps * recipe.rows * (task.length * blocks + task.labels_per_row * d * task.classes)


@cache
def block_size(architecture: str, length: int) -> int:
    """Parameters of a block and three times the numbers that it keeps; ``architecture`` as JSON."""
    block = Block(Architecture(**json.loads(architecture)))
    return sum(p.numel() for p in block.parameters()) + 3 * block.state_size(length)


def measured_speed(trials: Sequence[Trial]) -> float:
    """Multiplications a second, from three steps of the run that has the least of them a step."""
    smallest = min(trials, key=lambda trial: multiply_adds(trial) / trial.recipe.steps)
    run = Run(smallest.task, smallest.architecture, smallest.recipe, smallest.seed, "cpu")
    with one_thread():
        run.advance()
        start = time.perf_counter()
        for _ in islice(run, 3):
            pass
        seconds = time.perf_counter() - start
    return multiply_adds(smallest) / smallest.recipe.steps * 3 / seconds
