"""The claim ``bounded-state``: a state that decays is bounded by the geometric series."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.reading import (
    I,
    decays,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import MODELS
from dsf_theory.system import System

claim = Claim(
    id="bounded-state",
    title="A state that decays is bounded by the geometric series.",
    statement="If $|λ_i| ≤ κ$ and $|B_i u_i| ≤ β$ at every step, $0 < κ < 1$ and $β > 0$, then $|h_i| ≤ β(1 - "
    "κ^{i+1})/(1 - κ) < β/(1 - κ)$. Where nothing decays, as in un-normalised linear attention, the state "
    "may grow without bound.",
    latex=r"|h_i| \le \beta\,\frac{1 - \kappa^{i+1}}{1 - \kappa} < \frac{\beta}{1 - \kappa}",
    source="derived here",
    models=("s6", "qlstm", "linear_attention"),
    notebook="06_normalisation",
)

kappa, beta = 1 / (1 + sp.Symbol("s", positive=True)), sp.Symbol("beta", positive=True)
"""Every κ between 0 and 1 is 1/(1 + s) of a positive s."""


def worst_case(length: int) -> np.ndarray:
    """States of the system that decays as slowly, and is driven as hard, as it may."""
    one = np.full((1, 1, 1, 1), sp.S.One)
    system = System(
        u=np.full((length, 1), beta, dtype=object),
        transition=decays(np.full(length, sp.log(kappa), dtype=object), length),
        write=one,
        read=one,
    )
    return system.states()[:, 0]


def geometric(i) -> sp.Expr:
    """The bound at step i."""
    return beta * (1 - kappa ** (i + 1)) / (1 - kappa)


@claim.step("The slowest decay under the hardest drive attains the bound", "identity")
def attained():
    claimed = np.array([geometric(sp.Integer(i)) for i in range(5)], dtype=object)
    return Identity(worst_case(5), claimed, by=lambda rest: sp.cancel(sp.together(rest)))


@claim.step("One more step: $κ$ times the bound, plus $β$, is the next bound", "induction")
def next_bound():
    yield geometric(sp.S.Zero), beta
    yield kappa * geometric(I - 1) + beta, geometric(I)


@claim.step("No step does worse: $κ|h| + β ≥ |λh + b|$, as the slack is its own modulus", "identity")
def triangle():
    """Any λ with |λ| <= κ is ±κ/(1 + t) of some t >= 0, any b is ±β/(1 + w); all signs of λh and b."""
    h, t, w = sp.symbols("h t w", nonnegative=True)
    for sign_h, sign_b in np.ndindex(2, 2):
        reached = (-1) ** sign_h * kappa / (1 + t) * h + (-1) ** sign_b * beta / (1 + w)
        slack = sp.together(sp.expand(sp.together(kappa * h + beta - reached)))
        yield slack, sp.Abs(slack)


@claim.step("The bound rises to $β/(1 - κ)$; what it lacks is $βκ^{i+1}/(1 - κ)$, above zero", "limit")
def limit():
    yield sp.limit(geometric(I), I, sp.oo), beta / (1 - kappa)
    yield beta / (1 - kappa) - geometric(I), beta * kappa ** (I + 1) / (1 - kappa)


def overshoot(name: str) -> float:
    """How far states exceed the bound with κ = 0.9 and β the hardest drive."""
    kappa_value = 0.9
    system = driven(name)
    drive = np.abs(np.einsum("inc,ic->in", system.B, system.u)).max()
    return float(np.maximum(0.0, np.abs(system.states()).max() / (drive / (1 - kappa_value)) - 1))


def driven(name: str) -> System:
    """A hundred equal tokens through a model; decays of S6 and of the quasi-LSTM below 0.9."""
    model = MODELS[name].random(d=3, n=2, seed=2)
    if name == "s6":
        model = MODELS[name](**{**model.parameters, "b_delta": np.full(3, 1.0), "A_log": np.zeros((3, 2))})
    if name == "qlstm":
        model = MODELS[name](**{**model.parameters, "b_f": np.zeros(3)})
    return model.system(np.tile([[0.5, -0.3, 0.4]], (100, 1)))


@claim.numbers("S6 and the quasi-LSTM, a hundred equal tokens")
def within(_rng):
    return [overshoot(name) for name in ("s6", "qlstm")]


claim.hypothesis(
    "every decay is at most $κ$",
    r"|\lambda_i| \le \kappa < 1",
    violation=lambda name: np.maximum(0.0, np.abs(driven(name).Lambda).max() - 0.9),
    holds="qlstm",
    dropped="linear_attention",
)(overshoot)
