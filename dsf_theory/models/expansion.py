"""Softmax attention by state expansion: its kernel ``exp(qᵀk)`` replaced by finitely many features.

Both models are separable attention in softmax attention's own parameters: one truncates the series of exp, the other
draws features whose inner product is exp on average.
"""

from typing import ClassVar

import dsf_theory.features as features
import dsf_theory.models.row_sum as row_sum
from dsf_theory.arrays import Array, as_numbers, checks, domains
from dsf_theory.models.attention import SoftmaxAttention
from dsf_theory.models.declaration import Option, Parameter
from dsf_theory.models.row_sum import Features
from dsf_theory.models.separable import SeparableAttention


class SoftmaxExpansion(SeparableAttention):
    """What both share: the row-sum normaliser, and the scale of the scores divided between q and k."""

    eta = "row_sum"
    default_scale = SoftmaxAttention.default_scale

    def check(self):
        super().check()
        if self.scale is not None:
            domains.positive("scale", as_numbers(self.scale))

    def queries_keys(self, u):
        """q and k, each times the root of the scale, (..., length, heads, m/heads)."""
        half = self.xp.root(self.default_scale() if self.scale is None else self.scale)
        return half * self.project(self.W_q, self.b_q, u), half * self.project(self.W_k, self.b_k, u)


class TaylorAttention(SoftmaxExpansion):
    """Softmax attention with exp cut off after a degree p, ``P_ij ∝ Σ_{k<=p} t_ij^k / k!``, ``t_ij = q_iᵀk_j scale``.

    The features are the weighted monomials of q and k, and the state expansion is ``binomial(m/heads + p, p)``. With
    ``δ = e^ρ ρ^{p+1} / (p+1)! < 1`` for scores of size ρ, a row of weights is within ``2δ`` of softmax in sum.

    Monomials take either sign. Where a row sum is much smaller than its terms, of up to ``Σ_{k<=p} r^k / k!`` with
    ``r = Σ_c |q_c k_c| scale``, they cancel and digits are lost; a row with fewer than three left is refused. A layer
    that trains does not look.

    Args:
        W_q, W_k: (m, d), W_v: (d, d); optional b_q, b_k: (m,), b_v, b_o: (d,), W_o: (d, d).
        heads: number of heads. scale: of the scores, default ``(m/heads)^{-1/2}``.
        order: the degree p, which is even: Taylor polynomials of odd degree turn negative, and weights with them.

    Source: Keles et al. 2023; Arora et al. 2024 (Based), where the order is 2.

    >>> import numpy as np
    >>> model = TaylorAttention.random(d=4, n=2, order=4)
    >>> model.system(np.ones((3, 4))).n  # binomial(2 + 4, 4)
    15
    """

    name = "taylor_attention"
    title = "Taylor attention"
    order = Option(2, whole=True)

    def check(self):
        super().check()
        if self.order % 2:
            raise ValueError(
                f"order: expected an even number, found {self.order}; the Taylor polynomials of exp of odd degree "
                "turn negative"
            )

    def phi(self, x: Array) -> Array:
        """The monomials of x up to the order."""
        return features.monomials(x, self.order)

    psi = phi


class FavorAttention(SoftmaxExpansion):
    """FAVOR+ attention, ``P_ij ∝ φ(q_i)ᵀφ(k_j)`` with positive random features, so that ``E φ(q)ᵀφ(k) = exp(qᵀk)``.

    ``φ(x)_l = e^{ω_lᵀx - ‖x‖²/2} / √r``, of q and k each times ``√scale``; the state expansion is r. As in a stable
    softmax, what cancels is taken out of the exponents before they are formed: the largest log φ of a query, and the
    largest log ψ of the keys so far, ``M_i``, so that the state decays by ``e^{M_{i-1} - M_i}``. Λ, B and C are shown
    as they are defined. In single precision that serves up to ``‖x‖`` of 15, in double of 110, even where q = -k.

    Args:
        W_q, W_k: (m, d), W_v: (d, d); optional b_q, b_k: (m,), b_v, b_o: (d,), W_o: (d, d).
        omega: (r, m/heads), the directions ω, drawn once and not trained; ``random(features=r)`` draws r orthogonal
            ones, by default n.
        heads: number of heads. scale: of the scores, default ``(m/heads)^{-1/2}``.

    Source: Choromanski et al. 2021, Lemma 1, section 2.4 and Algorithm 1.

    >>> import numpy as np
    >>> model = FavorAttention.random(d=4, n=2, features=16)
    >>> model.system(np.ones((3, 4))).n
    16
    """

    name = "favor_attention"
    title = "FAVOR+ attention"
    omega = Parameter("r m/heads", trained=False)
    free_sizes: ClassVar[tuple[str, ...]] = ("features",)

    def check(self):
        super().check()
        checks.one_of_shapes("omega", self.omega, (self.sizes["r"], self.sizes["m"] // self.heads))

    @classmethod
    def dimensions(cls, d, n, *, features=None, **options):
        r = n if features is None else features
        checks.positive_size(features=r)
        return {**super().dimensions(d, n, **options), "r": r, "m/heads": n}

    @classmethod
    def initial(cls, rng, size):
        return {"omega": features.random_directions(size["r"], size["m/heads"], rng)}

    def phi(self, x: Array) -> Array:
        """The positive random features of x."""
        return features.positive_random(x, self.omega)

    psi = phi

    def mapped(self, q, k):
        logs = (features.log_positive_random(x, self.omega)[..., None, :] for x in (q, k))
        return tuple(Features(self.xp.exp(log) if self.xp.name == "sympy" else None, log) for log in logs)

    def first_row_sum(self, u, phi, psi):
        if self.xp.name == "sympy":
            return super().first_row_sum(u, phi, psi)
        return row_sum.taken_out(self.xp, phi, psi, joint=True)

    def with_logarithms(self, u, *parts):
        return list(parts)
