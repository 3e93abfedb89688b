"""Softmax by its series: monomial features, and why their order should be even."""

from itertools import combinations_with_replacement
from math import factorial, prod

import numpy as np
import sympy as sp

from dsf_theory.claims.attention.published import complete, layer, weights
from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.claims.reading import relative
from dsf_theory.features import monomials
from dsf_theory.models import SoftmaxAttention, TaylorAttention
from dsf_theory.system.symbolic import symbols

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


series = Claim(
    id="exponential-series",
    title="Monomial features are the Taylor series of softmax attention.",
    statement="The features x^α/√(α!) up to degree p have the inner product Σ_{l<=p} (qᵀk)^l/l!, which tends to "
    "exp(qᵀk): Taylor attention of order p is softmax attention with its exponential cut off after p.",
    latex=r"\sum_{|\alpha| \le p} \frac{q^\alpha}{\sqrt{\alpha!}} \frac{k^\alpha}{\sqrt{\alpha!}} = "
    r"\sum_{l \le p} \frac{(q^\top k)^l}{l!} \xrightarrow{p \to \infty} e^{q^\top k}",
    source="the multinomial theorem",
    models=("softmax_attention", "taylor_attention"),
    notebook="07_softmax_by_state_expansion",
)


@series.step("In one dimension order p adds t^p/p! to φ(t)ᵀφ(1)", "identity")
def one_more_order():
    t = sp.Symbol("t")
    yield taylor(t, 4), sum(t**k / sp.factorial(k) for k in range(5))
    for p in range(1, 9):
        yield taylor(t, p) - taylor(t, p - 1), t**p / sp.factorial(p)


@series.step("All orders together are e^t", "limit")
def all_orders():
    t, k = sp.Symbol("t"), sp.Symbol("k", integer=True, nonnegative=True)
    yield sp.Sum(t**k / sp.factorial(k), (k, 0, sp.oo)).doit(), sp.exp(t)


@series.step("The features are x^α/√(α!) for |α| <= p", "identity")
def weighted_monomials():
    for m, p in ((2, 3), (3, 2)):
        x = symbols("x", (m,))
        words = [word for k in range(p + 1) for word in combinations_with_replacement(range(m), k)]
        alphas = [[word.count(c) for c in range(m)] for word in words]
        claimed = [sp.Mul(*x**a) / sp.sqrt(prod(map(factorial, a))) for a in alphas]
        yield monomials(x, p), np.array(claimed, dtype=object)


@series.step("Their inner product is Σ_{l<=p} (qᵀk)^l/l!", "identity")
def inner_products():
    for m, p in ((2, 2), (1, 6), (2, 4), (3, 3)):
        q, k = symbols("q", (m,)), symbols("k", (m,))
        yield monomials(q, p) @ monomials(k, p), sum((q @ k) ** l / sp.factorial(l) for l in range(p + 1))


@series.step(
    "One more dimension, any p: Σ_r x^{p-r}/(p-r)! y^r/r! = (x + y)^p/p!, by its derivative",
    "induction",
)
def one_more_dimension():
    """Both sides have the derivative of order p - 1 in x, and at x = 0 both are y^p/p!."""
    x, y, r = *sp.symbols("x y", positive=True), sp.Symbol("r", integer=True, nonnegative=True)
    by = sp.gammasimp
    yield Identity(
        sp.diff((x + y) ** P / sp.factorial(P), x) - (x + y) ** (P - 1) / sp.factorial(P - 1), by=by
    )
    term = x ** (P - r) / sp.factorial(P - r)
    yield Identity(sp.diff(term, x) - term.subs(P, P - 1), by=by)
    yield ((x + y) ** P / sp.factorial(P)).subs(x, 0), y**P / sp.factorial(P)


@series.step("Taylor attention: P̂_ij Σ_l E_p(t_il) = E_p(t_ij), with C(m + p, p) states", "identity")
def cut_off():
    for m, p in ((1, 3), (2, 2)):
        softmax = queries_and_keys(SoftmaxAttention, m, scale=sp.Symbol("s"))
        u = np.hstack([symbols("q", (2, m)), symbols("k", (2, m))])
        system = truncated(softmax, p).system(u)
        t = sp.Symbol("s") * u[:, :m] @ u[:, m:].T
        E = sum(t**l / sp.factorial(l) for l in range(p + 1))
        for i, j in ((0, 0), (1, 0), (1, 1)):
            total = np.sum(E[i, : i + 1])
            numerator = sp.expand(system.read[i, 0, 0] @ system.write[j, 0, 0])
            yield numerator, E[i, j]
            yield (
                sp.expand(1 / (system.output_gain.sign[i].item() * sp.exp(system.output_gain.log[i].item()))),
                total,
            )
        yield sp.Integer(system.expansion), sp.binomial(m + p, p)


@series.numbers(
    "Taylor attention of orders 2 and 4, up to three heads, all biases, against the published sums"
)
def published_sums(rng):
    worst = []
    for d, n, heads, order in ((3, 2, 1, 2), (4, 3, 2, 4), (6, 1, 3, 4)):
        options = {"heads": heads, "order": order, "scale": (None, 0.7, 2.0)[heads - 1]}
        model, u = complete("taylor_attention", rng, d=d, n=n, **options), rng.standard_normal((7, d))
        P, system = weights(model, u), model.system(u)
        worst += [relative(system.weights()[:, 0], P), relative(system.recurrent(), layer(model, u, P))]
        worst.append(relative(system.product_kernel(), system.kernel()))
    return worst


@series.numbers("One and two heads, order 20: softmax attention")
def high_order(rng):
    worst = []
    for d, n, heads in ((3, 1, 1), (4, 2, 1), (4, 2, 2)):
        softmax, u = complete("softmax_attention", rng, d=d, n=n, heads=heads), rng.uniform(-0.4, 0.4, (4, d))
        worst.append(relative(truncated(softmax, 20).output(u), softmax.output(u)))
    return worst


def some_scores() -> tuple[SoftmaxAttention, np.ndarray, float]:
    """Softmax attention of two dimensions, an input, and the largest score in size."""
    u = np.random.default_rng(5).standard_normal((3, 2))
    model = SoftmaxAttention.random(d=2, n=2, seed=5, scale=1.0)
    q, k = (part[:, 0] for part in model.queries_keys(u))
    return model, u, np.max(np.abs(q @ k.T))


def missing_orders(order: int) -> float:
    """How many orders are missing for an error of 1e-12: ``p + 1 >= max(e² ρ, ρ + log 1e12)``."""
    rho = some_scores()[2]
    return np.maximum(0, max(np.exp(2) * rho, rho + np.log(1e12)) - (order + 1))


@series.hypothesis(
    "the order is high enough for the scores",
    r"p + 1 \ge \max(e^2 \rho,\; \rho + \log \tfrac{1}{\delta})",
    violation=missing_orders,
    holds=30,
    dropped=1,
)
def too_few_orders(order) -> float:
    """How far attention with the series cut off is from softmax attention."""
    model, u, _ = some_scores()
    return relative(truncated(model, order).output(u), model.output(u))


# ---------------------------------------------------------------- positive weights

even = Claim(
    id="even-orders",
    title="Cut off after an even order the series is positive everywhere, after an odd one it is not.",
    statement="E_p' = E_{p-1}, so where E_{2k} is stationary it is x^{2k}/(2k)! > 0: its least value is positive, and "
    "so are the weights of attention with this series. Odd orders tend to minus infinity on the left.",
    latex=r"E_{2k}'(x) = E_{2k-1}(x) = 0 \;\Longrightarrow\; E_{2k}(x) = \frac{x^{2k}}{(2k)!} > 0",
    source="derived here",
    models=("taylor_attention",),
    notebook="07_softmax_by_state_expansion",
)


@even.step("E_p' = E_{p-1}, term by term at every order", "calculus")
def derivative():
    x = sp.Symbol("x", positive=True)
    term = x**P / sp.factorial(P)
    yield Identity(sp.diff(term, x), term.subs(P, P - 1), by=lambda e: sp.gammasimp(e / term))
    for p in range(1, 7):
        yield sp.diff(taylor(x, p), x), taylor(x, p - 1)


@even.step(
    "At a stationary point E_p is its last term, x^p/p!: positive for even p, as x = 0 is not one", "identity"
)
def stationary():
    x, k = sp.Symbol("x", real=True, nonzero=True), sp.Symbol("k", integer=True, positive=True)
    for p in (2, 4, 6):
        yield taylor(x, p) - sp.diff(taylor(x, p), x), x**p / sp.factorial(p)
        yield sp.diff(taylor(x, p), x).subs(x, 0), 1
    yield sp.sign(x ** (2 * k) / sp.factorial(2 * k)), 1


@even.step("Far out E_p is x^p/p!: even orders rise on both sides, odd ones fall on the left", "limit")
def ends():
    x = sp.Symbol("x", real=True)
    for p in range(1, 7):
        for end in (-sp.oo, sp.oo):
            shown = rf"\lim E_{p}(x) / x^{p}", rf"1 / {p}!"
            yield Identity(sp.limit(taylor(x, p) / x**p, x, end), 1 / sp.factorial(p), shown=shown)


@even.step("So even orders have no zero, odd ones one; E_3(-3) = -2", "identity")
def zeros():
    x = sp.Symbol("x", real=True)
    for p in range(1, 8):
        zeros = sp.Integer(sp.Poly(taylor(x, p), x).count_roots())
        yield Identity(zeros, sp.Integer(p % 2), shown=(rf"\#\{{x : E_{p}(x) = 0\}}", str(p % 2)))
    yield taylor(sp.Integer(-3), 3), -2


@even.numbers("Scores down to -12, orders 2, 4, 6 and 8: weights that are positive and sum to one")
def positive_rows(rng):
    worst = []
    for order in (2, 4, 6, 8):
        P = score_weights(rng.uniform(-12, 3, 9), order, "row_sum")
        worst += [np.max(np.maximum(0, -P)), np.max(np.abs(P.sum(axis=1) - 1))]
    return worst


@even.hypothesis(
    "the order is even",
    r"p = 2k",
    violation=lambda order: order % 2,
    holds=2,
    dropped=3,
)
def negative_weight(order) -> float:
    """How far the weight of a score of -3 is below zero."""
    return np.max(np.maximum(0, -score_weights(np.array([1.0, -3.0]), order, "one")))
