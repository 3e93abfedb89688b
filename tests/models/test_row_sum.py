"""Row sums out of the range of numbers, features that cancel, and what is refused of them."""

from functools import partial

import numpy as np
import pytest
import scipy.special
import torch

import dsf_theory as dsf
from dsf_theory import features as ft

LIBRARIES = {
    "numpy": np.asarray,
    "numpy, single": partial(np.asarray, dtype=np.float32),
    "torch": partial(torch.tensor, dtype=torch.float64),
    "torch, single": partial(torch.tensor, dtype=torch.float32),
}
every_library = pytest.mark.parametrize("convert", LIBRARIES.values(), ids=LIBRARIES)


def forms(model, u):
    """The output and every form."""
    system = model.system(u)
    return [
        model.output(u),
        system.recurrent(),
        system.convolutional(),
        system.scan(),
        system.chunked(chunk=3),
    ]


def log_elu(x):
    return np.where(x > 0, np.log1p(np.maximum(x, 0)), x)


def attention(log_phi, log_psi, v):
    """Weights from the logarithms of features, which leave no range."""
    joint = scipy.special.logsumexp(log_phi[:, None] + log_psi, axis=-1)
    return scipy.special.softmax(np.where(np.tri(len(v)), joint, -np.inf), axis=-1) @ v


@every_library
@pytest.mark.parametrize("size", [1.0, 60.0, 400.0, 1e4])
def test_one_token_attends_to_itself(convert, size):
    """q = k = -size: φᵀψ = e^{-2 size} is no number, and the output is the token."""
    given = {"W_q": -size, "W_k": -size, "W_v": 1.0, "W_o": 1.0}
    model = dsf.LinearAttentionELU(**{key: convert([[value]]) for key, value in given.items()})
    for y in forms(model, convert([[1.0]])):
        assert abs(y.item() - 1) <= 2e-7


@every_library
@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("size", [1.0, 30.0, 1e3])
def test_elu_features_that_lie_far_apart(convert, heads, size):
    """Queries and keys whose large features are others': each row is right, its row sum e^{-size} or less."""
    rng = np.random.default_rng(0)
    u = size * rng.normal(size=(9, 4))
    weights = {"W_q": np.eye(4), "W_k": -np.eye(4), "W_v": np.eye(4)}
    weights = {key: convert(value.astype(float)) for key, value in weights.items()}
    q = np.asarray(convert(u)).astype(float)
    expected = [
        attention(log_elu(q[:, part]), log_elu(-q[:, part]), q[:, part])
        for part in np.split(np.arange(4), heads)
    ]
    expected = np.concatenate(expected, axis=-1)
    model = dsf.LinearAttentionELU(**weights, heads=heads)
    digits = 1e-3 if "32" in str(convert(u).dtype) else 1e-10
    for y in forms(model, convert(u)):
        assert np.abs(np.asarray(y) - expected).max() <= digits * np.abs(expected).max()


@pytest.mark.parametrize("name", ["linear_attention_elu", "favor_attention"])
def test_gradients_of_rows_out_of_range_are_those_in_double_precision(name):
    """Rows in range and out of it beside each other, in single precision; double holds them all."""
    model = dsf.MODELS[name].random(d=2, n=2, seed=3, **({"features": 4} if "favor" in name else {}))
    u = np.random.default_rng(1).normal(size=(2, 8, 2)) * np.geomspace(1, 60, 8)[:, None]
    gradients = []
    for dtype in (torch.float64, torch.float32):
        parts = {
            key: torch.tensor(part, dtype=dtype).requires_grad_() for key, part in model.parameters.items()
        }
        layer = type(model)(**parts).with_parameters(parts)
        x = torch.tensor(u, dtype=dtype).requires_grad_()
        y = layer.respond(x)
        gradients.append([y, *torch.autograd.grad((y * y.detach().sign()).sum(), [x, *parts.values()])])
    for exact, found in zip(*gradients, strict=True):
        assert torch.isfinite(found).all()
        assert (found.double() - exact).abs().max() <= 1e-3 * exact.abs().max()


def test_a_later_row_out_of_range_leaves_earlier_ones_to_the_last_bit():
    model = dsf.LinearAttentionELU.random(d=2, n=2, seed=1)
    u = np.random.default_rng(1).normal(size=(9, 2))
    changed = u.copy()
    changed[5:] *= 1e4
    assert (model.output(u)[:5] == model.output(changed)[:5]).all()


def test_rows_are_right_where_torch_cannot_look():
    """Under vmap and export it is not known whether a row sum is in range."""
    layer = dsf.Mixer("linear_attention_elu", d=1, n=1, seed=0)
    with torch.no_grad():
        for key, raw in layer.raw.items():
            raw.fill_(-60.0 if key in ("W_q", "W_k") else 1.0)
    u = torch.ones(2, 3, 1)
    assert torch.allclose(torch.func.vmap(lambda row: layer(row[None])[0])(u), u)
    assert torch.allclose(torch.export.export(layer, (u,)).module()(u), u)
    assert torch.allclose(layer(u), u)


def test_features_of_too_large_products_have_their_logarithms_taken():
    """Features that are numbers, whose products are not: no logarithm is known."""
    phi = lambda x: x**8  # noqa: E731
    eye = np.eye(2, dtype=np.float32)
    u = np.array([[900.0, 1.0], [1000.0, 2.0], [1e-3, 1e-3]], dtype=np.float32)
    model = dsf.SeparableAttention(W_q=eye, W_k=eye, W_v=eye, phi=phi, psi=phi)
    logs = 8 * np.log(u.astype(float))
    expected = attention(logs, logs, u.astype(float))
    for y in forms(model, u):
        assert np.abs(y - expected).max() < 1e-5 * np.abs(expected).max()


def test_normalised_attention_of_zero_values_is_zero():
    """Zero times a factor that is no number: η = e^{-5000}."""
    for convert in LIBRARIES.values():
        model = dsf.NormAttention(
            **{k: convert([[v]]) for k, v in {"W_q": 0.0, "W_k": 1.0, "W_v": 1.0}.items()},
            W_eta=convert([[-5000.0]]),
        )
        assert not np.asarray(model.output(convert([[1.0], [1.0]]))).any()


# ---------------------------------------------------------------------------------------------- cancellation


def taylor(order, u, convert=np.asarray):
    """Taylor attention of queries [a, -b] and keys [a, b] for tokens [a, b]."""
    weights = {"W_q": np.diag([1.0, -1]), "W_k": np.eye(2), "W_v": np.eye(2)}
    return dsf.TaylorAttention(
        **{k: convert(v) for k, v in weights.items()}, scale=1.0, order=order
    ), convert(u)


@pytest.mark.parametrize("order", [6, 8])
def test_taylor_attention_whose_terms_cancel_is_refused(order):
    """Scores of zero from keys of size 42: weights of a half each, as features -0.2 and 1.4."""
    model, u = taylor(order, np.array([[30.0, 30.0], [30.3, 30.3]]))
    for ask in (model.system, model.output, model.kernel):
        with pytest.raises(
            ValueError, match=r"eta: expected row sums with 3 digits left, found one at index \(0, 0\)"
        ):
            ask(u)


@every_library
def test_taylor_attention_has_the_digits_that_it_promises(convert):
    """What is not refused is right to a hundredth, over sizes up to where it is refused."""
    refused = []
    for size in np.geomspace(0.1, 100, 31):
        model, u = taylor(6, size * np.array([[1.0, 1.0], [1.01, 1.01]]), convert)
        try:
            weights = np.asarray(model.system(u).weights())[0, 0]
        except ValueError:
            refused.append(size)
            continue
        rows = weights / weights.sum(-1, keepdims=True)
        assert np.abs(rows - [[1, 0], [0.5, 0.5]]).max() < 1e-2
    assert 1 < min(refused) < max(refused) == pytest.approx(100)


def test_a_layer_does_not_look():
    layer = dsf.Mixer("taylor_attention", d=2, n=2, order=6, seed=0)
    with torch.no_grad():
        for raw in layer.raw.values():
            raw.mul_(100)
    assert torch.isfinite(layer(torch.ones(1, 3, 2))).all()


# ------------------------------------------------------------------------------------- precision, what is shown


def test_what_maps_return_takes_the_precision_of_the_input():
    given = {name: torch.eye(2) for name in ("W_q", "W_k", "W_v")}
    for maps in (
        {"eta": lambda u: 1 + u.double()[..., 0] ** 2},
        {"phi": torch.exp, "psi": lambda k: k.double().exp()},
    ):
        model = dsf.SeparableAttention(**given, **maps)
        u = torch.tensor([[1.0, 2.0], [0.5, 1.0]])
        assert {y.dtype for y in forms(model, u)} == {torch.float32}
        y = dsf.SeparableAttention(**{k: v.double() for k, v in given.items()}, **maps).output(u.double())
        assert torch.allclose(model.output(u).double(), y, rtol=1e-5)


def test_a_complex_normaliser_is_refused():
    given = {name: np.eye(2) for name in ("W_q", "W_k", "W_v")}
    model = dsf.SeparableAttention(**given, eta=lambda u: u[..., 0] + 1j)
    with pytest.raises(ValueError, match="eta: expected real numbers, found complex128"):
        model.output(np.ones((2, 2)))


@pytest.mark.parametrize("size", [40.0, 300.0])
def test_matrices_that_are_no_numbers_are_not_multiplied_out(size):
    omega = ft.random_directions(8, 2, seed=2)
    favor = dsf.FavorAttention(W_q=np.eye(2), W_k=-np.eye(2), W_v=np.eye(2), omega=omega, scale=1.0)
    system = favor.system(size * np.eye(2))
    with pytest.raises(
        ValueError, match="product_kernel: expected finite matrices, found entries of B out of range"
    ):
        system.product_kernel()
    assert np.isfinite(system.kernel()).all() and np.isfinite(system.recurrent()).all()
    small = favor.system(np.eye(2))
    np.testing.assert_allclose(small.product_kernel(), small.kernel(), atol=1e-13)


def test_matrices_whose_products_are_no_numbers_are_refused():
    model = dsf.FavorAttention.random(d=4, n=2, features=8)
    given = {name: 10 * part if name in ("W_q", "W_k") else part for name, part in model.parameters.items()}
    u = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    system = dsf.FavorAttention(**{name: part.astype(np.float32) for name, part in given.items()}).system(u)
    assert all(np.isfinite(part).all() for part in (system.Lambda, system.B, system.C))
    with pytest.raises(
        ValueError, match="product_kernel: expected finite matrices, found their products out of"
    ):
        system.product_kernel()
