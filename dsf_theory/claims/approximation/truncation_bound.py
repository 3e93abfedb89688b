"""The claim ``truncation-bound``: how far a truncated series moves a row of weights, sharply."""

from math import factorial

import numpy as np
import sympy as sp

from dsf_theory.claims.approximation.truncated_series import P, queries_and_keys, score_weights, taylor
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.vanish import numerator
from dsf_theory.kernels.bounds import truncation_bound
from dsf_theory.models import SeparableAttention, SoftmaxAttention
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="truncation-bound",
    title="A truncated series moves a row of weights by a known amount.",
    statement="For scores of size up to $ρ$ the relative error of $E_p$ is at most $δ = e^ρ ρ^{p+1}/(p+1)!$, and a "
    "row of weights is off by at most $2δ/(1 + √(1 - δ²))$ in the sum of absolute differences. For weights "
    "with relative errors up to $δ$ no smaller bound of the row holds: two keys attain it.",
    latex=r"\Big|\frac{E_p(t)}{e^t} - 1\Big| \le \delta = \frac{e^\rho \rho^{p+1}}{(p+1)!}, \qquad"
    r"\|\hat P_i - P_i\|_1 \le \frac{2 \delta}{1 + \sqrt{1 - \delta^2}}",
    source="Taylor's theorem; the sharp bound of the row: derived here",
    models=("softmax_attention", "taylor_attention"),
    notebook="07_softmax_by_state_expansion",
)

DELTA, MEAN = sp.Symbol("delta", positive=True), sp.Symbol("deltabar", real=True)
"""The bound on relative errors, and their average over a row."""


@claim.step(
    "By parts: $R_p(t) = ∫_0^t e^s (t-s)^p/p! ds$ is $R_{p-1} - t^p/p!$, from $R_0 = e^t - 1$", "calculus"
)
def remainder():
    """So R_p = e^t - E_p for every p, as E_p grows by t^p/p! too."""
    s, t, x = sp.symbols("s t x", positive=True)
    inner = sp.exp(s) * (t - s) ** P / sp.factorial(P)
    parts = sp.diff(inner, s), inner - inner.subs(P, P - 1)
    yield Identity(*parts, by=lambda e: sp.gammasimp(sp.expand((e / inner).subs(t, s + x))))
    yield inner.subs(s, t), 0
    yield inner.subs(s, 0), t**P / sp.factorial(P)
    yield sp.integrate(inner.subs(P, 0), (s, 0, t)), sp.exp(t) - taylor(t, 0)
    for p in range(1, 7):
        yield taylor(t, p) - taylor(t, p - 1), t**p / sp.factorial(p)


@claim.step("Relative to $e^t$ this is $∫_0^t e^{-x} x^p/p! dx$", "calculus")
def relative_error():
    t, x = sp.Symbol("t", real=True), sp.Symbol("x", real=True)
    yield Identity((sp.exp(x) * (t - x) ** P / sp.exp(t)).subs(x, t - x), sp.exp(-x) * x**P)
    for p in (1, 2, 3):
        yield 1 - taylor(t, p) / sp.exp(t), sp.integrate(sp.exp(-x) * x**p / sp.factorial(p), (x, 0, t))


@claim.step(
    "At $t = -τ$ the bound less the error grows with slope $e^τ τ^{p+1}/(p+1)!$, at $t = τ$ faster",
    "calculus",
)
def lagrange():
    """From zero at τ = 0; and the bound grows with τ, so it holds for every score up to ρ."""
    tau = sp.Symbol("tau", positive=True)
    delta = sp.exp(tau) * tau ** (P + 1) / sp.factorial(P + 1)
    below, above = (sp.exp(side * tau) * tau**P / sp.factorial(P) for side in (1, -1))
    more = 2 * sp.sinh(tau) * tau**P / sp.factorial(P)
    by = lambda e: sp.gammasimp(sp.expand((e / delta).rewrite(sp.exp)))  # noqa: E731
    yield Identity(sp.diff(delta, tau) - below, delta, by=by)
    yield Identity(sp.diff(delta, tau) - above, delta + more, by=by)
    yield np.array([sp.sign(delta), sp.sign(more)]), np.ones(2, dtype=int)
    yield delta.subs(tau, 0), 0


def row(*weights) -> np.ndarray:
    """The last row of normalised attention with these weights."""
    column = np.array(weights).reshape(-1, 1, 1)
    one = column[:1, 0] * 0 + 1
    ones = column * 0 + 1
    model = SeparableAttention(W_q=one, W_k=one, W_v=one, phi=lambda q: ones, psi=lambda k: column)
    return model.system(ones[:, 0]).weights()[0, 0, -1]


@claim.step(
    "The row of $w_j (1 + δ_j)$ less the row of $w_j$ is $P_j (δ_j - δ̄)/(1 + δ̄)$, with $δ̄ = Σ_j P_j δ_j$",
    "identity",
)
def difference_of_rows():
    w, errors = symbols("w", (3,), positive=True), symbols("delta", (3,))
    P = row(*w)
    mean = P @ errors
    shown = r"\hat P_j - P_j", r"P_j \frac{\delta_j - \bar\delta}{1 + \bar\delta}"
    yield Identity(row(*(w * (1 + errors))) - P, P * (errors - mean) / (1 + mean), by=numerator, shown=shown)


@claim.step("On $[-δ, δ]$ the chord of $|x - δ̄|$ lies above: $Σ_j P_j |δ_j - δ̄| <= (δ² - δ̄²)/δ$", "identity")
def chord():
    x = sp.Symbol("x", real=True)
    at_ends = (DELTA - x) * (DELTA + MEAN) / (2 * DELTA) + (DELTA + x) * (DELTA - MEAN) / (2 * DELTA)
    yield at_ends - (x - MEAN), (DELTA - x) * (DELTA + MEAN) / DELTA
    yield at_ends - (MEAN - x), (DELTA + x) * (DELTA - MEAN) / DELTA
    yield at_ends.subs(x, MEAN), (DELTA**2 - MEAN**2) / DELTA


@claim.step("The largest $(δ² - δ̄²)/(δ(1 + δ̄))$ is $2δ/(1 + √(1 - δ²))$, at $δ̄ = -1 + √(1 - δ²)$", "calculus")
def worst_mean():
    g, root = (DELTA**2 - MEAN**2) / (DELTA * (1 + MEAN)), sp.sqrt(1 - DELTA**2)
    yield Identity(g.subs(MEAN, root - 1), 2 * DELTA / (1 + root), by=numerator)
    yield sp.diff(g, MEAN).subs(MEAN, root - 1), 0
    rest = (MEAN - root + 1) ** 2 / (DELTA * (1 + MEAN))
    yield Identity(2 * DELTA / (1 + root) - g, rest, by=numerator)


@claim.step("Two keys with errors $-δ$ and $δ$, weighted to this mean, attain it", "identity")
def attained():
    root = sp.sqrt(1 - DELTA**2)
    share = (1 + (root - 1) / DELTA) / 2
    P, moved = row(1 - share, share), row((1 - share) * (1 - DELTA), share * (1 + DELTA))
    both = (moved - P) @ np.array([-1, 1])
    shown = r"\|\hat P - P\|_1", r"\frac{2 \delta}{1 + \sqrt{1 - \delta^2}}"
    yield Identity(both, 2 * DELTA / (1 + root), by=numerator, shown=shown)


def sharp(delta: float) -> float:
    """``2δ/(1 + √(1 - δ²))``; 2δ from δ = 1 on."""
    return 2 * delta / (1 + np.sqrt(np.maximum(0, 1 - delta**2)))


def delta(rho: float, order: int) -> float:
    """``e^ρ ρ^{p+1}/(p+1)!``."""
    return np.exp(rho) * rho ** (order + 1) / factorial(order + 1)


def excess(scores: np.ndarray, order: int, rho: float) -> float:
    """How far the last row of weights, cut off after an order, is beyond the bound for scores up to ρ."""
    softmax = queries_and_keys(SoftmaxAttention, 1, dtype=float, scale=1.0)
    P = softmax.probabilities(np.stack([np.ones_like(scores), scores], axis=1))[0, -1]
    return max(
        0.0, np.sum(np.abs(score_weights(scores, order, "row_sum")[-1] - P)) - sharp(delta(rho, order))
    )


def excess_of_series(scores: np.ndarray, order: int, rho: float) -> float:
    """How far the relative errors of the weights are beyond the bound for scores up to ρ."""
    relative = score_weights(scores, order, "one")[-1] / np.exp(scores) - 1
    return np.maximum(0, np.max(np.abs(relative)) - delta(rho, order))


@claim.numbers("Random rows of eight scores, orders 2 to 9: both bounds hold; two keys attain the second")
def rows_within(rng):
    worst = []
    for order in range(2, 10):
        scores = rng.uniform(-1, 1, 8) * rng.uniform(0.2, order / 4)
        rho = np.max(np.abs(scores))
        worst += [excess(scores, order, rho), excess_of_series(scores, order, rho)]
        worst.append(truncation_bound(order, rho).weight / delta(rho, order) - 1)
    d = rng.uniform(0.1, 0.9)
    share = (1 + (np.sqrt(1 - d**2) - 1) / d) / 2
    moved, P = row((1 - share) * (1 - d), share * (1 + d)), row(1 - share, share)
    found = truncation_bound(6, 1.5)
    return [*worst, np.sum(np.abs(moved - P)) - sharp(d), found.row - sharp(found.weight)]


@claim.hypothesis(
    "no score is larger than $ρ$",
    r"|t| \le \rho",
    violation=lambda largest: np.maximum(0, largest - 1),
    holds=1.0,
    dropped=3.0,
)
def large_score(largest) -> float:
    """How far the error of order 2 at a score is beyond the bound for ρ = 1."""
    return excess_of_series(np.array([0.0, -largest]), 2, 1.0)


@claim.hypothesis(
    "the relative error is below one",
    r"\delta < 1",
    violation=lambda score: np.maximum(0, delta(abs(score), 1) - 1),
    holds=-0.5,
    dropped=-1.99,  # order 1 is -0.99 there, and the row sums to almost nothing
)
def relative_error_above_one(score) -> float:
    """How far a row of order 1 is beyond the bound for its scores."""
    return excess(np.array([0.0, score]), 1, abs(score))
