"""The claim ``local-normaliser``: a normaliser of the token alone does not forget, a decay does."""

import numpy as np
import sympy as sp

from dsf_theory.claims.attention.published import ACTIVATIONS
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    I,
    J,
    at_time,
    drawn,
    having,
    induction,
    tokens,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import SSD, Model, NormAttention
from dsf_theory.models.rewriting import ssd_with_local_normaliser

claim = Claim(
    id="local-normaliser",
    title="A normaliser of the token alone does not forget.",
    statement="Where $η_i$ is a function of $u_i$, what normalised attention makes of token $j$ at step $i$ depends "
    "on these two tokens only. In SSD it depends on every token in between, unless the step $Δ$ is "
    "constant: a learned local $η$ does not stand for a learned decay.",
    latex=r"\frac{\partial \Phi_{ij}}{\partial u_k} = 0 \;\text{(attention)}, \qquad "
    r"\frac{\partial \Phi_{ij}}{\partial u_k} = -a\, \sigma(z_k)\, w_\Delta \Phi_{ij} \;\text{(SSD)}, \qquad j < k < i",
    source="derived here; normalised attention: Sieber et al. 2024, eq. (21)",
    models=("norm_attention", "ssd", "separable_attention"),
    notebook="06_normalisation",
)


@claim.step("The decays of normalised attention telescope: $Λ_i ⋯ Λ_{j+1} = η_j/η_i$", "induction")
def telescopes():
    u = tokens(3, 2)
    system = NormAttention.symbolic(d=2, n=2, optional=("b_eta",)).system(u)
    eta = at_time(sp.exp(-system.output_gain.log[2].item()), [u], 2)
    return induction(eta.subs(I, J) / eta, at_time(system.Lambda[2, 0, 0], [u], 2))


@claim.step("$Φ_ij = q_iᵀk_j/η_i W_v$, of tokens $i$ and $j$ alone, for all three activations", "identity")
def two_tokens():
    u = tokens(3, 2)
    for name, activation in ACTIVATIONS.items():
        model = NormAttention.symbolic(d=2, n=2, eta=name)
        score = (model.W_q @ u[2]) @ (model.W_k @ u[0])
        eta = activation(model.W_eta[0] @ u[2] + model.b_eta[0])
        shown = (r"\Phi_{20}", rf"q_2^\top k_0 / \mathrm{{{name}}}(w_\eta^\top u_2 + b)\; W_v")
        yield Identity(model.system(u).product_kernel()[2, 0], score / eta * model.W_v, shown=shown)


@claim.step("$∂Φ_ij/∂u_k$ of attention is zero for every token $k$ in between", "calculus")
def nothing_between():
    u = tokens(3, 2)
    for name in ACTIVATIONS:
        phi = NormAttention.symbolic(d=2, n=2, eta=name).system(u).product_kernel()[2, 0]
        slopes = np.array([sp.diff(phi[0, 1], u_k) for u_k in u[1]])
        yield Identity(slopes, 0, shown=(r"\partial \Phi_{20} / \partial u_1", "0"))


@claim.step("$∂Φ_ij/∂u_k$ of SSD is $-a σ(z_k) w_Δ Φ_ij$: zero only where $Δ$ is constant", "calculus")
def everything_between():
    u, ssd = tokens(3, 2), SSD.symbolic(d=2, n=1, heads=1)
    entry = ssd.system(u).kernel()[2, 0, 0, 1]
    opened = sp.exp(ssd.W_delta[0] @ u[1] + ssd.b_delta[0])
    slope = -sp.exp(ssd.A_log[0]) * opened / (1 + opened)
    for u_k, weight in zip(u[1], ssd.W_delta[0], strict=True):
        shown = (r"\partial \Phi_{20} / \partial u_1", r"-a\, \sigma(z_1)\, w_\Delta\, \Phi_{20}")
        yield Identity(sp.diff(entry, u_k), slope * weight * entry, shown=shown)


@claim.step("A constant step is a clock: SSD is then attention with $η_i = e^{a(i+1)Δ}$", "identity")
def clock():
    ssd, u = SSD.symbolic(d=2, n=2, heads=1), tokens(3, 2)
    ssd = having(ssd, W_delta=0 * ssd.W_delta, D=0 * ssd.D)
    attention = ssd_with_local_normaliser(ssd, u).system(u)
    shown = (r"\Phi^{\text{SSD}}", r"\Phi^{\text{attention}}")
    yield Identity(ssd.system(u).product_kernel(), attention.product_kernel(), shown=shown)


def moved(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Five tokens, and the same with one between the first and the last replaced."""
    before = np.random.default_rng(13).standard_normal((5, model.d))
    after = before.copy()
    after[2] *= -2
    return before, after


def seen(model: Model) -> float:
    """How far the weight of the first token at the last moves with one in between."""
    before, after = (model.system(u).product_kernel()[-1, 0] for u in moved(model))
    return relative(after, before)


@claim.numbers("A token in between: attention does not move, SSD as far as its decay says")
def between(rng):
    found = [seen(drawn("norm_attention", rng, d=4, n=2, heads=2, eta=eta)) for eta in ACTIVATIONS]
    ssd = drawn("ssd", rng, d=4, n=2, heads=1)
    before, after = moved(ssd)
    change = np.exp(-np.exp(ssd.A_log) * (ssd.step(after) - ssd.step(before))[2])
    return [*found, relative(ssd.kernel(after)[-1, 0], ssd.kernel(before)[-1, 0] * change)]


def normaliser_seen(model: Model) -> float:
    """How far the last normaliser moves with a token in between."""
    before, after = (model.system(u).output_gain.log[-1] for u in moved(model))
    return np.max(np.abs(after - before))


claim.hypothesis(
    "the normaliser is a function of the token, not a row sum",
    r"\eta_i = \eta(u_i)",
    violation=normaliser_seen,
    holds=lambda: drawn("norm_attention", np.random.default_rng(14), d=3, n=2),
    dropped=lambda: drawn("linear_attention_elu", np.random.default_rng(14), d=3, n=2),
)(seen)


def with_slope(slope: float) -> SSD:
    """SSD whose step depends on the token, or does not."""
    ssd = drawn("ssd", np.random.default_rng(15), d=3, n=2, heads=1)
    return having(ssd, W_delta=slope * ssd.W_delta, D=0 * ssd.D)


def stand_in(ssd: SSD) -> float:
    """How far SSD is from attention that has the same weights in a local normaliser."""
    u, _ = moved(ssd)
    return relative(ssd_with_local_normaliser(ssd, u).kernel(u), ssd.kernel(u))


claim.hypothesis(
    "where SSD stands in for attention, its step is constant",
    r"\Delta_i = \Delta",
    violation=lambda ssd: np.max(np.abs(np.subtract(*map(ssd.step, moved(ssd))))),
    holds=lambda: with_slope(0.0),
    dropped=lambda: with_slope(1.0),
)(stand_in)
