"""The claim ``convex-rows``: attention whose rows are averages never leaves the range of its values."""

import numpy as np
import sympy as sp

from dsf_theory.claims.attention.published import (
    affine,
    complete,
    in_symbols,
    with_ones,
)
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.reading import (
    having,
    tokens,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.vanish import numerator
from dsf_theory.features import elu_plus_one, identity
from dsf_theory.models import Model, SeparableAttention, SoftmaxAttention
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="convex-rows",
    title="Softmax and ELU + 1 attention never leave the range of their values.",
    statement="Their rows are positive and sum to one, so each channel of $y_i$ lies between the least and the "
    "largest value so far, whatever the length, although no $Λ_i$ forgets.",
    latex=r"P_{ij} > 0,\; \textstyle\sum_{j \le i} P_{ij} = 1 \;\Longrightarrow\;"
    r" \min_{j \le i} v_j \le y_i \le \max_{j \le i} v_j",
    source="derived here",
    models=("softmax_attention", "linear_attention_elu", "linear_attention"),
    notebook="06_normalisation",
)


@claim.step("ELU + 1 is $x + 1$ above zero and $e^x$ below, which meet at one: positive", "limit")
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


@claim.step("The rows of both are positive and sum to one", "identity")
def averages():
    for model in two_averages():
        P = rows_of(model, tokens(3, 1))
        yield Identity(
            np.sum(P, axis=1), np.ones(3, dtype=object), by=numerator, shown=(r"\sum_{j \le i} P_{ij}", "1")
        )
        for i in range(3):
            yield np.array([sp.sign(entry) for entry in P[i, : i + 1]]), np.ones(i + 1, dtype=int)


@claim.step("$y_i - a Σ_j P_ij = Σ_j P_ij (v_j - a)$, which is not negative where all $v_j >= a$", "identity")
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


@claim.step("One more key adds a term of the same sign, whatever the length", "induction")
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


@claim.numbers("Softmax and ELU + 1 with two heads and biases stay inside")
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


@claim.hypothesis(
    "rows sum to one",
    r"\textstyle\sum_j P_{ij} = 1",
    violation=lambda case: row_weights(case).sum(axis=1) - 1,
    holds=(elu_plus_one, "row_sum"),
    dropped=(elu_plus_one, "one"),
)
@claim.hypothesis(
    "weights are not negative",
    r"P_{ij} \ge 0",
    violation=lambda case: np.minimum(row_weights(case), 0),
    holds=(elu_plus_one, "row_sum"),
    dropped=(identity, "row_sum"),
)
def left_the_range(case) -> float:
    """How far outputs are outside the values so far."""
    return np.max(outside(*row_case(case)))
