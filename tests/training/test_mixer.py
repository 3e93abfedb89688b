"""The torch layer: every model trains, in its domain, batch first."""

import pytest
import torch

import dsf_theory as dsf

NAMES = sorted(dsf.MODELS)


@pytest.mark.parametrize("name", NAMES)
def test_every_mixer_learns(name):
    """Twenty steps on a running mean lower the loss, and every trained parameter has a gradient."""
    torch.manual_seed(0)
    layer = dsf.Mixer(name, d=8, n=4, seed=0)
    u = torch.randn(4, 12, 8)
    target = u.cumsum(1) / torch.arange(1, 13)[:, None]
    optimiser = torch.optim.AdamW(layer.parameters(), lr=1e-2)
    losses = []
    for _ in range(20):
        loss = torch.nn.functional.mse_loss(layer(u), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]
    assert layer(u).shape == u.shape
    for key, raw in layer.raw.items():
        if raw.requires_grad and (name, key) != ("softmax_attention", "b_k"):
            assert raw.grad is not None and torch.isfinite(raw.grad).all(), key


@pytest.mark.parametrize("name", NAMES)
def test_a_mixer_is_its_model(name):
    """The layer's output is that of the registry's model on the layer's own parameters, in float64."""
    layer = dsf.Mixer(name, d=6, n=4, seed=3, dtype=torch.float64)
    u = torch.randn(2, 9, 6, dtype=torch.float64)
    numbers = {key: value.detach().numpy() for key, value in layer.model.parameters.items()}
    model = dsf.MODELS[name](**numbers)
    assert torch.allclose(layer(u), torch.from_numpy(model.output(u.numpy())), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["s4d", "s5", "s4"])
def test_training_does_not_leave_the_domain(name):
    """However far an optimiser goes, steps stay positive and poles stable; HiPPO is not trained."""
    layer = dsf.Mixer(name, d=4, n=4, seed=0)
    fixed = {key: raw.clone() for key, raw in layer.raw.items() if not raw.requires_grad}
    assert set(fixed) == ({"A", "B"} if name == "s4" else set())
    torch.manual_seed(0)
    with torch.no_grad():
        for raw in layer.raw.values():
            if raw.requires_grad:
                raw += 3 * torch.randn_like(raw)
    model = layer.model
    assert (model.delta > 0).all()
    if name != "s4":
        assert (model.A.real <= 0).all()
    assert all(torch.equal(layer.raw[key], value) for key, value in fixed.items())


def test_heads_and_options_reach_the_model():
    layer = dsf.Mixer("norm_attention", d=8, n=4, heads=2, eta="softplus", seed=0)
    system = layer.system(torch.randn(2, 5, 8))
    assert (system.heads, system.N, layer.template.eta) == (2, 32, "softplus")


def test_seeds_and_saving():
    first, second = (dsf.Mixer("s5", d=4, n=2, seed=1) for _ in range(2))
    other = dsf.Mixer("s5", d=4, n=2, seed=2)
    u = torch.randn(1, 6, 4)
    assert torch.equal(first(u), second(u)) and not torch.equal(first(u), other(u))
    other.load_state_dict(first.state_dict())
    assert torch.equal(first(u), other(u))
    torch.manual_seed(5)
    drawn = dsf.Mixer("s5", d=4, n=2)
    torch.manual_seed(5)
    assert torch.equal(drawn(u), dsf.Mixer("s5", d=4, n=2)(u))


def test_layers_are_copied_and_pickled():
    import copy
    import io
    import pickle

    layer, u = dsf.Mixer("s6", d=4, n=2, seed=0), torch.randn(1, 5, 4)
    assert torch.equal(copy.deepcopy(layer)(u), layer(u))
    buffer = io.BytesIO()
    torch.save(layer, buffer)
    model = dsf.S6.random(d=4, n=2)
    again = pickle.loads(pickle.dumps(model))  # our own bytes, made on the line itself
    assert (again.A_log == model.A_log).all()


@pytest.mark.parametrize("b_a", [-120.0, 120.0])
def test_saturated_gates_have_finite_gradients(b_a):
    layer = dsf.Mixer("rglru", d=3, seed=0)
    with torch.no_grad():
        layer.raw["b_a"].fill_(b_a)
    layer(torch.randn(1, 6, 3)).sum().backward()
    assert all(torch.isfinite(raw.grad).all() for raw in layer.raw.values())
