"""The claim ``rglru-system``: the RG-LRU is a diagonal system whose write follows from its decay."""

import numpy as np
import sympy as sp

from dsf_theory.arrays import Array
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import MATRICES, as_claimed, relative, run
from dsf_theory.claims.reading import (
    drawn,
    tokens,
    without,
)
from dsf_theory.claims.recurrent.gates import (
    gate,
    powers,
    sigmoid,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import RGLRU

claim = Claim(
    id="rglru-system",
    title="The RG-LRU is a diagonal system whose write follows from its decay.",
    statement="With the recurrence gate $r$ and the input gate $i$ the decay is $a = σ(Λ_p)^{c r}$, the write $√(1 - "
    "a²) i$, and the state is the output. The released code writes the first input with factor 1 in place "
    "of $√(1 - a²)$.",
    latex=r"\Lambda_i = \operatorname{diag} a_i, \quad B_i = \operatorname{diag} \sqrt{1 - a_i^2} \odot \sigma(x_i), "
    r"\quad C_i = I, \qquad a_i = \sigma(\Lambda_p)^{c\, \sigma(r_i)}",
    source="De et al. 2024 (Griffin); the reset: its released code",
    models=("rglru",),
    notebook="04_recurrent_networks",
)
SHOWN = {
    "Lambda": r"\operatorname{diag} \sigma(\Lambda_p)^{c\, \sigma(W_a u_i + b_a)}",
    "B": r"\operatorname{diag} \sqrt{1 - \Lambda_i^2}\; \sigma(W_x u_i + b_x)",
    "C": "I",
    "D": "0",
}


def claimed(model: RGLRU, u: Array, c: float | sp.Expr, reset: bool = False) -> dict[str, Array]:
    """Λ, B, C and D as claimed."""
    xp, eye = model.xp, np.eye(model.d, dtype=int)
    r, i = (np.stack([sigmoid(xp, gate(model, name, u_i)) for u_i in u]) for name in "ax")
    a = sigmoid(xp, model.Lambda_p) ** (c * r)
    factor = xp.sqrt(1 - a**2)
    if reset:
        factor[0] = 1
    C = np.stack([eye] * len(u))
    return {"Lambda": eye * a[:, None], "B": eye * (factor * i)[:, None], "C": C, "D": 0 * C}


def of_three_tokens(model: RGLRU, c: float | sp.Expr, reset: bool = False):
    """Λ, B, C and D of the model for three tokens, each next to what is claimed."""
    u = tokens(3, 2)
    yield from as_claimed(model.system(u), claimed(model, u, c, reset), SHOWN, by=powers)


@claim.step("$Λ_i$, $B_i$, $C_i$ and $D_i$, for $c = 8$ as it is by default and for any $c$", "identity")
def entries():
    model, c = RGLRU.symbolic(d=2), sp.Symbol("c", positive=True)
    yield from of_three_tokens(model, 8)
    yield from of_three_tokens(without(model, "b_a", "b_x"), 8)
    model.c = c
    yield from of_three_tokens(model, c)


@claim.step("With the reset $B_0 = diag σ(x_0)$, and all else is the same", "identity")
def with_reset():
    model, u = RGLRU.symbolic(d=2, reset=True), tokens(3, 2)
    first = np.diag(sigmoid(model.xp, gate(model, "x", u[0])))
    yield Identity(model.system(u).B[0], first, shown=("B_0", r"\operatorname{diag} \sigma(W_x u_0 + b_x)"))
    yield from of_three_tokens(model, 8, reset=True)


@claim.step("$log a = -c r softplus(-Λ_p)$, the form in which it is computed", "identity")
def in_logarithms():
    model, u = RGLRU.symbolic(d=2), tokens(2, 2)
    r = np.stack([sigmoid(model.xp, gate(model, "a", u_i)) for u_i in u])
    log = model.system(u).transition.log[:, 0, :, 0]
    yield log, -8 * r * model.xp.log(1 + model.xp.exp(-model.Lambda_p))


@claim.numbers(
    "At random, with their biases, $c = 8$ and 3, with and without the reset: matrices and outputs"
)
def random_rglru(rng):
    sizes = {"d": 4, "optional": ("b_a", "b_x")}
    plain = [drawn("rglru", rng, **sizes), drawn("rglru", rng, c=3, **sizes)]
    return [
        *map(system_residual, plain),
        system_residual(drawn("rglru", rng, reset=True, **sizes), reset=True),
    ]


def system_residual(model: RGLRU, reset: bool = False) -> list[float]:
    """How far the matrices and the output are from what is claimed."""
    u = np.random.default_rng(2).standard_normal((9, model.d))
    right, system = claimed(model, u, model.c, reset), model.system(u)
    worst = [np.abs(getattr(system, name) - right[name]).max() for name in MATRICES]
    return [*worst, relative(model.output(u), run(right, u))]


def first_write(model: RGLRU) -> Array:
    """``B_0 - diag(√(1 - a_0²) σ(x_0))``."""
    u = np.random.default_rng(2).standard_normal((9, model.d))
    return model.system(u).B[0] - claimed(model, u, model.c)["B"][0]


claim.hypothesis(
    "the first input is written as the others are",
    r"B_0 = \operatorname{diag} \sqrt{1 - a_0^2} \odot \sigma(x_0)",
    violation=first_write,
    holds=lambda: RGLRU.random(d=3, seed=1),
    dropped=lambda: RGLRU.random(d=3, seed=1, reset=True),
)(system_residual)
