"""Bad input: every error names the argument, what was expected and what was found."""

import numpy as np
import pytest
import torch

import dsf_theory as dsf

U = np.ones((5, 4))


def good(name="s6", **changes):
    """A model with some parameters replaced."""
    model = dsf.MODELS[name].random(d=4, n=2, seed=0)
    return dsf.MODELS[name](**{**model.parameters, **changes})


CASES = {
    "wrong channels": (
        lambda: good().system(np.ones((5, 3))),
        r"u: expected shape \(..., length, d=4\).*\(5, 3\)",
    ),
    "no length axis": (lambda: good().output(np.ones(4)), r"u: expected shape .*found \(4,\)"),
    "empty sequence": (lambda: good().system(np.ones((0, 4))), r"u: .*length >= 1, found \(0, 4\)"),
    "NaN input": (
        lambda: good().system(np.where(np.eye(5, 4), np.nan, 1)),
        r"u: expected finite.*nan at index \(0, 0\)",
    ),
    "infinite input": (lambda: good().output(U * np.inf), r"u: expected finite numbers, found inf"),
    "text input": (lambda: good().system([["a"] * 4]), r"u: expected numbers, a tensor or SymPy"),
    "complex input": (lambda: good().system(U * 1j), r"u: expected real numbers, found complex128"),
    "mixed libraries": (
        lambda: good().system(torch.ones(5, 4)),
        r"expected one array library.*W_B: numpy.*u: torch",
    ),
    "symbols in numbers": (
        lambda: good().system(dsf.symbols("u", (5, 4))),
        r"expected one array library.*u: sympy",
    ),
    "other precision": (
        lambda: dsf.Mixer("s6", 4, 2).system(U_TORCH),
        r"u: expected a tensor of torch.float32, found torch.float64",
    ),
    "NaN parameter": (
        lambda: good(D=np.array([1, 2, np.nan, 4])),
        r"D: expected finite numbers, found nan at index \(2,\)",
    ),
    "wrong parameter": (
        lambda: good(W_C=np.ones((3, 4))),
        r"W_C: expected shape \(n=2, d=4\), found \(3, 4\)",
    ),
    "wrong rank": (lambda: good(D=np.ones((4, 1))), r"D: expected shape \(d=4,\), found \(4, 1\)"),
    "complex parameter": (lambda: good(D=1j * np.ones(4)), r"D: expected real numbers, found complex128"),
    "bad option": (lambda: good(b_rule="tustin"), r"b_rule: expected one of 'euler', 'zoh', found 'tustin'"),
    "unstable pole": (
        lambda: good("s4d", A=np.full((4, 1), 0.3 + 1j)),
        r"A: expected poles with Re <= 0.*Re = 0.3",
    ),
    "unstable S5": (lambda: good("s5", A=np.full(4, 1.0)), r"A: expected poles with Re <= 0"),
    "unstable S4": (
        lambda: good("s4", A=np.array([[0.0, 1], [1, 0]])),
        r"A: expected eigenvalues with Re <= 0.*Re = 1",
    ),
    "no step": (lambda: good("s4d", delta=np.zeros(4)), r"delta: expected positive numbers, found 0"),
    "no channels": (lambda: dsf.S6.random(d=0, n=2), r"d: expected a whole number >= 1, found 0"),
    "no states": (lambda: dsf.S6.random(d=2, n=0), r"n: expected a whole number >= 1, found 0"),
    "half a state": (lambda: dsf.S6.symbolic(d=2, n=1.5), r"n: expected a whole number >= 1, found 1.5"),
    "no heads": (
        lambda: dsf.LinearAttention.random(d=4, n=2, heads=0),
        r"heads: expected a whole number >= 1",
    ),
    "heads over d": (
        lambda: dsf.LinearAttention.random(d=4, n=2, heads=3),
        r"d: expected a multiple of heads=3, found 4",
    ),
    "groups over heads": (
        lambda: dsf.SSD.random(d=4, heads=4, groups=3),
        r"heads: expected a multiple of groups=3",
    ),
    "zero normaliser": (
        lambda: zero_row_sum(),
        r"eta: expected numbers other than zero, found 0 at index \(1, 0\)",
    ),
    "normaliser of a wrong shape": (
        lambda: dsf.SeparableAttention.random(d=4, n=2, heads=2, eta=lambda u: u).output(U),
        r"eta: expected shape \(5,\) or \(5, 2\), found \(5, 4\)",
    ),
    "a function where there is none": (
        lambda: good(b_rule=len),
        r"b_rule: expected one of 'euler', 'zoh', found",
    ),
    "features of two sizes": (
        lambda: dsf.SeparableAttention.random(d=4, n=2, phi=lambda x: x[..., :1]).output(U),
        r"psi: expected shape \(5, 1, 1\), found \(5, 1, 2\)",
    ),
    "precisions": (
        lambda: dsf.LinearAttention(W_q=torch.ones(2, 4), W_k=torch.ones(2, 4).double(), W_v=torch.eye(4)),
        r"parameters: expected one precision, found W_q: torch.float32, W_k: torch.float64",
    ),
    "an array for a layer": (
        lambda: dsf.Mixer("s6", 4)(U),
        r"u: expected a tensor of torch.float32, found ndarray",
    ),
    "no batch": (lambda: good().output(np.ones((0, 5, 4))), r"u: expected shape .*found \(0, 5, 4\)"),
    "no such optional": (
        lambda: dsf.S6.random(d=4, optional=("b_q",)),
        r"optional: expected one of 'b_delta', found 'b_q'",
    ),
    "negative power": (lambda: good("rglru", c=-1), r"c: expected a number >= 0, found -1"),
    "heads of None": (
        lambda: good("linear_attention", heads=None),
        r"heads: expected a whole number >= 1, found None",
    ),
    "no chunk": (lambda: good().system(U).chunked(0), r"chunk: expected a whole number >= 1, found 0"),
    "no such mixer": (
        lambda: dsf.Mixer("mamba", d=4),
        r"name: expected one of \d+ names, found 'mamba'",
    ),
    "mixer shape": (
        lambda: dsf.Mixer("s6", d=4)(torch.ones(1, 3, 5)),
        r"u: expected shape .*d=4.*found \(1, 3, 5\)",
    ),
    "too large": (
        lambda: dsf.SSD.random(d=64).system(np.ones((100_000, 64))).kernel(),
        r"kernel: .*GiB, more than",
    ),
    "batch of symbols": (
        lambda: dsf.S6.symbolic(d=2, n=1).system(dsf.symbols("u", (1, 2, 2))),
        r"u: expected shape \(length, d=2\) for symbols",
    ),
}
U_TORCH = torch.ones(5, 4, dtype=torch.float64)


def zero_row_sum():
    """Raw queries and keys with a row-sum normaliser: keys 1, -1 and equal queries give η_1 = 0."""
    identity = dsf.features.identity
    model = dsf.SeparableAttention(
        W_q=[[0.0, 1]], W_k=[[1.0, 0]], W_v=np.eye(2), phi=identity, psi=identity, eta="row_sum"
    )
    return model.system([[1.0, 1], [-1, 1]])


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_named(case):
    action, message = CASES[case]
    with pytest.raises(ValueError, match=message):
        action()


def test_missing_and_unknown_parameters_are_named():
    parameters = dsf.S6.random(d=4, n=2).parameters
    with pytest.raises(TypeError, match="s6: missing parameter 'A_log' of shape"):
        dsf.S6(**{k: v for k, v in parameters.items() if k != "A_log"})
    with pytest.raises(TypeError, match="s6: no parameter 'W_q'; it has W_delta_down"):
        dsf.S6(**parameters, W_q=np.ones((2, 4)))


def test_softmax_names_three_ways_on():
    with pytest.raises(dsf.NoFiniteSystemError, match=r"order=.*features=.*realise"):
        dsf.SoftmaxAttention.random(d=4).system(U)
    with pytest.raises(ValueError, match="lstm is not a linear system"):
        dsf.LSTM.random(d=4).system(U)


def test_whole_numbers_lists_and_matrices_are_taken():
    import sympy

    model = dsf.LinearAttention(W_q=[[1, 2]], W_k=[[0, 1]], W_v=[[1, 0], [0, 1]])
    assert model.output([[1, 2], [3, 4]]).dtype == np.float64
    exact = dsf.LinearAttention(W_q=sympy.Matrix([[1, 2]]), W_k=sympy.Matrix([[0, 1]]), W_v=sympy.eye(2))
    found = exact.output(sympy.Matrix([[1, 2], [3, 4]]))
    assert found.tolist() == [[10, 20], [154, 220]]
    assert (model.output([[1, 2], [3, 4]]) == found.astype(float)).all()


def test_views_of_tensors_are_taken():
    """Conjugates and their imaginary parts, which torch keeps as views with a bit set."""
    model = dsf.S4D.random(d=2, n=4)
    tensors = {name: torch.tensor(array) for name, array in model.parameters.items()}
    turned = {name: array.conj() if array.is_complex() else array for name, array in tensors.items()}
    u = (
        torch.complex(torch.zeros(3, 2, dtype=torch.float64), -torch.ones(3, 2, dtype=torch.float64))
        .conj()
        .imag
    )
    assert turned["A"].is_conj() and u.is_neg()
    assert torch.allclose(dsf.S4D(**turned).output(u), torch.tensor(model.output(np.ones((3, 2)))))
