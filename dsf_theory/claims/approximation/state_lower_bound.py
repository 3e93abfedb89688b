"""The claim ``state-lower-bound``: how many states an accuracy needs, whatever the method."""

from itertools import product

import numpy as np
import sympy as sp
from sympy.matrices.expressions.kronecker import KroneckerProduct

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.letters import any_matrices, letter, through_state, until_none_applies
from dsf_theory.claims.reading import (
    having,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.states.examples import (
    with_skip,
)
from dsf_theory.claims.states.minimal_dimension import through_the_state
from dsf_theory.kernels.bounds import ERRORS, kernel_error, lower_bound, lower_bound_states
from dsf_theory.kernels.realisation import Realisation, realise, sufficient_states
from dsf_theory.models import MODELS, SoftmaxAttention
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="state-lower-bound",
    title="No system of $n$ states comes nearer to a kernel than the next singular value of any of its blocks.",
    statement="If a system of $N$ states in all is within $ε$ of a kernel in spectral norm, $N$ is at least the "
    "number of singular values above $ε$ of every block from tokens up to $i$, or before $i$ where $D$ is "
    "free, to outputs from $i$ on; $ε √r$ serves for rows within $ε$, of which the block has $r$. With one "
    "$W_v$ they are the products of those of $P$ and of $W_v$. Whatever $Λ$, $B$ and $C$ are and depend on.",
    latex=r"\|P - \hat P\|_2 \ge \max_i \sigma_{n+1}(P_{i:,\,:i+1})",
    source="Eckart & Young 1936, on each block; the system: derived here",
    models=("softmax_attention", "taylor_attention", "favor_attention", "linear_attention_elu", "s6"),
    notebook="07_softmax_by_state_expansion",
)


claim.step("A system's block is $O R$ through $h_i$, of rank $N$ at most", "matrices")(through_the_state)


@claim.step("Whatever $D$ is, the block of the tokens before $i$ is $O Λ_i R$ through $h_{i-1}$", "matrices")
def with_feedthrough():
    system = any_matrices(5)
    for i in (2, 1, 3, 4):
        O, R = through_state(system, i - 1)
        shown = (
            r"\Phi_{kj}, \; k \ge i > j",
            r"(C_k \Lambda_k \cdots \Lambda_i) (\Lambda_{i-1} \cdots \Lambda_{j+1} B_j)",
        )
        yield Identity(system.kernel()[i:, :i, 0, 0], np.outer(O[1:], R), shown=shown)


@claim.step(
    "Some combination $v$ of $n + 1$ directions is not seen by $n$ states, $R v = 0$: $(H - O R) v = H v$",
    "identity",
)
def not_seen():
    """The signed minors of R V, whose rows are those of the state: a determinant with a row twice is zero."""
    for n in (3, 2, 1):
        RV = sp.Matrix(symbols("R", (n, n + 1)))
        minors = [RV.extract(range(n), [j for j in range(n + 1) if j != k]).det() for k in range(n + 1)]
        c = sp.Matrix([(-1) ** k * minor for k, minor in enumerate(minors)])
        yield Identity(np.array(RV * c).ravel(), 0, shown=(r"\textstyle\sum_k c_k R v_k", "0"))
    H, O, R, v = (letter(name) for name in "HORv")
    yield sp.expand((H - O * R) * v).subs(R * v, 0), H * v


@claim.step("The block sees it: $|H V c|² = cᵀΣ²c$ with $H V = U Σ$, at least $σ_{n+1}² |c|²$", "matrices")
def seen():
    """For right singular vectors V and c of as many entries as are above, ``σ_k² - σ_{n+1}² >= 0`` each."""
    H, H_T, V, V_T, U, U_T, S, c, c_T = (
        letter(name) for name in ("H", "H^T", "V", "V^T", "U", "U^T", "Sigma", "c", "c^T")
    )
    rules = [(H * V, U * S), (V_T * H_T, S * U_T), (U_T * U, sp.S.One)]
    yield Identity(
        until_none_applies(c_T * V_T * H_T * H * V * c, rules),
        c_T * S**2 * c,
        shown=(r"|H V c|^2", r"c^\top \Sigma^2 c"),
    )
    c, more, least = (
        symbols("c", (3,), real=True),
        symbols("e", (3,), nonnegative=True),
        sp.Symbol("sigma", real=True),
    )
    slack = sp.expand(np.sum((least**2 + more) * c**2) - least**2 * np.sum(c**2))
    yield Identity(slack, sp.Abs(slack), shown=(r"c^\top \Sigma^2 c - \sigma_{n+1}^2 |c|^2", r"|\cdot|"))


@claim.step(
    "The other rows only add to it: $|E v|² = Σ_{k<i} (E v)_k² + |E_{i:, :i+1} v|²$ for $v$ up to $i$",
    "identity",
)
def other_rows():
    """E is the difference of the kernels of two systems."""
    E = np.tril(symbols("E", (4, 4), real=True))
    for i in (2, 0, 1, 3):
        v = symbols("v", (4,), real=True) * (np.arange(4) <= i).astype(int)
        whole, block = E @ v, E[i:, : i + 1] @ v[: i + 1]
        shown = r"|E v|^2 - |E_{i:, :i+1} v|^2", r"\textstyle\sum_{k<i} (E v)_k^2"
        yield Identity(np.sum(whole**2) - np.sum(block**2), np.sum(whole[:i] ** 2), shown=shown)


@claim.step(
    "Channels multiply: $(P ⊗ W)ᵀ(P ⊗ W) = PᵀP ⊗ WᵀW$, with the products $σ_a² σ_b²$ as eigenvalues",
    "Kronecker",
)
def channels():
    L, d = sp.symbols("L d", integer=True, positive=True)
    P, W = sp.MatrixSymbol("P", L, L), sp.MatrixSymbol("W", d, d)
    v, w = sp.MatrixSymbol("v", L, 1), sp.MatrixSymbol("w", d, 1)
    phi = KroneckerProduct(P, W)
    yield phi.T * phi, KroneckerProduct(P.T * P, W.T * W)
    yield phi.T * phi * KroneckerProduct(v, w), KroneckerProduct(P.T * P * v, W.T * W * w)
    model, u = SoftmaxAttention.symbolic(d=2, n=1), symbols("u", (2, 2))
    model.probabilities = lambda u: symbols("P", (1, 2, 2))
    flat = model.kernel(u).transpose(0, 2, 1, 3).reshape(4, 4)
    yield Identity(flat, np.kron(model.probabilities(u)[0], model.W_v), shown=(r"\Phi", r"P \otimes W_v"))


@claim.step(
    "Rows with $|e|_1 <= ε$ have $|e·v| <= ε |v|$, so $r$ of them $ε √r$; entries up to $ε$, $ε √(r c)$",
    "identity",
)
def other_norms():
    """Lagrange's identity, of moduli e >= 0; ``|e|_2² <= c ε²`` where no entry is above ε."""
    e, v = symbols("e", (3,), nonnegative=True), symbols("v", (3,), real=True)
    pairs = [(0, 1), (0, 2), (1, 2)]
    rest = sum((e[a] * v[b] - e[b] * v[a]) ** 2 for a, b in pairs)
    shown = r"|e|_2^2 |v|^2 - (e \cdot v)^2", r"\textstyle\sum_{a<b} (e_a v_b - e_b v_a)^2"
    yield Identity(np.sum(e**2) * np.sum(v**2) - (e @ v) ** 2, rest, shown=shown)
    more = 2 * sum(e[a] * e[b] for a, b in pairs)
    yield Identity(
        np.sum(e) ** 2 - np.sum(e**2), more, shown=(r"|e|_1^2 - |e|_2^2", r"2 \textstyle\sum_{a<b} e_a e_b")
    )
    yield more, sp.Abs(more)


def of_blocks(P: np.ndarray, n: int, error: str) -> float:
    """The bound by the singular values of all blocks."""
    found = []
    for i in range(len(P)):
        S = np.pad(np.linalg.svd(P[i:, : i + 1], compute_uv=False), (0, n))
        rows, columns = len(P) - i, i + 1
        size = {"entry": np.sqrt(rows * columns), "row": np.sqrt(rows)}.get(error, 1.0)
        found.append(np.sqrt(np.sum(S[n:] ** 2)) if error == "frobenius" else S[n] / size)
    return max(found)


def methods(rng: np.random.Generator):
    """Softmax attention's weights, and those of many systems with the same parameters, with their n."""
    d, u, seed = 4, rng.standard_normal((24, 4)), int(rng.integers(1000))
    softmax = SoftmaxAttention.random(d=d, n=2, seed=seed)
    P = softmax.probabilities(u)[0]
    options = [("taylor_attention", {"order": p}) for p in (2, 4)]
    options += [("favor_attention", {"features": r}) for r in (2, 4, 8)] + [("linear_attention_elu", {})]
    for name, option in options:
        model = MODELS[name].random(d=d, n=2, seed=seed, **option)
        system = model.with_parameters({**model.parameters, **softmax.parameters}).system(u)
        yield P, system.weights()[0, 0], system.n
    for n in range(1, 9):
        yield P, realise(P, n).kernel(), n


@claim.numbers("Taylor, FAVOR+, ELU + 1 and realised systems: none is below the bound, in four norms")
def none_below(rng):
    worst = []
    for P, other, n in methods(rng):
        for error in ERRORS:
            least = lower_bound(P, n, error)
            worst += [np.maximum(0.0, least - kernel_error(P, other, error)), least - of_blocks(P, n, error)]
            needed = lower_bound_states(P, 1.001 * kernel_error(P, other, error), error)
            worst.append(np.maximum(0, needed - n))
    return worst


@claim.numbers("The states that realise takes for an error are enough, and one fewer are not")
def sufficient(rng):
    P = next(methods(rng))[0]
    errors = [kernel_error(P, realise(P, n).kernel()) for n in range(1, 11)]
    worst = []
    for n, factor in product((2, 4, 6), (0.999, 1.001)):
        eps = factor * errors[n]  # which n + 1 states miss by little, or meet
        worst.append(
            sufficient_states(P, eps) - 1 - next(k for k, error in enumerate(errors) if error <= eps)
        )
        worst.append(np.maximum(0, lower_bound_states(P, eps) - sufficient_states(P, eps)))
    return worst


@claim.numbers(
    "With channels: the bound of $P ⊗ W$ is that of the matrix of all entries; at rank $n$ it is zero"
)
def with_channels(rng):
    worst = []
    for name in ("softmax_attention", "s6"):
        model = MODELS[name].random(d=2, n=2, seed=int(rng.integers(1000)))
        if name == "s6":
            model = having(model, D=0 * model.D)
        phi = model.kernel(rng.standard_normal((9, 2)))
        blocks = [phi[i:, : i + 1].swapaxes(1, 2).reshape(2 * (9 - i), 2 * (i + 1)) for i in range(9)]
        values = [np.linalg.svd(block, compute_uv=False) for block in blocks]
        values = [np.pad(S, (0, 24 - len(S))) for S in values]
        worst += [lower_bound(phi, n) - max(S[2 * n] for S in values) for n in (1, 2, 3)]
        for eps in np.median(values, axis=0)[1:4]:
            worst.append(lower_bound_states(phi, eps) - -(-max(np.sum(S > eps) for S in values) // 2))
    return worst


def weights() -> np.ndarray:
    """Those of a random softmax attention."""
    return next(methods(np.random.default_rng(7)))[0]


def realised(states: int) -> Realisation:
    """The system of some states that comes near them."""
    return realise(weights(), states)


@claim.hypothesis(
    "the system has $n$ states at most",
    r"\dim h_i \le n",
    violation=lambda states: np.maximum(0, realised(states).n - 3),
    holds=3,
    dropped=8,
)
def more_states(states) -> float:
    """How far a system is below the bound of three states."""
    P, found = weights(), realised(states)
    return np.maximum(0.0, lower_bound(P, 3) - kernel_error(P, found.kernel()))


@claim.hypothesis(
    "nothing passes by the state, or blocks of the tokens before $i$ are taken",
    "D = 0",
    violation=lambda share: with_skip(share, 1).D,
    holds=0.0,
    dropped=1.0,
)
def feedthrough(share) -> float:
    """How far S6, which is at no distance from its own kernel, is below the bound for blocks with the diagonal."""
    phi = with_skip(share, 1).kernel()
    return lower_bound(phi, 1) + lower_bound(phi, 1, feedthrough=True)
