"""The chunked form chooses how to evaluate a system by its sizes; on either side of each choice y is the same."""

import numpy as np
import pytest
import torch

import dsf_theory as dsf
from dsf_theory.system import chunks


def ssd(heads, channels, batch, length):
    """SSD of heads of some channels on a batch, its parameters and input requiring gradients."""
    model = dsf.SSD.random(d=heads * channels, n=12, heads=heads, seed=1)
    leaves = {key: torch.tensor(value, requires_grad=True) for key, value in model.parameters.items()}
    numbers = torch.Generator().manual_seed(0)
    u = torch.randn(batch, length, model.d, dtype=torch.float64, generator=numbers)
    return dsf.SSD(**leaves).system(u), list(leaves.values())


@pytest.mark.parametrize("length", [1, 15, 16, 17, 63, 64, 65, 150])
@pytest.mark.parametrize(
    ("heads", "channels", "batch"), [(4, 1, 3), (4, 1, 4), (2, 7, 8), (2, 8, 8), (4, 16, 5), (2, 32, 40)]
)
def test_few_and_many_heads_small_and_large(heads, channels, batch, length):
    system, leaves = ssd(heads, channels, batch, length)
    assert chunks.small_heads(system) == (channels < 8 and heads * batch >= 16)
    y, expected = system.chunked(), system.recurrent()
    assert torch.allclose(y, expected, rtol=1e-11, atol=1e-12)
    found, wanted = (
        torch.autograd.grad(form.pow(2).sum(), leaves, retain_graph=True, materialize_grads=True)
        for form in (y, expected)
    )
    for a, b in zip(found, wanted, strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-10)


def test_a_chunk_that_is_asked_for_is_taken_and_one_that_is_none_refused():
    system, _ = ssd(2, 8, 8, 70)
    for chunk in (1, 7, 70, 100):
        assert torch.allclose(system.chunked(chunk), system.recurrent(), rtol=1e-11, atol=1e-12)
    with pytest.raises(ValueError, match="chunk: expected a whole number >= 1, found 0"):
        system.chunked(0)


def test_many_heads_in_single_precision_forget_as_slowly_as_they_should():
    """Sixteen heads of one channel with decays exp(-1e-6): in place each step rounds the state, always the same way."""
    steps = 100_000
    u = torch.zeros(steps, 16)
    u[0] = 1
    one, log = torch.ones(1, 1, 1, 1), torch.full((steps, 16, 1, 1), -1e-6)
    system = dsf.System(u, dsf.system.transition.Diagonal(log), one, one, heads=16)
    assert chunks.small_heads(system)
    assert np.abs(system.chunked()[-1].numpy() / np.exp(-0.099999) - 1).max() < 1e-3


@pytest.mark.parametrize("n", [15, 16, 17])
def test_few_and_many_states_with_one_decay(n):
    """From sixteen states on their decay is not written out for each; y and its gradients are those of a scan."""
    model = dsf.S6_2.random(d=3, n=n, seed=1)
    leaves = {key: torch.tensor(value, requires_grad=True) for key, value in model.parameters.items()}
    u = torch.randn(2, 70, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    system = dsf.S6_2(**leaves).system(u)
    y, expected = system.chunked(), system.scan()
    assert torch.allclose(y, expected, rtol=1e-11, atol=1e-12)
    for found, wanted in zip(
        *(
            torch.autograd.grad(form.pow(2).sum(), leaves.values(), retain_graph=True)
            for form in (y, expected)
        ),
        strict=True,
    ):
        assert torch.allclose(found, wanted, rtol=1e-9, atol=1e-10)
