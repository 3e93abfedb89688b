"""Every operation that a model may use means the same in SymPy, NumPy and torch, degenerate numbers included."""

import ast
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
import torch

import dsf_theory
import dsf_theory as dsf
from dsf_theory.arrays import OPERATIONS, namespace

HALF, TINY = sp.Rational(1, 2), sp.Rational(1, 10**12)
REAL = [-40, -3, -1, -HALF, -TINY, 0, TINY, HALF, 1, 2, 40]
NOT_NEGATIVE = [0, TINY, HALF, 1, 2, 40]
PLANE = [(y, x) for y in (-2, 0, HALF) for x in (-1, 0, 3)]
PAIRS = [(a, b) for a in (-2, 0, HALF) for b in (-1, 0, HALF, 2)]
COMPLEX = [0, -2 + sp.I, sp.I / 2, -HALF - sp.I * TINY, 3, -1]
LOGS = [-3, 0, -TINY, -40, -sp.oo]
MATRICES = [[[1, 2], [0, 3]], [[0, 1], [-1, 0]], [[2, 0], [0, 2]], [[0, 0], [0, 0]], [[-1, 1], [0, -1]]]
ROWS = [[-1, 0, 2], [HALF, HALF, -40]]


def one(name):
    """The operation of one array."""
    return lambda xp, x: getattr(xp, name)(x)


def two(name):
    """The operation of two arrays, given as the last axis of one."""
    return lambda xp, x: getattr(xp, name)(x[..., 0], x[..., 1])


def over(name, **options):
    """The operation over the last axis."""
    return lambda xp, x: getattr(xp, name)(x, axis=-1, **options)


def condition(name):
    """Which of two numbers a condition chooses."""
    return lambda xp, x: xp.where(getattr(xp, name)(x[..., 0], x[..., 1]), x[..., 0] + 10, x[..., 1])


def signed(xp, x):
    """x from its logarithm and sign."""
    log, sign = xp.signed_log(x)
    return sign * xp.exp(log)


def stable(xp, x):
    """Softmax of the last axis."""
    e = xp.exp(x - xp.row_max(x))
    return e / xp.sum(e, axis=-1, keepdims=True)


BY_ENTRY = [
    *("exp", "expm1", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "sigmoid", "softplus", "relu"),
    *(
        "elu_plus_one",
        "log_sigmoid",
        "log_softplus",
        "abs",
        "sign",
        "square",
        "floor",
        "ceil",
        "expm1_ratio",
        "finite_exp",
    ),
]
CASES = {
    **{name: (one(name), REAL) for name in BY_ENTRY},
    **{name: (one(name), NOT_NEGATIVE) for name in ("log", "log1p", "sqrt", "safe_sqrt")},
    **{name: (two(name), PAIRS) for name in ("maximum", "minimum")},
    **{name: (condition(name), PAIRS) for name in ("greater", "greater_equal", "less", "less_equal")},
    **{name: (one(name), COMPLEX) for name in ("real", "imag", "conj", "to_complex")},
    **{name: (over(name), ROWS) for name in ("sum", "prod", "mean", "cumulative_sum", "running_sum", "flip")},
    **{name: (over(name, keepdims=True), ROWS) for name in ("max", "min")},
    **{name: (one(name), ROWS) for name in ("zeros_like", "ones_like", "double", "matrix_transpose")},
    "complex": (two("complex"), PAIRS),
    "atan2": (two("atan2"), PLANE),
    "signed_log": (signed, REAL),
    "clip": (lambda xp, x: xp.clip(x, min=-1, max=0.5) + xp.clip(x, min=0) * xp.clip(x, max=0.25), REAL),
    "where": (lambda xp, x: xp.where(xp.less(x, 0), x, 2 * x), REAL),
    "isfinite": (lambda xp, x: xp.where(xp.isfinite(x), x, 0 * xp.ones_like(x)), LOGS),
    "all": (lambda xp, x: xp.where(xp.all(xp.isfinite(x), axis=-1, keepdims=True), x, 0 * x), ROWS),
    "throughout": (lambda xp, x: x + 10 * xp.throughout(xp.isfinite(x)), ROWS),
    "without_gradient": (one("without_gradient"), ROWS),
    "silently": (lambda xp, x: xp.silently(xp.exp, x), ROWS),
    "log_bilinear": (lambda xp, z: xp.exp(xp.log_bilinear(z)), [*COMPLEX, -2]),
    "times_exp": (two("times_exp"), PAIRS),
    "log_product": (
        lambda xp, x: xp.exp(xp.log_product(x[..., 0], x[..., 1])),
        [(a, b) for a in LOGS for b in (0, 1, 3)],
    ),
    "log_sum": (lambda xp, x: xp.exp(xp.log_sum(x[..., 0], x[..., 1])), [(a, b) for a in LOGS for b in LOGS]),
    "row_max": (stable, ROWS),
    "matmul": (lambda xp, x: xp.matmul(x, x) - x @ x + xp.matmul(x, xp.imaginary * x), MATRICES),
    "inverse": (one("inverse"), MATRICES[:3]),
    "matrix_exponential": (one("matrix_exponential"), MATRICES),
    "einsum": (lambda xp, x: xp.einsum("...ij,...kj->...ik", x, x), MATRICES),
    "reshape": (lambda xp, x: xp.reshape(x, (3, 2)), ROWS),
    "broadcast_to": (lambda xp, x: xp.broadcast_to(x[None], (2, 2, 3)), ROWS),
    "concat": (lambda xp, x: xp.concat([x, 2 * x], axis=-1), ROWS),
    "stack": (lambda xp, x: xp.stack([x, 2 * x], axis=-1), ROWS),
    "moveaxis": (lambda xp, x: xp.moveaxis(x, 0, -1), MATRICES),
    "new_zeros": (lambda xp, x: xp.new_zeros(x, (2, 1)), ROWS),
    "new_ones": (lambda xp, x: xp.new_ones(x, (2, 1)), ROWS),
    "new_eye": (lambda xp, x: xp.new_eye(x, 3), ROWS),
    "lower": (lambda xp, x: xp.where(xp.lower(x, 2), x[:, :2], 0 * x[:, :2]), ROWS),
    "arange": (lambda xp, x: xp.arange(3) * x, ROWS),
    "asarray": (lambda xp, x: xp.asarray([1, 2, 3]) * x, ROWS),
    "root": (lambda xp, x: x / xp.root(2), ROWS),
    "working": (one("working"), ROWS),
    "is_half": (lambda xp, x: x + 10 * xp.is_half(x), ROWS),
    "as_precise_as": (lambda xp, x: xp.as_precise_as(x, x), ROWS),
    "astype": (lambda xp, x: xp.astype(x, x.dtype), ROWS),
}
"""Operation -> a function of the namespace and an array, and the array's numbers."""


def as_numbers(values) -> np.ndarray:
    """Exact numbers as float64 or complex128."""
    found = np.array([complex(sp.N(entry, 30)) for entry in np.ravel(values)]).reshape(np.shape(values))
    return found if found.imag.any() else found.real


def symbolic(values) -> np.ndarray:
    """Numbers as an object array of SymPy's."""
    array = np.array(values, dtype=object)
    return np.frompyfunc(sp.sympify, 1, 1)(array)


def compared(name, found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14, err_msg=name)


def test_every_operation_of_the_list_has_a_case():
    assert set(CASES) == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_three_readings_of_an_operation_agree(name):
    """Exact numbers through SymPy, floating point ones through NumPy and torch."""
    function, values = CASES[name]
    exact = symbolic(values)
    numbers = as_numbers(exact)
    if name in ("log_bilinear", "to_complex", "conj"):
        numbers = numbers.astype(complex)
    with np.errstate(divide="ignore"):  # the logarithm of zero
        in_numpy = function(namespace(x=numbers), numbers)
    compared(name, as_numbers(function(namespace(x=exact), exact)), in_numpy)
    in_torch = function(namespace(x=torch.as_tensor(numbers)), torch.as_tensor(numbers))
    compared(name, np.asarray(in_torch), in_numpy)


@pytest.mark.parametrize(
    "name", [name for name in CASES if name not in ("isfinite", "log_product", "log_sum")]
)
def test_formulas_have_the_same_numbers_put_in_later(name):
    """The operation of symbols, then the numbers: also where the formula has a limit and no value."""
    function, values = CASES[name]
    numbers = as_numbers(symbolic(values))
    numbers = np.where(np.abs(numbers) < 1e-9, 0, numbers)  # where e^x - 1 as a formula has no digits left
    x = dsf.symbols("x", numbers.shape, complex=np.iscomplexobj(numbers))
    found = dsf.symbolic.evaluate(function(namespace(x=x), x), [(x, numbers)])
    with np.errstate(divide="ignore"):
        expected = function(
            namespace(x=numbers), numbers.astype(complex) if name == "log_bilinear" else numbers
        )
    compared(name, found, expected)


def test_other_operations_have_no_symbolic_reading():
    xp = namespace(x=dsf.symbols("x", (2,)))
    with pytest.raises(AttributeError, match="expected one of .* names, found 'cosine'"):
        xp.cosine  # noqa: B018


def test_models_and_features_use_listed_operations_only():
    """What a model calls on ``xp`` is on the list, or a constant or the name of the namespace."""
    constants = {"name", "inf", "pi", "e", "imaginary", "finfo"}  # finfo: of floating point alone
    package = Path(dsf_theory.__file__).parent
    for path in [*package.glob("models/*.py"), *package.glob("features/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            owner = node.value if isinstance(node, ast.Attribute) else None
            if getattr(owner, "id", getattr(owner, "attr", None)) == "xp":
                assert node.attr in OPERATIONS or node.attr in constants, f"{path.name}: xp.{node.attr}"


def test_contributing_shows_the_list():
    text = (Path(dsf_theory.__file__).parents[1] / "CONTRIBUTING.md").read_text()
    for name in OPERATIONS:
        assert f"`{name}`" in text, name
