"""What the claims on S6, S6_2 and SSD share: their steps, and one written as the other."""

import numpy as np
import sympy as sp

from dsf_theory.arrays import Array
from dsf_theory.claims.comparing import MATRICES, relative, run
from dsf_theory.claims.reading import (
    SIZE_N,
)
from dsf_theory.models import S6, S6_2, SSD, Model


def softplus(xp, x: Array) -> Array:
    """``log(1 + e^x)``, as it is defined."""
    return xp.log(1 + xp.exp(x))


def furthest(model: Model, u: np.ndarray, claimed: dict[str, list]) -> list[float]:
    """How far Λ, B, C, D and y are from what is claimed, for tokens that are the second sequence of a batch."""
    batch = np.stack([-u, u])
    matrices = [relative(getattr(model.system(batch), name)[1], np.stack(claimed[name])) for name in MATRICES]
    return [*matrices, relative(model.output(batch)[1], run(claimed, u))]


def coefficients() -> tuple[sp.MatrixSymbol, sp.MatrixSymbol]:
    """β_i and γ_i, or ψ_i and φ_i, of any size: what is written and what is read."""
    return sp.MatrixSymbol("b_i", SIZE_N, 1), sp.MatrixSymbol("c_i", SIZE_N, 1)


def as_ssd(model: S6 | S6_2, W_delta: Array, A_log: Array) -> SSD:
    """SSD with one head and W_x = I that takes its other parameters from the first channel of a model."""
    return SSD(
        W_x=model.xp.new_eye(model.W_B, model.d),
        W_delta=W_delta,
        b_delta=None if model.b_delta is None else model.b_delta[:1],
        A_log=A_log,
        W_B=model.W_B,
        W_C=model.W_C,
        D=model.D[:1],
    )
