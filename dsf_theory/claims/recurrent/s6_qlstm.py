"""The claim ``s6-qlstm``: S6 with one state a channel is a quasi-LSTM with coupled gates."""

import numpy as np
import sympy as sp

from dsf_theory.arrays import Array, Namespace
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    drawn,
    having,
    tokens,
    with_steps,
)
from dsf_theory.claims.recurrent.gates import logit, powers, sigmoid, with_gates
from dsf_theory.claims.statement import Identity
from dsf_theory.models import QLSTM, S6, QLSTMReversed
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="s6-qlstm",
    title="S6 with one state a channel has the recursion of a quasi-LSTM with coupled gates.",
    statement="With $n = 1$ and $D = 0$ the decay of S6 is $σ(-z)^a$, the reversed sigmoid, and its kernel is that of "
    "the quasi-LSTM with the gates $f = σ(-z)^a$, $i = Δβ$, $o = γ$ and $W_u = I$. Conversely equal kernels "
    "leave the gates no freedom but a gauge $τ$. Gates lie in $(0, 1)$ and differ by channel; the $β$ and "
    "$γ$ of S6 have any sign and are shared by all channels.",
    latex=r"\Lambda_i = \sigma(-z_i)^a, \qquad f_i = \lambda_i \frac{\tau_i}{\tau_{i-1}}, \quad "
    r"i_i = \tau_i \Delta_i \beta_i, \quad o_i = \frac{\gamma_i}{\tau_i}",
    source="after Sieber et al. 2024; the converse is derived here",
    models=("s6", "qlstm", "qlstm_rev"),
    notebook="04_recurrent_networks",
)


def narrow(d: int = 2) -> S6:
    """S6 in symbols with one state a channel and D = 0."""
    model = S6.symbolic(d=d, n=1)
    return having(model, A_log=model.xp.log(symbols("a", (d, 1), positive=True)), D=0 * model.D)


@claim.step("S6 at $n = 1$: $Λ_i = diag σ(-z_i)^a$ with $z = W_up W_down u + b$", "identity")
def reversed_decay():
    model, u = narrow(), tokens(3, 2)
    z = [model.W_delta_up @ (model.W_delta_down @ u_i) + model.b_delta for u_i in u]
    claimed = [np.diag(sigmoid(model.xp, -row) ** model.xp.exp(model.A_log[:, 0])) for row in z]
    yield Identity(model.system(u).Lambda, np.stack(claimed), by=powers)


@claim.step(
    "With one $a$ for all channels it is the $Λ_i$ of the reversed quasi-LSTM with $W_f = W_up W_down$",
    "identity",
)
def reversed_models():
    alpha, s6, u = sp.Symbol("a", positive=True), narrow(), tokens(3, 2)
    s6 = having(s6, A_log=np.full((2, 1), sp.log(alpha)))
    quasi = QLSTMReversed.symbolic(d=2)
    quasi = having(quasi, alpha=np.array(alpha), W_f=s6.W_delta_up @ s6.W_delta_down, b_f=s6.b_delta)
    yield s6.system(u).Lambda, quasi.system(u).Lambda


def gates_of(s6: S6, u: Array) -> dict[str, Array]:
    """Decay, write and read of S6 with one state a channel, (length, d) each."""
    system = s6.system(u)
    found = (np.diagonal(part, axis1=1, axis2=2) for part in (system.Lambda, system.B, system.C))
    return dict(zip("fio", found, strict=True))


def quasi_lstm(xp: Namespace, like: Array, gates: dict[str, Array]) -> QLSTM:
    """The quasi-LSTM with these gates and W_u = I."""
    eye = xp.new_eye(like, gates["f"].shape[1])
    model = QLSTM(W_f=eye, W_i=eye, W_o=eye, W_u=eye)
    return with_gates(model, {name: logit(xp, part) for name, part in gates.items()})


@claim.step("Gates $f = λ$, $i = Δβ$ and $o = γ$, with $W_u = I$: one kernel", "identity")
def one_kernel():
    s6, u = with_steps(narrow(), 3), tokens(3, 2)
    found, step = gates_of(s6, u), s6.step(u)
    yield found["f"], s6.xp.exp(-step * s6.xp.exp(s6.A_log[:, 0]))
    yield found["i"], step * (u @ s6.W_B.T)
    yield found["o"], np.broadcast_to(u @ s6.W_C.T, (3, 2))
    yield quasi_lstm(s6.xp, u, found).kernel(u), s6.kernel(u)


@claim.step(
    "Conversely the first two diagonals of $Φ$ fix $o$ and $f$, up to $τ$, and with them all of $Φ$",
    "identity",
)
def up_to_a_gauge():
    s6, u = with_steps(narrow(1), 3), tokens(3, 1)
    decay, write, read = (part[:, 0] for part in gates_of(s6, u).values())
    f, tau, o = (symbols(name, (3,), positive=True) for name in ("f", "tau", "o"))
    phi = quasi_lstm(s6.xp, u, {"f": f[:, None], "i": (tau * write)[:, None], "o": o[:, None]}).kernel(u)[
        ..., 0, 0
    ]
    found, target = {}, s6.kernel(u)[..., 0, 0]
    for i in range(3):
        (found[o[i]],) = sp.solve(phi[i, i] - target[i, i], o[i])
        yield found[o[i]], read[i] / tau[i]
        if i:
            (found[f[i]],) = sp.solve((phi[i, i - 1] - target[i, i - 1]).subs(found), f[i])
            yield found[f[i]], decay[i] * tau[i] / tau[i - 1]
    yield phi[2, 0].subs(found), target[2, 0]


def with_gates_in(low: float, high: float, n: int = 1, D: float = 0.0, d: int = 2) -> S6:
    """A random S6 whose β and γ are between two numbers for inputs between 0 and 1, with steps of about one."""
    model = S6.random(d=d, n=n, seed=1)
    W_B, W_C = np.random.default_rng(1).uniform(low, high, (2, n, d)) / d
    return having(model, W_B=W_B, W_C=W_C, D=np.full(d, D), b_delta=np.zeros(d))


def inputs(d: int) -> np.ndarray:
    """Eight tokens between 0 and 1."""
    return np.random.default_rng(2).uniform(0.1, 1, (8, d))


def clipped_quasi_lstm(s6: S6) -> float:
    """How far S6 with one state a channel is from the quasi-LSTM with its gates, clipped to (0, 1)."""
    u = inputs(s6.d)
    clipped = {name: np.clip(part, 1e-9, 1 - 1e-9) for name, part in gates_of(s6, u).items()}
    return relative(quasi_lstm(s6.xp, u, clipped).kernel(u), s6.kernel(u))


@claim.numbers("S6 whose gates lie in $(0, 1)$, and the reversed quasi-LSTM with its decay")
def random_gates(rng):
    s6, u = with_gates_in(0.1, 0.9), rng.standard_normal((9, 3))
    mamba, quasi = drawn("s6", rng, d=3, n=1), drawn("qlstm_rev", rng, d=3)
    mamba = having(mamba, A_log=np.full((3, 1), mamba.A_log[0, 0]))
    W_f = mamba.W_delta_up @ mamba.W_delta_down
    quasi = having(quasi, alpha=np.exp(mamba.A_log[0, 0]), W_f=W_f, b_f=mamba.b_delta)
    return [clipped_quasi_lstm(s6), relative(quasi.system(u).Lambda, mamba.system(u).Lambda)]


claim.hypothesis(
    "what S6 writes and reads lies where gates do",
    r"0 < \Delta_i \beta_i,\; \gamma_i < 1",
    violation=lambda s6: [
        np.maximum(0, np.maximum(-g, g - 1)).max() for g in gates_of(s6, inputs(2)).values()
    ],
    holds=lambda: with_gates_in(0.1, 0.9),
    dropped=lambda: with_gates_in(-0.9, 0.9),
)(clipped_quasi_lstm)


def minor(s6: S6) -> float:
    """``1 - Φ_21 Φ_10 / (Φ_20 Φ_11)``, zero for every quasi-LSTM with one channel, whatever its gates."""
    phi = s6.kernel(inputs(1))[..., 0, 0]
    return 1 - phi[2, 1] * phi[1, 0] / (phi[2, 0] * phi[1, 1])


@claim.numbers("A minor of $Φ$ that is zero for every quasi-LSTM is zero for S6 with $n = 1$ and $D = 0$")
def minors(rng):
    quasi = drawn("qlstm", rng, d=1)
    return [minor(quasi), minor(with_gates_in(-0.9, 0.9, d=1))]


claim.hypothesis(
    "S6 has one state a channel",
    "n = 1",
    violation=lambda s6: s6.sizes["n"] - 1,
    holds=lambda: with_gates_in(0.1, 0.9, d=1),
    dropped=lambda: with_gates_in(0.1, 0.9, n=2, d=1),
)(minor)

claim.hypothesis(
    "nothing passes by the state",
    "D = 0",
    violation=lambda s6: s6.D,
    holds=lambda: with_gates_in(0.1, 0.9, d=1),
    dropped=lambda: with_gates_in(0.1, 0.9, D=1.0, d=1),
)(minor)
