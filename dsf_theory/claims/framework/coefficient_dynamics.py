"""The claim ``coefficient-dynamics``: weights that evolve linearly are a system."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.reading import (
    rank,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import MODELS
from dsf_theory.system import System
from dsf_theory.system.symbolic import symbols
from dsf_theory.system.transition import Dense

claim = Claim(
    id="coefficient-dynamics",
    title="Weights that evolve linearly are a system.",
    statement="Let $α_ij = f(q_iᵀ s_{i|j})$, $s_{j|j} = b_j k_j$, $s_{i|j} = A_i s_{i-1|j}$. With $f$ the identity "
    "these are the weights of a system with $Λ_i = I ⊗ A_i$, whatever $A_i$. With $f = exp$, $A = I$ and a "
    "row sum they are softmax attention, which has no finite state.",
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


@claim.step(
    "$f$ the identity: the weights are those of the system, for matrices $A_i$ of any kind", "identity"
)
def identity_case():
    queries, keys, A = symbols("q", (4, 2)), symbols("k", (4, 2)), symbols("A", (4, 2, 2))
    yield evolved(queries, keys, A), linear_system(queries, keys, A).weights()[0, 0]


@claim.step("$f = exp$, $A = I$, divided by the row sum: softmax attention", "identity")
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


@claim.numbers("Random queries, keys and matrices $A_i$, and softmax")
def random_coefficients(rng):
    queries, keys, A = (
        rng.standard_normal((6, 3)),
        rng.standard_normal((6, 3)),
        rng.standard_normal((6, 3, 3)) / 2,
    )
    w = linear_system(queries, keys, A).weights()[0, 0]
    return [np.max(np.abs(w - evolved(queries, keys, A))) / np.max(np.abs(w)), states_needed("identity")]


claim.hypothesis(
    "what is read is linear in the state",
    r"f = \mathrm{id}",
    violation=lambda f: READ[f](0.3 + GRID) - READ[f](0.3) - READ[f](GRID),
    holds="identity",
    dropped="exp",
)(states_needed)
