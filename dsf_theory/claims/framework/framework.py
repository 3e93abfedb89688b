"""The framework itself: one system in many forms, and systems made of systems."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.claims.reading import I, J, any_matrices
from dsf_theory.models import MODELS, NoFiniteSystemError
from dsf_theory.system import System, forms
from dsf_theory.system.transition import Dense

convolution = Claim(
    id="convolution",
    title="The recurrence is a convolution with a kernel that varies in time.",
    statement="The output of the recurrence is Φ u with Φ_ij = C_i Λ_i ⋯ Λ_{j+1} B_j, plus D_i where i = j. "
    "The chunked form and the parallel scan compute the same.",
    latex=r"y_i = \sum_{j \le i} \Phi_{ij} u_j, \quad \Phi_{ij} = C_i \Lambda_i \cdots \Lambda_{j+1} B_j + [i = j] D_i",
    source="Sieber et al. 2024, the framework; stated here",
    models=tuple(MODELS),
    notebook="01_the_framework",
)


@convolution.step("Six steps of the recurrence are the convolution, whatever the sizes", "matrices")
def six_steps():
    system = any_matrices(6)
    return system.recurrent(), system.convolutional()


@convolution.step("One more step: the state Σ_j P(i-1, j) w_j becomes Σ_j P(i, j) w_j", "induction")
def one_more_step():
    """The recurrence is read from the code that runs it; so is the rule of the kernel, P(i, j) = Λ_i P(i-1, j)."""
    P, w, decay = sp.Function("P"), sp.Function("w"), sp.Symbol("Lambda_i")
    before, now = sp.Sum(P(I - 1, J) * w(J), (J, 0, I - 1)), w(I)
    step = Dense(np.array([[sp.S.One], [decay]], dtype=object).reshape(2, 1, 1, 1, 1))
    after = forms.loop(step, np.array([before, now], dtype=object).reshape(2, 1, 1, 1))[1].item()
    claimed = sp.Sum(decay * P(I - 1, J) * w(J), (J, 0, I - 1)) + w(I)  # the last term peeled: P(i, i) = 1
    yield Identity(after, claimed, by=inside_sums)
    system = replace(any_matrices(4), skip=None)
    phi, Lambda, C = system.kernel()[..., 0, 0], system.Lambda[:, 0, 0], system.C[:, 0, 0]
    for i in (1, 2, 3):
        yield phi[i, :i], C[i] * Lambda[i] / C[i - 1] * phi[i - 1, :i]


def inside_sums(expression):
    """Expand, with constant factors taken out of sums."""
    pulled = sp.expand(expression).replace(sp.Sum, lambda f, limits: sp.factor_terms(sp.Sum(f, limits)))
    return sp.expand(pulled)


@convolution.step("Chunks of one to five steps, and the scan, give the same", "matrices")
def other_forms():
    system = any_matrices(5)
    yield system.scan(), system.recurrent()
    for chunk in range(1, 6):
        yield system.chunked(chunk), system.recurrent()


@convolution.numbers("Every model of the registry: five forms, one output")
def every_model(rng):
    worst = []
    for model in MODELS.values():
        u = rng.standard_normal((12, 4))
        try:
            system = model.random(d=4, n=2, seed=int(rng.integers(1000))).system(u)
        except NoFiniteSystemError:
            continue
        y = system.recurrent()
        others = (
            system.convolutional(),
            system.chunked(5),
            system.scan(),
            apply(system.product_kernel(), system.u),
        )
        worst += [np.max(np.abs(other - y)) / np.max(np.abs(y)) for other in others]
    return worst


def apply(phi: np.ndarray, u: np.ndarray) -> np.ndarray:
    """``y_i = Σ_j Φ_ij u_j``."""
    return np.einsum("ijcd,jd->ic", phi, u)


def response(initial: float) -> float:
    """How far the convolution is from the recurrence of S6 that starts at ``h_{-1} = initial``."""
    system = MODELS["s6"].random(d=2, n=2, seed=3).system(np.linspace(-1, 1, 10).reshape(5, 2))
    h = np.full(system.N, float(initial))
    y = []
    for Lambda, B, C, D, u in zip(system.Lambda, system.B, system.C, system.D, system.u, strict=True):
        h = Lambda @ h + B @ u
        y.append(C @ h + D @ u)
    return np.max(np.abs(np.array(y) - system.convolutional()))


convolution.hypothesis("the state starts at zero", "h_{-1} = 0", violation=abs, holds=0.0, dropped=1.0)(
    response
)


closure = Claim(
    id="closure",
    title="Systems in series and side by side are again systems.",
    statement="A cascade is one system with N₁ + N₂ states and a block triangular transition, a sum of two is one with "
    "a block diagonal transition. So a short convolution before a mixer, or several heads, stay within the framework.",
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


@closure.step("A cascade of any two systems is one", "matrices")
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


@closure.step("A sum of any two systems is one", "matrices")
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


@closure.step(
    "A causal convolution of width three is one: a shift register of three states, Λ³ = 0", "matrices"
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


@closure.numbers("S6 into linear attention, stepped as one system")
def cascades(rng):
    return [cascade_residual(("s6", "linear_attention", int(rng.integers(1000)))) for _ in range(3)]


closure.hypothesis(
    "the blocks stand in the order in which the systems feed each other",
    r"y = \Phi^2 \Phi^1 u",
    violation=handed_on,
    holds=("s6", "linear_attention", 1),
    dropped=("linear_attention", "s6", 1),
)(cascade_residual)
