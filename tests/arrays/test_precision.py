"""Precision and devices: half types are kept and computed in single, and no form needs double precision."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import dsf_theory as dsf
from dsf_theory.models import NoFiniteSystemError
from dsf_theory.system.transition import Dense, Diagonal

NAMES = sorted(dsf.MODELS)
FORMS = ("recurrent", "convolutional", "chunked", "scan")


class NoDouble(TorchDispatchMode):
    """A device without double precision, as Apple's: an operation that makes such numbers raises."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor) and leaf.dtype in (torch.float64, torch.complex128):
                raise TypeError("Cannot convert a tensor to float64: this device does not support it")
        return out


def close(found, expected, digits):
    scale = expected.abs().max()
    assert torch.isfinite(found).all()
    assert (found.double() - expected).abs().max() <= digits * scale


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", NAMES)
def test_a_layer_in_half_precision_is_one_in_single_of_the_same_numbers(name, dtype):
    """Only the numbers kept are rounded: y is that of double precision, rounded once, gradients included."""
    layer = dsf.Mixer(name, d=4, n=2, seed=0).to(dtype)
    u = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0)).to(dtype)
    exact = dsf.Mixer(name, d=4, n=2, seed=0, dtype=torch.float64)
    exact.load_state_dict({k: v.double() for k, v in layer.state_dict().items()})
    y, expected = layer(u), exact(u.double())
    assert y.dtype == dtype
    close(y, expected, torch.finfo(dtype).eps)
    y.sum().backward()
    expected.sum().backward()
    for (key, one), other in zip(layer.named_parameters(), exact.parameters(), strict=True):
        if other.grad is not None and other.grad.abs().max() > 1e-3:
            assert one.grad.dtype == dtype, key
            close(one.grad, other.grad, 0.05)


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_under_autocast(name):
    layer = dsf.Mixer(name, d=4, n=2, seed=0)
    u = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0))
    expected = layer(u)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(layer(u), expected)
        assert layer(u.bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize("name", NAMES)
def test_models_of_half_precision(name):
    """Parameters and input as tensors of bfloat16: y in bfloat16, from a system in single precision."""
    model = dsf.MODELS[name].random(d=4, n=2, seed=0)
    tensors = {k: torch.as_tensor(v) for k, v in model.parameters.items()}
    half = {k: v.to(torch.complex64 if v.is_complex() else torch.bfloat16) for k, v in tensors.items()}
    u = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)).bfloat16()
    in_half = type(model)(**half)
    double = {k: v.to(torch.complex128 if v.is_complex() else torch.float64) for k, v in half.items()}
    expected = type(model)(**double).output(u.double())
    y = in_half.output(u)
    assert y.dtype == torch.bfloat16
    close(y, expected, torch.finfo(torch.bfloat16).eps)
    if name == "softmax_attention":  # a kernel without a system
        close(in_half.kernel(u).double(), type(model)(**double).kernel(u.double()), 1e-6)
    try:
        system = in_half.system(u)
    except NoFiniteSystemError:
        return
    for form in FORMS:
        assert getattr(system, form)().dtype == torch.float32


@pytest.mark.parametrize("name", NAMES)
def test_an_output_has_the_precision_of_its_input(name):
    model, u = dsf.MODELS[name].random(d=4, n=2, seed=0), np.random.default_rng(0).normal(size=(6, 4))
    for dtype in (np.float16, np.float32, np.float64):
        y = model.output(u.astype(dtype))
        assert y.dtype == dtype
        np.testing.assert_allclose(y, model.output(u), rtol=0, atol=10 * np.finfo(dtype).eps)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, np.float16])
def test_systems_of_half_precision(form, dtype):
    log, one = -torch.ones(5, 1, 2, 2) / 3, torch.ones(1, 1, 1, 2) / 7
    u = torch.linspace(-1, 1, 10).reshape(5, 2)

    def convert(part):
        return part.numpy().astype(dtype) if dtype is np.float16 else part.to(dtype)

    for transition in (Diagonal(log), Dense(log[..., None].exp() * torch.eye(2))):
        half = dsf.System(u, transition, one, one).map(convert)
        single = half.map(lambda part: torch.as_tensor(part).double())
        y = getattr(half, form)()
        assert y.dtype == dtype
        close(torch.as_tensor(y), single.recurrent(), 1e-2 if dtype == torch.bfloat16 else 1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_no_layer_needs_double_precision(name):
    """On a device without it, forward and backward: the same numbers to single precision."""
    layer = dsf.Mixer(name, d=4, n=2, seed=0)
    u = torch.randn(2, 70, 4, generator=torch.Generator().manual_seed(0))
    expected = layer(u)
    expected.sum().backward()
    gradients = [p.grad.clone() if p.grad is not None else None for p in layer.parameters()]
    layer.zero_grad()
    with NoDouble():
        y = layer(u)
        y.sum().backward()
    assert torch.allclose(y, expected, rtol=1e-4, atol=1e-4)
    for p, gradient in zip(layer.parameters(), gradients, strict=True):
        assert gradient is None or torch.allclose(
            p.grad, gradient, rtol=1e-3, atol=1e-3 * float(gradient.abs().max())
        )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_no_form_needs_double_precision(name, form):
    try:
        dsf.MODELS[name].random(d=4, n=2).system(np.ones((1, 4)))
    except NoFiniteSystemError:
        return
    layer = dsf.Mixer(name, d=4, n=2, seed=0)
    u = torch.randn(1, 20, 4, generator=torch.Generator().manual_seed(0))
    expected = getattr(layer.model.build(u), form)()
    with NoDouble():
        assert torch.allclose(getattr(layer.model.build(u), form)(), expected, rtol=1e-4, atol=1e-4)


def test_real_and_complex_parts_meet_in_every_form():
    """Any part may be complex where another is real."""
    rng = np.random.default_rng(0)
    u = rng.standard_normal((5, 2))
    shapes = {
        "write": (5, 1, 2, 3),
        "read": (5, 1, 2, 3),
        "value_map": (2, 2),
        "output_map": (2, 2),
        "gain": (5, 1, 2),
    }
    parts = {key: rng.standard_normal(shape) for key, shape in shapes.items()}
    for transition in (Diagonal(-rng.random((5, 1, 2, 3))), Dense(rng.standard_normal((5, 1, 2, 3, 3)) / 3)):
        for turned in ("transition", *parts):
            changed = {key: part + 1j * part[::-1] if key == turned else part for key, part in parts.items()}
            maps = transition.map(lambda part: part + 0.3j) if turned == "transition" else transition  # noqa: B023
            system = dsf.System(u, maps, **changed, real_part=True)
            expected, in_torch = system.recurrent(), system.map(torch.as_tensor)
            for form in FORMS:
                for one in (system, in_torch):
                    np.testing.assert_allclose(
                        getattr(one, form)(), expected, atol=1e-12, err_msg=f"{turned} {form}"
                    )
            np.testing.assert_allclose(in_torch.product_kernel(), system.kernel(), atol=1e-12, err_msg=turned)
