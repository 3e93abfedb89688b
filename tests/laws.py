"""The laws that every model obeys, whatever it computes: its forms, readings, gradients and errors agree.

A law is a function of a :class:`Case`, a model class with options, and raises ``AssertionError``. Nothing but the
class is needed: parameters are drawn from what it declares. Where an independent oracle is given, the output is
compared with it too. ``for law in LAWS.values(): law(Case(Mine))`` is all that a test of a new class needs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import lcm

import numpy as np
import oracles
import pytest
import sympy
import torch

import dsf_theory as dsf
from dsf_theory.system.symbolic import evaluate, symbols

LENGTHS = (1, 2, 33, 63, 64, 65, 130)
"""On both sides of a chunk and of two."""

LONG = 64 * 8 + 3
"""Beyond the chunks that are worked on at once."""

CHUNKS = (1, 5, 16, 64)

LAWS: dict[str, Callable[["Case"], None]] = {}


def law(function):
    """Enter a law under its name."""
    LAWS[function.__name__] = function
    return function


# ----------------------------------------------------------------------------------------------------- cases


@dataclass(frozen=True)
class Case:
    """A model class with options, and if there is one its oracle ``(u, **parameters, **options) -> y``."""

    model: type[dsf.Model]
    options: dict = field(default_factory=dict)
    oracle: Callable | None = None

    def __str__(self):
        shown = {key: getattr(value, "__name__", value) for key, value in self.options.items()}
        return "-".join([self.model.name, *(f"{key}={value}" for key, value in shown.items())])

    @property
    def heads(self):
        """What the number of channels must be a multiple of."""
        return lcm(*(self.options.get(key) or 1 for key in ("heads", "groups")))

    def example(self, seed=0, length=7, width=2, n=3, lead=()):
        """The model with numbers for all parameters, and an input (*lead, length, heads * width)."""
        optional = tuple(key for key, one in self.model.spec.items() if one.optional)
        start = self.model.random(self.heads * width, n, seed=seed, optional=optional, **self.options)
        rng = np.random.default_rng(seed)
        values = {
            key: numbers(self.model.spec[key], part.shape, rng) for key, part in start.parameters.items()
        }
        return self.model(**values, **self.options), rng.normal(size=(*lead, length, start.d))

    def given(self, parameters):
        """The model with these parameters."""
        return self.model(**parameters, **self.options)

    def torched(self, model, requires_grad=False):
        """Tensors of a model's parameters."""
        return {
            key: torch.tensor(part, requires_grad=requires_grad) for key, part in model.parameters.items()
        }


def numbers(declared, shape, rng):
    """Random entries of a declared parameter, inside its domain."""
    x = np.asarray(rng.normal(size=shape)) / np.sqrt(shape[-1] if len(shape) > 1 else 1.0)
    if declared.domain == "positive":
        return np.exp(x / 2)
    if declared.domain == "stable matrix":
        return x - x.T - x @ x.T - 0.1 * np.eye(len(x))
    if declared.domain == "stable":
        x = -np.exp(x / 2)
    return x + 1j * rng.normal(size=shape) if declared.complex else x


def assert_close(name, found, expected, rtol=1e-10):
    """Largest deviation at most `rtol` of the largest expected entry; of one where all are zero."""
    found, expected = (
        x.detach().numpy() if isinstance(x, torch.Tensor) else np.asarray(x) for x in (found, expected)
    )
    assert found.shape == expected.shape, f"{name}: shape {found.shape}, expected {expected.shape}"
    assert np.all(np.isfinite(found)), f"{name}: not finite"
    error = np.max(np.abs(found - expected), initial=0) / (np.max(np.abs(expected), initial=0) or 1.0)
    assert error <= rtol, f"{name}: relative deviation {error:.1e} > {rtol:.0e}"


def system_of(model, u):
    """The system of an input; None for a model that has none, and says so."""
    try:
        return model.system(u)
    except dsf.NoFiniteSystemError:
        return None


def evaluations(system, chunks=CHUNKS):
    """Every form by name."""
    forms = {"recurrent": system.recurrent, "convolutional": system.convolutional, "scan": system.scan}
    forms |= {f"chunked(chunk={chunk})": lambda chunk=chunk: system.chunked(chunk=chunk) for chunk in chunks}
    return forms | {"chunked": system.chunked}


# --------------------------------------------------------------------------------------------------- numbers


@law
def forms_agree(case):
    """The output, every form, the states and the kernel are those of the dense matrices, multiplied out by hand."""
    for length in LENGTHS:
        for seed, width, n in ((1, 2, 3), (2, 1, 2), (3, 3, 1)) if length <= 33 else ((4, 2, 3),):
            model, u = case.example(seed, length, width, n)
            system = system_of(model, u)
            if system is None:
                continue
            assert (system.length, system.d) == u.shape and system.Lambda.shape == (
                length,
                system.N,
                system.N,
            )
            dense = (system.Lambda, system.B, system.C, system.D)
            y, h = oracles.unroll(u, *dense)
            assert_close("output", model.output(u), y)
            for name, evaluated in evaluations(system).items():
                assert_close(f"{name} at length {length}", evaluated(), y)
            assert_close("states", system.states(), h)
            assert_close("kernel", system.kernel(), oracles.kernel(*dense))
            assert_close("kernel of the model", model.kernel(u), oracles.kernel(*dense))


@law
def long_sequences(case):
    """The forms that are linear in length, the output included, agree on many chunks."""
    model, u = case.example(seed=5, length=LONG)
    system = system_of(model, u)
    if system is not None:
        y = system.recurrent()
        for name, found in {
            "output": model.output(u),
            "chunked": system.chunked(),
            "scan": system.scan(),
        }.items():
            assert_close(name, found, y)


@law
def oracle_agrees(case):
    """The output is the oracle's, where there is one."""
    if case.oracle is None:
        return
    for length in (1, 2, 33):
        for seed, width, n in ((11, 2, 3), (12, 1, 2), (13, 3, 1)):
            model, u = case.example(seed, length, width, n)
            assert_close("output", model.output(u), case.oracle(u, **model.parameters, **case.options))


@law
def kernel_gives_output(case):
    """Where the model is linear in its values, with a system or without, ``y_i = Σ_j Φ[i, j] u_j``."""
    model, u = case.example(seed=2)
    try:
        phi = model.kernel(u)
    except dsf.NoFiniteSystemError:
        return
    y = np.einsum("ijab,jb->ia", phi, oracles.homogeneous(u, phi.shape[-1]))
    assert_close("kernel", y, model.output(u))
    assert not np.triu(np.abs(phi).max((-1, -2)), 1).any(), "the kernel is not causal"


@law
def causal(case):
    """No step depends on a later one: a prefix of the input gives a prefix of the output."""
    for length in (7, 66):
        model, u = case.example(seed=3, length=length)
        y = model.output(u)
        for stop in {1, length // 2, length - 1}:
            assert_close(f"the first {stop} steps", y[:stop], model.output(u[:stop]), rtol=1e-12)


@law
def rows_are_apart(case):
    """Leading axes of u are so many sequences, in NumPy and torch, whatever the form."""
    for lead in ((2,), (2, 3)):
        model, u = case.example(seed=4, lead=lead)
        y = np.stack([model.output(row) for row in u.reshape(-1, *u.shape[-2:])]).reshape(u.shape)
        for each, rows in ((model, u), (case.given(case.torched(model)), torch.tensor(u))):
            assert_close("output", each.output(rows), y)
            system = system_of(each, rows)
            for name, evaluated in evaluations(system, (3,)).items() if system is not None else ():
                assert_close(name, evaluated(), y)
            if system is not None:
                last = tuple(size - 1 for size in lead)
                assert_close("states", system.states()[last], model.system(u[last]).states())


@law
def state_size_is_what_is_kept(case):
    """The model and its system give one number; without a system it is positive and does not fall with length."""
    model, u = case.example(seed=6)
    sizes, system = [model.state_size(length) for length in (1, 2, 50)], system_of(model, u)
    assert all(isinstance(size, int) and size > 0 for size in sizes) and sizes == sorted(sizes)
    if system is not None:
        assert sizes == [system.state_size] * 3
        assert system.state_size >= system.N
    assert case.given(case.torched(model)).state_size(50) == sizes[-1]


@law
def single_precision_in_any_range(case):
    """Inputs or weights 1e-4 to 1e4 times as large: outputs and gradients are finite wherever double has a number."""
    model, u = case.example(seed=1, length=9)
    for scale in (1e-4, 1e-2, 1e2, 1e3, 1e4):
        weights = {key: part * scale for key, part in model.parameters.items() if key.startswith("W")}
        for parameters, tokens in ((model.parameters, u * scale), ({**model.parameters, **weights}, u)):
            with np.errstate(
                over="ignore", invalid="ignore"
            ):  # 1/eta of normalised attention is not in range everywhere
                y = case.given(parameters).output(tokens)
            tensors = {key: single(torch.tensor(part)).requires_grad_() for key, part in parameters.items()}
            layer = case.given(tensors).with_parameters(tensors)
            found = layer.respond(single(torch.tensor(tokens)))
            fits = np.abs(y) < 1e30
            assert torch.isfinite(found[torch.tensor(fits)]).all(), f"not finite at scale {scale}"
            if not fits.all():
                continue
            assert_close(f"output at scale {scale}", found.double(), y, rtol=1e-2)
            gradients = torch.autograd.grad(found.sum(), tensors.values(), allow_unused=True)
            for key, gradient in zip(tensors, gradients, strict=True):
                assert gradient is None or torch.isfinite(gradient).all(), (
                    f"gradient of {key} at scale {scale}"
                )


def single(tensor):
    """In single precision, complex or real as it is."""
    return tensor.to(torch.complex64 if tensor.is_complex() else torch.float32)


# -------------------------------------------------------------------------------------------------- readings


@law
def readings_agree(case):
    """SymPy's formulas in numbers, NumPy and torch have one output and the same Λ, B, C, D, states and kernel.

    Up to two heads: formulas of more take long and tell nothing new.
    """
    if case.heads > 2:
        return
    symbolic, u = in_symbols(case)
    rng = np.random.default_rng(8)
    parts = {
        key: np.asarray(part).astype(float)
        if case.model.spec[key].domain == "stable matrix"
        else numbers(case.model.spec[key], part.shape, rng)
        for key, part in symbolic.parameters.items()
    }
    tokens = rng.normal(size=u.shape)
    values = [(u, tokens), *((part, parts[key]) for key, part in symbolic.parameters.items())]
    numeric = case.given(parts)
    torched, tensors = case.given(case.torched(numeric)), torch.tensor(tokens)
    y = numeric.output(tokens)
    assert_close("output, SymPy", evaluate(symbolic.output(u), values), y)
    assert_close("output, torch", torched.output(tensors), y)
    system = system_of(numeric, tokens)
    if system is None:
        return
    formulas, ours = symbolic.system(u), torched.system(tensors)
    for name in ("Lambda", "B", "C", "D"):
        stretch = slice(1, None) if name == "Lambda" else slice(None)  # Lambda_0 is arbitrary
        expected = getattr(system, name)[stretch]
        assert_close(f"{name}, SymPy", evaluate(getattr(formulas, name)[stretch], values), expected)
        assert_close(f"{name}, torch", getattr(ours, name)[stretch], expected)
    for name in ("states", "kernel"):
        assert_close(f"{name}, torch", getattr(ours, name)(), getattr(system, name)())
    for name in ("recurrent", "convolutional"):
        assert_close(f"{name}, SymPy", evaluate(getattr(formulas, name)(), values), y)


def in_symbols(case):
    """The model in symbols with every optional parameter, and an input of three symbols a channel.

    A matrix whose exponential may be wanted stands in numbers: that of a matrix of symbols takes minutes.
    """
    optional = tuple(key for key, one in case.model.spec.items() if one.optional)
    d = 2 if case.heads == 1 else case.heads
    model = case.model.symbolic(d=d, n=2, optional=optional, **case.options)
    exact = {
        key: np.array([[-1, 0], [-sympy.sqrt(3), -2]], dtype=object)
        for key, one in case.model.spec.items()
        if one.domain == "stable matrix"
    }
    return case.given({**model.parameters, **exact}), symbols("u", (3, d))


# ------------------------------------------------------------------------------------------------- gradients


def central_differences(function, array, step=1e-5):
    """The gradient of a real function: d/dRe + j d/dIm for a complex array, as in torch."""
    gradient = np.zeros_like(array)
    for direction in (1.0, 1j) if np.iscomplexobj(array) else (1.0,):
        for index in np.ndindex(array.shape):
            shift = np.zeros_like(array)
            shift[index] = step * direction
            gradient[index] += direction * (function(array + shift) - function(array - shift)) / (2.0 * step)
    return gradient


@law
def gradients_are_differences(case):
    """Autograd of a random projection of y, for u and each parameter, against differences of the NumPy output."""
    model, u = case.example(seed=9, length=4, width=1 if case.heads > 1 else 2, n=2)
    weights = np.random.default_rng(10).normal(size=u.shape)
    tensors, tokens = case.torched(model, requires_grad=True), torch.tensor(u, requires_grad=True)
    (case.given(tensors).output(tokens) * torch.tensor(weights)).sum().backward()
    for key, tensor in {**tensors, "u": tokens}.items():

        def projected(value, key=key):
            given = model.parameters if key == "u" else {**model.parameters, key: value}
            return np.sum(weights * model.with_parameters(given).respond(value if key == "u" else u))

        expected = central_differences(projected, u if key == "u" else model.parameters[key])
        found = np.zeros_like(expected) if tensor.grad is None else tensor.grad.numpy()
        error = np.max(np.abs(found - expected)) / max(np.max(np.abs(expected)), 1e-3)  # some do not matter
        assert error <= 1e-6, f"gradient of {key}: relative deviation {error:.1e}"


@law
def forms_have_gradients(case):
    """torch's own check of u and all parameters at once; a batch of two, the last of three chunks short."""
    model, u = case.example(seed=9, length=5, width=1 if case.heads > 1 else 2, n=2, lead=(2,))
    if system_of(model, u) is None:
        return
    tensors = case.torched(model, requires_grad=True) | {"u": torch.tensor(u, requires_grad=True)}

    for form in (lambda system: system.chunked(chunk=2), lambda system: system.scan()):

        def run(*arrays, form=form):
            given = dict(zip(tensors, arrays, strict=True))
            u = given.pop("u")
            return form(case.given(given).system(u))

        assert torch.autograd.gradcheck(run, tuple(tensors.values()), fast_mode=True)


# ---------------------------------------------------------------------------------------------------- errors


@law
def bad_parameters_are_refused(case):
    """A parameter of another rank, not finite, complex for real, outside its domain or missing is named."""
    good = case.example(seed=7)[0].parameters
    for key, declared in case.model.spec.items():
        wrong = {"rank": good[key][..., None], "NaN": good[key] * np.nan}
        if not declared.complex:
            wrong["complex"] = good[key] * 1j
        if declared.domain == "stable matrix":
            wrong["domain"] = -good[key].T
        elif declared.domain:
            wrong["domain"] = -good[key]
        for fault, value in wrong.items():
            with pytest.raises(ValueError, match=f"^{key}: expected"):
                case.given({**good, key: value})
                pytest.fail(f"{key}: {fault} is taken")
        without = {name: part for name, part in good.items() if name != key}
        if declared.optional:
            assert getattr(case.given(without), key) is None
        else:
            with pytest.raises(TypeError, match=f"missing parameter '{key}'"):
                case.given(without)
    with pytest.raises(TypeError, match="no parameter 'nonsense'"):
        case.given({**good, "nonsense": good[key]})


@law
def bad_inputs_are_refused(case):
    """An input of other channels, no time, no steps, not finite or complex is refused, in whatever way it is asked."""
    model, u = case.example(seed=7)
    wrong = {
        "channels": np.concatenate([u, u], axis=-1),
        "no time": u[0],
        "no steps": u[:0],
        "NaN": u * np.nan,
        "complex": u * 1j,
    }
    for fault, value in wrong.items():
        for ask in (model.output, model.system):
            with pytest.raises(ValueError, match="^u: expected"):
                ask(value)
                pytest.fail(f"{fault} is taken")


@law
def layer_is_model(case):
    """A layer of a registered class computes the model of its parameters, which make the way there and back."""
    if dsf.MODELS.get(case.model.name) is not case.model:
        return
    layer = dsf.Mixer(case.model.name, case.heads * 2, 3, seed=3, dtype=torch.float64, **case.options)
    start = layer.template.parameters
    for key, part in layer.model.parameters.items():
        assert_close(key, part, start[key], rtol=1e-14)
        assert layer.raw[key].requires_grad == case.model.spec[key].trained
    u = np.random.default_rng(4).normal(size=(2, 9, layer.template.d))
    assert_close("output", layer(torch.tensor(u)), case.given(start).output(u))
