"""Attention as the literature writes it: the sums that claims hold against the models, and models in symbols."""

from math import factorial
from typing import NamedTuple

import numpy as np
import sympy as sp
from sympy.matrices.expressions.kronecker import KroneckerProduct

from dsf_theory.claims.reading import (
    SIZE_D,
    SIZE_N,
    drawn,
    having,
    tokens,
)
from dsf_theory.models import MODELS, Model, SeparableAttention
from dsf_theory.system import Gauge, OutputGain, System
from dsf_theory.system.symbolic import symbols

PHI_I, PSI_I, PSI_J = (sp.MatrixSymbol(name, SIZE_N, 1) for name in ("c_i", "b_i", "b_j"))
W_V, I_D = sp.MatrixSymbol("X", SIZE_D, SIZE_D), sp.Identity(SIZE_D)
UNIT, WRITTEN, READ, KERNEL = (
    sp.Identity(SIZE_D * SIZE_N),
    KroneckerProduct(I_D, PSI_I) * W_V,
    KroneckerProduct(I_D, PHI_I.T),
    KroneckerProduct(I_D, PHI_I.T * PSI_J) * W_V,
)
"""``I``, ``(I ⊗ ψ_i) W_v``, ``I ⊗ φ_iᵀ`` and ``(I ⊗ φ_iᵀψ_j) W_v``, in the symbols of a reading of any size."""

ACTIVATIONS = {
    "exp": sp.exp,
    "softplus": lambda z: sp.log(1 + sp.exp(z)),
    "sigmoid": lambda z: 1 / (1 + sp.exp(-z)),
}
"""Name of a normaliser that is learned from the token -> its function."""

LETTERS = {"b_i": r"\psi_i", "b_j": r"\psi_j", "c_i": r"\phi_i", "X": "W_v"}
"""The paper's letters for those symbols."""


class Symbolic(NamedTuple):
    """Separable attention whose features and normalisers are symbols."""

    model: SeparableAttention
    system: System
    phi: np.ndarray
    psi: np.ndarray
    eta: np.ndarray


def in_symbols(
    d: int, n: int, heads: int = 1, length: int = 4, optional: tuple = (), positive: bool = False, **options
) -> Symbolic:
    """Separable attention with features φ_i, ψ_i (length, heads, n) and normalisers η_i (length, heads)."""
    phi, psi = (symbols(name, (length, heads, n), positive=positive) for name in ("phi", "psi"))
    eta = symbols("eta", (length, heads) if heads > 1 else (length,))
    model = SeparableAttention.symbolic(
        d=d,
        n=1,
        heads=heads,
        optional=optional,
        phi=lambda q: phi,
        psi=lambda k: psi,
        **{"eta": lambda u: eta, **options},
    )
    return Symbolic(model, model.system(tokens(length, d)), phi, psi, eta)


def head(system: System, r: int) -> System:
    """Head r as a system of its own, without the maps around it."""
    gauge = Gauge(*(part[:, r : r + 1] for part in system.gauge))
    parts = {"write": system.write[:, r : r + 1], "read": system.read[:, r : r + 1]}
    return System(
        u=system.u, transition=system.transition, gauge=gauge, output_gain=OutputGain(*gauge), **parts
    )


def affine(weight: np.ndarray, bias: np.ndarray | None, u: np.ndarray) -> np.ndarray:
    """``W u_i + b``, where there is a b."""
    x = np.array([[sum(row * token) for row in weight] for token in u])
    return x if bias is None else x + bias


def in_heads(model: Model, x: np.ndarray) -> np.ndarray:
    """Head r has the contiguous entries ``x[r w : (r+1) w]``: (heads, length, w)."""
    w = x.shape[1] // model.heads
    return np.stack([x[:, r * w : (r + 1) * w] for r in range(model.heads)])


def queries_keys(model: Model, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``q = scale (W_q u + b_q)`` and ``k = W_k u + b_k`` in heads, (heads, length, m/heads)."""
    q, k = affine(model.W_q, model.b_q, u), affine(model.W_k, model.b_k, u)
    return scale(model) * in_heads(model, q), in_heads(model, k)


def scale(model: Model):
    """The factor of the scores."""
    if model.scale is not None:
        return model.scale
    softmax = model.name in ("softmax_attention", "taylor_attention", "favor_attention")
    return (model.sizes["m"] / model.heads) ** -0.5 if softmax else 1


def layer(model: Model, u: np.ndarray, P: np.ndarray, owner: tuple[int, ...] | None = None) -> np.ndarray:
    """``y_i = W_o [Σ_{j<=i} P^r_ij (W_v u_j + b_v)^r]_r + b_o`` from the weights P (heads, length, length).

    Args:
        model: with W_v and whatever it has of b_v, W_o, b_o.
        u: (length, d).
        P: the weights of each head.
        owner: the head of each channel, default contiguous.
    """
    v = affine(model.W_v, model.b_v, u)
    owner = np.repeat(np.arange(model.heads), v.shape[1] // model.heads) if owner is None else owner
    y = [[sum(P[r, i, : i + 1] * v[: i + 1, c]) for c, r in enumerate(owner)] for i in range(len(u))]
    y = np.array(y) if model.W_o is None else affine(model.W_o, None, np.array(y))
    return y if model.b_o is None else y + model.b_o


def weights(model: Model, u: np.ndarray) -> np.ndarray:
    """The weights (heads, length, length) of a model of the registry."""
    q, k = queries_keys(model, u)
    if model.name in ("linear_attention_elu", "separable_attention"):
        q, k = (np.where(x > 0, x + 1, np.exp(x)) for x in (q, k))
    products = np.einsum("ris,rjs->rij", q, k)
    if model.name == "linear_attention":
        return np.tril(products)
    if model.name == "norm_attention":
        z = affine(model.W_eta, model.b_eta, u).T[..., None]
        eta = {"exp": np.exp(z), "softplus": np.log1p(np.exp(z)), "sigmoid": 1 / (1 + np.exp(-z))}
        return np.tril(products / eta[model.eta])
    if model.name == "softmax_attention":
        products = np.exp(products)
    if model.name == "taylor_attention":
        products = sum(products**p / factorial(p) for p in range(model.order + 1))
    if model.name == "favor_attention":
        half = scale(model) ** 0.5
        products = directions(q / half, half * k, model.omega)
    products = np.tril(products)
    return products / products.sum(axis=2, keepdims=True)


def directions(q: np.ndarray, k: np.ndarray, omega: np.ndarray) -> np.ndarray:
    """``Σ_l exp(ω_lᵀ(q_i + k_j) - (|q_i|² + |k_j|²)/2) / r`` (heads, length, length)."""
    q, k = q[:, :, None], k[:, None]
    return np.exp((q + k) @ omega.T - (np.sum(q * q + k * k, axis=-1) / 2)[..., None]).mean(axis=-1)


def complete(name: str, rng: np.random.Generator, d: int = 4, n: int = 2, **options) -> Model:
    """A model of the registry with all its optional parameters, everything drawn at random."""
    optional = tuple(key for key, one in MODELS[name].spec.items() if one.optional)
    model = drawn(name, rng, d=d, n=n, optional=optional, **options)
    return having(model, **{key: part / 2 for key, part in model.parameters.items()})


def with_ones(model: Model, u: np.ndarray) -> tuple[SeparableAttention, np.ndarray]:
    """Attention with values [v; 1] in each head and no normaliser, and its input [u; 1], a one for each head."""
    d, s = model.d, model.heads
    one = np.zeros((s, d + s), dtype=u.dtype)
    one[:, d] += 1

    def on_ones(weight, bias):
        wide = np.zeros((len(weight), d + s), dtype=u.dtype)
        wide[:, :d] += weight
        wide[:, d] += 0 if bias is None else bias
        return wide

    W_v = on_ones(model.W_v, model.b_v).reshape(s, d // s, d + s)
    wide = SeparableAttention(
        W_q=on_ones(model.W_q, model.b_q),
        W_k=on_ones(model.W_k, model.b_k),
        W_v=np.concatenate([W_v, one[:, None]], axis=1).reshape(d + s, d + s),
        heads=s,
        scale=model.scale,
        phi=model.phi,
        psi=model.psi,
        eta="one",
    )
    return wide, np.concatenate([u, np.zeros((len(u), s), dtype=u.dtype) + 1], axis=1)


def divided(o: np.ndarray, heads: int) -> np.ndarray:
    """The channels of each head over its last."""
    o = o.reshape(len(o), heads, -1)
    return (o[..., :-1] / o[..., -1:]).reshape(len(o), -1)


def renamed(expression) -> str:
    """LaTeX with the paper's letters, steps 1 and 2 written i - 1 and i."""
    atoms = {a for a in sp.preorder_traversal(expression) if isinstance(a, sp.Symbol | sp.MatrixSymbol)}
    steps = {
        f"{x}_{k}": rf"{sp.latex(sp.Symbol(x))}_{{{i}}}"
        for x in ("eta", "t")
        for k, i in ((1, "i-1"), (2, "i"))
    }
    names = {a: (LETTERS | steps)[str(a)] for a in atoms if str(a) in LETTERS | steps}
    return sp.latex(expression, symbol_names=names)
