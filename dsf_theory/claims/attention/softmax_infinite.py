"""The claim ``softmax-infinite``: no finite state gives softmax attention on every input."""

import numpy as np
import sympy as sp
from sympy.matrices.expressions.kronecker import KroneckerProduct

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.letters import any_matrices, through_state
from dsf_theory.claims.reading import (
    SIZE_D,
    SIZE_N,
    rank,
    tokens,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import SoftmaxAttention
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="softmax-infinite",
    title="No finite state expansion gives softmax attention on every input.",
    statement="For every $n$ there is an input of $2n + 2$ steps on which no system of $n$ states a channel, whatever "
    "its matrices, has the kernel of softmax attention with $W_v$ invertible and $W_q$, $W_k$ of full row "
    "rank: the block from the first half to the second has rank $(n + 1) d$.",
    latex=r"\operatorname{rank} \Phi_{[n+1, 2n+1] \times [0, n]} = (n + 1)\, d > n d",
    source="derived here",
    models=("softmax_attention",),
    notebook="07_softmax_by_state_expansion",
)

Z = sp.Symbol("z", positive=True)
"""``e^{κ²}``, larger than one."""


@claim.step(
    "What passes from before step 3 to later goes through $h_2$: $Φ_ij = O_i R_j$, of rank $N$", "matrices"
)
def through_the_state():
    system = any_matrices(6)
    O, R = through_state(system, 2)
    yield Identity(system.kernel()[3:, :3, 0, 0], np.outer(O[1:], R), shown=(r"\Phi_{ij}", "O_i R_j"))


def block(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys aκ, a = 0..n, then the queries aκ: the weights from the first half to the second, and 1/η_a."""
    kappa = sp.Symbol("kappa", positive=True)
    one = np.array([[sp.S.One]])
    u = kappa * np.array([[sp.Integer(a)] for a in (*range(n + 1), *range(n + 1))], dtype=object)
    phi = SoftmaxAttention(W_q=one, W_k=one, W_v=one).kernel(u)[n + 1 :, : n + 1, 0, 0]
    in_z = np.vectorize(lambda entry: sp.powsimp(entry).replace(sp.exp, lambda x: Z ** (x / kappa**2)))
    return in_z(phi), in_z(phi[:, 0])


@claim.step("Keys $aκ$ met by the queries $bκ$: $P_ba = z^{ab}/η_b$ with $z = exp(κ²)$", "identity")
def powers():
    P, over_eta = block(3)
    for b, a in reversed(list(np.ndindex(4, 4))):
        shown = rf"P_{{{b}{a}}}", rf"z^{{{a * b}}} / \eta_{b}"
        yield Identity(P[b, a], Z ** (a * b) * over_eta[b], shown=shown)


@claim.step("Its determinant is $Π_{a<b} (z^b - z^a) / Π η_b$, for $n = 3$, 2, 1", "identity")
def determinants():
    for n in (3, 2, 1):
        P, over_eta = block(n)
        rows = sp.Matrix(np.vectorize(sp.cancel, otypes=[object])(P / over_eta[:, None]))
        yield rows.det(), sp.prod(Z**b - Z**a for b in range(n + 1) for a in range(b))


@claim.step(
    "For every $n$: less $z_0$ times the column before, row $x$ of powers is $(x - z_0) x^{a-1}$", "induction"
)
def one_more_node():
    """The row of ``z_0`` itself becomes ``(1, 0, ..., 0)``: the determinant is the product times a smaller one."""
    x, first = sp.symbols("x z_0", positive=True)
    a = sp.Symbol("a", integer=True, positive=True)
    yield x**a - first * x ** (a - 1), (x - first) * x ** (a - 1)
    yield (x**a - first * x ** (a - 1)).subs(x, first), 0


@claim.step("No factor is zero: $z^m > 1$ for $z > 1$, as $z^{m+1} - 1 = z (z^m - 1) + (z - 1)$", "induction")
def no_factor_is_zero():
    m = sp.Symbol("m", integer=True, positive=True)
    kappa, before = sp.Symbol("kappa", positive=True), sp.Symbol("y", positive=True)
    yield Z ** (m + 1) - 1, Z * (Z**m - 1) + (Z - 1)
    yield sp.sign(Z * before + sp.Symbol("w", positive=True)), 1  # y = z^m - 1, w = z - 1
    yield sp.limit(sp.exp(kappa**2), kappa, 0), 1
    yield sp.sign(sp.diff(sp.exp(kappa**2), kappa)), 1


@claim.step(
    "Any distinct keys will do: the derivatives of the row at $q = 0$ are powers of the keys", "calculus"
)
def powers_of_keys():
    """If ``Σ_a c_a P_a(q) = 0`` for all q, then ``Σ_a c_a κ_a^p = 0`` for all p, and c = 0 as above."""
    keys, q = [sp.S.Zero, *symbols("kappa", (3,))], sp.Symbol("q", real=True)
    one, zero = sp.S.One, sp.S.Zero
    u = np.array([[zero, key] for key in keys] + [[q, zero]], dtype=object)
    eye = np.array([[one, zero], [zero, one]])
    P = SoftmaxAttention(W_q=eye[:1], W_k=eye[1:], W_v=eye).probabilities(u)[0, -1, :4]
    for p in (2, 3, 1, 0):
        slopes = [sp.diff(sp.cancel(entry / P[0]), q, p).subs(q, 0) for entry in P]
        yield np.array(slopes), np.array(keys) ** p


@claim.step("With $d$ channels the determinant is $det(P)^d det(W_v)^{n+1}$: of full rank", "Kronecker")
def channels():
    size = SIZE_N + 1
    P, W = sp.MatrixSymbol("P", size, size), sp.MatrixSymbol("W_v", SIZE_D, SIZE_D)
    yield sp.det(KroneckerProduct(P, W)).doit(), sp.det(P) ** SIZE_D * sp.det(W) ** size
    model, u = SoftmaxAttention.symbolic(d=2, n=1), tokens(2, 2)
    model.probabilities = lambda u: symbols("P", (1, 2, 2))
    phi = model.kernel(u).transpose(0, 2, 1, 3).reshape(4, 4)
    yield phi, np.kron(model.probabilities(u)[0], model.W_v)


def missing_rank(keys: np.ndarray, W_v: np.ndarray) -> int:
    """How much the block of the kernel lacks of rank (n + 1) d, for queries equal to the keys of n + 1 tokens."""
    d = len(W_v)
    start = SoftmaxAttention.random(d=d, n=d, seed=8)
    model = SoftmaxAttention(W_q=start.W_q, W_k=start.W_k, W_v=W_v)
    queries = keys @ model.W_k.T @ np.linalg.pinv(model.W_q).T
    n = len(keys) - 1
    phi = model.kernel(np.concatenate([keys, queries]))[n + 1 :, : n + 1]
    return (n + 1) * d - rank(phi.transpose(0, 2, 1, 3).reshape((n + 1) * d, -1))


@claim.numbers("Random keys that keep up to six, one to three channels: full rank")
def full_rank(rng):
    worst = []
    for n, d in ((1, 1), (2, 1), (3, 2), (5, 2), (5, 3)):
        grid = 2.0 * np.stack(np.meshgrid(*[np.arange(-1, 2)] * d), axis=-1).reshape(-1, d)
        keys = rng.permutation(grid)[: n + 1] + rng.uniform(-0.2, 0.2, (n + 1, d))
        worst.append(missing_rank(keys, np.eye(d) + rng.uniform(-0.2, 0.2, (d, d))))
    return worst


KEYS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [2.0, -1.0]])


@claim.hypothesis(
    "the keys are distinct",
    r"k_a \ne k_b",
    violation=lambda keys: len(keys) - len(np.unique(keys, axis=0)),
    holds=KEYS,
    dropped=KEYS[[0, 1, 2, 1]],
)
def distinct_keys(keys) -> int:
    """What the block lacks of full rank."""
    return missing_rank(keys, np.eye(2))


@claim.hypothesis(
    "the values are not confined: $W_v$ is invertible",
    r"\det W_v \ne 0",
    violation=lambda W_v: len(W_v) - rank(W_v),
    holds=np.array([[1.0, 2.0], [0.0, 1.0]]),
    dropped=np.array([[1.0, 2.0], [2.0, 4.0]]),
)
def value_matrix(W_v) -> int:
    """How far the rank of the block is from above n d, what n states a channel can pass on."""
    d, n = len(W_v), len(KEYS) - 1
    return np.maximum(0, n * d + 1 - ((n + 1) * d - missing_rank(KEYS, W_v)))
