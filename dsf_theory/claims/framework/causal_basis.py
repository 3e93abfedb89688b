"""The claim ``causal-basis``: invertible transitions can be moved into the features."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.framework.change_of_basis import bases
from dsf_theory.claims.letters import any_matrices
from dsf_theory.models import MODELS
from dsf_theory.system import System
from dsf_theory.system.transition import Dense

claim = Claim(
    id="causal-basis",
    title="Invertible transitions can be moved into the features.",
    statement="Where every $Λ_i$ is invertible, $T_i = (Λ_i ⋯ Λ_0)^{-1}$ gives a system with $Λ = I$ and the same "
    "kernel: un-normalised linear attention with features $C_i Λ_i ⋯ Λ_0$ and $(Λ_j ⋯ Λ_0)^{-1} B_j$, which "
    "depend on the past.",
    latex=r"\Phi_{ij} = \big(C_i \Lambda_i \cdots \Lambda_0\big)\big((\Lambda_j \cdots \Lambda_0)^{-1} B_j\big)",
    source="derived here",
    models=("qlstm", "s6", "ssd"),
    notebook="05_linear_attention_and_s6",
)


def moved() -> tuple[System, np.ndarray]:
    """A system of any sizes, and the bases (Λ_i ⋯ Λ_0)^{-1} as symbols T_i: then Λ_i = T_i^{-1} T_{i-1}."""
    T = bases(5)[:, 0, 0]
    Lambda = np.array([1 / T[0], *(1 / T[i] * T[i - 1] for i in range(1, 5))], dtype=object)
    return replace(any_matrices(5), transition=Dense(Lambda.reshape(5, 1, 1, 1, 1))), T


@claim.step("$Λ_i = T_i⁻¹ T_{i-1}$ multiplies out to $Λ_i ⋯ Λ_0 = T_i⁻¹$", "matrices")
def products():
    system, T = moved()
    Lambda = system.Lambda[:, 0, 0]
    for i in range(5):
        yield sp.Mul(*Lambda[i::-1]), 1 / T[i]


@claim.step("In the basis $T$ every transition is the identity", "matrices")
def no_transition():
    system, T = moved()
    yield system.in_basis(T.reshape(5, 1, 1)).Lambda[1:, 0, 0], np.full(4, sp.S.One)


@claim.step("The kernel is read times written: no decay between them", "matrices")
def features_of_the_past():
    system, T = moved()
    moved_system = replace(system.in_basis(T.reshape(5, 1, 1)), skip=None)
    phi = replace(system, skip=None).kernel()[..., 0, 0]
    C, B = moved_system.C[:, 0, 0], moved_system.B[:, 0, 0]
    for i in range(5):
        yield phi[i, : i + 1], np.array([C[i] * B[j] for j in range(i + 1)], dtype=object)


def moved_residual(case: tuple[str, float]) -> float:
    """How far features of the past are from the kernel; a product that is singular is inverted as far as it goes."""
    system = system_of(case)
    products = np.stack(
        [np.linalg.multi_dot([np.eye(system.N), *system.Lambda[i::-1]]) for i in range(system.length)]
    )
    read, written = system.C @ products, np.linalg.pinv(products, rcond=1e-14) @ system.B
    phi = np.einsum("icn,jnd->ijcd", read, written)
    lower = np.tri(system.length)[..., None, None]
    at_once = np.eye(system.length)[..., None, None] * system.D[:, None]
    return np.max(np.abs(lower * phi + at_once - system.kernel())) / np.max(np.abs(system.kernel()))


def singular(case: tuple[str, float]) -> int:
    """How many transitions of :func:`system_of` have no inverse."""
    return np.sum(np.linalg.det(system_of(case).Lambda) == 0)


def system_of(case: tuple[str, float]) -> System:
    """Six tokens through a model; the quasi-LSTM with a bias of its forget gates."""
    name, bias = case
    model = MODELS[name].random(d=3, n=2, seed=5)
    if name == "qlstm":
        model = MODELS[name](**{**model.parameters, "b_f": np.full(3, bias)})
    return model.system(np.random.default_rng(5).standard_normal((6, 3)))


@claim.numbers("The quasi-LSTM, S6 and SSD as linear attention")
def as_attention(rng):
    return [moved_residual((name, rng.uniform(0, 2))) for name in ("qlstm", "s6", "ssd")]


claim.hypothesis(
    "every transition is invertible",
    r"\det \Lambda_i \ne 0",
    violation=singular,
    holds=("qlstm", 1.0),
    dropped=("qlstm", -800.0),  # gates that are shut: σ(-800) is zero
)(moved_residual)
