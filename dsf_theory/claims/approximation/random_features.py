"""The claim ``random-features``: they have softmax's weights on average."""

from functools import cache

import numpy as np
import sympy as sp

from dsf_theory.claims.approximation.truncated_series import queries_and_keys
from dsf_theory.claims.attention.published import complete, layer, weights
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.statement import Identity
from dsf_theory.models import FavorAttention, SoftmaxAttention
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="random-features",
    title="Positive random features have softmax's weights on average, with a variance that grows with the scores.",
    statement="For normal directions $ω$ the product of the features $exp(ωᵀx - |x|²/2)$ of a query and a key has the "
    "mean $exp(qᵀk)$ and the variance $exp(|q + k|² + 2 qᵀk)(1 - exp(-|q + k|²))$, over $r$ for the mean of "
    "$r$ features of independent directions. FAVOR+ attention has the weights $φ(q_i)ᵀφ(k_j)$ over the sum "
    "of their row.",
    latex=r"\mathbb E\, \phi(q)^\top \phi(k) = e^{q^\top k}, \qquad \operatorname{Var} \phi(q)^\top \phi(k) = "
    r"\tfrac{1}{r}\, e^{\|q + k\|^2 + 2 q^\top k} \big(1 - e^{-\|q + k\|^2}\big)",
    source="Choromanski et al. 2021, for the mean; the variance: derived here",
    models=("favor_attention", "softmax_attention"),
    notebook="07_softmax_by_state_expansion",
)


def products(model: FavorAttention, u: np.ndarray) -> np.ndarray:
    """``φ(q_i)ᵀψ(k_j)`` of one head for j <= i."""
    q, k = (part[:, 0] for part in model.queries_keys(u))
    return np.tril(model.phi(q) @ model.psi(k).T)


def product(m: int, r: int = 1) -> tuple[sp.Expr, np.ndarray, np.ndarray, np.ndarray]:
    """The product of the features of one query and one key with r directions, and the symbols q, k and ω."""
    q, k, omega = symbols("q", (m,)), symbols("k", (m,)), symbols("omega", (r, m))
    model = queries_and_keys(FavorAttention, m, omega=omega, scale=1)
    return sp.expand(products(model, np.concatenate([q, k])[None])[0, 0]), q, k, omega


@claim.step("FAVOR+ attention: $P̂_ij Σ_l φ(q_i)ᵀφ(k_l) = φ(q_i)ᵀφ(k_j)$, with $r$ states", "identity")
def rows():
    u, omega = symbols("u", (3, 2)), symbols("omega", (2, 1))
    model = queries_and_keys(FavorAttention, 1, omega=omega, scale=sp.Symbol("s"))
    system, claimed = model.system(u), products(model, u)
    P, etas = system.weights()[0, 0], claimed.sum(axis=1)
    shown = r"\hat P_{ij} \textstyle\sum_l \phi(q_i)^\top \phi(k_l)", r"\phi(q_i)^\top \phi(k_j)"
    yield Identity(P * etas[:, None], claimed, shown=shown)
    shown = r"\Lambda_i", r"\eta_{i-1} / \eta_i"
    yield Identity(system.Lambda[1:, 0, 0] * etas[1:], etas[:-1], shown=shown)
    yield sp.Integer(system.expansion), sp.Integer(2)


RATE = sp.Symbol("b", real=True)


@cache
def of_exponential() -> sp.Expr:
    """The mean of ``e^{b w}`` over a normal w of variance one."""
    w = sp.Symbol("w", real=True)
    return sp.simplify(sp.integrate(sp.exp(RATE * w - w**2 / 2), (w, -sp.oo, sp.oo)) / sp.sqrt(2 * sp.pi))


def mean(expression: sp.Expr, w: sp.Symbol) -> sp.Expr:
    """Of an exponential ``e^{b w + c}`` over a normal w of variance one."""
    rate = sp.cancel(sp.diff(expression, w) / expression)
    if rate.has(w):
        raise ValueError(f"expression: expected an exponential of {w}, found {expression}")
    return expression.subs(w, 0) * of_exponential().subs(RATE, rate)


@claim.step(
    "In one dimension the mean over a normal $w$ is $e^{qk}$, of the square $e^{2qk + (q+k)²}$", "calculus"
)
def one_dimension():
    found, (q,), (k,), omega = product(1)
    w = omega.item()
    yield mean(found, w), sp.exp(q * k)
    yield sp.sign(found), 1
    yield mean(found**2, w), sp.exp(2 * q * k + (q + k) ** 2)


@claim.step(
    "Dimensions multiply, and are independent: exponents add, as in $qᵀk$ and $|q + k|²$", "induction"
)
def dimensions():
    for m in (2, 3):
        found, q, k, omega = product(m)
        one, (a,), (b,), w = product(1)
        each = [one.subs({a: q[c], b: k[c], w.item(): omega[0, c]}, simultaneous=True) for c in range(m)]
        yield sp.powsimp(found), sp.powsimp(sp.Mul(*each))
    t, s, q, k = sp.symbols("t s q k", real=True)  # qᵀk and |q + k|² without the last dimension
    yield sp.exp(t) * sp.exp(q * k), sp.exp(t + q * k)
    yield sp.exp(2 * t + s) * sp.exp(2 * q * k + (q + k) ** 2), sp.exp(2 * (t + q * k) + s + (q + k) ** 2)


@claim.step("The variance of one product is $e^{|q+k|² + 2qᵀk} (1 - e^{-|q+k|²})$", "identity")
def variance():
    t, s = sp.symbols("t s", real=True)
    yield sp.exp(2 * t + s) - sp.exp(t) ** 2, sp.exp(s + 2 * t) * (1 - sp.exp(-s))


@claim.step("$r$ directions are averaged: $r$ times the variance of one over $r²$", "identity")
def average_of_directions():
    found, (q,), (k,), omega = product(1, r=3)
    one, (a,), (b,), w = product(1)
    each = [one.subs({a: q, b: k, w.item(): omega[c, 0]}, simultaneous=True) for c in range(3)]
    yield found, sum(each) / 3
    first, second, r = sp.symbols("mu s r", positive=True)
    yield (r * second + r * (r - 1) * first**2) / r**2 - first**2, (second - first**2) / r


def quadrature(m: int, deviation: float = 1.0, points: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Directions (r, m) and shares that integrate a normal density of some standard deviation, all but exactly."""
    nodes, shares = np.polynomial.hermite_e.hermegauss(points)
    grid = np.meshgrid(*[deviation * nodes] * m)
    total = np.prod(np.meshgrid(*[shares / shares.sum()] * m), axis=0)
    return np.stack([axis.ravel() for axis in grid], axis=1), total.ravel()


def softmax_pair(m: int, rng: np.random.Generator) -> tuple[SoftmaxAttention, np.ndarray]:
    """Softmax attention of a few random tokens."""
    model = queries_and_keys(SoftmaxAttention, m, dtype=float, scale=m**-0.5)
    return model, rng.uniform(-1, 1, (5, 2 * m))


def favor(softmax: SoftmaxAttention, omega: np.ndarray) -> FavorAttention:
    """FAVOR+ attention with the parameters of softmax attention."""
    return FavorAttention(**softmax.parameters, omega=omega, scale=softmax.scale)


def over_directions(softmax: SoftmaxAttention, u: np.ndarray, *directions: np.ndarray) -> tuple:
    """The mean over directions and shares of ``φ(q_i)ᵀφ(k_j)``, one direction at a time, and that of its square."""
    each = [
        share * products(favor(softmax, w[None]), u) ** [[[1]], [[2]]]
        for w, share in zip(*directions, strict=True)
    ]
    return tuple(sum(each))


@claim.numbers("All directions by quadrature, in one and two dimensions: $exp(qᵀk)$, and the variance")
def all_directions(rng):
    worst = []
    for m, points in ((1, 40), (2, 25)):
        softmax, u = softmax_pair(m, rng)
        mean_of, squares = over_directions(softmax, u, *quadrature(m, points=points))
        q, k = u[:, :m] * m**-0.25, u[:, m:] * m**-0.25
        size, t = np.sum((q[:, None] + k) ** 2, axis=-1), q @ k.T
        worst += [relative(mean_of, np.tril(np.exp(t)))]
        expected = np.tril(np.exp(size + 2 * t) * (1 - np.exp(-size)))
        worst.append(relative(squares - mean_of**2, expected))
        rows = mean_of / mean_of.sum(axis=1, keepdims=True)
        worst.append(relative(rows, softmax.probabilities(u)[0]))
    return worst


@claim.numbers("FAVOR+ attention of up to three heads, all biases, against the published sums")
def published_sums(rng):
    worst = []
    for d, n, heads, r in ((3, 2, 1, 5), (4, 3, 2, 4), (6, 1, 3, 3)):
        options = {"heads": heads, "features": r, "scale": (None, 0.7, 2.0)[heads - 1]}
        model, u = complete("favor_attention", rng, d=d, n=n, **options), 2 * rng.standard_normal((7, d))
        P, system = weights(model, u), model.system(u)
        worst += [relative(system.weights()[:, 0], P), relative(system.recurrent(), layer(model, u, P))]
        worst += [relative(system.product_kernel(), system.kernel()), *as_defined(model, u)]
    return worst


def as_defined(model: FavorAttention, u: np.ndarray) -> list[float]:
    """How far Λ is from ``η_{i-1}/η_i`` and B from ``ψ_i/η_i ⊗ [W_v, b_v]``, whatever was taken out of exponents."""
    phi, psi = map(model.phi, model.queries_keys(u))
    eta, owner = (
        np.sum(phi * np.cumsum(psi, axis=0), axis=-1),
        np.repeat(np.arange(model.heads), model.d // model.heads),
    )
    system, X = model.system(u), np.column_stack([model.W_v, model.b_v])
    L, n, wide = len(u), psi.shape[-1], eta[:, owner, None]
    decays = np.diagonal(system.Lambda, axis1=1, axis2=2).reshape(L, -1, n)
    written = (psi[:, owner] / wide)[..., None] * X[:, None]
    return [
        relative(decays[1:], wide[:-1] / wide[1:] + np.zeros(n)),
        relative(system.B.reshape(written.shape), written),
    ]


@claim.hypothesis(
    "the directions have unit variance",
    r"w \sim \mathcal N(0, I)",
    violation=lambda deviation: (
        np.sum(np.prod([quadrature(1, deviation)[0][:, 0] ** 2, quadrature(1)[1]], axis=0)) - 1
    ),
    holds=1.0,
    dropped=1.3,
)
def other_variance(deviation) -> float:
    """How far the mean weights are from exp(qᵀk)."""
    softmax, u = softmax_pair(1, np.random.default_rng(3))
    mean_of, _ = over_directions(softmax, u, *quadrature(1, deviation))
    return relative(mean_of, np.tril(np.exp(u[:, :1] @ u[:, 1:].T)))
