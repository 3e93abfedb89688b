"""State space duality: SSD as separable attention, and when attention is SSD."""

import numpy as np
import sympy as sp

from dsf_theory.arrays import Array
from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.claims.reading import (
    I,
    J,
    at_time,
    drawn,
    having,
    heads_needed,
    induction,
    kronecker,
    relative,
    tokens,
    with_steps,
)
from dsf_theory.claims.state_space.selective import coefficients
from dsf_theory.models import SSD, SeparableAttention
from dsf_theory.models.rewriting import ssd_as_attention
from dsf_theory.system import System
from dsf_theory.system.symbolic import symbols

# -------------------------------------------------------------------- SSD as attention

ssd_to_attention = Claim(
    id="ssd-to-attention",
    title="SSD is separable attention.",
    statement="With φ = γ, a normaliser η that grows as exp(a Σ Δ), ψ = ηΔβ and W_v = W_x, separable attention has the "
    "matrices of SSD, in the basis of the paper. The normaliser, kept in ψ as η_j, is what forgets; it depends "
    "on all tokens so far.",
    latex=r"\varphi_i = \gamma_i, \quad \eta_i = e^{a \sum_{k \le i} \Delta_k}, \quad "
    r"\psi_i = \eta_i \Delta_i \beta_i, \quad W_v = W_x",
    source="derived here; the duality: Dao and Gu 2024",
    models=("ssd", "separable_attention"),
    notebook="05_linear_attention_and_s6",
)


def dual(d: int, n: int, length: int) -> tuple[SSD, System, System]:
    """SSD of symbols with one head and D = 0, its system and that of the attention."""
    ssd, u = with_steps(SSD.symbolic(d=d, n=n, heads=1), length), tokens(length, d)
    ssd = having(ssd, D=0 * ssd.D)
    return ssd, ssd.system(u), ssd_as_attention(ssd, u).system(u)


@ssd_to_attention.step("Λ_i, B_i and C_i are those of attention, at any sizes", "Kronecker")
def dual_at_any_size():
    _, system, attention = dual(3, 2, 3)
    return same_at_any_size(system, attention)


def same_at_any_size(left: System, right: System):
    """Λ_i, B_i and C_i of two systems; what is written differs by one factor."""
    found, claimed, beta = kronecker(left, 2), kronecker(right, 2), coefficients()[0]
    factor = right.write[2, 0, 0] / left.write[2, 0, 0]
    written = claimed.B.xreplace({beta: factor[0] * beta})
    yield Identity(one_scalar(found.Lambda), one_scalar(claimed.Lambda))
    yield Identity(one_scalar(found.B), one_scalar(written))
    yield Identity(found.C, claimed.C)
    yield factor, np.broadcast_to(factor[:1], factor.shape)


def one_scalar(matrix: sp.MatrixExpr) -> sp.MatrixExpr:
    """A matrix expression with its scalar factors multiplied out."""
    scalar, matrices = matrix.doit().as_coeff_matrices()
    return sp.expand(scalar) * sp.MatMul(*matrices)


@ssd_to_attention.step("All four matrices entry by entry: 3 channels, 2 states, 4 tokens", "identity")
def dual_entries():
    _, system, attention = dual(3, 2, 4)
    yield system.Lambda[1:], attention.Lambda[1:]  # Λ_0 multiplies a state of zero
    for name in ("B", "C", "D"):
        yield getattr(system, name), getattr(attention, name)


@ssd_to_attention.step("At all times: η_i = e^{aΔ_i} η_{i-1}, so Λ_i ⋯ Λ_{j+1} = η_j/η_i", "induction")
def all_times():
    ssd, system, attention = dual(2, 2, 3)
    steps, log, eta = ssd.step(None), attention.output_gain.log[:, 0, 0, 0], sp.Function("eta")
    growth, earlier = (at_time(sp.exp(sp.expand(log[k - 1] - log[k])), [steps], k) for k in (2, 1))
    yield earlier, growth
    decay = at_time(system.Lambda[2, 0, 0], [steps], 2)
    for left, right in induction(eta(J) / eta(I), decay):
        yield left.subs(eta(I - 1), eta(I) / growth), right


def dual_residual(ssd: SSD, length: int = 6) -> list[float]:
    """How far the matrices and the kernel of SSD are from those of the attention."""
    u = np.random.default_rng(6).standard_normal((length, ssd.d))
    left, right = ssd.system(u), ssd_as_attention(ssd, u).system(u)
    matrices = [relative(getattr(left, name)[1:], getattr(right, name)[1:]) for name in ("Lambda", "B", "C")]
    return [*matrices, relative(left.kernel(), right.product_kernel())]


def no_feedthrough(share: float = 0.0, heads: int = 1) -> SSD:
    """SSD with some of its feedthrough left."""
    ssd = drawn("ssd", np.random.default_rng(7), d=4, n=2, heads=heads)
    return having(ssd, D=share * ssd.D)


@ssd_to_attention.numbers("Random SSD: the matrices and the kernel")
def random_duals(rng):
    found = []
    for d, n, length in ((2, 3, 6), (4, 2, 12), (3, 1, 9)):
        ssd = drawn("ssd", rng, d=d, n=n, heads=1)
        found += dual_residual(having(ssd, D=0 * ssd.D, A_log=ssd.A_log - 2), length)
    return found


ssd_to_attention.hypothesis(
    "nothing passes by the state",
    "D = 0",
    violation=lambda ssd: np.max(np.abs(ssd.D)),
    holds=lambda: no_feedthrough(),
    dropped=lambda: no_feedthrough(share=1.0),
)(dual_residual)

ssd_to_attention.hypothesis(
    "SSD has no more heads than the attention, here one",
    "H = 1",
    violation=lambda ssd: ssd.heads - 1,
    holds=lambda: no_feedthrough(heads=1),
    dropped=lambda: no_feedthrough(heads=2),
)(lambda ssd: heads_needed(ssd) - 1)


# -------------------------------------------------------------------- attention as SSD

attention_to_ssd = Claim(
    id="attention-to-ssd",
    title="In the paper's basis attention is SSD where its normaliser grows in size, and only there.",
    statement="In the basis of the paper, separable attention is SSD with Δ_i = log(η_i/η_{i-1})/a, β = ψ/(ηΔ) and "
    "γ = φ if and only if η keeps its sign and |η| strictly increases: a softplus is positive, so SSD can only forget.",
    latex=r"\Delta_i = \tfrac1a \log \tfrac{\eta_i}{\eta_{i-1}} > 0 \iff \tfrac{\eta_i}{\eta_{i-1}} > 1, \qquad "
    r"\beta_i = \tfrac{\psi_i}{\eta_i \Delta_i}, \qquad \gamma_i = \varphi_i",
    source="derived here",
    models=("separable_attention", "norm_attention", "ssd"),
    notebook="05_linear_attention_and_s6",
)
RATE = sp.Symbol("a", positive=True)


def steps_of(attention: System, rate=RATE) -> Array:
    """Δ_i = log(η_i/η_{i-1})/a; the first multiplies a state of zero and is one."""
    log = -attention.output_gain.log[:, 0, 0, 0]
    return np.concatenate([[1], (log[1:] - log[:-1]) / rate])


def ssd_of(attention: System, delta: Array, rate=RATE) -> System:
    """SSD whose tokens (β_i, γ_i, z_i) carry its coefficients, with softplus(z_i) = Δ_i."""
    xp, (log, sign) = attention.xp, attention.output_gain
    beta = attention.write[:, 0, 0] * xp.exp(log)[:, 0, 0] * sign[:, 0, 0] / delta[:, None]
    u = np.concatenate([beta, attention.read[:, 0, 0], xp.log(xp.exp(delta) - 1)[:, None]], axis=1)
    n, eye = beta.shape[1], xp.new_eye(u, u.shape[1])
    return SSD(
        W_x=eye,
        W_delta=eye[-1:],
        A_log=xp.log(np.array([rate])),
        W_B=eye[:n],
        W_C=eye[n:-1],
        D=0 * eye[0, :1],
    ).system(u)


def any_attention(length: int, eta: np.ndarray) -> System:
    """Separable attention with symbols for its features and a normaliser that is given."""
    phi, psi = (symbols(name, (length, 1, 2)) for name in ("phi", "psi"))
    model = SeparableAttention.symbolic(d=3, n=2, phi=lambda q: phi, psi=lambda k: psi, eta=lambda u: eta)
    return model.system(tokens(length, 3))


@attention_to_ssd.step(
    "Δ_i = log(η_i/η_{i-1})/a, β = ψ/(ηΔ), γ = φ: the same Λ, B, C at any sizes", "Kronecker"
)
def dual_of_attention():
    attention = any_attention(3, symbols("eta", (3,), positive=True)[:, None])
    return same_at_any_size(attention, ssd_of(attention, steps_of(attention)))


@attention_to_ssd.step("A normaliser that grows by the factors 1 + ε_i has steps Δ_i > 0", "identity")
def growing():
    growth = symbols("epsilon", (4,), positive=True)
    delta = steps_of(any_attention(4, np.cumprod(1 + growth)[:, None]))
    for step, rise in zip(delta[1:], growth[1:], strict=True):
        yield step, sp.log(1 + rise) / RATE
        yield Identity(sp.sign(sp.log(1 + rise) / RATE), 1, shown=(r"\mathrm{sign}\, \Delta_i", "1"))


@attention_to_ssd.step("Conversely -log Λ_i = aΔ_i > 0 in every SSD, so η_i = η_{i-1}/Λ_i grows", "identity")
def only_growing():
    ssd, u = SSD.symbolic(d=2, n=2, heads=1), tokens(2, 2)
    for rise, step in zip(-ssd.system(u).transition.log.ravel(), ssd.step(u).ravel(), strict=True):
        yield rise, sp.exp(ssd.A_log[0]) * step
        yield Identity(sp.sign(rise), 1, shown=(r"\mathrm{sign}(-\log \Lambda_i)", "1"))


SMALLEST = 1e-3
"""The smallest step that a model is given where a normaliser that does not grow would need one below zero."""


def normalised(eta: np.ndarray, rng: np.random.Generator) -> System:
    """The system of separable attention with random features and a normaliser that is given."""
    phi, psi = rng.standard_normal((2, len(eta), 1, 2))
    projections = drawn("linear_attention", rng, d=3, n=2).parameters
    model = SeparableAttention(
        **projections, phi=lambda q: phi, psi=lambda k: psi, eta=lambda u: eta[:, None]
    )
    return model.system(rng.standard_normal((len(eta), 3)))


def clipped_ssd(attention: System) -> list[float]:
    """How far attention is from SSD in decays and kernel, the steps clipped to what softplus gives."""
    ssd = ssd_of(attention, np.maximum(steps_of(attention, 1.0), SMALLEST), 1.0)
    decays = (part.Lambda[1:, 0, 0] for part in (ssd, attention))
    return [relative(*decays), relative(ssd.weights(), attention.weights())]


@attention_to_ssd.numbers("Random features under normalisers that grow")
def random_growth(rng):
    return [clipped_ssd(normalised(np.cumprod(rng.uniform(1.1, 2, length)), rng)) for length in (3, 6, 9)]


def in_order(direction: int) -> System:
    """Normalised attention whose tokens come in the order in which η grows, or the other way round."""
    model = drawn("norm_attention", np.random.default_rng(8), d=3, n=2)
    u = np.random.default_rng(9).standard_normal((6, 3))
    return model.system(u[np.argsort(u @ model.W_eta[0])[::direction]])


attention_to_ssd.hypothesis(
    "the normaliser grows in size from token to token",
    r"|\eta_i| > |\eta_{i-1}|",
    violation=lambda attention: np.sum(np.diff(-attention.output_gain.log[:, 0, 0, 0]) <= 0),
    holds=lambda: in_order(1),
    dropped=lambda: in_order(-1),
)(clipped_ssd)

attention_to_ssd.hypothesis(
    "the normaliser keeps its sign",
    r"\eta_i \eta_{i-1} > 0",
    violation=lambda attention: np.sum(np.diff(attention.output_gain.sign[:, 0, 0, 0]) != 0),
    holds=lambda: normalised(np.array([1.0, 2, 3, 4]), np.random.default_rng(9)),
    dropped=lambda: normalised(np.array([1.0, -2, 3, -4]), np.random.default_rng(9)),
)(clipped_ssd)
