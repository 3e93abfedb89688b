"""How many states a kernel needs: the rank of what its past tells its future."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.claims.reading import any_matrices, having
from dsf_theory.kernels.bounds import kernel_error
from dsf_theory.kernels.hankel import hankel_singular_values, minimal_dimensions
from dsf_theory.kernels.realisation import realise
from dsf_theory.models import MODELS, QLSTM, LinearAttention, SoftmaxAttention
from dsf_theory.system import System
from dsf_theory.system.symbolic import symbols
from dsf_theory.system.transition import Dense

minimal = Claim(
    id="minimal-dimension",
    title="A kernel needs as many states as its past tells its future.",
    statement="Over all systems with a kernel P and no feedthrough, the least dimension of h_i is the rank of the "
    "block of P from tokens up to i to outputs from i on. One system attains it at every step at once.",
    latex=r"\min \dim h_i = \operatorname{rank} P_{i:,\,:i+1}",
    source="van der Veen & Dewilde 1998",
    models=("softmax_attention", "linear_attention", "norm_attention", "s6", "ssd", "qlstm"),
    notebook="07_softmax_by_state_expansion",
)


@minimal.step("Whatever it is, a system's block is O R through h_i: its rank is at most dim h_i", "matrices")
def through_the_state():
    system = replace(any_matrices(5), skip=None)
    Lambda, B, C = (part[:, 0, 0] for part in (system.Lambda, system.B, system.C))
    for i in (2, 0, 1, 3, 4):
        O = [C[k] * sp.Mul(*Lambda[k:i:-1]) for k in range(i, 5)]
        R = [sp.Mul(*Lambda[i:j:-1]) * B[j] for j in range(i + 1)]
        shown = (
            r"\Phi_{kj}, \; k \ge i \ge j",
            r"(C_k \Lambda_k \cdots \Lambda_{i+1}) (\Lambda_i \cdots \Lambda_{j+1} B_j)",
        )
        yield Identity(system.kernel()[i:, : i + 1, 0, 0], np.outer(O, R), shown=shown)


def letter(name: str, *index: int) -> sp.Symbol:
    """A matrix of any size."""
    return sp.Symbol("_".join([name, *map(str, index)]), commutative=False)


@minimal.step(
    "Conversely, with P_{i:, :i+1} = O_i R_i and G_i O_i = I, the system Λ_i = G_i O↓_{i-1}, B_i = G_i P_{i:, i} "
    "and C_i, the first row of O_i, has this kernel",
    "matrices",
)
def from_factors():
    """O↓ is O without its first row: two rules are all there is, ``G_i O_i = I`` and ``O↓_{i-1} R_{i-1} = O_i R_i``."""
    L = 4
    O, below, G, first = ([letter(name, i) for i in range(L)] for name in ("O", "F", "G", "e"))
    R = [[letter("R", i, j) for j in range(i + 1)] for i in range(L)]
    rules = [(G[i] * O[i], sp.S.One) for i in range(L)]
    rules += [(below[i - 1] * R[i - 1][j], O[i] * R[i][j]) for i in range(1, L) for j in range(i)]
    Lambda = [letter("any"), *(G[i] * below[i - 1] for i in range(1, L))]
    B, C = [G[j] * O[j] * R[j][j] for j in range(L)], [first[i] * O[i] for i in range(L)]
    parts = [np.array(part, dtype=object) for part in (Lambda, B, C)]
    phi = of_parts(*(part.reshape(L, 1, 1) for part in parts)).kernel()
    for i, j in ((3, 0), (3, 1), (2, 2), (1, 0), (0, 0)):
        shown = r"C_i \Lambda_i \cdots \Lambda_{j+1} B_j", r"e_1^\top O_i R_{ij} = P_{ij}"
        yield Identity(by_rules(phi[i, j, 0, 0], rules), first[i] * O[i] * R[i][j], shown=shown)


def by_rules(word: sp.Expr, rules: list[tuple]) -> sp.Expr:
    """A product of matrices once no rule applies any more."""
    while (after := word.subs(rules)) != word:
        word = after
    return word


def of_parts(Lambda: np.ndarray, B: np.ndarray, C: np.ndarray) -> System:
    """A system with one channel from Λ (L, n, n), B (L, n, 1) or (L, n) and C (L, 1, n) or (L, n)."""
    L = len(Lambda)
    write, read = B.reshape(L, 1, 1, -1), C.reshape(L, 1, 1, -1)
    return System(u=symbols("u", (L, 1)), transition=Dense(Lambda[:, None, None]), write=write, read=read)


def exact_kernels() -> dict[str, tuple[np.ndarray, list[int]]]:
    """Kernels of the registry in fractions, and the rank of each of their blocks."""
    whole = np.vectorize(sp.Integer, otypes=[object])
    one, steps, L, n = whole([[1]]), np.arange(7), 7, 2
    softmax = SoftmaxAttention(W_q=one, W_k=one, W_v=one, scale=sp.log(2))
    rng = np.random.default_rng(2)
    eye, u = whole(np.eye(4, dtype=int)), whole(rng.integers(-5, 6, (L, 4)))
    linear = LinearAttention(W_q=eye[:n], W_k=eye[n:], W_v=eye)
    log = np.array([[sp.log(int(m))] for m in rng.integers(2, 9, L)])
    qlstm = QLSTM(W_f=one, W_i=one, W_o=one, W_u=one)
    return {
        "softmax_attention": (
            softmax.probabilities(whole(steps[:, None]))[0],
            np.minimum(steps + 1, L - steps),
        ),
        "linear_attention": (
            linear.system(u).weights()[0, 0],
            np.minimum(np.minimum(steps + 1, L - steps), n),
        ),
        "qlstm": (qlstm.kernel(log)[..., 0, 0], np.ones(L, dtype=int)),
    }


def reduced(P: np.ndarray) -> tuple[System, list[int]]:
    """A system of an exact kernel, from row reductions ``P_{i:, :i+1} = (its columns p_i) R_i``, and its sizes n_i.

    The columns p of R are the identity: so ``Λ_i R_{i-1} = R_i`` is solved by the columns ``p_{i-1}`` of R_i.
    """
    L, n = len(P), (len(P) + 1) // 2
    Lambda, B, C = (np.zeros(shape, dtype=int) + sp.S.Zero for shape in ((L, n, n), (L, n), (L, n)))
    before, sizes = (), []
    for i in range(L):
        block = sp.Matrix(P[i:, : i + 1])
        R, pivots = block.rref()
        rows = len(pivots)
        for column, pivot in enumerate(before):
            Lambda[i, :rows, column] = R[:rows, pivot].flat()
        B[i, :rows], C[i, :rows] = R[:rows, i].flat(), block[0, list(pivots)].flat()
        before, sizes = pivots, [*sizes, rows]
    return of_parts(Lambda, B, C), sizes


@minimal.step(
    "Softmax, linear attention and quasi-LSTM in fractions: row reduction gives the factors", "identity"
)
def in_fractions():
    for name, (P, ranks) in exact_kernels().items():
        system, sizes = reduced(P)
        shown = r"\Phi_{ij}\ \text{by row reduction}", rf"P_{{ij}}\ \text{{of {MODELS[name].title}}}"
        yield Identity(system.kernel()[..., 0, 0], P, shown=shown)
        yield Identity(np.array(sizes), ranks, shown=("n_0, n_1, ...", ", ".join(map(str, ranks))))


STEPS = 8
"""Of random models."""


def registry_kernels(rng: np.random.Generator) -> list[np.ndarray]:
    """Φ of random models of the registry, with D = 0, whose ranks are clear; the values of one are in a plane."""
    names = ("softmax_attention", "linear_attention", "norm_attention", "s6", "ssd", "qlstm")
    return [next(filter(clear, (random_kernel(name, rng) for _ in range(99)))) for name in names]


def random_kernel(name: str, rng: np.random.Generator) -> np.ndarray:
    """Φ of a random model, without its D."""
    model = MODELS[name].random(d=3, n=2, seed=int(rng.integers(1000)))
    if "D" in model.parameters:
        model = having(model, D=0 * model.D)
    if name == "norm_attention":
        model = having(model, W_v=model.W_v @ np.array([[1.0, 0, 1], [0, 1, 1], [0, 0, 0]]))
    return model.kernel(rng.standard_normal((STEPS, 3)))


def clear(phi: np.ndarray) -> bool:
    """Whether no singular value of a block is so small that it may be rounding, or may not."""
    values = np.concatenate([hankel_singular_values(phi, free) for free in (False, True)], axis=1)
    relative = values / np.linalg.norm(phi)
    return not np.any((relative > 1e-13) & (relative < 1e-5))


def counted(phi: np.ndarray, future: int = 0, past: int = 1) -> np.ndarray:
    """The rank of each block ``Φ[i + future :, : i + past]`` (·, ·, d, d_in)."""
    blocks = [phi[i + future :, : i + past].swapaxes(1, 2) for i in range(len(phi))]
    flat = [
        block.reshape(block.shape[0] * block.shape[1], -1) if block.size else np.zeros((1, 1))
        for block in blocks
    ]
    return np.array([np.linalg.matrix_rank(block, tol=1e-9 * np.linalg.norm(phi)) for block in flat])


@minimal.numbers("Six models of the registry: a system of this size is found, and no model has fewer")
def found_systems(rng):
    worst = []
    for phi in registry_kernels(rng):
        found, ranks = realise(phi), counted(phi)
        worst += [kernel_error(phi, found.kernel()), *(minimal_dimensions(phi) - ranks)]
        worst.append(found.template.N - max(ranks))
    return worst


def with_skip(share: float, n: int = 2) -> System:
    """S6 at work on nine tokens, with a share of its D."""
    s6 = MODELS["s6"].random(d=2, n=n, seed=1)
    return having(s6, D=share * s6.D).system(2 * np.random.default_rng(1).standard_normal((9, 2)))


@minimal.hypothesis(
    "nothing passes by the state",
    "D = 0",
    violation=lambda share: with_skip(share).D,
    holds=0.0,
    dropped=1.0,
)
def feedthrough(share) -> float:
    """How far the rank of the blocks of S6 is from the states it has."""
    system = with_skip(share)
    return max(counted(system.kernel())) - system.N
