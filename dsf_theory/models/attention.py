"""Softmax attention, and what it shares with all attention: queries, keys and values in heads."""

from dsf_theory.arrays import Array, checks
from dsf_theory.models.base import Model, NoFiniteSystemError
from dsf_theory.models.declaration import Option, Parameter
from dsf_theory.system import System, apply_map, forms
from dsf_theory.system.transition import Diagonal


class Attention(Model):
    """What all attention shares: queries, keys and values in heads, and the maps around them."""

    W_q = W_k = Parameter("m d")
    W_v = Parameter("d d")
    b_q = b_k = Parameter("m", optional=True)
    b_v = Parameter("d", optional=True)
    W_o = Parameter("d d", optional=True, customary=True)
    b_o = Parameter("d", optional=True)
    heads = Option(1, whole=True)
    scale = Option(None)

    def check(self):
        checks.divides("d", self.d, "heads", self.heads)
        checks.divides("m", self.sizes["m"], "heads", self.heads)

    @classmethod
    def dimensions(cls, d, n, *, heads=1, **options):
        checks.divides("d", d, "heads", heads)
        return {"d": d, "m": n * heads, "heads": heads}

    def project(self, weight: Array, bias: Array | None, u: Array) -> Array:
        """``W u_i + b`` in heads, (..., length, heads, m/heads)."""
        x = apply_map(weight, u, bias)
        return self.xp.reshape(x, (*x.shape[:-1], self.heads, x.shape[-1] // self.heads))

    def queries_keys(self, u: Array) -> tuple[Array, Array]:
        """q (with its scale) and k, (..., length, heads, m/heads)."""
        scale = self.default_scale() if self.scale is None else self.scale
        return scale * self.project(self.W_q, self.b_q, u), self.project(self.W_k, self.b_k, u)

    def default_scale(self):
        """The factor of the scores qᵀk."""
        return 1

    def maps(self, u: Array) -> dict[str, Array | None]:
        """The input and the maps X, E, D around the heads; with a bias they act on ``[u; 1]``."""
        if self.b_v is None and self.b_o is None:
            return {"u": u, "value_map": self.W_v, "output_map": self.W_o}
        xp = self.xp
        none = xp.zeros_like(self.W_v[:, 0])
        feedthrough = None
        if self.b_o is not None:
            feedthrough = xp.concat([xp.zeros_like(self.W_v), self.b_o[:, None]], axis=1)
        return {
            "u": xp.concat([u, xp.ones_like(u[..., :1])], axis=-1),
            "value_map": xp.concat([self.W_v, (none if self.b_v is None else self.b_v)[:, None]], axis=1),
            "output_map": self.W_o,
            "feedthrough": feedthrough,
        }


class SoftmaxAttention(Attention):
    """Causal softmax attention, ``P_ij = exp(q_iᵀk_j scale) / Σ_{l<=i} exp(q_iᵀk_l scale)``, y = P v.

    Args:
        W_q, W_k: (m, d), W_v: (d, d); optional b_q, b_k: (m,), b_v, b_o: (d,), W_o: (d, d).
        heads: number of heads. scale: of the scores, default ``(m/heads)^{-1/2}``.

    Source: Vaswani et al. 2017, eq. (1); Sieber et al. 2024: its state would be infinite.

    >>> import numpy as np
    >>> model = SoftmaxAttention.random(d=4, n=2)
    >>> model.output(np.ones((3, 4))).shape
    (3, 4)
    """

    name = "softmax_attention"
    title = "softmax attention"

    def build(self, u):
        raise NoFiniteSystemError(
            "softmax_attention has no system of finite n: the kernel exp(qᵀk) needs infinitely many features. "
            "Three ways on: truncate its series (taylor_attention with order=p), draw random features "
            "(favor_attention with features=r), or realise the kernel of one input, dsf.realise(model.kernel(u))."
        )

    def default_scale(self):
        """``(m/heads)^{-1/2}``."""
        return 1 / self.xp.root(self.sizes["m"] // self.heads)

    def probabilities(self, u: Array) -> Array:
        """P (..., heads, length, length), lower triangular with rows that sum to one."""
        xp, L = self.xp, u.shape[-2]
        checks.affordable("probabilities", u, self.heads, L, L)
        q, k = (xp.moveaxis(part, -2, -3) for part in self.queries_keys(u))
        scores = xp.where(xp.lower(u, L), q @ xp.matrix_transpose(k), -xp.inf)
        weights = xp.exp(scores - xp.row_max(scores))
        return weights / xp.sum(weights, axis=-1, keepdims=True)

    def shell(self, u: Array) -> System:
        """The maps around the heads, X, E and D, as a system whose own kernel is not used."""
        one = self.xp.new_ones(u, (1, 1, 1, 1))
        return System(transition=Diagonal(0 * one), write=one, read=one, heads=self.heads, **self.maps(u))

    def respond(self, u):
        shell = self.shell(u)
        return shell.emit(forms.apply_weights(self.xp, self.probabilities(u)[..., None, :, :], shell.x))

    def kept(self, length):
        return length * (self.sizes["m"] + self.d)  # all keys and values

    def kernel(self, u):
        model, u, _ = self.taken(u)
        return forms.kernel(model.shell(u), model.probabilities(u)[..., None, :, :])
