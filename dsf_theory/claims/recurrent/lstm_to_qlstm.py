"""The claim ``lstm-to-qlstm``: what is left of the LSTM where its gates read the input alone."""

import numpy as np
import sympy as sp

from dsf_theory.arrays import Array, Namespace
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    drawn,
    having,
    tokens,
    without,
)
from dsf_theory.claims.recurrent.gates import (
    gate,
    sigmoid,
    with_gates,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import LSTM, QLSTM
from dsf_theory.models.rnn import GATES
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="lstm-to-qlstm",
    title="The quasi-LSTM is the LSTM whose gates read the input alone and which has no tanh.",
    statement="With $U = 0$ and the identity in place of tanh the LSTM is the quasi-LSTM, a linear system. The LSTM "
    "with tanh and $U$ is that to first order in its values $W_u u + U_u h$; beyond it, where $U ≠ 0$, the "
    "gates depend on the state, so that the recurrence is not linear in the state, as the framework "
    "requires.",
    latex=r"c_i = \sigma(f_i) \odot c_{i-1} + \sigma(i_i) \odot \tanh(g_i), \quad h_i = \sigma(o_i) \odot \tanh(c_i) "
    r"\;\longrightarrow\; c_i = \sigma(f_i) \odot c_{i-1} + \sigma(i_i) \odot W_u u_i, \quad "
    r"y_i = \sigma(o_i) \odot c_i",
    source="after Sieber et al. 2024; LSTM: Hochreiter and Schmidhuber 1997",
    models=("lstm", "qlstm"),
    notebook="04_recurrent_networks",
)


class WithoutTanh(Namespace):
    """A namespace in which tanh is the identity."""

    def tanh(self, x: Array) -> Array:
        """x."""
        return x


class LinearLSTM(LSTM):
    """The LSTM with the identity in place of tanh."""

    @property
    def xp(self) -> Namespace:
        """The array namespace of the parameters, without tanh."""
        return WithoutTanh(super().xp)


def as_published(model: LSTM, u: Array) -> Array:
    """The output of the LSTM, step by step."""
    xp, h, c, y = model.xp, 0 * u[0], 0 * u[0], []
    for u_i in u:
        f, i, o, g = (gate(model, name, u_i) + getattr(model, f"U_{name}") @ h for name in GATES)
        c = sigmoid(xp, f) * c + sigmoid(xp, i) * xp.tanh(g)
        h = sigmoid(xp, o) * xp.tanh(c)
        y.append(h)
    return np.stack(y)


def gates_of(model: LSTM) -> QLSTM:
    """The quasi-LSTM with the gates that the LSTM has where h is zero."""
    return QLSTM(**{k: v for k, v in model.parameters.items() if k[0] != "U" and k != "b_u"})


def with_gates_of_the_input(kind: type[LSTM]) -> LSTM:
    """The LSTM in symbols, with U = 0 and without b_u."""
    model = without(kind.symbolic(d=2), "b_u")
    return having(model, **{f"U_{name}": 0 * model.U_f for name in GATES})


@claim.step("The LSTM: two steps, its gates functions of $u$ and of the last output", "identity")
def two_steps():
    model, u = LSTM.symbolic(d=2), tokens(2, 2)
    for each in (model, without(model, *(f"b_{name}" for name in GATES))):
        yield Identity(each.output(u), as_published(each, u), shown=(r"y_1", r"\sigma(o_1) \odot \tanh(c_1)"))


@claim.step("$U = 0$ and no tanh: the output is that of the quasi-LSTM", "identity")
def without_state_and_tanh():
    model, u = with_gates_of_the_input(LinearLSTM), tokens(3, 2)
    yield Identity(
        model.output(u),
        gates_of(model).output(u),
        sp.expand_mul,
        (r"y^{\mathrm{LSTM}}", r"y^{\mathrm{qLSTM}}"),
    )


@claim.step("One more step: $y_i = o_i f_i / o_{i-1} y_{i-1} + o_i i_i W_u u_i$", "induction")
def one_more_step():
    model, u = with_gates_of_the_input(LinearLSTM), tokens(3, 2)
    y, system = model.output(u), gates_of(model).system(u)
    carried = (
        system.C[1:] @ system.Lambda[1:] @ (1 / np.diagonal(system.C, axis1=1, axis2=2) * y)[:-1, :, None]
    )
    written = system.C[1:] @ system.B[1:] @ u[1:, :, None]
    shown = "y_i", r"\frac{o_i f_i}{o_{i-1}} y_{i-1} + o_i i_i \odot W_u u_i"
    yield Identity(y[1:], (carried + written)[..., 0], sp.expand_mul, shown)


@claim.step(
    "To first order in $g = W_u u + U_u h$ the LSTM is the quasi-LSTM, with its tanh and its $U$", "calculus"
)
def first_order():
    model, size = LSTM.symbolic(d=1), sp.Symbol("epsilon", real=True)
    before = {name: symbols(name, (2, 1)) for name in GATES}
    small = with_gates(having(model, U_u=size * model.U_u), before | {"u": size * before["u"]})
    y = small.output(before["u"])[:, 0]
    quasi = with_gates(having(QLSTM.symbolic(d=1), W_u=np.array([[sp.S.One]])), before)
    slope = np.array([part.diff(size).subs(size, 0) for part in y])
    shown = r"\lim_{\epsilon \to 0} y^{\mathrm{LSTM}}(\epsilon g) / \epsilon", r"y^{\mathrm{qLSTM}}(g)"
    yield Identity(slope, quasi.output(before["u"])[:, 0], shown=shown)
    yield np.array([part.subs(size, 0) for part in y]), np.zeros(2, dtype=int)


@claim.numbers(
    "Random LSTM against the definition, and against the quasi-LSTM where $U = 0$ and tanh is gone"
)
def random_lstm(rng):
    model, u = drawn("lstm", rng, d=4), rng.standard_normal((2, 12, 4))
    batch = np.stack([as_published(model, sequence) for sequence in u])
    return [relative(model.output(u), batch), far_from_qlstm(linear(0.0, rng))]


def linear(share: float, rng: np.random.Generator | None = None) -> LinearLSTM:
    """A random LSTM without tanh, its U scaled."""
    values = drawn("lstm", rng or np.random.default_rng(1), d=3).parameters
    return LinearLSTM(**{k: share * v if k[0] == "U" else v for k, v in values.items() if k != "b_u"})


def far_from_qlstm(model: LSTM) -> float:
    """How far the LSTM is from the quasi-LSTM with its gates."""
    u = np.random.default_rng(2).standard_normal((8, model.d))
    return relative(model.output(u), gates_of(model).output(u))


claim.hypothesis(
    "the gates read the input alone",
    r"U_f = U_i = U_o = U_u = 0",
    violation=lambda model: [getattr(model, f"U_{name}") for name in GATES],
    holds=lambda: linear(0.0),
    dropped=lambda: linear(0.5),
)(far_from_qlstm)


def with_values(size: float) -> LSTM:
    """A random LSTM with values of this size."""
    values = drawn("lstm", np.random.default_rng(1), d=3).parameters
    return LSTM(**{k: size * v if k in ("W_u", "U_u") else v for k, v in values.items() if k != "b_u"})


def bent(model: LSTM) -> np.ndarray:
    """How far tanh is from the identity on the values W_u u, ``1 - tanh(g) / g``."""
    g = np.random.default_rng(2).standard_normal((8, model.d)) @ model.W_u.T
    return 1 - np.tanh(g) / g


claim.hypothesis(
    "tanh is the identity on the values",
    r"\tanh(g) = g",
    violation=bent,
    holds=lambda: with_values(1e-12),
    dropped=lambda: with_values(1.0),
)(far_from_qlstm)
