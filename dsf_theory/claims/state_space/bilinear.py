"""The claim ``bilinear``: the trapezoid rule, by which what decays goes on decaying."""

import numpy as np
import scipy.linalg
import scipy.signal
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    having,
    tokens,
)
from dsf_theory.claims.state_space.equations import (
    SIZES,
    any_size,
    continuous,
    one_step,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.vanish import numerator
from dsf_theory.models import S4, S4D, S5
from dsf_theory.models.ssm import RULES
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="bilinear",
    title="The bilinear rule is the trapezoid rule, and what decays goes on decaying.",
    statement="With $ā = (1 + aΔ/2)/(1 - aΔ/2)$ and $b̄ = Δ/(1 - aΔ/2) b$ a step takes the mean of the states before "
    "and after it. It differs from zero-order hold by $(aΔ)³/12$ to leading order. Both rules take the left "
    "half-plane into the unit disc.",
    latex=r"\bar a = \frac{1 + a\Delta/2}{1 - a\Delta/2}, \qquad \bar a - e^{a\Delta} = \tfrac{(a\Delta)^3}{12} + \dots"
    r", \qquad |\bar a| \le 1 \iff \operatorname{Re} a \le 0",
    source="Gu, Goel, Ré 2022 (S4); the difference of the two rules is derived here",
    models=("s4d", "s5", "s4"),
    notebook="03_state_space_models",
)


@claim.step("S4D and S5: $h - h₀ = Δ (A (h + h₀)/2 + B u)$, the trapezoid rule", "identity")
def trapezoid():
    for kind, sizes in SIZES.items():
        model = kind.symbolic(**sizes, rule="bilinear")
        A, B, delta = continuous(model)
        before, after, u = one_step(model)
        yield Identity(after - before, delta * (A @ (after + before) / 2 + B @ u), by=numerator)


@claim.step("S4, $A$ and $B$ of any size: $(I - ΔA/2) Ā = I + ΔA/2$ and $(I - ΔA/2) B̄ = ΔB$", "matrices")
def trapezoid_of_any_size():
    model = having(any_size("bilinear"), delta=2 * symbols("tau", (2,), positive=True))
    system, (A, B, delta) = model.system(tokens(2, 2)), continuous(model)
    half, eye = delta[:, None] / 2 * A, np.eye(2, dtype=int)
    yield (eye - half) @ system.Lambda[1], eye + half
    yield (eye - half) @ system.B[1], delta[:, None] * B


def one_mode(rule: str, pole: sp.Expr) -> tuple[sp.Expr, ...]:
    """ā and b̄ of one mode of S4D, and its b and Δ."""
    model = having(S4D.symbolic(d=1, n=2, rule=rule), A=np.array([[pole]]))
    system = model.system(tokens(1, 1))
    return system.Lambda.item(), system.B.item(), model.B.item(), model.delta.item()


@claim.step(
    "For a decay $e^{-at}$ the rules differ by $-a³Δ³/12$, in $b̄$ by $a²Δ³/12 b$, to leading order", "limit"
)
def second_order():
    a = sp.Symbol("a", positive=True)
    (decay, write, b, step), (held_decay, held_write, *_) = (
        one_mode(rule, -a) for rule in ("bilinear", "zoh")
    )
    left = r"\lim_{\Delta \to 0} \left(\frac{1 - a\Delta/2}{1 + a\Delta/2} - e^{-a\Delta}\right) / \Delta^3"
    yield Identity(sp.limit((decay - held_decay) / step**3, step, 0), -(a**3) / 12, shown=(left, "-a^3 / 12"))
    yield sp.limit((write - held_write) / step**3, step, 0), a**2 * b / 12


@claim.step("$(1 - |ā|²) |1 - aΔ/2|² = -2 Re aΔ$; by zero-order hold $|ā|² = e^{2 Re aΔ}$", "identity")
def into_the_disc():
    sigma, omega = sp.symbols("sigma omega", real=True)
    a = sigma + sp.I * omega
    (decay, *_, step), (held_decay, *_) = (one_mode(rule, a) for rule in ("bilinear", "zoh"))
    shown = r"(1 - |\bar a|^2)\, |1 - a\Delta/2|^2", r"-2 \operatorname{Re} a\, \Delta"
    yield Identity((1 - squared(decay)) * squared(1 - a * step / 2), -2 * sigma * step, numerator, shown)
    yield Identity(squared(held_decay), sp.exp(2 * sigma * step), by=numerator)


def squared(z: sp.Expr) -> sp.Expr:
    """``|z|²``."""
    return z * sp.conjugate(z)


@claim.numbers("S4D, S5 and S4: $Ā$ and $B̄$ against scipy's generalised bilinear rule")
def against_scipy(rng):
    worst = []
    for kind, options in ((S4D, {"rule": "bilinear"}), (S5, {"rule": "bilinear"}), (S4, {})):
        model = kind.random(d=3, n=4, seed=int(rng.integers(1000)), **options)
        A, B, delta = continuous(model)
        equation = delta[:, None] * A, delta[:, None] * B, np.eye(len(A)), np.zeros_like(B)
        Lambda, B, *_ = scipy.signal.cont2discrete(equation, 1.0, method="gbt", alpha=0.5)
        system = model.system(np.ones((2, 3)))
        worst += [relative(system.Lambda[1], Lambda), relative(system.B[1], B)]
    return worst


def with_poles(*A: complex) -> list[S4D]:
    """S4D by both rules with poles that are not checked."""
    models = [S4D.random(d=1, n=2 * len(A), rule=rule) for rule in RULES]
    return [having(model, A=np.array([A]), delta=np.ones(1)) for model in models]


claim.hypothesis(
    "the poles lie in the left half-plane",
    r"\operatorname{Re} a \le 0",
    violation=lambda models: [np.maximum(0, model.A.real.max()) for model in models],
    holds=lambda: with_poles(-2 + 3j, -1e-3 + 5j, -40, 2j),
    dropped=lambda: with_poles(-2 + 3j, 0.1 + 5j, -40, 2j),
)(lambda models: [np.maximum(0, np.abs(model.system(np.ones((2, 1))).Lambda).max() - 1) for model in models])
