"""Every model of the registry against the independent oracles: outputs, dense matrices, all evaluation forms,
batches, NumPy against torch against SymPy, and gradients against finite differences.

Sizes are drawn so that no two of d, n and length agree, parameters so that every sign and index matters.
"""

from dataclasses import dataclass, field

import numpy as np
import oracles
import pytest
import sympy
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import dsf_theory
from dsf_theory.system.transition import Dense

LENGTHS = (1, 2, 33)
CHUNKS = (1, 5, 16, 64)
SEEDS = st.integers(0, 2**16)

QUICK = settings(max_examples=3, deadline=None, derandomize=True)


def assert_close(name, found, expected, rtol=1e-10):
    """Largest deviation at most `rtol` of the largest expected entry; of one where all are zero."""
    found = found.detach().numpy() if isinstance(found, torch.Tensor) else np.asarray(found)
    assert found.shape == expected.shape, f"{name}: shape {found.shape}, expected {expected.shape}"
    assert np.all(np.isfinite(found)), f"{name}: not finite"
    error = np.max(np.abs(found - expected)) / (np.max(np.abs(expected)) or 1.0)
    assert error <= rtol, f"{name}: relative deviation {error:.1e} > {rtol:.0e}"


# ----------------------------------------------------------------------------------------------------- cases


def positive_features(x):
    """Three positive features of any number of entries, for arrays of any library."""
    return (1 + x[..., [0, -1, 0]] / 3) ** 2 + x[..., [0, 0, -1]] ** 2 / 7 + 0.2


def signed_features(x):
    """Three features of either sign, other than those above."""
    return x[..., [-1, 0, 0]] - x[..., [0, -1, -1]] ** 2 / 5 + 0.3


def signed_normaliser(u):
    """A normaliser of either sign for two heads."""
    return u[..., [0, 1]] + u[..., [1, 0]] ** 3 / 3


@dataclass(frozen=True)
class Case:
    """A model with its options; `heads` is among the options where the model has heads."""

    name: str
    options: dict = field(default_factory=dict)

    def __str__(self):
        shown = {key: getattr(value, "__name__", value) for key, value in self.options.items()}
        return "-".join([self.name, *(f"{key}={value}" for key, value in shown.items())])

    @property
    def heads(self):
        return self.options.get("heads", 1)

    @property
    def is_system(self):
        return self.name not in ("softmax_attention", "lstm")

    def example(self, seed, length, width, n, **kwargs):
        """Random parameters and input; d = heads * width."""
        rng = np.random.default_rng(seed)
        d, groups = self.heads * width, self.options.get("groups", 1)
        drawn = oracles.parameters(self.name, rng, d, n, heads=self.heads, groups=groups, **kwargs)
        return Example(self, drawn, rng.normal(size=(length, d)))


@dataclass(frozen=True)
class Example:
    """A case with numbers."""

    case: Case
    parameters: dict
    u: np.ndarray

    def oracle(self, u=None, **changed):
        u = self.u if u is None else u
        return getattr(oracles, self.case.name)(u, **self.parameters | changed, **self.case.options)

    def coefficients(self):
        return getattr(oracles, f"{self.case.name}_coefficients")(
            self.u, **self.parameters, **self.case.options
        )

    def model(self, **changed):
        return dsf_theory.MODELS[self.case.name](**self.parameters | changed, **self.case.options)

    def system(self):
        return self.model().system(self.u)

    def tensors(self, requires_grad=False):
        """The parameters and the input as torch tensors, the input under the name u."""
        arrays = self.parameters | {"u": self.u}
        return {key: torch.tensor(value, requires_grad=requires_grad) for key, value in arrays.items()}


def with_heads(name, **options):
    return [Case(name, {"heads": heads} | options) for heads in (1, 2, 3)]


ROW_SUM = {"phi": positive_features, "psi": positive_features, "eta": "row_sum"}
UNNORMALISED = {"phi": positive_features, "psi": signed_features, "eta": "one"}

CASES = [
    *with_heads("softmax_attention"),
    *with_heads("linear_attention"),
    *with_heads("linear_attention_elu"),
    *with_heads("separable_attention", **ROW_SUM),
    *with_heads("separable_attention", **UNNORMALISED),
    Case("separable_attention", {"heads": 2} | UNNORMALISED | {"eta": signed_normaliser}),
    *with_heads("norm_attention"),
    Case("norm_attention", {"heads": 2, "eta": "softplus"}),
    Case("norm_attention", {"heads": 2, "eta": "sigmoid"}),
    *with_heads("taylor_attention"),
    *with_heads("favor_attention"),
    *(Case(name, {"rule": rule}) for name in ("s4d", "s4", "s5") for rule in ("zoh", "bilinear")),
    Case("lru"),
    *(Case("s6", {"b_rule": rule}) for rule in ("euler", "zoh")),
    Case("s6_2"),
    *with_heads("ssd"),
    *(Case("ssd", {"heads": heads, "groups": groups}) for heads, groups in ((2, 2), (4, 2), (3, 3))),
    Case("lstm"),
    Case("qlstm"),
    Case("qlstm_rev"),
    Case("rglru"),
    Case("rglru", {"reset": True}),
    Case("rglru", {"c": 3.0}),
]
SYSTEMS = [case for case in CASES if case.is_system]
SMALL = [case for case in CASES if case.heads in (1, 2)]  # where one head count more tells nothing new

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_system = pytest.mark.parametrize("case", SYSTEMS, ids=str)
every_length = pytest.mark.parametrize("length", LENGTHS)


def random_sizes(test):
    """A few draws of the seed, the channels of a head and the state expansion."""
    return QUICK(given(seed=SEEDS, width=st.integers(1, 3), n=st.integers(1, 5))(test))


def distinct(case, width, n, length):
    """An example of no two equal sizes draws no accidental symmetry."""
    assume(len({case.heads * width, n, length}) == 3)


def test_every_model_of_the_registry_has_an_oracle():
    assert set(dsf_theory.MODELS) == {case.name for case in CASES}


# --------------------------------------------------------------------------------- outputs, matrices, forms


@every_case
@every_length
@random_sizes
def test_output(case, length, seed, width, n):
    distinct(case, width, n, length)
    example = case.example(seed, length, width, n)
    assert_close("y", example.model().output(example.u), example.oracle())


@every_system
@every_length
@random_sizes
def test_dense_matrices(case, length, seed, width, n):
    distinct(case, width, n, length)
    example = case.example(seed, length, width, n)
    Lambda, B, C, D = example.coefficients()
    system = example.system()
    assert (system.length, system.d, system.N) == (length, case.heads * width, Lambda.shape[1])
    assert system.Lambda.shape == Lambda.shape
    if length > 1:  # Lambda_0 is arbitrary
        assert_close("Lambda", system.Lambda[1:], Lambda[1:])
    assert_close("B", system.B, B)
    assert_close("C", system.C, C)
    assert_close("D", system.D, D)


@every_system
@every_length
@random_sizes
def test_forms(case, length, seed, width, n):
    distinct(case, width, n, length)
    example = case.example(seed, length, width, n)
    system, y = example.system(), example.oracle()
    assert_close("recurrent", system.recurrent(), y)
    assert_close("convolutional", system.convolutional(), y)
    assert_close("scan", system.scan(), y)
    for chunk in CHUNKS:
        assert_close(f"chunked(chunk={chunk})", system.chunked(chunk=chunk), y)
    assert_close("chunked()", system.chunked(), y)


@every_system
@every_length
@random_sizes
def test_states_and_kernel(case, length, seed, width, n):
    distinct(case, width, n, length)
    example = case.example(seed, length, width, n)
    system, dense = example.system(), example.coefficients()
    y, h = oracles.unroll(example.u, *dense)
    assert_close("dense oracle", y, example.oracle())
    assert_close("states", system.states(), h)
    assert_close("kernel", system.kernel(), oracles.kernel(*dense))


@every_length
def test_products_of_matrices_keep_their_order(length):
    """A transition that changes in time and does not commute; no model of the registry has one."""
    d, n, rng = 3, 2, np.random.default_rng(12)
    matrix = rng.normal(size=(length, d, n, n)) / 2
    write, read = rng.normal(size=(2, length, d, n))
    u = rng.normal(size=(length, d))
    Lambda, B, C, D = oracles.empty_coefficients(length, d * n, d, d)
    for i in range(length):
        for channel in range(d):
            states = slice(channel * n, (channel + 1) * n)
            Lambda[i, states, states] = matrix[i, channel]
            B[i, states, channel], C[i, channel, states] = write[i, channel], read[i, channel]
    system = dsf_theory.System(
        u=u,
        transition=Dense(matrix[:, None]),
        write=write[:, None],
        read=read[:, None],
    )
    y, h = oracles.unroll(u, Lambda, B, C, D)
    assert_close("states", system.states(), h)
    assert_close("kernel", system.kernel(), oracles.kernel(Lambda, B, C, D))
    for name, found in {
        "recurrent": system.recurrent(),
        "convolutional": system.convolutional(),
        "scan": system.scan(),
        **{f"chunked(chunk={chunk})": system.chunked(chunk=chunk) for chunk in CHUNKS},
    }.items():
        assert_close(name, found, y)


def state_size(case, d, n):
    """Real numbers kept from one step to the next, by the table of the theory."""
    complex_modes = {"s4d": 2 * d * n, "s5": 2 * n, "lru": 2 * n}
    features = {
        "linear_attention": n,
        "linear_attention_elu": n,
        "norm_attention": n,
        "separable_attention": 3,
        "taylor_attention": (n + 1) * (n + 2) // 2,
        "favor_attention": 3,
    }
    if case.name in features:
        always = ("linear_attention_elu", "taylor_attention", "favor_attention")
        row_sum = case.name in always or case.options.get("eta") == "row_sum"
        return (d + case.heads * row_sum) * features[case.name]
    return complex_modes.get(case.name, d if case.name in ("qlstm", "qlstm_rev", "rglru") else d * n)


@every_system
def test_state_size(case):
    example = case.example(seed=1, length=7, width=2, n=5)
    assert example.system().state_size == state_size(case, d=2 * case.heads, n=5)


@every_length
@pytest.mark.parametrize("without", [(), ("b_v", "b_o")], ids=["affine", "linear"])
@pytest.mark.parametrize("case", with_heads("softmax_attention"), ids=str)
def test_softmax_kernel(case, without, length):
    """Softmax attention has a kernel all the same: model.kernel(u)."""
    example = case.example(2, length, width=2, n=5, without=without)
    expected = oracles.softmax_attention_kernel(example.u, **example.parameters, **case.options)
    y = np.einsum("ijab,jb->ia", expected, oracles.homogeneous(example.u, expected.shape[-1]))
    assert_close("kernel oracle", y, example.oracle())
    assert_close("kernel", example.model().kernel(example.u), expected)


@pytest.mark.parametrize("name", ["softmax_attention", "lstm"])
def test_what_is_not_a_finite_system_says_so(name):
    example = Case(name).example(seed=0, length=4, width=2, n=3)
    with pytest.raises(ValueError) as error:
        example.system()
    if name == "softmax_attention":
        assert all(way in str(error.value) for way in ("order=", "features=", "realise"))


# ------------------------------------------------------------------------------------------------- options

ATTENTION = (
    "softmax_attention",
    "linear_attention",
    "linear_attention_elu",
    "separable_attention",
    "norm_attention",
    "taylor_attention",
    "favor_attention",
)
HEADED = (*ATTENTION, "ssd")
LEFT_OUT = [
    ("b_q",),
    ("b_k",),
    ("b_v",),
    ("b_o",),
    ("W_o",),
    ("W_o", "b_o"),
    ("b_v", "b_o"),
    ("b_q", "b_k", "b_v", "b_o", "W_o"),
]


@pytest.mark.parametrize("without", LEFT_OUT, ids="-".join)
@pytest.mark.parametrize("name", ATTENTION)
def test_optional_parameters(name, without):
    options = {"heads": 2} | (ROW_SUM if name == "separable_attention" else {})
    example = Case(name, options).example(seed=5, length=7, width=2, n=3, without=without)
    assert_close("y", example.model().output(example.u), example.oracle())
    if name != "softmax_attention":
        system, (_, B, C, D) = example.system(), example.coefficients()
        assert_close("B", system.B, B)
        assert_close("C", system.C, C)
        assert_close("D", system.D, D)
        assert_close("chunked", system.chunked(chunk=3), example.oracle())


@pytest.mark.parametrize(
    "name", ["softmax_attention", "linear_attention", "taylor_attention", "favor_attention"]
)
def test_scale(name):
    example = Case(name, {"heads": 2, "scale": 0.37}).example(seed=6, length=7, width=2, n=3)
    assert_close("y", example.model().output(example.u), example.oracle())
    if name != "softmax_attention":
        dense = example.coefficients()
        assert_close("kernel", example.system().kernel(), oracles.kernel(*dense))


@pytest.mark.parametrize("alpha", [-0.5, 0.0])
def test_reversed_gate_stays_open_where_alpha_is_not_positive(alpha):
    """The power of the reversed sigmoid is relu(alpha): at alpha <= 0 nothing is forgotten."""
    example = Case("qlstm_rev").example(seed=11, length=7, width=4, n=1)
    changed = {"alpha": np.asarray(alpha)}
    model = example.model(**changed)
    assert_close("y", model.output(example.u), example.oracle(**changed))
    assert_close("Lambda", model.system(example.u).Lambda, np.tile(np.eye(4), (7, 1, 1)))


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
    stated, silent = (
        Case(name, options).example(7, length=5, width=3, n=2) for options in (DEFAULTS[name], {})
    )
    assert_close("y", silent.model().output(silent.u), stated.oracle())


# ------------------------------------------------------------------------------------------- batches, torch


@every_case
@pytest.mark.parametrize("lead", [(2,), (2, 3)], ids=str)
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_batches(case, lead, library):
    """Leading axes of u are so many sequences."""
    example = case.example(seed=3, length=7, width=2, n=3)
    length, d = example.u.shape
    u = np.random.default_rng(4).normal(size=(*lead, length, d))
    y = np.stack([example.oracle(sequence) for sequence in u.reshape(-1, length, d)]).reshape(u.shape)
    model = example.model()
    if library == "torch":
        tensors = example.tensors()
        model, u = example.model(**{key: tensors[key] for key in example.parameters}), torch.tensor(u)
    assert_close("output", model.output(u), y)
    if not case.is_system:
        return
    system = model.system(u)
    forms = {
        "recurrent": system.recurrent(),
        "convolutional": system.convolutional(),
        "chunked(chunk=3)": system.chunked(chunk=3),
        "chunked(chunk=64)": system.chunked(),
        "scan": system.scan(),
    }
    for name, found in forms.items():
        assert_close(name, found, y)
    one = tuple(size - 1 for size in lead)
    alone = model.system(u[one])
    assert_close("states", system.states()[one], np.asarray(alone.states()))
    assert system.states().shape == (*lead, length, system.N)


@every_system
@random_sizes
def test_torch_agrees_with_numpy(case, seed, width, n):
    """The same dense matrices, states and kernel from torch tensors."""
    distinct(case, width, n, 6)
    example = case.example(seed, 6, width, n)
    tensors = example.tensors()
    ours = example.model(**{key: tensors[key] for key in example.parameters}).system(tensors["u"])
    theirs = example.system()
    for name in ("Lambda", "B", "C", "D"):
        found, expected = getattr(ours, name), getattr(theirs, name)
        assert isinstance(found, torch.Tensor)
        assert_close(
            name, found[1:] if name == "Lambda" else found, expected[1:] if name == "Lambda" else expected
        )
    assert_close("states", ours.states(), theirs.states())
    assert_close("kernel", ours.kernel(), theirs.kernel())


# ------------------------------------------------------------------------------------------------- symbols

SYMBOLIC = [case for case in CASES if case.heads == 1 or (case.heads == 2 and case.name in HEADED)]


def symbolic_model(case):
    """The model in symbols, optional parameters included; d = n = 2."""
    Model = dsf_theory.MODELS[case.name]
    optional = ("b_q", "b_k", "b_v", "W_o", "b_o") if case.name in ATTENTION else ()
    if case.options.get("rule") != "zoh" or case.name != "s4":
        return Model.symbolic(d=2, n=2, optional=optional, **case.options)
    model = Model.symbolic(
        d=2, n=2
    )  # the exponential of a matrix of symbols takes minutes; HiPPO-LegS is quick
    A = np.array([[-1, 0], [-sympy.sqrt(3), -2]], dtype=object)
    return Model(A=A, B=model.B, C=model.C, delta=model.delta, D=model.D, rule="zoh")


def numbers_for(case, symbolic):
    """Parameters of the names and shapes that the symbolic model has; A as it is where it holds numbers."""
    modes = {"s4d": ("A", 1), "s5": ("A", 0), "lru": ("nu_log", 0)}
    n = 2 if case.name not in modes else getattr(symbolic, modes[case.name][0]).shape[modes[case.name][1]]
    sizes = {"rank": len(symbolic.W_delta_down)} if case.name == "s6" else {}
    sizes |= {"features": len(symbolic.omega)} if case.name == "favor_attention" else {}
    example = case.example(seed=8, length=3, width=2 // case.heads, n=n, **sizes)
    present = {key: array for key, array in example.parameters.items() if getattr(symbolic, key) is not None}
    if case.name == "s4" and case.options["rule"] == "zoh":
        present["A"] = symbolic.A.astype(float)
    return Example(case, present, example.u)


def evaluate(expressions, values):
    """An object array of SymPy expressions in numbers."""
    flat = sympy.lambdify(list(values), list(expressions.ravel()), "numpy", cse=True)(*values.values())
    return np.array(flat).reshape(expressions.shape)


@pytest.mark.parametrize("case", SYMBOLIC, ids=str)
def test_symbols_numpy_and_torch_agree(case):
    """The symbolic system in numbers is the numeric one, and both are the oracle's."""
    symbolic = symbolic_model(case)
    example = numbers_for(case, symbolic)
    u = np.array(sympy.symbols("u:3:2", real=True), dtype=object).reshape(3, 2)
    values = dict(zip(u.ravel(), example.u.ravel(), strict=True))
    for key, numbers in example.parameters.items():
        symbols = np.asarray(getattr(symbolic, key), dtype=object)
        assert symbols.shape == numbers.shape, f"{key}: shape {symbols.shape}, expected {numbers.shape}"
        pairs = zip(symbols.ravel(), numbers.ravel(), strict=True)
        values |= {symbol: number for symbol, number in pairs if isinstance(symbol, sympy.Symbol)}

    assert_close("output", evaluate(symbolic.output(u), values), example.oracle())
    if not case.is_system:
        return
    system, numeric = symbolic.system(u), example.system()
    tensors = example.tensors()
    torched = example.model(**{key: tensors[key] for key in example.parameters}).system(tensors["u"])
    for name in ("Lambda", "B", "C", "D"):
        stretch = slice(1, None) if name == "Lambda" else slice(None)
        found = evaluate(getattr(system, name)[stretch], values)
        assert_close(f"{name}, NumPy", getattr(numeric, name)[stretch], found)
        assert_close(f"{name}, torch", getattr(torched, name)[stretch], found)
    assert_close("recurrent", evaluate(system.recurrent(), values), example.oracle())
    assert_close("convolutional", evaluate(system.convolutional(), values), example.oracle())


# ----------------------------------------------------------------------------------------------- gradients


def small_example(case, length=4):
    return case.example(
        seed=9, length=length, width=2 if case.heads == 1 else 1, n=3 if case.heads == 1 else 2
    )


def central_differences(function, array, step=1e-5):
    """The gradient of a real function: d/dRe + j d/dIm for a complex array, as in torch."""
    gradient = np.zeros_like(array)
    for direction in (1.0, 1j) if np.iscomplexobj(array) else (1.0,):
        for index in np.ndindex(array.shape):
            shift = np.zeros_like(array)
            shift[index] = step * direction
            gradient[index] += direction * (function(array + shift) - function(array - shift)) / (2.0 * step)
    return gradient


@pytest.mark.parametrize("case", SMALL, ids=str)
def test_gradients_of_the_output(case):
    """Autograd of a random projection of y, for u and each parameter, against differences of the oracle."""
    example = small_example(case)
    weights = np.random.default_rng(10).normal(size=example.u.shape)
    tensors = example.tensors(requires_grad=True)
    model = example.model(**{key: tensors[key] for key in example.parameters})
    (model.output(tensors["u"]) * torch.tensor(weights)).sum().backward()
    for key, tensor in tensors.items():
        value = example.u if key == "u" else example.parameters[key]
        expected = central_differences(lambda a, key=key: np.sum(weights * example.oracle(**{key: a})), value)
        if (case.name, key) == ("softmax_attention", "b_k"):  # adds q_i . b_k to a whole row: no effect
            assert np.max(np.abs(expected)) < 1e-8
            assert_close("b_k", tensor.grad, 0.0 * expected)
            continue
        assert np.max(np.abs(expected)) > 1e-4, f"{key} does not matter"
        assert_close(f"gradient of {key}", tensor.grad, expected, rtol=1e-6)


@pytest.mark.parametrize("form", ["chunked", "scan"])
@pytest.mark.parametrize("case", [case for case in SMALL if case.is_system], ids=str)
def test_gradcheck_of_the_forms(case, form):
    """torch's own check, of u and all parameters at once; a batch of two, the last of three chunks short."""
    example = small_example(case, length=5)
    example = Example(case, example.parameters, np.stack([example.u, example.u[::-1] + 0.1]))
    tensors = example.tensors(requires_grad=True)

    def run(*arrays):
        given = dict(zip(tensors, arrays, strict=True))
        system = example.model(**{key: given[key] for key in example.parameters}).system(given["u"])
        return system.chunked(chunk=2) if form == "chunked" else system.scan()

    assert torch.autograd.gradcheck(run, tuple(tensors.values()), fast_mode=True)
