"""Kernels that claims on states are tried on: of the registry, in fractions or at random, and their ranks."""

import numpy as np
import sympy as sp

from dsf_theory.claims.reading import (
    having,
)
from dsf_theory.kernels.hankel import hankel_singular_values
from dsf_theory.models import MODELS, QLSTM, LinearAttention, SoftmaxAttention
from dsf_theory.system import System
from dsf_theory.system.symbolic import symbols
from dsf_theory.system.transition import Dense


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


def with_skip(share: float, n: int = 2) -> System:
    """S6 at work on nine tokens, with a share of its D."""
    s6 = MODELS["s6"].random(d=2, n=n, seed=1)
    return having(s6, D=share * s6.D).system(2 * np.random.default_rng(1).standard_normal((9, 2)))


def exact_rank(block: np.ndarray) -> int:
    """The rank of a matrix of fractions."""
    return sp.Matrix(block).rank() if block.size else 0


def states_beside_feedthrough(P: np.ndarray, i: int) -> int:
    """The least dimension of h_i over all systems of a kernel in fractions, whatever their D."""
    return exact_rank(P[i:, :i]) + exact_rank(P[i + 1 :, : i + 1]) - exact_rank(P[i + 1 :, :i])


def features_for_good(P: np.ndarray) -> int:
    """The least number of states that never forget: one for each column of the kernel that is new."""
    return sum(exact_rank(P[i:, : i + 1]) - exact_rank(P[i:, :i]) for i in range(len(P)))
