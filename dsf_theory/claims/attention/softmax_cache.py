"""The claim ``softmax-cache``: over a finite horizon softmax attention is the system of its cache."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.attention.published import KERNEL, UNIT, complete, queries_keys, weights
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    J,
    kronecker,
    tokens,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import SoftmaxAttention
from dsf_theory.system import System
from dsf_theory.system.transition import Diagonal

claim = Claim(
    id="softmax-cache",
    title="Over a finite horizon softmax attention is a dynamical system: its cache of keys and values.",
    statement="With $n = L$ states a channel, $Λ = I$, value $j$ written to slot $j$ and read with the weights "
    "$P_ij$, a system has the kernel of softmax attention on every input of length $L$.",
    latex=r"\Lambda_i = I,\quad B_i = (I_d \otimes e_i) W_v,\quad C_i = I_d \otimes (P_{i0}, \dots, P_{ii}, 0, \dots)",
    source="derived here",
    models=("softmax_attention",),
    notebook="07_softmax_by_state_expansion",
)


def cached(model: SoftmaxAttention, u: np.ndarray, slots: int | None = None) -> System:
    """The cache of a number of slots, default one for each step; later values find no place."""
    xp, L = model.xp, len(u)
    slots = L if slots is None else slots
    write = np.eye(L, slots, dtype=int).astype(u.dtype)
    return replace(
        model.shell(u),
        transition=Diagonal(xp.new_zeros(u, (1, 1, 1, 1))),
        write=write[:, None, None, :],
        read=np.moveaxis(model.probabilities(u) @ write, 0, 1)[:, :, None, :],
    )


@claim.step("$P_ij Σ_{l<=i} exp(s q_iᵀk_l) = exp(s q_iᵀk_j)$, and nothing is read ahead", "identity")
def definition():
    options = {"heads": 2, "optional": ("b_q", "b_k"), "scale": sp.Symbol("s")}
    model, u = SoftmaxAttention.symbolic(d=2, n=2, **options), tokens(3, 2)
    q, k = queries_keys(model, u)
    exponentials = np.tri(3, dtype=int) * np.vectorize(sp.exp)(q @ k.transpose(0, 2, 1))
    shown = r"P_{ij} \sum_{l \le i} e^{s q_i^\top k_l}", r"[j \le i]\, e^{s q_i^\top k_j}"
    for P, e in zip(model.probabilities(u), exponentials, strict=True):
        yield Identity(P * np.sum(e, axis=1)[:, None], e, shown=shown)


@claim.step("Slot $j$ holds $v_j$: $C_i B_j = (c_iᵀ e_j) W_v$, at every size", "Kronecker")
def slot():
    system = cached(SoftmaxAttention.symbolic(d=2, n=1), tokens(4, 2))
    at_i, at_j = kronecker(system, 3), kronecker(system, 1, mark="j")
    shown = r"C_i B_j", r"(I_d \otimes c_i^\top e_j) W_v"
    yield Identity(at_i.C * at_j.B, KERNEL, shown=shown)
    yield at_i.Lambda, UNIT


def one_of_many(entry) -> sp.Expr:
    """``Σ_s entry(s) [s = j]`` over any number of s, j among them."""
    s, more = sp.symbols("s r", integer=True, nonnegative=True)
    j = sp.Symbol("j", integer=True, nonnegative=True)
    return sp.Sum(entry(s) * sp.KroneckerDelta(s, j), (s, 0, j + more)).doit().subs(j, J)


@claim.step("The weights pick $P_ij$: $c_iᵀ e_j = Σ_s P_is [s = j]$, at every horizon", "identity")
def picked():
    P = sp.Function("P")
    yield one_of_many(P), P(J)
    model, u = SoftmaxAttention.symbolic(d=2, n=1), tokens(3, 2)
    system = cached(model, u)
    yield system.read[:, 0, 0] @ system.write[:, 0, 0].T, model.probabilities(u)[0]


@claim.step("Three steps, two heads, all biases: the kernels agree, and $n = L$", "identity")
def same_kernel():
    optional = ("b_q", "b_k", "b_v", "b_o", "W_o")
    model, u = SoftmaxAttention.symbolic(d=2, n=1, heads=2, optional=optional), tokens(3, 2)
    system = cached(model, u)
    yield Identity(system.kernel(), model.kernel(u), shown=(r"C_i B_j + [i = j] D_i", r"\Phi_{ij}"))
    yield system.recurrent(), model.output(u)
    yield sp.Integer(system.n), sp.Integer(3)


@claim.numbers("One to three heads, up to twenty steps, against the published sums")
def caches(rng):
    worst = []
    for d, n, heads, length in ((3, 2, 1, 20), (4, 3, 2, 9), (6, 1, 3, 5)):
        model, u = complete("softmax_attention", rng, d=d, n=n, heads=heads), rng.standard_normal((length, d))
        system = cached(model, u)
        worst += [relative(system.recurrent(), model.output(u)), relative(system.kernel(), model.kernel(u))]
        worst.append(relative(model.probabilities(u), weights(model, u)))
    return worst


@claim.hypothesis(
    "the cache has a slot for every step",
    r"L \le n",
    violation=lambda slots: np.maximum(0, 6 - slots),
    holds=6,
    dropped=5,
)
def short_cache(slots) -> float:
    """How far six steps through a cache are from softmax attention."""
    model, u = SoftmaxAttention.random(d=2, n=2, seed=1), np.random.default_rng(1).standard_normal((6, 2))
    return relative(cached(model, u, slots).kernel(), model.kernel(u))
