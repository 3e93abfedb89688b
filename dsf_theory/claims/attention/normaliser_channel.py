"""The claim ``normaliser-channel``: a normaliser that sums the row is one more channel of the state."""

import numpy as np
import sympy as sp

from dsf_theory.claims.attention.published import (
    KERNEL,
    UNIT,
    complete,
    divided,
    in_symbols,
    with_ones,
)
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    kronecker,
    tokens,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import MODELS, Model
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="normaliser-channel",
    title="A normaliser that sums the row is one more channel of the state.",
    statement="Row-normalised attention is un-normalised attention, $Λ = I$, with the value $[v; 1]$ in each head, "
    "divided by what its last channel reads. The state is $N = n (d + 1)$ with one head, $n (d + s)$ with "
    "$s$ heads.",
    latex=r"o_i = \sum_{j \le i} \phi_i^\top \psi_j \begin{pmatrix} v_j \\ 1 \end{pmatrix}, \qquad"
    r" y_i = \frac{o_{i, 1:d}}{o_{i, d+1}}",
    source="Katharopoulos et al. 2020 keep both sums; as one system: derived here",
    models=("linear_attention_elu", "separable_attention", "norm_attention"),
    notebook="06_normalisation",
)


@claim.step(
    "With $[v; 1]$ the kernel is $(I ⊗ φ_iᵀψ_j)[W_v, 0; 0, 1]$ and $Λ = I$, at every size", "Kronecker"
)
def one_more_channel():
    found = in_symbols(d=2, n=3, eta="row_sum")
    wide, u = with_ones(found.model, tokens(4, 2))
    system = wide.system(u)
    at_i, at_j = kronecker(system, 3), kronecker(system, 1, mark="j")
    shown = r"C_i B_j", r"(I_{d+1} \otimes \phi_i^\top \psi_j) \begin{pmatrix} W_v & \\ & 1 \end{pmatrix}"
    yield Identity(at_i.C * at_j.B, KERNEL, shown=shown)
    yield at_i.Lambda, UNIT
    yield sp.Matrix(system.value_map), sp.diag(sp.Matrix(found.model.W_v), 1)


@claim.step(
    "Its last channel adds up $ψ$: $z_0 = ψ_0$ and $z_i = z_{i-1} + ψ_i$, from any $z_{i-1}$", "induction"
)
def last_channel():
    found = in_symbols(d=2, n=3, eta="row_sum")
    wide, u = with_ones(found.model, tokens(4, 2))
    system, h = wide.system(u), symbols("z", (9,))
    yield (system.Lambda[2] @ h + system.B[2] @ u[2])[6:], h[6:] + found.psi[2, 0]
    yield (system.B[0] @ u[0])[6:], found.psi[0, 0]


@claim.step("The model's normaliser is what it reads: $η_i = φ_iᵀ Σ_{l<=i} ψ_l$", "identity")
def row_sum():
    found = in_symbols(d=4, n=2, heads=2, eta="row_sum")
    for scale in (found.system.gauge, found.system.output_gain):
        eta = (1 / (scale.sign * np.vectorize(sp.exp)(scale.log)))[:, :, 0, 0]
        yield eta, np.sum(found.phi * np.cumsum(found.psi, axis=0), axis=-1)


@claim.step("Divided by it, the channels are row-normalised attention", "identity")
def quotient():
    for d, heads in ((2, 1), (4, 2)):
        found = in_symbols(d=d, n=2, heads=heads, length=3, optional=("b_v",), eta="row_sum")
        wide, u = with_ones(found.model, tokens(3, d))
        shown = "y_i", r"o_{i,1:d} / o_{i,d+1}"
        yield Identity(found.system.recurrent(), divided(wide.system(u).recurrent(), heads), shown=shown)


@claim.step("The state is $n (d + s)$ numbers, $n d$ with no sum to keep: so the model counts", "identity")
def counted():
    for d, n, heads in ((2, 3, 1), (4, 2, 2), (6, 3, 3)):
        found = in_symbols(d=d, n=n, heads=heads, length=1, eta="row_sum")
        wide, u = with_ones(found.model, tokens(1, d))
        yield sp.Integer(found.system.state_size), sp.Integer(n) * (d + heads)
        yield sp.Integer(wide.system(u).N), sp.Integer(n) * (d + heads)
        yield sp.Integer(in_symbols(d=d, n=n, heads=heads, length=1).system.state_size), sp.Integer(n * d)


@claim.numbers("ELU + 1 and signed features, one and two heads, with biases")
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


@claim.hypothesis(
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
