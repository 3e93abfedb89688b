"""The claim ``convex-gates``: a convex gate keeps the state among the inputs."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.reading import (
    having,
    tokens,
    with_steps,
)
from dsf_theory.claims.state_space.s6_coupling import forgotten_and_written
from dsf_theory.models import S6

claim = Claim(
    id="convex-gates",
    title="A convex gate keeps the state among the inputs.",
    statement="If $λ_i + b_i = 1$ with both between 0 and 1, as in S6 with the zero-order hold and $A = -1$, then "
    "$h_i$ stays between the least and the largest input so far (and zero). Euler's write, of the released "
    "S6, does not.",
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


@claim.step("S6 with the zero-order hold at $A = -1$: decay and write scale sum to one", "identity")
def sum_to_one():
    decay, write, _ = at_rate_one("zoh")
    return decay + write, sp.S.One


@claim.step("The distance to the bound shrinks: $M - h_i = λ(M - h_{i-1}) + b(M - x_i)$", "identity")
def distance():
    decay, write, _ = at_rate_one("zoh")
    M, h, x = sp.symbols("M h x", real=True)
    yield M - (decay * h + write * x), decay * (M - h) + write * (M - x)


@claim.step("Both weights are positive: each is its own modulus", "identity")
def positive_weights():
    decay, write, Delta = at_rate_one("zoh")
    t = sp.Symbol("t", positive=True)  # e^Δ = 1 + t
    for weight in (decay, write):
        weight = sp.simplify(weight.subs(Delta, sp.log(1 + t)))
        yield weight, sp.Abs(weight)


@claim.numbers("S6 with the zero-order hold, random tokens and large steps")
def among_inputs(rng):
    return beyond("zoh", int(rng.integers(1000)))


def beyond(rule: str, seed: int = 1) -> float:
    """How far the state of S6 leaves the inputs written to it, where every token writes what it is."""
    model = S6.random(d=2, n=1, seed=seed, b_rule=rule)
    model = having(model, A_log=np.zeros((2, 1)), b_delta=np.full(2, 3.0))
    system = model.system(np.random.default_rng(seed).uniform(0.5, 1, (30, 2)))
    largest = np.abs(system.u * (system.u @ model.W_B.T)).max()
    return float(np.maximum(0.0, np.abs(system.states()).max() / largest - 1))


claim.hypothesis(
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
