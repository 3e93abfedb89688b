"""The differential equations behind the state space models, and symbols to read a step of them."""

from collections.abc import Callable

import array_api_compat.numpy
import numpy as np
import sympy as sp

from dsf_theory.arrays.sympy_arrays import SympyNamespace
from dsf_theory.claims.reading import (
    tokens,
)
from dsf_theory.models import S4, S4D, S5, Model
from dsf_theory.system.symbolic import symbols

SIZES = {S4D: {"d": 2, "n": 6}, S5: {"d": 2, "n": 3}}
"""Models with poles of their own, and sizes at which they are read: three modes a channel, three modes in all."""


exponentials = np.vectorize(sp.exp, otypes=[object])
logarithms = np.vectorize(sp.log, otypes=[object])
derivatives = np.vectorize(sp.diff, otypes=[object])


def by_channel(part: np.ndarray) -> np.ndarray:
    """``diag(·) ⊗ 1``-like matrix (N, d) of a parameter (d, n): the states of a channel see that channel alone."""
    d, n = part.shape
    return np.reshape(np.eye(d, dtype=int)[:, None, :] * part[..., None], (d * n, d))


def continuous(model: Model) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A (N, N) and B (N, d) of ``ḣ = A h + B u`` for the whole state, and the step Δ of each state (N,)."""
    if isinstance(model, S5):
        return np.diag(model.A), model.B, model.delta
    if isinstance(model, S4D):
        return np.diag(np.ravel(model.A)), by_channel(model.B), np.repeat(model.delta, model.A.shape[1])
    d, n = model.C.shape
    B = by_channel(np.broadcast_to(model.B, (d, n)))
    return np.kron(np.eye(d, dtype=int), model.A), B, np.repeat(model.delta, n)


def one_step(model: Model) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The state before a step and after it, and the input that is held: symbols, of matrices where A is one."""
    u = tokens(2, model.d)
    system = model.system(u)
    h = np.array(sp.symbols(f"h_:{system.N}", commutative=model.A.flat[0].is_commutative))
    return h, system.Lambda[1] @ h + system.B[1] @ u[1], u[1]


def any_size(rule: str, exponential: Callable | None = None) -> S4:
    """S4 of two channels with A and B of any size: symbols that do not commute.

    Args:
        rule: of the discretisation.
        exponential: of a matrix, in place of SymPy's.
    """

    class Formal(SympyNamespace):
        def matrix_exponential(self, a):
            return np.stack([exponential(block) for block in a])

    class AnySize(S4):
        xp = Formal(array_api_compat.numpy)

    A, B = sp.symbols("A B", commutative=False)
    C, D, delta = symbols("C", (2, 1)), symbols("D", (2,)), symbols("delta", (2,), positive=True)
    return AnySize(A=np.array([[A]]), B=np.array([B]), C=C, D=D, delta=delta, rule=rule)


def series(order: int) -> Callable:
    """The exponential of a matrix up to an order of its power series."""

    def exponential(a: np.ndarray) -> np.ndarray:
        total = term = np.eye(len(a), dtype=object)
        for k in range(1, order + 1):
            term = term @ a / sp.Integer(k)
            total = total + term
        return total

    return exponential


def cartesian(d: int, modes: int, rule: str = "zoh") -> S4D:
    """S4D in real symbols: A = -σ + jω and B = A b, the same for all channels."""
    sigma, omega = (symbols(name, (modes,), positive=True) for name in ("sigma", "omega"))
    (b, b_j), (c, c_j) = (
        [symbols(f"{name}_{part}", shape) for part in ("Re", "Im")]
        for name, shape in (("b", (modes,)), ("c", (d, modes)))
    )
    A = -sigma + sp.I * omega
    A, B = (np.broadcast_to(part, (d, modes)) for part in (A, A * (b + sp.I * b_j)))
    delta, D = symbols("delta", (d,), positive=True), symbols("D", (d,))
    return S4D(A=A, B=B, C=c + sp.I * c_j, delta=delta, D=D, rule=rule)


def blocks(re: np.ndarray, im: np.ndarray) -> np.ndarray:
    """Multiplication by each of the numbers ``re + j im`` (n,) on real and imaginary parts, (2n, 2n)."""
    return np.kron(np.diag(re), np.eye(2, dtype=int)) + np.kron(np.diag(im), np.array([[0, -1], [1, 0]]))


def interleaved(re: np.ndarray, im: np.ndarray) -> np.ndarray:
    """(..., n) twice -> (..., 2n)."""
    return np.reshape(np.stack([re, im], axis=-1), (*re.shape[:-1], -1))
