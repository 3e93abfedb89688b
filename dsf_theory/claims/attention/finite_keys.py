"""The claim ``finite-keys``: softmax attention over r distinct keys is linear attention with r features."""

import numpy as np
import sympy as sp

from dsf_theory.claims.attention.published import complete
from dsf_theory.claims.attention.softmax_cache import one_of_many
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    J,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import SeparableAttention, SoftmaxAttention
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="finite-keys",
    title="Softmax attention over $r$ distinct keys is linear attention with $r$ features.",
    statement="The features $φ(q) = (exp(qᵀκ_1), ..., exp(qᵀκ_r))$ and $ψ(κ_s) = e_s$ with the sum of the row give "
    "softmax attention exactly, on inputs of any length, with $n = r$ and features of the own token alone.",
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


@claim.step("$φ(q)ᵀψ(κ_j) = Σ_s exp(q κ_s) [s = j] = exp(q κ_j)$, for any number of keys", "identity")
def picked_key():
    q, kappa = sp.Symbol("q"), sp.Function("kappa")
    yield one_of_many(lambda s: sp.exp(q * kappa(s))), sp.exp(q * kappa(J))
    softmax, linear, u = two_keys()
    phi, psi = linear.phi(linear.queries_keys(u)[0])[:, 0], linear.psi(linear.queries_keys(u)[1])[:, 0]
    s = sp.Symbol("s")
    yield phi @ psi.T, np.vectorize(sp.exp)(s * np.outer(u[:, 0], u[:, 1]))


@claim.step("Five steps over two keys: one kernel, with $n = 2$", "identity")
def one_kernel():
    softmax, linear, u = two_keys()
    system = linear.system(u)
    shown = r"C_i \Lambda_i \cdots \Lambda_{j+1} B_j", r"P_{ij} W_v"
    yield Identity(system.product_kernel(), softmax.kernel(u), shown=shown)
    yield sp.Integer(system.expansion), sp.Integer(2)


@claim.step("A feature sees its own token alone: $∂ψ_i/∂u_j = ∂φ_i/∂u_j = 0$ for $j ≠ i$", "calculus")
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


@claim.numbers("One to three heads, four words, thirty steps")
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


@claim.hypothesis(
    "every key is one of the $r$",
    r"k_j \in \{\kappa_1, \dots, \kappa_r\}",
    violation=unknown_keys,
    holds=0,
    dropped=1,
)
def new_word(new) -> float:
    """How far linear attention over the keys is from softmax attention."""
    softmax, linear, u = with_new_words(new)
    return relative(linear.output(u), softmax.output(u))
