"""The claim ``diagonalisation``: S4 in the basis of its eigenvectors is diagonal."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative, same
from dsf_theory.claims.reading import (
    having,
    rank,
    tokens,
)
from dsf_theory.claims.state_space.equations import any_size, series
from dsf_theory.models import S4, S4D
from dsf_theory.models.ssm import RULES, hippo

claim = Claim(
    id="diagonalisation",
    title="S4 in the basis of its eigenvectors is diagonal.",
    statement="Where $A = V diag(a) V⁻¹$ the system of S4 has $Λ = diag(ā)$ in the basis $V⁻¹$, by either rule, and "
    "is the S4D with poles $a$, input $V⁻¹ B$ and output $C V$. In floating point this is of use only where "
    "$V$ is well conditioned, which the eigenvectors of the HiPPO matrix are not.",
    latex=r"A = V \operatorname{diag}(a)\, V^{-1} \;\Rightarrow\; V^{-1} \bar A\, V = \operatorname{diag}(\bar a)",
    source="Gu, Goel, Ré 2022 (S4); Gu et al. 2022 (S4D); HiPPO-LegS: Gu et al. 2020",
    models=("s4", "s4d"),
    notebook="03_state_space_models",
)


@claim.step(
    "Any $A = V a V⁻¹$ of any size: in the basis $V⁻¹$ S4 is the S4 of $a$, $V⁻¹B$ and $C V$", "matrices"
)
def in_the_eigenbasis():
    V, a = sp.symbols("V a", commutative=False)
    s4, u = any_size("zoh", series(4)), tokens(3, 2)
    basis = np.array([1 / V] * 3, dtype=object).reshape(3, 1, 1)
    found = having(s4, A=np.array([[V * a / V]])).system(u).in_basis(basis)
    B, C = np.array([1 / V * s4.B.item()]), s4.C * V
    claimed = having(s4, A=np.array([[a]]), B=B, C=C).system(u)
    yield from same(found, claimed)


@claim.step(
    "Two real poles, both rules: S4 in the basis $V⁻¹$ is S4D, half of $C$ for its two real parts", "identity"
)
def as_s4d():
    (p, q), s, u = sp.symbols("p q", positive=True), sp.Symbol("s", real=True), tokens(2, 2)
    A, V = np.array([[-p, 0], [s, -q]]), np.array([[1, 0], [s / (q - p), 1]])
    inverse = np.array([[1, 0], [-s / (q - p), 1]])
    yield A @ V, V @ np.diag([-p, -q])
    yield inverse @ V, np.eye(2, dtype=int)
    for rule in RULES:
        s4 = having(S4.symbolic(d=2, n=2, rule=rule), A=A)
        B, poles = (np.broadcast_to(row, (2, 2)) for row in (inverse @ s4.B, [-p, -q]))
        s4d = S4D(A=poles, B=B, C=s4.C @ V / 2, delta=s4.delta, D=s4.D, rule=rule)
        left, right = s4.system(u).in_basis(np.stack([inverse] * 2)), s4d.system(u)
        yield from same(left, right, by=sp.factor)


def as_modes(s4: S4) -> S4D:
    """S4D with all eigenvalues of A as its modes, and half of C for each."""
    poles, V = np.linalg.eig(s4.A)
    B = np.linalg.lstsq(V, s4.B.astype(complex), rcond=1e-12)[0]
    A, B = (np.tile(row, (s4.d, 1)) for row in (poles, B))
    return S4D(A=A, B=B, C=s4.C @ V / 2, delta=s4.delta, D=s4.D, rule=s4.rule)


def eigen_residual(s4: S4) -> float:
    """How far S4 is from the S4D of its eigenvectors, in double precision."""
    u = np.ones((6, s4.d))
    return relative(as_modes(s4).kernel(u), s4.kernel(u))


def full(A: list[list[float]], rule: str = "zoh") -> S4:
    """S4 with this matrix and steps of one."""
    return having(S4.random(d=3, n=len(A), seed=1, rule=rule), A=np.array(A), delta=np.ones(3))


@claim.numbers("HiPPO matrices and poles that are complex, both rules")
def hippo_matrices(rng):
    found = [
        S4.random(d=3, n=n, seed=int(rng.integers(1000)), rule=rule) for n in (1, 2, 4) for rule in RULES
    ]
    found += [full([[-1.0, -3, 0], [3, -1, 1], [0, 0, -2]], rule) for rule in RULES]
    return [eigen_residual(s4) for s4 in found]


@claim.numbers("HiPPO: $A$ is triangular with poles $-1, ..., -n$, and $A + Aᵀ + B Bᵀ = -I$")
def hippo_structure(rng):
    worst = []
    for A, B in map(hippo, (1, 4, 9)):
        n = len(B)
        worst += [np.abs(np.triu(A, 1)).max(), relative(np.diag(A), -1.0 - np.arange(n)), B[0] - 1]
        worst += [np.abs(A + A.T + np.outer(B, B) + np.eye(n)).max() / n]
    return worst


claim.hypothesis(
    "$A$ has a basis of eigenvectors",
    r"A = V \operatorname{diag}(a) V^{-1}",
    violation=lambda s4: len(s4.A) - rank(np.linalg.eig(s4.A)[1]),
    holds=lambda: full([[-1.0, 0], [1, -2]]),
    dropped=lambda: full([[-1.0, 0], [1, -1]]),
)(eigen_residual)

claim.hypothesis(
    "the basis is well conditioned, in double precision",
    r"\epsilon\, \operatorname{cond}(V) \ll 1",
    violation=lambda s4: np.finfo(float).eps * np.linalg.cond(np.linalg.eig(s4.A)[1]),
    holds=lambda: S4.random(d=2, n=4, seed=1, rule="zoh"),
    dropped=lambda: S4.random(d=2, n=24, seed=1, rule="zoh"),
)(eigen_residual)
