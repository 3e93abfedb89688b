"""The claim ``separable-dimension``: without forgetting, each direction takes a state for good."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.framework.causal_basis import moved, singular, system_of
from dsf_theory.claims.letters import any_matrices, letter
from dsf_theory.claims.reading import (
    having,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.states.examples import (
    STEPS,
    exact_kernels,
    features_for_good,
    with_skip,
)
from dsf_theory.kernels.hankel import separable_dimension
from dsf_theory.models import MODELS
from dsf_theory.system.transition import Dense

claim = Claim(
    id="separable-dimension",
    title="Without forgetting, each direction ever written takes a state for good.",
    statement="Over all systems with a kernel $P$, invertible transitions and no feedthrough, such as separable "
    "attention with any features of the past, the least number of states is the sum over $i$ of how far "
    "column $P_{i:, i}$ raises the rank of the columns before it.",
    latex=r"n = \sum_i \big(\operatorname{rank} P_{i:,\,:i+1} - \operatorname{rank} P_{i:,\,:i}\big)",
    source="derived here",
    models=("linear_attention", "norm_attention", "s6", "ssd", "qlstm"),
    notebook="07_softmax_by_state_expansion",
)


@claim.step(
    "With $Λ_i = T_i⁻¹ T_{i-1}$ the kernel is $(C_i T_i⁻¹)(T_j B_j)$, part of a matrix of rank $n$",
    "matrices",
)
def lower_part():
    system, T = moved()
    phi = replace(system, skip=None).kernel()[..., 0, 0]
    read, written = system.C[:, 0, 0] / T, T * system.B[:, 0, 0]
    yield Identity(
        phi, np.tri(5, dtype=int) * np.outer(read, written), shown=(r"\Phi_{ij}", r"\phi_i^\top \psi_j")
    )


@claim.step(
    "And any matrix $M = φψ$ has as its lower part the kernel of the system $Λ = I$, $B = ψ$, $C = φ$",
    "matrices",
)
def attention_of_features():
    system = replace(any_matrices(4), skip=None, transition=Dense(np.full((4, 1, 1, 1, 1), sp.S.One)))
    C, B = system.C[:, 0, 0], system.B[:, 0, 0]
    shown = r"\Phi_{ij}", r"[j \le i]\, \phi_i^\top \psi_j"
    yield Identity(system.kernel()[..., 0, 0], np.tri(4, dtype=int) * np.outer(C, B), shown=shown)


@claim.step(
    "If $P_{i:, i} = P_{i:, :i} w$, put $M_{:i, i} = M_{:i, :i} w$ above: column $i$ is no new rank",
    "matrices",
)
def completed():
    M = np.array([[letter("M", i, j) for j in range(3)] for i in range(5)], dtype=object)
    w = np.array([letter("w", j) for j in range(3)], dtype=object)
    column = M @ w
    for i in (3, 4):
        P = np.where(np.tri(5, 3, dtype=bool), M, sp.S.Zero)[i:]
        yield Identity(column[i:], P @ w, shown=(r"(M_{:, :i}\, w)_{i:}", r"P_{i:,\, :i}\, w"))


@claim.step(
    "If not, some $y$ has $y P_{i:, :i} = 0$ and $y P_{i:, i} = 1$: $(0, y)$ tells column $i$ from all "
    "before it",
    "matrices",
)
def not_completed():
    """So the least rank of M is one more for each such i."""
    past, now, y = (letter(name) for name in ("P_{i:, :i}", "P_{i:, i}", "y"))
    rules = [(y * past, sp.S.Zero), (y * now, sp.S.One)]
    for below, claimed, shown in ((past, 0, r"(0, y) M_{:, :i}"), (now, 1, r"(0, y) M_{:, i}")):
        yield Identity((y * below).subs(rules), sp.Integer(claimed), shown=(shown, str(claimed)))


def completion(P: np.ndarray) -> sp.Matrix:
    """A matrix with the lower part of P of the least rank, in fractions."""
    M = sp.Matrix(P)
    for i in range(1, len(P)):
        past, now = M[i:, :i], M[i:, i]
        pivots = past.rref()[1]
        if past.row_join(now).rank() > len(pivots):
            continue
        w = sp.zeros(i, 1)
        if pivots:
            chosen = past[:, list(pivots)]
            for slot, value in zip(pivots, (chosen.T * chosen).LUsolve(chosen.T * now), strict=True):
                w[slot] = value
        M[:i, i] = M[:i, :i] * w
    return M


@claim.step(
    "Softmax, linear attention, quasi-LSTM in fractions: completed so, their rank is this sum", "identity"
)
def completed_in_fractions():
    for name, (P, _) in exact_kernels().items():
        M = completion(P)
        yield np.tril(np.array(M)), P
        n = features_for_good(P)
        shown = rf"\operatorname{{rank}} M\ \text{{of {MODELS[name].title}}}", str(n)
        yield Identity(sp.Integer(M.rank()), n, shown=shown)
        yield Identity(sp.Integer(int(separable_dimension(P.astype(float)))), n, shown=("n", str(n)))


@claim.numbers("Models that never forget need all their states, and for $D = 1$ one for each step but $n$")
def never_freed(rng):
    worst = []
    for name in claim.models:
        model = MODELS[name].random(d=3, n=2, seed=int(rng.integers(1000)))
        if "D" in model.parameters:
            model = having(model, D=0 * model.D)
        system = model.system(rng.standard_normal((STEPS, 3)))
        worst.append(separable_dimension(system.kernel()) - system.N)
    for n in (1, 2, 4):
        P = MODELS["linear_attention"].random(d=4, n=n).system(rng.standard_normal((9, 4))).weights()[0, 0]
        worst += [separable_dimension(P) - n, separable_dimension(P + np.eye(9)) - (9 - n)]
    return worst


@claim.hypothesis(
    "every transition is invertible",
    r"\det \Lambda_i \ne 0",
    violation=singular,
    holds=("qlstm", 1.0),
    dropped=("qlstm", -800.0),
)
def gates_that_shut(case) -> int:
    """How many states more than it has the quasi-LSTM would need without forgetting."""
    system = system_of(case)
    return separable_dimension(system.kernel()) - system.N


@claim.hypothesis(
    "nothing passes by the state",
    "D = 0",
    violation=lambda share: with_skip(share).D,
    holds=0.0,
    dropped=1.0,
)
def skipping(share) -> int:
    """How many states more than S6 has, for its kernel with a share of its D."""
    system = with_skip(share)
    return separable_dimension(system.kernel()) - system.N
