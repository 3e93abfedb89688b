"""The claim ``growth-with-length``: what exactness costs in states, and what an accuracy does."""

from itertools import count

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.reading import (
    having,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.states.examples import states_beside_feedthrough
from dsf_theory.kernels.bounds import guaranteed_states, kernel_error, sufficient_order, truncation_bound
from dsf_theory.kernels.hankel import minimal_dimensions
from dsf_theory.models import SoftmaxAttention, TaylorAttention
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="growth-with-length",
    title="Exactness costs softmax attention half its length in states; an accuracy costs what no length raises.",
    statement="On almost every input the blocks of its weights have full rank, so that $L$ steps need $⌈L/2⌉$ states, "
    "and $⌊L/2⌋$ with a feedthrough. But rows that may be off by $ε$ in sum take $C(m + p, p)$ states at "
    "any length, those of Taylor attention of even order $p$ with $e^ρ ρ^{p+1}/(p+1)! <= 4ε/(4 + ε²)$, "
    "where no score exceeds $ρ$.",
    latex=r"\max_i \operatorname{rank} P_{i:,\,:i+1} = \lceil L/2 \rceil, \qquad "
    r"\|\hat P_i - P_i\|_1 \le \varepsilon \ \text{ for }\ n = \tbinom{m + p}{p}",
    source="derived here",
    models=("softmax_attention", "taylor_attention"),
    notebook="07_softmax_by_state_expansion",
)


@claim.step(
    "A block has $L - i$ rows and $i + 1$ columns, $L + 1$ in all: the least of the two is $⌈L/2⌉$ at most",
    "identity",
)
def sizes():
    L, i, a = sp.symbols("L i a", integer=True, positive=True)
    yield (L - i) + (i + 1), L + 1
    for length, middle in ((2 * a, a - 1), (2 * a - 1, a - 1)):  # even, odd: half of it, rounded up, is a
        rows, columns = (L - i).subs({L: length, i: middle}), (i + 1).subs(i, middle)
        shown = rf"\min(i + 1, L - i)\ \text{{at}}\ L = {sp.latex(length)},\ i = a - 1", "a"
        yield Identity(sp.simplify(sp.Min(rows, columns)), a, shown=shown)
        yield sp.ceiling(length / 2), a


@claim.step("Tokens $a w$ along one direction $w$ have the scores $a b s wᵀW_qᵀW_k w$", "identity")
def along_a_direction():
    """So powers of ``e^{s wᵀW_qᵀW_k w}``: of 2 or 1/2 for some w, unless W_qᵀW_k is antisymmetric."""
    model, w = SoftmaxAttention.symbolic(d=2, n=2, scale=sp.Symbol("s")), symbols("w", (2,))
    q, k = (part[:, 0] for part in model.queries_keys(np.outer([1, 2, 3], w)))
    claimed = np.outer([1, 2, 3], [1, 2, 3]) * model.scale * (w @ model.W_q.T @ model.W_k @ w)
    yield Identity(q @ k.T, claimed, shown=(r"q_a^\top k_b", r"a b\, s\, w^\top W_q^\top W_k w"))


def at_whole_tokens(length: int) -> np.ndarray:
    """Weights (length, length) in fractions of the tokens 0, 1, 2, ... with scale log 2: ``2^{ab}`` over its row."""
    one = np.array([[sp.S.One]])
    softmax = SoftmaxAttention(W_q=one, W_k=one, W_v=one, scale=sp.log(2))
    return softmax.probabilities(np.array([[sp.Integer(a)] for a in range(length)]))[0]


@claim.step(
    "Where that is $log 2$, tokens 0, 1, 2, ... have $P_ba Σ_c 2^{bc} = 2^{ab}$: powers of the distinct "
    "numbers $2^b$",
    "identity",
)
def powers():
    P = at_whole_tokens(6)
    for b in range(6):
        total = sum(sp.Integer(2) ** (b * c) for c in range(b + 1))
        claimed = np.array([sp.Integer(2) ** (a * b) for a in range(b + 1)])
        yield Identity(P[b, : b + 1] * total, claimed, shown=(r"P_{ba} \textstyle\sum_c 2^{bc}", "2^{ab}"))


@claim.step(
    "Such powers have the determinant $Π (2^{b'} - 2^b)$, not zero: every block is of full rank", "identity"
)
def full_rank():
    """And as minors are analytic in the input, they vanish on a set of measure zero only."""
    for size, first in ((2, 1), (3, 2), (4, 3)):
        square = sp.Matrix(at_whole_tokens(first + size)[first:, :size])
        over_eta = sp.prod(square[:, 0])
        claimed = sp.prod(
            sp.Integer(2) ** b - sp.Integer(2) ** a
            for b in range(first, first + size)
            for a in range(first, b)
        )
        shown = r"\det P_{b a}", r"\textstyle\prod_{b < b'} (2^{b'} - 2^b) / \prod_b \sum_c 2^{bc}"
        yield Identity(square.det(), over_eta * claimed, shown=shown)
    for L in range(1, 10):
        ranks = [sp.Matrix(at_whole_tokens(L)[i:, : i + 1]).rank() for i in range(L)]
        yield Identity(
            sp.Integer(max(ranks)),
            sp.ceiling(sp.Rational(L, 2)),
            shown=(rf"n\ \text{{at}}\ L = {L}", str(-(-L // 2))),
        )


@claim.step(
    "With $D$ free, three blocks of full rank: $min(L - i - 1, i + 1)$ or $L - i$, at most $⌊L/2⌋$",
    "identity",
)
def with_feedthrough():
    """Which of the two depends on whether i <= L - i - 1, with j for what is left over."""
    i, j = sp.symbols("i j", integer=True, nonnegative=True)

    def states(L, i):
        rank = [sp.Min(L - i, i), sp.Min(L - i - 1, i + 1), sp.Min(L - i - 1, i)]
        return rank[0] + rank[1] - rank[2]

    yield states(2 * i + 1 + j, i), sp.Min(i + j, i + 1)  # of sum L: half of it, rounded down, at most
    yield states(i + j, i).subs(i, j + sp.Symbol("k", integer=True, nonnegative=True)), j
    for L in range(2, 9):
        P = at_whole_tokens(L)
        ranks = [states_beside_feedthrough(P, i) for i in range(1, L - 1)]
        shown = rf"n\ \text{{at}}\ L = {L}", str(L // 2)
        yield Identity(sp.Integer(max(ranks, default=1)), sp.floor(sp.Rational(L, 2)), shown=shown)


@claim.step(
    "$2δ/(1 + √(1 - δ²))$ is $ε$ at $δ = 4ε/(4 + ε²)$, which rises with $ε$ up to 2: less $δ$, less error",
    "calculus",
)
def allowed():
    eps, s = sp.symbols("varepsilon s", positive=True)
    delta, root = 4 * eps / (4 + eps**2), (4 - eps**2) / (4 + eps**2)
    yield Identity(1 - delta**2, root**2, shown=(r"1 - \delta^2", sp.latex(root**2)))
    yield Identity(
        2 * delta / (1 + root), eps, shown=(r"2\delta / (1 + \sqrt{1 - \delta^2})", r"\varepsilon")
    )
    slope = sp.factor(sp.diff(delta, eps).subs(eps, 2 / (1 + s)))  # every ε below 2
    yield slope, sp.Abs(slope)


def by_halves(m: int, temperature: float) -> SoftmaxAttention:
    """Softmax attention whose queries and keys are the halves of a token."""
    eye, none = np.eye(m), np.zeros((m, m))
    maps = {"W_q": np.hstack([eye, none]), "W_k": np.hstack([none, eye]), "W_v": np.eye(2 * m)}
    return SoftmaxAttention(**maps, scale=1 / (temperature * np.sqrt(m)))


def random_weights(length: int, m: int, temperature: float, rng: np.random.Generator) -> np.ndarray:
    """Weights of softmax attention of normal queries and keys."""
    return by_halves(m, temperature).probabilities(rng.standard_normal((length, 2 * m)))[0]


@claim.numbers("Random inputs of up to twelve steps, cold: all ranks are full")
def general_position(rng):
    worst = []
    for length in (1, 2, 9, 12):
        P = random_weights(length, 3, 0.2, rng)
        worst += [minimal_dimensions(P).max() - -(-length // 2)]
        worst += [minimal_dimensions(P, feedthrough=True).max() - length // 2]
    return worst


def off(
    eps: float, rho: float, largest: float, length: int, rng: np.random.Generator
) -> tuple[float, float, int]:
    """The largest score, how far rows of Taylor attention of the order for ρ are beyond ε, and its states."""
    u = rng.uniform(-1, 1, (length, 4))
    softmax = by_halves(2, 1.0)
    scale = softmax.scale * largest / largest_score(softmax, u)
    softmax = SoftmaxAttention(**softmax.parameters, scale=scale)
    taylor = TaylorAttention(**softmax.parameters, scale=scale, order=sufficient_order(eps, rho)).system(u)
    error = kernel_error(taylor.weights()[0, 0], softmax.probabilities(u)[0], "row")
    return largest_score(softmax, u), np.maximum(0.0, error - eps), taylor.expansion


def largest_score(softmax: SoftmaxAttention, u: np.ndarray) -> float:
    """The largest ``|q_iᵀk_j|`` of one head, its scale in it."""
    q, k = (part[:, 0] for part in softmax.queries_keys(u))
    return np.max(np.abs(q @ k.T))


@claim.numbers("Lengths 16, 64 and 256: rows within $ε$, with the states that the package guarantees")
def at_any_length(rng):
    worst = []
    for eps, rho in ((0.1, 1.0), (0.01, 2.0)):
        for length in (16, 64, 256):
            _, beyond, n = off(eps, rho, rho, length, rng)
            worst += [beyond, n - guaranteed_states(eps, rho, 2)]
    for eps, rho in rng.uniform([0.01, 0.1], [1.99, 3.0], (20, 2)):
        least = next(p for p in count(0, 2) if truncation_bound(p, rho).row <= eps)
        worst.append(sufficient_order(eps, rho) - least)
    return worst


def repeating(keys: int) -> np.ndarray:
    """Ten tokens over a number of distinct keys; the queries stay distinct."""
    u = np.random.default_rng(4).standard_normal((10, 6))
    u[:, 3:] = u[np.arange(10) % keys, 3:]
    return u


@claim.hypothesis(
    "the keys are distinct",
    r"k_a \ne k_b",
    violation=lambda keys: 10 - len(np.unique(repeating(keys)[:, 3:], axis=0)),
    holds=10,
    dropped=3,
)
def repeated(keys) -> int:
    """What ten steps over a number of distinct keys lack of five states."""
    return 5 - minimal_dimensions(by_halves(3, 0.5).probabilities(repeating(keys))[0]).max()


def pair(share: float) -> SoftmaxAttention:
    """Softmax attention with a share of its W_q."""
    model = SoftmaxAttention.random(d=3, n=2, seed=2, scale=4.0)
    return having(model, W_q=share * model.W_q)


def antisymmetric(share: float) -> bool:
    """Whether W_qᵀW_k + W_kᵀW_q is zero."""
    product = pair(share).W_q.T @ pair(share).W_k
    return not np.any(product + product.T)


@claim.hypothesis(
    "queries and keys meet: $W_qᵀW_k$ is not antisymmetric",
    r"W_q^\top W_k \ne -W_k^\top W_q",
    violation=antisymmetric,
    holds=1.0,
    dropped=0.0,
)
def no_scores(share) -> int:
    """What ten steps lack of five states."""
    u = np.random.default_rng(2).standard_normal((10, 3))
    return 5 - minimal_dimensions(pair(share).probabilities(u)[0]).max()


@claim.hypothesis(
    "no score exceeds $ρ$",
    r"|q_i^\top k_j| \le \rho",
    violation=lambda largest: np.maximum(0.0, off(0.1, 1.0, largest, 16, np.random.default_rng(1))[0] - 1),
    holds=1.0,
    dropped=6.0,
)
def large_scores(largest) -> float:
    """How far the rows are beyond ε, for the order that serves up to ρ = 1."""
    return off(0.1, 1.0, largest, 16, np.random.default_rng(1))[1]
