"""Softmax attention as a finite system: over a finite horizon, and for finitely many keys."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.attention.published import KERNEL, UNIT, complete, queries_keys, weights
from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.claims.reading import J, kronecker, relative, tokens
from dsf_theory.models import SeparableAttention, SoftmaxAttention
from dsf_theory.system import System
from dsf_theory.system.symbolic import symbols
from dsf_theory.system.transition import Diagonal

cache = Claim(
    id="softmax-cache",
    title="Over a finite horizon softmax attention is a dynamical system: its cache of keys and values.",
    statement="With n = L states a channel, Λ = I, value j written to slot j and read with the weights P_ij, a system "
    "has the kernel of softmax attention on every input of length L.",
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


@cache.step("P_ij Σ_{l<=i} exp(s q_iᵀk_l) = exp(s q_iᵀk_j), and nothing is read ahead", "identity")
def definition():
    options = {"heads": 2, "optional": ("b_q", "b_k"), "scale": sp.Symbol("s")}
    model, u = SoftmaxAttention.symbolic(d=2, n=2, **options), tokens(3, 2)
    q, k = queries_keys(model, u)
    exponentials = np.tri(3, dtype=int) * np.vectorize(sp.exp)(q @ k.transpose(0, 2, 1))
    shown = r"P_{ij} \sum_{l \le i} e^{s q_i^\top k_l}", r"[j \le i]\, e^{s q_i^\top k_j}"
    for P, e in zip(model.probabilities(u), exponentials, strict=True):
        yield Identity(P * np.sum(e, axis=1)[:, None], e, shown=shown)


@cache.step("Slot j holds v_j: C_i B_j = (c_iᵀ e_j) W_v, at every size", "Kronecker")
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


@cache.step("The weights pick P_ij: c_iᵀ e_j = Σ_s P_is [s = j], at every horizon", "identity")
def picked():
    P = sp.Function("P")
    yield one_of_many(P), P(J)
    model, u = SoftmaxAttention.symbolic(d=2, n=1), tokens(3, 2)
    system = cached(model, u)
    yield system.read[:, 0, 0] @ system.write[:, 0, 0].T, model.probabilities(u)[0]


@cache.step("Three steps, two heads, all biases: the kernels agree, and n = L", "identity")
def same_kernel():
    optional = ("b_q", "b_k", "b_v", "b_o", "W_o")
    model, u = SoftmaxAttention.symbolic(d=2, n=1, heads=2, optional=optional), tokens(3, 2)
    system = cached(model, u)
    yield Identity(system.kernel(), model.kernel(u), shown=(r"C_i B_j + [i = j] D_i", r"\Phi_{ij}"))
    yield system.recurrent(), model.output(u)
    yield sp.Integer(system.n), sp.Integer(3)


@cache.numbers("One to three heads, up to twenty steps, against the published sums")
def caches(rng):
    worst = []
    for d, n, heads, length in ((3, 2, 1, 20), (4, 3, 2, 9), (6, 1, 3, 5)):
        model, u = complete("softmax_attention", rng, d=d, n=n, heads=heads), rng.standard_normal((length, d))
        system = cached(model, u)
        worst += [relative(system.recurrent(), model.output(u)), relative(system.kernel(), model.kernel(u))]
        worst.append(relative(model.probabilities(u), weights(model, u)))
    return worst


@cache.hypothesis(
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


# ---------------------------------------------------------------- finitely many keys

finite = Claim(
    id="finite-keys",
    title="Softmax attention over r distinct keys is linear attention with r features.",
    statement="The features φ(q) = (exp(qᵀκ_1), ..., exp(qᵀκ_r)) and ψ(κ_s) = e_s with the sum of the row give softmax "
    "attention exactly, on inputs of any length, with n = r and features of the own token alone.",
    latex=r"\phi(q)^\top \psi(k) = \sum_{s=1}^{r} e^{q^\top \kappa_s} [k = \kappa_s] = e^{q^\top k}",
    source="derived here",
    models=("softmax_attention", "separable_attention"),
    notebook="07_softmax_by_state_expansion",
)


def over_keys(softmax: SoftmaxAttention, keys: np.ndarray) -> SeparableAttention:
    """Linear attention with a feature for each of the keys (heads, r, m/heads)."""
    return SeparableAttention(
        **softmax.parameters,
        heads=softmax.heads,
        scale=softmax.default_scale() if softmax.scale is None else softmax.scale,
        phi=lambda q: softmax.xp.exp(np.sum(q[..., None, :] * keys, axis=-1)),
        psi=lambda k: one_hot(k, keys),
        eta="row_sum",
    )


def one_hot(k: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """``[k = κ_s]`` (..., heads, r); numbers are equal up to rounding."""
    difference = k[..., None, :] - keys
    same = difference == 0 if k.dtype == object else np.abs(difference) < 1e-9
    return np.all(same, axis=-1).astype(int).astype(k.dtype)


def two_keys() -> tuple[SoftmaxAttention, SeparableAttention, np.ndarray]:
    """Softmax attention with queries q_i, keys κ_0, κ_1, κ_0, κ_1, κ_1; the same over two keys; the input."""
    one, zero = sp.S.One, sp.S.Zero
    keys, q = symbols("kappa", (2,)), symbols("q", (5,))
    softmax = SoftmaxAttention(
        W_q=np.array([[one, zero]]),
        W_k=np.array([[zero, one]]),
        W_v=symbols("W_v", (2, 2)),
        scale=sp.Symbol("s"),
    )
    return softmax, over_keys(softmax, keys[None, :, None]), np.stack([q, keys[[0, 1, 0, 1, 1]]], axis=1)


@finite.step("φ(q)ᵀψ(κ_j) = Σ_s exp(q κ_s) [s = j] = exp(q κ_j), for any number of keys", "identity")
def picked_key():
    q, kappa = sp.Symbol("q"), sp.Function("kappa")
    yield one_of_many(lambda s: sp.exp(q * kappa(s))), sp.exp(q * kappa(J))
    softmax, linear, u = two_keys()
    phi, psi = linear.phi(linear.queries_keys(u)[0])[:, 0], linear.psi(linear.queries_keys(u)[1])[:, 0]
    s = sp.Symbol("s")
    yield phi @ psi.T, np.vectorize(sp.exp)(s * np.outer(u[:, 0], u[:, 1]))


@finite.step("Five steps over two keys: one kernel, with n = 2", "identity")
def one_kernel():
    softmax, linear, u = two_keys()
    system = linear.system(u)
    shown = r"C_i \Lambda_i \cdots \Lambda_{j+1} B_j", r"P_{ij} W_v"
    yield Identity(system.product_kernel(), softmax.kernel(u), shown=shown)
    yield sp.Integer(system.expansion), sp.Integer(2)


@finite.step("A feature sees its own token alone: ∂ψ_i/∂u_j = ∂φ_i/∂u_j = 0 for j ≠ i", "calculus")
def local_features():
    _, linear, u = two_keys()
    system = linear.system(u)
    for i, j in ((2, 0), (4, 1)):
        slopes = [sp.diff(entry, u[j, 0]) for part in (system.read, system.write) for entry in part[i].flat]
        shown = rf"\partial (\phi_{i}, \psi_{i}) / \partial q_{j}", "0"
        yield Identity(np.array(slopes), 0, shown=shown)


def vocabulary(model: SoftmaxAttention, words: int, length: int, new: int, rng: np.random.Generator):
    """The model over the keys of some words, and an input of them in which the last ``new`` steps are other words."""
    known, u = rng.standard_normal((words, model.d)), rng.standard_normal((length, model.d))
    u[: length - new] = known[np.arange(length - new) % words]
    return over_keys(model, np.moveaxis(model.queries_keys(known)[1], 0, 1)), u


@finite.numbers("One to three heads, four words, thirty steps")
def words_and_heads(rng):
    worst = []
    for d, n, heads in ((3, 2, 1), (4, 3, 2), (6, 1, 3)):
        softmax = complete("softmax_attention", rng, d=d, n=n, heads=heads)
        linear, u = vocabulary(softmax, 4, 30, 0, rng)
        worst.append(relative(linear.output(u), softmax.output(u)))
    return worst


def with_new_words(new: int):
    """Softmax attention and linear attention over three keys, on an input that ends in other words."""
    rng = np.random.default_rng(12)
    softmax = SoftmaxAttention.random(d=2, n=2, seed=12)
    return softmax, *vocabulary(softmax, 3, 8, new, rng)


def unknown_keys(new: int) -> float:
    """How many keys are none of the r."""
    _, linear, u = with_new_words(new)
    return np.sum(1 - linear.psi(linear.queries_keys(u)[1]).sum(axis=-1))


@finite.hypothesis(
    "every key is one of the r",
    r"k_j \in \{\kappa_1, \dots, \kappa_r\}",
    violation=unknown_keys,
    holds=0,
    dropped=1,
)
def new_word(new) -> float:
    """How far linear attention over the keys is from softmax attention."""
    softmax, linear, u = with_new_words(new)
    return relative(linear.output(u), softmax.output(u))
