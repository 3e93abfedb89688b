"""The files of results: the rows of an experiment at a scale, :class:`Results`, written, and read again.

A file says once what runs have in common, in its ``settings``; each row has its number there and what tells it apart,
so that a run can be made again from the file alone.
"""

import json
import platform
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dsf_theory.experiments.declared import at_scale, experiment
from dsf_theory.experiments.records import Row
from dsf_theory.experiments.store import Store
from dsf_theory.experiments.tuning import count, fresh
from dsf_theory.training.trial import Trial
from dsf_theory.version import __version__

FOLDER = Path(__file__).resolve().parents[2] / "figures" / "data"
"""Where results that were kept lie, in a clone of the repository."""

FORMAT = 2
"""Number of the files' format."""

KEPT = ("accuracy", "steps", "seconds", "state_size", "parameters", "failure", "version", "curve")
"""What is kept of a run's result."""

OWN = ("mixer", "d", "n", "options")
"""What a row has of its architecture; the rest stands in the settings."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """The results of an experiment at a scale.

    Attributes:
        experiment: its name.
        preset: the scale.
        rows: the results.
        of: how many runs the scale has.
        version: of the package that wrote them.
        machine: what they were trained on, in words.
    """

    experiment: str
    preset: str
    rows: tuple[Row, ...]
    of: int
    version: str
    machine: str

    @property
    def seconds(self) -> int:
        """How long all runs took together."""
        return round(sum(row.seconds or 0.0 for row in self.rows))


def rows(trials: Iterable[Trial], store: Store) -> list[Row]:
    """The results of some runs, those that there are.

    >>> import tempfile
    >>> from dsf_theory.experiments.sweep import sweep
    >>> from dsf_theory.experiments.ours import EASY, ours
    >>> store = Store(Path(tempfile.mkdtemp()) / "results.sqlite")
    >>> trials = ours([EASY], ["linear_attention"], [4], [2], steps=10, rates=[1e-2])
    >>> _ = list(sweep(trials[:2], store))
    >>> [(row.variant.label, row.task.label, row.state_size) for row in rows(trials, store)]
    [('linear attention', 'MQAR, 4 pairs', 12), ('linear attention', 'MQAR, 4 pairs', 12)]
    """
    found = []
    for trial in trials:
        result = store.get(trial.key)
        if result is not None:
            kept = {name: short(result.get(name)) for name in KEPT}
            found.append(Row(trial=trial, guessing=short(trial.task.guessing), **kept))
    return found


def with_fresh(trials: list[Trial], store: Store) -> list[Trial]:
    """Some runs, and those on fresh seeds that follow from the results of the tuning runs among them."""
    return trials + fresh(trials, rows(trials, store))


def short(value):
    """A value with its numbers to five digits, a curve as a tuple of points.

    >>> short([[10, 2.1234567]])
    ((10, 2.1235),)
    """
    if isinstance(value, list | tuple):
        return tuple(short(one) for one in value)
    return float(f"{value:.5g}") if isinstance(value, float) else value


# -------------------------------------------------------------------- files


def path_of(name: str, preset: str, folder: Path = FOLDER) -> Path:
    """The file that has the results of an experiment at a scale."""
    return folder / f"{preset}_{name}.json"


def with_results(preset: str, folder: Path = FOLDER) -> list[str]:
    """The names of the experiments whose results at a scale were kept."""
    return [name for name in at_scale(preset) if path_of(name, preset, folder).exists()]


def keep(name: str, preset: str, store: Store, folder: Path = FOLDER, machine: str | None = None) -> Path:
    """Write the results of an experiment at a scale into its file; where it is.

    Args:
        name: of the experiment.
        preset: the scale.
        store: where the results are.
        folder: where the file is written.
        machine: what they were trained on, in words; default this machine's processor.

    Raises:
        ValueError: if there is not a single result.
    """
    trials = experiment(name).trials(preset)
    found = rows(with_fresh(trials, store), store)
    if not found:
        raise ValueError(
            f"store: expected results of {name} at the scale {preset}, found none in {store.path}"
        )
    results = Results(
        experiment=name,
        preset=preset,
        rows=tuple(found),
        of=count(trials),
        version=__version__,
        machine=machine or here(),
    )
    path = path_of(name, preset, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written(results), encoding="utf-8")
    return path


def here() -> str:
    """This machine in words: its processor, Python, and how runs are trained."""
    return f"{processor()}, Python {platform.python_version()}, one thread a run"


def processor() -> str:
    """The name of the processor, as Linux tells it; elsewhere its architecture."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def restore(name: str, preset: str, store: Store, folder: Path = FOLDER) -> int:
    """Put the results of an experiment that were kept into a store that lacks them; how many it lacked.

    So that a sweep with another store goes on from the file, and loses nothing of it.
    """
    if not path_of(name, preset, folder).exists():
        return 0
    found = kept(name, preset, folder).rows
    return sum(
        store.add(row.trial.key, row.trial.identity, {one: getattr(row, one) for one in KEPT})
        for row in found
    )


def kept(name: str, preset: str, folder: Path = FOLDER) -> Results:
    """The results of an experiment that were kept.

    Raises:
        FileNotFoundError: if none were, saying how to get them.
        ValueError: for a file of another format.
    """
    path = path_of(name, preset, folder)
    if not path.exists():
        raise FileNotFoundError(
            f"{path.name}: no results of {name} at the scale {preset} were kept; "
            f"python -m dsf_theory sweep {name} --preset {preset}"
        )
    return read(path.read_text(encoding="utf-8"))


def written(results: Results) -> str:
    """Results as the text of a file, JSON with a line for each row."""
    settings: dict[str, dict] = {}
    lines = []
    for row in results.rows:
        common, own = divided(row.trial)
        setting = settings.setdefault(json.dumps(common), common | {"runs": 0})
        setting["runs"] += 1
        own = {"key": row.trial.key, "setting": list(settings.values()).index(setting), **own}
        own |= {"guessing": row.guessing} | {name: getattr(row, name) for name in KEPT}
        lines.append(f"  {json.dumps(own, ensure_ascii=False)}")
    head = {
        "format": FORMAT,
        "experiment": results.experiment,
        "preset": results.preset,
        "version": results.version,
        "machine": results.machine,
        "runs": len(results.rows),
        "of": results.of,
        "seconds": results.seconds,
        "settings": list(settings.values()),
    }
    text, body = json.dumps(head, indent=1, ensure_ascii=False)[:-2], ",\n".join(lines)
    return f'{text},\n "results": [\n{body}\n ]\n}}\n'


def divided(trial: Trial) -> tuple[dict, dict]:
    """The parts of a run that many have in common, and those that are its own, as JSON has them."""
    common = json.loads(trial.identity)
    own = {name: common["architecture"].pop(name) for name in OWN}
    own |= {"rate": common["recipe"].pop("learning_rate"), "seed": common.pop("seed")}
    return common, own


def read(text: str) -> Results:
    """The results in the text of a file.

    Raises:
        ValueError: for another format.
    """
    given = json.loads(text)
    if given.get("format") != FORMAT:
        raise ValueError(f"format: expected results in format {FORMAT}, found {given.get('format')}")
    found = []
    for one in given["results"]:
        setting = given["settings"][one["setting"]]
        parts = {
            "task": setting["task"],
            "architecture": setting["architecture"] | {name: one[name] for name in OWN},
            "recipe": setting["recipe"] | {"learning_rate": one["rate"]},
            "seed": one["seed"],
        }
        kept = {name: one[name] for name in KEPT} | {"guessing": one["guessing"]}
        kept["curve"] = kept["curve"] and tuple(map(tuple, kept["curve"]))
        found.append(Row(trial=Trial.from_parts(parts), **kept))
    names = ("experiment", "preset", "of", "version", "machine")
    return Results(rows=tuple(found), **{name: given[name] for name in names})
