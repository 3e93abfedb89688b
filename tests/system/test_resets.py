"""Decays of exactly zero: a reset forgets everything, and outputs and gradients are those of the pieces run apart."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
import torch

import dsf_theory as dsf
from dsf_theory.models import NoFiniteSystemError
from dsf_theory.system.transition import Dense, Diagonal

FORMS = ("recurrent", "convolutional", "chunked", "scan")


def systems():
    """The models that are linear systems."""
    u = np.ones((1, 4))
    for name, model in dsf.MODELS.items():
        try:
            model.random(d=4, n=2).system(u)
        except NoFiniteSystemError:
            continue
        yield name


def evaluated(system, form):
    """y by a form, in chunks of two steps where it has chunks."""
    return system.chunked(2) if form == "chunked" else getattr(system, form)()


def cut(system, at):
    """The system that forgets its state at step ``at``: the decay there is zero."""
    xp, transition = system.xp, system.transition
    now = xp.reshape(xp.arange(system.length) == at, (-1, *[1] * (transition.AXES - 1)))
    if isinstance(transition, Dense):
        return replace(system, transition=Dense(xp.where(now, 0 * transition.matrix, transition.matrix)))
    rate = transition.rate
    step = xp.where(
        now, xp.zeros_like(transition.step) - xp.inf, transition.step
    )  # its phase is NaN in torch
    return replace(system, transition=Diagonal(step, rate))


def apart(system, at):
    """y of the two pieces, each from a state of zero."""
    pieces = [system.during(slice(0, at)), system.during(slice(at, None))]
    return system.xp.concat([piece.recurrent() for piece in pieces if piece.length], axis=-2)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", list(systems()))
def test_every_model_cut_at_every_step_is_its_two_pieces(name, form):
    """Outputs in NumPy and torch, and the gradients of all parameters and of u in torch."""
    model = dsf.MODELS[name].random(d=4, n=2, seed=3)
    rng = np.random.default_rng(0)
    u, weight = rng.standard_normal((5, 4)), torch.tensor(rng.standard_normal((5, 4)))
    leaves = {k: torch.tensor(v, requires_grad=True) for k, v in model.parameters.items()}
    in_torch, v = model.with_parameters(leaves), torch.tensor(u, requires_grad=True)
    for at in range(5):
        expected = apart(model.system(u), at)
        np.testing.assert_allclose(evaluated(cut(model.system(u), at), form), expected, atol=1e-12)
        system = in_torch.system(v)
        y = evaluated(cut(system, at), form)
        np.testing.assert_allclose(y.detach(), expected, atol=1e-12)
        inputs = [v, *leaves.values()]
        found = torch.autograd.grad((weight * y).sum(), inputs, allow_unused=True, retain_graph=True)
        right = torch.autograd.grad((weight * apart(system, at)).sum(), inputs, allow_unused=True)
        for key, one, other in zip(["u", *leaves], found, right, strict=True):
            pair = (torch.zeros(()) if g is None else g for g in (one, other))
            torch.testing.assert_close(*torch.broadcast_tensors(*pair), rtol=1e-9, atol=1e-11, msg=key)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64, torch.complex128])
@pytest.mark.parametrize("states", [1, 2])
def test_a_trained_rate_is_not_hurt_by_an_infinite_step(form, dtype, states):
    """The gradient of the rate is that of the two pieces, for a rate of zero and complex ones as well."""
    step = torch.tensor([-1.0, -torch.inf, -1.0]).to(dtype).reshape(3, 1, 1, 1)
    imaginary = 0.7j if dtype.is_complex else 0
    rate = torch.full((1, 1, 1, states), 0.5 + imaginary, dtype=dtype)
    rate[..., -1] = 0 + imaginary
    rate.requires_grad_()
    one = torch.ones(1, 1, 1, 1, dtype=dtype)
    u = torch.arange(1.0, 4.0)[:, None].to(torch.empty((), dtype=dtype).real.dtype)
    system = dsf.System(u, Diagonal(step, rate), one, one, real_part=dtype.is_complex)
    y = evaluated(system, form)
    expected = apart(system, 1)
    torch.testing.assert_close(y, expected)
    weight = torch.tensor([[1.0], [2.0], [3.0]], dtype=u.dtype)
    found, right = (torch.autograd.grad((weight * one).sum(), rate)[0] for one in (y, expected))
    torch.testing.assert_close(found, right)
    assert (right != 0).any()


def test_symbols_know_resets():
    """-oo as step, a symbol of any kind as rate: the formulas of the two pieces."""
    u, one = dsf.symbols("u", (4, 1)), np.full((1, 1, 1, 1), sp.S.One)
    for assumed in ({"real": True}, {"positive": True}, {"complex": True}):
        rate = dsf.symbols("a", (1, 1, 1, 1), **assumed)
        step = np.array([-1, -1, -sp.oo, -1], dtype=object).reshape(4, 1, 1, 1)
        system = dsf.System(u, Diagonal(step, rate), one, one)
        for form in FORMS:
            assert not any(map(sp.simplify, (evaluated(system, form) - apart(system, 2)).flat)), form
        assert system.Lambda[2].item() == 0


@pytest.mark.parametrize("form", FORMS)
def test_a_bilinear_pole_may_decay_at_once(form):
    """At A Δ = -2 the decay is zero; its derivative by A is not."""
    values = {"B": [[1.0 + 0j]], "C": [[1.0 + 0j]], "delta": [1.0], "D": [0.0]}
    u = torch.tensor([[1.0], [2.0], [-1.0], [0.5]], dtype=torch.float64)

    def y(A):
        others = {k: torch.tensor(v) if k in "BC" else torch.tensor(v).double() for k, v in values.items()}
        others = {k: v.to(torch.complex128) if v.is_complex() else v for k, v in others.items()}
        return evaluated(dsf.S4D(A=A.reshape(1, 1), **others, rule="bilinear").system(u), form).sum()

    A = torch.tensor(-2.0 + 0j, dtype=torch.complex128, requires_grad=True)
    (gradient,) = torch.autograd.grad(y(A), A)
    change = (y(A.detach() + 1e-4) - y(A.detach() - 1e-4)) / 2e-4
    assert abs(gradient.real - change) < 1e-6 and abs(change) > 0.1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("extreme", [1e3, -1e3])
@pytest.mark.parametrize(
    ("name", "options", "key"),
    [
        *(("s6", {"b_rule": rule}, "A_log") for rule in ("euler", "zoh")),
        *((name, {}, "A_log") for name in ("s6_2", "ssd")),
        ("lru", {}, "nu_log"),
        *((name, {}, f"b_{gate}") for name in ("qlstm", "qlstm_rev") for gate in "fio"),
        *(("rglru", {}, key) for key in ("b_a", "b_x", "Lambda_p")),
    ],
)
def test_gates_and_rates_at_their_limits(name, options, key, extreme, form):
    """Beyond the range of exp: outputs and gradients are those of a gate that is 0 or 1 to all digits."""
    biases = tuple(name for name, one in dsf.MODELS[name].spec.items() if one.optional)
    model = dsf.MODELS[name].random(d=4, n=2, seed=3, optional=biases, **options)
    u, found = torch.tensor(np.random.default_rng(0).standard_normal((5, 4))), []
    for value in (extreme, np.sign(extreme) * 60):
        leaves = {k: torch.tensor(v, requires_grad=True) for k, v in model.parameters.items()}
        leaves[key] = torch.full_like(leaves[key], value, requires_grad=True)
        y = evaluated(model.with_parameters(leaves).system(u), form)
        found.append([y, *torch.autograd.grad(y.sin().sum(), leaves.values(), materialize_grads=True)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-11)
