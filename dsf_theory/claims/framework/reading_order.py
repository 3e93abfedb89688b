"""The claim ``reading-order``: reading before the write is another output matrix."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.framework.causal_basis import singular, system_of
from dsf_theory.claims.letters import any_matrices
from dsf_theory.system import System, forms
from dsf_theory.system.symbolic import symbols
from dsf_theory.system.transition import Diagonal

claim = Claim(
    id="reading-order",
    title="Reading before the write is another output matrix.",
    statement="Control theory reads the state before it is written. A system of the framework is such a system with "
    "$C_i Λ_i$ and $C_i B_i + D_i$; the way back, $C_i Λ_i^{-1}$, needs every $Λ_i$ invertible. So RWKV-5 "
    "and 6, which read first and add a bonus $β$ for the current token, are within the framework, with $D = "
    "0$ where $β = 1/w$.",
    latex=r"y_i = (C_i \Lambda_i)\, h_{i-1} + (C_i B_i + D_i)\, u_i",
    source="derived here; RWKV: Peng et al. 2023",
    models=("s6", "qlstm"),
    notebook="01_the_framework",
)


def read_before(system: System, C: np.ndarray, D: np.ndarray) -> np.ndarray:
    """``y_i = C_i h_{i-1} + D_i u_i`` of the states of a system of any sizes, (length,)."""
    length = system.length
    states = forms.loop(system.xp, system.transition, system.drive)[:, 0, 0, 0]
    before = [sp.S.Zero, *states[:-1]]
    return np.array([C[i] * before[i] + D[i] * system.u[i, 0] for i in range(length)], dtype=object)


@claim.step("Read after the write is $C_i Λ_i$ read before it, and $C_i B_i$ more at once", "matrices")
def to_control():
    system = any_matrices(5)
    Lambda, B, C, D = (part[:, 0, 0] for part in (system.Lambda, system.B, system.C, system.D))
    yield read_before(system, C * Lambda, C * B + D), system.recurrent()[:, 0]


@claim.step("The way back: $C_i Λ_i⁻¹$ read after the write, and as much less at once", "matrices")
def from_control():
    system = any_matrices(5)
    Lambda, B, C, D = (part[:, 0, 0] for part in (system.Lambda, system.B, system.C, system.D))
    after = C / Lambda
    changed = replace(system, read=after.reshape(5, 1, 1, 1), skip=(D - after * B).reshape(5, 1, 1))
    yield changed.recurrent()[:, 0], read_before(system, C, D)


def rwkv(w: np.ndarray, r: np.ndarray, k: np.ndarray, beta: np.ndarray, u: np.ndarray) -> System:
    """RWKV of one channel: what reads h_{i-1} and the bonus β ⊙ k_i u_i by r_i, as a system that reads h_i."""
    log, write, read = (part[:, None, None] for part in (np.frompyfunc(sp.log, 1, 1)(w), k, r / w))
    skip = (r * beta * k - r / w * k).sum(axis=1)[:, None, None]
    return System(u=u, transition=Diagonal(log), write=write, read=read, skip=skip)


@claim.step("RWKV: $C = r/w$ and $D = rᵀ(β ⊙ k) - (r/w)ᵀ k$, which is zero where $β = 1/w$", "identity")
def bonus():
    w, r, k, beta = (symbols(name, (3, 2), positive=True) for name in ("w", "r", "k", "beta"))
    u, h, y = symbols("u", (3, 1)), np.zeros(2, dtype=int), []
    for i in range(3):
        y.append(r[i] @ (h + beta[i] * k[i] * u[i]))
        h = w[i] * h + k[i] * u[i]
    yield rwkv(w, r, k, beta, u).recurrent()[:, 0], np.array(y)
    yield rwkv(w, r, k, 1 / w, u).D, np.zeros((3, 1, 1), dtype=int)


def order_residual(case: tuple[str, float]) -> float:
    """How far the way back is from reading first; a transition that is singular is inverted as far as it goes."""
    system = system_of(case)
    h, first, back = np.zeros(system.N), [], []
    for Lambda, B, C, D, u in zip(system.Lambda, system.B, system.C, system.D, system.u, strict=True):
        after = C @ np.linalg.pinv(Lambda, rcond=1e-14)
        first.append(C @ h + D @ u)
        h = Lambda @ h + B @ u
        back.append(after @ h + (D - after @ B) @ u)
    return np.max(np.abs(np.array(back) - first))


@claim.numbers("S6 and the quasi-LSTM, read first and read last")
def both_orders(rng):
    return [order_residual(("s6", 0.0)), order_residual(("qlstm", rng.uniform(-1, 1)))]


claim.hypothesis(
    "every transition is invertible",
    r"\det \Lambda_i \ne 0",
    violation=singular,
    holds=("qlstm", 0.5),
    dropped=("qlstm", -800.0),
)(order_residual)
