"""The claim ``feature-count``: order p takes C(m + p, p) features, and no fewer."""

from math import comb, factorial, prod

import numpy as np
import sympy as sp
from sympy.polys.matrices import DomainMatrix

from dsf_theory.claims.approximation.truncated_series import P, queries_and_keys, truncated
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.reading import (
    rank,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.features import monomials, monomials_size, taylor, taylor_size
from dsf_theory.models import SoftmaxAttention
from dsf_theory.system.symbolic import symbols

M = sp.Symbol("m", integer=True, positive=True)
"""The size of a key, any number."""

claim = Claim(
    id="feature-count",
    title="Order $p$ takes $C(m + p, p)$ features, and no fewer.",
    statement="There are $C(m + p, p)$ monomials of degree up to $p$ in $m$ variables, where full tensor powers have "
    "$(m^{p+1} - 1)/(m - 1)$ entries, for $m > 1$, for the same inner product. The kernel cut off after $p$ "
    "has exactly this rank.",
    latex=r"\operatorname{rank} \Big[\sum_{l \le p} \tfrac{(q_a^\top k_b)^l}{l!}\Big]_{ab} = \binom{m + p}{p}",
    source="derived here",
    models=("taylor_attention",),
    notebook="07_softmax_by_state_expansion",
)


@claim.step(
    "Degree $p + 1$: monomials with the last variable and without, $C(m+p-1, p) + C(m+p-1, p+1)$",
    "induction",
)
def words():
    by = sp.combsimp
    with_it, without = sp.binomial(M + P - 1, P), sp.binomial(M + P - 1, P + 1)
    yield Identity(with_it + without, sp.binomial(M + P, P + 1), by=by)
    for m in (2, 3, 4):
        grown = [features(m, p + 1) - features(m, p) for p in range(4)]
        yield np.array(grown), np.array([sp.binomial(m + p, p + 1) for p in range(4)])


def features(m: int, p: int) -> sp.Integer:
    """How many features there are."""
    return sp.Integer(len(monomials(np.ones(m), p)))


@claim.step("One more order, any $m$: $C(m+p, p) + C(m+p, p+1) = C(m+p+1, p+1)$", "induction")
def orders():
    total = sp.binomial(M + P, P)
    yield Identity(total + sp.binomial(M + P, P + 1), total.subs(P, P + 1), by=sp.combsimp)
    yield total.subs(P, 0), 1
    for m in (1, 2, 3, 4):
        yield (
            np.array([[features(m, p), monomials_size(m, p)] for p in range(5)]),
            np.array([[total.subs({M: m, P: p})] * 2 for p in range(5)]),
        )


@claim.step("Full tensor powers: $(m^{p+1} - 1)/(m - 1)$ entries, for the same inner product", "induction")
def full_powers():
    total = (M ** (P + 1) - 1) / (M - 1)
    yield Identity(total + M ** (P + 1), total.subs(P, P + 1), by=lambda e: sp.cancel(sp.expand(e)))
    yield sp.cancel(total.subs(P, 0)), 1
    q, k = symbols("q", (2,)), symbols("k", (2,))
    yield monomials(q, 3) @ monomials(k, 3), taylor(q, 3) @ taylor(k, 3)
    for m, p in ((2, 3), (3, 2), (4, 0)):
        counted = np.array([len(taylor(np.ones(m), p)), taylor_size(m, p)])
        yield counted, np.full(2, total.subs({M: m, P: p}))


@claim.step("The features are independent: $∂^α φ_β = √(α!) [α = β]$ at zero", "calculus")
def independent():
    x = symbols("x", (2,))
    phi = monomials(x, 3)
    alphas = [sp.Poly(entry, *x).monoms()[0] for entry in phi]
    at_zero = dict.fromkeys(x, 0)
    for a, alpha in enumerate(alphas):
        found = [sp.diff(entry, *zip(x, alpha, strict=True)).subs(at_zero) for entry in phi]
        claimed = np.eye(len(phi), dtype=int)[a] * sp.sqrt(prod(map(factorial, alpha)))
        shown = r"\partial^\alpha \phi_\beta(0)", r"\sqrt{\alpha!}\, [\alpha = \beta]"
        yield Identity(np.array(found), claimed, shown=shown)
    yield sp.Integer(len(set(alphas))), sp.Integer(len(phi))


def block(points: np.ndarray, order: int) -> np.ndarray:
    """Weights of attention with the series cut off, from keys at some points (count, m) to the same queries."""
    model = queries_and_keys(SoftmaxAttention, points.shape[1], dtype=points.dtype, scale=1)
    keys_then_queries = np.concatenate([np.hstack([0 * points, points]), np.hstack([points, 0 * points])])
    weights = truncated(model, order, eta="one").system(keys_then_queries).weights()[0, 0]
    return weights[len(points) :, : len(points)]


@claim.step(
    "With one point more than features the kernel has exactly this rank, in exact numbers", "identity"
)
def exact_rank():
    for m, p in ((1, 3), (2, 2), (3, 1)):
        n = comb(m + p, p)
        grid = np.arange((n + 1) * m).reshape(n + 1, m)
        points = np.vectorize(
            lambda a: sp.Rational(int(7 * a * a % 23 - 9), int(1 + a % 3)), otypes=[object]
        )(grid)
        found = sp.Integer(DomainMatrix.from_Matrix(sp.Matrix(block(points, p))).rank())
        yield Identity(found, sp.Integer(n), shown=(rf"\operatorname{{rank}}_{{m = {m}, p = {p}}}", str(n)))


@claim.numbers("Random points in one to three dimensions")
def random_points(rng):
    sizes = ((1, 3), (2, 2), (2, 3), (3, 2))
    return [rank(block(rng.uniform(-2, 2, (comb(m + p, p) + 4, m)), p)) - comb(m + p, p) for m, p in sizes]


ANGLES = np.linspace(0, 5, 8)[:, None]
CIRCLE, SPIRAL = (r * np.hstack([np.cos(ANGLES), np.sin(ANGLES)]) for r in (1, 1 + ANGLES**2 / 9))


@claim.hypothesis(
    "the points lie on no hypersurface of degree $p$",
    r"\operatorname{rank} [k_a^\alpha]_{a, |\alpha| \le p} = \tbinom{m + p}{p}",
    violation=lambda points: comb(4, 2) - rank(monomials(points, 2)),
    holds=SPIRAL,
    dropped=CIRCLE,
)
def on_a_curve(points) -> int:
    """How much the kernel of order 2 lacks of rank 6."""
    return comb(4, 2) - rank(block(points, 2))
