"""Λ and B of S6 are one number: what is forgotten is written, and what that bounds."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.claims.reading import drawn, having, relative, tokens, with_steps
from dsf_theory.claims.state_space.reversed_sigmoid import gate, numerator, turned
from dsf_theory.models import QLSTM, S6
from dsf_theory.models.selective import inverse_softplus

DELTA = sp.Symbol("Delta", positive=True)

s6_coupling = Claim(
    id="s6-coupling",
    title="In S6 what is forgotten and what is written are one number.",
    statement="The write scale is a function of the decay: -(1/a) log Λ by Euler's rule, (1 - Λ)/a by zero-order hold. "
    "With A = -1 and zero-order hold S6 is the convex gate h = (1 - g) h + g x with g = σ(z). Euler's rule, as "
    "released, is not: at rest it amplifies by Δ/(1 - e^{-Δ}), which is 1 only in the limit of small steps.",
    latex=r"\Delta = -\tfrac1a \log \Lambda \;\;\text{(Euler)}, \qquad \tfrac{1 - \Lambda}{a} \;\;\text{(hold)}, "
    r"\qquad h_i = (1 - g_i) h_{i-1} + g_i x_i",
    source="derived here",
    models=("s6", "qlstm"),
    notebook="04_recurrent_networks",
)


def forgotten_and_written(s6: S6, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Λ, and B over β, at every channel and state, (length, d, n)."""
    system, d = s6.system(u), s6.d
    decay = gate(s6, u).reshape(len(u), d, -1)
    written = system.B.reshape(len(u), d, -1, d)[:, range(d), :, range(d)].swapaxes(0, 1)
    return decay, written / (u @ s6.W_B.T)[:, None, :]


@s6_coupling.step("Euler's rule writes Δ = -(1/a) log Λ", "identity")
def euler_write():
    s6, u = with_steps(S6.symbolic(d=3, n=2, b_rule="euler"), 2), tokens(2, 3)
    decay, written = forgotten_and_written(s6, u)
    yield written, -s6.xp.log(decay) / s6.xp.exp(s6.A_log)
    yield written, np.broadcast_to(s6.step(u)[..., None], written.shape)


@s6_coupling.step("Zero-order hold writes (1 - Λ)/a", "identity")
def held_write():
    s6, u = with_steps(S6.symbolic(d=3, n=2, b_rule="zoh"), 2), tokens(2, 3)
    decay, written = forgotten_and_written(s6, u)
    yield written, (1 - decay) / s6.xp.exp(s6.A_log)


@s6_coupling.step("Hold, A = -1: Λ = 1 - g and g = σ(z) is written, a quasi-LSTM with tied gates", "identity")
def convex_gate():
    s6, u = S6.symbolic(d=2, n=2, r=2, b_rule="zoh"), tokens(1, 2)
    decay, written = forgotten_and_written(having(s6, A_log=0 * s6.A_log), u)
    tied = turned(s6.W_delta_up @ s6.W_delta_down, s6.b_delta).system(u)
    kept, let_in = (np.diagonal(part, axis1=-2, axis2=-1)[..., None] for part in (tied.Lambda, tied.B))
    both = np.full((1, 1, 2), sp.S.One)
    yield Identity(decay, kept * both, numerator)
    yield Identity(written, let_in * both, numerator)
    yield Identity(decay + written, np.ones(decay.shape, dtype=int), numerator)


def at_rest(rule: str) -> sp.Expr:
    """What the state is over βu once a constant token has been written for long, h = B u / (1 - Λ)."""
    s6 = with_steps(S6.symbolic(d=1, n=1, b_rule=rule), 1)
    decay, written = forgotten_and_written(s6, tokens(1, 1))
    return (written / (1 - decay)).item().subs(s6.step(None).item(), DELTA)


@s6_coupling.step(
    "At rest the hold gives 1/a at any step, Euler's rule g = aΔ/(1 - e^{-aΔ}) times it", "identity"
)
def gains_at_rest():
    a = sp.exp(S6.symbolic(d=1, n=1).A_log.item())
    yield at_rest("zoh"), 1 / a
    gain = a * DELTA / (1 - sp.exp(-a * DELTA))
    yield Identity(at_rest("euler") / at_rest("zoh"), gain, shown=("g", r"a\Delta / (1 - e^{-a\Delta})"))


@s6_coupling.step("g is 1 for Δ → 0, differs from it by aΔ/2 at first order, and is aΔ for Δ → ∞", "limit")
def limits_of_the_gain():
    a, rate = sp.exp(S6.symbolic(d=1, n=1).A_log.item()), sp.Symbol("a", positive=True)
    gain = (at_rest("euler") / at_rest("zoh")).subs(a, rate)
    found = (
        sp.limit(gain, DELTA, 0),
        sp.limit((gain - 1) / DELTA, DELTA, 0),
        sp.limit(gain / DELTA, DELTA, sp.oo),
    )
    shown = (
        r"\lim_{\Delta \to 0} g",
        r"\lim_{\Delta \to 0} (g - 1)/\Delta",
        r"\lim_{\Delta \to \infty} g/\Delta",
    )
    for left, right, name in zip(found, (1, rate / 2, rate), shown, strict=True):
        yield Identity(left, right, shown=(name, sp.latex(right)))


def of_one_rate(case: tuple[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Λ, and B over β, of S6 with a rule and a rate a = -A."""
    s6 = drawn("s6", np.random.default_rng(2), d=3, n=2, b_rule=case[0])
    s6 = having(s6, A_log=np.full((3, 2), np.log(case[1])))
    return forgotten_and_written(s6, np.random.default_rng(3).standard_normal((5, 3)))


def unbalance(case: tuple[str, float]) -> float:
    """How far Λ and the write of S6 are from adding up to one."""
    return np.max(np.abs(sum(of_one_rate(case)) - 1))


def off_the_hold(case: tuple[str, float]) -> float:
    """How far the write of S6 is from (1 - Λ)/a."""
    decay, written = of_one_rate(case)
    return np.max(np.abs(written - (1 - decay) / case[1]))


@s6_coupling.numbers("The state that S6 settles at on a constant input, by either rule and for several steps")
def settled(rng):
    found = []
    for rule, delta in (("euler", 0.3), ("euler", 5.0), ("zoh", 0.3), ("zoh", 5.0)):
        s6 = having(drawn("s6", rng, d=2, n=1, b_rule=rule), A_log=np.zeros((2, 1)))
        s6 = having(s6, W_delta_up=np.zeros((2, 1)), b_delta=inverse_softplus(np.full(2, delta)))
        u = np.ones((200, 2)) * rng.standard_normal(2)
        gain = delta / -np.expm1(-delta) if rule == "euler" else 1
        found.append(relative(s6.system(u).states()[-1], gain * (s6.W_B @ u[0]) * u[0]))
    return found


s6_coupling.hypothesis(
    "B is discretised by zero-order hold",
    r"\bar B = (1 - \Lambda)/a",
    violation=off_the_hold,
    holds=("zoh", 1.0),
    dropped=("euler", 1.0),
)(unbalance)

s6_coupling.hypothesis(
    "A = -1", "A = -1", violation=lambda case: case[1] - 1, holds=("zoh", 1.0), dropped=("zoh", 2.0)
)(unbalance)


def gates(share: float) -> QLSTM:
    """A quasi-LSTM whose input gate has, by a share, weights of its own, and else the opposite of its forget gate's."""
    model = drawn("qlstm", np.random.default_rng(4), d=3)
    W_i, b_i = share * model.W_i - (1 - share) * model.W_f, share * model.b_i - (1 - share) * model.b_f
    return having(model, W_i=W_i, b_i=b_i, W_u=np.eye(3))


def untied(model: QLSTM) -> float:
    """How far the weights of the two gates are from opposite."""
    return max(np.max(np.abs(model.W_i + model.W_f)), np.max(np.abs(model.b_i + model.b_f)))


@s6_coupling.hypothesis(
    "the two gates of a quasi-LSTM are tied, as those of S6 are",
    r"W_i = -W_f",
    violation=untied,
    holds=lambda: gates(0.0),
    dropped=lambda: gates(1.0),
)
def gates_add_up(model):
    system = model.system(np.random.default_rng(5).standard_normal((5, 3)))
    return np.diagonal(system.Lambda + system.B, axis1=-2, axis2=-1) - 1


convex = Claim(
    id="convex-gates",
    title="A convex gate keeps the state among the inputs.",
    statement="If λ_i + b_i = 1 with both between 0 and 1, as in S6 with the zero-order hold and A = -1, then h_i "
    "stays between the least and the largest input so far (and zero). Euler's write, of the released S6, does not.",
    latex=r"\lambda_i + b_i = 1,\; 0 \le \lambda_i \le 1 \;\Rightarrow\; |h_i| \le \max_{j \le i} |x_j|",
    source="after Gu and Dao 2023; the bound: derived here",
    models=("s6",),
    notebook="06_normalisation",
)


def at_rate_one(rule: str) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Decay and write scale of S6 at A = -1 with n = 1, and the step Δ they are made of."""
    s6 = with_steps(having(S6.symbolic(d=1, n=1, b_rule=rule), A_log=np.array([[sp.S.Zero]])), 1)
    decay, written = forgotten_and_written(s6, tokens(1, 1))
    return decay.item(), written.item(), s6.step(None).item()


@convex.step("S6 with the zero-order hold at A = -1: decay and write scale sum to one", "identity")
def sum_to_one():
    decay, write, _ = at_rate_one("zoh")
    return decay + write, sp.S.One


@convex.step("The distance to the bound shrinks: M - h_i = λ(M - h_{i-1}) + b(M - x_i)", "identity")
def distance():
    decay, write, _ = at_rate_one("zoh")
    M, h, x = sp.symbols("M h x", real=True)
    yield M - (decay * h + write * x), decay * (M - h) + write * (M - x)


@convex.step("Both weights are positive: each is its own modulus", "identity")
def positive_weights():
    decay, write, Delta = at_rate_one("zoh")
    t = sp.Symbol("t", positive=True)  # e^Δ = 1 + t
    for weight in (decay, write):
        weight = sp.simplify(weight.subs(Delta, sp.log(1 + t)))
        yield weight, sp.Abs(weight)


@convex.numbers("S6 with the zero-order hold, random tokens and large steps")
def among_inputs(rng):
    return beyond("zoh", int(rng.integers(1000)))


def beyond(rule: str, seed: int = 1) -> float:
    """How far the state of S6 leaves the inputs written to it, where every token writes what it is."""
    model = S6.random(d=2, n=1, seed=seed, b_rule=rule)
    model = having(model, A_log=np.zeros((2, 1)), b_delta=np.full(2, 3.0))
    system = model.system(np.random.default_rng(seed).uniform(0.5, 1, (30, 2)))
    largest = np.abs(system.u * (system.u @ model.W_B.T)).max()
    return float(np.maximum(0.0, np.abs(system.states()).max() / largest - 1))


convex.hypothesis(
    "what is written is what is forgotten: the zero-order hold",
    r"b_i = 1 - \lambda_i",
    violation=lambda rule: np.abs(weights_sum(rule) - 1).max(),
    holds="zoh",
    dropped="euler",
)(beyond)


def weights_sum(rule: str) -> np.ndarray:
    """λ + b of S6 at A = -1 for some steps."""
    decay, write, Delta = at_rate_one(rule)
    return np.array([float((decay + write).subs(Delta, value)) for value in (0.1, 1.0, 4.0)])
