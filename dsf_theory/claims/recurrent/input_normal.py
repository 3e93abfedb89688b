"""The claim ``input-normal``: the square root of the RG-LRU keeps its state at unit variance."""

import numpy as np
import sympy as sp

from dsf_theory.arrays import Array
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.reading import (
    drawn,
    having,
    tokens,
)
from dsf_theory.claims.recurrent.gates import logit, with_gates
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.vanish import numerator
from dsf_theory.models import LRU, QLSTM, RGLRU, Model
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="input-normal",
    title="The square root of the RG-LRU keeps its state at unit variance.",
    statement="Without the input gate $a² + b² = 1$, so that the Gramian $W_i = a_i² W_{i-1} + b_i²$ is $1 - ∏ a_k²$, "
    "and 1 at every step with the reset: white input of unit variance gives a state of variance $W_i <= 1$. "
    "A held input is not bounded like that: it is amplified by $√((1 + a)/(1 - a))$.",
    latex=r"a_i^2 + b_i^2 = 1 \;\Rightarrow\; W_i = a_i^2 W_{i-1} + b_i^2 = 1 - \prod_{k \le i} a_k^2, \qquad "
    r"\mathbb{E}\, h_i^2 = W_i",
    source="derived here; the factor: De et al. 2024 (Griffin) and Orvieto et al. 2023 (LRU)",
    models=("rglru", "lru", "qlstm"),
    notebook="04_recurrent_networks",
)


def open_gate(reset: bool = False) -> tuple[Array, Array, Array]:
    """Λ and B (3,) and Φ (3, 3) of the RG-LRU with one channel, with symbols for the decays and an input gate of 1."""
    model, open_ = RGLRU.symbolic(d=1, reset=reset), sp.Symbol("g", positive=True)
    xp, a = model.xp, symbols("a", (3,), positive=True)[:, None]
    share = xp.log(a) / (model.c * xp.log_sigmoid(model.Lambda_p))  # the recurrence gate that has this decay
    gates = {"a": logit(xp, share), "x": logit(xp, np.full((3, 1), open_))}
    system = with_gates(model, gates).system(tokens(3, 1))
    parts = system.Lambda[:, 0, 0], system.B[:, 0, 0], system.kernel()[..., 0, 0]
    return tuple(xp.map(lambda entry: sp.sympify(entry).subs(open_, 1), part) for part in parts)


@claim.step("$a² + b² = 1$ at every step; with the reset $b_0 = 1$", "identity")
def on_the_circle():
    for reset in (False, True):
        a, b, _ = open_gate(reset)
        start = int(reset)
        yield a[start:] ** 2 + b[start:] ** 2, np.ones(3 - start, dtype=int)
        yield b[0] ** 2, 1 if reset else 1 - a[0] ** 2


@claim.step("Three steps: $W_i = Σ_j Φ_ij² = 1 - ∏ a_k²$, and 1 with the reset", "identity")
def three_steps():
    for reset in (False, True):
        a, _, phi = open_gate(reset)
        yield (phi**2).sum(axis=1), 1 - int(not reset) * np.cumprod(a**2)


@claim.step(
    "White $u$ of unit variance, $E u_j u_k = [j = k]$: the mean of $h_i²$ is $W_i = Σ_j Φ_ij²$", "identity"
)
def mean_square():
    """Of the products in h_i² = (Σ_j Φ_ij u_j)² only the squares have a mean, one."""
    _, _, phi = open_gate()
    u = tokens(3, 1)[:, 0]
    squares = [sp.expand(h**2) for h in phi @ u]
    mean = np.array([sum(square.coeff(u_j, 2) for u_j in u) for square in squares])
    yield Identity(mean, (phi**2).sum(axis=1), shown=(r"\mathbb{E}\, h_i^2", r"\sum_j \Phi_{ij}^2"))


@claim.step("One more step: $a² (1 - P) + b² = 1 - a² P$ with $P = ∏_{k<i} a_k²$; $P = 0$ stays", "induction")
def one_more_step():
    a, b, _ = open_gate()
    P = sp.Symbol("P", nonnegative=True)
    yield a[2] ** 2 * (1 - P) + b[2] ** 2, 1 - a[2] ** 2 * P


@claim.step("A held input is amplified by $b / (1 - a) = √((1 + a)/(1 - a))$", "identity")
def held_input():
    a, b, _ = open_gate()
    yield Identity((b[2] / (1 - a[2])) ** 2, (1 + a[2]) / (1 - a[2]), by=numerator)


def gramian(model: Model, u: Array) -> Array:
    """``W_i = Σ_j Φ_ij²`` of each channel, (length, d)."""
    return np.einsum("ijcc->ijc", model.kernel(u) ** 2).sum(axis=1)


def opened(seed: int, reset: bool = False) -> RGLRU:
    """A random RG-LRU with an input gate of one."""
    model = drawn("rglru", np.random.default_rng(seed), d=3, reset=reset)
    return having(model, W_x=0 * model.W_x, b_x=np.full(3, 40.0))


def normal_residual(model: Model) -> float:
    """How far the Gramian is from ``1 - ∏ a_k²``."""
    u = np.random.default_rng(2).standard_normal((7, model.d))
    a = np.diagonal(model.system(u).Lambda, axis1=1, axis2=2)
    return np.abs(gramian(model, u) - (1 - np.cumprod(a**2, axis=0))).max()


@claim.numbers("Random RG-LRU; with the reset $W_i = 1$; the LRU as it is initialised: $|λ|² + γ² = 1$")
def random_gramians(rng):
    seed, u = int(rng.integers(1000)), rng.standard_normal((7, 3))
    lru = LRU.random(d=3, n=4, seed=seed)
    circle = np.abs(np.diag(lru.system(u).Lambda[0])) ** 2 + np.exp(2 * lru.gamma_log)
    return [
        normal_residual(opened(seed)),
        np.abs(gramian(opened(seed, reset=True), u) - 1).max(),
        np.abs(circle - 1).max(),
    ]


def convex(seed: int) -> QLSTM:
    """A random quasi-LSTM that writes 1 - a and reads all: the gate ``a h + (1 - a) u``."""
    model = drawn("qlstm", np.random.default_rng(seed), d=3)
    values = {
        "W_i": -model.W_f,
        "b_i": -model.b_f,
        "W_o": 0 * model.W_o,
        "b_o": np.full(3, 40.0),
        "W_u": np.eye(3),
    }
    return having(model, **values)


def off_the_circle(model: Model) -> Array:
    """``a² + b² - 1`` of each channel at each step."""
    system = model.system(np.random.default_rng(2).standard_normal((7, model.d)))
    a, b = (np.diagonal(part, axis1=1, axis2=2) for part in (system.Lambda, system.B))
    return a**2 + b**2 - 1


claim.hypothesis(
    "the factor is the square root of $1 - a²$",
    r"b_i = \sqrt{1 - a_i^2}",
    violation=off_the_circle,
    holds=lambda: opened(1),
    dropped=lambda: convex(1),
)(normal_residual)


def covariance(correlation: float, length: int = 7) -> Array:
    """Of an input of unit variance whose neighbours in time are correlated."""
    time = np.arange(length)
    return np.power(correlation, np.abs(time[:, None] - time))


def variance_residual(correlation: float) -> float:
    """How far the variance of the state is from ``1 - ∏ a_k²``, for gates that do not see the input."""
    model, u = having(opened(1), W_a=np.zeros((3, 3))), np.ones((7, 3))
    phi = np.einsum("ijcc->cij", model.kernel(u))
    variance = np.einsum("cij,jk,cik->ic", phi, covariance(correlation), phi)
    a = np.diagonal(model.system(u).Lambda, axis1=1, axis2=2)
    return np.abs(variance - (1 - np.cumprod(a**2, axis=0))).max()


claim.hypothesis(
    "the input is white, of unit variance, and not seen by the gates",
    r"\mathbb{E}\, u_i u_j = [i = j]",
    violation=lambda correlation: covariance(correlation) - np.eye(7),
    holds=0.0,
    dropped=0.5,
)(variance_residual)
