"""The claim ``closure``: systems in series and side by side are again systems."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.letters import any_matrices
from dsf_theory.models import MODELS
from dsf_theory.system import System
from dsf_theory.system.transition import Dense

claim = Claim(
    id="closure",
    title="Systems in series and side by side are again systems.",
    statement="A cascade is one system with $N₁ + N₂$ states and a block triangular transition, a sum of two is one "
    "with a block diagonal transition. So a short convolution before a mixer, or several heads, stay within "
    "the framework.",
    latex=r"\Lambda = \begin{pmatrix} \Lambda^1 & 0 \\ B^2 C^1 \Lambda^1 & \Lambda^2 \end{pmatrix},\quad "
    r"B = \begin{pmatrix} B^1 \\ B^2 (C^1 B^1 + D^1) \end{pmatrix},\quad C = (D^2 C^1,\; C^2),\quad D = D^2 D^1",
    source="derived here",
    models=("s6", "linear_attention"),
    notebook="01_the_framework",
)


def blocks(length: int, *parts) -> System:
    """A system of two blocks of states from functions of the step: Λ (2 × 2), B, C and D."""
    Lambda, B, C, D = (np.array([part(i) for i in range(length)], dtype=object) for part in parts)
    return System(
        u=any_matrices(length).u,
        transition=Dense(Lambda.reshape(length, 1, 1, 2, 2)),
        write=B.reshape(length, 1, 1, 2),
        read=C.reshape(length, 1, 1, 2),
        skip=D.reshape(length, 1, 1),
    )


def entries(name: str, length: int) -> list[np.ndarray]:
    """Λ, B, C and D of a system of any sizes, each (length,)."""
    system = any_matrices(length, name)
    return [part.reshape(length) for part in (system.Lambda, system.B, system.C, system.D)]


@claim.step("A cascade of any two systems is one", "matrices")
def cascade():
    (L1, B1, C1, D1), (L2, B2, C2, D2) = entries("1", 4), entries("2", 4)
    first = replace(any_matrices(4, "1"), u=any_matrices(4).u)
    second = replace(any_matrices(4, "2"), u=first.recurrent())
    joined = blocks(
        4,
        lambda i: [[L1[i], 0], [B2[i] * C1[i] * L1[i], L2[i]]],
        lambda i: [B1[i], B2[i] * (C1[i] * B1[i] + D1[i])],
        lambda i: [D2[i] * C1[i], C2[i]],
        lambda i: D2[i] * D1[i],
    )
    yield second.recurrent(), joined.recurrent()


@claim.step("A sum of any two systems is one", "matrices")
def side_by_side():
    (L1, B1, C1, D1), (L2, B2, C2, D2) = entries("1", 4), entries("2", 4)
    parts = [replace(any_matrices(4, name), u=any_matrices(4).u) for name in "12"]
    joined = blocks(
        4,
        lambda i: [[L1[i], 0], [0, L2[i]]],
        lambda i: [B1[i], B2[i]],
        lambda i: [C1[i], C2[i]],
        lambda i: D1[i] + D2[i],
    )
    yield parts[0].recurrent() + parts[1].recurrent(), joined.recurrent()


@claim.step(
    "A causal convolution of width three is one: a shift register of three states, $Λ³ = 0$", "matrices"
)
def short_convolution():
    length, width, u = 5, 3, any_matrices(5).u
    w = np.array(sp.symbols("w_:3", commutative=False), dtype=object)
    register = System(
        u=u,
        transition=Dense(np.tile(np.eye(width, k=-1, dtype=object), (length, 1, 1, 1, 1))),
        write=np.eye(1, width, dtype=object).reshape(1, 1, 1, width),
        read=w.reshape(1, 1, 1, width),
    )
    taps = [sum(w[k] * u[i - k, 0] for k in range(min(i + 1, width))) for i in range(length)]
    yield register.recurrent()[:, 0], np.array(taps, dtype=object)
    yield np.linalg.matrix_power(register.Lambda[1], width), np.zeros((width, width), dtype=object)


def cascade_residual(case: tuple[str, str, int]) -> float:
    """How far S6 into linear attention is from a block system of two models, the first named feeding the second."""
    *names, seed = case
    systems = of_one_input(seed)
    u = systems["s6"].u
    fed = replace(systems["linear_attention"], u=systems["s6"].recurrent()).recurrent()
    one, two = (systems[name] for name in names)
    corner = two.B @ one.C @ one.Lambda
    Lambda = np.block([[one.Lambda, np.zeros_like(corner).swapaxes(1, 2)], [corner, two.Lambda]])
    B = np.concatenate([one.B, two.B @ (one.C @ one.B + one.D)], axis=1)
    C, D = np.concatenate([two.D @ one.C, two.C], axis=2), two.D @ one.D
    h, y = np.zeros(B.shape[1]), []
    for i in range(6):
        h = Lambda[i] @ h + B[i] @ u[i]
        y.append(C[i] @ h + D[i] @ u[i])
    return np.max(np.abs(np.array(y) - fed)) / np.max(np.abs(fed))


def of_one_input(seed: int) -> dict[str, System]:
    """Random S6 and linear attention, with the coefficients of one input for both orders."""
    u = np.random.default_rng(seed).standard_normal((6, 3))
    names = ("s6", "linear_attention")
    return {name: MODELS[name].random(d=3, n=2, seed=seed).system(u) for name in names}


def handed_on(case: tuple[str, str, int]) -> np.ndarray:
    """What the first block puts out, less what the second system of the cascade takes in."""
    systems = of_one_input(case[-1])
    return systems[case[0]].recurrent() - systems["s6"].recurrent()


@claim.numbers("S6 into linear attention, stepped as one system")
def cascades(rng):
    return [cascade_residual(("s6", "linear_attention", int(rng.integers(1000)))) for _ in range(3)]


claim.hypothesis(
    "the blocks stand in the order in which the systems feed each other",
    r"y = \Phi^2 \Phi^1 u",
    violation=handed_on,
    holds=("s6", "linear_attention", 1),
    dropped=("linear_attention", "s6", 1),
)(cascade_residual)
