"""Every mixer in half precision and under autocast: the dtype that went in, finite, and near single precision."""

import numpy as np
import pytest
import torch

import dsf_theory as dsf
from dsf_theory.features import hedgehog

NAMES = sorted(dsf.MODELS)
HALF = {torch.bfloat16: 2**-8, torch.float16: 2**-11}
"""Half type -> half the distance of 1 to the next number."""


def made(name, **options):
    """A mixer in single precision and an input."""
    layer = dsf.Mixer(name, d=4, n=4, seed=0, **options)
    return layer, torch.randn(2, 20, 4, generator=torch.Generator().manual_seed(0))


def near(found, expected, bound):
    """Whether two outputs differ by less than a part of the largest number."""
    return (found.float() - expected).abs().max() < bound * expected.abs().max()


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("name", NAMES)
def test_half_precision_keeps_numbers_only(name, dtype):
    """Of the same rounded parameters and input, y is that of single precision, rounded once; gradients likewise."""
    layer, u = made(name)
    rounded = layer.to(dtype)
    wide = dsf.Mixer(name, d=4, n=4, seed=0)
    wide.load_state_dict({key: value.float() for key, value in rounded.state_dict().items()})
    y, expected = rounded(u.to(dtype)), wide(u.to(dtype).float())
    assert y.dtype == dtype and near(y, expected, 1.01 * HALF[dtype])
    y.float().pow(2).mean().backward()
    expected.pow(2).mean().backward()
    for (key, value), other in zip(rounded.named_parameters(), wide.parameters(), strict=True):
        if value.grad is not None:
            assert value.grad.dtype == dtype and torch.isfinite(value.grad).all()
            scale = other.grad.abs().max()
            assert (value.grad.float() - other.grad).abs().max() <= 4 * HALF[dtype] * scale + 1e-6, key


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("name", NAMES)
def test_autocast_leaves_a_mixer_in_its_precision(name, dtype):
    """Whether the input comes in the layer's own precision or in that of a layer before."""
    layer, u = made(name)
    with torch.autocast("cpu", dtype):
        same, cast = layer(u), layer(u.to(dtype))
    assert same.dtype == torch.float32 and torch.equal(same, layer(u))
    assert cast.dtype == dtype and near(cast, layer(u.to(dtype).float()), 1.01 * HALF[dtype])
    with pytest.raises(ValueError, match="u: expected a tensor of torch.float32, found torch.b?float16"):
        layer(u.to(dtype))


@pytest.mark.parametrize("form", ["scan", "convolutional", "recurrent"])
@pytest.mark.parametrize("name", ["s4d", "s5", "lru", "s6", "favor_attention"])
def test_other_forms_in_half_precision(name, form):
    layer, u = made(name, dtype=torch.bfloat16, form=form)
    chunked, _ = made(name, dtype=torch.bfloat16)
    u = u.to(torch.bfloat16)
    assert layer(u).dtype == torch.bfloat16
    assert near(layer(u), chunked(u).float(), 2.1 * HALF[torch.bfloat16])


def test_learned_features_in_half_precision():
    phi = dsf.LearnedFeatures(hedgehog, weight=np.eye(4))
    layer, u = made("separable_attention", phi=phi, psi=phi)
    expected = layer(u)
    assert near(layer.to(torch.bfloat16)(u.to(torch.bfloat16)), expected, 0.05)
