"""Selective state space models: S6 (Mamba), its variant in the paper's code, and SSD (Mamba-2).

Step Δ, write β and read γ are functions of the input: ``Λ_i = exp(Δ_i A)``, ``B_i = Δ_i β_i``, ``C_i = γ_iᵀ``.

The literature starts them with steps Δ of 0.001 to 0.1. ``random(memory=m)`` starts with Δ = 1 and every decay at
1/m: a state keeps the share 1/e of what it held m steps ago, as far as Δ depends on its bias alone.
"""

import numpy as np

from dsf_theory.arrays import Array, checks
from dsf_theory.models.base import Model
from dsf_theory.models.declaration import Option, Parameter
from dsf_theory.models.ssm import constant
from dsf_theory.models.starts import inverse_softplus, remembering, started_with, step_sizes
from dsf_theory.system import System, apply_map
from dsf_theory.system.transition import Diagonal


class S6(Model):
    """Selective state space model (Mamba): Δ, B and C depend on the input.

    ``Δ_i = softplus(W_up W_down u_i + b)``, ``Λ_i = exp(Δ_i A)`` with ``A = -exp(A_log)``, ``B_i = Δ_i ⊗ W_B u_i``
    (Euler, as released; zero-order hold has the factor ``(e^{ΔA} - 1)/(ΔA)`` more), ``C_i = (W_C u_i)ᵀ``.

    Args:
        W_delta_down: (r, d), W_delta_up: (d, r), W_B, W_C: (n, d), A_log: (d, n), D: (d,); optional b_delta: (d,).
        b_rule: ``"euler"`` or ``"zoh"``.

    Source: Gu and Dao 2023 (Mamba), algorithm 2 and section 3.6.

    >>> S6.random(d=2, n=4).system(np.ones((3, 2))).Lambda.shape
    (3, 8, 8)
    """

    name = "s6"
    title = "S6 (Mamba)"
    W_delta_down = Parameter("r d")
    W_delta_up = Parameter("d r")
    b_delta = Parameter("d", optional=True)
    W_B = W_C = Parameter("n d")
    A_log = Parameter("d n")
    D = Parameter("d")
    b_rule = Option("euler", choices=("euler", "zoh"))
    free_sizes = ("r", "memory")

    def step(self, u: Array) -> Array:
        """Δ (..., length, d) of u."""
        return self.xp.softplus(apply_map(self.W_delta_up, apply_map(self.W_delta_down, u), self.b_delta))

    def build(self, u):
        xp, delta = self.xp, self.step(u)
        transition = Diagonal(-delta[..., None, :, None], rate=constant(xp.finite_exp(self.A_log)))
        write = apply_map(self.W_B, u)[..., None, None, :]  # (..., length, heads, channel, state)
        return System(
            u=u,
            transition=transition,
            write=write * xp.expm1_ratio(transition.log) if self.b_rule == "zoh" else write,
            read=apply_map(self.W_C, u)[..., None, None, :],
            gain=delta[..., None, :],
            skip=constant(self.D),
        )

    @classmethod
    def dimensions(cls, d, n, *, r=None, memory=None, **options):
        r = -(-d // 16) if r is None else r
        checks.positive_size(r=r)
        return {"d": d, "n": n, "r": r} | started_with(memory)

    @classmethod
    def initial(cls, rng, size):
        d, n, r = size["d"], size["n"], size["r"]
        return {
            "W_delta_up": rng.uniform(-1, 1, (d, r)) / np.sqrt(r),
            "b_delta": inverse_softplus(step_sizes(rng, d)),
            "A_log": np.log(np.broadcast_to(np.arange(1.0, n + 1), (d, n))),
            "D": np.ones(d),
        } | remembering(size, (d,), (d, n))


class S6_2(Model):  # noqa: N801 (the registry name)
    """The variant of S6 in the released code of the DSF paper, which stands there for SSD.

    One decay rate ``a = exp(A_log)`` and one pre-activation ``w·u_i`` for all channels, but a step bias for each:
    ``Λ_i[c] = exp(-a softplus(w·u_i + b_c))`` has d distinct decays, not one.

    Args:
        w_delta: (d,), W_B, W_C: (n, d), A_log: (), D: (d,); optional b_delta: (d,).

    Source: released code of Sieber et al. 2024.

    >>> S6_2.random(d=2, n=4).output(np.ones((3, 2))).shape
    (3, 2)
    """

    name = "s6_2"
    title = "S6, the authors' variant"
    w_delta = Parameter("d")
    b_delta = Parameter("d", optional=True)
    W_B = W_C = Parameter("n d")
    A_log = Parameter("")
    D = Parameter("d")

    def step(self, u: Array) -> Array:
        """Δ (..., length, d) of u."""
        shared = self.xp.broadcast_to((u @ self.w_delta)[..., None], u.shape)
        return self.xp.softplus(shared if self.b_delta is None else shared + self.b_delta)

    def build(self, u):
        xp, delta = self.xp, self.step(u)
        return System(
            u=u,
            transition=Diagonal((-delta * xp.finite_exp(self.A_log))[..., None, :, None]),
            write=apply_map(self.W_B, u)[..., None, None, :],
            read=apply_map(self.W_C, u)[..., None, None, :],
            gain=delta[..., None, :],
            skip=constant(self.D),
        )

    @classmethod
    def initial(cls, rng, size):
        d = size["d"]
        return {
            "w_delta": rng.standard_normal(d) / np.sqrt(d),
            "b_delta": inverse_softplus(step_sizes(rng, d)),
            "A_log": np.zeros(()),
            "D": np.ones(d),
        }


class SSD(Model):
    """State space duality (Mamba-2): S6 with one decay a head, and heads that share B and C in groups.

    ``Δ_i = softplus(W_Δ u_i + b)`` and ``Λ_i = exp(-a Δ_i)``, ``a = exp(A_log)``, are scalars of a head; ``B_i =
    Δ_i β_i ⊗ W_x``, ``C_i = γ_iᵀ`` with ``β_i = W_B u_i``, ``γ_i = W_C u_i`` of the head's group, ``D_i = D W_x``.

    Args:
        W_x: (d, d), W_delta: (heads, d), A_log, D: (heads,), W_B, W_C: (groups*n, d); optional b_delta: (heads,).
        heads: number of heads. groups: number of groups; head r reads group ``r * groups // heads``.
        coupled: whether the step that decays the state also scales what is written; False for ``B_i = β_i ⊗ W_x``.

    Source: Dao and Gu 2024 (Mamba-2), section 3 and 7.

    >>> SSD.random(d=4, n=2, heads=2).system(np.ones((3, 4))).N
    8
    """

    name = "ssd"
    title = "SSD (Mamba-2)"
    W_x = Parameter("d d")
    W_delta = Parameter("heads d")
    b_delta = Parameter("heads", optional=True)
    A_log = Parameter("heads")
    W_B = W_C = Parameter("groups*n d")
    D = Parameter("heads")
    heads = Option(None, whole=True)
    groups = Option(1, whole=True)
    coupled = Option(True, choices=(True, False))
    free_sizes = ("memory",)

    def check(self):
        self.heads = self.sizes["heads"] if self.heads is None else self.heads
        checks.equals("W_delta", "heads", self.heads, self.sizes["heads"])
        checks.divides("d", self.d, "heads", self.heads)
        checks.divides("heads", self.heads, "groups", self.groups)
        checks.divides("W_B", self.sizes["groups*n"], "groups", self.groups)

    def step(self, u: Array) -> Array:
        """Δ (..., length, heads) of u."""
        return self.xp.softplus(apply_map(self.W_delta, u, self.b_delta))

    def build(self, u):
        xp, delta = self.xp, self.step(u)
        return System(
            u=u,
            transition=Diagonal((-delta * xp.finite_exp(self.A_log))[..., None, None]),
            write=self.by_head(apply_map(self.W_B, u)),
            read=self.by_head(apply_map(self.W_C, u)),
            heads=self.heads,
            gain=delta[..., None] if self.coupled else None,
            value_map=self.W_x,
            skip=self.D[None, :, None],
        )

    def by_head(self, x: Array) -> Array:
        """(..., length, groups*n) -> (..., length, heads, 1, n), each group repeated for its heads."""
        xp, each, states = self.xp, self.heads // self.groups, x.shape[-1] // self.groups
        x = xp.reshape(x, (*x.shape[:-1], self.groups, 1, 1, states))
        x = xp.broadcast_to(x, (*x.shape[:-3], each, 1, states))
        return xp.reshape(x, (*x.shape[:-4], self.heads, 1, states))

    @classmethod
    def dimensions(cls, d, n, *, heads=None, groups=1, memory=None, **options):
        heads = heads or groups
        checks.divides("d", d, "heads", heads)
        checks.divides("heads", heads, "groups", groups)
        return {"d": d, "heads": heads, "groups*n": groups * n} | started_with(memory)

    @classmethod
    def initial(cls, rng, size):
        heads = size["heads"]
        return {
            "b_delta": inverse_softplus(step_sizes(rng, heads)),
            "A_log": np.log(rng.uniform(1, 16, heads)),
            "D": np.ones(heads),
        } | remembering(size, (heads,), (heads,))
