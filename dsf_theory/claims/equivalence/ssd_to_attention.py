"""The claim ``ssd-to-attention``: SSD is separable attention."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative, same
from dsf_theory.claims.reading import (
    I,
    J,
    at_time,
    drawn,
    having,
    heads_needed,
    induction,
    kronecker,
    tokens,
    with_steps,
)
from dsf_theory.claims.state_space.selective import coefficients
from dsf_theory.claims.statement import Identity
from dsf_theory.models import SSD
from dsf_theory.models.rewriting import ssd_as_attention
from dsf_theory.system import System

claim = Claim(
    id="ssd-to-attention",
    title="SSD is separable attention.",
    statement="With $φ = γ$, a normaliser $η$ that grows as $exp(a Σ_k Δ_k)$, $ψ = ηΔβ$ and $W_v = W_x$, separable "
    "attention has the matrices of SSD, in the basis of the paper. The normaliser, kept in $ψ$ as $η_j$, is "
    "what forgets; it depends on all tokens so far.",
    latex=r"\varphi_i = \gamma_i, \quad \eta_i = e^{a \sum_{k \le i} \Delta_k}, \quad "
    r"\psi_i = \eta_i \Delta_i \beta_i, \quad W_v = W_x",
    source="derived here; the duality: Dao and Gu 2024",
    models=("ssd", "separable_attention"),
    notebook="05_linear_attention_and_s6",
)


def dual(d: int, n: int, length: int) -> tuple[SSD, System, System]:
    """SSD of symbols with one head and D = 0, its system and that of the attention."""
    ssd, u = with_steps(SSD.symbolic(d=d, n=n, heads=1), length), tokens(length, d)
    ssd = having(ssd, D=0 * ssd.D)
    return ssd, ssd.system(u), ssd_as_attention(ssd, u).system(u)


@claim.step("$Λ_i$, $B_i$ and $C_i$ are those of attention, at any sizes", "Kronecker")
def dual_at_any_size():
    _, system, attention = dual(3, 2, 3)
    return same_at_any_size(system, attention)


def same_at_any_size(left: System, right: System):
    """Λ_i, B_i and C_i of two systems; what is written differs by one factor."""
    found, claimed, beta = kronecker(left, 2), kronecker(right, 2), coefficients()[0]
    factor = right.write[2, 0, 0] / left.write[2, 0, 0]
    written = claimed.B.xreplace({beta: factor[0] * beta})
    yield Identity(one_scalar(found.Lambda), one_scalar(claimed.Lambda))
    yield Identity(one_scalar(found.B), one_scalar(written))
    yield Identity(found.C, claimed.C)
    yield factor, np.broadcast_to(factor[:1], factor.shape)


def one_scalar(matrix: sp.MatrixExpr) -> sp.MatrixExpr:
    """A matrix expression with its scalar factors multiplied out."""
    scalar, matrices = matrix.doit().as_coeff_matrices()
    return sp.expand(scalar) * sp.MatMul(*matrices)


@claim.step("All four matrices entry by entry: 3 channels, 2 states, 4 tokens", "identity")
def dual_entries():
    _, system, attention = dual(3, 2, 4)
    yield from same(system, attention, first=1)


@claim.step("At all times: $η_i = e^{aΔ_i} η_{i-1}$, so $Λ_i ⋯ Λ_{j+1} = η_j/η_i$", "induction")
def all_times():
    ssd, system, attention = dual(2, 2, 3)
    steps, log, eta = ssd.step(None), attention.output_gain.log[:, 0, 0, 0], sp.Function("eta")
    growth, earlier = (at_time(sp.exp(sp.expand(log[k - 1] - log[k])), [steps], k) for k in (2, 1))
    yield earlier, growth
    decay = at_time(system.Lambda[2, 0, 0], [steps], 2)
    for left, right in induction(eta(J) / eta(I), decay):
        yield left.subs(eta(I - 1), eta(I) / growth), right


def dual_residual(ssd: SSD, length: int = 6) -> list[float]:
    """How far the matrices and the kernel of SSD are from those of the attention."""
    u = np.random.default_rng(6).standard_normal((length, ssd.d))
    left, right = ssd.system(u), ssd_as_attention(ssd, u).system(u)
    matrices = [relative(getattr(left, name)[1:], getattr(right, name)[1:]) for name in ("Lambda", "B", "C")]
    return [*matrices, relative(left.kernel(), right.product_kernel())]


def no_feedthrough(share: float = 0.0, heads: int = 1) -> SSD:
    """SSD with some of its feedthrough left."""
    ssd = drawn("ssd", np.random.default_rng(7), d=4, n=2, heads=heads)
    return having(ssd, D=share * ssd.D)


@claim.numbers("Random SSD: the matrices and the kernel")
def random_duals(rng):
    found = []
    for d, n, length in ((2, 3, 6), (4, 2, 12), (3, 1, 9)):
        ssd = drawn("ssd", rng, d=d, n=n, heads=1)
        found += dual_residual(having(ssd, D=0 * ssd.D, A_log=ssd.A_log - 2), length)
    return found


claim.hypothesis(
    "nothing passes by the state",
    "D = 0",
    violation=lambda ssd: np.max(np.abs(ssd.D)),
    holds=lambda: no_feedthrough(),
    dropped=lambda: no_feedthrough(share=1.0),
)(dual_residual)

claim.hypothesis(
    "SSD has no more heads than the attention, here one",
    "H = 1",
    violation=lambda ssd: ssd.heads - 1,
    holds=lambda: no_feedthrough(heads=1),
    dropped=lambda: no_feedthrough(heads=2),
)(lambda ssd: heads_needed(ssd) - 1)
