"""The claim ``shared-reads``: S6 with one state a channel gives all channels the same signs."""

from itertools import product

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.equivalence.s6_needs_heads import carried
from dsf_theory.claims.reading import (
    drawn,
    having,
    tokens,
    with_steps,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import S6, SSD, LinearAttention, Model

claim = Claim(
    id="shared-reads",
    title="S6 with one state a channel gives all channels the same signs; attention with two heads does not.",
    statement="All channels of S6 share $β$ and $γ$, so with $n = 1$ every channel's kernel has, $D$ aside, the sign "
    "of $γ_i β_j$. Two heads of attention may disagree. SSD can follow them once each head has a group of "
    "its own.",
    latex=r"n = 1: \quad \mathrm{sign}\, \Phi_{ij}^{(c)} = \mathrm{sign}(\gamma_i \beta_j) \;\text{ for all } c",
    source="derived here; groups: Dao and Gu 2024",
    models=("s6", "linear_attention", "ssd"),
    notebook="05_linear_attention_and_s6",
)


def kernels(model: Model, u: np.ndarray) -> np.ndarray:
    """The kernel of each channel, (channel, length, length)."""
    w = model.system(u).weights()
    return w.reshape(-1, *w.shape[-2:])


@claim.step("Every channel's kernel is $γ_i β_j$ times a positive number", "identity")
def one_sign():
    s6, u = carried(3, 1)
    for c, (i, j) in product(range(3), ((0, 0), (1, 0), (1, 1))):
        share = sp.expand(kernels(s6, u)[c, i, j] / (u[i, 0] * u[j, 1]))
        shown = (rf"\mathrm{{sign}}\, \Phi_{{{i}{j}}}^{{({c})}} / (\gamma_{i} \beta_{j})", "1")
        yield Identity(sp.sign(share), 1, shown=shown)


@claim.step("Two heads: tokens $(1, 1)$ and $(1, -1)$ have the kernels 1 and -1", "identity")
def two_signs():
    eye = np.eye(2, dtype=int) + sp.S.Zero
    attention = LinearAttention(W_q=eye, W_k=eye, W_v=eye, heads=2)
    yield kernels(attention, np.array([[1, 1], [1, -1]]) + sp.S.Zero)[:, 1, 0], np.array([1, -1])


@claim.step("SSD with a group for each head has the signs of linear attention in every head", "identity")
def groups_follow():
    ssd, u = with_steps(SSD.symbolic(d=2, n=1, heads=2, groups=2), 2), tokens(2, 2)
    attention = LinearAttention(W_q=ssd.W_C, W_k=ssd.W_B, W_v=ssd.W_x, heads=2)
    for r, (i, j) in product(range(2), ((0, 0), (1, 0), (1, 1))):
        share = sp.simplify(kernels(ssd, u)[r, i, j] / kernels(attention, u)[r, i, j])
        shown = (rf"\mathrm{{sign}}\, \Phi_{{{i}{j}}}^{{({r})}} / (q_{i}^\top k_{j})^{{({r})}}", "1")
        yield Identity(sp.sign(share), 1, shown=shown)


def disagreement(model: Model) -> float:
    """How negative the product of two channels' kernels becomes, over how large it is."""
    w = kernels(model, np.random.default_rng(7).standard_normal((6, model.d)))
    products = w[:, None] * w
    return np.maximum(0, -np.min(products)) / np.max(np.abs(products))


@claim.numbers("Random S6, and SSD of two and four heads in one group, with one state a channel")
def random_signs(rng):
    models = (("s6", {}), ("s6", {"b_rule": "zoh"}), ("ssd", {"heads": 2}), ("ssd", {"heads": 4}))
    return [disagreement(drawn(name, rng, d=4, n=1, **options)) for name, options in models]


claim.hypothesis(
    "all heads share $β$ and $γ$: there is one group",
    "G = 1",
    violation=lambda ssd: ssd.groups - 1,
    holds=lambda: drawn("ssd", np.random.default_rng(8), d=4, n=1, heads=2, groups=1),
    dropped=lambda: drawn("ssd", np.random.default_rng(8), d=4, n=1, heads=2, groups=2),
)(disagreement)


def crossed(n: int) -> S6:
    """S6 with two channels: what one forgets fast in a state, the other forgets slowly."""
    s6, rates = drawn("s6", np.random.default_rng(9), d=2, n=n), np.array([[0.1, 3.0], [3.0, 0.1]])
    return having(s6, A_log=np.log(rates[:, :n]), W_delta_up=np.zeros((2, 1)), b_delta=np.ones(2))


claim.hypothesis(
    "there is one state a channel",
    "n = 1",
    violation=lambda s6: s6.system(np.ones((1, s6.d))).n - 1,
    holds=lambda: crossed(1),
    dropped=lambda: crossed(2),
)(disagreement)
