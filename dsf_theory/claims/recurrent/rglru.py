"""The RG-LRU as a system, and what its square root is for."""

import numpy as np
import sympy as sp

from dsf_theory.arrays import Array
from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.claims.reading import MATRICES, drawn, having, relative, run, tokens
from dsf_theory.claims.recurrent.rnn import gate, logit, powers, sigmoid, with_gates, without
from dsf_theory.claims.state_space.equations import numerator
from dsf_theory.models import LRU, QLSTM, RGLRU, Model
from dsf_theory.system.symbolic import symbols

rglru = Claim(
    id="rglru-system",
    title="The RG-LRU is a diagonal system whose write follows from its decay.",
    statement="With the recurrence gate r and the input gate i the decay is a = σ(Λ_p)^{c r}, the write √(1 - a²) i, "
    "and the state is the output. The released code writes the first input with factor 1 in place of √(1 - a²).",
    latex=r"\Lambda_i = \operatorname{diag} a_i, \quad B_i = \operatorname{diag} \sqrt{1 - a_i^2} \odot \sigma(x_i), "
    r"\quad C_i = I, \qquad a_i = \sigma(\Lambda_p)^{c\, \sigma(r_i)}",
    source="De et al. 2024 (Griffin); the reset: its released code",
    models=("rglru",),
    notebook="04_recurrent_networks",
)
SHOWN = {
    "Lambda": (r"\Lambda_i", r"\operatorname{diag} \sigma(\Lambda_p)^{c\, \sigma(W_a u_i + b_a)}"),
    "B": (r"B_i", r"\operatorname{diag} \sqrt{1 - \Lambda_i^2}\; \sigma(W_x u_i + b_x)"),
    "C": (r"C_i", "I"),
    "D": (r"D_i", "0"),
}


def claimed(model: RGLRU, u: Array, c: float | sp.Expr, reset: bool = False) -> dict[str, Array]:
    """Λ, B, C and D as claimed."""
    xp, eye = model.xp, np.eye(model.d, dtype=int)
    r, i = (np.stack([sigmoid(xp, gate(model, name, u_i)) for u_i in u]) for name in "ax")
    a = sigmoid(xp, model.Lambda_p) ** (c * r)
    factor = xp.sqrt(1 - a**2)
    if reset:
        factor[0] = 1
    C = np.stack([eye] * len(u))
    return {"Lambda": eye * a[:, None], "B": eye * (factor * i)[:, None], "C": C, "D": 0 * C}


def compared(model: RGLRU, c: float | sp.Expr, reset: bool = False):
    """Λ, B, C and D of the model for three tokens, each next to what is claimed."""
    u = tokens(3, 2)
    system, right = model.system(u), claimed(model, u, c, reset)
    for name in MATRICES:
        yield Identity(getattr(system, name), right[name], by=powers, shown=SHOWN[name])


@rglru.step("Λ_i, B_i, C_i and D_i, for c = 8 as it is by default and for any c", "identity")
def entries():
    model, c = RGLRU.symbolic(d=2), sp.Symbol("c", positive=True)
    yield from compared(model, 8)
    yield from compared(without(model, "b_a", "b_x"), 8)
    model.c = c
    yield from compared(model, c)


@rglru.step("With the reset B_0 = diag σ(x_0), and all else is the same", "identity")
def with_reset():
    model, u = RGLRU.symbolic(d=2, reset=True), tokens(3, 2)
    first = np.diag(sigmoid(model.xp, gate(model, "x", u[0])))
    yield Identity(model.system(u).B[0], first, shown=("B_0", r"\operatorname{diag} \sigma(W_x u_0 + b_x)"))
    yield from compared(model, 8, reset=True)


@rglru.step("log a = -c r softplus(-Λ_p), the form in which it is computed", "identity")
def in_logarithms():
    model, u = RGLRU.symbolic(d=2), tokens(2, 2)
    r = np.stack([sigmoid(model.xp, gate(model, "a", u_i)) for u_i in u])
    log = model.system(u).transition.log[:, 0, :, 0]
    yield log, -8 * r * model.xp.log(1 + model.xp.exp(-model.Lambda_p))


@rglru.numbers("At random, with their biases, c = 8 and 3, with and without the reset: matrices and outputs")
def random_rglru(rng):
    sizes = {"d": 4, "optional": ("b_a", "b_x")}
    plain = [drawn("rglru", rng, **sizes), drawn("rglru", rng, c=3, **sizes)]
    return [
        *map(system_residual, plain),
        system_residual(drawn("rglru", rng, reset=True, **sizes), reset=True),
    ]


def system_residual(model: RGLRU, reset: bool = False) -> list[float]:
    """How far the matrices and the output are from what is claimed."""
    u = np.random.default_rng(2).standard_normal((9, model.d))
    right, system = claimed(model, u, model.c, reset), model.system(u)
    worst = [np.abs(getattr(system, name) - right[name]).max() for name in MATRICES]
    return [*worst, relative(model.output(u), run(right, u))]


def first_write(model: RGLRU) -> Array:
    """``B_0 - diag(√(1 - a_0²) σ(x_0))``."""
    u = np.random.default_rng(2).standard_normal((9, model.d))
    return model.system(u).B[0] - claimed(model, u, model.c)["B"][0]


rglru.hypothesis(
    "the first input is written as the others are",
    r"B_0 = \operatorname{diag} \sqrt{1 - a_0^2} \odot \sigma(x_0)",
    violation=first_write,
    holds=lambda: RGLRU.random(d=3, seed=1),
    dropped=lambda: RGLRU.random(d=3, seed=1, reset=True),
)(system_residual)


normal = Claim(
    id="input-normal",
    title="The square root of the RG-LRU keeps its state at unit variance.",
    statement="Without the input gate a² + b² = 1, so that the Gramian W_i = a_i² W_{i-1} + b_i² is 1 - ∏ a_k², and 1 "
    "at every step with the reset: white input of unit variance gives a state of variance W_i <= 1. A held input is "
    "not bounded like that: it is amplified by √((1 + a)/(1 - a)).",
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


@normal.step("a² + b² = 1 at every step; with the reset b_0 = 1", "identity")
def on_the_circle():
    for reset in (False, True):
        a, b, _ = open_gate(reset)
        start = int(reset)
        yield a[start:] ** 2 + b[start:] ** 2, np.ones(3 - start, dtype=int)
        yield b[0] ** 2, 1 if reset else 1 - a[0] ** 2


@normal.step("Three steps: W_i = Σ_j Φ_ij² = 1 - ∏ a_k², and 1 with the reset", "identity")
def three_steps():
    for reset in (False, True):
        a, _, phi = open_gate(reset)
        yield (phi**2).sum(axis=1), 1 - int(not reset) * np.cumprod(a**2)


@normal.step("White u of unit variance, E u_j u_k = [j = k]: the mean of h_i² is W_i = Σ_j Φ_ij²", "identity")
def mean_square():
    """Of the products in h_i² = (Σ_j Φ_ij u_j)² only the squares have a mean, one."""
    _, _, phi = open_gate()
    u = tokens(3, 1)[:, 0]
    squares = [sp.expand(h**2) for h in phi @ u]
    mean = np.array([sum(square.coeff(u_j, 2) for u_j in u) for square in squares])
    yield Identity(mean, (phi**2).sum(axis=1), shown=(r"\mathbb{E}\, h_i^2", r"\sum_j \Phi_{ij}^2"))


@normal.step("One more step: a² (1 - P) + b² = 1 - a² P with P = ∏_{k<i} a_k²; P = 0 stays", "induction")
def one_more_step():
    a, b, _ = open_gate()
    P = sp.Symbol("P", nonnegative=True)
    yield a[2] ** 2 * (1 - P) + b[2] ** 2, 1 - a[2] ** 2 * P


@normal.step("A held input is amplified by b / (1 - a) = √((1 + a)/(1 - a))", "identity")
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


@normal.numbers("Random RG-LRU; with the reset W_i = 1; the LRU as it is initialised: |λ|² + γ² = 1")
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


normal.hypothesis(
    "the factor is the square root of 1 - a²",
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


normal.hypothesis(
    "the input is white, of unit variance, and not seen by the gates",
    r"\mathbb{E}\, u_i u_j = [i = j]",
    violation=lambda correlation: covariance(correlation) - np.eye(7),
    holds=0.0,
    dropped=0.5,
)(variance_residual)
