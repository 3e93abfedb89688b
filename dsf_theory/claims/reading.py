"""Readings of a model as formulas, at any size and at any time.

A model's symbolic reading has explicit sizes and times. Two readings of it are general: its broadcast axes say which
Kronecker products its matrices are, whatever d and n; and what it does at one step it does at every step, which
makes a formula at step 2 one at step i. (Letters that do not commute, in ``letters``, are a third.)
"""

from copy import copy
from typing import NamedTuple

import numpy as np
import sympy as sp
from sympy.matrices.expressions.kronecker import KroneckerProduct

from dsf_theory.arrays import Array
from dsf_theory.models import MODELS, Model
from dsf_theory.system import System, dense
from dsf_theory.system.symbolic import symbols
from dsf_theory.system.transition import Diagonal

I, J, K = sp.symbols("i j k", integer=True)
"""Time indices."""

SIZE_D, SIZE_N = sp.symbols("d n", integer=True, positive=True)
"""Channels and states, of any number."""


EYE_D, EYE_N = sp.Identity(SIZE_D), sp.Identity(SIZE_N)


class Matrices(NamedTuple):
    """Λ_i, B_i and C_i as Kronecker products."""

    Lambda: sp.MatrixExpr
    B: sp.MatrixExpr
    C: sp.MatrixExpr


def kronecker(system: System, i: int, explicit: bool = False, mark: str = "i") -> Matrices:
    """Λ_i, B_i and C_i of any numbers of channels d and states n, from the structure of a system of explicit ones.

    A coefficient shared by all channels is a factor ``I_d ⊗ ·``, whatever d; one of a channel is ``diag(·) ⊗``.

    Args:
        system: of SymPy expressions, with one head.
        i: the step to read.
        explicit: keep the numbers of channels and states that the system has, to compare with its own matrices.
        mark: index of the matrix symbols, such as ψ_i.

    Raises:
        ValueError: if a coefficient is of another structure.
    """
    d, n = (system.width, system.expansion) if explicit else (SIZE_D, SIZE_N)
    t, t_before, g = scalar(system.gauge, i), scalar(system.gauge, i - 1), scalar(system.output_gain, i)
    write, read = (one_channel(getattr(system, name), name, i) for name in ("write", "read"))
    X = sp.MatrixSymbol("X", d, d) if system.value_map is not None else sp.Identity(d)
    b, c = sp.MatrixSymbol(f"b_{mark}", n, 1), sp.MatrixSymbol(f"c_{mark}", n, 1)
    if explicit:
        b, c = sp.ImmutableMatrix(write), sp.ImmutableMatrix(read)
        X = sp.ImmutableMatrix(dense.value_map(system))
    B = KroneckerProduct(gains(system, i, d, explicit, mark), b) * X
    return Matrices(
        t / t_before * decay(system, i, d, n, explicit, mark),
        t * B,
        g / t * KroneckerProduct(sp.Identity(d), c.T),
    )


def scalar(scale, i: int) -> sp.Expr:
    """The factor ``sign exp(log)`` at step i, one for all channels and states; 1 where there is none."""
    if scale is None:
        return sp.S.One
    log, sign = (np.broadcast_to(part, (max(part.shape[0], i + 1), *part.shape[1:]))[i] for part in scale)
    if log.size != 1:
        raise ValueError(f"scale: expected one factor a step, found {log.size}")
    return sp.sympify(sign.item()) * sp.exp(log.item())


def one_channel(part: Array, name: str, i: int) -> np.ndarray:
    """A coefficient at step i that all channels share, (n, 1)."""
    if part.shape[-3:-1] != (1, 1):
        raise ValueError(
            f"{name}: expected one head and one for all channels, found axes {part.shape[-3:-1]}"
        )
    return part[i if part.shape[0] > 1 else 0, 0, 0, :, None]


def gains(system: System, i: int, d, explicit: bool, mark: str):
    """The scale of what is written, as a matrix of channels."""
    if system.gain is None:
        return sp.Identity(d)
    gain = system.gain[i, 0]
    if gain.shape == (1,):
        return sp.sympify(gain[0]) * sp.Identity(d)
    return sp.ImmutableMatrix(np.diag(gain)) if explicit else sp.MatrixSymbol(f"Delta_{mark}", d, d)


def decay(system: System, i: int, d, n, explicit: bool, mark: str):
    """Λ_i in the basis of the coefficients."""
    log = system.transition.log[i if system.transition.log.shape[0] > 1 else 0, 0]
    if log.size == 1:
        return sp.exp(log.item()) * KroneckerProduct(sp.Identity(d), sp.Identity(n))
    if not explicit:
        return sp.MatrixSymbol(f"Lambda_{mark}", d * n, d * n)
    full = np.broadcast_to(log, (system.width, system.expansion)).reshape(-1)
    return sp.ImmutableMatrix(sp.diag(*map(sp.exp, full)))


def at_time(expression, arrays: list[np.ndarray], step: int) -> sp.Expr:
    """A formula read at one step as a formula of the time i: symbol ``x[k, ...]`` becomes ``x(i + k - step)``."""
    general = {}
    for array in arrays:
        for index in np.ndindex(array.shape):
            name, *_ = str(array[index]).split("_")
            name = "_".join([name, *map(str, index[1:])])
            function = sp.Function(name, **array[index]._assumptions_orig)
            general[array[index]] = function(I + index[0] - step)
    return sp.sympify(expression).xreplace(general)


def induction(claimed: sp.Expr, factor: sp.Expr) -> list[tuple]:
    """The two identities that prove ``Π_{k=j+1..i} factor(k) = claimed(i, j)`` for all i >= j.

    Args:
        claimed: the product, a formula in :data:`I` and :data:`J`.
        factor: the latest factor, a formula in :data:`I`.
    """
    return [(claimed.subs(I, J), sp.S.One), (factor * claimed.subs(I, I - 1), claimed)]


def rearranged(phi: Array) -> Array:
    """The kernel Φ (L, L, d, d) as a matrix with a row ``vec Φ_ij`` for each pair j <= i.

    Its rank is the least number of heads: one head is ``Φ_ij = P_ij W`` for all i and j.
    """
    rows, columns = np.tril_indices(phi.shape[0])
    return phi[rows, columns].reshape(len(rows), -1)


def rank(matrix: np.ndarray, tolerance: float = 1e-9) -> int:
    """The number of singular values above ``tolerance`` times the largest."""
    values = np.linalg.svd(matrix, compute_uv=False)
    return int((values > tolerance * values[0]).sum())


def tokens(length: int, d: int) -> np.ndarray:
    """Symbols u_i, (length, d)."""
    return symbols("u", (length, d))


def decays(log: Array, length: int) -> Diagonal:
    """A transition that is one scalar a step, from the logarithms (length,)."""
    return Diagonal(np.reshape(log, (length, 1, 1, 1)))


def drawn(name: str, rng: np.random.Generator, **options) -> Model:
    """A model of the registry with every parameter drawn anew, biases too; options as for ``Model.random``."""
    model = MODELS[name].random(**options)
    return having(model, **{key: rng.standard_normal(part.shape) for key, part in model.parameters.items()})


def without(model: Model, *names: str) -> Model:
    """The model with some of its optional parameters left out."""
    options = {name: getattr(model, name) for name in model.options}
    return type(model)(**{k: v for k, v in model.parameters.items() if k not in names}, **options)


def having(model: Model, **parameters: Array) -> Model:
    """The model with some of its parameters replaced."""
    return model.with_parameters({**model.parameters, **parameters})


def with_steps(model: Model, length: int) -> Model:
    """The model with positive symbols for its steps Δ_i."""
    model = copy(model)
    delta = symbols("Delta", (length, getattr(model, "heads", model.d)), positive=True)
    model.step = lambda u: delta
    return model


def diagonal(part: Array, name: str) -> sp.MatrixExpr:
    """``diag(vec part)`` of a coefficient (channel, state) at any sizes: an axis that is shared is an identity."""
    if part.shape[-1] == 1:
        return KroneckerProduct(sp.MatrixSymbol(name, SIZE_D, SIZE_D), EYE_N)
    return sp.MatrixSymbol(name, SIZE_D * SIZE_N, SIZE_D * SIZE_N)


def heads_needed(model: Model) -> int:
    """The rank of the rearranged kernel: no attention of fewer heads has it."""
    u = np.random.default_rng(6).standard_normal((6, model.d))
    return rank(rearranged(model.kernel(u)))
