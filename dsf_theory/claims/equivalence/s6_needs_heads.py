"""The claim ``s6-needs-heads``: S6 is in general no attention with fewer heads than channels."""

from itertools import combinations, product

import numpy as np
import sympy as sp
from sympy.matrices.expressions.kronecker import KroneckerProduct

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.reading import (
    EYE_D,
    SIZE_D,
    SIZE_N,
    drawn,
    having,
    heads_needed,
    kronecker,
    rearranged,
    tokens,
    with_steps,
)
from dsf_theory.models import S6, SeparableAttention
from dsf_theory.models.selective import inverse_softplus
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="s6-needs-heads",
    title="S6 is in general no attention with fewer heads than channels.",
    statement="One head of attention has a kernel $P_ij W$, one number times one matrix: the rearranged matrix with "
    "rows $vec Φ_ij$ has rank one. That of S6 has rank $d$ for weights in general position; with $D = 0$, "
    "and $β$ and $γ$ in general position, it has rank one exactly where $Δ_i[c] a[c, s]$ does not depend on "
    "the channel.",
    latex=r"\Phi_{ij} = P_{ij} W \iff \Delta_{i,c}\, a_{c,s} \;\text{does not depend on}\; c",
    source="derived here",
    models=("s6", "separable_attention", "linear_attention", "ssd", "qlstm"),
    notebook="05_linear_attention_and_s6",
)


@claim.step("One head: $C_i Λ_i B_j = (φ_iᵀψ_j/η_i) W$, at any sizes", "Kronecker")
def one_head():
    eta = symbols("eta", (2,), positive=True)[:, None]
    system = SeparableAttention.symbolic(d=2, n=2, eta=lambda u: eta).system(tokens(2, 2))
    now, before = kronecker(system, 1), kronecker(system, 0, mark="j")
    phi, psi = sp.MatrixSymbol("c_i", SIZE_N, 1), sp.MatrixSymbol("b_j", SIZE_N, 1)
    W = sp.MatrixSymbol("X", SIZE_D, SIZE_D)
    yield now.C * now.Lambda * before.B, KroneckerProduct(EYE_D, phi.T * psi) * W / eta[1, 0]


@claim.step("So all minors of two rows and two columns of the rearranged kernel vanish", "identity")
def rank_one():
    phi, psi = (symbols(name, (2, 1, 2)) for name in ("phi", "psi"))
    model = SeparableAttention.symbolic(
        d=2, n=2, phi=lambda q: phi, psi=lambda k: psi, eta=lambda u: symbols("eta", (2, 1))
    )
    matrix = rearranged(model.system(tokens(2, 2)).product_kernel())
    for rows, columns in product(combinations(range(3), 2), combinations(range(4), 2)):
        (a, b), (c, e) = matrix[np.ix_(rows, columns)]
        yield a * e, b * c


@claim.step(
    "If $Δ_i[c] = ρ_c Δ_i$ and $a[c, s] = α_s/ρ_c$ then S6 is one head with $W_v = diag(ρ)$", "identity"
)
def enough():
    model, u = with_steps(S6.symbolic(d=3, n=2), 3), tokens(3, 3)
    rho, alpha, delta = (
        symbols(name, (size,), positive=True) for name, size in (("rho", 3), ("alpha", 2), ("t", 3))
    )
    model.step = lambda u: delta[:, None] * rho
    s6 = having(model, A_log=model.xp.log(alpha / rho[:, None]), D=0 * model.D)
    S = np.cumsum(delta)[:, None, None]
    attention = SeparableAttention(
        W_q=s6.W_C,
        W_k=s6.W_B,
        W_v=np.diag(rho) + sp.S.Zero,
        phi=lambda q: q * s6.xp.exp(-alpha * S),
        psi=lambda k: k * delta[:, None, None] * s6.xp.exp(alpha * S),
        eta="one",
    )
    yield s6.kernel(u), attention.kernel(u)


def carried(d: int, n: int) -> tuple[S6, np.ndarray]:
    """S6 of symbols with D = 0 that reads γ_i and β_i off the first coordinates of its two tokens."""
    s6, eye = with_steps(S6.symbolic(d=d, n=n), 2), np.eye(d, dtype=int) + sp.S.Zero
    return having(s6, W_C=eye[:n], W_B=eye[n : 2 * n], D=0 * s6.D), tokens(2, d)


@claim.step("Rank one at $i = j$: the ratio of two channels' steps is the same at all times", "identity")
def at_one_time():
    s6, u = carried(4, 2)
    phi, delta, dot = s6.kernel(u), s6.step(u), [u[j, :2] @ u[j, 2:4] for j in range(2)]
    minor = phi[0, 0, 0, 0] * phi[1, 1, 1, 1] - phi[0, 0, 1, 1] * phi[1, 1, 0, 0]
    yield minor, dot[0] * dot[1] * (delta[0, 0] * delta[1, 1] - delta[0, 1] * delta[1, 0])


@claim.step("Rank one at $i = j + 1$ and any $γ_i$: two channels decay alike in every state", "calculus")
def one_step_later():
    s6, u = carried(4, 2)
    phi, delta, decay = s6.kernel(u), s6.step(u), np.diag(s6.system(u).Lambda[1]).reshape(4, 2)
    minor = phi[1, 0, 0, 0] * phi[0, 0, 1, 1] - phi[1, 0, 1, 1] * phi[0, 0, 0, 0]
    weight = delta[0, 0] * delta[0, 1] * (u[0, :2] @ u[0, 2:4])
    for s in range(2):
        yield sp.diff(minor, u[1, s]), weight * u[0, 2 + s] * (decay[0, s] - decay[1, s])


@claim.numbers("As many heads as S6 and the quasi-LSTM have channels, as attention and SSD have heads")
def ranks(rng):
    found = [heads_needed(drawn(name, rng, d=d, n=2)) - d for name, d in (("s6", 2), ("s6", 4), ("qlstm", 4))]
    for name, heads in product(("linear_attention", "ssd"), (1, 2, 4)):
        model = drawn(name, rng, d=4, n=2, heads=heads, **({"groups": heads} if name == "ssd" else {}))
        found.append(heads_needed(having(model, D=0 * model.D) if name == "ssd" else model) - heads)
    return found


def scaled_channels(spread: float = 0.0, D: float = 0.0) -> S6:
    """S6 with constant steps ρ_c and rates α_s/ρ_c, up to a spread of the rates over the channels."""
    rng, rho, channels = np.random.default_rng(4), np.array([0.3, 0.6, 1.2]), np.arange(3.0)
    rates = np.array([0.5, 1.0]) / rho[:, None] * np.exp(spread * channels[:, None])
    s6 = having(drawn("s6", rng, d=3, n=2), W_delta_up=np.zeros((3, 1)), b_delta=inverse_softplus(rho))
    return having(s6, A_log=np.log(rates), D=D * channels)


def uneven(s6: S6) -> float:
    """How much Δ_i[c] a[c, s] varies over the channels."""
    log = s6.system(np.random.default_rng(6).standard_normal((6, s6.d))).transition.log
    return np.max(np.ptp(log, axis=-2))


@claim.hypothesis(
    "steps times rates do not depend on the channel",
    r"\Delta_{i,c}\, a_{c,s} = \Delta_i\, \alpha_s",
    violation=uneven,
    holds=lambda: scaled_channels(),
    dropped=lambda: scaled_channels(spread=0.5),
)
def more_than_one_head(s6):
    return heads_needed(s6) - 1


claim.hypothesis(
    "nothing passes by the state",
    "D = 0",
    violation=lambda s6: np.max(np.abs(s6.D)),
    holds=lambda: scaled_channels(),
    dropped=lambda: scaled_channels(D=1.0),
)(more_than_one_head)
