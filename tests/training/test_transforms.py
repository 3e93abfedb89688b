"""Every mixer under torch's transforms: derivatives of any order, rows mapped over, export and compile."""

import pytest
import torch
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, vmap

import dsf_theory as dsf

NAMES = sorted(dsf.MODELS)
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script` is deprecated"
)  # in torch's own forward mode


def made(name, rows=2, length=4, form="chunked"):
    """A small mixer and an input."""
    layer = dsf.Mixer(name, d=2, n=2, seed=0, dtype=torch.float64, form=form)
    numbers = torch.Generator().manual_seed(0)
    return layer, torch.randn(rows, length, 2, dtype=torch.float64, generator=numbers)


def energy(layer):
    """A scalar of the input with derivatives of every order."""
    return lambda u: layer(u).pow(2).sum()


@pytest.mark.parametrize("name", NAMES)
def test_jacobians_are_those_taken_row_by_row(name):
    layer, u = made(name)
    at = u.clone().requires_grad_()
    rows = [torch.autograd.grad(y, at, retain_graph=True)[0] for y in layer(at).flatten()]
    expected = torch.stack(rows).reshape(*u.shape, *u.shape)
    assert torch.allclose(jacrev(layer)(u), expected, atol=1e-12)
    assert torch.allclose(jacfwd(layer)(u), expected, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_of_each_row(name):
    layer, u = made(name)
    parameters = {key: value.detach() for key, value in layer.named_parameters()}

    def loss(parameters, row):
        return functional_call(layer, parameters, (row[None],)).pow(2).sum()

    found = vmap(grad(loss), in_dims=(None, 0))(parameters, u)
    for k, row in enumerate(u):
        layer.zero_grad()
        energy(layer)(row[None]).backward()
        for key, value in layer.named_parameters():
            if value.grad is not None:
                assert torch.allclose(found[key][k], value.grad, rtol=1e-9, atol=1e-11), key


@pytest.mark.parametrize("name", NAMES)
def test_hessians_are_differences_of_gradients(name):
    """Forward over reverse, reverse over reverse, the graph of a gradient, and gradients in place a step apart."""
    layer, u = made(name, rows=1, length=3)
    h = hessian(energy(layer))(u).reshape(u.numel(), -1)
    assert torch.allclose(jacrev(jacrev(energy(layer)))(u).reshape(h.shape), h, atol=1e-10)
    direction = torch.linspace(-1, 1, u.numel(), dtype=u.dtype).reshape(u.shape)
    at = u.clone().requires_grad_()
    (first,) = torch.autograd.grad(energy(layer)(at), at, create_graph=True)
    (along,) = torch.autograd.grad(first, at, direction)
    assert torch.allclose(h @ direction.flatten(), along.flatten(), atol=1e-10)
    above, below = (
        torch.autograd.grad(energy(layer)(moved), moved)[0]
        for moved in ((u + size * direction).requires_grad_() for size in (1e-5, -1e-5))
    )
    assert torch.allclose((above - below) / 2e-5, along, rtol=1e-6, atol=1e-6 * along.abs().max().item())


@pytest.mark.parametrize("name", NAMES)
def test_an_exported_mixer_is_the_mixer(name):
    layer, u = made(name)
    exported = torch.export.export(layer, (u,)).module()
    assert torch.allclose(exported(u), layer(u), atol=1e-12)
    packaged = [node for node in exported.graph.nodes if "dsf_theory" in str(node.target)]
    assert not packaged  # it runs where this package is not installed


@pytest.mark.parametrize("name", NAMES)
def test_a_compiled_mixer_is_the_mixer(name):
    """One graph without a break and without a warning, forward and back."""
    torch.compiler.reset()
    layer, u = made(name)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager" if name in ("s6", "ssd") else "eager")
    values, gradients = [], []
    for module in (compiled, layer):
        layer.zero_grad()
        values.append(module(u))
        values[-1].pow(2).sum().backward()
        gradients.append([value.grad for value in layer.parameters() if value.grad is not None])
    assert torch.allclose(*values, atol=1e-12)
    assert all(torch.allclose(*pair, atol=1e-10) for pair in zip(*gradients, strict=True))


@pytest.mark.parametrize("form", ["scan", "convolutional", "recurrent"])
@pytest.mark.parametrize("name", ["s6", "ssd", "s4d", "s4"])
def test_a_mixer_evaluates_in_the_form_asked_for(name, form):
    layer, u = made(name, form=form)
    chunked, _ = made(name)
    assert torch.allclose(layer(u), chunked(u), rtol=1e-10, atol=1e-12)
    assert torch.allclose(jacrev(layer)(u), jacrev(chunked)(u), rtol=1e-9, atol=1e-11)


def test_a_form_that_is_none_is_refused():
    with pytest.raises(ValueError, match="form: expected one of 'chunked', 'scan', .*, found 'fast'"):
        made("s6", form="fast")
    layer, u = made("softmax_attention", form="scan")
    with pytest.raises(dsf.NoFiniteSystemError, match="softmax_attention has no system of finite n"):
        layer(u)


def test_a_directional_derivative_without_transforms():
    """Dual numbers of ``torch.autograd.forward_ad``, and of the parameters alone."""
    layer, u = made("s6")
    change = torch.linspace(-1, 1, u.numel(), dtype=u.dtype).reshape(u.shape)
    with torch.autograd.forward_ad.dual_level():
        dual = layer(torch.autograd.forward_ad.make_dual(u, change))
        found = torch.autograd.forward_ad.unpack_dual(dual).tangent
    at = u.clone().requires_grad_()
    weights = torch.ones_like(u, requires_grad=True)
    (pulled,) = torch.autograd.grad(layer.system(at).scan(), at, weights, create_graph=True)
    (expected,) = torch.autograd.grad(pulled, weights, change)
    assert torch.allclose(found, expected, atol=1e-12)
