"""Separable attention: every attention that is a linear time-varying system.

With feature maps φ, ψ and a normaliser η, separable attention is ``y_i = Σ_{j<=i} φ(q_i)ᵀψ(k_j) / η_i · v_j``. For
any non-zero sequence t it is the system ``Λ_i = t_i/t_{i-1}``, ``B_i = t_i ψ_i ⊗ W_v``, ``C_i = φ_iᵀ/(η_i t_i)``:
it is evaluated with t = 1 and shown, as the paper writes it, with t = 1/η.
"""

import numpy as np

import dsf_theory.features as features
import dsf_theory.models.row_sum as row_sum
from dsf_theory.arrays import Array, as_numbers, checks, domains
from dsf_theory.models.attention import Attention
from dsf_theory.models.declaration import Option, Parameter
from dsf_theory.models.row_sum import Features, RowSum
from dsf_theory.system import Gauge, OutputGain, System, apply_map
from dsf_theory.system.transition import Diagonal


class SeparableAttention(Attention):
    """Separable attention, ``y_i = Σ_{j<=i} φ(q_i)ᵀψ(k_j) / η_i · v_j``, for any feature maps and normaliser.

    Shown in the basis of the paper, ``Λ_i = (η_{i-1}/η_i) I``, ``B_i = (1/η_i)(I ⊗ ψ_i) W_v``, ``C_i = I ⊗ φ_iᵀ``.

    Args:
        W_q, W_k: (m, d), W_v: (d, d); optional b_q, b_k: (m,), b_v, b_o: (d,), W_o: (d, d).
        heads: number of heads. scale: of q, default 1.
        phi, psi: maps of the last axis, (..., m/heads) -> (..., n); default ELU + 1. Row sums stay right where values
            of a map that has an attribute ``logarithm`` leave the range of numbers.
        eta: ``"row_sum"`` (``η_i = φ_iᵀ Σ_{l<=i} ψ_l``), ``"one"``, or a map of u (..., length, d) to
            η (..., length, heads), non-zero everywhere.

    Source: Sieber et al. 2024, the attention section; Katharopoulos et al. 2020, eq. (4)-(9).

    >>> model = SeparableAttention.random(d=4, n=2, eta="one")
    >>> model.system(np.ones((3, 4))).N
    8
    """

    name = "separable_attention"
    title = "separable attention"
    phi = psi = Option(features.elu_plus_one, function=True)
    eta = Option("row_sum", choices=("row_sum", "one"), function=True)

    def build(self, u):
        phi, psi = self.mapped(*self.queries_keys(u))
        if self.eta == "row_sum":
            first, _, exact = self.row_sums(u, phi, psi)
            return self.over(u, first if exact is None else exact)
        log, sign = self.log_normaliser(u, phi.values, psi.values)
        gain = None if log is None else OutputGain(-log, sign)
        return System(
            transition=Diagonal(self.xp.new_zeros(psi.values, (1, 1, 1, 1))),
            write=psi.values,
            read=phi.values,
            heads=self.heads,
            output_gain=gain,
            gauge=gain and Gauge(*gain),
            **self.maps(u),
        )

    def respond(self, u):
        if self.eta != "row_sum":
            return super().respond(u)
        xp = self.xp
        first, good, exact = self.row_sums(u, *self.mapped(*self.queries_keys(u)))
        if exact is None:
            return self.over(u, first).chunked()
        first = first._replace(log=xp.where(good, first.log, xp.zeros_like(first.log)))
        y = xp.silently(self.over(u, first).chunked)
        rows = xp.all(good, axis=(-3, -2, -1))[
            ..., None
        ]  # the others' outputs are what they would be without them
        return xp.where(rows, y, self.over(u, exact).chunked())

    def mapped(self, q: Array, k: Array) -> tuple[Features, Features]:
        """φ of the queries and ψ of the keys."""
        phi, psi = (self.xp.as_precise_as(part, q) for part in (self.phi(q), self.psi(k)))
        checks.one_of_shapes("phi", phi, (*q.shape[:-1], phi.shape[-1]))
        checks.one_of_shapes("psi", psi, phi.shape)
        return Features(phi[..., None, :]), Features(psi[..., None, :])

    def row_sums(self, u: Array, phi: Features, psi: Features) -> tuple[RowSum, Array | None, RowSum | None]:
        """The row sums as they are formed first; and if some are out of range which are not, and all exactly.

        While torch maps or traces, and on a GPU, that is not known: the largest value of a key is taken out of all.
        """
        xp = self.xp
        first = xp.silently(self.first_row_sum, u, phi, psi)
        if xp.name == "sympy":
            return first, None, None
        good = xp.silently(row_sum.in_range, xp, first)
        all_good = xp.throughout(good)
        exact = None
        if not all_good:
            phi, psi = self.with_logarithms(u, phi, psi)
            exact = row_sum.taken_out(xp, phi, psi, joint=all_good is None)
        if all_good is None:
            return exact, None, None
        if not self.trusted:
            self.check_row_sums(exact or first, positive=phi.log is not None and psi.log is not None)
        return first, good, exact

    def check_row_sums(self, found: RowSum, positive: bool) -> None:
        """Refuse row sums that are zero or, of features of either sign, rounding error."""
        domains.non_zero("eta", as_numbers(self.xp.exp(found.log)[..., 0, 0]))
        if not positive:
            row_sum.refuse_cancellation(self.xp, found)

    def first_row_sum(self, u: Array, phi: Features, psi: Features) -> RowSum:
        """The row sums as they are defined, Λ = 1."""
        transition = Diagonal(self.xp.new_zeros(psi.values, (1, 1, 1, 1)))
        log, sign = self.log_normaliser(u, phi.values, psi.values)
        return RowSum(transition, psi.values, phi.values, log, sign)

    def with_logarithms(self, u: Array, *parts: Features) -> list[Features]:
        """φ and ψ with their logarithms, where those are known."""
        maps = (getattr(phi, "logarithm", None) for phi in (self.phi, self.psi))
        return [
            part if log is None else Features(None, log(x)[..., None, :])
            for part, log, x in zip(parts, maps, self.queries_keys(u), strict=True)
        ]

    def over(self, u: Array, found: RowSum) -> System:
        """The system over row sums."""
        states = found.write.shape[-1]
        return System(
            **found.coefficients(), heads=self.heads, extra_state=states * self.heads, **self.maps(u)
        )

    def log_normaliser(self, u: Array, phi: Array, psi: Array) -> tuple[Array | None, Array | None]:
        """``log |η|`` and the sign of η, (..., length, heads, 1, 1); None for η = 1.

        Args:
            u: (..., length, d).
            phi: (..., length, heads, 1, n).
            psi: the same.
        """
        xp = self.xp
        if self.eta == "one":
            return None, None
        if self.eta == "row_sum":
            return xp.signed_log(xp.sum(phi * xp.running_sum(psi, axis=-4), axis=-1, keepdims=True))
        eta = xp.as_precise_as(self.eta(u), u)
        checks.real("eta", eta)
        checks.one_of_shapes("eta", eta, u.shape[:-1], (*u.shape[:-1], self.heads))
        eta = xp.broadcast_to(eta if eta.ndim == u.ndim else eta[..., None], (*u.shape[:-1], self.heads))
        if not self.trusted:
            domains.non_zero("eta", as_numbers(eta))
        return xp.signed_log(eta[..., None, None])


class LinearAttention(SeparableAttention):
    """Linear attention, ``y_i = Σ_{j<=i} q_iᵀk_j v_j``: Λ = I, un-normalised.

    Args:
        W_q, W_k: (m, d), W_v: (d, d); optional b_q, b_k: (m,), b_v, b_o: (d,), W_o: (d, d).
        heads: number of heads. scale: of q, default 1.

    Source: Katharopoulos et al. 2020 with φ the identity; Sieber et al. 2024.

    >>> system = LinearAttention.random(d=4, n=2).system(np.ones((3, 4)))
    >>> bool((system.Lambda == np.eye(8)).all())
    True
    """

    name = "linear_attention"
    title = "linear attention"
    phi = psi = staticmethod(features.identity)
    eta = "one"


class LinearAttentionELU(SeparableAttention):
    """Linear attention with ELU + 1 features and the row-sum normaliser.

    ``η_i = φ_iᵀ Σ_{l<=i} ψ_l`` depends on the query: ``Λ_i = η_{i-1}/η_i`` is not confined to (0, 1].

    Args:
        W_q, W_k: (m, d), W_v: (d, d); optional b_q, b_k: (m,), b_v, b_o: (d,), W_o: (d, d).
        heads: number of heads. scale: of q, default 1.

    Source: Katharopoulos et al. 2020, eq. (7)-(9).

    >>> LinearAttentionELU.random(d=4, n=2).output(np.ones((3, 4))).shape
    (3, 4)
    """

    name = "linear_attention_elu"
    title = "linear attention, ELU + 1"
    phi = psi = staticmethod(features.elu_plus_one)
    eta = "row_sum"


class NormAttention(SeparableAttention):
    """Normalised attention, ``y_i = Σ_{j<=i} q_iᵀk_j / η_i · v_j`` with a learned ``η_i = act(W_η u_i + b_η)``.

    Args:
        W_q, W_k: (m, d), W_v: (d, d), W_eta: (heads, d); optional b_eta: (heads,), b_q, b_k: (m,), b_v, b_o: (d,),
            W_o: (d, d).
        heads: number of heads. scale: of q, default 1.
        eta: ``"exp"``, ``"softplus"`` or ``"sigmoid"``.
        feature_map: φ = ψ, ``"identity"`` or ``"elu_plus_one"``.

    Source: Sieber et al. 2024, eq. (21).

    >>> NormAttention.random(d=4, n=2, eta="softplus").output(np.ones((3, 4))).shape
    (3, 4)
    """

    name = "norm_attention"
    title = "normalised attention"
    W_eta = Parameter("heads d")
    b_eta = Parameter("heads", optional=True)
    eta = Option("exp", choices=("exp", "softplus", "sigmoid"))
    feature_map = Option("identity", choices=("identity", "elu_plus_one"))
    phi = psi = None

    def check(self):
        super().check()
        self.phi = self.psi = getattr(features, self.feature_map)
        checks.equals("W_eta", "heads", self.heads, self.sizes["heads"])

    @classmethod
    def initial(cls, rng, size):
        return {"b_eta": np.zeros(size["heads"])}

    def log_normaliser(self, u, phi, psi):
        z = apply_map(self.W_eta, u, self.b_eta)[..., None, None]
        log_eta = {"exp": lambda z: z, "softplus": self.xp.log_softplus, "sigmoid": self.xp.log_sigmoid}[
            self.eta
        ](z)
        return log_eta, self.xp.ones_like(log_eta)
