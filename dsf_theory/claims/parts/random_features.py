"""Random features: softmax on average."""

from functools import cache

import numpy as np
import sympy as sp

from dsf_theory.arrays import namespace
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.parts.series import queries_and_keys
from dsf_theory.claims.reading import relative
from dsf_theory.models import LinearAttention, SeparableAttention, SoftmaxAttention
from dsf_theory.symbolic import symbols

random = Claim(
    id="random-features",
    title="Positive random features have softmax's weights on average, with a variance that grows with the scores.",
    statement="For normal directions w the product of the features exp(wᵀx - |x|²/2) of a query and a key has the mean "
    "exp(qᵀk) and the variance exp(|q + k|² + 2 qᵀk)(1 - exp(-|q + k|²)), over r for the mean of r features.",
    latex=r"\mathbb E\, \phi(q)^\top \phi(k) = e^{q^\top k}, \qquad \operatorname{Var} \phi(q)^\top \phi(k) = "
    r"\tfrac{1}{r}\, e^{\|q + k\|^2 + 2 q^\top k} \big(1 - e^{-\|q + k\|^2}\big)",
    source="Choromanski et al. 2021, for the mean; the variance: derived here",
    models=("separable_attention", "softmax_attention"),
    notebook="02_attention_as_a_dynamical_system",
)


def with_directions(model, omega: np.ndarray, share: np.ndarray, eta: str) -> SeparableAttention:
    """Attention with the features ``√share_l exp(ω_lᵀx - |x|²/2)`` for directions ω (r, m)."""

    def phi(x):
        xp = namespace(x=x)
        return xp.sqrt(share) * xp.exp(x @ omega.T - np.sum(x * x, axis=-1, keepdims=True) / 2)

    return SeparableAttention(**model.parameters, scale=model.scale, phi=phi, psi=phi, eta=eta)


def product(m: int, r: int = 1) -> tuple[sp.Expr, np.ndarray, np.ndarray, np.ndarray]:
    """The weight of one query and one key with r directions, and the symbols q, k and ω."""
    q, k, omega = symbols("q", (m,)), symbols("k", (m,)), symbols("omega", (r, m))
    model = queries_and_keys(LinearAttention, m)
    share = np.array([sp.Rational(1, r)] * r)
    system = with_directions(model, omega, share, "one").system(np.concatenate([q, k])[None])
    return sp.expand(system.weights()[0, 0, 0, 0]), q, k, omega


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


@random.step(
    "In one dimension the mean over a normal w is e^{qk}, of the square e^{2qk + (q+k)²}", "calculus"
)
def one_dimension():
    found, (q,), (k,), omega = product(1)
    w = omega.item()
    yield mean(found, w), sp.exp(q * k)
    yield sp.sign(found), 1
    yield mean(found**2, w), sp.exp(2 * q * k + (q + k) ** 2)


@random.step("Dimensions multiply, and are independent: exponents add, as in qᵀk and |q + k|²", "induction")
def dimensions():
    for m in (2, 3):
        found, q, k, omega = product(m)
        one, (a,), (b,), w = product(1)
        each = [one.subs({a: q[c], b: k[c], w.item(): omega[0, c]}, simultaneous=True) for c in range(m)]
        yield sp.powsimp(found), sp.powsimp(sp.Mul(*each))
    t, s, q, k = sp.symbols("t s q k", real=True)  # qᵀk and |q + k|² without the last dimension
    yield sp.exp(t) * sp.exp(q * k), sp.exp(t + q * k)
    yield sp.exp(2 * t + s) * sp.exp(2 * q * k + (q + k) ** 2), sp.exp(2 * (t + q * k) + s + (q + k) ** 2)


@random.step("The variance of one product is e^{|q+k|² + 2qᵀk} (1 - e^{-|q+k|²})", "identity")
def variance():
    t, s = sp.symbols("t s", real=True)
    yield sp.exp(2 * t + s) - sp.exp(t) ** 2, sp.exp(s + 2 * t) * (1 - sp.exp(-s))


@random.step("r directions are averaged: r times the variance of one over r²", "identity")
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


@random.numbers(
    "All directions by quadrature, in one and two dimensions: softmax attention, and the variance"
)
def all_directions(rng):
    worst = []
    for m in (1, 2):
        model, u = softmax_pair(m, rng)
        omega, share = quadrature(m)
        worst.append(relative(with_directions(model, omega, share, "row_sum").output(u), model.output(u)))
        q, k = (part[:, 0] for part in model.queries_keys(u))
        system = with_directions(model, omega, share, "one").system(u)
        once = system.read[:, None, 0, 0] * system.write[:, 0, 0] / share  # (i, j, direction)
        squares = np.tril(once**2 @ share)
        size, t = np.sum((q[:, None] + k) ** 2, axis=-1), q @ k.T
        expected = np.tril(np.exp(size + 2 * t) * (1 - np.exp(-size)))
        worst.append(relative(squares - np.tril(np.exp(t)) ** 2, expected))
    return worst


@random.hypothesis(
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
    model, u = softmax_pair(1, np.random.default_rng(3))
    q, k = (part[:, 0] for part in model.queries_keys(u))
    system = with_directions(model, *quadrature(1, deviation), "one").system(u)
    return relative(system.weights()[0, 0], np.tril(np.exp(q @ k.T)))
