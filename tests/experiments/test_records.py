"""Results as records: a new task or model needs no other file, and a label is a word for the reader, nothing else."""

import json
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from runs import row_of, rows_of

from dsf_theory.commands.training import line
from dsf_theory.experiments import results
from dsf_theory.experiments.claimed import CLAIMED, Pair, alike
from dsf_theory.experiments.declared import EXPERIMENTS, Experiment
from dsf_theory.experiments.estimate import multiply_adds
from dsf_theory.experiments.records import summary
from dsf_theory.experiments.store import Store
from dsf_theory.experiments.sweep import sweep
from dsf_theory.experiments.verdicts import comparisons, verdict
from dsf_theory.models import MODELS, QLSTM
from dsf_theory.plots.experiments import DRAWN, by_task, draw
from dsf_theory.plots.seeds import COLOURS, colours
from dsf_theory.tasks import MQAR, TASKS, Batch, Task
from dsf_theory.tasks.base import label_at
from dsf_theory.training.architecture import Architecture, Variant
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.trial import Trial

# -------------------------------------------------------------------- a new task and a new model


@dataclass(frozen=True, kw_only=True)
class Last(Task):
    """Say the last token: a task that only this file knows."""

    length: int = 6
    name: ClassVar[str] = "say_last"
    vocabulary: ClassVar[int] = 4
    classes: ClassVar[int] = 4

    def draw(self, rng, rows):
        inputs = rng.integers(4, size=(rows, self.length))
        return Batch(inputs, label_at(-1, inputs[:, -1], self.length))


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """An experiment on a new task, of a known model and one that no other file knows, and its results."""
    monkeypatch.setitem(TASKS, "say_last", Last)
    monkeypatch.setitem(MODELS, "toy", type("Toy", (QLSTM,), {"title": "toy model"}))
    recipe = Recipe(steps=4, rows=4, every=2, tested=20)
    trials = [
        Trial(Last(length=length), Architecture(mixer=mixer, d=4, n=1, layers=1), recipe, seed)
        for length in (12, 6)
        for mixer in ("toy", "qlstm")
        for seed in (0, 1)
    ]
    monkeypatch.setitem(
        EXPERIMENTS, "toy", Experiment("Toy", "Toys are better.", {"laptop": lambda: trials}, ceiling=False)
    )
    first, second = Variant("toy"), Variant("qlstm")
    monkeypatch.setitem(CLAIMED, "toy", lambda found: alike(found, first, second, "task"))
    monkeypatch.setitem(DRAWN, "toy", by_task)
    store = Store(tmp_path / "results.sqlite")
    list(sweep(trials, store))
    results.keep("toy", "laptop", store, tmp_path)
    return trials, results.kept("toy", "laptop", tmp_path)


def test_a_new_task_and_a_new_model(toy):
    """Defined in this file, they go from the run to the row, the file, the summary, the verdict and the picture."""
    trials, kept = toy
    assert [row.trial for row in kept.rows] == trials and not any(row.failure for row in kept.rows)
    assert all(abs(row.guessing - 0.25) < 0.03 for row in kept.rows)
    found = comparisons("toy", kept.rows)
    assert [one.words for one in found] == [
        f"say last, {length} steps: toy model over quasi-LSTM" for length in (6, 12)
    ]
    assert verdict(found).startswith(("Confirmed", "Refuted", "Open"))
    shades = colours(row.variant for row in kept.rows)
    assert shades[Variant("qlstm")] == COLOURS[Variant("qlstm")] != shades[Variant("toy")]
    figure = draw("toy", kept.rows)
    assert [axes.get_title("left") for axes in figure.axes] == ["say last, 6 steps", "say last, 12 steps"]
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["quasi-LSTM", "toy model"]
    assert "toy model, say last, 12 steps, d 4, n 1" in line(trials[0], {"failure": "gone"})
    head = 3 * 4 * 4 * 4 * 4  # three passes of four steps of four rows, one label each, d and classes four
    longer, shorter = (multiply_adds(trial) for trial in (trials[0], trials[4]))
    assert longer - head == pytest.approx(2 * (shorter - head), rel=1e-12)


def test_unknown_tasks_and_models_in_a_file_are_refused():
    parts = json.loads(Trial(MQAR(length=16, pairs=2), Architecture(mixer="s6", d=4, n=2), Recipe()).identity)
    with pytest.raises(ValueError, match="task: expected one of .*, found 'chess'"):
        Trial.from_parts(parts | {"task": {"name": "chess"}})
    with pytest.raises(ValueError, match="mixer: expected one of .*, found 'gpt'"):
        Trial.from_parts(parts | {"architecture": parts["architecture"] | {"mixer": "gpt"}})


# -------------------------------------------------------------------- labels


def told(name, rows):
    """All words of an experiment, and everything else that is made of its results."""
    figure, judged = draw(name, rows), comparisons(name, rows)
    words = [text.get_text() for text in figure.findobj(lambda each: hasattr(each, "get_text"))]
    points = [np.transpose(each.get_data()).tolist() for axes in figure.axes for each in axes.lines]
    shades = [each.get_color() for axes in figure.axes for each in axes.lines]
    outcomes = [(one.pair.first, one.pair.second, one.outcome, one.gap) for one in judged]
    return words, (points, shades, outcomes, verdict(judged), summary(rows), results.divided(rows[0].trial))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_label_is_a_word_and_nothing_else(name, monkeypatch):
    """With other words for tasks and models pictures have other words; points, colours, order and verdicts stay."""
    rows = rows_of(name, lambda trial: 0.4 + 0.1 * trial.seed + trial.architecture.d / 500)
    words, rest = told(name, rows)
    monkeypatch.setattr(MQAR, "label", property(lambda task: f"recall of {task.pairs} key-value pairs"))
    monkeypatch.setattr(Task, "label", property(lambda task: f"{99 - task.length} steps to go: {task.name}"))
    monkeypatch.setattr(
        Variant, "label", property(lambda variant: f"zz {variant.mixer[::-1]} {variant.options}")
    )
    others, same = told(name, rows)
    assert same == rest and others != words


def test_models_are_told_apart_by_their_options():
    """Each option makes another model; the number of heads, like d and n, does not."""
    block = Architecture(mixer="ssd", d=8, n=2, options={"heads": 4})
    assert block.variant == Variant("ssd") == replace(block, d=4, options={"heads": 2}).variant
    softplus, exp = (
        Architecture(mixer="norm_attention", d=8, n=2, options={"eta": eta}).variant
        for eta in ("softplus", "exp")
    )
    assert softplus != exp and exp.label == "normalised attention, η = exp"


def test_what_is_the_same_of_two_summaries_is_said_once():
    (row,) = (row for row in rows_of("heat-map") if (row.task.pairs, row.d, row.n, row.seed) == (4, 32, 8, 0))
    wide = row_of(replace(row.trial, architecture=replace(row.trial.architecture, d=64, n=2)), 0.5)
    (first,), (second,) = summary([row]), summary([wide])
    assert Pair(first, second, by=("d", "n"), at=("task",)).words == (
        "MQAR, 4 pairs: d = 32, n = 8 over d = 64, n = 2"
    )
