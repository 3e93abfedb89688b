"""What came of experiments: rows of plain values from a store, kept as small files, and summed up over seeds."""

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from functools import cache
from itertools import groupby
from pathlib import Path

import numpy as np

from dsf_theory.experiments.declared import experiment
from dsf_theory.experiments.store import Store
from dsf_theory.models import MODELS
from dsf_theory.tasks import IGNORED, Task
from dsf_theory.training.trial import Trial
from dsf_theory.version import __version__

FOLDER = Path(__file__).resolve().parents[2] / "figures" / "data"
"""Where results that were kept lie, in a clone of the repository."""

KEPT = ("accuracy", "steps", "seconds", "state_size", "parameters", "failure", "version", "curve")
"""What is kept of a run's result."""

GROUP = ("model", "task", "d", "n")
"""What runs that differ in their seed alone have in common, but for the learning rate."""


def rows(trials: Iterable[Trial], store: Store) -> list[dict]:
    """The results of some runs, those that there are, with what each run was in plain values.

    >>> import tempfile
    >>> from dsf_theory.experiments.sweep import sweep
    >>> from dsf_theory.experiments.ours import EASY, ours
    >>> store = Store(Path(tempfile.mkdtemp()) / "results.sqlite")
    >>> trials = ours([EASY], ["linear_attention"], [4], [2], steps=10, rates=[1e-2])
    >>> _ = list(sweep(trials[:2], store))
    >>> [(row["model"], row["task"], row["state_size"]) for row in rows(trials, store)]
    [('linear attention', 'MQAR, 4 pairs', 12), ('linear attention', 'MQAR, 4 pairs', 12)]
    """
    found = []
    for trial in trials:
        result = store.get(trial.key)
        if result is not None:
            found.append(described(trial) | {name: short(result.get(name)) for name in KEPT})
    return found


def short(value):
    """A value with its numbers to five digits, a curve with all of its points so."""
    if isinstance(value, list | tuple):
        return [short(one) for one in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def described(trial: Trial) -> dict:
    """What a run is, in plain values."""
    architecture, recipe = asdict(trial.architecture), asdict(trial.recipe)
    return {
        "key": trial.key,
        "model": label(trial),
        "task": task_label(trial),
        "d": architecture.pop("d"),
        "n": architecture.pop("n"),
        "rate": recipe.pop("learning_rate"),
        "seed": trial.seed,
        "guessing": short(guessing(trial.task)),
    }


@cache
def guessing(task: Task) -> float:
    """The accuracy of a model that has learnt what answers there are, and not which of them belongs to a question.

    In MQAR that is one of the values of the row; elsewhere it is the answer that is the most frequent.

    >>> from dsf_theory.tasks import MQAR, InductionHeads
    >>> guessing(MQAR(length=64, pairs=4)), guessing(InductionHeads(length=32, vocabulary=9))
    (0.25, 0.125)
    """
    if task.name == "mqar":
        return 1 / task.pairs
    if task.name == "induction_heads":
        return 1 / (task.vocabulary - 1)
    labels = replace(task, split="test").batch(seed=0, rows=2000).labels
    labels = labels[labels != IGNORED]
    return float(np.bincount(labels).max() / labels.size)


def settings(trials: Sequence[Trial]) -> list[dict]:
    """All that trials have beside what tells them apart: each different task, block and recipe once, with its count."""
    found: dict[str, dict] = {}
    for trial in trials:
        parts = json.loads(trial.identity)
        for name in ("mixer", "d", "n", "options"):
            parts["architecture"].pop(name)
        parts["recipe"].pop("learning_rate")
        parts.pop("seed")
        found.setdefault(json.dumps(parts), parts | {"runs": 0})["runs"] += 1
    return list(found.values())


def label(trial: Trial) -> str:
    """The model, with its options where they tell models apart.

    >>> from dsf_theory.experiments.declared import EXPERIMENTS
    >>> sorted({label(trial) for trial in EXPERIMENTS["normalisers"].trials("notebook")})
    ['linear attention', 'normalised attention, η = exp', 'normalised attention, η = sigmoid', ...]
    """
    name, options = MODELS[trial.architecture.mixer].title, trial.architecture.options
    return f"{name}, η = {options['eta']}" if "eta" in options else name


def task_label(trial: Trial) -> str:
    """The task, with the size that makes it hard."""
    task = trial.task
    if task.name == "mqar":
        return f"MQAR, {task.pairs} pairs"
    return f"{task.name.replace('_', ' ').replace('listops', 'ListOps')}, {task.length} steps"


# -------------------------------------------------------------------- kept in files


def path_of(name: str, preset: str, folder: Path = FOLDER) -> Path:
    """The file that has the results of an experiment at a scale."""
    return folder / f"{preset}_{name}.json"


def keep(name: str, preset: str, store: Store, folder: Path = FOLDER) -> Path:
    """Write the results of an experiment at a scale into its file; where it is.

    Raises:
        ValueError: if there is not a single result.
    """
    trials = experiment(name).trials(preset)
    found = rows(trials, store)
    if not found:
        raise ValueError(
            f"store: expected results of {name} at the scale {preset}, found none in {store.path}"
        )
    whole = {
        "experiment": name,
        "preset": preset,
        "version": __version__,
        "machine": f"{platform.machine()}, Python {platform.python_version()}, one thread a run",
        "runs": len(found),
        "of": len(trials),
        "seconds": round(sum(row["seconds"] or 0.0 for row in found)),
        "settings": settings(trials),
    }
    lines = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in found)
    head = json.dumps(whole, indent=1, ensure_ascii=False)[:-2]
    path = path_of(name, preset, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{head},\n "results": [\n{lines}\n ]\n}}\n', encoding="utf-8")
    return path


def kept(name: str, preset: str, folder: Path = FOLDER) -> dict:
    """The results of an experiment that were kept, ``results`` among what else the file says of them.

    Raises:
        FileNotFoundError: if none were, saying how to get them.
    """
    path = path_of(name, preset, folder)
    if not path.exists():
        raise FileNotFoundError(
            f"{path.name}: no results of {name} at the scale {preset} were kept; "
            f"python -m dsf_theory sweep {name} --preset {preset}"
        )
    return json.loads(path.read_text(encoding="utf-8"))


# -------------------------------------------------------------------- summed up


def summary(found: Iterable[dict]) -> list[dict]:
    """Mean, least and greatest accuracy over the seeds of each model, task and size, at its best learning rate.

    A run that failed counts as an accuracy of 0. The best rate is that of the highest mean.

    >>> row = {
    ...     "model": "m",
    ...     "task": "t",
    ...     "d": 2,
    ...     "n": 1,
    ...     "rate": 0.1,
    ...     "state_size": 2,
    ...     "seconds": 1.0,
    ...     "steps": 5,
    ... }
    >>> given = [row | {"seed": k, "accuracy": a} for k, a in enumerate((0.25, 0.75))]
    >>> (found,) = summary(given + [row | {"rate": 0.2, "seed": 0, "accuracy": 0.4}])
    >>> found["accuracy"], found["least"], found["greatest"], found["seeds"], found["rate"]
    (0.5, 0.25, 0.75, 2, 0.1)
    """
    best: dict[tuple, dict] = {}
    ordered = sorted(found, key=lambda row: [str(row[name]) for name in (*GROUP, "rate")])
    for (*group, rate), alike in groupby(ordered, lambda row: [row[name] for name in (*GROUP, "rate")]):
        alike = list(alike)
        accuracies = np.array([row["accuracy"] or 0.0 for row in alike])
        one = dict(zip(GROUP, group, strict=True)) | {
            "state_size": alike[0]["state_size"],
            "accuracy": float(accuracies.mean()),
            "median": float(np.median(accuracies)),
            "least": float(accuracies.min()),
            "greatest": float(accuracies.max()),
            "accuracies": accuracies.tolist(),
            "guessing": alike[0].get("guessing"),
            "failed": sum(bool(row.get("failure")) for row in alike),
            "seeds": len(alike),
            "rate": rate,
            "seconds": float(np.mean([row["seconds"] or 0.0 for row in alike])),
        }
        other = best.setdefault(tuple(group), one)
        if one["accuracy"] > other["accuracy"]:
            best[tuple(group)] = one
    return sorted(best.values(), key=lambda one: (one["task"], one["model"], one["d"], one["n"]))
