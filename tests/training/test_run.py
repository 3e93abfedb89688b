"""Runs: what a step does, what is evaluated, and that a run resumed is the run that was not stopped."""

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from runs import everything
from safetensors import SafetensorError

from dsf_theory import MODELS
from dsf_theory.tasks import IGNORED, MQAR, LanguageModelling, SequentialDigits
from dsf_theory.training import run as laboratory
from dsf_theory.training.loop import one_thread
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.run import Run
from dsf_theory.training.sequence_model import Architecture
from dsf_theory.training.trial import identity

RECALL = MQAR(length=16, pairs=2, vocabulary=32)
SMALL = Architecture(mixer="s6", d=8, n=2, convolution=2, mlp=2, dropout=0.2, positions=True)
SHORT = Recipe(steps=10, rows=4, every=4, tested=20, examples=10, learning_rate=1e-2)


@pytest.fixture(autouse=True)
def alone():
    """To the last bit means: on one thread."""
    with one_thread():
        yield


def assert_same(run, other):
    (ours, history), (theirs, expected) = everything(run), everything(other)
    assert history == expected and ours.keys() == theirs.keys()
    for key in ours:
        assert torch.equal(ours[key], theirs[key]), key


# -------------------------------------------------------------------- resuming


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("mixer", ["s6", "softmax_attention"])
def test_resuming_is_not_stopping(mixer, precision, tmp_path):
    """Stopped after every single step, saved and loaded by another object: the same to the last bit."""
    start = (RECALL, replace(SMALL, mixer=mixer), replace(SHORT, precision=precision), 3)
    whole = Run(*start)
    assert [record.step for record in whole] == list(range(1, 11))
    broken = Run(*start)
    for step in range(11):
        assert broken.step == step and broken.done == (step == 10)
        broken.save(tmp_path / "checkpoint")
        broken = Run(*start)
        broken.load(tmp_path / "checkpoint")
        if not broken.done:
            torch.rand(7)  # others may draw from torch's generator in between
            next(iter(broken))
    assert_same(broken, whole)
    assert list(broken) == [] and broken.evaluate() == whole.history[-1][2:]
    assert broken.seconds > 0


def test_iterating_again_goes_on():
    whole, broken = (Run(RECALL, SMALL, SHORT, seed=1) for _ in range(2))
    list(whole)
    for record in broken:
        if record.step == 3:
            break
    assert [record.step for record in broken] == list(range(4, 11))
    assert_same(broken, whole)


def test_enough_is_enough(tmp_path):
    """A run ends at the first evaluation that is good enough, and stays ended when it is loaded."""
    recipe = replace(SHORT, enough=0.9, every=3)
    run = Run(RECALL, SMALL, recipe)
    run.evaluate = lambda: (1.0, 0.9 if run.step > 3 else 0.8)
    assert [record.step for record in run] == [1, 2, 3, 4, 5, 6]
    run.save(tmp_path / "checkpoint")
    again = Run(RECALL, SMALL, recipe)
    again.load(tmp_path / "checkpoint")
    assert again.done and again.accuracy == 0.9 and list(again) == []


@pytest.mark.parametrize("written", [0, 100, 4000])
def test_a_kill_while_saving_leaves_the_last_checkpoint(written, tmp_path, monkeypatch):
    run, path = Run(RECALL, SMALL, SHORT), tmp_path / "checkpoint"
    run.advance()
    run.save(path)
    good, save_file = path.read_bytes(), laboratory.save_file

    def killed(tensors, file, header):
        save_file(tensors, file, header)
        file.write_bytes(file.read_bytes()[:written])
        raise KeyboardInterrupt

    run.advance()
    monkeypatch.setattr(laboratory, "save_file", killed)
    with pytest.raises(KeyboardInterrupt):
        run.save(path)
    assert path.read_bytes() == good
    monkeypatch.undo()
    again = Run(RECALL, SMALL, SHORT)
    again.load(path)
    assert again.step == 1
    run.save(path)
    again.load(path)
    assert again.step == 2 and list(tmp_path.iterdir()) == [path]


def test_other_checkpoints_are_refused(tmp_path):
    run, path = Run(RECALL, SMALL, SHORT), tmp_path / "checkpoint"
    run.save(path)
    others = {
        "task": (replace(RECALL, pairs=1), SMALL, SHORT, 0),
        "architecture": (RECALL, replace(SMALL, dropout=0.1), SHORT, 0),
        "recipe": (RECALL, SMALL, replace(SHORT, steps=11), 0),
        "seed": (RECALL, SMALL, SHORT, 1),
    }
    for other in others.values():
        with pytest.raises(ValueError, match="path: expected a checkpoint of .*, found one of "):
            Run(*other).load(path)
    (tmp_path / "other").write_text("no checkpoint at all")
    with pytest.raises(SafetensorError):
        run.load(tmp_path / "other")


def test_identity_is_of_values(tmp_path):
    """The same before and after a task has read its data; a path is part of it, as text.

    Whether a layer is as released stands there only where it is: what was kept before there was the choice is found.
    """
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("to be or not to be " * 20)
    task = LanguageModelling(corpus=corpus, length=8)
    before = identity(task, SMALL, SHORT, 0)
    task.batch(0, 2)
    assert identity(task, SMALL, SHORT, 0) == before
    read = json.loads(before)
    assert read["task"] == {
        "name": "text",
        "split": "train",
        "corpus": str(corpus),
        "unit": "character",
        "length": 8,
    }
    assert read["recipe"] == asdict(SHORT) and read["seed"] == 0
    assert (
        read["architecture"] | {"released": False} == asdict(SMALL) and "released" not in read["architecture"]
    )
    as_released = json.loads(identity(task, replace(SMALL, released=True), SHORT, 0))
    assert as_released["architecture"] == asdict(SMALL) | {"released": True}


# -------------------------------------------------------------------- a step


def adamw(values, gradients, moments, step, rate, decay):
    """One step of AdamW, from Loshchilov and Hutter 2019, algorithm 2."""
    first, second = moments
    first = 0.9 * first + 0.1 * gradients
    second = 0.999 * second + 0.001 * gradients**2
    update = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return values - rate * (update + decay * values), (first, second)


def test_steps_are_adamw_on_clipped_gradients():
    """Three steps against the published algorithm: rate, clipping, and the decay of matrices only."""
    recipe = replace(SHORT, clip=0.05, weight_decay=0.5)
    run = Run(RECALL, replace(SMALL, dropout=0), recipe)
    values = {name: p.detach().double().numpy().copy() for name, p in run.model.named_parameters()}
    moments = {name: (0.0, 0.0) for name in values}
    for step in (1, 2, 3):
        loss = run.model.loss(*run.batch(run.step).tensors())
        found = torch.autograd.grad(loss, list(run.model.parameters()))
        gradients = {name: g.double().numpy() for name, g in zip(values, found, strict=True)}
        norm = math.sqrt(sum((g**2).sum() for g in gradients.values()))
        assert norm > recipe.clip
        assert run.advance().loss == pytest.approx(loss.item(), rel=1e-6)
        for name, parameter in run.model.named_parameters():
            last = name.split(".")[-1]
            matrix = last.startswith("W_") or (last == "weight" and parameter.ndim == 2)
            decay = recipe.weight_decay if matrix else 0.0
            clipped, rate = gradients[name] * recipe.clip / (norm + 1e-6), recipe.rate(step - 1)
            values[name], moments[name] = adamw(values[name], clipped, moments[name], step, rate, decay)
            np.testing.assert_allclose(parameter.detach().numpy(), values[name], rtol=2e-3, atol=2e-5)


def test_nothing_changes_where_numbers_are_not_finite(monkeypatch):
    for name, spoil in (
        ("loss", lambda loss: loss * math.nan),
        ("gradient", lambda loss: loss + (loss - loss).sqrt()),
    ):
        run = Run(RECALL, SMALL, SHORT)
        run.advance()
        state, history = everything(run)
        whole = run.model.loss
        run.model.loss = lambda *batch, whole=whole, spoil=spoil: spoil(whole(*batch))
        with pytest.raises(
            FloatingPointError, match=f"{name}: expected a finite number, found nan at step 2"
        ):
            run.advance()
        after, history_after = everything(run)
        assert history_after == history and all(torch.equal(state[key], after[key]) for key in state)
        run.model.loss = whole
        assert run.advance().step == 2


TASKS = {
    "recall": (RECALL, {}),
    "digits": (SequentialDigits(), {"tied": False}),
    "text": (LanguageModelling(length=16), {}),
}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("mixer", sorted(MODELS))
def test_every_model_trains_on_every_kind_of_task(mixer, task):
    """Steps on one batch lower its loss and move every parameter that trains."""
    task, block = TASKS[task]
    recipe = Recipe(steps=4, rows=4, examples=4, warmup=0, learning_rate=3e-3, tested=4)
    run = Run(task, Architecture(mixer=mixer, d=8, n=4, convolution=2, **block), recipe)
    start, _ = everything(run)
    losses = [record.loss for record in run]
    assert losses[-1] < losses[0] and 0 <= run.accuracy <= 1
    for name, parameter in run.model.named_parameters():
        idle = not parameter.requires_grad or (mixer == "softmax_attention" and name.endswith("b_k"))
        assert torch.equal(parameter, start[f"{name}:value"]) == idle, name


def test_a_model_learns():
    """Normalised attention recalls two pairs of a small vocabulary within seconds, on new sequences."""
    recipe = Recipe(steps=400, rows=32, every=50, learning_rate=1e-2, enough=0.98)
    block = Architecture(mixer="norm_attention", d=32, n=16, convolution=2)
    run = Run(MQAR(length=8, pairs=2, vocabulary=12), block, recipe)
    list(run)
    assert run.accuracy >= 0.98 and run.history[-1].tested < 0.3


# -------------------------------------------------------------------- data


@pytest.mark.parametrize(("examples", "rows", "sizes"), [(10, 4, [4, 4, 2]), (8, 4, [4, 4]), (3, 4, [3])])
def test_a_training_set_comes_once_an_epoch(examples, rows, sizes):
    recipe = replace(SHORT, examples=examples, rows=rows, steps=30 * len(sizes))
    run = Run(RECALL, SMALL, recipe, seed=5)
    steps = iter(range(recipe.steps))
    epochs = [[run.batch(next(steps)) for _ in sizes] for _ in range(30)]
    rows_of = [sorted(tuple(row) for batch in epoch for row in batch.inputs) for epoch in epochs]
    assert len(set(rows_of[0])) == examples and all(each == rows_of[0] for each in rows_of)
    assert all([len(batch.inputs) for batch in epoch] == sizes for epoch in epochs)
    orders = {tuple(batch.inputs.tobytes() for batch in epoch) for epoch in epochs}
    assert len(orders) == math.factorial(examples // rows)  # all, after 30 epochs
    assert len({batch for order in orders for batch in order}) == len(sizes)  # of the same batches


def test_new_rows_at_every_step():
    """The rows depend on the seed and the step, not on the model: comparisons are on the same rows."""
    seen = {}
    for seed in (0, 1):
        for mixer in ("s6", "qlstm"):
            run = Run(RECALL, replace(SMALL, mixer=mixer), replace(SHORT, examples=0), seed)
            for _ in range(3):
                seen.setdefault((seed, run.step), set()).add(run.batch(run.step).inputs.tobytes())
                run.advance()
    assert all(len(rows) == 1 for rows in seen.values())
    assert len(set.union(*seen.values())) == 6


def right_share(run, inputs, labels):
    with torch.no_grad():
        logits = run.model.eval()(torch.from_numpy(inputs)).double()
    wanted = labels != IGNORED
    losses = (
        logits.logsumexp(-1).numpy()[wanted] - logits.numpy()[wanted][np.arange(wanted.sum()), labels[wanted]]
    )
    return losses.mean(), (logits.argmax(-1).numpy() == labels)[wanted].mean()


def test_evaluation_of_a_generated_task():
    """The first rows of the test split, as many as were asked for, the same for every seed."""
    parts = [RECALL.batch(replace(RECALL, split="test").generator(0, k), 256) for k in (0, 1)]
    inputs, labels = (np.concatenate(part)[:300] for part in zip(*parts, strict=True))
    for seed in (0, 1):
        run = Run(RECALL, SMALL, replace(SHORT, tested=300), seed)
        run.advance()
        assert run.evaluate() == pytest.approx(right_share(run, inputs, labels), rel=1e-5)
        assert run.evaluate() == run.evaluate()
    assert sum(len(batch.inputs) for batch in run.tests) == 300


@pytest.mark.parametrize("tested", [50, 1000])
def test_evaluation_of_a_recorded_task(tested):
    """Every example of the test split once, in order, up to the number that was asked for."""
    task = SequentialDigits()
    run = Run(task, replace(SMALL, tied=False), replace(SHORT, tested=tested))
    batch = next(replace(task, split="test").in_order(1000))
    inputs, labels = (part[:tested] for part in batch)
    assert len(inputs) == min(tested, 180)
    assert run.evaluate() == pytest.approx(right_share(run, inputs, labels), rel=1e-5)


# -------------------------------------------------------------------- recipes


@given(
    steps=st.integers(1, 500),
    warmup=st.floats(0, 1),
    peak=st.floats(1e-5, 1.0),
)
def test_the_rate_rises_and_falls(steps, warmup, peak):
    recipe = Recipe(steps=steps, warmup=warmup, learning_rate=peak)
    rates = [recipe.rate(step) for step in range(steps)]
    assert all(0 < rate <= peak for rate in rates)
    turn = math.ceil(warmup * steps)
    assert rates[:turn] == sorted(rates[:turn]) and rates[turn:] == sorted(rates[turn:], reverse=True)


def test_rates_of_a_schedule():
    recipe = Recipe(steps=8, warmup=0.5, learning_rate=2.0)
    cosine = [1 + math.cos(math.pi * k / 4) for k in range(4)]
    assert [recipe.rate(step) for step in range(8)] == pytest.approx([0.4, 0.8, 1.2, 1.6, *cosine])
    assert Recipe(steps=4, warmup=0, learning_rate=2.0).rate(0) == 2.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "steps: expected a whole number >= 1, found 0"),
        ({"examples": -1}, "examples: expected a whole number >= 1, found -1"),
        ({"learning_rate": 0.0}, "learning_rate: expected a number > 0, found 0.0"),
        ({"clip": math.nan}, "clip: expected a number > 0, found nan"),
        ({"weight_decay": -0.1}, "weight_decay: expected a number >= 0, found -0.1"),
        ({"warmup": 1.5}, r"warmup: expected a share in \[0, 1\], found 1.5"),
        ({"precision": "float16"}, "precision: expected one of 'float32', 'bfloat16', found 'float16'"),
    ],
)
def test_recipes_that_make_no_sense(wrong, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**wrong)
