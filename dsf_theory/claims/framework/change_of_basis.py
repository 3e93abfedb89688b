"""The claim ``change-of-basis``: it leaves the kernel as it is."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.letters import any_matrices, letters
from dsf_theory.models import MODELS

claim = Claim(
    id="change-of-basis",
    title="A change of basis leaves the kernel as it is.",
    statement="For invertible $T_i$ the system $T_i Λ_i T_{i-1}^{-1}$, $T_i B_i$, $C_i T_i^{-1}$, $D_i$ has the same "
    "kernel $Φ$.",
    latex=r"(\Lambda_i, B_i, C_i, D_i) \sim (T_i \Lambda_i T_{i-1}^{-1},\; T_i B_i,\; C_i T_i^{-1},\; D_i)",
    source="after Sieber et al. 2024, where a basis places the normaliser; general $T_i$: derived here",
    models=("s6", "ssd", "lru", "linear_attention"),
    notebook="01_the_framework",
)


def bases(length: int) -> np.ndarray:
    """Symbols T_i that do not commute, (length, 1, 1)."""
    return letters("T", (length,)).reshape(length, 1, 1)


@claim.step("Five steps of any sizes: the kernel is free of $T$", "matrices")
def free_of_the_basis():
    system = any_matrices(5)
    return system.in_basis(bases(5)).product_kernel(), system.product_kernel()


@claim.step("One more step: $P̃(i, j) = T_i P(i, j) T_j⁻¹$ is kept", "induction")
def carried_on():
    system, T = any_matrices(3), bases(3)[:, 0, 0]
    P = sp.Symbol("P", commutative=False)  # the product Λ_{i-1} ⋯ Λ_{j+1}, whatever it is
    changed = system.in_basis(bases(3)).Lambda[2].item()
    yield changed * (T[1] * P / T[0]), T[2] * system.Lambda[2].item() * P / T[0]


@claim.numbers("Random bases of S6, SSD, LRU and linear attention")
def random_bases(rng):
    return [basis_residual((name, 0.0, int(rng.integers(1000)))) for name in claim.models]


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


claim.hypothesis(
    "the basis left at step $i$ is the one entered at step $i-1$",
    r"\tilde\Lambda_i = T_i \Lambda_i T_{i-1}^{-1}",
    violation=lambda case: case[1],
    holds=("ssd", 0.0, 1),
    dropped=("ssd", 1.0, 1),
)(basis_residual)
