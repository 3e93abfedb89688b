"""The claim ``qlstm-system``: the quasi-LSTM is a diagonal system whose coefficients are gates."""

import numpy as np
import sympy as sp

from dsf_theory.arrays import Array
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import MATRICES, as_claimed, relative, same
from dsf_theory.claims.reading import (
    drawn,
    having,
    tokens,
    without,
)
from dsf_theory.claims.recurrent.gates import (
    gate,
    logit,
    powers,
    sigmoid,
    with_gates,
)
from dsf_theory.models import QLSTM, QLSTMReversed
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="qlstm-system",
    title="The quasi-LSTM is a diagonal system with one state a channel and gates for its coefficients.",
    statement="$Λ_i$, $B_i$ and $C_i$ are the forget, the input and the output gate, $B_i$ times $W_u$; $D$ is zero. "
    "With the reversed sigmoid the decay is $σ(-f)^α = e^{-α softplus(f)}$, with $α = 1$ the quasi-LSTM of "
    "$-f$.",
    latex=r"\Lambda_i = \operatorname{diag} \sigma(f_i), \quad B_i = \operatorname{diag} \sigma(i_i)\, W_u, \quad "
    r"C_i = \operatorname{diag} \sigma(o_i); \quad \tilde\Lambda_i = \operatorname{diag} \sigma(-f_i)^\alpha",
    source="Sieber et al. 2024, eq. (23), and its released code",
    models=("qlstm", "qlstm_rev"),
    notebook="04_recurrent_networks",
)
SHOWN = {
    "Lambda": r"\operatorname{diag} \sigma(W_f u_i + b_f)",
    "B": r"\operatorname{diag} \sigma(W_i u_i + b_i)\, W_u",
    "C": r"\operatorname{diag} \sigma(W_o u_i + b_o)",
    "D": "0",
}


def qlstm_claimed(model: QLSTM, u: Array) -> dict[str, np.ndarray]:
    """Λ, B, C and D as claimed."""
    xp = model.xp
    f, i, o = (np.stack([sigmoid(xp, gate(model, name, u_i)) for u_i in u]) for name in "fio")
    if isinstance(model, QLSTMReversed):
        f = np.stack([sigmoid(xp, -gate(model, "f", u_i)) ** model.alpha for u_i in u])
    diagonal = [np.stack([np.diag(row) for row in part]) for part in (f, i, o)]
    return {"Lambda": diagonal[0], "B": diagonal[1] @ model.W_u, "C": diagonal[2], "D": 0 * diagonal[0]}


@claim.step("$Λ_i$, $B_i$, $C_i$ and $D_i$ of the quasi-LSTM: three tokens, two channels", "identity")
def entries():
    model, u = QLSTM.symbolic(d=2), tokens(3, 2)
    for each in (model, without(model, "b_f", "b_i", "b_o")):
        yield from as_claimed(each.system(u), qlstm_claimed(each, u), SHOWN)


@claim.step("Reversed: $Λ_i = σ(-f_i)^α$, all else is the same; no decay for $α <= 0$", "identity")
def reversed_sigmoid():
    for sign in ("positive", "negative"):
        alpha = np.array(sp.Symbol("alpha", **{sign: True}))
        model, u = having(QLSTMReversed.symbolic(d=2), alpha=alpha), tokens(3, 2)
        system, claimed = model.system(u), qlstm_claimed(model, u)
        if sign == "negative":
            claimed["Lambda"] = np.broadcast_to(np.eye(2, dtype=int), (3, 2, 2))
        shown = {**SHOWN, "Lambda": r"\operatorname{diag} \sigma(-f_i)^\alpha"}
        yield from as_claimed(system, claimed, shown, by=powers)


@claim.step("Reversed with $α = 1$ it is the quasi-LSTM of $-f$", "identity")
def reversed_gate():
    model, u = having(QLSTMReversed.symbolic(d=2), alpha=np.array(sp.S.One)), tokens(3, 2)
    values = {k: v for k, v in model.parameters.items() if k != "alpha"}
    mirrored = QLSTM(**values | {"W_f": -model.W_f, "b_f": -model.b_f})
    yield from same(model.system(u), mirrored.system(u))


@claim.step("$Φ_ij = diag(o_i f_i ⋯ f_{j+1} i_j) W_u$", "identity")
def kernel_of_gates():
    gates = {name: symbols(name, (3, 2), positive=True) for name in "fio"}
    model = QLSTM.symbolic(d=2)
    model = with_gates(model, {name: logit(model.xp, part) for name, part in gates.items()})
    phi, (f, write, read) = model.kernel(tokens(3, 2)), gates.values()
    for i, j in zip(*np.tril_indices(3), strict=True):
        yield phi[i, j], (read[i] * np.prod(f[j + 1 : i + 1], axis=0) * write[j])[:, None] * model.W_u


@claim.numbers("Both models at random, with their biases: matrices and outputs")
def random_qlstm(rng):
    found = [drawn(name, rng, d=4, optional=("b_f", "b_i", "b_o")) for name in claim.models]
    return [qlstm_residual(having(m, alpha=np.abs(m.alpha)) if "alpha" in m.parameters else m) for m in found]


def qlstm_residual(model: QLSTM) -> list[float]:
    """How far Λ, B, C and the output are from what is claimed."""
    u = np.random.default_rng(2).standard_normal((9, model.d))
    claimed, system, h, y = qlstm_claimed(model, u), model.system(u), np.zeros(model.d), []
    for Lambda, B, C, u_i in zip(*(claimed[name] for name in "Lambda B C".split()), u, strict=True):
        h = Lambda @ h + B @ u_i
        y.append(C @ h)
    worst = [relative(getattr(system, name), claimed[name]) for name in MATRICES[:3]]
    return [*worst, np.abs(system.D).max(), relative(model.output(u), np.array(y))]


def with_power(alpha: float) -> QLSTMReversed:
    """A random quasi-LSTM with this power of the reversed sigmoid."""
    return having(drawn("qlstm_rev", np.random.default_rng(1), d=3), alpha=np.array(alpha))


claim.hypothesis(
    "the power of the reversed sigmoid is not negative",
    r"\alpha \ge 0",
    violation=lambda model: np.maximum(-model.alpha, 0),
    holds=lambda: with_power(0.7),
    dropped=lambda: with_power(-0.7),
)(qlstm_residual)
