"""The claim ``reversed-sigmoid``: the gate through which S6 forgets."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    drawn,
    having,
    tokens,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.vanish import numerator
from dsf_theory.models import QLSTM, S6, Model, QLSTMReversed

claim = Claim(
    id="reversed-sigmoid",
    title="S6 forgets through a reversed sigmoid.",
    statement="$exp(-a softplus x)$ is $σ(-x)^a$, so the decay of S6 and of the reversed quasi-LSTM is a power of a "
    "forget gate whose sign is turned: a large pre-activation forgets, where in the LSTM it keeps. The step "
    "of S6 is minus the logarithm of that gate.",
    latex=r"e^{-a\, \mathrm{softplus}(x)} = \sigma(-x)^a, \qquad \mathrm{softplus}(x) = -\log \sigma(-x)",
    source="Sieber et al. 2024, eq. (23); powers and hypotheses derived here",
    models=("qlstm_rev", "qlstm", "s6"),
    notebook="04_recurrent_networks",
)


def turned(W: np.ndarray, b: np.ndarray, sign: int = -1) -> QLSTM:
    """A quasi-LSTM whose forget gate is ``σ(-(W u + b))`` and whose input gate is the opposite one."""
    d = len(W)
    one = np.full((d, d), sp.S.One) if W.dtype == object else np.ones((d, d))
    eye = one * np.eye(d, dtype=int)
    return QLSTM(W_f=sign * W, b_f=sign * b, W_i=-sign * W, b_i=-sign * b, W_o=one, W_u=eye)


def gate(model: Model, u: np.ndarray) -> np.ndarray:
    """The diagonal of Λ_i, (length, N)."""
    return np.diagonal(model.system(u).Lambda, axis1=-2, axis2=-1)


def as_exponentials(expression: sp.Expr) -> sp.Expr:
    """Powers ``b^p`` as ``exp(p log b)``, and logarithms split where their factors are positive."""
    powers = sp.expand_mul(expression).replace(sp.Pow, lambda base, power: sp.exp(power * sp.log(base)))
    return sp.expand_mul(sp.expand_log(powers))


@claim.step("$exp(-α softplus f) = σ(-f)^α$: the reversed gate is a power of the plain", "identity")
def reversed_gate():
    model, u = QLSTMReversed.symbolic(d=2), tokens(3, 2)
    model = having(model, alpha=np.array(sp.Symbol("alpha", positive=True)))
    right = gate(turned(model.W_f, model.b_f), u) ** model.alpha
    shown = (r"e^{-\alpha\,\mathrm{softplus}(f_i)}", r"\sigma(-f_i)^\alpha")
    yield Identity(gate(model, u), right, as_exponentials, shown)


@claim.step("S6 decays by $σ(-z)^a$ at every channel and state, $z = W_up W_down u + b$", "identity")
def gate_of_s6():
    s6, u = S6.symbolic(d=3, n=2, r=2), tokens(2, 3)
    plain = gate(turned(s6.W_delta_up @ s6.W_delta_down, s6.b_delta), u)
    powers = (plain[..., None] ** s6.xp.exp(s6.A_log)).reshape(2, 6)
    yield Identity(gate(s6, u), powers, as_exponentials, (r"e^{\Delta_i A}", r"\sigma(-z_i)^{-A}"))


@claim.step("$softplus z = -log σ(-z)$: S6's step is minus the logarithm of its gate", "identity")
def step_of_s6():
    s6, u = S6.symbolic(d=2, n=2), tokens(2, 2)
    plain = gate(turned(s6.W_delta_up @ s6.W_delta_down, s6.b_delta), u)
    yield s6.step(u), -s6.xp.log(plain)


@claim.step("What the plain gate keeps, the reversed one with $α = 1$ forgets", "identity")
def opposite():
    model, u = QLSTMReversed.symbolic(d=2), tokens(2, 2)
    model = having(model, alpha=np.array(sp.S.One))
    both = gate(model, u) + gate(turned(model.W_f, model.b_f, 1), u)
    yield Identity(both, np.ones(both.shape, dtype=int), numerator)


def power_residual(alpha: float, rng: np.random.Generator) -> float:
    """How far the reversed gate is from a power of the plain one."""
    model, u = having(drawn("qlstm_rev", rng, d=3), alpha=np.array(alpha)), rng.standard_normal((5, 3))
    return relative(gate(model, u), gate(turned(model.W_f, model.b_f), u) ** alpha)


@claim.numbers("Random gates of the reversed quasi-LSTM and of S6")
def random_gates(rng):
    s6, u = drawn("s6", rng, d=3, n=2, r=2), rng.standard_normal((5, 3))
    plain = gate(turned(s6.W_delta_up @ s6.W_delta_down, s6.b_delta), u)
    powers = (plain[..., None] ** np.exp(s6.A_log)).reshape(5, 6)
    return [relative(gate(s6, u), powers), *(power_residual(alpha, rng) for alpha in (0.5, 1.0, 3.0))]


claim.hypothesis(
    "the power is not negative: the model takes $max(α, 0)$",
    r"\alpha \ge 0",
    violation=lambda alpha: np.maximum(0, -alpha),
    holds=0.7,
    dropped=-0.7,
)(lambda alpha: power_residual(alpha, np.random.default_rng(1)))


def branch_residual(x: sp.Expr) -> float:
    """How far the gates of one channel are apart at the pre-activation x and the power 1/2, in exact numbers."""
    one, u = np.full((1, 1), sp.S.One), np.array([[x]], dtype=object)
    plain = turned(one, 0 * one[0])
    model = QLSTMReversed(W_f=one, W_i=one, W_o=one, W_u=one, alpha=np.array(sp.Rational(1, 2)))
    return abs(complex((gate(model, u) - gate(plain, u) ** model.alpha).item()))


claim.hypothesis(
    "the pre-activation is real, so that both sides are on one branch of the power",
    r"\mathrm{Im}\, x = 0",
    violation=lambda x: abs(float(sp.im(x))),
    holds=sp.log(2),
    dropped=sp.log(2) + sp.I * sp.pi,
)(branch_residual)
