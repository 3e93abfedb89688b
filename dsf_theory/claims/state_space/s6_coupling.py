"""The claim ``s6-coupling``: in S6 what is forgotten and what is written are one number."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    drawn,
    having,
    tokens,
    with_steps,
)
from dsf_theory.claims.state_space.reversed_sigmoid import (
    gate,
    turned,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.vanish import numerator
from dsf_theory.models import QLSTM, S6

claim = Claim(
    id="s6-coupling",
    title="In S6 what is forgotten and what is written are one number.",
    statement="The write scale is a function of the decay: $-(1/a) log Λ$ by Euler's rule, $(1 - Λ)/a$ by zero-order "
    "hold. With $A = -1$ and zero-order hold S6 is the convex gate $h = (1 - g) h + g x$ with $g = σ(z)$. "
    "Euler's rule, as released, is not: it writes more than it forgets (how much that makes at rest: "
    "euler-write).",
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


@claim.step("Euler's rule writes $Δ = -(1/a) log Λ$", "identity")
def euler_write():
    s6, u = with_steps(S6.symbolic(d=3, n=2, b_rule="euler"), 2), tokens(2, 3)
    decay, written = forgotten_and_written(s6, u)
    yield written, -s6.xp.log(decay) / s6.xp.exp(s6.A_log)
    yield written, np.broadcast_to(s6.step(u)[..., None], written.shape)


@claim.step("Zero-order hold writes $(1 - Λ)/a$", "identity")
def held_write():
    s6, u = with_steps(S6.symbolic(d=3, n=2, b_rule="zoh"), 2), tokens(2, 3)
    decay, written = forgotten_and_written(s6, u)
    yield written, (1 - decay) / s6.xp.exp(s6.A_log)


@claim.step("Hold, $A = -1$: $Λ = 1 - g$ and $g = σ(z)$ is written, a quasi-LSTM with tied gates", "identity")
def convex_gate():
    s6, u = S6.symbolic(d=2, n=2, r=2, b_rule="zoh"), tokens(1, 2)
    decay, written = forgotten_and_written(having(s6, A_log=0 * s6.A_log), u)
    tied = turned(s6.W_delta_up @ s6.W_delta_down, s6.b_delta).system(u)
    kept, let_in = (np.diagonal(part, axis1=-2, axis2=-1)[..., None] for part in (tied.Lambda, tied.B))
    both = np.full((1, 1, 2), sp.S.One)
    yield Identity(decay, kept * both, numerator)
    yield Identity(written, let_in * both, numerator)
    yield Identity(decay + written, np.ones(decay.shape, dtype=int), numerator)


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


@claim.numbers("Random S6: the write scale from the decay, by either rule, at every channel and state")
def random_scales(rng):
    found, u = [], rng.standard_normal((5, 3))
    for rule in ("euler", "zoh"):
        s6 = drawn("s6", rng, d=3, n=2, b_rule=rule)
        decay, written = forgotten_and_written(s6, u)
        lost = -np.log(decay) if rule == "euler" else 1 - decay
        found.append(relative(written, lost / np.exp(s6.A_log)))
    return found


claim.hypothesis(
    "$B$ is discretised by zero-order hold",
    r"\bar B = (1 - \Lambda)/a",
    violation=off_the_hold,
    holds=("zoh", 1.0),
    dropped=("euler", 1.0),
)(unbalance)

claim.hypothesis(
    "$A = -1$", "A = -1", violation=lambda case: case[1] - 1, holds=("zoh", 1.0), dropped=("zoh", 2.0)
)(unbalance)


def gates(share: float) -> QLSTM:
    """A quasi-LSTM whose input gate has, by a share, weights of its own, and else the opposite of its forget gate's."""
    model = drawn("qlstm", np.random.default_rng(4), d=3)
    W_i, b_i = share * model.W_i - (1 - share) * model.W_f, share * model.b_i - (1 - share) * model.b_f
    return having(model, W_i=W_i, b_i=b_i, W_u=np.eye(3))


def untied(model: QLSTM) -> float:
    """How far the weights of the two gates are from opposite."""
    return max(np.max(np.abs(model.W_i + model.W_f)), np.max(np.abs(model.b_i + model.b_f)))


@claim.hypothesis(
    "the two gates of a quasi-LSTM are tied, as those of S6 are",
    r"W_i = -W_f",
    violation=untied,
    holds=lambda: gates(0.0),
    dropped=lambda: gates(1.0),
)
def gates_add_up(model):
    system = model.system(np.random.default_rng(5).standard_normal((5, 3)))
    return np.diagonal(system.Lambda + system.B, axis1=-2, axis2=-1) - 1
