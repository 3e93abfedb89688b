"""Sweeps: nothing is lost or done twice, whatever is killed, and results do not depend on how they were come by."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from runs import RECIPE, Ledger, do, process, trial, trials, without_seconds

from dsf_theory.experiments.store import Store
from dsf_theory.experiments.sweep import perform, sweep, together
from dsf_theory.tasks import SequentialDigits
from dsf_theory.training import cohort
from dsf_theory.training.loop import one_thread
from dsf_theory.training.run import Run
from dsf_theory.training.trial import Trial, grid


@pytest.fixture
def store(tmp_path):
    return Ledger(tmp_path / "results.sqlite")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The grid, done once without trouble, and the seconds that it took."""
    path, start = tmp_path_factory.mktemp("undisturbed") / "results.sqlite", time.perf_counter()
    do(path)
    return without_seconds(Store(path)), time.perf_counter() - start


# -------------------------------------------------------------------- kills


@pytest.mark.long
def test_twenty_kills(store, undisturbed):
    """Killed twenty times at random moments, a sweep ends with exactly the results of one that was not."""
    expected, seconds = undisturbed
    moments, killed = random.Random(0), 0
    while killed < 20:
        child = process(store.path)
        child.join(moments.uniform(0, seconds / 12))
        if not child.is_alive():
            pytest.fail(f"the sweep was done after {killed} kills: too quick for this test")
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        assert child.exitcode == -signal.SIGKILL
        killed += 1
    before = store.results()
    last = process(store.path)
    last.join()
    assert last.exitcode == 0
    assert without_seconds(store) == expected and len(expected) == len(trials())
    assert [result for result in store.results() if result in before] == before
    given = [key for key, _ in store.given()]
    assert sorted(set(given)) == sorted(given) == [result["key"] for result in expected]
    assert list(store.parts.iterdir()) == []


@pytest.mark.long
def test_two_sweeps_share_a_store(store, undisturbed):
    """At once, each does some of the runs, and none is done twice."""
    both = [process(store.path) for _ in range(2)]
    for child in both:
        child.join()
    assert without_seconds(store) == undisturbed[0]
    keys, workers = zip(*store.given(), strict=True)
    assert len(set(keys)) == len(keys) == len(trials()) and len(set(workers)) == 2


WORKERS = """
import os, sys
from dsf_theory.experiments.backends import processes
list(processes(os.system, [f"echo $PPID >> {sys.argv[1]}; exec sleep 20"] * 2, workers=2))
"""


def alive(pid: str) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks processes up in Linux's /proc")
def test_workers_end_with_the_process_that_started_them(tmp_path):
    pids, deadline = tmp_path / "pids", time.monotonic() + 60
    pids.touch()
    parent = subprocess.Popen([sys.executable, "-c", WORKERS, str(pids)])
    while len(workers := pids.read_text().split()) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(workers) == 2 and all(map(alive, workers))
    parent.kill()
    parent.wait()
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(alive, workers))


# -------------------------------------------------------------------- backends


@pytest.mark.long
@pytest.mark.parametrize("backend", ["processes", "ray"])
def test_results_do_not_depend_on_the_backend(backend, store, tmp_path):
    """Two workers, in a process of its own as Ray leaves files open, against one run after another."""
    spread = process(store.path, 2, backend, 2)
    alone = Store(tmp_path / "alone.sqlite")
    assert {each.key for each, _ in sweep(trials(2), alone)} == {each.key for each in trials(2)}
    spread.join()
    assert spread.exitcode == 0 and without_seconds(store) == without_seconds(alone)
    assert all(int(worker) not in (os.getpid(), spread.pid) for _, worker in store.given())
    assert list(sweep(trials(2), store, backend)) == []


def test_backends_that_are_not_there(store, monkeypatch):
    with pytest.raises(
        ValueError, match="backend: expected one of 'here', 'processes', 'ray', found 'slurm'"
    ):
        sweep([], store, "slurm")
    with pytest.raises(ValueError, match="workers: expected a whole number >= 1, found 0"):
        sweep([], store, workers=0)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ModuleNotFoundError, match="backend 'ray' needs Ray: pip install"):
        list(sweep([trial()], store, "ray"))
    assert store.results() == []


# -------------------------------------------------------------------- what goes wrong


def test_failures_are_kept_and_stop_nothing(store):
    """A loss that is not finite, alone and in a cohort, and a model that cannot be made: the others go on."""
    wild = [trial(seed=1, rate=1e38), trial("s6", rate=1e38)]
    impossible = Trial(SequentialDigits(), trial().architecture, RECIPE)
    good = [trial(), trial(seed=1), trial("s6")]
    found = {each.key: result for each, result in sweep([wild[0], impossible, *good, wild[1]], store)}
    assert len(found) == 6 and all(found[each.key]["failure"] is None for each in good)
    for each in wild:
        failed = found[each.key]
        assert failed["failure"].startswith("FloatingPointError: loss: expected a finite number, found nan")
        assert 1 <= failed["steps"] < RECIPE.steps and failed["state_size"] == 2 * 8 * 2
    assert found[impossible.key]["failure"].startswith(
        "ValueError: tied: expected a task with as many classes"
    )
    assert list(sweep([*wild, impossible, *good], store)) == []
    assert store.forget_failures() == 3
    again = {each.key: result for each, result in sweep([*wild, impossible, *good], store)}
    assert again.keys() == {each.key for each in (*wild, impossible)}


def test_an_interrupt_stops_the_sweep_and_is_no_failure(store, monkeypatch):
    """Ctrl-C between two evaluations; the next sweep takes up the checkpoint, as a count of its steps shows."""
    descend, steps = Run.descend, []

    def interrupted(run, loss):
        steps.append(run.step)
        if len(steps) == 11:
            raise KeyboardInterrupt
        return descend(run, loss)

    monkeypatch.setattr(Run, "descend", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(sweep([trial("s6")], store))
    assert store.results() == [] and store.checkpoint(trial("s6").key).exists()
    list(sweep([trial("s6")], store))
    assert steps[11:] == list(range(8, 24))
    assert store.results()[0]["steps"] == 24 and list(store.parts.iterdir()) == []


def test_a_checkpoint_that_cannot_be_read_is_done_without(store):
    each = trial("s6")
    store.checkpoint(each.key).write_bytes(b"spoilt")
    other = Run(each.task, each.architecture, replace(each.recipe, steps=9))
    ((_, result),) = sweep([each], store)
    expected = Run(each.task, each.architecture, each.recipe)
    with one_thread():
        list(expected)
    assert result["failure"] is None and result["curve"] == [
        [step, tested, accuracy] for step, _, tested, accuracy in expected.history if tested
    ]
    other.save(store.checkpoint(each.key))
    assert store.parts.iterdir() and list(sweep([each], store)) == [] and list(store.parts.iterdir()) == []


def test_runs_of_others_come_last(store):
    """A run that another process is at is passed over, and taken up should that process end without a result."""
    some, order = [trial("s6"), trial("s6", seed=1)], []
    held, ended = threading.Event(), threading.Event()

    def another():
        with FileLock(store.lock(some[0].key)):
            held.set()
            ended.wait()

    threading.Thread(target=another).start()
    held.wait()
    assert perform([some[0]], store, wait=False) is None
    for each, _ in sweep(some, store):
        order.append(each.seed)
        ended.set()
    assert order == [1, 0]


# -------------------------------------------------------------------- grids and stores


def test_grid_and_keys():
    made = grid(trial, mixer=["s6", "ssd"], seed=range(3))
    assert [(each.architecture.mixer, each.seed) for each in made] == [
        (m, k) for m in ("s6", "ssd") for k in range(3)
    ]
    assert len({each.key for each in made}) == 6 and made[0].key == trial("s6").key
    assert len(made[0].key) == 16 and json.loads(made[0].identity)["architecture"]["mixer"] == "s6"


def test_cohorts_are_runs_of_a_kind(monkeypatch):
    """Seeds and rates of one shape, at most four at a time and evenly; all else is alone; no run comes twice."""
    alike = grid(trial, seed=range(3), rate=[1e-3, 1e-2, 1e-1])
    alone = [trial("s6"), trial(dropout=0.1), replace(alike[0], recipe=replace(RECIPE, precision="bfloat16"))]
    wider = trial(convolution=2)
    made = together([*alike[:5], *alone, wider, *alike, alone[0]])
    assert [len(each) for each in made] == [3, 3, 3, 1, 1, 1, 1]
    assert sorted(t.key for each in made for t in each) == sorted(t.key for t in [*alike, *alone, wider])
    monkeypatch.setattr(cohort, "NUMBERS", 8 * 16 * 8 - 1)
    assert all(len(each) == 1 for each in together(alike))


def test_what_is_kept_of_a_run(store):
    each = trial("softmax_attention", convolution=3)
    ((_, result),) = sweep([each], store)
    run = Run(each.task, each.architecture, each.recipe)
    with one_thread():
        list(run)
    curve = [[r.step, r.tested, r.accuracy] for r in run.history if r.accuracy is not None]
    assert [step for step, *_ in result["curve"]] == [4, 8, 12, 16, 20, 24] and result["curve"] == curve
    assert (result["accuracy"], result["tested"], result["steps"]) == (curve[-1][2], curve[-1][1], 24)
    assert result["state_size"] == 2 * (16 * (2 + 8) + 2 * 8)
    assert result["parameters"] == sum(p.numel() for p in run.model.parameters())
    assert result["seconds"] > 0 and result["failure"] is None and result["version"]
    kept = store.results()[0]
    assert kept["run"] == json.loads(each.identity) and store.get(each.key).items() <= kept.items()


def test_one_thread_each(store, monkeypatch):
    threads, before = [], torch.get_num_threads()
    gradient = Run.gradient
    monkeypatch.setattr(Run, "gradient", lambda run: threads.append(torch.get_num_threads()) or gradient(run))
    torch.set_num_threads(2)
    list(sweep([trial("s6")], store))
    assert set(threads) == {1} and torch.get_num_threads() == 2
    torch.set_num_threads(before)


def test_many_writers(tmp_path):
    """Stores on one file, each written to by a thread of its own: every result is there, once, as it was first."""
    path = tmp_path / "deep" / "results.sqlite"

    def write(number):
        own = Store(path)
        for k in range(20):
            own.add(f"{number}-{k}", "{}", {"number": number})
            own.add(f"shared-{k}", "{}", {"number": number})

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    results = Store(path).results()
    assert len(results) == 6 * 20 + 20 == len(Store(path).keys())
    assert all(r["key"].startswith(("shared", f"{r['number']}-")) for r in results)
    assert Store(path).get("nothing") is None
