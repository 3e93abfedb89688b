"""The claim ``s6-to-heads``: S6 is separable attention with one head for each channel."""

from itertools import product

import numpy as np
import sympy as sp
from sympy.matrices.expressions.kronecker import KroneckerProduct

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative, same
from dsf_theory.claims.reading import (
    EYE_N,
    SIZE_D,
    I,
    J,
    at_time,
    diagonal,
    having,
    induction,
    tokens,
    with_steps,
)
from dsf_theory.models import S6
from dsf_theory.models.rewriting import s6_as_attention
from dsf_theory.system import Gauge, System

claim = Claim(
    id="s6-to-heads",
    title="S6 is separable attention with one head for each channel.",
    statement="In the basis $exp(-A S_i)$ with $S_i = Δ_0 + ... + Δ_i$ the decays of S6 are gone: what is left is "
    "attention with $d$ heads of one channel, $φ = γ exp(A S_i)$, $ψ = Δβ exp(-A S_j)$, $η = 1$. Both "
    "features depend on all tokens so far, and grow or shrink exponentially: it is an identity, not an "
    "algorithm.",
    latex=r"\varphi_i^{(c)} = \gamma_i \odot e^{A_c S_{i,c}}, \quad "
    r"\psi_j^{(c)} = \Delta_{j,c}\, \beta_j \odot e^{-A_c S_{j,c}}, \quad \eta = 1, \quad W_v = I",
    source="derived here",
    models=("s6", "separable_attention"),
    notebook="05_linear_attention_and_s6",
)


def without_decay(d: int, n: int, length: int) -> tuple[S6, System, System]:
    """S6 of symbols with D = 0, its system in the basis exp(-A S), and that of the attention."""
    s6, u = with_steps(S6.symbolic(d=d, n=n), length), tokens(length, d)
    s6 = having(s6, D=0 * s6.D)
    log = (np.cumsum(s6.step(u), axis=0)[..., None] * s6.xp.exp(s6.A_log))[:, None]
    return s6, s6.system(u).in_gauge(Gauge(log, np.ones_like(log))), s6_as_attention(s6, u).system(u)


@claim.step(
    "$log Λ_i = log t_{i-1} - log t_i$ with $log t_i = (diag S_i ⊗ I) diag(vec a)$: any sizes", "Kronecker"
)
def basis_of_any_size():
    transition = S6.symbolic(d=3, n=2).system(tokens(3, 3)).transition
    step, rate = diagonal(transition.step[1, 0], "Delta_i"), diagonal(transition.rate[0, 0], "a")
    before, delta = (sp.MatrixSymbol(name, SIZE_D, SIZE_D) for name in ("S", "Delta_i"))
    now = KroneckerProduct(before + delta, EYE_N).expand(kroneckerproduct=True) * rate
    yield now - step * rate, KroneckerProduct(before, EYE_N) * rate


@claim.step("In the basis $t$ the matrices are those of attention: 3 heads, 2 states, 3 tokens", "identity")
def matrices_of_the_heads():
    _, system, attention = without_decay(3, 2, 3)
    yield from same(system, attention, first=1)


@claim.step("At all times $Λ_i ⋯ Λ_{j+1} = t_j/t_i$, with $S_i = S_{i-1} + Δ_i$", "induction")
def basis_at_all_times():
    s6, system, _ = without_decay(2, 2, 3)
    steps, Lambda = s6.step(None), system.in_gauge(None).Lambda
    for c, s in product(range(2), range(2)):
        S, rate = sp.Function(f"S_{c}"), sp.exp(s6.A_log[c, s])
        decay, delta = (at_time(part, [steps], 2) for part in (Lambda[2, 2 * c + s, 2 * c + s], steps[2, c]))
        for left, right in induction(sp.exp(-rate * (S(I) - S(J))), decay):
            yield left.subs(S(I - 1), S(I) - delta), right


def heads_residual(s6: S6, length: int = 6) -> float:
    """How far the kernel of S6 is from that of the attention."""
    u = np.random.default_rng(3).standard_normal((length, s6.d))
    return relative(s6_as_attention(s6, u).kernel(u), s6.kernel(u))


@claim.numbers("Random S6 of several sizes, over lengths at which the features fit in floating point")
def random_heads(rng):
    return [
        heads_residual(having(S6.random(d=d, n=n, seed=int(rng.integers(1000))), D=np.zeros(d)), length)
        for d, n, length in ((2, 3, 6), (4, 2, 10), (3, 1, 8))
    ]


claim.hypothesis(
    "nothing passes by the state",
    "D = 0",
    violation=lambda s6: np.max(np.abs(s6.D)),
    holds=lambda: having(S6.random(d=3, n=2), D=np.zeros(3)),
    dropped=lambda: S6.random(d=3, n=2),
)(heads_residual)
