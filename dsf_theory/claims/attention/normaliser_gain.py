"""The claim ``normaliser-gain``: a normaliser that is learned from the token is an output gain."""

import numpy as np
import sympy as sp

from dsf_theory.claims.attention.published import ACTIVATIONS, affine, complete, layer, weights
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    I,
    J,
    at_time,
    having,
    induction,
    kronecker,
    tokens,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import MODELS, LinearAttention, NormAttention, SeparableAttention
from dsf_theory.system import System

claim = Claim(
    id="normaliser-gain",
    title="A normaliser that is learned from the token is an output gain.",
    statement="With $η_i = act(W_η u_i + b_η)$ the output is that of linear attention over $η_i$: the ratios $Λ_i = "
    "η_{i-1}/η_i$ cancel against $B$, nothing is forgotten, and tokens between $j$ and $i$ leave $Φ_ij$ as "
    "it is.",
    latex=r"y_i^{\mathrm{norm}} = \frac{1}{\eta(u_i)} y_i^{\mathrm{linear}}",
    source="Sieber et al. 2024, eq. (21), is the model; that it is a gain: derived here",
    models=("norm_attention", "linear_attention", "linear_attention_elu"),
    notebook="02_attention_as_a_dynamical_system",
)


@claim.step(
    "Three normalisers: $η_i = e^z$, $log(1 + e^z)$ or $σ(z)$, with $z = W_η u_i + b_η$ in each head",
    "identity",
)
def three_normalisers():
    for name, act in ACTIVATIONS.items():
        model, u = NormAttention.symbolic(d=2, n=1, heads=2, optional=("b_eta",), eta=name), tokens(3, 2)
        system, z = model.system(u), affine(model.W_eta, model.b_eta, u)
        for scale in (system.output_gain, system.gauge):
            for i, r in np.ndindex(3, 2):
                log, sign = (part[i, r, 0, 0] for part in scale)
                yield 1 / (sign * sp.exp(log)), act(z[i, r])


@claim.step("With exp, $Λ_i = exp(w·(u_{i-1} - u_i))$ in each head", "identity")
def ratio_of_exponentials():
    model, u = NormAttention.symbolic(d=4, n=2, heads=2, optional=("b_eta",)), tokens(3, 4)
    Lambda = model.system(u).Lambda
    for i in (1, 2):
        w = [sp.exp(sum(row * (u[i - 1] - u[i]))) for row in model.W_eta]
        yield sp.Matrix(Lambda[i]), sp.diag(*np.repeat(w, 4))


@claim.step("Between $j$ and $i$ these telescope to $exp(w·(u_j - u_i))$, for all times", "induction")
def learned_telescope():
    model, u = NormAttention.symbolic(d=2, n=1, optional=("b_eta",)), tokens(3, 2)
    z = sum(w * sp.Function(f"u_{c}", real=True)(I) for c, w in enumerate(model.W_eta[0]))
    return induction(sp.exp(z.subs(I, J) - z), at_time(model.system(u).Lambda[2, 0, 0], [u], 2))[::-1]


@claim.step(
    "$η_i C_i (η_j/η_i) B_j$ is $C_i B_j$ of linear attention: no $η_j$ is left, at every size", "Kronecker"
)
def cancels():
    for name in ACTIVATIONS:
        norm, u = NormAttention.symbolic(d=2, n=2, optional=("b_eta",), eta=name), tokens(4, 2)
        linear = LinearAttention(W_q=norm.W_q, W_k=norm.W_k, W_v=norm.W_v).system(u)
        norm = norm.system(u)
        eta = [1 / sp.exp(log) for log in norm.gauge.log[:, 0, 0, 0]]
        left = eta[3] * kronecker(norm, 3).C * (eta[1] / eta[3]) * kronecker(norm, 1, mark="j").B
        right = kronecker(linear, 3).C * kronecker(linear, 1, mark="j").B
        yield Identity(
            left, right, shown=(r"\eta_i C_i \tfrac{\eta_j}{\eta_i} B_j", r"C_i^{\rm lin} B_j^{\rm lin}")
        )
        yield norm.read, linear.read
        yield norm.write, linear.write


@claim.step("A token in between leaves $Φ_ij$ alone: $∂Φ_20/∂u_1 = 0$", "calculus")
def nothing_between():
    for name in ACTIVATIONS:
        model, u = NormAttention.symbolic(d=2, n=1, optional=("b_eta",), eta=name), tokens(3, 2)
        phi = model.system(u).product_kernel()
        slopes = np.array([[sp.diff(entry, x) for entry in phi[2, 0].flat] for x in u[1]])
        yield Identity(slopes, 0, shown=(r"\partial \Phi_{20} / \partial u_1", "0"))


@claim.numbers("Three normalisers, one and two heads: the published sums, and $η_i y_i$ is linear attention")
def outputs_over_normalisers(rng):
    worst = []
    for act in ACTIVATIONS:
        for heads in (1, 2):
            norm, u = complete("norm_attention", rng, heads=heads, eta=act), rng.standard_normal((6, 4))
            for model in (norm, having(norm, b_eta=norm.b_eta - 40)):
                expected = layer(model, u, weights(model, u))
                worst += [relative(form, expected) for form in (model.output(u), model.system(u).recurrent())]
            norm = NormAttention(
                W_q=norm.W_q, W_k=norm.W_k, W_v=norm.W_v, W_eta=norm.W_eta, heads=heads, eta=act
            )
            linear = LinearAttention(W_q=norm.W_q, W_k=norm.W_k, W_v=norm.W_v, heads=heads)
            eta = np.repeat(np.exp(-norm.system(u).output_gain.log[:, :, 0, 0]), 4 // heads, axis=1)
            worst.append(relative(eta * norm.output(u), linear.output(u)))
    return worst


def nudged(name: str) -> tuple[System, System]:
    """A model on two inputs that differ at step 2 alone."""
    u = np.random.default_rng(7).standard_normal((5, 4))
    other = u + 2.0 * (np.arange(5) == 2)[:, None]
    model = MODELS[name].random(d=4, n=2, seed=7)
    return model.system(u), model.system(other)


@claim.hypothesis(
    "the normaliser sees its own token alone",
    r"\eta_i = \eta(u_i)",
    violation=lambda name: np.diff([system.gauge.log[4] for system in nudged(name)], axis=0),
    holds="norm_attention",
    dropped="linear_attention_elu",
)
def middle_token(name) -> float:
    """How far the kernel from step 0 to step 4 moves with the token at step 2."""
    before, after = (system.kernel()[4, 0] for system in nudged(name))
    return relative(after, before)


def shared_normaliser(share: float) -> tuple[SeparableAttention, LinearAttention, np.ndarray, np.ndarray]:
    """Attention with weights ``q_iᵀk_j / (η_i^{1-share} η_j^share)``, linear attention, η and an input."""
    norm, u = NormAttention.random(d=4, n=2, seed=9), np.random.default_rng(9).standard_normal((5, 4))
    eta, weights = (
        np.exp(-norm.system(u).gauge.log[:, :, 0, 0]),
        {"W_q": norm.W_q, "W_k": norm.W_k, "W_v": norm.W_v},
    )
    model = SeparableAttention(
        **weights,
        phi=lambda q: q,
        psi=lambda k: k / eta[..., None] ** share,
        eta=lambda u: eta ** (1 - share),
    )
    return model, LinearAttention(**weights), eta, u


def along_rows(share: float) -> np.ndarray:
    """How much ``q_iᵀk_j`` over the weight changes along a row, relative to the diagonal."""
    model, linear, _, u = shared_normaliser(share)
    lower = np.tril_indices(5)
    ratio = np.zeros((5, 5))
    ratio[lower] = linear.system(u).weights()[0, 0][lower] / model.system(u).weights()[0, 0][lower]
    return np.tril(ratio / np.diag(ratio)[:, None] - 1)


@claim.hypothesis(
    "the normaliser stands on the row, not on the key",
    r"\eta_{ij} = \eta_i",
    violation=along_rows,
    holds=0.0,
    dropped=1.0,
)
def on_the_key(share) -> float:
    """How far the output times η_i is from linear attention."""
    model, linear, eta, u = shared_normaliser(share)
    return relative(eta * model.output(u), linear.output(u))
