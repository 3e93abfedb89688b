"""The claim ``mixed-decays``: two decays in one channel are no single decay with stationary features."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.reading import (
    drawn,
    having,
    tokens,
    with_steps,
)
from dsf_theory.models import S6, SSD, Model

claim = Claim(
    id="mixed-decays",
    title="Two decays in one channel are no single decay with stationary features.",
    statement="A kernel that depends on the lag $k$ alone and has one decay is $κγ^k$. S6 with constant steps and two "
    "states has $w₁α^k + w₂β^k$. The two agree at the lags 0, 1 and 2 only if $α = β$ or a weight is zero. "
    "With features that depend on the past there is no such obstacle.",
    latex=r"w_1 \alpha^k + w_2 \beta^k = \kappa \gamma^k \;(k = 0, 1, 2) \implies w_1 w_2 (\alpha - \beta)^2 = 0",
    source="derived here",
    models=("s6", "ssd"),
    notebook="05_linear_attention_and_s6",
)
W1, W2, ALPHA, BETA, KAPPA, GAMMA = sp.symbols("w_1 w_2 alpha beta kappa gamma", positive=True)


def by_lag(model: Model) -> list[sp.Expr]:
    """The kernel of the first channel at the lags 0, 1 and 2, for tokens and steps that do not change."""
    u, step = np.repeat(tokens(1, model.d), 3, axis=0), sp.Symbol("Delta", positive=True)
    model = with_steps(model, 3)
    delta = np.full_like(model.step(u), step)
    model.step = lambda u: delta
    return list(having(model, D=0 * model.D).system(u).weights()[0, 0, :, 0])


def two_decays() -> list[sp.Expr]:
    """S6 with two states: its kernel at the lags 0, 1 and 2 in the weights w and the decays α and β."""
    s6, step = S6.symbolic(d=1, n=2), sp.Symbol("Delta", positive=True)
    write, read, rate = s6.W_B[:, 0], s6.W_C[:, 0], s6.A_log[0]
    weights = {read[s]: w / (write[s] * step * tokens(1, 1).item() ** 2) for s, w in enumerate((W1, W2))}
    rates = {rate[s]: sp.log(-sp.log(decay) / step) for s, decay in enumerate((ALPHA, BETA))}
    return [sp.expand(sp.expand_log(entry.subs(weights | rates))) for entry in by_lag(s6)]


@claim.step("S6 with constant steps and two states: $w₁α^k + w₂β^k$", "identity")
def kernel_of_two_decays():
    yield np.array(two_decays()), np.array([W1 * ALPHA**k + W2 * BETA**k for k in range(3)])


@claim.step("One decay, as in SSD with a constant step: $κγ^k$, so that $K₀K₂ = K₁²$", "identity")
def kernel_of_one_decay():
    K = by_lag(SSD.symbolic(d=1, n=2, heads=1))
    yield sp.powsimp(K[0] * K[2]), sp.powsimp(K[1] ** 2)


@claim.step("Eliminating $κ$ and $γ$ leaves $w₁w₂(α - β)² = 0$", "identity")
def eliminated():
    K = two_decays()
    at_lag = [KAPPA * GAMMA**k - K[k] for k in range(3)]
    first, second = (sp.resultant(at_lag[0], part, KAPPA) for part in at_lag[1:])
    yield sp.resultant(first, second, GAMMA), -K[0] * W1 * W2 * (ALPHA - BETA) ** 2
    yield K[0] * K[2] - K[1] ** 2, W1 * W2 * (ALPHA - BETA) ** 2


def not_one_decay(s6: S6) -> float:
    """How far ``K₀K₂`` is from ``K₁²``, of ``K₀²``, for a token that is repeated."""
    K = s6.system(np.ones((3, s6.d))).weights()[0, 0, :, 0]
    return (K[0] * K[2] - K[1] ** 2) / K[0] ** 2


def with_decays(first: float, second: float) -> S6:
    """S6 with two states, steps of about one and weights that are positive."""
    s6 = drawn("s6", np.random.default_rng(10), d=1, n=2)
    return having(s6, W_C=s6.W_B, A_log=np.log([[first, second]]), b_delta=np.ones(1))


@claim.numbers("S6 with two states that decay alike")
def alike(rng):
    return [not_one_decay(with_decays(rate, rate)) for rate in rng.uniform(0.1, 3, 4)]


claim.hypothesis(
    "the decays of the two states are the same",
    r"\alpha = \beta",
    violation=lambda s6: np.ptp(s6.system(np.ones((1, 1))).transition.log),
    holds=lambda: with_decays(0.5, 0.5),
    dropped=lambda: with_decays(0.1, 2.0),
)(not_one_decay)
