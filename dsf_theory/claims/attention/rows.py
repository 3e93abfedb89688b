"""Rows that sum to one: the normaliser as a channel of the state, and outputs that stay among the values."""

import numpy as np
import sympy as sp

from dsf_theory.claims.attention.published import (
    KERNEL,
    UNIT,
    affine,
    complete,
    divided,
    in_symbols,
    numerator,
    with_ones,
)
from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.claims.reading import having, kronecker, relative, tokens
from dsf_theory.features import elu_plus_one, identity
from dsf_theory.models import MODELS, Model, SeparableAttention, SoftmaxAttention
from dsf_theory.system.symbolic import symbols

channel = Claim(
    id="normaliser-channel",
    title="A normaliser that sums the row is one more channel of the state.",
    statement="Row-normalised attention is un-normalised attention, Λ = I, with the value [v; 1] in each head, divided "
    "by what its last channel reads. The state is N = n (d + 1) with one head, n (d + s) with s heads.",
    latex=r"o_i = \sum_{j \le i} \phi_i^\top \psi_j \begin{pmatrix} v_j \\ 1 \end{pmatrix}, \qquad"
    r" y_i = \frac{o_{i, 1:d}}{o_{i, d+1}}",
    source="Katharopoulos et al. 2020 keep both sums; as one system: derived here",
    models=("linear_attention_elu", "separable_attention", "norm_attention"),
    notebook="06_normalisation",
)


@channel.step("With [v; 1] the kernel is (I ⊗ φ_iᵀψ_j)[W_v, 0; 0, 1] and Λ = I, at every size", "Kronecker")
def one_more_channel():
    found = in_symbols(d=2, n=3, eta="row_sum")
    wide, u = with_ones(found.model, tokens(4, 2))
    system = wide.system(u)
    at_i, at_j = kronecker(system, 3), kronecker(system, 1, mark="j")
    shown = r"C_i B_j", r"(I_{d+1} \otimes \phi_i^\top \psi_j) \begin{pmatrix} W_v & \\ & 1 \end{pmatrix}"
    yield Identity(at_i.C * at_j.B, KERNEL, shown=shown)
    yield at_i.Lambda, UNIT
    yield sp.Matrix(system.value_map), sp.diag(sp.Matrix(found.model.W_v), 1)


@channel.step("Its last channel adds up ψ: z_0 = ψ_0 and z_i = z_{i-1} + ψ_i, from any z_{i-1}", "induction")
def last_channel():
    found = in_symbols(d=2, n=3, eta="row_sum")
    wide, u = with_ones(found.model, tokens(4, 2))
    system, h = wide.system(u), symbols("z", (9,))
    yield (system.Lambda[2] @ h + system.B[2] @ u[2])[6:], h[6:] + found.psi[2, 0]
    yield (system.B[0] @ u[0])[6:], found.psi[0, 0]


@channel.step("The model's normaliser is what it reads: η_i = φ_iᵀ Σ_{l<=i} ψ_l", "identity")
def row_sum():
    found = in_symbols(d=4, n=2, heads=2, eta="row_sum")
    for scale in (found.system.gauge, found.system.output_gain):
        eta = (1 / (scale.sign * np.vectorize(sp.exp)(scale.log)))[:, :, 0, 0]
        yield eta, np.sum(found.phi * np.cumsum(found.psi, axis=0), axis=-1)


@channel.step("Divided by it, the channels are row-normalised attention", "identity")
def quotient():
    for d, heads in ((2, 1), (4, 2)):
        found = in_symbols(d=d, n=2, heads=heads, length=3, optional=("b_v",), eta="row_sum")
        wide, u = with_ones(found.model, tokens(3, d))
        shown = "y_i", r"o_{i,1:d} / o_{i,d+1}"
        yield Identity(found.system.recurrent(), divided(wide.system(u).recurrent(), heads), shown=shown)


@channel.step("The state is n (d + s) numbers, n d with no sum to keep: so the model counts", "identity")
def counted():
    for d, n, heads in ((2, 3, 1), (4, 2, 2), (6, 3, 3)):
        found = in_symbols(d=d, n=n, heads=heads, length=1, eta="row_sum")
        wide, u = with_ones(found.model, tokens(1, d))
        yield sp.Integer(found.system.state_size), sp.Integer(n) * (d + heads)
        yield sp.Integer(wide.system(u).N), sp.Integer(n) * (d + heads)
        yield sp.Integer(in_symbols(d=d, n=n, heads=heads, length=1).system.state_size), sp.Integer(n * d)


@channel.numbers("ELU + 1 and signed features, one and two heads, with biases")
def channel_numbers(rng):
    worst = []
    for heads, name in ((1, "linear_attention_elu"), (2, "linear_attention_elu"), (2, "separable_attention")):
        model, u = complete(name, rng, heads=heads), rng.standard_normal((6, 4))
        wide, with_one = with_ones(model, u)
        y = divided(wide.output(with_one), heads)
        worst.append(relative(y @ model.W_o.T + model.b_o, model.output(u)))
    return worst


def case_of(name: str) -> tuple[Model, np.ndarray]:
    """A model with one head and an input."""
    return MODELS[name].random(d=4, n=2, seed=4), np.random.default_rng(4).standard_normal((5, 4))


def not_row_sum(name: str) -> np.ndarray:
    """η_i less the sum of the row of weights that it divides."""
    model, u = case_of(name)
    system, (wide, with_one) = model.system(u), with_ones(model, u)
    log, sign = (part[:, 0, 0, 0] for part in system.output_gain)
    return sign * np.exp(-log) - wide.system(with_one).weights()[0, 0].sum(axis=1)


@channel.hypothesis(
    "the normaliser is the sum of the row",
    r"\eta_i = \phi_i^\top \textstyle\sum_{l \le i} \psi_l",
    violation=not_row_sum,
    holds="linear_attention_elu",
    dropped="norm_attention",
)
def other_normaliser(name) -> float:
    """How far the quotient is from the model."""
    model, u = case_of(name)
    wide, with_one = with_ones(model, u)
    return relative(divided(wide.output(with_one), 1), model.output(u))


# ---------------------------------------------------------------- rows that are averages

convex = Claim(
    id="convex-rows",
    title="Softmax and ELU + 1 attention never leave the range of their values.",
    statement="Their rows are positive and sum to one, so each channel of y_i lies between the least and the largest "
    "value so far, whatever the length, although no Λ_i forgets.",
    latex=r"P_{ij} > 0,\; \textstyle\sum_{j \le i} P_{ij} = 1 \;\Longrightarrow\;"
    r" \min_{j \le i} v_j \le y_i \le \max_{j \le i} v_j",
    source="derived here",
    models=("softmax_attention", "linear_attention_elu", "linear_attention"),
    notebook="06_normalisation",
)


@convex.step("ELU + 1 is x + 1 above zero and e^x below, which meet at one: positive", "limit")
def positive_features():
    above, below = sp.Symbol("x", positive=True), sp.Symbol("x", negative=True)
    phi = elu_plus_one(np.array([above, below]))
    yield phi, np.array([above + 1, sp.exp(below)])
    yield np.array([sp.sign(value) for value in phi]), np.array([1, 1])
    yield sp.limit(phi[0], above, 0, "+"), sp.limit(phi[1], below, 0, "-")


def two_averages() -> tuple[Model, Model]:
    """Softmax attention, and positive features with the sum of the row; the value is the token."""
    softmax = SoftmaxAttention.symbolic(d=1, n=1)
    features = in_symbols(d=1, n=2, length=3, positive=True, eta="row_sum").model
    return tuple(having(model, W_v=np.array([[sp.S.One]])) for model in (softmax, features))


def rows_of(model: Model, u: np.ndarray) -> np.ndarray:
    """The weights of the first head."""
    return model.probabilities(u)[0] if model.name == "softmax_attention" else model.system(u).weights()[0, 0]


@convex.step("The rows of both are positive and sum to one", "identity")
def averages():
    for model in two_averages():
        P = rows_of(model, tokens(3, 1))
        yield Identity(
            np.sum(P, axis=1), np.ones(3, dtype=object), by=numerator, shown=(r"\sum_{j \le i} P_{ij}", "1")
        )
        for i in range(3):
            yield np.array([sp.sign(entry) for entry in P[i, : i + 1]]), np.ones(i + 1, dtype=int)


@convex.step("y_i - a Σ_j P_ij = Σ_j P_ij (v_j - a), which is not negative where all v_j >= a", "identity")
def average_of_differences():
    w, a = symbols("w", (3,), positive=True), sp.Symbol("a", real=True)
    for model in two_averages():
        for side in (1, -1):
            v = (a + side * w)[:, None]
            P = rows_of(model, v)
            shown = r"y_i - a \sum_j P_{ij}", r"\sum_j P_{ij} (v_j - a)"
            yield Identity(
                model.output(v)[:, 0] - a * np.sum(P, axis=1), side * (P @ w), by=numerator, shown=shown
            )
            yield np.array([sp.sign(entry) for entry in P @ w]), np.ones(3, dtype=int)


@convex.step("One more key adds a term of the same sign, whatever the length", "induction")
def one_more_key():
    """At a fixed query, from any state: what is read of ``v - a`` grows by ``φᵀψ_i (v_i - a)``."""
    found = in_symbols(d=1, n=2, length=3, positive=True, eta="row_sum")
    wide, _ = with_ones(two_averages()[1], tokens(3, 1))
    a, above, before = sp.Symbol("a", real=True), sp.Symbol("w", positive=True), symbols("H", (4,))
    u = np.array([[a + above, sp.S.One]] * 3)
    system = wide.system(u)
    sums = np.array([1, -a], dtype=object)
    now, then = (sums @ system.C[2] @ h for h in (system.Lambda[2] @ before + system.B[2] @ u[2], before))
    grown = sum(found.phi[2, 0] * found.psi[2, 0]) * above
    shown = r"\phi_i^\top H_i (1, -a) - \phi_i^\top H_{i-1} (1, -a)", r"\phi_i^\top \psi_i (v_i - a)"
    yield Identity(now - then, grown, shown=shown)
    yield sp.sign(grown), 1


def outside(model: Model, u: np.ndarray) -> np.ndarray:
    """How far each output is outside the values so far of its channel."""
    v, y = affine(model.W_v, model.b_v, u), model.output(u)
    least, most = np.minimum.accumulate(v), np.maximum.accumulate(v)
    return np.maximum(0, np.maximum(y - most, least - y))


@convex.numbers("Softmax and ELU + 1 with two heads and biases stay inside")
def inside(rng):
    worst = []
    for name in ("softmax_attention", "linear_attention_elu"):
        model, u = complete(name, rng, heads=2), 3 * rng.standard_normal((40, 4))
        model = having(model, W_o=None, b_o=None)
        worst.append(np.max(outside(model, u)))
        if name == "softmax_attention":
            worst.append(np.max(outside(model, 100 * u)) / 100)  # scores of many thousands
    return worst


def row_case(case: tuple) -> tuple[SeparableAttention, np.ndarray]:
    """Separable attention of some features and normaliser, and an input."""
    phi, eta = case
    u = np.random.default_rng(6).standard_normal((8, 3))
    return SeparableAttention.random(d=3, n=2, seed=6, phi=phi, psi=phi, eta=eta), u


def row_weights(case: tuple) -> np.ndarray:
    """The weights P."""
    model, u = row_case(case)
    return model.system(u).weights()[0, 0]


@convex.hypothesis(
    "rows sum to one",
    r"\textstyle\sum_j P_{ij} = 1",
    violation=lambda case: row_weights(case).sum(axis=1) - 1,
    holds=(elu_plus_one, "row_sum"),
    dropped=(elu_plus_one, "one"),
)
@convex.hypothesis(
    "weights are not negative",
    r"P_{ij} \ge 0",
    violation=lambda case: np.minimum(row_weights(case), 0),
    holds=(elu_plus_one, "row_sum"),
    dropped=(identity, "row_sum"),
)
def left_the_range(case) -> float:
    """How far outputs are outside the values so far."""
    return np.max(outside(*row_case(case)))
