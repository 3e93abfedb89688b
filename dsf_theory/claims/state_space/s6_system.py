"""The claim ``s6-system``: S6 (Mamba) is a system whose decays differ by channel and state."""

from itertools import product

import numpy as np
import sympy as sp
from sympy.matrices.expressions.kronecker import KroneckerProduct

from dsf_theory.arrays import Array
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import as_claimed
from dsf_theory.claims.reading import (
    EYE_D,
    EYE_N,
    SIZE_D,
    SIZE_N,
    diagonal,
    drawn,
    kronecker,
    tokens,
    with_steps,
    without,
)
from dsf_theory.claims.state_space.selective import (
    coefficients,
    furthest,
    softplus,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import S6

claim = Claim(
    id="s6-system",
    title="S6 is a system of the framework whose decays differ by channel and state.",
    statement="The decays are $exp(Δ_i A)$, written is $Δ_i ⊗ β_i$ and read is $γ_i$, where $Δ_i$, $β_i$ and $γ_i$ "
    "are functions of the token alone. Step and write are coupled: a channel with a large step forgets more "
    "and writes more.",
    latex=r"\Lambda_i = \mathrm{diag}(\mathrm{vec}\,e^{\Delta_i A}), \; B_i = \mathrm{diag}(\Delta_i) \otimes \beta_i, "
    r"\; C_i = I \otimes \gamma_i^\top, \; \Delta_i = \mathrm{softplus}(W_\uparrow W_\downarrow u_i + b)",
    source="Gu and Dao 2023 (Mamba), algorithm 2; as a system: after Sieber et al. 2024",
    models=("s6",),
    notebook="03_state_space_models",
)
S6_SHOWN = {
    "Lambda": r"\mathrm{diag}(\mathrm{vec}\, e^{-\Delta_i \exp(A_{\log})})",
    "B": r"\mathrm{diag}(\Delta_i) \otimes W_B u_i",
    "C": r"I_d \otimes (W_C u_i)^\top",
    "D": r"\mathrm{diag}(D)",
}


def s6_steps(s6: S6, u: Array) -> Array:
    """Δ as claimed."""
    bias = 0 if s6.b_delta is None else s6.b_delta
    return np.stack([softplus(s6.xp, s6.W_delta_up @ (s6.W_delta_down @ u_i) + bias) for u_i in u])


def s6_claimed(s6: S6, u: Array) -> dict[str, list]:
    """Λ_i, B_i, C_i and D_i of S6 as claimed."""
    xp, eye = s6.xp, np.eye(s6.d, dtype=int)
    A, delta = -xp.exp(s6.A_log), s6_steps(s6, u)
    return {
        "Lambda": [np.diag(xp.exp(step[:, None] * A).ravel()) for step in delta],
        "B": [np.kron(np.diag(step), (s6.W_B @ u_i)[:, None]) for step, u_i in zip(delta, u, strict=True)],
        "C": [np.kron(eye, (s6.W_C @ u_i)[None]) for u_i in u],
        "D": [np.diag(s6.D) for _ in u],
    }


@claim.step("$Δ_i = softplus(W_up W_down u_i + b)$, one a channel; no bias is a bias of zero", "identity")
def s6_step_sizes():
    s6, u = S6.symbolic(d=3, n=2, r=2), tokens(3, 3)
    for model in (s6, without(s6, "b_delta")):
        right = r"\mathrm{softplus}(W_\uparrow W_\downarrow u_i + b)"
        yield Identity(model.step(u), s6_steps(model, u), shown=(r"\Delta_i", right))


@claim.step("$log Λ_i = (diag(Δ_i) ⊗ I) diag(vec A)$, at any numbers of channels and states", "Kronecker")
def s6_decays():
    transition = S6.symbolic(d=3, n=2).system(tokens(3, 3)).transition
    step, rate = diagonal(transition.step[1, 0], "Delta_i"), diagonal(transition.rate[0, 0], "A")
    delta, A = (
        sp.MatrixSymbol(name, size, size) for name, size in (("Delta_i", SIZE_D), ("A", SIZE_D * SIZE_N))
    )
    shown = (r"\log \Lambda_i", r"(\Delta_i \otimes I)\, \mathrm{diag}(\mathrm{vec}\, A)")
    yield Identity(step * rate, KroneckerProduct(delta, EYE_N) * A, shown=shown)


@claim.step("$B_i = diag(Δ_i) ⊗ β_i = (I ⊗ β_i) diag(Δ_i)$ and $C_i = I ⊗ γ_iᵀ$, at any sizes", "Kronecker")
def s6_at_any_size():
    found = kronecker(S6.symbolic(d=3, n=2).system(tokens(3, 3)), 1)
    delta, (beta, gamma) = sp.MatrixSymbol("Delta_i", SIZE_D, SIZE_D), coefficients()
    spread = KroneckerProduct(EYE_D, beta) * KroneckerProduct(delta, sp.Identity(1))
    yield Identity(found.B, KroneckerProduct(delta, beta), shown=("B_i", r"\Delta_i \otimes \beta_i"))
    yield Identity(found.B, spread, shown=("B_i", r"(I \otimes \beta_i)\, \Delta_i"))
    yield Identity(found.C, KroneckerProduct(EYE_D, gamma.T), shown=("C_i", r"I \otimes \gamma_i^\top"))


@claim.step("The model's matrices are these, entry by entry: 3 channels, 2 states, 3 tokens", "identity")
def s6_entries():
    s6, u = S6.symbolic(d=3, n=2, r=2), tokens(3, 3)
    yield from as_claimed(s6.system(u), s6_claimed(s6, u), S6_SHOWN)


@claim.step("Zero-order hold writes $∫ exp(Aτ) dτ β_i$ over a step, all else is the same", "calculus")
def s6_held():
    u, (a, delta, tau) = tokens(2, 3), sp.symbols("a Delta tau", positive=True)
    euler, held = (with_steps(S6.symbolic(d=3, n=2, b_rule=rule), 2) for rule in ("euler", "zoh"))
    over_a_step, steps, system = sp.integrate(sp.exp(-a * tau), (tau, 0, delta)), held.step(u), held.system(u)
    for i, c, s in product(range(2), range(3), range(2)):
        written = over_a_step.subs({a: sp.exp(held.A_log[c, s]), delta: steps[i, c]}) * (held.W_B @ u[i])[s]
        claimed = written * np.eye(3, dtype=int)[c]
        right = r"\int_0^{\Delta_i} e^{A\tau} d\tau\, \beta_i"
        yield Identity(system.B[i, 2 * c + s], claimed, sp.expand, (r"B_i", right))
    for name in ("Lambda", "C", "D"):
        yield getattr(system, name), getattr(euler.system(u), name)


def s6_residual(s6: S6) -> list[float]:
    """How far the matrices and the output of S6 are from what is claimed."""
    u = np.random.default_rng(2).standard_normal((5, s6.d))
    return furthest(s6, u, s6_claimed(s6, u))


@claim.numbers("Random S6 of several sizes: its matrices, and its output by a plain loop")
def s6_random(rng):
    sizes = ({"d": 2, "n": 3}, {"d": 4, "n": 2, "r": 3}, {"d": 3, "n": 1, "r": 2})
    return [s6_residual(drawn("s6", rng, **size)) for size in sizes]


def off_euler(s6: S6) -> float:
    """How far B over β is from Δ, at every channel and state."""
    u = np.random.default_rng(2).standard_normal((5, s6.d))
    written = s6.system(u).B.reshape(5, s6.d, -1, s6.d).sum(axis=-1) / (u @ s6.W_B.T)[:, None, :]
    return np.max(np.abs(written - s6_steps(s6, u)[..., None]))


claim.hypothesis(
    "the write is Euler's, as in the released code",
    r"\bar B = \Delta B",
    violation=off_euler,
    holds=lambda: drawn("s6", np.random.default_rng(3), d=2, n=3, b_rule="euler"),
    dropped=lambda: drawn("s6", np.random.default_rng(3), d=2, n=3, b_rule="zoh"),
)(s6_residual)
