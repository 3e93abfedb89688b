"""Cohorts: each run is the run that it would be alone, and does not depend on the others."""

from dataclasses import replace

import pytest
import torch
from runs import assert_close, everything
from torch.func import functional_call, vmap

from dsf_theory.tasks import MQAR, LanguageModelling, SequentialDigits
from dsf_theory.training.cohort import MODELS, Cohort, pays
from dsf_theory.training.mixer import Mixer
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.run import Run
from dsf_theory.training.sequence_model import Architecture

RECALL = MQAR(length=16, pairs=2, vocabulary=32)
SHORT = Recipe(steps=6, rows=4, every=3, tested=20, examples=10)


def runs_of(mixer, places=range(4), task=RECALL, recipe=SHORT, **block):
    """Two seeds at two rates."""
    architecture = Architecture(mixer=mixer, d=8, n=4, **block)
    rates = (3e-3, 1e-2)
    return [Run(task, architecture, replace(recipe, learning_rate=rates[k % 2]), k // 2) for k in places]


@pytest.mark.parametrize("mixer", [*MODELS, "s6", "s4d"])
def test_each_run_is_the_run_alone(mixer):
    """To rounding: losses, evaluations, parameters and moments, whatever the seed and the rate."""
    block = {"convolution": 3, "mlp": 2, "positions": True}
    together, alone = runs_of(mixer, **block), runs_of(mixer, **block)
    order = [(place, record.step) for place, record in Cohort(together)]
    assert order == [(place, step) for step in range(1, 7) for place in range(4)]
    for run, other in zip(together, alone, strict=True):
        list(other)
        assert_close(run, other)
        assert run.seconds > 0
    assert together[0].history != together[1].history != together[2].history


@pytest.mark.parametrize(
    ("task", "block"),
    [(SequentialDigits(), {"tied": False}), (LanguageModelling(length=16), {})],
    ids=["numbers", "text"],
)
def test_other_tasks(task, block):
    together, alone = (runs_of("norm_attention", task=task, **block) for _ in range(2))
    list(Cohort(together))
    for run, other in zip(together, alone, strict=True):
        list(other)
        assert_close(run, other)


def test_a_run_does_not_depend_on_the_others():
    """To the last bit: with others that fail, are done, rest, or are steps behind."""
    whole = runs_of("qlstm")
    list(Cohort(whole))
    failing = runs_of("qlstm")
    failing[1].recipe = replace(failing[1].recipe, learning_rate=1e38)
    ended = [(place, record) for place, record in Cohort(failing) if isinstance(record, FloatingPointError)]
    assert [place for place, _ in ended] == [1] and "found nan at step 2" in str(ended[0][1])
    behind = runs_of("qlstm")
    list(zip(range(10), Cohort(behind), strict=False))  # the first two are a step ahead
    behind[3] = runs_of("qlstm")[3]  # and the last begins again
    assert [place for place, _ in Cohort(behind)] == [3, 3, 2, 3] + 3 * [0, 1, 2, 3]
    resting = runs_of("qlstm")
    assert {place for place, _ in Cohort(resting, resting=[0])} == {1, 2, 3} and resting[0].step == 0
    for others, places in ((failing, (0, 2, 3)), (behind, range(4)), (resting, (1, 2, 3))):
        for place in places:
            (ours, history), (theirs, expected) = everything(others[place]), everything(whole[place])
            assert history == expected and all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_enough_is_enough_for_each():
    together = runs_of("linear_attention", recipe=replace(SHORT, every=2))
    together[2].evaluate = lambda: (0.1, 1.0)
    list(Cohort(together))
    assert [run.step for run in together] == [6, 6, 2, 6]


def test_one_run_alone_is_itself():
    (run,), (other,) = (runs_of("s6", places=[0], dropout=0.2) for _ in range(2))
    list(Cohort([run]))
    list(other)
    assert run.history == other.history


@pytest.mark.parametrize("name", ["qlstm", "s6", "s4d", "lru", "ssd", "softmax_attention"])
def test_gradients_of_stacked_mixers(name):
    """vmap over layers with parameters of their own: outputs and all gradients, in float64, complex ones too."""
    layers = [Mixer(name, d=4, n=2, seed=seed, dtype=torch.float64) for seed in range(3)]
    u = torch.randn(3, 2, 70, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    stacked = {
        key: torch.stack([layer.state_dict()[key] for layer in layers]) for key in layers[0].state_dict()
    }

    def loss(parameters, u):
        return (functional_call(layers[0], parameters, (u,)) ** 2).sum()

    inputs, values = u.clone().requires_grad_(), {k: v.clone().requires_grad_() for k, v in stacked.items()}
    losses = vmap(loss)(values, inputs)
    losses.sum().backward()
    for k, layer in enumerate(layers):
        alone = u[k].clone().requires_grad_()
        expected = (layer(alone) ** 2).sum()
        expected.backward()
        torch.testing.assert_close(losses[k], expected, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(inputs.grad[k], alone.grad, rtol=1e-9, atol=1e-11)
        for key, parameter in layer.named_parameters():
            if parameter.grad is not None:
                torch.testing.assert_close(
                    values[key].grad[k], parameter.grad, rtol=1e-9, atol=1e-11, msg=key
                )
    shared = vmap(loss, in_dims=(0, None))(stacked, u[0])  # one input for all of them
    assert shared.tolist() == pytest.approx([(layer(u[0]) ** 2).sum().item() for layer in layers], rel=1e-10)


def test_runs_that_do_not_go_together():
    base = runs_of("qlstm", places=[0])
    for other in (
        runs_of("qlstm", places=[0], layers=3),
        runs_of("qlstm", places=[0], recipe=replace(SHORT, rows=5)),
        runs_of("qlstm", places=[0], task=replace(RECALL, pairs=3)),
    ):
        with pytest.raises(
            ValueError, match="runs: expected some that differ in seed and learning rate alone"
        ):
            Cohort(base + other)
    with pytest.raises(ValueError, match="runs: expected none with dropout"):
        Cohort(runs_of("qlstm", dropout=0.1))


def test_where_it_pays():
    small = Architecture(mixer="qlstm", d=32, n=1)
    task, recipe = replace(RECALL, length=32, vocabulary=64), Recipe(rows=32)
    assert pays(task, small, recipe)
    assert not pays(task, small, replace(recipe, rows=33))
    assert not pays(task, small, replace(recipe, precision="bfloat16"))
    assert not pays(task, replace(small, dropout=0.1), recipe)
    assert not pays(task, replace(small, mixer="s6"), recipe)
