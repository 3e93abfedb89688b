"""Sweeps: many runs, on one machine or a cluster, none of them lost and none done twice.

A run is known by a hash of all that determines it, and its result is kept under that key: a sweep that is started
again does what is missing. While a run is under way its process holds a lock on a file, which ends with the process
however that ends: several sweeps may work on one store, and share the runs between them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from filelock import FileLock, Timeout

from dsf_theory.arrays import checks
from dsf_theory.experiments.backends import BACKENDS
from dsf_theory.experiments.store import Store
from dsf_theory.training.cohort import TOGETHER, Cohort, kind, pays
from dsf_theory.training.loop import one_thread
from dsf_theory.training.run import Run
from dsf_theory.training.trial import Trial
from dsf_theory.version import __version__


def perform(trials: Sequence[Trial], store: Store, wait: bool = True) -> list[dict] | None:
    """Do runs together on one thread, each from its last checkpoint, and keep their results.

    Args:
        trials: a single run, or several that make a cohort.
        store: where results are kept.
        wait: for a process that is at one of these runs already; else return None then.
    """
    with ExitStack() as held:
        try:
            for key in sorted(trial.key for trial in trials):
                held.enter_context(FileLock(store.lock(key), timeout=-1 if wait else 0))
        except Timeout:
            return None
        with one_thread():
            train_missing(trials, store)
        return [store.get(trial.key) for trial in trials]


def train_missing(trials: Sequence[Trial], store: Store) -> None:
    """Train those runs that have no result yet, with a checkpoint at every evaluation, and keep their results.

    What goes wrong ends a run, and is kept in its place.
    """
    runs, done = [], {place for place, trial in enumerate(trials) if store.get(trial.key)}
    waiting = set(range(len(trials))) - done
    if not waiting:
        return

    def keep(place: int, error: Exception | None = None) -> None:
        waiting.remove(place)
        found = {"failure": error and f"{type(error).__name__}: {error}", "version": __version__}
        store.add(trials[place].key, trials[place].identity, found | (outcome(runs[place]) if runs else {}))
        store.tidy({trials[place].key})

    try:
        runs = [begun(trial, store) for trial in trials]
        for place, record in Cohort(runs, resting=done):
            if isinstance(record, FloatingPointError):
                keep(place, record)
            elif runs[place].done:
                keep(place)
            elif record.accuracy is not None:
                runs[place].save(store.checkpoint(trials[place].key))
    except Exception as error:  # noqa: BLE001 (kept in the results)
        for place in list(waiting):
            keep(place, error)


def begun(trial: Trial, store: Store, device=None) -> Run:
    """The run where its checkpoint left it, or from the start if there is none that can be read."""
    path = store.checkpoint(trial.key)
    run = Run(trial.task, trial.architecture, trial.recipe, trial.seed, device)
    if path.exists():
        try:
            run.load(path)
        except Exception:  # noqa: BLE001 (of another version, or spoilt)
            path.unlink()
            return begun(trial, store, device)
    return run


def outcome(run: Run) -> dict:
    """What is kept of a run: accuracy and loss on the test set, how they came about, and what the model is."""
    curve = [(step, tested, accuracy) for step, _, tested, accuracy in run.history if accuracy is not None]
    return {
        "accuracy": run.accuracy,
        "tested": curve[-1][1] if curve else None,
        "curve": curve,
        "steps": run.step,
        "seconds": round(run.seconds, 2),
        "parameters": sum(p.numel() for p in run.model.parameters()),
        "state_size": run.model.state_size(),
    }


def sweep(
    trials: Iterable[Trial], store: Store, backend: str = "here", workers: int = 1
) -> Iterator[tuple[Trial, dict]]:
    """Do all runs that have no result yet; yield each with its result as it ends.

    Args:
        trials: the runs.
        store: where results are kept, on a disk that all workers share.
        backend: ``"here"``, one after another in this process; ``"processes"`` of this machine; ``"ray"``, on the
            cluster that Ray is connected to, or on this machine.
        workers: how many runs at a time, but for ``"here"``; each computes with one thread.

    Raises:
        ValueError: for an unknown backend or no workers.
        ModuleNotFoundError: if Ray is asked for and not installed.
    """
    checks.choice("backend", backend, tuple(BACKENDS))
    checks.positive_size(workers=workers)
    done = store.keys()
    store.tidy(done)
    cohorts = [c for c in together(trials) if any(trial.key not in done for trial in c)]
    return _rounds(cohorts, done, store, BACKENDS[backend], workers)


def _rounds(
    cohorts: list[tuple[Trial, ...]], done: set[str], store: Store, spread: Callable, workers: int
) -> Iterator[tuple[Trial, dict]]:
    """All runs that are not done; those that another sweep is at come last, in case it is killed."""
    for wait in (False, True):
        elsewhere = []
        for cohort, results in spread(partial(perform, store=store, wait=wait), cohorts, workers):
            if results is None:
                elsewhere.append(cohort)
                continue
            for trial, result in zip(cohort, results, strict=True):
                if trial.key not in done:
                    yield trial, result
        cohorts = elsewhere


def together(trials: Iterable[Trial]) -> list[tuple[Trial, ...]]:
    """The trials, each once, in cohorts of equal size where that is faster; the order is that of the first of each.

    >>> from dsf_theory.tasks import MQAR
    >>> from dsf_theory.training.recipe import Recipe
    >>> from dsf_theory.training.sequence_model import Architecture
    >>> task, architecture = MQAR(length=16, pairs=2), Architecture(mixer="qlstm", d=8, n=1)
    >>> [len(cohort) for cohort in together(Trial(task, architecture, Recipe(), seed) for seed in range(5))]
    [2, 3]
    """
    kinds: dict[str, dict[str, Trial]] = {}
    for trial in trials:
        shape = trial.task, trial.architecture, trial.recipe
        kinds.setdefault(kind(*shape) if pays(*shape) else trial.key, {})[trial.key] = trial
    cohorts = []
    for alike in map(list, map(dict.values, kinds.values())):
        count = -(-len(alike) // TOGETHER)
        cohorts += [
            tuple(alike[k * len(alike) // count : (k + 1) * len(alike) // count]) for k in range(count)
        ]
    return cohorts
