"""The commands ``train`` and ``sweep``: what they do, keep and say, also when they are interrupted."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from dsf_theory.commands import training as commands
from dsf_theory.commands.parser import main
from dsf_theory.commands.plan import basis, duration
from dsf_theory.experiments import declared as experiments
from dsf_theory.experiments import results
from dsf_theory.experiments.declared import PRESETS, Experiment
from dsf_theory.experiments.estimate import Estimate
from dsf_theory.experiments.ours import EASY, ours
from dsf_theory.training.trial import Trial

TINY = ours([EASY], ["linear_attention", "s6"], [4], [2], steps=10, rates=[1e-2, 2e-2])


@pytest.fixture
def tiny(monkeypatch):
    """One experiment of twelve runs that take a second together, under the name ``tiny``."""
    given = {"tiny": Experiment("A title", "A claim.", dict.fromkeys(PRESETS, lambda: TINY))}
    monkeypatch.setattr(experiments, "EXPERIMENTS", given)


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
    assert "name: expected one of 'tiny', 'smallest', found 'figure-1'" in capsys.readouterr().err


def test_sweep_command_says_what_failed(tiny, tmp_path, capsys, monkeypatch):
    """A run that fails is kept as failed, makes the exit status 1, and is done again on request."""
    bad = Trial(TINY[0].task, replace(TINY[0].architecture, options={"heads": 3}), TINY[0].recipe)
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", Experiment("", "", {"laptop": lambda: [bad]}))
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


def test_runs_that_end_early_say_why(tmp_path, capsys, monkeypatch):
    trial = replace(TINY[0], recipe=replace(TINY[0].recipe, steps=40, enough=0.001))
    monkeypatch.setitem(commands.ONE_RUN, "notebook", lambda mixer: trial)
    assert main(["train", "s6"]) == 0
    assert "It ended early: 0.1% right is enough" in capsys.readouterr().out
    result = {"failure": None, "accuracy": 1.0, "steps": 8, "seconds": 2.0}
    assert commands.line(trial, result).endswith("100.0% after 8 steps of 40, which was enough, 2 s")
    assert commands.line(trial, result | {"steps": 40}).endswith("100.0% after 40 steps, 2 s")


# -------------------------------------------------------------------- plans


def tree(folder: Path) -> dict:
    """All paths below a folder and when they were last written."""
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def test_a_plan_writes_nothing(tiny, tmp_path, capsys):
    """Neither a store that is not there, nor one that is, not even its failures that it says would be done again."""
    given = ["sweep", "--store", str(tmp_path / "results" / "s.sqlite"), "--folder", str(tmp_path)]
    assert main([*given, "--dry-run"]) == 0 and tree(tmp_path) == {}
    assert main([*given, "--backend", "here"]) == 0
    before = tree(tmp_path)
    assert main([*given, "--dry-run", "--again"]) == 0 and tree(tmp_path) == before
    assert re.search(r"tiny\W+12\W+12\W", capsys.readouterr().out)


def test_the_laptop_scale_is_planned_by_its_records(tmp_path, capsys, monkeypatch):
    """The time of each experiment with results is what its file of results adds up to, and the plan says so."""
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["sweep", "--preset", "laptop", "--dry-run", "--store", str(tmp_path / "s.sqlite")]) == 0
    shown = capsys.readouterr().out
    runs = 0
    for name in results.with_results("laptop"):
        found = results.kept(name, "laptop")
        assert re.search(rf"{name} +{len(found.rows)} .* {re.escape(duration(found.seconds))}", shown)
        runs += len(found.rows)
    assert runs and "judged by the results that are kept: " in " ".join(shown.split())


def test_a_plan_says_what_it_was_judged_by():
    given = [Estimate(1.0, True, True), Estimate(1.0, False, True), Estimate(1.0, False, False)]
    assert basis(given) == (
        "Time: of one thread, judged by the results that are kept: 1 run by themselves, "
        "1 run by the most similar run of the same model, 1 run by one of another model."
    )
    assert basis([None]) == "Time: of one thread; no run was measured."


# -------------------------------------------------------------------- figures


def test_figures_of_a_scale_are_drawn_all_or_not_at_all(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path / "data")
    read = results.kept
    monkeypatch.setattr(
        results, "kept", lambda name, preset: read(name, preset if name == "features" else "notebook")
    )
    assert main(["figures", "features", "normalisers", "--preset", "laptop", "--folder", str(tmp_path)]) == 2
    assert "no results of normalisers at the scale notebook were kept" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# -------------------------------------------------------------------- interrupts


IN_PROC = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="looks processes up in Linux's /proc"
)


def of_group(group: int) -> list[str]:
    """The processes of a group that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its_group, *_ = path.read_text().rpartition(")")[2].split()
            found += [path.parent.name] if int(its_group) == group and state != "Z" else []
    return found


def interrupted(arguments: list[str], ready) -> tuple[int, str]:
    """Run a command in a process group of its own and send Ctrl-C to all of it when it is ready: status and stderr."""
    command = subprocess.Popen(
        [sys.executable, "-m", "dsf_theory", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 100
    while not ready() and command.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(command.pid, signal.SIGINT)
    _, err = command.communicate(timeout=60)
    while of_group(command.pid) and time.monotonic() < deadline + 20:
        time.sleep(0.02)
    assert of_group(command.pid) == []
    return command.returncode, err.strip()


@IN_PROC
@pytest.mark.parametrize("backend", ["processes", "here"])
def test_an_interrupted_sweep_says_what_is_kept(backend, tmp_path):
    """One line, status 130, no worker left; the results stay, and the runs under way have their checkpoints."""
    store = tmp_path / "s.sqlite"
    given = ["sweep", "features", "--preset", "laptop", "--store", str(store), "--backend", backend]
    parts = tmp_path / "s.parts"
    status, err = interrupted([*given, "--folder", str(tmp_path)], lambda: any(parts.glob("*.safetensors")))
    (line,) = err.splitlines()
    assert status == 130
    assert re.fullmatch(
        rf"sweep: stopped with \d+ of 54 results of features in {re.escape(str(store))}; "
        "the same command goes on with the rest",
        line,
    )
    assert any(parts.glob("*.safetensors")) and not list(tmp_path.glob("*.json"))


@IN_PROC
def test_an_interrupted_run_says_what_is_kept(tmp_path):
    path = tmp_path / "run.safetensors"
    given = ["train", "s6", "--preset", "laptop"]
    status, err = interrupted([*given, "--checkpoint", str(path)], path.exists)
    (line,) = err.splitlines()
    assert status == 130 and re.fullmatch(
        rf"train: stopped after \d+ of 1,000 steps; {re.escape(str(path))} has the run at its last evaluation, "
        "and the same command goes on from there",
        line,
    )


@pytest.mark.parametrize("kept", [True, False])
def test_an_interrupt_without_a_checkpoint(kept, tmp_path, capsys, monkeypatch):
    def stop(run):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands.Run, "advance", stop)
    given = ["--checkpoint", str(tmp_path / "run.safetensors")] if kept else []
    assert main(["train", "s6", *given]) == 130
    words = (
        "before the first evaluation, so nothing is kept yet"
        if kept
        else "with --checkpoint FILE a run can go on"
    )
    assert words in capsys.readouterr().err
