"""The symbolic reading: formulas as the paper writes them."""

import numpy as np
import pytest
import sympy as sp

import dsf_theory as dsf


def test_separable_attention_as_the_paper_writes_it():
    phi, psi = dsf.symbols("phi", (3, 1, 2)), dsf.symbols("psi", (3, 1, 2))
    eta = dsf.symbols("eta", (3,), positive=True)
    model = dsf.SeparableAttention.symbolic(d=2, n=2, phi=lambda q: phi, psi=lambda k: psi, eta=lambda u: eta)
    system = model.system(dsf.symbols("u", (3, 2)))
    eye, kron = np.eye(2, dtype=int), np.kron
    for i in (1, 2):
        assert (system.Lambda[i] == eta[i - 1] / eta[i] * np.eye(4, dtype=int)).all()
        assert (system.B[i] == kron(model.W_v, psi[i, 0][:, None]) / eta[i]).all()
        assert (system.C[i] == kron(eye, phi[i, 0][None])).all()
    assert not system.D.any()


def test_s6_as_the_paper_writes_it():
    model, u = dsf.S6.symbolic(d=2, n=2), dsf.symbols("u", (2, 2))
    system, delta, beta = model.system(u), model.step(u), u @ model.W_B.T
    rates = np.array([[sp.exp(a) for a in row] for row in model.A_log])
    for i in (0, 1):
        decay = [sp.exp(-delta[i, c] * rates[c, s]) for c in range(2) for s in range(2)]
        assert system.Lambda[i].tolist() == np.diag(decay).tolist()
        assert (system.B[i] == np.kron(np.diag(delta[i]), beta[i][:, None])).all()
        assert (system.C[i] == np.kron(np.eye(2, dtype=int), (u @ model.W_C.T)[i][None])).all()
        assert (system.D[i] == np.diag(model.D)).all()


def test_reversed_sigmoid_is_closed_by_sympy():
    model, u = dsf.QLSTMReversed.symbolic(d=1), dsf.symbols("u", (1, 1))
    x = model.gate("f", u)[0, 0]
    decay = model.system(u).Lambda[0, 0, 0].subs(model.alpha.item(), 1)
    assert sp.simplify(decay - 1 / (1 + sp.exp(x))) == 0
    assert sp.simplify(decay - 1 / (1 + sp.exp(-x))) != 0


def test_numbers_for_symbols():
    x = dsf.symbols("x", (2,))
    found = dsf.evaluate(np.array([[x[0] + x[1], sp.Integer(2)]]), [(x, np.array([1.0, 2.0]))])
    assert found.tolist() == [[3.0, 2.0]]
    with pytest.raises(
        ValueError, match=r"values: expected a number for every symbol, found none for \['x_1'\]"
    ):
        dsf.evaluate(x, [(x[:1], np.ones(1))])


def test_latex_keeps_the_papers_symbols():
    from dsf_theory.system.symbolic import symbol_latex

    assert symbol_latex("W_q_0_1") == "W^{q}_{0,1}"
    assert symbol_latex("A_log_1") == r"A^{\log}_{1}" or symbol_latex("A_log_1") == "A^{log}_{1}"
    assert symbol_latex("eta_2") == r"\eta_{2}"
    model, u = dsf.S6.symbolic(d=1, n=1), dsf.symbols("u", (1, 1))
    names = {model.step(u)[0, 0]: sp.Symbol("Delta_0")}
    text = dsf.show(model.system(u), 0, names).data
    assert r"\Lambda_{0} &=" in text and r"\Delta_{0}" in text and "log{" not in text
    assert dsf.formula("x", sp.Symbol("eta_2")).data == r"x = \eta_{2}"


def test_values_of_models_in_symbols_are_exact():
    """Rational numbers stay rational: no float enters a symbolic definition."""
    rational = sp.Rational(1, 3)
    names = ("linear_attention", "softmax_attention", "taylor_attention", "favor_attention")
    for name in (*names, "qlstm", "rglru", "s6", "ssd", "s4"):
        model = dsf.MODELS[name].symbolic(d=2, n=2)
        u = dsf.symbols("u", (2, 2))
        entries = model.output(u).ravel()
        assert not any(sp.sympify(e).atoms(sp.Float) for e in entries), name
        assert (
            sp.sympify(entries[0]).subs({s: rational for s in sp.sympify(entries[0]).free_symbols}).is_finite
        )


@pytest.mark.parametrize("rule", ["zoh", "bilinear"])
def test_symbolic_s4_at_the_hippo_matrix(rule):
    """A general symbolic A with the numbers of a triangular one: nothing is divided by its zeros."""
    symbolic, model = dsf.S4.symbolic(d=1, n=2, rule=rule), dsf.S4.random(d=1, n=2, rule=rule)
    u, numbers = dsf.symbols("u", (2, 1)), np.array([[0.3], [-1.2]])
    values = [(getattr(symbolic, key), value) for key, value in model.parameters.items()] + [(u, numbers)]
    for part in ("Lambda", "B", "C", "D"):
        found = dsf.evaluate(getattr(symbolic.system(u), part), values)
        assert np.allclose(found, getattr(model.system(numbers), part), rtol=1e-12, atol=1e-14), part
