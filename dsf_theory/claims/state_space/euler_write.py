"""The claim ``euler-write``: where a constant input leads, and what Euler's write gives up."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    having,
    tokens,
)
from dsf_theory.claims.state_space.equations import (
    any_size,
    exponentials,
    logarithms,
    series,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.vanish import numerator
from dsf_theory.models import S4D, S6
from dsf_theory.models.ssm import RULES
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="euler-write",
    title="Euler's write makes the steady state depend on the step.",
    statement="A constant input drives $ḣ = -a h + β u$ to $β u / a$. Zero-order hold and the bilinear rule keep this "
    "steady state at every step $Δ$. Euler's write $Δ β$, which S6 has beside the exact decay, multiplies "
    "it by $aΔ / (1 - e^{-aΔ})$, which grows with $Δ$ without bound.",
    latex=r"\frac{\bar b}{1 - e^{-a\Delta}} = \frac{\beta}{a} \text{ (held)}, \qquad "
    r"\frac{\Delta\beta}{1 - e^{-a\Delta}} = \frac{a\Delta}{1 - e^{-a\Delta}} \cdot \frac{\beta}{a} \text{ (Euler)}",
    source="the released code of Mamba (Gu and Dao 2023); the steady state is derived here",
    models=("s6", "s4d", "s4"),
    notebook="03_state_space_models",
)


def at_rest(b_rule: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The steady state of S6, that of its differential equation, and aΔ; entry by entry, for Δ constant in time."""
    a, delta, u = symbols("a", (2, 3), positive=True), symbols("Delta", (2,), positive=True), tokens(2, 2)
    model = having(S6.symbolic(d=2, n=3, b_rule=b_rule), A_log=logarithms(a))
    model.step = lambda u: np.broadcast_to(delta, u.shape)
    system = model.system(u)
    steady = system.B[1] @ u[1] / (1 - np.diag(system.Lambda[1]))
    return steady, resting(model, u[1], a), np.ravel(a * delta[:, None])


def resting(model: S6, u: np.ndarray, a: np.ndarray) -> np.ndarray:
    """``u_c β_s / a_cs``, where ``-a h + β u = 0``, (N,)."""
    return np.ravel(np.outer(u, model.W_B @ u) / a)


@claim.step("S6 with zero-order hold: $h = β u / a$, whatever $Δ$", "identity")
def held_write():
    steady, exact, _ = at_rest("zoh")
    yield Identity(steady, exact, by=numerator)


@claim.step("S6 with Euler's write: $aΔ / (1 - e^{-aΔ})$ times as much", "identity")
def euler_write():
    steady, exact, z = at_rest("euler")
    yield Identity(steady, z / (1 - exponentials(-z)) * exact, by=numerator)


@claim.step("The factor is $1 + aΔ/2$ for small steps and $aΔ$ for large ones", "limit")
def small_and_large_steps():
    steady, exact, z = (part[0] for part in at_rest("euler"))
    factor, step = sp.cancel(steady / exact), sp.Symbol("Delta_0", positive=True)
    shown = r"\lim_{\Delta \to 0} \frac{a\Delta}{1 - e^{-a\Delta}}", "1"
    yield Identity(sp.limit(factor, step, 0), 1, shown=shown)
    yield sp.limit((factor - 1) / z, step, 0), sp.Rational(1, 2)
    yield sp.limit(factor / z, step, sp.oo), 1


@claim.step(
    "S4D by both rules: $b̄ / (1 - ā) = -b / a$; S4, $A$ and $B$ of any size: $B̄ = (Ā - I) A⁻¹ B$", "matrices"
)
def constant_models():
    for rule in RULES:
        model = S4D.symbolic(d=1, n=2, rule=rule)
        system = model.system(tokens(1, 1))
        yield Identity(system.B[0] / (1 - system.Lambda[0]), -model.B / model.A, by=numerator)
    A, B = sp.symbols("A B", commutative=False)
    system = any_size("zoh", series(5)).system(tokens(2, 2))
    yield np.diag(system.B[1]), (np.diag(system.Lambda[1]) - 1) * A**-1 * B


def wide_steps(b_rule: str, seed: int = 0) -> S6:
    """S6 with steps Δ about one."""
    return having(S6.random(d=3, n=4, seed=seed, b_rule=b_rule), b_delta=np.zeros(3))


def far_from_rest(model: S6) -> float:
    """How far the state after 600 steps of one input is from where the differential equation rests."""
    u = np.ones((600, 3))
    return relative(model.system(u).states()[-1], resting(model, u[0], np.exp(model.A_log)))


@claim.numbers("S6 with zero-order hold after 600 steps of one input")
def after_a_while(rng):
    return [far_from_rest(wide_steps("zoh", int(rng.integers(1000)))) for _ in range(3)]


def not_held(model: S6) -> np.ndarray:
    """How far what S6 writes is from what a held input writes, ``(1 - e^{-aΔ}) β u / a``."""
    u = np.ones((2, 3))
    system = model.system(u)
    return system.B[1] @ u[1] - (1 - np.diag(system.Lambda[1])) * resting(model, u[1], np.exp(model.A_log))


claim.hypothesis(
    "the write is that of a held input",
    r"\bar b = \frac{1 - e^{-a\Delta}}{a}\, \beta",
    violation=not_held,
    holds=lambda: wide_steps("zoh"),
    dropped=lambda: wide_steps("euler"),
)(far_from_rest)
