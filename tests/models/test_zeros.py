"""SymPy, NumPy and torch read a model alike where a parameter is zero, and a formula has a limit but no value."""

import numpy as np
import pytest
import sympy as sp
import torch

import dsf_theory as dsf

RULES = {"s4": "rule", "s4d": "rule", "s5": "rule", "s6": "b_rule"}
CASES = [
    (name, zero, {RULES[name]: "zoh"} if held else {})
    for name, model in sorted(dsf.MODELS.items())
    for zero in model.random(d=2, n=2).parameters
    for held in ((False, True) if name in RULES else (False,))
    if model.spec[zero].domain != "positive"
]


def exact(array: np.ndarray) -> np.ndarray:
    """Numbers as SymPy's, four digits of each."""

    def entry(number):
        real, imaginary = (sp.Rational(round(10_000 * part), 10_000) for part in (number.real, number.imag))
        return real + sp.I * imaginary if imaginary else real

    return np.asarray(np.frompyfunc(lambda number: entry(complex(number)), 1, 1)(array), dtype=object)


@pytest.mark.parametrize(("name", "zero", "options"), CASES)
def test_readings_agree_where_a_parameter_is_zero(name, zero, options):
    model = dsf.MODELS[name].random(d=2, n=2, seed=1, **options)
    values = {k: exact(0 * v if k == zero else v) for k, v in model.parameters.items()}
    u = exact(np.random.default_rng(0).standard_normal((2, 2)))

    def numbers(array):
        found = np.array([complex(sp.N(entry, 30)) for entry in array.flat]).reshape(array.shape)
        return found if found.imag.any() else found.real

    y = numbers(dsf.MODELS[name](**values, **options).output(u))
    floats = {k: numbers(v) for k, v in values.items()}
    np.testing.assert_allclose(dsf.MODELS[name](**floats, **options).output(numbers(u)), y, atol=1e-12)
    tensors = {k: torch.as_tensor(v) for k, v in floats.items()}
    in_torch = dsf.MODELS[name](**tensors, **options).output(torch.as_tensor(numbers(u)))
    np.testing.assert_allclose(in_torch, y, atol=1e-12)
