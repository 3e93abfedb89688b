"""The claim ``realisation-exact``: the system with the fewest states, exact or cut off, step by step."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.letters import any_matrices, by_rules, letter
from dsf_theory.claims.reading import (
    I,
    J,
    induction,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.states.examples import (
    STEPS,
    of_parts,
    registry_kernels,
)
from dsf_theory.kernels.bounds import kernel_error
from dsf_theory.kernels.hankel import hankel_singular_values, minimal_dimensions
from dsf_theory.kernels.realisation import realise
from dsf_theory.models import MODELS
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="realisation-exact",
    title="Keeping all that the future sees gives the kernel exactly; keeping less costs what is left out.",
    statement="With $h_i = R_i u$ and orthonormal rows $R_i$, the block $G = P_{i:, :i+1} diag(R_{i-1}, 1)ᵀ$ shows "
    "what the future takes from the last state and the new input. Its first right singular vectors as $[Λ_i "
    "B_i]$ give a system whose error is what was left out; nothing is left out once there are as many as "
    "the rank.",
    latex=r"\|P - \hat P\|_F^2 = \sum_i \sum_{k>n} \sigma_k(G_i)^2 \le \sum_i \sigma_{n+1}(P_{i:,\,:i+1})^2",
    source="the algorithm: Oseledets 2011, for tensor trains; for systems that vary in time: derived here",
    models=("softmax_attention", "linear_attention", "norm_attention", "s6", "ssd", "qlstm"),
    notebook="07_softmax_by_state_expansion",
)

LAMBDA, LAMBDA_T, R, R_T = (letter(name) for name in ("Lambda", "Lambda^T", "R", "R^T"))
KEPT, KEPT_T, LEFT, LEFT_T, NEW, NEW_T = (letter(name) for name in ("B", "B^T", "X", "X^T", "y", "y^T"))
"""``[Λ B]`` is kept, ``[X y]`` left out: together the rows of an orthogonal matrix. R is the past's."""

ROWS = [(R * R_T, sp.S.One), (LAMBDA * LAMBDA_T, 1 - KEPT * KEPT_T), (LAMBDA * LEFT_T, -KEPT * NEW_T)]
COLUMNS = [
    (LAMBDA_T * LAMBDA, 1 - LEFT_T * LEFT),
    (LAMBDA_T * KEPT, -LEFT_T * NEW),
    (KEPT_T * KEPT, 1 - NEW_T * NEW),
]


@claim.step(
    "A system's state is $R_i u_{0..i}$ with $R_i = [Λ_i R_{i-1}, B_i]$, and $P̂_{ij} = C_i R_{ij}$",
    "matrices",
)
def rows_of_the_state():
    system = replace(any_matrices(4), skip=None)
    u, Lambda, B, C = (part.ravel() for part in (system.u, system.Lambda, system.B, system.C))
    rows = [
        [h.subs({x: int(x == u[j]) for x in u}) for j in range(4)]
        for h in map(sp.expand, system.states().ravel())
    ]
    for i in (2, 1, 3):
        shown = r"R_i", r"[\Lambda_i R_{i-1},\ B_i]"
        yield Identity(
            np.array(rows[i][: i + 1]),
            np.array([*(Lambda[i] * r for r in rows[i - 1][:i]), B[i]]),
            shown=shown,
        )
        yield system.kernel()[i, : i + 1, 0, 0], C[i] * np.array(rows[i][: i + 1])


@claim.step("The rows stay orthonormal: $R_i R_iᵀ = Λ R_{i-1} R_{i-1}ᵀ Λᵀ + B Bᵀ = I$", "matrices")
def orthonormal():
    product = LAMBDA * R * R_T * LAMBDA_T + KEPT * KEPT_T
    yield Identity(by_rules(product, ROWS), sp.S.One, shown=(r"R_i R_i^\top", "I"))


@claim.step(
    "What is left out at step $i$ is $K_i = [X R_{i-1}, y]$: $R_iᵀR_i + K_iᵀK_i = diag(R_{i-1}ᵀR_{i-1}, I)$",
    "matrices",
)
def left_out():
    """So ``I - R_iᵀR_i = Σ_{k<=i} K_kᵀK_k``, each K filled up with zeros."""
    blocks = (
        (
            R_T * (LAMBDA_T * LAMBDA + LEFT_T * LEFT) * R,
            R_T * R,
            r"R^\top (\Lambda^\top \Lambda + X^\top X) R",
        ),
        (R_T * (LAMBDA_T * KEPT + LEFT_T * NEW), sp.S.Zero, r"R^\top (\Lambda^\top B + X^\top y)"),
        (KEPT_T * KEPT + NEW_T * NEW, sp.S.One, r"B^\top B + y^\top y"),
    )
    for block, claimed, shown in blocks:
        yield Identity(by_rules(block, COLUMNS), claimed, shown=(shown, sp.latex(claimed)))


@claim.step(
    "$I - RᵀR$ is a projection, so row $P_i$ is off by $|P_i (I - RᵀR)|² = P_i (I - RᵀR) P_iᵀ$", "matrices"
)
def projection():
    rest = 1 - R_T * R
    yield Identity(by_rules(rest * rest, ROWS), rest, shown=(r"(I - R^\top R)^2", r"I - R^\top R"))


@claim.step(
    "Summed over rows and over what is left out: $Σ_i Σ_{k<=i} |P_i K_kᵀ|² = Σ_k ‖P_{k:, :k+1} K_kᵀ‖²$",
    "identity",
)
def all_rows():
    P, K = np.tril(symbols("P", (4, 4))), np.tril(symbols("K", (4, 4)))
    rows = sum(np.dot(P[i], K[k]) ** 2 for i in range(4) for k in range(i + 1))
    blocks = sum(np.sum((P[k:, : k + 1] @ K[k, : k + 1]) ** 2) for k in range(4))
    yield Identity(rows, blocks, shown=(r"\|P - \hat P\|_F^2", r"\sum_k \|G_k [X\ y]^\top\|_F^2"))


@claim.step(
    "$σ_k(G) <= σ_k(H)$ with $G = H Mᵀ$ and $M Mᵀ = I$: what is lost, $H (I - MᵀM) Hᵀ$, is a square",
    "matrices",
)
def no_larger():
    H, H_T, M, M_T = (letter(name) for name in ("H", "H^T", "M", "M^T"))
    rest = H * (1 - M_T * M)
    lost = by_rules(rest * (1 - M_T * M) * H_T, [(M * M_T, sp.S.One)])
    yield Identity(
        sp.expand(H * H_T - H * M_T * M * H_T),
        lost,
        shown=(r"H H^\top - G G^\top", r"N N^\top,\ N = H (I - M^\top M)"),
    )


@claim.step("A running sum in this basis: $Λ_i² = i/(i+1) = 1 - B_i²$, and all $P_ij$ are one", "induction")
def running_sum():
    step = lambda part: np.array([part(sp.Integer(i)) for i in range(5)], dtype=object)  # noqa: E731
    decay, write, read = (
        (lambda i: sp.sqrt(i / (i + 1))),
        (lambda i: 1 / sp.sqrt(i + 1)),
        (lambda i: sp.sqrt(i + 1)),
    )
    system = of_parts(*(step(part).reshape(5, 1, 1) for part in (decay, write, read)))
    yield system.kernel()[..., 0, 0], np.tri(5, dtype=int)
    i, j = sp.symbols("i j", integer=True, positive=True)
    claimed = sp.sqrt((J + 1) / (I + 1))
    for left, right in induction(claimed, decay(I)):
        yield left.subs({I: i, J: j}), sp.sympify(right).subs({I: i, J: j})
    yield read(i) * claimed.subs({I: i, J: j}) * write(j), 1
    yield decay(i) ** 2 + write(i) ** 2, 1


def by_hand(P: np.ndarray, n: int, future: int) -> tuple[np.ndarray, float]:
    """P̂ and the norm of all that is left out, where a step looks at so many rows of the future."""
    rows, found, left = np.zeros((0, 0)), np.zeros_like(P), 0.0
    for i in range(len(P)):
        M = np.block([[rows, np.zeros((len(rows), 1))], [np.zeros((1, i)), np.ones((1, 1))]])
        _, S, V = np.linalg.svd(P[i : i + future, : i + 1] @ M.T, full_matrices=True)
        rows, left = V[:n] @ M, left + np.sum(S[n:] ** 2)
        found[i, : i + 1] = P[i, : i + 1] @ rows.T @ rows
    return found, np.sqrt(left)


def weights(length: int, seed: int) -> np.ndarray:
    """Weights of a random softmax attention."""
    u = np.random.default_rng(seed).standard_normal((length, 4))
    return MODELS["softmax_attention"].random(d=4, n=3, seed=seed, scale=1.5).probabilities(u)[0]


@claim.numbers("Softmax attention of 20 steps, 1 to 10 states: step by step, the error is what was left out")
def step_by_step(rng):
    worst, P = [], weights(20, int(rng.integers(1000)))
    values = hankel_singular_values(P)
    for n in range(1, 11):
        found, (by_steps, left) = realise(P, n), by_hand(P, n, len(P))
        off = kernel_error(P, by_steps, "frobenius")
        worst += [kernel_error(by_steps, found.kernel()), off - left, found.error - left]
        most = np.sqrt(np.sum(values[:, n] ** 2)) if n < values.shape[1] else 0.0
        worst.append(np.maximum(0.0, off - most))
    return worst


@claim.numbers(
    "Six models of the registry: the kernel, from co-isometries $[Λ_i B_i]$ that keep $|h_i| <= |u|$"
)
def registry(rng):
    worst = []
    for phi in registry_kernels(rng):
        found = realise(phi)
        worst.append(kernel_error(phi, found.kernel()) / np.linalg.norm(phi))
        transition, write = found.template.transition.matrix[:, 0, 0], found.template.write[:, 0]
        for i, used in enumerate(np.ravel(found.dimensions)):
            both = np.concatenate([transition[i], np.reshape(write[i], (-1, transition.shape[-1])).T], axis=1)
            worst.append(np.max(np.abs((both @ both.T)[:used, :used] - np.eye(used))))
        u = rng.standard_normal((STEPS, phi.shape[-1]))
        states, so_far = found.system(u).states(), np.cumsum(np.sum(found.system(u).x ** 2, axis=(1, 2)))
        worst.append(np.maximum(0.0, np.sum(states**2, axis=1) - so_far).max())
    return worst


@claim.numbers("The running sum: $Λ_i = ±(i/(i+1))^½$")
def sums(_rng):
    Lambda = realise(np.tri(9)).template.Lambda[1:, 0, 0]
    i = np.arange(1, 9)
    return np.abs(Lambda) - np.sqrt(i / (i + 1))


@claim.hypothesis(
    "as many directions are kept as the blocks have rank",
    r"n \ge \max_i \operatorname{rank} P_{i:,\,:i+1}",
    violation=lambda n: np.maximum(0, minimal_dimensions(weights(12, 3)).max() - n),
    holds=6,
    dropped=2,
)
def too_few(n) -> float:
    """How far a system of n states is from softmax attention over 12 steps, whose blocks have rank 6."""
    P = weights(12, 3)
    return kernel_error(P, realise(P, n).kernel()) / np.linalg.norm(P)


@claim.hypothesis(
    "what is kept is decided by all of the future",
    r"G_i = P_{i:,\,:i+1} M_i^\top",
    violation=lambda future: np.maximum(0, len(weights(12, 3)) - future),
    holds=12,
    dropped=1,
)
def short_sight(future) -> float:
    """How far the error is from what was left out, of what was seen."""
    P = weights(12, 3)
    found, left = by_hand(P, 3, future)
    return kernel_error(P, found, "frobenius") - left
