"""The models against the independent oracles: dense matrices, states, sizes, options left out; laws are elsewhere."""

from math import comb

import numpy as np
import oracles
import pytest
import torch
from laws import LENGTHS, Case, assert_close
from model_cases import CASES, positive_features

import dsf_theory as dsf

COEFFICIENTS = [case for case in CASES if hasattr(oracles, f"{case.model.name}_coefficients")]
ATTENTION = [name for name, model in dsf.MODELS.items() if "W_q" in model.spec]
SEPARABLE = [name for name in ATTENTION if name != "softmax_attention"]


def coefficients(case, model, u):
    """Λ, B, C and D by the oracle."""
    return getattr(oracles, f"{case.model.name}_coefficients")(u, **model.parameters, **case.options)


def named(name, **options):
    """The case of a registered model with its oracle."""
    return Case(dsf.MODELS[name], options, getattr(oracles, name))


def without(case, left_out, **kwargs):
    """An example whose model lacks some optional parameters."""
    model, u = case.example(**kwargs)
    return case.given({key: part for key, part in model.parameters.items() if key not in left_out}), u


@pytest.mark.parametrize("length", [length for length in LENGTHS if length < 64])
@pytest.mark.parametrize("case", COEFFICIENTS, ids=str)
def test_dense_matrices_and_states(case, length):
    for seed, width, n in ((21, 2, 3), (22, 1, 2), (23, 3, 1)):
        model, u = case.example(seed, length, width, n)
        Lambda, B, C, D = dense = coefficients(case, model, u)
        system = model.system(u)
        assert (system.length, system.d, system.N) == (*u.shape, Lambda.shape[1])
        assert system.Lambda.shape == Lambda.shape
        if length > 1:  # Lambda_0 is arbitrary
            assert_close("Lambda", system.Lambda[1:], Lambda[1:])
        for name, expected in zip("BCD", (B, C, D), strict=True):
            assert_close(name, getattr(system, name), expected)
        y, h = oracles.unroll(u, *dense)
        assert_close("dense oracle", y, case.oracle(u, **model.parameters, **case.options))
        assert_close("states", system.states(), h)
        assert_close("kernel", system.kernel(), oracles.kernel(*dense))


def test_every_model_of_the_package_has_an_oracle():
    assert all(hasattr(oracles, name) for name in dsf.MODELS)
    assert {case.model.name for case in COEFFICIENTS} == set(dsf.MODELS) - {"softmax_attention", "lstm"}


def kept(case, length, d, n):
    """Real numbers kept from one step to the next, by the table of the theory."""
    name, heads = case.model.name, case.heads
    features = {
        **dict.fromkeys(("linear_attention", "linear_attention_elu", "norm_attention", "favor_attention"), n),
        "separable_attention": n if case.options.get("phi") is None else 3,
        "taylor_attention": comb(n + case.options.get("order", 2), n),
    }
    if name in features:
        always = ("linear_attention_elu", "taylor_attention", "favor_attention")
        row_sum = name in always or name == "separable_attention" and "eta" not in case.options
        return (d + heads * row_sum) * features[name]
    return {
        "softmax_attention": length * (n * heads + d),
        "lstm": 2 * d,
        "s4d": 2 * d * ((n + 1) // 2),  # whole conjugate pairs
        **dict.fromkeys(("s5", "lru"), 2 * ((n * d + 1) // 2)),
        **dict.fromkeys(("qlstm", "qlstm_rev", "rglru"), d),
    }.get(name, d * n)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_state_size(case):
    model, _ = case.example(width=2, n=5)
    assert model.state_size(7) == kept(case, 7, d=2 * case.heads, n=5)


@pytest.mark.parametrize("length", [1, 2, 33])
@pytest.mark.parametrize("left_out", [(), ("b_v", "b_o")], ids=["affine", "linear"])
@pytest.mark.parametrize("heads", [1, 2, 3])
def test_softmax_kernel(heads, left_out, length):
    """Softmax attention has a kernel all the same: model.kernel(u)."""
    case = named("softmax_attention", heads=heads)
    model, u = without(case, left_out, seed=2, length=length, n=5)
    expected = oracles.softmax_attention_kernel(u, **model.parameters, heads=heads)
    y = np.einsum("ijab,jb->ia", expected, oracles.homogeneous(u, expected.shape[-1]))
    assert_close("kernel oracle", y, case.oracle(u, **model.parameters, heads=heads))
    assert_close("kernel", model.kernel(u), expected)


@pytest.mark.parametrize("name", ["softmax_attention", "lstm"])
def test_what_is_not_a_finite_system_says_so(name):
    model, u = named(name).example()
    with pytest.raises(dsf.NoFiniteSystemError) as error:
        model.system(u)
    if name == "softmax_attention":
        assert all(way in str(error.value) for way in ("order=", "features=", "realise"))


# ------------------------------------------------------------------------------------------------- options

LEFT_OUT = [
    *(("b_q",), ("b_k",), ("b_v",), ("b_o",), ("W_o",), ("W_o", "b_o"), ("b_v", "b_o")),
    ("b_q", "b_k", "b_v", "b_o", "W_o"),
]


@pytest.mark.parametrize("left_out", LEFT_OUT, ids="-".join)
@pytest.mark.parametrize("name", ATTENTION)
def test_optional_parameters(name, left_out):
    features = {"phi": positive_features, "psi": positive_features} if name == "separable_attention" else {}
    case = named(name, heads=2, **features)
    model, u = without(case, left_out, seed=5)
    y = case.oracle(u, **model.parameters, **case.options)
    assert_close("y", model.output(u), y)
    whole, _ = case.example(seed=5)
    taken_away = whole.with_parameters({**model.parameters, **dict.fromkeys(left_out)})
    assert_close("y of a model that had them", taken_away.output(u), y)
    if name in SEPARABLE:
        system, (_, *expected) = model.system(u), coefficients(case, model, u)
        for part, claimed in zip("BCD", expected, strict=True):
            assert_close(part, getattr(system, part), claimed)
        assert_close("chunked", system.chunked(chunk=3), y)


@pytest.mark.parametrize(
    "name", ["softmax_attention", "linear_attention", "taylor_attention", "favor_attention"]
)
def test_scale(name):
    case = named(name, heads=2, scale=0.37)
    model, u = case.example(seed=6)
    assert_close("y", model.output(u), case.oracle(u, **model.parameters, **case.options))
    if name in SEPARABLE:
        assert_close("kernel", model.system(u).kernel(), oracles.kernel(*coefficients(case, model, u)))


@pytest.mark.parametrize("library", [np.asarray, torch.tensor])
def test_a_scale_of_zero_is_a_scale(library):
    """Scores of zero: softmax is the running mean of the values, linear attention is zero."""
    softmax, linear = (named(name, scale=0) for name in ("softmax_attention", "linear_attention"))
    model, u = without(softmax, ("b_v", "W_o", "b_o"), seed=6)
    mean = np.cumsum(u @ model.W_v.T, axis=0) / np.arange(1, len(u) + 1)[:, None]
    given = {key: library(part) for key, part in model.parameters.items()}
    assert_close("softmax", softmax.given(given).output(library(u)), mean, rtol=1e-14)
    assert_close("linear", linear.given(given).output(library(u)), np.zeros_like(u))


@pytest.mark.parametrize("alpha", [-0.5, 0.0])
def test_reversed_gate_stays_open_where_alpha_is_not_positive(alpha):
    """The power of the reversed sigmoid is relu(alpha): at alpha <= 0 nothing is forgotten."""
    case = named("qlstm_rev")
    model, u = case.example(seed=11, width=4)
    model = case.given({**model.parameters, "alpha": np.asarray(alpha)})
    assert_close("y", model.output(u), case.oracle(u, **model.parameters))
    assert_close("Lambda", model.system(u).Lambda, np.tile(np.eye(4), (7, 1, 1)))


DEFAULTS = {
    "norm_attention": {"eta": "exp", "heads": 1},
    "taylor_attention": {"order": 2, "heads": 1},
    "s4d": {"rule": "zoh"},
    "s4": {"rule": "bilinear"},
    "s5": {"rule": "zoh"},
    "s6": {"b_rule": "euler"},
    "ssd": {"heads": 1, "groups": 1},
    "rglru": {"c": 8.0, "reset": False},
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults(name):
    """Leaving the options out gives what the table of the registry names."""
    model, u = named(name).example(seed=7)
    assert_close("y", model.output(u), getattr(oracles, name)(u, **model.parameters, **DEFAULTS[name]))
