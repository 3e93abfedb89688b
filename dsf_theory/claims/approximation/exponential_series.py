"""The claim ``exponential-series``: monomial features are the Taylor series of softmax attention."""

from itertools import combinations_with_replacement
from math import factorial, prod

import numpy as np
import sympy as sp

from dsf_theory.claims.approximation.truncated_series import P, queries_and_keys, taylor, truncated
from dsf_theory.claims.attention.published import complete, layer, weights
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.statement import Identity
from dsf_theory.features import monomials
from dsf_theory.models import SoftmaxAttention
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="exponential-series",
    title="Monomial features are the Taylor series of softmax attention.",
    statement="The features $x^α/√(α!)$ up to degree $p$ have the inner product $Σ_{l<=p} (qᵀk)^l/l!$, which tends to "
    "$exp(qᵀk)$: Taylor attention of order $p$ is softmax attention with its exponential cut off after $p$.",
    latex=r"\sum_{|\alpha| \le p} \frac{q^\alpha}{\sqrt{\alpha!}} \frac{k^\alpha}{\sqrt{\alpha!}} = "
    r"\sum_{l \le p} \frac{(q^\top k)^l}{l!} \xrightarrow{p \to \infty} e^{q^\top k}",
    source="the multinomial theorem",
    models=("softmax_attention", "taylor_attention"),
    notebook="07_softmax_by_state_expansion",
)


@claim.step("In one dimension order $p$ adds $t^p/p!$ to $φ(t)ᵀφ(1)$", "identity")
def one_more_order():
    t = sp.Symbol("t")
    yield taylor(t, 4), sum(t**k / sp.factorial(k) for k in range(5))
    for p in range(1, 9):
        yield taylor(t, p) - taylor(t, p - 1), t**p / sp.factorial(p)


@claim.step("All orders together are $e^t$", "limit")
def all_orders():
    t, k = sp.Symbol("t"), sp.Symbol("k", integer=True, nonnegative=True)
    yield sp.Sum(t**k / sp.factorial(k), (k, 0, sp.oo)).doit(), sp.exp(t)


@claim.step("The features are $x^α/√(α!)$ for $|α| <= p$", "identity")
def weighted_monomials():
    for m, p in ((2, 3), (3, 2)):
        x = symbols("x", (m,))
        words = [word for k in range(p + 1) for word in combinations_with_replacement(range(m), k)]
        alphas = [[word.count(c) for c in range(m)] for word in words]
        claimed = [sp.Mul(*x**a) / sp.sqrt(prod(map(factorial, a))) for a in alphas]
        yield monomials(x, p), np.array(claimed, dtype=object)


@claim.step("Their inner product is $Σ_{l<=p} (qᵀk)^l/l!$", "identity")
def inner_products():
    for m, p in ((2, 2), (1, 6), (2, 4), (3, 3)):
        q, k = symbols("q", (m,)), symbols("k", (m,))
        yield monomials(q, p) @ monomials(k, p), sum((q @ k) ** l / sp.factorial(l) for l in range(p + 1))


@claim.step(
    "One more dimension, any $p$: $Σ_r x^{p-r}/(p-r)! y^r/r! = (x + y)^p/p!$, by its derivative",
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


@claim.step("Taylor attention: $P̂_ij Σ_l E_p(t_il) = E_p(t_ij)$, with $C(m + p, p)$ states", "identity")
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


@claim.numbers(
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


@claim.numbers("One and two heads, order 20: softmax attention")
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


@claim.hypothesis(
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
