"""The training loop against one written out by hand, and layers evaluated as another model."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

import dsf_theory as dsf
from dsf_theory.models.rewriting import ssd_as_attention
from dsf_theory.training.loop import Rewritten, one_thread, train


def batches(count, seed=0):
    rng = torch.Generator().manual_seed(seed)
    u = torch.randn(count, 8, 3, generator=rng, dtype=torch.float64)
    return [(x, x.sum(dim=-1, keepdim=True)) for x in u]


def linear(seed=0):
    layer = nn.Linear(3, 1, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(1, 3, generator=torch.Generator().manual_seed(seed)))
        layer.bias.zero_()
    return layer


def adamw_by_hand(weight, given, rate, decay):
    """The published update of a linear map without bias (Loshchilov and Hutter 2019), and its losses."""
    first, second, losses = 0 * weight, 0 * weight, []
    for t, (x, y) in enumerate(given, start=1):
        wrong = x @ weight - y
        losses.append((wrong**2).mean())
        gradient = 2 * x.T @ wrong / len(x)
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        scaled = first / (1 - 0.9**t) / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)
        weight = weight - rate * decay * weight - rate * scaled
    return weight, losses


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_the_loop_is_adamw(decay):
    layer = nn.Linear(3, 1, bias=False, dtype=torch.float64)
    given = batches(20)
    pairs = [(x.numpy(), y.numpy()) for x, y in given]
    expected, losses = adamw_by_hand(layer.weight.detach().numpy().T.copy(), pairs, 0.05, decay)
    found = list(train(layer, given, 20, learning_rate=0.05, weight_decay=decay))
    assert [step for step, _ in found] == list(range(20))
    np.testing.assert_allclose([loss for _, loss in found], losses, rtol=1e-10)
    np.testing.assert_allclose(layer.weight.detach().numpy().T, expected, rtol=1e-10)


def test_it_stops_with_the_steps_the_batches_or_the_reader():
    assert len(list(train(linear(), batches(5), 3))) == 3
    assert len(list(train(linear(), batches(5), 9))) == 5
    drawn = iter(batches(5))
    assert len(list(train(linear(), drawn, 3))) == 3
    assert len(list(drawn)) == 2  # no batch is taken that is not used
    layer = linear()
    before = layer.weight.detach().clone()
    next(train(layer, batches(5), 3))
    assert (layer.weight == before).all()  # the loss comes before the step


def test_frozen_parameters_stay_and_any_loss_serves():
    layer = linear()
    layer.bias.requires_grad_(False)
    seen = []

    def loss(predicted, target):
        seen.append((predicted - target).abs().mean())
        return seen[-1]

    values = [value for _, value in train(layer, batches(6), 6, 0.1, loss=loss)]
    assert (layer.bias == 0).all() and values == [value.item() for value in seen]


def test_two_runs_in_turn_are_two_runs():
    alone = list(train(linear(), batches(10), 10, 0.1))
    turns = zip(train(linear(), batches(10), 10, 0.1), train(linear(1), batches(10), 10, 0.1), strict=True)
    assert [first for first, _ in turns] == alone


def test_what_cannot_be_trained_is_refused():
    with pytest.raises(ValueError, match="steps: expected a whole number >= 1, found 0"):
        next(train(linear(), batches(1), 0))
    bad = [*batches(2), (torch.full((8, 3), math.inf, dtype=torch.float64), torch.zeros(8, 1).double())]
    with pytest.raises(FloatingPointError, match="loss: expected a finite number, found (nan|inf) at step 2"):
        list(train(linear(), bad, 5))


def test_a_rewritten_layer_learns_alike_with_parameters_of_its_own():
    layer = dsf.Mixer("ssd", d=4, n=2, heads=1, seed=0, dtype=torch.float64)
    with torch.no_grad():
        layer.raw["D"].zero_()
        layer.raw["A_log"].zero_()
    layer.raw["D"].requires_grad_(False)
    twin = Rewritten(layer, ssd_as_attention)
    rng = np.random.default_rng(0)
    given = [tuple(torch.from_numpy(x) for x in rng.standard_normal((2, 3, 10, 4))) for _ in range(20)]
    start = twin.layer.raw["W_B"].detach().clone()
    losses = np.array([list(train(each, given, 20, 0.03)) for each in (layer, twin)])[:, :, 1]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-12)
    assert losses[0, -1] != losses[0, 0] and (twin.layer.raw["W_B"] != start).any()
    for name in layer.raw:
        torch.testing.assert_close(layer.raw[name], twin.layer.raw[name], rtol=1e-9, atol=1e-12)
    with torch.no_grad():
        layer.raw["W_B"].zero_()
    assert (twin.layer.raw["W_B"] != 0).all()


def test_one_thread_is_given_back():
    before = torch.get_num_threads()
    for error in (None, ValueError):
        try:
            with one_thread():
                assert torch.get_num_threads() == 1
                if error:
                    raise error
        except ValueError:
            pass
        assert torch.get_num_threads() == before


def test_the_layers_of_notebook_05_start_as_one_and_part():
    from dsf_theory.studies.tied_layers import batches, layers

    with one_thread():
        given = list(itertools.islice(batches(seed=3), 4))
        losses = {name: [x for _, x in train(each, given, 4, 0.01)] for name, each in layers().items()}
    ssd = np.array(losses.pop("SSD"))
    np.testing.assert_allclose(losses["attention"], ssd, rtol=1e-13)
    for name in ("local", "S6"):
        np.testing.assert_allclose(losses[name][0], ssd[0], rtol=1e-13)
        assert abs(losses[name][1] / ssd[1] - 1) > 1e-6
    u, y = given[0]
    assert u.shape == y.shape == (16, 32, 4)
    np.testing.assert_allclose(y.std(dim=(0, 1)), 1, atol=0.5)
