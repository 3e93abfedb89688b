"""The claim ``lru-is-s5``: the LRU is S5, discretised once and for all."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative, same
from dsf_theory.claims.reading import (
    having,
    tokens,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.vanish import numerator
from dsf_theory.models import LRU, S5
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="lru-is-s5",
    title="The LRU is S5, discretised once and for all.",
    statement="The LRU with $λ = e^{AΔ}$, $γB$ in place of $b̄B$ and $2C$ in place of $C$ is S5 with zero-order hold: "
    "$e^ν$ is $-Re AΔ$ and $e^θ$ is $Im AΔ$. Every LRU is such an S5, and every S5 with poles in the upper "
    "left quadrant such an LRU.",
    latex=r"\nu = \log(-\operatorname{Re} A\Delta), \quad \theta = \log(\operatorname{Im} A\Delta), \quad "
    r"e^{\gamma} B_{\mathrm{LRU}} = \tfrac{e^{A\Delta} - 1}{A} B_{\mathrm{S5}}, \quad "
    r"C_{\mathrm{LRU}} = 2 C_{\mathrm{S5}}",
    source="derived here; LRU: Orvieto et al. 2023",
    models=("lru", "s5"),
    notebook="03_state_space_models",
)


def as_lru(s5: S5, gamma_log: np.ndarray) -> LRU:
    """The LRU with the poles of S5 and factors γ of our choice."""
    xp, log = s5.xp, s5.A * s5.delta
    held = (xp.exp(log) - 1) / s5.A
    return LRU(
        nu_log=xp.log(-xp.real(log)),
        theta_log=xp.log(xp.abs(xp.imag(log))),
        gamma_log=gamma_log,
        B=(held / xp.exp(gamma_log))[:, None] * s5.B,
        C=2 * s5.C,
        D=s5.D,
    )


def from_lru(model: LRU) -> S5:
    """The S5 with steps of one that an LRU is."""
    xp = model.xp
    A = -xp.exp(model.nu_log) + xp.imaginary * xp.exp(model.theta_log)
    B = (xp.exp(model.gamma_log) * A / (xp.exp(A) - 1))[:, None] * model.B
    return S5(A=A, B=B, C=model.C / 2, delta=xp.ones_like(model.nu_log), D=model.D)


@claim.step("Every S5 with poles $-σ + jω$ is an LRU", "identity")
def s5_as_lru():
    sigma, omega = (symbols(name, (3,), positive=True) for name in ("sigma", "omega"))
    s5, u = having(S5.symbolic(d=2, n=3), A=-sigma + sp.I * omega), tokens(2, 2)
    left, right = as_lru(s5, symbols("gamma", (3,))).system(u), s5.system(u)
    yield from same(left, right, by=numerator)
    left, right = (replace(system, real_part=False) for system in (left, right))
    yield Identity(left.kernel(), right.kernel(), by=numerator)


@claim.step("Every LRU is an S5 with steps of one", "identity")
def lru_as_s5():
    model, u = LRU.symbolic(d=2, n=3), tokens(2, 2)
    yield from same(from_lru(model).system(u), model.system(u))


def lru_residual(s5: S5) -> float:
    """How far S5 is from the LRU."""
    u = np.ones((8, s5.d))
    return relative(as_lru(s5, np.zeros(len(s5.A))).kernel(u), s5.kernel(u))


def poles(rule: str = "zoh", angle: float = 1.0, seed: int = 1) -> S5:
    """S5 with long steps and poles above the real axis, or below for a negative angle."""
    s5 = S5.random(d=2, n=3, seed=seed, rule=rule)
    return having(s5, A=-0.5 + 1j * angle * np.arange(1, 4), delta=np.linspace(0.3, 0.6, 3))


@claim.numbers("Random S5 as LRU, random LRU as S5")
def both_ways(rng):
    seed, u = int(rng.integers(1000)), rng.standard_normal((12, 2))
    model = LRU.random(d=2, n=4, seed=seed)
    return [lru_residual(poles(seed=seed)), relative(from_lru(model).output(u), model.output(u))]


claim.hypothesis(
    "S5 is discretised by zero-order hold",
    r"\bar a = e^{a\Delta}",
    violation=lambda s5: np.diag(s5.system(np.ones((2, 2))).Lambda[1]) - np.exp(s5.A * s5.delta),
    holds=lambda: poles("zoh"),
    dropped=lambda: poles("bilinear"),
)(lru_residual)

claim.hypothesis(
    "the poles lie above the real axis, where $e^θ$ reaches",
    r"\operatorname{Im} A > 0",
    violation=lambda s5: np.maximum(-s5.A.imag, 0),
    holds=lambda: poles(angle=1.0),
    dropped=lambda: poles(angle=-1.0),
)(lru_residual)
