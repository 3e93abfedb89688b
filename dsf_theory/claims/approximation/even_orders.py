"""The claim ``even-orders``: cut off after an even order the series is positive everywhere."""

import numpy as np
import sympy as sp

from dsf_theory.claims.approximation.truncated_series import P, score_weights, taylor
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.statement import Identity

claim = Claim(
    id="even-orders",
    title="Cut off after an even order the series is positive everywhere, after an odd one it is not.",
    statement="$E_p' = E_{p-1}$, so where $E_{2k}$ is stationary it is $x^{2k}/(2k)! > 0$: its least value is "
    "positive, and so are the weights of attention with this series. Odd orders tend to minus infinity on "
    "the left.",
    latex=r"E_{2k}'(x) = E_{2k-1}(x) = 0 \;\Longrightarrow\; E_{2k}(x) = \frac{x^{2k}}{(2k)!} > 0",
    source="derived here",
    models=("taylor_attention",),
    notebook="07_softmax_by_state_expansion",
)


@claim.step("$E_p' = E_{p-1}$, term by term at every order", "calculus")
def derivative():
    x = sp.Symbol("x", positive=True)
    term = x**P / sp.factorial(P)
    yield Identity(sp.diff(term, x), term.subs(P, P - 1), by=lambda e: sp.gammasimp(e / term))
    for p in range(1, 7):
        yield sp.diff(taylor(x, p), x), taylor(x, p - 1)


@claim.step(
    "At a stationary point $E_p$ is its last term, $x^p/p!$: positive for even $p$, as $x = 0$ is not one",
    "identity",
)
def stationary():
    x, k = sp.Symbol("x", real=True, nonzero=True), sp.Symbol("k", integer=True, positive=True)
    for p in (2, 4, 6):
        yield taylor(x, p) - sp.diff(taylor(x, p), x), x**p / sp.factorial(p)
        yield sp.diff(taylor(x, p), x).subs(x, 0), 1
    yield sp.sign(x ** (2 * k) / sp.factorial(2 * k)), 1


@claim.step("Far out $E_p$ is $x^p/p!$: even orders rise on both sides, odd ones fall on the left", "limit")
def ends():
    x = sp.Symbol("x", real=True)
    for p in range(1, 7):
        for end in (-sp.oo, sp.oo):
            shown = rf"\lim E_{p}(x) / x^{p}", rf"1 / {p}!"
            yield Identity(sp.limit(taylor(x, p) / x**p, x, end), 1 / sp.factorial(p), shown=shown)


@claim.step("So even orders have no zero, odd ones one; $E_3(-3) = -2$", "identity")
def zeros():
    x = sp.Symbol("x", real=True)
    for p in range(1, 8):
        zeros = sp.Integer(sp.Poly(taylor(x, p), x).count_roots())
        yield Identity(zeros, sp.Integer(p % 2), shown=(rf"\#\{{x : E_{p}(x) = 0\}}", str(p % 2)))
    yield taylor(sp.Integer(-3), 3), -2


@claim.numbers("Scores down to -12, orders 2, 4, 6 and 8: weights that are positive and sum to one")
def positive_rows(rng):
    worst = []
    for order in (2, 4, 6, 8):
        P = score_weights(rng.uniform(-12, 3, 9), order, "row_sum")
        worst += [np.max(np.maximum(0, -P)), np.max(np.abs(P.sum(axis=1) - 1))]
    return worst


@claim.hypothesis(
    "the order is even",
    r"p = 2k",
    violation=lambda order: order % 2,
    holds=2,
    dropped=3,
)
def negative_weight(order) -> float:
    """How far the weight of a score of -3 is below zero."""
    return np.max(np.maximum(0, -score_weights(np.array([1.0, -3.0]), order, "one")))
