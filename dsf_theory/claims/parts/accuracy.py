"""How many states an accuracy needs, whatever the method."""

from itertools import product
from math import factorial

import numpy as np
import sympy as sp
from sympy.matrices.expressions.kronecker import KroneckerProduct

from dsf_theory.bounds import ERRORS, kernel_error, lower_bound, lower_bound_states
from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.models import MODELS, SoftmaxAttention
from dsf_theory.realisation import realise, sufficient_states
from dsf_theory.symbolic import symbols

bound = Claim(
    id="state-lower-bound",
    title="No system of n states comes nearer to a kernel than the next singular value of any of its blocks.",
    statement="If a system of N states in all is within ε of a kernel in spectral norm, N is at least the number of "
    "singular values above ε of every block from tokens up to i to outputs from i on. With d channels and one weight "
    "matrix they are the products of those of P and of W_v. Whatever Λ, B and C are and depend on.",
    latex=r"\|P - \hat P\|_2 \ge \max_i \sigma_{n+1}(P_{i:,\,:i+1})",
    source="Eckart & Young 1936, on each block; the system: derived here",
    models=("softmax_attention", "taylor_attention", "favor_attention", "linear_attention_elu", "s6"),
    notebook="07_softmax_by_state_expansion",
)


@bound.step("Some combination of n + 1 directions v_k is not seen by n states: Σ_k c_k R v_k = 0", "identity")
def not_seen():
    """The signed minors of R V, whose rows are those of the state: a determinant with a row twice is zero."""
    for n in (3, 2, 1):
        RV = sp.Matrix(symbols("R", (n, n + 1)))
        c = sp.Matrix(
            [
                (-1) ** k * RV.extract(range(n), [j for j in range(n + 1) if j != k]).det()
                for k in range(n + 1)
            ]
        )
        yield Identity(np.array(RV * c).ravel(), 0, shown=(r"\textstyle\sum_k c_k R v_k", "0"))


@bound.step(
    "The block itself does: |H Σ_k c_k v_k|² - σ_{n+1}² |c|² = Σ_k (σ_k² - σ_{n+1}²) c_k² >= 0", "identity"
)
def seen():
    """For right singular vectors ``v_k``, with ``H v_k = σ_k u_k``, in any orthonormal ``u_k`` and ``v_k``."""
    c, more = symbols("c", (3,), real=True), symbols("e", (2,), nonnegative=True)
    least = sp.Symbol("sigma", nonnegative=True)
    squares = least**2 + np.array([*more, 0])
    U, V = (sp.eye(3) - 2 * a * a.T / (a.T * a)[0] for a in (sp.Matrix([1, 2, 2]), sp.Matrix([2, -3, 6])))
    H, v = U * sp.diag(*map(sp.sqrt, squares)) * V.T, V * sp.Matrix(c)
    left = ((H * v).T * (H * v))[0] - least**2 * (v.T * v)[0]
    claimed = np.sum((squares - least**2) * c**2)
    yield Identity(
        left,
        claimed,
        shown=(r"|H v|^2 - \sigma_{n+1}^2 |v|^2", r"\textstyle\sum_k (\sigma_k^2 - \sigma_{n+1}^2) c_k^2"),
    )
    yield sp.Abs(claimed), claimed


@bound.step(
    "The other rows only add to it: |E v|² = Σ_{k<i} (E v)_k² + |E_{i:, :i+1} v|² for v up to i", "identity"
)
def other_rows():
    """E is the difference of the kernels of two systems."""
    E = np.tril(symbols("E", (4, 4), real=True))
    for i in (2, 0, 1, 3):
        v = symbols("v", (4,), real=True) * (np.arange(4) <= i).astype(int)
        whole, block = E @ v, E[i:, : i + 1] @ v[: i + 1]
        shown = r"|E v|^2 - |E_{i:, :i+1} v|^2", r"\textstyle\sum_{k<i} (E v)_k^2"
        yield Identity(np.sum(whole**2) - np.sum(block**2), np.sum(whole[:i] ** 2), shown=shown)


@bound.step(
    "Channels multiply: (P ⊗ W)ᵀ(P ⊗ W) = PᵀP ⊗ WᵀW, with the products σ_a² σ_b² as eigenvalues", "Kronecker"
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


@bound.numbers("Taylor, FAVOR+, ELU + 1 and realised systems: none is below the bound, in four norms")
def none_below(rng):
    worst = []
    for P, other, n in methods(rng):
        for error in ERRORS:
            least = lower_bound(P, n, error)
            worst += [max(0.0, least - kernel_error(P, other, error)), least - of_blocks(P, n, error)]
            needed = lower_bound_states(P, 1.001 * kernel_error(P, other, error), error)
            worst.append(max(0, needed - n))
    return worst


@bound.numbers(
    "The methods are what they are called: Σ_{l<=p} t^l/l! and Σ_r exp(ω_rᵀ(q + k) - (|q|² + |k|²)/2), per row"
)
def as_published(rng):
    worst = []
    for name, option in (("taylor_attention", {"order": 4}), ("favor_attention", {"features": 5})):
        for scale in (None, 0.7):
            model = MODELS[name].random(d=4, n=3, heads=2, optional=("b_q", "b_k"), scale=scale, **option)
            drawn = {key: rng.standard_normal(part.shape) / 2 for key, part in model.parameters.items()}
            model, u = model.with_parameters(drawn), rng.standard_normal((9, 4))
            half, system = np.sqrt(3**-0.5 if scale is None else scale), model.system(u)
            q, k = (half * (u @ W.T + b) for W, b in ((model.W_q, model.b_q), (model.W_k, model.b_k)))
            decays = np.diagonal(system.Lambda, axis1=1, axis2=2)[1:, [0, -1]]
            worst.append(kernel_error(system.kernel(), system.product_kernel()))
            for head, P in enumerate(system.weights()[:, 0]):
                q_head, k_head = (x[:, 3 * head : 3 * head + 3] for x in (q, k))
                weights = np.tril(published(model, q_head, k_head))
                eta = weights.sum(axis=1)
                worst += [
                    kernel_error(P, weights / eta[:, None]),
                    *(decays[:, head] / eta[:-1] * eta[1:] - 1),
                ]
    return worst


def published(model, q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """What stands for ``exp(q_iᵀk_j)`` in Taylor and in FAVOR+ attention."""
    if model.name == "taylor_attention":
        return sum((q @ k.T) ** p / factorial(p) for p in range(model.order + 1))
    both = q[:, None] + k
    size = np.sum(q**2, axis=1)[:, None] + np.sum(k**2, axis=1)
    return np.sum(np.exp(both @ model.omega.T), axis=2) * np.exp(-size / 2)


@bound.numbers("The states that realise takes for an error are enough, and one fewer are not")
def sufficient(rng):
    P = next(methods(rng))[0]
    errors = [kernel_error(P, realise(P, n).kernel()) for n in range(1, 11)]
    worst = []
    for n, factor in product((2, 4, 6), (0.999, 1.001)):
        eps = factor * errors[n]  # which n + 1 states miss by little, or meet
        worst.append(
            sufficient_states(P, eps) - 1 - next(k for k, error in enumerate(errors) if error <= eps)
        )
        worst.append(max(0, lower_bound_states(P, eps) - sufficient_states(P, eps)))
    return worst


@bound.numbers("With channels: the bound of P ⊗ W is that of the matrix of all entries; at rank n it is zero")
def with_channels(rng):
    worst = []
    for name in ("softmax_attention", "s6"):
        model = MODELS[name].random(d=2, n=2, seed=int(rng.integers(1000)))
        if name == "s6":
            model = model.with_parameters({**model.parameters, "D": 0 * model.D})
        phi = model.kernel(rng.standard_normal((9, 2)))
        blocks = [phi[i:, : i + 1].swapaxes(1, 2).reshape(2 * (9 - i), 2 * (i + 1)) for i in range(9)]
        values = [np.linalg.svd(block, compute_uv=False) for block in blocks]
        values = [np.pad(S, (0, 24 - len(S))) for S in values]
        worst += [lower_bound(phi, n) - max(S[2 * n] for S in values) for n in (1, 2, 3)]
        for eps in np.median(values, axis=0)[1:4]:
            worst.append(lower_bound_states(phi, eps) - -(-max(np.sum(S > eps) for S in values) // 2))
    return worst


@bound.hypothesis(
    "the system has n states at most",
    r"\dim h_i \le n",
    violation=lambda states: max(0, states - 3),
    holds=3,
    dropped=8,
)
def more_states(states) -> float:
    """How far a system is below the bound of three states."""
    P = next(methods(np.random.default_rng(7)))[0]
    return max(0.0, lower_bound(P, 3) - kernel_error(P, realise(P, states).kernel()))


@bound.hypothesis(
    "nothing passes by the state",
    "D = 0",
    violation=abs,
    holds=0.0,
    dropped=4.0,
)
def feedthrough(share) -> float:
    """How far S6 with a share of its D, which is at no distance from its own kernel, is below the bound for it."""
    s6 = MODELS["s6"].random(d=2, n=1, seed=1)
    system = s6.with_parameters({**s6.parameters, "D": share * s6.D}).system(2 * np.eye(9, 2) - 1)
    return lower_bound(system.kernel(), system.n)
