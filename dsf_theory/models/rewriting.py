"""State space models written as attention: the maps that are proved, computed and trained with."""

from dsf_theory.arrays import Array
from dsf_theory.features import identity
from dsf_theory.models.selective import S6, SSD
from dsf_theory.models.separable import SeparableAttention
from dsf_theory.system import apply_map


def ssd_as_attention(ssd: SSD, u: Array) -> SeparableAttention:
    """Separable attention that has, on the input u, the matrices of SSD with one head and D = 0.

    ``φ_i = γ_i``, ``η_i = exp(a Σ_{k<=i} Δ_k)``, ``ψ_j = η_j Δ_j β_j``, ``W_v = W_x``. The normaliser and ψ depend on
    all tokens so far. A feedthrough D is left out.

    Args:
        ssd: with one head, of any array library.
        u: (..., length, d).

    Raises:
        ValueError: for more than one head.

    >>> import numpy as np
    >>> ssd, u = SSD.random(d=4, n=2, heads=1), np.ones((3, 4))
    >>> attention = ssd_as_attention(ssd, u).system(u)
    >>> float(np.abs(attention.Lambda - ssd.system(u).Lambda)[1:].max()) < 1e-15
    True
    """
    one_head(ssd)
    xp, delta = ssd.xp, ssd.step(u)  # (..., length, 1)
    eta = xp.exp(xp.exp(ssd.A_log) * xp.cumulative_sum(delta, axis=-2))
    return SeparableAttention(
        W_q=ssd.W_C,
        W_k=ssd.W_B,
        W_v=ssd.W_x,
        phi=identity,
        psi=lambda k: (eta * delta)[..., None] * k,
        eta=lambda u: eta,
    )


def s6_as_attention(s6: S6, u: Array) -> SeparableAttention:
    """Separable attention of d heads, one for each channel, that has on the input u the kernel of S6 with D = 0.

    ``φ_i[c] = γ_i exp(A[c] S_i[c])``, ``ψ_j[c] = Δ_j[c] β_j exp(-A[c] S_j[c])`` with ``S_i = Σ_{k<=i} Δ_k``, and η = 1.
    Both features grow or shrink exponentially with time. A feedthrough D is left out.

    Args:
        s6: of any array library, with Euler's B.
        u: (..., length, d).

    Raises:
        ValueError: for the other rule of B.

    >>> import numpy as np
    >>> s6, u = S6.random(d=2, n=3), np.ones((4, 2))
    >>> s6_as_attention(s6, u).system(u).heads
    2
    """
    if s6.b_rule != "euler":
        raise ValueError(f"s6: expected b_rule='euler', found {s6.b_rule!r}")
    xp, delta = s6.xp, s6.step(u)[..., None]  # (..., length, d, 1)
    log = -xp.exp(s6.A_log) * xp.cumulative_sum(delta, axis=-3)
    return SeparableAttention(
        W_q=xp.concat([s6.W_C] * s6.d, axis=0),
        W_k=xp.concat([s6.W_B] * s6.d, axis=0),
        W_v=xp.new_eye(u, s6.d),
        phi=lambda q: q * xp.exp(log),
        psi=lambda k: delta * k * xp.exp(-log),
        eta="one",
        heads=s6.d,
    )


def ssd_with_local_normaliser(ssd: SSD, u: Array) -> SeparableAttention:
    """Separable attention that starts as SSD with one head and a constant step, but learns a local normaliser.

    With ``Δ = softplus(b_Δ)``: ``log η_i = a (i + 1) Δ + W_Δ u_i``, ``φ_i = γ_i``, ``ψ_j = e^{a (j + 1) Δ} Δ β_j``. In
    SSD the token changes the step through W_Δ, here the normaliser: they are one model only while ``W_Δ = 0``.

    Args:
        ssd: with one head and b_Δ, of any array library.
        u: (..., length, d).

    Raises:
        ValueError: for more than one head, or without b_Δ.

    Source: DSF, eq. (21), with a clock for the decay.

    >>> import numpy as np
    >>> given = SSD.random(d=4, n=2, heads=1, optional=("b_delta",)).parameters
    >>> ssd, u = SSD(**given | {"W_delta": np.zeros((1, 4)), "D": np.zeros(1)}), np.ones((3, 4))
    >>> bool(np.allclose(ssd_with_local_normaliser(ssd, u).output(u), ssd.output(u), rtol=1e-12))
    True
    """
    one_head(ssd)
    if ssd.b_delta is None:
        raise ValueError("ssd: expected a bias b_delta of the step, found none")
    xp, token = ssd.xp, apply_map(ssd.W_delta, u)  # (..., length, 1)
    delta = xp.softplus(ssd.b_delta) * xp.ones_like(token)
    clock = xp.exp(ssd.A_log) * xp.cumulative_sum(delta, axis=-2)
    return SeparableAttention(
        W_q=ssd.W_C,
        W_k=ssd.W_B,
        W_v=ssd.W_x,
        phi=identity,
        psi=lambda k: (xp.exp(clock) * delta)[..., None] * k,
        eta=lambda u: xp.exp(clock + token),
    )


def one_head(ssd: SSD) -> None:
    """Refuse SSD with several heads."""
    if ssd.heads != 1:
        raise ValueError(f"ssd: expected one head, found {ssd.heads}")
