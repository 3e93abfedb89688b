"""How the states that softmax attention needs grow with the length, for exactness and for an accuracy."""

import numpy as np
import sympy as sp

from dsf_theory.bounds import lower_bound_states
from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.hankel import minimal_dimensions
from dsf_theory.models import SoftmaxAttention
from dsf_theory.realisation import sufficient_states

growth = Claim(
    id="growth-with-length",
    title="Exactness costs softmax attention half its length in states; a fixed accuracy costs far less.",
    statement="On inputs in general position the blocks of its weights have full rank, so that L steps need ⌈L/2⌉ "
    "states, and ⌊L/2⌋ with a feedthrough. For an error of 0.1, with random queries and keys of dimension 4 at "
    "temperature two, four times the length takes less than twice the states.",
    latex=r"\max_i \operatorname{rank} P_{i:,\,:i+1} = \max_i \min(i + 1,\, L - i) = \lceil L/2 \rceil",
    source="derived here",
    models=("softmax_attention",),
    notebook="07_softmax_by_state_expansion",
)


@growth.step(
    "A block has L - i rows and i + 1 columns, L + 1 in all: the least of the two is ⌈L/2⌉ at most",
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


def at_whole_tokens(length: int) -> np.ndarray:
    """Weights (length, length) in fractions of the tokens 0, 1, 2, ... with scale log 2: ``2^{ab}`` over its row."""
    one = np.array([[sp.S.One]])
    softmax = SoftmaxAttention(W_q=one, W_k=one, W_v=one, scale=sp.log(2))
    return softmax.probabilities(np.array([[sp.Integer(a)] for a in range(length)]))[0]


@growth.step(
    "Tokens 0, 1, 2, ... at scale log 2: P_ba Σ_c 2^{bc} = 2^{ab}, powers of the distinct numbers 2^b",
    "identity",
)
def powers():
    P = at_whole_tokens(6)
    for b in range(6):
        total = sum(sp.Integer(2) ** (b * c) for c in range(b + 1))
        claimed = np.array([sp.Integer(2) ** (a * b) for a in range(b + 1)])
        yield Identity(P[b, : b + 1] * total, claimed, shown=(r"P_{ba} \textstyle\sum_c 2^{bc}", "2^{ab}"))


@growth.step(
    "Such powers have the determinant Π (2^{b'} - 2^b), not zero: every block is of full rank", "identity"
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


@growth.step("With D free it is the blocks below the diagonal that count: ⌊L/2⌋", "identity")
def with_feedthrough():
    for L in range(2, 9):
        P = sp.Matrix(at_whole_tokens(L))
        ranks = [
            P[i:, :i].rank() + P[i + 1 :, : i + 1].rank() - P[i + 1 :, :i].rank() for i in range(1, L - 1)
        ]
        shown = rf"n\ \text{{at}}\ L = {L}", str(L // 2)
        yield Identity(sp.Integer(max(ranks, default=1)), sp.floor(sp.Rational(L, 2)), shown=shown)


def by_halves(m: int, temperature: float) -> SoftmaxAttention:
    """Softmax attention whose queries and keys are the halves of a token."""
    eye, none = np.eye(m), np.zeros((m, m))
    maps = {"W_q": np.hstack([eye, none]), "W_k": np.hstack([none, eye]), "W_v": np.eye(2 * m)}
    return SoftmaxAttention(**maps, scale=1 / (temperature * np.sqrt(m)))


def random_weights(length: int, m: int, temperature: float, rng: np.random.Generator) -> np.ndarray:
    """Weights of softmax attention of normal queries and keys."""
    return by_halves(m, temperature).probabilities(rng.standard_normal((length, 2 * m)))[0]


@growth.numbers("Random inputs of up to 24 steps, cold: all ranks are full")
def general_position(rng):
    worst = []
    for length in (1, 2, 9, 24):
        P = random_weights(length, 3, 0.1, rng)
        worst += [minimal_dimensions(P).max() - -(-length // 2)]
        worst += [minimal_dimensions(P, feedthrough=True).max() - length // 2]
    return worst


def needed(length: int, temperature: float, rng: np.random.Generator) -> np.ndarray:
    """States for an error of 0.1: what any system needs, and what a realised one does with; medians of five inputs."""
    kernels = [random_weights(length, 4, temperature, rng) for _ in range(5)]
    return np.median([[lower_bound_states(P, 0.1), sufficient_states(P, 0.1)] for P in kernels], axis=0)


def beyond_twice(temperature: float, rng: np.random.Generator) -> float:
    """How far four times the length is beyond twice the states."""
    return max(0.0, needed(128, temperature, rng)[1] / needed(32, temperature, rng)[0] - 2)


@growth.numbers(
    "Lengths 32 and 128, an error of 0.1: what realise takes is less than twice what any system needs"
)
def four_times(rng):
    return [beyond_twice(2.0, rng) for _ in range(2)]


@growth.hypothesis(
    "the keys are distinct",
    r"k_a \ne k_b",
    violation=lambda keys: 10 - keys,
    holds=10,
    dropped=3,
)
def repeated(keys) -> int:
    """What ten steps over a number of distinct keys lack of five states."""
    u = np.random.default_rng(4).standard_normal((10, 6))
    u[:, 3:] = u[np.arange(10) % keys, 3:]  # the queries stay distinct
    P = by_halves(3, 0.5).probabilities(u)[0]
    return 5 - minimal_dimensions(P).max()


@growth.hypothesis(
    "the scores are moderate",
    r"\tau \ge 2",
    violation=lambda temperature: max(0.0, 2 - temperature),
    holds=2.0,
    dropped=0.25,
)
def cold(temperature) -> float:
    """How far a fixed accuracy takes more than twice the states for four times the length."""
    return beyond_twice(temperature, np.random.default_rng(1))
