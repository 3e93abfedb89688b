"""The claim ``time-invariance``: a state space model with a constant step is one convolution."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import MATRICES, relative
from dsf_theory.claims.reading import (
    I,
    J,
    having,
    induction,
    tokens,
)
from dsf_theory.claims.state_space.equations import any_size, by_channel, exponentials, series
from dsf_theory.claims.statement import Identity
from dsf_theory.models import LRU, S4, S4D, S5, S6, Model
from dsf_theory.models.ssm import RULES
from dsf_theory.system import System
from dsf_theory.system.transition import Dense

claim = Claim(
    id="time-invariance",
    title="A state space model with a constant step is a convolution with one kernel.",
    statement="S4D, S4, S5 and LRU have the same $Λ$, $B$, $C$ and $D$ at every step, so that $Φ_ij = C Λ^{i-j} B$, "
    "of which the complex models take the real part: it depends on $i - j$ alone.",
    latex=r"\Phi_{ij} = \operatorname{Re}\bigl(C \bar A^{\,i-j} \bar B\bigr) + [i = j]\, D",
    source="Gu, Goel, Ré 2022 (S4); LRU: Orvieto et al. 2023",
    models=("s4d", "s4", "s5", "lru"),
    notebook="03_state_space_models",
)


def constant_models() -> list[Model]:
    """The four models in symbols, S4 with matrices of any size."""
    return [S4D.symbolic(d=2, n=6), S5.symbolic(d=2, n=3), LRU.symbolic(d=2, n=3), any_size("zoh", series(2))]


@claim.step("LRU: $Λ = diag exp(-e^ν + j e^θ)$ and $B = diag(e^γ) B$", "identity")
def linear_recurrent_unit():
    model = LRU.symbolic(d=2, n=3)
    system = model.system(tokens(2, 2))
    log = -exponentials(model.nu_log) + sp.I * exponentials(model.theta_log)
    yield system.Lambda[1], np.diag(exponentials(log))
    yield system.B[1], exponentials(model.gamma_log)[:, None] * model.B


@claim.step(
    "$C$ is the model's, twice it where a state stands for a conjugate pair; $D$ is $diag(D)$", "identity"
)
def read_as_it_is():
    for model in constant_models():
        system = model.system(tokens(2, 2))
        C = model.C if isinstance(model, S5 | LRU) else by_channel(model.C).T
        yield system.C[1], 2 * C if isinstance(model, S4D | S5) else C
        yield system.D[1], np.diag(model.D)


@claim.step("$Λ$, $B$, $C$ and $D$ are the same at every step", "identity")
def the_same_at_every_step():
    for model in constant_models():
        system = model.system(tokens(3, 2))
        for name in MATRICES:
            part, symbol = getattr(system, name), sp.latex(sp.Symbol(name))
            yield Identity(part[1:], part[:-1], shown=(f"{symbol}_{{i+1}}", f"{symbol}_i"))


@claim.step("$Φ_ij$ is $C Λ^{i-j} B$, and $D$ on the diagonal", "matrices")
def powers():
    for model in constant_models():
        system = replace(model.system(tokens(3, 2)), real_part=False)
        (Lambda, *_), (B, *_), (C, *_), (D, *_) = (getattr(system, name) for name in MATRICES)
        phi = system.kernel()
        for i, j in zip(*np.tril_indices(3), strict=True):
            yield phi[i, j], C @ np.linalg.matrix_power(Lambda, i - j) @ B + (D if i == j else 0)


@claim.step("S4D, S5 and LRU: of that the real part, $D$ is real", "identity")
def real_part():
    for model in (S4D.symbolic(d=2, n=2), S5.symbolic(d=2, n=2), LRU.symbolic(d=2, n=2)):
        system = model.system(tokens(2, 2))
        through_state = replace(system, real_part=False, skip=None, feedthrough=None).kernel()
        at_once = np.eye(2, dtype=int)[..., None, None] * system.D[0]
        claimed = np.vectorize(sp.re, otypes=[object])(through_state) + at_once
        shown = r"\Phi_{ij}", r"\operatorname{Re}(C \Lambda^{i-j} B) + [i = j]\, D"
        yield Identity(system.kernel(), claimed, shown=shown)


def any_constant(length: int) -> System:
    """Matrices of any size that are the same at every step: symbols that do not commute."""
    Lambda, B, C, D = (np.array([letter]) for letter in sp.symbols("Lambda B C D", commutative=False))
    return System(
        u=tokens(length, 1),
        transition=Dense(Lambda.reshape(1, 1, 1, 1, 1)),
        write=B.reshape(1, 1, 1, 1),
        read=C.reshape(1, 1, 1, 1),
        skip=D.reshape(1, 1, 1),
    )


@claim.step("Constant matrices of any size: $Φ_{i+1,j+1} = Φ_ij$", "matrices")
def shifted():
    phi = any_constant(6).product_kernel()
    yield phi[1:, 1:], phi[:-1, :-1]


@claim.step("One more step: $Λ Λ^{i-1-j} = Λ^{i-j}$", "induction")
def one_more_power():
    Lambda = any_constant(3).Lambda[2].item()
    return induction(Lambda ** (I - J), Lambda)


@claim.numbers("S4D, S4, S5 and LRU: the output is a convolution with the first column of $Φ$")
def convolved(rng):
    worst, u = [], rng.standard_normal((20, 3))
    for kind, options in [(LRU, {}), *((kind, {"rule": rule}) for kind in (S4D, S4, S5) for rule in RULES)]:
        model = kind.random(d=3, n=4, seed=int(rng.integers(1000)), **options)
        first = model.kernel(u)[:, 0]
        y = [sum(np.convolve(first[:, c, k], u[:, k])[:20] for k in range(3)) for c in range(3)]
        worst.append(relative(np.transpose(y), model.output(u)))
    return worst


def steps_alone() -> S6:
    """S6 whose steps read channel 0 of the input and whose write and read see the other one."""
    model = S6.random(d=2, n=3, seed=1)
    hidden = {name: getattr(model, name) * [0, 1] for name in ("W_B", "W_C")}
    return having(model, W_delta_down=np.array([[1.0, 0]]), b_delta=np.zeros(2), D=np.zeros(2), **hidden)


def shift_residual(u: np.ndarray) -> float:
    """How far the kernel of S6 changes from one step to the next."""
    phi = steps_alone().kernel(u)
    return relative(phi[1:, 1:], phi[:-1, :-1])


claim.hypothesis(
    "the step is constant",
    r"\Delta_i = \Delta",
    violation=lambda u: np.diff(steps_alone().step(u), axis=0),
    holds=np.ones((6, 2)),
    dropped=np.stack([np.sin(np.arange(6)), np.ones(6)], axis=1),
)(shift_residual)
