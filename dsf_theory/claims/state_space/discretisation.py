"""From differential equations to steps: zero-order hold and the bilinear rule."""

import numpy as np
import scipy.linalg
import scipy.signal
import sympy as sp

from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.claims.reading import having, relative, tokens
from dsf_theory.claims.state_space.equations import (
    SIZES,
    any_size,
    continuous,
    derivatives,
    numerator,
    one_step,
    series,
)
from dsf_theory.models import S4, S4D, S5, Model
from dsf_theory.models.ssm import RULES
from dsf_theory.system.symbolic import symbols

ORDER = 5
"""Terms of an exponential that are multiplied out."""

held = Claim(
    id="zero-order-hold",
    title="Zero-order hold solves the differential equation exactly where the input is held.",
    statement="With ā = e^{aΔ} and b̄ = (e^{aΔ} - 1)/a b the state ā h + b̄ u is the solution of ḣ = a h + b u a time Δ "
    "after h. For matrices Ā and B̄ are the upper blocks of the exponential of [[A, B], [0, 0]] Δ.",
    latex=r"\dot h = a h + b u \;\Rightarrow\; h(t + \Delta) = e^{a\Delta} h(t) + \frac{e^{a\Delta} - 1}{a}\, b\, u",
    source="Gu, Goel, Ré 2022 (S4); Gu et al. 2022 (S4D); Smith, Warrington, Linderman 2023 (S5)",
    models=("s4d", "s5", "s4"),
    notebook="03_state_space_models",
)


@held.step("S4D and S5: the state after a step moves with Δ as ḣ = A h + B u says", "calculus")
def moves_as_it_should():
    for kind, sizes in SIZES.items():
        model = kind.symbolic(**sizes)  # zero-order hold is what they do by default
        A, B, delta = continuous(model)
        _, h, u = one_step(model)
        yield derivatives(h, delta), A @ h + B @ u


@held.step("A step of no length leaves the state where it was", "calculus")
def starts_where_it_was():
    for kind, sizes in SIZES.items():
        model = kind.symbolic(**sizes, rule="zoh")
        before, after, _ = one_step(model)
        yield at_once(after, model), before


def at_once(after: np.ndarray, model: Model) -> np.ndarray:
    """The state after steps of no length."""
    return np.array([h.subs({step: 0 for step in model.delta}) for h in after])


@held.step("A pole at zero adds up: b̄ → Δ b as a → 0", "limit")
def pole_at_zero():
    model = S4D.symbolic(d=1, n=2, rule="zoh")
    write, (a, b, step) = (
        model.system(tokens(1, 1)).B.item(),
        (model.A.item(), model.B.item(), model.delta.item()),
    )
    yield Identity(sp.limit(write, a, 0), step * b, shown=(r"\lim_{a \to 0} \bar b", r"\Delta b"))


@held.step("S4, A and B of any size: ḣ = A h + B u, order by order in Δ", "matrices")
def matrices_of_any_size():
    for order in range(ORDER, 0, -1):
        model = any_size("zoh", series(order))
        A, B, delta = continuous(model)
        (before, h, u), (_, shorter, _) = one_step(model), one_step(any_size("zoh", series(order - 1)))
        yield derivatives(h, delta), A @ shorter + B @ u
        yield at_once(h, model), before


@held.step("One order more: the block to the power k + 1 holds A^{k+1} and A^k B", "induction")
def one_power_more():
    P, Q = sp.symbols("A^{k} A^{k-1}B", commutative=False)
    power = np.array([[P, Q], [0, 0]], dtype=object)
    model = any_size("zoh", lambda block: block @ power)
    system, A = model.system(tokens(2, 2)), model.A.item()
    yield system.Lambda[1], np.diag(model.delta * A * P)
    yield system.B[1], np.diag(model.delta * A * Q)


@held.numbers(
    "S4D, S5 and S4: Ā and B̄ against quadrature of ∫ e^{As} B ds, poles at and near zero among them"
)
def quadrature(rng):
    nodes, mass = np.polynomial.legendre.leggauss(16)
    worst = []
    for kind in (S4D, S5, S4):
        model = kind.random(d=3, n=4, seed=int(rng.integers(1000)), rule="zoh")
        if kind is not S4:
            model.A.flat[:2] = 0, -1e-9
        A, B, delta = continuous(model)
        A, B = delta[:, None] * A, delta[:, None] * B
        system = model.system(np.ones((2, 3)))
        written = np.tensordot(mass / 2, scipy.linalg.expm(np.multiply.outer((1 + nodes) / 2, A)) @ B, axes=1)
        worst += [relative(system.Lambda[1], scipy.linalg.expm(A)), relative(system.B[1], written)]
    return worst


def straight_lines(samples: np.ndarray) -> float:
    """How far S4 is from the solution of its differential equation for an input that joins samples (length + 1, d).

    The input and its slope are states of a larger equation, which has no input.
    """
    model = S4.random(d=2, n=3, seed=1, rule="zoh")
    A, B, delta = continuous(model)
    N, d = B.shape
    A, B = delta[:, None] * A, delta[:, None] * B
    rows = [[A, B, np.zeros((N, d))], [np.zeros((d, N + d)), np.eye(d)], [np.zeros((d, N + 2 * d))]]
    flow, h, solution = scipy.linalg.expm(np.block(rows)), np.zeros(N), []
    for u, later in zip(samples[:-1], samples[1:], strict=True):
        h = flow[:N] @ np.concatenate([h, u, later - u])
        solution.append(h)
    return relative(model.system(samples[:-1]).states(), np.array(solution))


held.hypothesis(
    "the input is held over each step",
    r"u(t) = u_i \text{ for } t_i \le t < t_{i+1}",
    violation=lambda samples: np.diff(samples, axis=0),
    holds=np.ones((6, 2)),
    dropped=np.linspace([0, 1], [1, 0], 6),
)(straight_lines)


bilinear = Claim(
    id="bilinear",
    title="The bilinear rule is the trapezoid rule, and what decays goes on decaying.",
    statement="With ā = (1 + aΔ/2)/(1 - aΔ/2) and b̄ = Δ/(1 - aΔ/2) b a step takes the mean of the states before and "
    "after it. It differs from zero-order hold by (aΔ)³/12 to leading order. Both rules take the left half-plane "
    "into the unit disc.",
    latex=r"\bar a = \frac{1 + a\Delta/2}{1 - a\Delta/2}, \qquad \bar a - e^{a\Delta} = \tfrac{(a\Delta)^3}{12} + \dots"
    r", \qquad |\bar a| \le 1 \iff \operatorname{Re} a \le 0",
    source="Gu, Goel, Ré 2022 (S4); the difference of the two rules is derived here",
    models=("s4d", "s5", "s4"),
    notebook="03_state_space_models",
)


@bilinear.step("S4D and S5: h - h₀ = Δ (A (h + h₀)/2 + B u), the trapezoid rule", "identity")
def trapezoid():
    for kind, sizes in SIZES.items():
        model = kind.symbolic(**sizes, rule="bilinear")
        A, B, delta = continuous(model)
        before, after, u = one_step(model)
        yield Identity(after - before, delta * (A @ (after + before) / 2 + B @ u), by=numerator)


@bilinear.step("S4, A and B of any size: (I - ΔA/2) Ā = I + ΔA/2 and (I - ΔA/2) B̄ = ΔB", "matrices")
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


@bilinear.step(
    "For a decay e^{-at} the rules differ by -a³Δ³/12, in b̄ by a²Δ³/12 b, to leading order", "limit"
)
def second_order():
    a = sp.Symbol("a", positive=True)
    (decay, write, b, step), (held_decay, held_write, *_) = (
        one_mode(rule, -a) for rule in ("bilinear", "zoh")
    )
    left = r"\lim_{\Delta \to 0} \left(\frac{1 - a\Delta/2}{1 + a\Delta/2} - e^{-a\Delta}\right) / \Delta^3"
    yield Identity(sp.limit((decay - held_decay) / step**3, step, 0), -(a**3) / 12, shown=(left, "-a^3 / 12"))
    yield sp.limit((write - held_write) / step**3, step, 0), a**2 * b / 12


@bilinear.step("(1 - |ā|²) |1 - aΔ/2|² = -2 Re aΔ; by zero-order hold |ā|² = e^{2 Re aΔ}", "identity")
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


@bilinear.numbers("S4D, S5 and S4: Ā and B̄ against scipy's generalised bilinear rule")
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


bilinear.hypothesis(
    "the poles lie in the left half-plane",
    r"\operatorname{Re} a \le 0",
    violation=lambda models: [np.maximum(0, model.A.real.max()) for model in models],
    holds=lambda: with_poles(-2 + 3j, -1e-3 + 5j, -40, 2j),
    dropped=lambda: with_poles(-2 + 3j, 0.1 + 5j, -40, 2j),
)(lambda models: [np.maximum(0, np.abs(model.system(np.ones((2, 1))).Lambda).max() - 1) for model in models])
