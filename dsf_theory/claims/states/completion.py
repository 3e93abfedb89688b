"""What a kernel needs where a part of it is free: its diagonal, or all that lies above."""

from dataclasses import replace
from itertools import product

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.claims.framework.bases import moved, singular, system_of
from dsf_theory.claims.reading import any_matrices, having
from dsf_theory.claims.states.states import STEPS, counted, exact_kernels, letter, registry_kernels, with_skip
from dsf_theory.kernels.hankel import minimal_dimensions, minimal_feedthrough, separable_dimension
from dsf_theory.models import MODELS
from dsf_theory.system.transition import Dense

feedthrough = Claim(
    id="free-feedthrough",
    title="A free feedthrough saves each step a state where the present tells the future nothing new.",
    statement="Over all systems with a kernel P, whatever their D_i, the least dimension of h_i is the least rank of "
    "the block [a, P_ii - D_i; B, c] with a = P_{i, :i}, B = P_{i+1:, :i} and c = P_{i+1:, i}. It is the rank of "
    "[a; B] and that of [B, c] less that of B, and D_i = P_ii - a B⁺ c attains it at every step at once.",
    latex=r"\min \dim h_i = \operatorname{rank} P_{i:,\,:i} + \operatorname{rank} P_{i+1:,\,:i+1} - "
    r"\operatorname{rank} P_{i+1:,\,:i}",
    source="Woerdeman 1989, on completions of minimal rank",
    models=("softmax_attention", "linear_attention", "norm_attention", "s6", "ssd", "qlstm"),
    notebook="07_softmax_by_state_expansion",
)


@feedthrough.step(
    "D is on the diagonal of the kernel: of each block it moves the corner, nothing else", "matrices"
)
def corner():
    """So each D_i is chosen for its own block, and the rest of the kernel has the states of its blocks."""
    system = any_matrices(4)
    bare = replace(system, skip=None).kernel()[..., 0, 0]
    shown = r"\Phi_{ij}", r"C_i \Lambda_i \cdots \Lambda_{j+1} B_j + [i = j] D_i"
    yield Identity(system.kernel()[..., 0, 0], bare + np.diag(system.D.ravel()), shown=shown)


@feedthrough.step("If c = B w, the corner a B⁺ c makes the last column [a; B] B⁺ c: no new rank", "matrices")
def dependent():
    B, inverse, w = (letter(name) for name in ("B", "B^+", "w"))
    c = B * w
    yield Identity((B * inverse * c).subs(B * inverse * B, B), c, shown=(r"B B^+ c", "c"))


@feedthrough.step(
    "If not, some y has y B = 0 and y c = 1: (0, y) tells the last column from [a; B], whatever the corner",
    "matrices",
)
def independent():
    """One more than the rank of ``[a; B]`` then: rank [B, c] - rank B is one, and zero before."""
    B, c, y = (letter(name) for name in ("B", "c", "y"))
    rules = [(y * B, sp.S.Zero), (y * c, sp.S.One)]
    for below, claimed, shown in ((B, 0, "(0, y) [a; B]"), (c, 1, "(0, y) [P_{ii} - D_i; c]")):
        yield Identity((y * below).subs(rules), sp.Integer(claimed), shown=(shown, str(claimed)))


def exact_rank(block: np.ndarray) -> int:
    """The rank of a matrix of fractions."""
    return sp.Matrix(block).rank() if block.size else 0


@feedthrough.step(
    "Softmax, linear attention, quasi-LSTM in fractions: this D leaves blocks of that rank", "identity"
)
def in_fractions():
    for name, (P, _) in exact_kernels().items():
        steps, rest = range(len(P)), P.copy()
        least = [
            exact_rank(P[i:, :i]) + exact_rank(P[i + 1 :, : i + 1]) - exact_rank(P[i + 1 :, :i])
            for i in steps
        ]
        rest[0, 0] = rest[-1, -1] = sp.S.Zero  # nothing before the first, nothing after the last
        for i in steps[1:-1]:
            a, B, c = (
                sp.Matrix(P[part]) for part in (np.s_[[i], :i], np.s_[i + 1 :, :i], np.s_[i + 1 :, [i]])
            )
            rest[i, i] = (a * B.pinv() * c)[0]
        found = [exact_rank(rest[i:, : i + 1]) for i in steps]
        shown = rf"n_0, n_1, ...\ \text{{of {MODELS[name].title}}}", ", ".join(map(str, least))
        yield Identity(np.array(found), np.array(least), shown=shown)


@feedthrough.numbers(
    "Six models of the registry, with a random D and without: the ranks of three blocks, attained"
)
def of_models(rng):
    worst, at = [], np.eye(STEPS)[..., None, None]
    for phi, share in product(registry_kernels(rng), (0, 1)):
        skipping = phi + share * at * rng.standard_normal(phi.shape[2:])
        rest = skipping - at * minimal_feedthrough(skipping)[:, None]
        least = counted(phi, 0, 0) + counted(phi, 1, 1) - counted(phi, 1, 0)
        worst += [*(minimal_dimensions(skipping, feedthrough=True) - least), *(counted(rest) - least)]
    return worst


@feedthrough.hypothesis(
    "D is chosen for the kernel",
    r"D_i = P_{ii} - a B^+ c",
    violation=lambda share: (1 - share) * minimal_feedthrough(with_skip(1.0).kernel()),
    holds=1.0,
    dropped=0.0,
)
def share_of_feedthrough(share) -> int:
    """How many states more than the least the kernel of S6 takes with a share of this feedthrough taken out."""
    phi = with_skip(1.0).kernel()
    rest = phi - share * np.eye(len(phi))[..., None, None] * minimal_feedthrough(phi)[:, None]
    return max(minimal_dimensions(rest) - minimal_dimensions(phi, feedthrough=True))


# ---------------------------------------------------------------- nothing is forgotten

separable = Claim(
    id="separable-dimension",
    title="Without forgetting, each direction ever written takes a state for good.",
    statement="Over all systems with a kernel P, invertible transitions and no feedthrough, such as separable "
    "attention with any features of the past, the least number of states is the sum over i of how far column "
    "P_{i:, i} raises the rank of the columns before it.",
    latex=r"n = \sum_i \big(\operatorname{rank} P_{i:,\,:i+1} - \operatorname{rank} P_{i:,\,:i}\big)",
    source="derived here",
    models=("linear_attention", "norm_attention", "s6", "ssd", "qlstm"),
    notebook="07_softmax_by_state_expansion",
)


@separable.step(
    "With Λ_i = T_i⁻¹ T_{i-1} the kernel is (C_i T_i⁻¹)(T_j B_j), part of a matrix of rank n", "matrices"
)
def lower_part():
    system, T = moved()
    phi = replace(system, skip=None).kernel()[..., 0, 0]
    read, written = system.C[:, 0, 0] / T, T * system.B[:, 0, 0]
    yield Identity(
        phi, np.tri(5, dtype=int) * np.outer(read, written), shown=(r"\Phi_{ij}", r"\phi_i^\top \psi_j")
    )


@separable.step(
    "And any matrix M = φψ has as its lower part the kernel of the system Λ = I, B = ψ, C = φ", "matrices"
)
def attention_of_features():
    system = replace(any_matrices(4), skip=None, transition=Dense(np.full((4, 1, 1, 1, 1), sp.S.One)))
    C, B = system.C[:, 0, 0], system.B[:, 0, 0]
    shown = r"\Phi_{ij}", r"[j \le i]\, \phi_i^\top \psi_j"
    yield Identity(system.kernel()[..., 0, 0], np.tri(4, dtype=int) * np.outer(C, B), shown=shown)


@separable.step(
    "If P_{i:, i} = P_{i:, :i} w, put M_{:i, i} = M_{:i, :i} w above: column i is no new rank", "matrices"
)
def completed():
    M = np.array([[letter("M", i, j) for j in range(3)] for i in range(5)], dtype=object)
    w = np.array([letter("w", j) for j in range(3)], dtype=object)
    column = M @ w
    for i in (3, 4):
        P = np.where(np.tri(5, 3, dtype=bool), M, sp.S.Zero)[i:]
        yield Identity(column[i:], P @ w, shown=(r"(M_{:, :i}\, w)_{i:}", r"P_{i:,\, :i}\, w"))


@separable.step(
    "If not, some y has y P_{i:, :i} = 0 and y P_{i:, i} = 1: (0, y) tells column i from all before it",
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


@separable.step(
    "Softmax, linear attention, quasi-LSTM in fractions: completed so, their rank is this sum", "identity"
)
def completed_in_fractions():
    for name, (P, _) in exact_kernels().items():
        M, steps = completion(P), range(len(P))
        yield np.tril(np.array(M)), P
        n = sum(exact_rank(P[i:, : i + 1]) - exact_rank(P[i:, :i]) for i in steps)
        shown = rf"\operatorname{{rank}} M\ \text{{of {MODELS[name].title}}}", str(n)
        yield Identity(sp.Integer(M.rank()), n, shown=shown)
        yield Identity(sp.Integer(int(separable_dimension(P.astype(float)))), n, shown=("n", str(n)))


@separable.numbers("Models that never forget need all their states, and for D = 1 one for each step but n")
def never_freed(rng):
    worst = []
    for name in separable.models:
        model = MODELS[name].random(d=3, n=2, seed=int(rng.integers(1000)))
        if "D" in model.parameters:
            model = having(model, D=0 * model.D)
        system = model.system(rng.standard_normal((STEPS, 3)))
        worst.append(separable_dimension(system.kernel()) - system.N)
    for n in (1, 2, 4):
        P = MODELS["linear_attention"].random(d=4, n=n).system(rng.standard_normal((9, 4))).weights()[0, 0]
        worst += [separable_dimension(P) - n, separable_dimension(P + np.eye(9)) - (9 - n)]
    return worst


@separable.hypothesis(
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


@separable.hypothesis(
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
