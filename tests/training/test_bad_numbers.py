"""A layer does not look at its numbers: those that are not finite spoil no earlier step and no other row."""

import pytest
import torch

import dsf_theory as dsf
from dsf_theory.system.transition import Diagonal


@pytest.mark.parametrize("length", [7, 66])
@pytest.mark.parametrize("name", sorted(dsf.MODELS))
def test_a_bad_step_spoils_no_earlier_one(name, length):
    layer = dsf.Mixer(name, d=4, n=3, seed=0, dtype=torch.float64)
    u = torch.randn(3, length, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    at = length - 3
    for bad in (float("nan"), float("inf"), -float("inf")):
        spoilt = u.clone()
        spoilt[1, at, 2] = bad
        y, expected = layer(spoilt), layer(u)
        assert torch.equal(y[::2], expected[::2])
        assert torch.allclose(y[1, :at], expected[1, :at], rtol=1e-13, atol=1e-15)
        assert torch.isnan(y[1, at:]).all()
    layer.zero_grad()
    y[:, :at].sum().backward()
    assert all(raw.grad is None or torch.isfinite(raw.grad).all() for raw in layer.parameters())


@pytest.mark.parametrize("name", ["ssd", "softmax_attention", "linear_attention_elu"])
def test_a_mapped_layer_spoils_no_earlier_step(name):
    layer = dsf.Mixer(name, d=4, n=3, seed=0)
    u = torch.randn(2, 7, 4, generator=torch.Generator().manual_seed(0))
    u[0, 3] = float("nan")
    y = torch.func.vmap(lambda row: layer(row[None])[0])(u)
    assert torch.isfinite(y[0, :3]).all() and torch.isnan(y[0, 3:]).all() and torch.isfinite(y[1]).all()


@pytest.mark.parametrize("form", ["recurrent", "scan"])
def test_forms_without_products_over_time_spoil_no_earlier_step(form):
    u = torch.ones(9, 1)
    one = torch.ones(1, 1, 1, 1)
    system = dsf.System(u=u, transition=Diagonal(-one), write=one, read=one)
    expected = getattr(system, form)()
    u[6] = float("nan")
    y = getattr(dsf.System(u=u, transition=Diagonal(-one), write=one, read=one), form)()
    assert torch.equal(y[:6], expected[:6]) and torch.isnan(y[6:]).all()
