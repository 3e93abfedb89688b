"""Softmax attention with its exponential cut off after some order, for the claims on it."""

import numpy as np
import sympy as sp

from dsf_theory.models import SoftmaxAttention, TaylorAttention

P = sp.Symbol("p", integer=True, positive=True)
"""The order, any number."""


def truncated(softmax: SoftmaxAttention, order: int, eta="row_sum") -> TaylorAttention:
    """Taylor attention with the parameters of softmax attention; odd orders too, which the registry refuses."""
    model = TaylorAttention(**softmax.parameters, heads=softmax.heads, scale=softmax.scale)
    model.order, model.eta = order, eta
    return model


def taylor(t, order: int) -> sp.Expr:
    """E_p(t), as Taylor attention has it: ``φ(t)ᵀψ(1)`` in one dimension."""
    model = truncated(queries_and_keys(SoftmaxAttention, 1), order)
    return sp.expand(model.phi(np.array([t])) @ model.psi(np.array([sp.S.One])))


def queries_and_keys(kind: type, m: int, dtype=object, **options):
    """A model whose queries are the first m channels of a token and whose keys are the others."""
    eye, none = np.eye(m, dtype=int).astype(dtype), np.zeros((m, m), dtype=dtype)
    W_v = np.eye(2 * m, dtype=int).astype(dtype)
    return kind(W_q=np.hstack([eye, none]), W_k=np.hstack([none, eye]), W_v=W_v, **options)


def score_weights(scores: np.ndarray, order: int, eta: str) -> np.ndarray:
    """Weights of attention with the series cut off, for keys that have these scores at every query."""
    model = truncated(queries_and_keys(SoftmaxAttention, 1, dtype=float, scale=1), order, eta)
    return model.system(np.stack([np.ones_like(scores), scores], axis=1)).weights()[0, 0]
