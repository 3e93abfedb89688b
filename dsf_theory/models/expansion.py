"""Softmax attention by state expansion: its kernel ``exp(qᵀk)`` replaced by finitely many features.

Both models are separable attention in softmax attention's own parameters: one truncates the series of exp, the other
draws features whose inner product is exp on average.
"""

from typing import ClassVar

import dsf_theory.features as features
from dsf_theory.arrays import Array, Namespace, checks, domains
from dsf_theory.models.attention import SoftmaxAttention
from dsf_theory.models.declaration import Option, Parameter
from dsf_theory.models.separable import SeparableAttention
from dsf_theory.system import Gauge, OutputGain, System, forms
from dsf_theory.system.dense import earlier
from dsf_theory.system.transition import Diagonal


class SoftmaxExpansion(SeparableAttention):
    """What both share: the row-sum normaliser, and the scale of the scores divided between q and k."""

    eta = "row_sum"
    default_scale = SoftmaxAttention.default_scale

    def check(self):
        super().check()
        if self.scale is not None:
            domains.positive("scale", self.scale)

    def queries_keys(self, u):
        """q and k, each times the root of the scale, (..., length, heads, m/heads)."""
        half = self.xp.root(self.default_scale() if self.scale is None else self.scale)
        return half * self.project(self.W_q, self.b_q, u), half * self.project(self.W_k, self.b_k, u)


class TaylorAttention(SoftmaxExpansion):
    """Softmax attention with exp cut off after a degree p, ``P_ij ∝ Σ_{k<=p} t_ij^k / k!``, ``t_ij = q_iᵀk_j scale``.

    The features are the weighted monomials of q and k, and the state expansion is ``binomial(m/heads + p, p)``. With
    ``δ = e^ρ ρ^{p+1} / (p+1)! < 1`` for scores of size ρ, a row of weights is within ``2δ`` of softmax in sum.

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

    def log_phi(self, x: Array) -> Array:
        """The logarithm of the features."""
        return features.log_positive_random(x, self.omega)

    def build(self, u):
        xp = self.xp
        log_phi, log_psi = (self.log_phi(x)[..., None, :] for x in self.queries_keys(u))  # (..., heads, 1, r)
        own, so_far = (xp.row_max(log) + 0 * log[..., :1] for log in (log_phi, log_psi))
        so_far = running_max(xp, so_far)
        transition = Diagonal(earlier(xp, so_far) - so_far)
        read, write = xp.exp(log_phi - own), xp.exp(log_psi - so_far)
        eta = xp.sum(read * forms.associative(xp, transition, write), axis=-1, keepdims=True)
        if not self.trusted:
            domains.non_zero("eta", eta[..., 0, 0])
        log_eta, one = xp.log(eta), xp.ones_like(eta)
        return System(
            transition=transition,
            write=write,
            read=read,
            heads=self.heads,
            output_gain=OutputGain(-log_eta, one),
            gauge=Gauge(-log_eta - own, one),
            extra_state=write.shape[-1] * self.heads,
            **self.maps(u),
        )


def running_max(xp: Namespace, x: Array) -> Array:
    """The largest entry so far along the axis of time of x (..., length, heads, channel, state)."""
    reach = 1
    while reach < x.shape[-4]:
        later = xp.maximum(x[..., reach:, :, :, :], x[..., :-reach, :, :, :])
        x, reach = xp.concat([x[..., :reach, :, :, :], later], axis=-4), 2 * reach
    return x
