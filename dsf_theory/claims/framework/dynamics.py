"""Beyond diagonal transitions: when the state is read, the delta rule, and the dynamics of coefficients."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.claims.framework.bases import singular, system_of
from dsf_theory.claims.reading import any_matrices, rank
from dsf_theory.models import MODELS
from dsf_theory.system import System, forms
from dsf_theory.system.symbolic import symbols
from dsf_theory.system.transition import Dense, Diagonal

reading_order = Claim(
    id="reading-order",
    title="Reading before the write is another output matrix.",
    statement="Control theory reads the state before it is written. A system of the framework is such a system with "
    "C_i Λ_i and C_i B_i + D_i; the way back, C_i Λ_i^{-1}, needs every Λ_i invertible. So RWKV-5 and 6, which read "
    "first and add a bonus β for the current token, are within the framework, with D = 0 where β = 1/w.",
    latex=r"y_i = (C_i \Lambda_i)\, h_{i-1} + (C_i B_i + D_i)\, u_i",
    source="derived here; RWKV: Peng et al. 2023",
    models=("s6", "qlstm"),
    notebook="01_the_framework",
)


def read_before(system: System, C: np.ndarray, D: np.ndarray) -> np.ndarray:
    """``y_i = C_i h_{i-1} + D_i u_i`` of the states of a system of any sizes, (length,)."""
    length = system.length
    states = forms.loop(system.transition, system.drive)[:, 0, 0, 0]
    before = [sp.S.Zero, *states[:-1]]
    return np.array([C[i] * before[i] + D[i] * system.u[i, 0] for i in range(length)], dtype=object)


@reading_order.step("Read after the write is C_i Λ_i read before it, and C_i B_i more at once", "matrices")
def to_control():
    system = any_matrices(5)
    Lambda, B, C, D = (part[:, 0, 0] for part in (system.Lambda, system.B, system.C, system.D))
    yield read_before(system, C * Lambda, C * B + D), system.recurrent()[:, 0]


@reading_order.step("The way back: C_i Λ_i⁻¹ read after the write, and as much less at once", "matrices")
def from_control():
    system = any_matrices(5)
    Lambda, B, C, D = (part[:, 0, 0] for part in (system.Lambda, system.B, system.C, system.D))
    after = C / Lambda
    changed = replace(system, read=after.reshape(5, 1, 1, 1), skip=(D - after * B).reshape(5, 1, 1))
    yield changed.recurrent()[:, 0], read_before(system, C, D)


def rwkv(w: np.ndarray, r: np.ndarray, k: np.ndarray, beta: np.ndarray, u: np.ndarray) -> System:
    """RWKV of one channel: what reads h_{i-1} and the bonus β ⊙ k_i u_i by r_i, as a system that reads h_i."""
    log, write, read = (part[:, None, None] for part in (np.frompyfunc(sp.log, 1, 1)(w), k, r / w))
    skip = (r * beta * k - r / w * k).sum(axis=1)[:, None, None]
    return System(u=u, transition=Diagonal(log), write=write, read=read, skip=skip)


@reading_order.step("RWKV: C = r/w and D = rᵀ(β ⊙ k) - (r/w)ᵀ k, which is zero where β = 1/w", "identity")
def bonus():
    w, r, k, beta = (symbols(name, (3, 2), positive=True) for name in ("w", "r", "k", "beta"))
    u, h, y = symbols("u", (3, 1)), np.zeros(2, dtype=int), []
    for i in range(3):
        y.append(r[i] @ (h + beta[i] * k[i] * u[i]))
        h = w[i] * h + k[i] * u[i]
    yield rwkv(w, r, k, beta, u).recurrent()[:, 0], np.array(y)
    yield rwkv(w, r, k, 1 / w, u).D, np.zeros((3, 1, 1), dtype=int)


def order_residual(case: tuple[str, float]) -> float:
    """How far the way back is from reading first; a transition that is singular is inverted as far as it goes."""
    system = system_of(case)
    h, first, back = np.zeros(system.N), [], []
    for Lambda, B, C, D, u in zip(system.Lambda, system.B, system.C, system.D, system.u, strict=True):
        after = C @ np.linalg.pinv(Lambda, rcond=1e-14)
        first.append(C @ h + D @ u)
        h = Lambda @ h + B @ u
        back.append(after @ h + (D - after @ B) @ u)
    return np.max(np.abs(np.array(back) - first))


@reading_order.numbers("S6 and the quasi-LSTM, read first and read last")
def both_orders(rng):
    return [order_residual(("s6", 0.0)), order_residual(("qlstm", rng.uniform(-1, 1)))]


reading_order.hypothesis(
    "every transition is invertible",
    r"\det \Lambda_i \ne 0",
    violation=singular,
    holds=("qlstm", 0.5),
    dropped=("qlstm", -800.0),
)(order_residual)


delta_rule = Claim(
    id="delta-rule",
    title="The delta rule overwrites what a key held.",
    statement="With Λ_i = I - β k kᵀ and the write β k, the memory of a key shrinks by 1 - β‖k‖² before the new value "
    "is added; at β‖k‖² = 1 what was stored under k is replaced. Λ_i is symmetric, with eigenvalues 1 and 1 - β‖k‖²: "
    "its norm is at most one exactly where 0 ≤ β‖k‖² ≤ 2.",
    latex=r"(I - \beta k k^\top) k = (1 - \beta \|k\|^2)\, k, \qquad \det(I - \beta k k^\top) = 1 - \beta \|k\|^2",
    source="Schlag et al. 2021; Yang et al. 2024; as a system of the framework: derived here",
    models=(),
    notebook="01_the_framework",
)


def delta_system(keys: np.ndarray, values: np.ndarray, beta) -> System:
    """The delta rule that stores values (length, d) under keys (length, n), and reads each by its own key."""
    part = keys[:, None, None, :]
    eye = np.eye(keys.shape[-1], dtype=int if keys.dtype == object else float)
    matrix = eye - beta * part[..., :, None] * part[..., None, :]
    return System(u=values, transition=Dense(matrix), write=beta * part, read=part)


@delta_rule.step("Λ k = (1 - β‖k‖²) k, for keys of any size; of v ⊗ k with any value v the same", "Kronecker")
def along_the_key():
    """For a vector of symbolic size, and from the system's own Λ = I ⊗ M for explicit ones."""
    size, beta = sp.Symbol("n", integer=True, positive=True), sp.Symbol("beta")
    k = sp.MatrixSymbol("k", size, 1)
    yield (sp.Identity(size) - beta * k * k.T) * k, k - beta * k * (k.T * k)
    for n in (2, 3):
        key, value = symbols("k", (1, n)), symbols("v", (1, 2))
        for v in (np.array([[sp.S.One]]), value):
            held = np.outer(v, key).ravel()
            yield delta_system(key, v, beta).Lambda[0] @ held, (1 - beta * (key[0] @ key[0])) * held


@delta_rule.step(
    "Its eigenvalues are 1 and det Λ = 1 - s with s = β‖k‖², and 1 - (1 - s)² = s(2 - s)", "identity"
)
def eigenvalues():
    beta, x, s = sp.symbols("beta x s")
    for n in (1, 2, 3):
        key = symbols("k", (1, n))
        strength = beta * (key[0] @ key[0])
        Lambda = sp.Matrix(delta_system(key, symbols("v", (1, 1)), beta).Lambda[0])
        yield Lambda, Lambda.T
        yield Lambda.charpoly(x).as_expr(), (x - 1) ** (n - 1) * (x - 1 + strength)
        yield Lambda.det(), 1 - strength
    yield 1 - (1 - s) ** 2, s * (2 - s)


@delta_rule.step(
    "Reading k after the write: the old value times 1 - β‖k‖², the new one times β‖k‖²", "identity"
)
def overwritten():
    beta, n = sp.Symbol("beta"), 3
    key, values = symbols("k", (1, n)), symbols("v", (2, 1))
    norm = key[0] @ key[0]
    y = delta_system(np.repeat(key, 2, axis=0), values, beta).recurrent()
    yield y[1, 0], (1 - beta * norm) * (beta * norm * values[0, 0]) + beta * norm * values[1, 0]


def stored(strength: float) -> float:
    """How far what is read is from the value just stored, the keys of one direction and β‖k‖² as given."""
    rng = np.random.default_rng(2)
    key = rng.standard_normal(4)
    keys, values = np.tile(key, (5, 1)), rng.standard_normal((5, 3))
    return np.max(np.abs(delta_system(keys, values, strength / (key @ key)).recurrent() - values))


@delta_rule.numbers("Five values under one key, the last one is read; recurrence and kernel agree")
def overwrites(rng):
    system = delta_system(rng.standard_normal((8, 4)), rng.standard_normal((8, 3)), 0.3)
    return [stored(1.0), np.max(np.abs(system.recurrent() - system.convolutional()))]


delta_rule.hypothesis(
    "the strength fits the key", r"\beta \|k\|^2 = 1", violation=lambda s: abs(s - 1), holds=1.0, dropped=0.5
)(stored)


coefficients = Claim(
    id="coefficient-dynamics",
    title="Weights that evolve linearly are a system.",
    statement="Let α_ij = f(q_iᵀ s_{i|j}), s_{j|j} = b_j k_j, s_{i|j} = A_i s_{i-1|j}. With f the identity these are "
    "the weights of a system with Λ_i = I ⊗ A_i, whatever A_i. With f = exp, A = I and a row sum they are softmax "
    "attention, which has no finite state.",
    latex=r"\alpha_{ij} = f(q_i^\top A_i \cdots A_{j+1} b_j k_j), \qquad y_i = \sum_{j \le i} \alpha_{ij} v_j",
    source="after Sieber et al. 2025 (arXiv 2510.09389); the two cases: derived here",
    models=("softmax_attention",),
    notebook="02_attention_as_a_dynamical_system",
)


def evolved(queries: np.ndarray, keys: np.ndarray, A: np.ndarray) -> np.ndarray:
    """``q_iᵀ s_{i|j}`` by stepping each s_{i|j} on its own, (length, length), zero above the diagonal."""
    length = len(keys)
    found = np.zeros((length, length), dtype=keys.dtype)
    for j in range(length):
        s = keys[j]
        for i in range(j, length):
            s = A[i] @ s if i > j else s
            found[i, j] = queries[i] @ s
    return found


def linear_system(queries: np.ndarray, keys: np.ndarray, A: np.ndarray) -> System:
    """The system with Λ_i = I ⊗ A_i, written by keys and read by queries."""
    u = 0 * queries[:, :1]
    return System(
        u=u, transition=Dense(A[:, None, None]), write=keys[:, None, None], read=queries[:, None, None]
    )


@coefficients.step(
    "f the identity: the weights are those of the system, for matrices A_i of any kind", "identity"
)
def identity_case():
    queries, keys, A = symbols("q", (4, 2)), symbols("k", (4, 2)), symbols("A", (4, 2, 2))
    yield evolved(queries, keys, A), linear_system(queries, keys, A).weights()[0, 0]


@coefficients.step("f = exp, A = I, divided by the row sum: softmax attention", "identity")
def softmax_case():
    model, u = MODELS["softmax_attention"].symbolic(2, 1), symbols("u", (3, 2))
    q, k = (part[:, 0] for part in model.queries_keys(u))
    scores = evolved(q, k, np.ones((3, 1, 1), dtype=object))
    alpha = np.tril(np.frompyfunc(sp.exp, 1, 1)(scores))
    yield Identity(model.probabilities(u)[0], alpha / alpha.sum(axis=1, keepdims=True))


GRID = np.linspace(-1, 1, 5)
READ = {"identity": lambda x: x, "exp": np.exp}
"""Name of f -> f."""


def states_needed(f: str) -> int:
    """By how much the rank of past-future blocks exceeds the n = 2 states of the keys."""
    rng = np.random.default_rng(4)
    queries, keys = rng.standard_normal((2, 12, 2))
    alpha = evolved(queries, keys, np.tile(np.eye(2), (12, 1, 1)))
    return float(np.maximum(0.0, rank(READ[f](alpha)[6:, :6]) - 2.0))


@coefficients.numbers("Random queries, keys and matrices A_i, and softmax")
def random_coefficients(rng):
    queries, keys, A = (
        rng.standard_normal((6, 3)),
        rng.standard_normal((6, 3)),
        rng.standard_normal((6, 3, 3)) / 2,
    )
    w = linear_system(queries, keys, A).weights()[0, 0]
    return [np.max(np.abs(w - evolved(queries, keys, A))) / np.max(np.abs(w)), states_needed("identity")]


coefficients.hypothesis(
    "what is read is linear in the state",
    r"f = \mathrm{id}",
    violation=lambda f: READ[f](0.3 + GRID) - READ[f](0.3) - READ[f](GRID),
    holds="identity",
    dropped="exp",
)(states_needed)
