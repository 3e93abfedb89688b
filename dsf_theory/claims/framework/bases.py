"""Bases of the state: what is seen in Λ, B and C, and what only in the kernel."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.reading import any_matrices
from dsf_theory.models import MODELS
from dsf_theory.system import System
from dsf_theory.system.transition import Dense

change_of_basis = Claim(
    id="change-of-basis",
    title="A change of basis leaves the kernel as it is.",
    statement="For invertible T_i the system T_i Λ_i T_{i-1}^{-1}, T_i B_i, C_i T_i^{-1}, D_i has the same kernel Φ.",
    latex=r"(\Lambda_i, B_i, C_i, D_i) \sim (T_i \Lambda_i T_{i-1}^{-1},\; T_i B_i,\; C_i T_i^{-1},\; D_i)",
    source="after Sieber et al. 2024, where a basis places the normaliser; general T_i: derived here",
    models=("s6", "ssd", "lru", "linear_attention"),
    notebook="01_the_framework",
)


def bases(length: int) -> np.ndarray:
    """Symbols T_i that do not commute, (length, 1, 1)."""
    found = [sp.Symbol(f"T_{i}", commutative=False) for i in range(length)]
    return np.array(found, dtype=object).reshape(length, 1, 1)


@change_of_basis.step("Five steps of any sizes: the kernel is free of T", "matrices")
def free_of_the_basis():
    system = any_matrices(5)
    return system.in_basis(bases(5)).product_kernel(), system.product_kernel()


@change_of_basis.step("One more step: P̃(i, j) = T_i P(i, j) T_j⁻¹ is kept", "induction")
def carried_on():
    system, T = any_matrices(3), bases(3)[:, 0, 0]
    P = sp.Symbol("P", commutative=False)  # the product Λ_{i-1} ⋯ Λ_{j+1}, whatever it is
    changed = system.in_basis(bases(3)).Lambda[2].item()
    yield changed * (T[1] * P / T[0]), T[2] * system.Lambda[2].item() * P / T[0]


@change_of_basis.numbers("Random bases of S6, SSD, LRU and linear attention")
def random_bases(rng):
    return [basis_residual((name, 0.0, int(rng.integers(1000)))) for name in change_of_basis.models]


def basis_residual(case: tuple[str, float, int]) -> float:
    """How far the kernel moves where ``T_{i-1}`` is replaced by something off by a share of T_i."""
    name, off, seed = case
    rng = np.random.default_rng(seed)
    system = MODELS[name].random(d=4, n=2, seed=seed).system(rng.standard_normal((6, 4)))
    n = system.expansion
    T = np.eye(n) + 0.3 * rng.standard_normal((6, n, n))
    before = np.concatenate([T[:1], T[:-1]])
    phi = system.in_basis(T, before + off * (T - before)).product_kernel()
    return np.max(np.abs(phi - system.kernel())) / np.max(np.abs(system.kernel()))


change_of_basis.hypothesis(
    "the basis left at step i is the one entered at step i-1",
    r"\tilde\Lambda_i = T_i \Lambda_i T_{i-1}^{-1}",
    violation=lambda case: case[1],
    holds=("ssd", 0.0, 1),
    dropped=("ssd", 1.0, 1),
)(basis_residual)


unnormalised = Claim(
    id="causal-basis",
    title="Invertible transitions can be moved into the features.",
    statement="Where every Λ_i is invertible, T_i = (Λ_i ⋯ Λ_0)^{-1} gives a system with Λ = I and the same kernel: "
    "un-normalised linear attention with features C_i Λ_i ⋯ Λ_0 and (Λ_j ⋯ Λ_0)^{-1} B_j, which depend on the past.",
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


@unnormalised.step("Λ_i = T_i⁻¹ T_{i-1} multiplies out to Λ_i ⋯ Λ_0 = T_i⁻¹", "matrices")
def products():
    system, T = moved()
    Lambda = system.Lambda[:, 0, 0]
    for i in range(5):
        yield sp.Mul(*Lambda[i::-1]), 1 / T[i]


@unnormalised.step("In the basis T every transition is the identity", "matrices")
def no_transition():
    system, T = moved()
    yield system.in_basis(T.reshape(5, 1, 1)).Lambda[1:, 0, 0], np.full(4, sp.S.One)


@unnormalised.step("The kernel is read times written: no decay between them", "matrices")
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


@unnormalised.numbers("The quasi-LSTM, S6 and SSD as linear attention")
def as_attention(rng):
    return [moved_residual((name, rng.uniform(0, 2))) for name in ("qlstm", "s6", "ssd")]


unnormalised.hypothesis(
    "every transition is invertible",
    r"\det \Lambda_i \ne 0",
    violation=singular,
    holds=("qlstm", 1.0),
    dropped=("qlstm", -800.0),  # gates that are shut: σ(-800) is zero
)(moved_residual)
