"""The claim ``ssd-system``: SSD (Mamba-2) is S6 with one decay for each head."""

import numpy as np
import sympy as sp
from sympy.matrices.expressions.kronecker import KroneckerProduct

from dsf_theory.arrays import Array
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import MATRICES, as_claimed, same
from dsf_theory.claims.reading import (
    EYE_D,
    EYE_N,
    SIZE_D,
    drawn,
    having,
    kronecker,
    tokens,
    with_steps,
    without,
)
from dsf_theory.claims.state_space.selective import (
    as_ssd,
    coefficients,
    furthest,
    softplus,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import S6, SSD

claim = Claim(
    id="ssd-system",
    title="SSD is S6 with one decay for each head.",
    statement="A head has one step and one rate, so its $Λ_i$ is a scalar times the identity. Written is $Δ_i β_i ⊗ "
    "W_x$, read is $γ_i$, where heads share $β$ and $γ$ in groups: head $r$ of $H$ reads group $⌊rG/H⌋$ of "
    "$G$.",
    latex=r"\Lambda_i = e^{-a\Delta_i} I, \quad B_i = \Delta_i\, W_x \otimes \beta_i, \quad "
    r"C_i = I \otimes \gamma_i^\top, \quad D_i = D W_x, \quad \Delta_i = \mathrm{softplus}(w_\Delta^\top u_i + b)",
    source="Dao and Gu 2024 (Mamba-2); derived here as a system of the framework",
    models=("ssd",),
    notebook="03_state_space_models",
)
SSD_SHOWN = {
    "Lambda": r"\mathrm{diag}_r(e^{-a_r \Delta_{i,r}} I)",
    "B": r"\mathrm{stack}_r(\Delta_{i,r}\, W_x^{(r)} \otimes \beta_i^{(\lfloor rG/H \rfloor)})",
    "C": r"\mathrm{diag}_r(I \otimes \gamma_i^{(\lfloor rG/H \rfloor)\top})",
    "D": r"\mathrm{diag}_r(D_r I)\, W_x",
}


def ssd_steps(ssd: SSD, u: Array) -> Array:
    """Δ as claimed, one for each head."""
    bias = 0 if ssd.b_delta is None else ssd.b_delta
    return np.stack([softplus(ssd.xp, ssd.W_delta @ u_i + bias) for u_i in u])


def ssd_claimed(ssd: SSD, u: Array) -> dict[str, list]:
    """Λ_i, B_i, C_i and D_i of SSD as claimed, channel by channel."""
    xp, d, eye, found = ssd.xp, ssd.d, np.eye(ssd.d, dtype=int), {name: [] for name in MATRICES}
    head = [c * ssd.heads // d for c in range(d)]
    group = [r * ssd.groups // ssd.heads for r in head]
    for u_i, delta in zip(u, ssd_steps(ssd, u), strict=True):
        beta, gamma = ((W @ u_i).reshape(ssd.groups, -1) for W in (ssd.W_B, ssd.W_C))
        decay = xp.exp(-xp.exp(ssd.A_log) * delta)[head]
        written = [delta[r] * np.kron(ssd.W_x[[c]], beta[group[c], :, None]) for c, r in enumerate(head)]
        found["Lambda"].append(np.diag(np.repeat(decay, beta.shape[1])))
        found["B"].append(np.concatenate(written))
        found["C"].append(np.stack([np.kron(eye[c], gamma[g]) for c, g in enumerate(group)]))
        found["D"].append(ssd.D[head, None] * ssd.W_x)
    return found


@claim.step("$Δ_i = softplus(W_Δ u_i + b)$, one step a head; no bias is a bias of zero", "identity")
def ssd_step_sizes():
    ssd, u = SSD.symbolic(d=4, n=2, heads=2), tokens(3, 4)
    for model in (ssd, without(ssd, "b_delta")):
        right = r"\mathrm{softplus}(W_\Delta u_i + b)"
        yield Identity(model.step(u), ssd_steps(model, u), shown=(r"\Delta_i", right))


@claim.step("One head: $Λ_i$ a scalar, $B_i = Δ_i W_x ⊗ β_i$ and $C_i = I ⊗ γ_iᵀ$, at any sizes", "Kronecker")
def ssd_at_any_size():
    ssd = with_steps(SSD.symbolic(d=3, n=2, heads=1), 3)
    found, delta, (beta, gamma) = kronecker(ssd.system(tokens(3, 3)), 1), ssd.step(None)[1, 0], coefficients()
    X = sp.MatrixSymbol("X", SIZE_D, SIZE_D)
    decay, column = sp.exp(-sp.exp(ssd.A_log[0]) * delta), {X: KroneckerProduct(X, sp.Identity(1))}
    yield Identity(
        found.Lambda, decay * KroneckerProduct(EYE_D, EYE_N), shown=(r"\Lambda_i", r"e^{-a\Delta_i} I")
    )
    spread = (r"B_i", r"\Delta_i (I \otimes \beta_i)\, W_x"), (r"B_i", r"\Delta_i\, W_x \otimes \beta_i")
    yield Identity(found.B, delta * KroneckerProduct(EYE_D, beta) * X, shown=spread[0])
    yield Identity(found.B.xreplace(column), delta * KroneckerProduct(X, beta), shown=spread[1])
    yield Identity(found.C, KroneckerProduct(EYE_D, gamma.T), shown=("C_i", r"I \otimes \gamma_i^\top"))


@claim.step("Many heads, entry by entry: 4 heads of 2 channels in 2 groups, 3 states", "identity")
def ssd_entries():
    ssd, u = SSD.symbolic(d=8, n=3, heads=4, groups=2), tokens(3, 8)
    yield from as_claimed(ssd.system(u), ssd_claimed(ssd, u), SSD_SHOWN)


@claim.step("S6 with one step and rate for all channels is SSD with one head and $W_x = I$", "identity")
def ssd_from_s6():
    s6, u, first = S6.symbolic(d=3, n=2, r=1), tokens(3, 3), [0, 0, 0]
    shared = {"b_delta": s6.b_delta[first], "D": s6.D[first], "A_log": s6.A_log[first][:, [0, 0]]}
    s6 = having(s6, W_delta_up=np.full((3, 1), sp.S.One), **shared)
    yield from same(s6.system(u), as_ssd(s6, s6.W_delta_down, s6.A_log[0, :1]).system(u), ("S6", "SSD"))


def ssd_residual(ssd: SSD) -> list[float]:
    """How far the matrices and the output of SSD are from what is claimed."""
    u = np.random.default_rng(4).standard_normal((5, ssd.d))
    return furthest(ssd, u, ssd_claimed(ssd, u))


@claim.numbers("Random SSD of several heads and groups: its matrices, and its output by a plain loop")
def ssd_random(rng):
    found = []
    for d, n, heads, groups in ((2, 3, 1, 1), (8, 2, 4, 2), (6, 2, 3, 3)):
        ssd = drawn("ssd", rng, d=d, n=n, heads=heads, groups=groups)
        found += [*ssd_residual(ssd), ssd.system(np.ones((1, d))).N - d * n]
    return found


def spread_of_decays(ssd: SSD) -> float:
    """How far Λ_i is from a scalar times the identity."""
    u = np.random.default_rng(4).standard_normal((5, ssd.d))
    decay = np.diagonal(ssd.system(u).Lambda, axis1=-2, axis2=-1)
    return np.max(np.ptp(decay, axis=-1))


claim.hypothesis(
    "there is one head",
    r"H = 1",
    violation=lambda ssd: ssd.heads - 1,
    holds=lambda: drawn("ssd", np.random.default_rng(5), d=4, n=2, heads=1),
    dropped=lambda: drawn("ssd", np.random.default_rng(5), d=4, n=2, heads=2),
)(spread_of_decays)
