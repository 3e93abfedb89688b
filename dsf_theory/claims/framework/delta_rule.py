"""The claim ``delta-rule``: a write that overwrites what its key held."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.system import System
from dsf_theory.system.symbolic import symbols
from dsf_theory.system.transition import Dense

claim = Claim(
    id="delta-rule",
    title="The delta rule overwrites what a key held.",
    statement="With $Λ_i = I - β k kᵀ$ and the write $β k$, the memory of a key shrinks by $1 - β‖k‖²$ before the new "
    "value is added; at $β‖k‖² = 1$ what was stored under $k$ is replaced. $Λ_i$ is symmetric, with "
    "eigenvalues 1 and $1 - β‖k‖²$: its norm is at most one exactly where $0 ≤ β‖k‖² ≤ 2$.",
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


@claim.step(
    "$Λ k = (1 - β‖k‖²) k$, for keys of any size; of $v ⊗ k$ with any value $v$ the same", "Kronecker"
)
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


@claim.step(
    "Its eigenvalues are 1 and $det Λ = 1 - s$ with $s = β‖k‖²$, and $1 - (1 - s)² = s(2 - s)$", "identity"
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


@claim.step(
    "Reading $k$ after the write: the old value times $1 - β‖k‖²$, the new one times $β‖k‖²$", "identity"
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


@claim.numbers("Five values under one key, the last one is read; recurrence and kernel agree")
def overwrites(rng):
    system = delta_system(rng.standard_normal((8, 4)), rng.standard_normal((8, 3)), 0.3)
    return [stored(1.0), np.max(np.abs(system.recurrent() - system.convolutional()))]


claim.hypothesis(
    "the strength fits the key", r"\beta \|k\|^2 = 1", violation=lambda s: abs(s - 1), holds=1.0, dropped=0.5
)(stored)
