"""The claim ``attention-to-ssd``: attention is SSD where its normaliser grows in size, and only there."""

import numpy as np
import sympy as sp

from dsf_theory.arrays import Array
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.equivalence.ssd_to_attention import same_at_any_size
from dsf_theory.claims.reading import (
    drawn,
    tokens,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import SSD, SeparableAttention
from dsf_theory.system import System
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="attention-to-ssd",
    title="In the paper's basis attention is SSD where its normaliser grows in size, and only there.",
    statement="In the basis of the paper, separable attention is SSD with $Δ_i = log(η_i/η_{i-1})/a$, $β = ψ/(ηΔ)$ "
    "and $γ = φ$ if and only if $η$ keeps its sign and $|η|$ strictly increases: a softplus is positive, so "
    "SSD can only forget.",
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


@claim.step(
    "$Δ_i = log(η_i/η_{i-1})/a$, $β = ψ/(ηΔ)$, $γ = φ$: the same $Λ$, $B$, $C$ at any sizes", "Kronecker"
)
def dual_of_attention():
    attention = any_attention(3, symbols("eta", (3,), positive=True)[:, None])
    return same_at_any_size(attention, ssd_of(attention, steps_of(attention)))


@claim.step("A normaliser that grows by the factors $1 + ε_i$ has steps $Δ_i > 0$", "identity")
def growing():
    growth = symbols("epsilon", (4,), positive=True)
    delta = steps_of(any_attention(4, np.cumprod(1 + growth)[:, None]))
    for step, rise in zip(delta[1:], growth[1:], strict=True):
        yield step, sp.log(1 + rise) / RATE
        yield Identity(sp.sign(sp.log(1 + rise) / RATE), 1, shown=(r"\mathrm{sign}\, \Delta_i", "1"))


@claim.step("Conversely $-log Λ_i = aΔ_i > 0$ in every SSD, so $η_i = η_{i-1}/Λ_i$ grows", "identity")
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


@claim.numbers("Random features under normalisers that grow")
def random_growth(rng):
    return [clipped_ssd(normalised(np.cumprod(rng.uniform(1.1, 2, length)), rng)) for length in (3, 6, 9)]


def in_order(direction: int) -> System:
    """Normalised attention whose tokens come in the order in which η grows, or the other way round."""
    model = drawn("norm_attention", np.random.default_rng(8), d=3, n=2)
    u = np.random.default_rng(9).standard_normal((6, 3))
    return model.system(u[np.argsort(u @ model.W_eta[0])[::direction]])


claim.hypothesis(
    "the normaliser grows in size from token to token",
    r"|\eta_i| > |\eta_{i-1}|",
    violation=lambda attention: np.sum(np.diff(-attention.output_gain.log[:, 0, 0, 0]) <= 0),
    holds=lambda: in_order(1),
    dropped=lambda: in_order(-1),
)(clipped_ssd)

claim.hypothesis(
    "the normaliser keeps its sign",
    r"\eta_i \eta_{i-1} > 0",
    violation=lambda attention: np.sum(np.diff(attention.output_gain.sign[:, 0, 0, 0]) != 0),
    holds=lambda: normalised(np.array([1.0, 2, 3, 4]), np.random.default_rng(9)),
    dropped=lambda: normalised(np.array([1.0, -2, 3, -4]), np.random.default_rng(9)),
)(clipped_ssd)
