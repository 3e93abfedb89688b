"""What the claims on S6, S6_2 and SSD share: their steps, and one written as the other."""

import numpy as np
import sympy as sp

from dsf_theory.arrays import Array
from dsf_theory.claims.claim import Identity
from dsf_theory.claims.reading import (
    MATRICES,
    SIZE_N,
    relative,
    run,
)
from dsf_theory.models import S6, S6_2, SSD, Model
from dsf_theory.system import System


def softplus(xp, x: Array) -> Array:
    """``log(1 + e^x)``, as it is defined."""
    return xp.log(1 + xp.exp(x))


def without_bias(model: Model) -> Model:
    """The model with b_Δ left out."""
    options = {name: getattr(model, name) for name in model.options}
    return type(model)(**{k: v for k, v in model.parameters.items() if k != "b_delta"}, **options)


def compared(system: System, claimed: dict[str, list], shown: dict[str, str]):
    """Λ, B, C and D of a system, entry by entry, each next to what is claimed."""
    for name in MATRICES:
        left = rf"\{name}_i" if name == "Lambda" else f"{name}_i"
        yield Identity(getattr(system, name), np.stack(claimed[name]), shown=(left, shown[name]))


def furthest(model: Model, u: np.ndarray, claimed: dict[str, list]) -> list[float]:
    """How far Λ, B, C, D and y are from what is claimed, for tokens that are the second sequence of a batch."""
    batch = np.stack([-u, u])
    matrices = [relative(getattr(model.system(batch), name)[1], np.stack(claimed[name])) for name in MATRICES]
    return [*matrices, relative(model.output(batch)[1], run(claimed, u))]


def coefficients() -> tuple[sp.MatrixSymbol, sp.MatrixSymbol]:
    """β_i and γ_i, or ψ_i and φ_i, of any size: what is written and what is read."""
    return sp.MatrixSymbol("b_i", SIZE_N, 1), sp.MatrixSymbol("c_i", SIZE_N, 1)


def same(left: System, right: System, *names: str):
    """Λ, B, C and D of two systems, side by side, under the names of their models."""
    for name in MATRICES:
        letter = rf"\{name}" if name == "Lambda" else name
        shown = tuple(rf"{letter}_i^{{\text{{{model}}}}}" for model in names)
        yield Identity(getattr(left, name), getattr(right, name), shown=shown)


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
