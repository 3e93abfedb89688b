"""Recurrent networks: the LSTM, what is left of it once its gates forget the state, and the RG-LRU."""

import numpy as np

from dsf_theory.models.base import Model, NoFiniteSystemError
from dsf_theory.models.declaration import Option, Parameter
from dsf_theory.models.starts import inverse_softplus, started_with
from dsf_theory.system import System, apply_map
from dsf_theory.system.transition import Diagonal

GATES = ("f", "i", "o", "u")


class Gated(Model):
    """What the gated recurrent networks share: gates of the input, one state a channel."""

    @classmethod
    def dimensions(cls, d, n, *, memory=None, **options):
        return {"d": d} | started_with(memory)

    def gate(self, name: str, u):
        """``W_name u + b_name``, (..., length, d)."""
        return apply_map(getattr(self, f"W_{name}"), u, getattr(self, f"b_{name}"))


def per_channel(x):
    """(..., length, d) -> (..., length, heads=1, channel=d, state=1)."""
    return x[..., None, :, None]


def zeros(size: int, *names: str) -> dict[str, np.ndarray]:
    """A vector of zeros under each name."""
    return {name: np.zeros(size) for name in names}


def reversed_gate(size: dict) -> np.ndarray:
    """The biases f at which a gate ``σ(-f)`` starts: -1, or where it is ``exp(-1/memory)``."""
    memory = size.get("memory")
    return np.full(size["d"], -1.0 if memory is None else inverse_softplus(1 / memory))


class LSTM(Gated):
    """The LSTM: ``c_i = f ⊙ c_{i-1} + i ⊙ tanh(g)``, ``h_i = o ⊙ tanh(c_i)``, its gates functions of u and h.

    Args:
        W_f, W_i, W_o, W_u: (d, d), of the input; U_f, U_i, U_o, U_u: (d, d), of the last output; optional b_f, b_i,
            b_o, b_u: (d,).

    Source: Hochreiter and Schmidhuber 1997; Gers et al. 2000.

    >>> LSTM.random(d=2).output(np.ones((3, 2))).shape
    (3, 2)
    """

    name = "lstm"
    title = "LSTM"
    W_f = W_i = W_o = W_u = Parameter("d d")
    U_f = U_i = U_o = U_u = Parameter("d d")
    b_f = b_i = b_o = b_u = Parameter("d", optional=True)

    def build(self, u):
        raise NoFiniteSystemError(
            "lstm is not a linear system: its gates read the last output, so Λ_i depends on the state. Take the gates "
            "of the input alone and drop tanh, and it is one: qlstm."
        )

    def respond(self, u):
        xp, d = self.xp, self.d
        of_input = xp.concat([self.gate(name, u) for name in GATES], axis=-1)
        U = xp.concat([getattr(self, f"U_{name}") for name in GATES], axis=0).T
        h = c = xp.zeros_like(u[..., 0, :])
        outputs = []
        for i in range(u.shape[-2]):
            gates = of_input[..., i, :] + xp.matmul(h, U)
            f, write, o, g = (gates[..., k * d : (k + 1) * d] for k in range(len(GATES)))
            c = xp.sigmoid(f) * c + xp.sigmoid(write) * xp.tanh(g)
            h = xp.sigmoid(o) * xp.tanh(c)
            outputs.append(h)
        return xp.stack(outputs, axis=-2)

    def kept(self, length):
        return 2 * self.d  # the cell and the last output

    @classmethod
    def initial(cls, rng, size):
        return {"b_f": np.ones(size["d"])} | zeros(size["d"], "b_i", "b_o", "b_u")


class QLSTM(Gated):
    """Quasi-LSTM: the LSTM without tanh and with gates of the input only, ``h = σ(f) ⊙ h + σ(i) ⊙ W_u u``.

    ``Λ_i = diag σ(W_f u_i + b_f)``, ``B_i = diag σ(W_i u_i + b_i) W_u``, ``C_i = diag σ(W_o u_i + b_o)``.

    Args:
        W_f, W_i, W_o, W_u: (d, d); optional b_f, b_i, b_o: (d,).

    The forget gate starts at σ(1), a memory of 3 steps; ``random(memory=m)`` starts it at ``exp(-1/m)``.

    Source: Sieber et al. 2024, eq. (22).

    >>> QLSTM.random(d=2).output(np.ones((3, 2))).shape
    (3, 2)
    """

    name = "qlstm"
    title = "quasi-LSTM"
    W_f = W_i = W_o = W_u = Parameter("d d")
    b_f = b_i = b_o = Parameter("d", optional=True)
    free_sizes = ("memory",)

    def build(self, u):
        xp = self.xp
        return System(
            u=u,
            transition=Diagonal(per_channel(self.log_forget(u))),
            write=per_channel(xp.sigmoid(self.gate("i", u))),
            read=per_channel(xp.sigmoid(self.gate("o", u))),
            value_map=self.W_u,
        )

    def log_forget(self, u):
        """Logarithm of the forget gate, ``log σ(W_f u + b_f)``."""
        return self.xp.log_sigmoid(self.gate("f", u))

    @classmethod
    def initial(cls, rng, size):
        return {"b_f": -reversed_gate(size)} | zeros(size["d"], "b_i", "b_o")


class QLSTMReversed(QLSTM):
    """Quasi-LSTM with S6's gate, the reversed sigmoid: ``Λ_i = σ(-f_i)^α = exp(-α softplus(f_i))``, α >= 0.

    Args:
        W_f, W_i, W_o, W_u: (d, d), alpha: (), used as max(alpha, 0); optional b_f, b_i, b_o: (d,).

    Source: Sieber et al. 2024, eq. (23).

    >>> QLSTMReversed.random(d=2).output(np.ones((3, 2))).shape
    (3, 2)
    """

    name = "qlstm_rev"
    title = "quasi-LSTM, reversed sigmoid"
    alpha = Parameter("")

    def log_forget(self, u):
        """``-α softplus(W_f u + b_f)``."""
        return -self.xp.relu(self.alpha) * self.xp.softplus(self.gate("f", u))

    @classmethod
    def initial(cls, rng, size):
        return {"b_f": reversed_gate(size), "alpha": np.ones(())} | zeros(size["d"], "b_i", "b_o")


class RGLRU(Gated):
    """Real-gated linear recurrent unit: ``h = a ⊙ h + √(1 - a²) ⊙ i ⊙ u``, ``log a = -c r softplus(-Λ_p)``.

    ``r_i = σ(W_a u_i + b_a)`` and ``i_i = σ(W_x u_i + b_x)`` are the recurrence and the input gate.

    Args:
        W_a, W_x: (d, d), Lambda_p: (d,); optional b_a, b_x: (d,).
        c: power of the decay. reset: as released, write the first input with factor 1 in place of √(1 - a²).

    Source: De et al. 2024 (Griffin), eq. (1)-(4).

    >>> RGLRU.random(d=2).output(np.ones((3, 2))).shape
    (3, 2)
    """

    name = "rglru"
    title = "RG-LRU"
    W_a = W_x = Parameter("d d")
    b_a = b_x = Parameter("d", optional=True)
    Lambda_p = Parameter("d")
    c = Option(8)
    reset = Option(False, choices=(False, True))

    def check(self):
        if not isinstance(self.c, int | float) or not self.c >= 0:
            raise ValueError(f"c: expected a number >= 0, found {self.c!r}")

    def build(self, u):
        xp = self.xp
        log = self.c * xp.sigmoid(self.gate("a", u)) * xp.log_sigmoid(self.Lambda_p)
        scale = xp.safe_sqrt(-xp.expm1(2 * log))
        if self.reset:
            scale = xp.concat([xp.ones_like(scale[..., :1, :]), scale[..., 1:, :]], axis=-2)
        return System(
            u=u,
            transition=Diagonal(per_channel(log)),
            write=per_channel(scale * xp.sigmoid(self.gate("x", u))),
            read=per_channel(xp.ones_like(log[..., :1, :1])),
        )

    @classmethod
    def initial(cls, rng, size):
        a = rng.uniform(0.9, 0.999, size["d"]) ** (1 / cls.options["c"].default)
        return {"Lambda_p": np.log(a) - np.log1p(-a)} | zeros(size["d"], "b_a", "b_x")
