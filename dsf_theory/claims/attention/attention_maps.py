"""The claim ``attention-maps``: heads, output weights and biases are the maps around one system."""

import numpy as np
import sympy as sp

from dsf_theory.claims.attention.published import complete, in_symbols, layer, queries_keys, weights
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.letters import letters
from dsf_theory.claims.reading import (
    having,
    tokens,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import LinearAttention, SoftmaxAttention
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="attention-maps",
    title="Heads, output weights and biases are the maps around one system.",
    statement="Head $r$ owns the contiguous channels of $q$, $k$ and $v$. The value weights with their bias are the "
    "input map on $[u; 1]$, the output weights the output map, and the output bias a feedthrough of the "
    "one.",
    latex=r"y_i = W_o \Big[\sum_{j \le i} P^r_{ij} (W_v u_j + b_v)^r\Big]_r + b_o, \quad\text{that is}\quad "
    r"\Phi_{ij} = W_o \operatorname{diag}_r(P^r_{ij} I)\, [W_v, b_v] + [i = j]\, [0, b_o]",
    source="Vaswani et al. 2017; the maps on $[u; 1]$: derived here",
    models=(
        "softmax_attention",
        "linear_attention",
        "linear_attention_elu",
        "norm_attention",
        "separable_attention",
    ),
    notebook="02_attention_as_a_dynamical_system",
)

OPTIONAL = (("b_v", "b_o", "W_o"), ("b_v",), ("b_o",), ("W_o",), ())
"""Which of the optional maps a layer has."""

SHOWN = {
    "B": (r"B_i", r"\big[\tfrac{1}{\eta_i^r} (I \otimes \psi_i^r) [W_v, b_v]^r\big]_r"),
    "C": (r"C_i", r"W_o \operatorname{diag}_r(I \otimes \phi_i^{r\top})"),
    "y": (r"y_i", r"W_o \big[\textstyle\sum_j P^r_{ij} (W_v u_j + b_v)^r\big]_r + b_o"),
    "Phi": (r"\Phi_{ij}", r"W_o \operatorname{diag}_r(P^r_{ij} I) [W_v, b_v] + [i = j] [0, b_o]"),
}
"""What is claimed, in letters."""


@claim.step("Queries and keys: $q = s (W_q u + b_q)$, $k = W_k u + b_k$, in contiguous slices", "identity")
def slices():
    u, optional = tokens(2, 2), ("b_q", "b_k")
    for scale in (sp.Symbol("s"), None):
        model = LinearAttention.symbolic(d=2, n=2, heads=2, optional=optional, scale=scale)
        for found, expected in zip(model.queries_keys(u), queries_keys(model, u), strict=True):
            yield np.moveaxis(found, 1, 0), expected


@claim.step("Softmax divides the scores by $√(m/heads)$", "identity")
def default_scale():
    u = tokens(1, 4)
    for n, heads in ((4, 2), (9, 1), (3, 2)):
        model = SoftmaxAttention.symbolic(d=4, n=n, heads=heads)
        q, k = model.queries_keys(u)
        plain = LinearAttention(**model.parameters, heads=heads).queries_keys(u)
        yield q * sp.sqrt(n), plain[0]
        yield k, plain[1]


@claim.step("$B_i$ carries $[W_v, b_v]$, $C_i$ carries $W_o$, and $D = [0, b_o]$", "identity")
def around():
    for optional in OPTIONAL:
        model, system, phi, psi, eta = in_symbols(d=4, n=2, heads=2, optional=optional)
        X, E, D = (matrices(model)[name] for name in "XED")
        eye = np.eye(2, dtype=int).astype(object)
        write = [np.kron(eye, psi[2, r][:, None]) @ X[2 * r : 2 * r + 2] / eta[2, r] for r in range(2)]
        yield Identity(system.B[2], np.concatenate(write), shown=SHOWN["B"])
        read = sp.diag(*[sp.Matrix(np.kron(eye, phi[2, r])) for r in range(2)])
        yield Identity(system.C[2], E @ np.array(read.tolist(), dtype=object), shown=SHOWN["C"])
        yield Identity(system.D[2], D, shown=("D_i", "[0, b_o]"))
        if D.shape[1] == 5:
            yield system.u, np.concatenate([tokens(4, 4), np.ones((4, 1), dtype=object)], axis=1)


def matrices(model) -> dict[str, np.ndarray]:
    """X = [W_v, b_v], E = W_o and D = [0, b_o]; without biases they act on u alone."""
    none = np.zeros((model.d, 1), dtype=object)
    X, D = model.W_v, np.zeros((model.d, model.d), dtype=object)
    if model.b_v is not None or model.b_o is not None:
        X = np.hstack([X, none if model.b_v is None else model.b_v[:, None]])
        D = np.hstack([D, none if model.b_o is None else model.b_o[:, None]])
    E = np.eye(model.d, dtype=int).astype(object) if model.W_o is None else model.W_o
    return {"X": X, "E": E, "D": D}


@claim.step("$Φ_ij = W_o diag_r(P^r_ij I) [W_v, b_v] + [i = j] [0, b_o]$, for softmax as well", "identity")
def kernel_with_maps():
    P = symbols("P", (2, 2, 2)) * np.tri(2, dtype=int).astype(object)
    for optional in OPTIONAL:
        model = SoftmaxAttention.symbolic(d=4, n=1, heads=2, optional=optional)
        model.probabilities = lambda u: P
        phi, y, u = model.kernel(tokens(2, 4)), model.output(tokens(2, 4)), tokens(2, 4)
        X, E, D = (matrices(model)[name] for name in "XED")
        for i, j in ((0, 0), (1, 0), (1, 1)):
            yield Identity(
                phi[i, j], E @ np.diag(np.repeat(P[:, i, j], 2)) @ X + int(i == j) * D, shown=SHOWN["Phi"]
            )
        yield phi[0, 1], 0
        for i in range(2):
            yield y[i], layer(model, u, P)[i]


@claim.step("Blocks of any size: $Φ_ij = Σ_r W_o^r P^r_ij [W_v, b_v]^r + [i = j] [0, b_o]$", "matrices")
def blocks_of_any_size():
    """With one channel a head and entries that do not commute, an entry is a block of any size."""
    found = in_symbols(d=2, n=2, heads=2, optional=("b_v", "b_o", "W_o"))
    W_v, W_o = letters("W_v", (2, 2)), letters("W_o", (2, 2))
    b_v, b_o = letters("b_v", (2,)), letters("b_o", (2,))
    model = having(found.model, W_v=W_v, W_o=W_o, b_v=b_v, b_o=b_o)
    phi, X = model.system(tokens(4, 2)).kernel(), np.hstack([W_v, b_v[:, None]])
    for i, j in ((2, 0), (3, 3)):
        P = np.sum(found.phi[i] * found.psi[j], axis=-1) / found.eta[i]
        once = np.hstack([np.zeros((2, 2), dtype=object), b_o[:, None]])
        yield phi[i, j], sum(np.outer(W_o[:, r], P[r] * X[r]) for r in range(2)) + int(i == j) * once


@claim.step("The output is $Φ [u; 1]$, and in symbols the published sum", "identity")
def outputs():
    for optional in OPTIONAL[:-1]:
        model, system, phi, psi, eta = in_symbols(d=4, n=1, heads=2, length=2, optional=optional)
        P = np.einsum("irs,jrs->rij", phi, psi) / eta.T[:, :, None]
        expected = layer(model, tokens(2, 4), P)
        for y in (model.output(tokens(2, 4)), system.recurrent(), applied(system.kernel(), system.u)):
            yield Identity(y[1], expected[1], shown=SHOWN["y"])


def applied(phi: np.ndarray, u: np.ndarray) -> np.ndarray:
    """``y_i = Σ_{j<=i} Φ_ij u_j``."""
    return np.array([sum(phi[i, j] @ u[j] for j in range(i + 1)) for i in range(len(u))])


@claim.numbers("Five models with heads, output weights and all biases, against the published sums")
def five_models(rng):
    worst = []
    for name in claim.models:
        for heads, length, d, n in ((1, 6, 3, 2), (2, 5, 4, 3), (3, 4, 6, 1), (1, 3, 1, 2)):
            model, u = complete(name, rng, d=d, n=n, heads=heads), rng.standard_normal((length, d))
            expected = layer(model, u, weights(model, u))
            with_one = np.concatenate([u, np.ones((length, 1))], axis=1)
            worst += [
                relative(model.output(u), expected),
                relative(applied(model.kernel(u), with_one), expected),
            ]
    return worst


@claim.hypothesis(
    "with a bias, the input carries a one",
    r"\tilde u_i = [u_i; 1]",
    violation=lambda last: last - 1,
    holds=1.0,
    dropped=0.0,
)
def carried_one(last) -> float:
    """How far Φ [u; last] is from the output."""
    rng = np.random.default_rng(2)
    model, u = complete("softmax_attention", rng, heads=2), rng.standard_normal((5, 4))
    return relative(
        applied(model.kernel(u), np.concatenate([u, np.full((5, 1), last)], axis=1)), model.output(u)
    )


@claim.hypothesis(
    "the channels of a head are contiguous",
    r"\text{head } r \ni c \iff \lfloor c s / d \rfloor = r",
    violation=lambda owner: np.array(owner) - np.arange(4) // 2,
    holds=(0, 0, 1, 1),
    dropped=(0, 1, 0, 1),
)
def owners(owner) -> float:
    """How far the sums with these heads of the channels are from the model."""
    rng = np.random.default_rng(3)
    model, u = complete("linear_attention", rng, heads=2), rng.standard_normal((5, 4))
    return relative(layer(model, u, weights(model, u), owner), model.output(u))
