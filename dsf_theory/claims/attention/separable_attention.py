"""The claim ``separable-attention``: a system whose transition is a ratio of normalisers."""

import numpy as np
import sympy as sp

from dsf_theory.claims.attention.published import (
    KERNEL,
    READ,
    UNIT,
    WRITTEN,
    complete,
    head,
    in_heads,
    in_symbols,
    layer,
    queries_keys,
    renamed,
    weights,
)
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    I,
    J,
    at_time,
    induction,
    kronecker,
    tokens,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import LinearAttention, NormAttention
from dsf_theory.system import System
from dsf_theory.system.transition import Dense

claim = Claim(
    id="separable-attention",
    title="Separable attention is a dynamical system whose transition is a ratio of normalisers.",
    statement="Attention with weights $φ_iᵀψ_j/η_i$ is the system with $Λ_i = (η_{i-1}/η_i) I$, $B_i = (1/η_i)(I ⊗ "
    "ψ_i) W_v$ and $C_i = I ⊗ φ_iᵀ$, for all $d$, $n$ and times. With several heads each has a block of "
    "this form.",
    latex=r"y_i = \sum_{j \le i} \frac{\phi_i^\top \psi_j}{\eta_i} v_j \;\Longleftarrow\; \Lambda_i = "
    r"\frac{\eta_{i-1}}{\eta_i} I,\;"
    r" B_i = \frac{1}{\eta_i} (I_d \otimes \psi_i) W_v,\; C_i = I_d \otimes \phi_i^\top",
    source="after Sieber et al. 2024",
    models=("separable_attention", "linear_attention", "linear_attention_elu", "norm_attention"),
    notebook="02_attention_as_a_dynamical_system",
)


@claim.step(
    "$Λ_i = (η_{i-1}/η_i) I$, $B_i = (1/η_i)(I ⊗ ψ_i) W_v$, $C_i = I ⊗ φ_iᵀ$, at every size", "Kronecker"
)
def at_every_size():
    found = in_symbols(d=2, n=3)
    eta, read = found.eta, kronecker(found.system, 2)
    claimed = (
        eta[1] / eta[2] * UNIT,
        WRITTEN / eta[2],
        READ,
    )
    for left, right in reversed(list(zip(read, claimed, strict=True))):
        yield Identity(left, right, shown=(renamed(left), renamed(right)))


@claim.step("Entry by entry these are the model's matrices, a block for each head", "identity")
def entry_by_entry():
    for d, n, heads in ((2, 3, 1), (3, 2, 1), (4, 2, 2)):
        model, system, phi, psi, eta = in_symbols(d=d, n=n, heads=heads)
        eta, width = eta.reshape(-1, heads), d // heads
        X = in_heads(model, model.W_v.T).transpose(0, 2, 1)
        eye = np.eye(width, dtype=int).astype(object)
        for i in (1, 2, 3):
            write = [np.kron(eye, psi[i, r][:, None]) @ X[r] / eta[i, r] for r in range(heads)]
            yield system.B[i], np.concatenate(write)
            decay = [[eta[i - 1, r] / eta[i, r]] * (width * n) for r in range(heads)]
            yield sp.Matrix(system.Lambda[i]), sp.diag(*np.ravel(decay))
            yield sp.Matrix(system.C[i]), sp.diag(*[sp.Matrix(np.kron(eye, phi[i, r])) for r in range(heads)])


@claim.step("Between $j$ and $i$ the ratios telescope to $η_j/η_i$, for all times", "induction")
def telescope():
    found = in_symbols(d=2, n=3)
    eta = sp.Function("eta", real=True)
    return induction(eta(J) / eta(I), at_time(found.system.Lambda[2, 0, 0], [found.eta], 2))[::-1]


@claim.step("So $C_i Λ_i ⋯ Λ_{j+1} B_j = (φ_iᵀψ_j/η_i) W_v$, at every size", "Kronecker")
def kernel_at_every_size():
    found = in_symbols(d=2, n=3)
    eta, at_i, at_j = found.eta, kronecker(found.system, 3), kronecker(found.system, 1, mark="j")
    claimed = KERNEL / eta[3]
    shown = r"C_i \tfrac{\eta_j}{\eta_i} B_j", r"\tfrac{1}{\eta_i} (I_d \otimes \phi_i^\top \psi_j) W_v"
    yield Identity(at_i.C * (eta[1] / eta[3]) * at_j.B, claimed, shown=shown)


@claim.step("Every head is such a system, with normalisers and features of its own", "Kronecker")
def every_head():
    found = in_symbols(d=4, n=2, heads=2)
    for r in range(2):
        block, eta = head(found.system, r), found.eta[:, r]
        read = kronecker(block, 2)
        yield read.Lambda, eta[1] / eta[2] * UNIT
        yield read.C, READ
        yield block.kernel()[2, 0, 0, 0], sum(found.phi[2, r] * found.psi[0, r]) / eta[2]


@claim.step(
    "Linear attention is the member with $φ = ψ = id$, $η = 1$: $Λ = I$ and $Φ_ij = (q_iᵀk_j) W_v$",
    "identity",
)
def linear_member():
    model, u = LinearAttention.symbolic(d=2, n=2, scale=sp.Symbol("s")), tokens(3, 2)
    system = model.system(u)
    (q,), (k,) = queries_keys(model, u)
    for i, j in ((2, 0), (1, 1), (2, 2)):
        shown = rf"\Phi_{{{i}{j}}}", rf"q_{i}^\top k_{j}\, W_v"
        yield Identity(system.kernel()[i, j], sum(q[i] * k[j]) * model.W_v, shown=shown)
        yield system.product_kernel()[i, j], sum(q[i] * k[j]) * model.W_v
    yield system.Lambda[2], np.eye(4, dtype=int).astype(object)
    for i in range(3):
        yield system.recurrent()[i], layer(model, u, (q @ k.T)[None])[i]


@claim.numbers("Three models of the registry against their published sums, with heads and without")
def published_sums(rng):
    worst = []
    for name in claim.models[1:]:
        for heads, length, scale in ((1, 7, None), (2, 5, 0.3)):
            model = complete(name, rng, heads=heads, scale=scale)
            u = rng.standard_normal((length, 4))
            expected = layer(model, u, weights(model, u))
            worst += [relative(model.output(u), expected), relative(model.system(u).recurrent(), expected)]
    return worst


@claim.numbers("A batch has the matrices of its sequences")
def batches(rng):
    worst = []
    for name in claim.models[1:]:
        model, u = complete(name, rng, heads=2), rng.standard_normal((3, 5, 4))
        batch, alone = model.system(u), model.system(u[1])
        worst += [
            relative(getattr(batch, part)[1], getattr(alone, part)) for part in ("Lambda", "B", "C", "D")
        ]
        worst.append(relative(batch.kernel()[1], alone.kernel()))
    return worst


def linear_system(keys: tuple[float, ...]) -> System:
    """Linear attention with queries one and these keys."""
    u = np.stack([np.ones(len(keys)), keys], axis=1)
    return LinearAttention(W_q=[[1.0, 0.0]], W_k=[[0.0, 1.0]], W_v=np.eye(2)).system(u)


def row_sums(keys: tuple[float, ...]) -> np.ndarray:
    """η_i, the sums of the rows of linear attention."""
    return linear_system(keys).weights()[0, 0].sum(axis=1)


def scaled_state(system: System, t: np.ndarray) -> System:
    """The state times t_i; where t_i is zero, what undoes it is zero as well, as a pseudo-inverse is."""
    inverse = np.divide(1.0, t, out=np.zeros_like(t), where=t != 0)
    t, inverse = t[:, None, None, None], inverse[:, None, None, None]
    decay = (t * np.concatenate([t[:1], inverse[:-1]]))[..., None] * np.eye(system.expansion)
    return System(
        u=system.u,
        transition=Dense(decay),
        write=t * system.write,
        read=inverse * system.read,
        value_map=system.value_map,
    )


@claim.hypothesis(
    "no normaliser is zero",
    r"\eta_i \ne 0",
    violation=lambda keys: np.sum(row_sums(keys) == 0),
    holds=(1.0, 2.0, 1.0),
    dropped=(1.0, -1.0, 1.0),  # the second row sums to zero, the third does not
)
def zero_normaliser(keys) -> float:
    """Distance of the last row of normalised linear attention from its system, with 1/0 taken as 0."""
    system, eta = linear_system(keys), row_sums(keys)
    ratios = scaled_state(system, np.divide(1.0, eta, out=np.zeros_like(eta), where=eta != 0))
    return np.max(np.abs(ratios.product_kernel()[-1] - system.kernel()[-1])) / abs(eta[-1])


def normalisers(share: float) -> np.ndarray:
    """η_ij (length, length), with a share on the key: ``η_i^{1-share} η_j^share`` of normalised attention."""
    eta = np.exp(-norm_pair()[0].gauge.log[:, 0, 0, 0])
    return eta[:, None] ** (1 - share) * eta**share


def norm_pair() -> tuple[System, System]:
    """Normalised attention, and linear attention with the same queries and keys."""
    rng = np.random.default_rng(11)
    u, norm = rng.standard_normal((5, 4)), NormAttention.random(d=4, n=2, seed=11)
    linear = LinearAttention(W_q=norm.W_q, W_k=norm.W_k, W_v=norm.W_v)
    return norm.system(u), linear.system(u)


@claim.hypothesis(
    "a row has one normaliser: $η$ does not depend on the key",
    r"\eta_{ij} = \eta_i",
    violation=lambda share: np.ptp(normalisers(share), axis=1),
    holds=0.0,
    dropped=1.0,
)
def normaliser_of_the_key(share) -> float:
    """Distance of the weights ``q_iᵀk_j/η_ij`` from the system with ``Λ_i = η_{i-1}/η_i``."""
    norm, linear = norm_pair()
    return relative(norm.weights()[0, 0], linear.weights()[0, 0] / normalisers(share))
