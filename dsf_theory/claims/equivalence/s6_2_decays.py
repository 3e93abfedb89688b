"""The claim ``s6-2-decays``: the S6 of the paper's code has as many decays as different biases."""

from itertools import product

import numpy as np
import sympy as sp
from sympy.matrices.expressions.kronecker import KroneckerProduct

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import same
from dsf_theory.claims.reading import (
    EYE_N,
    SIZE_D,
    diagonal,
    drawn,
    having,
    heads_needed,
    tokens,
    without,
)
from dsf_theory.claims.state_space.selective import (
    as_ssd,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import S6, S6_2

claim = Claim(
    id="s6-2-decays",
    title="The S6 of the paper's code is not SSD: it has as many decays as it has different biases.",
    statement="S6_2 is S6 with one pre-activation and one rate for all channels, but each channel has a bias of its "
    "own. The decay of a channel falls strictly with its bias, so different biases are different decays; "
    "where all biases, and all $D$, are equal it is SSD with one head and $W_x = I$.",
    latex=r"\Lambda_i = \mathrm{diag}\big(e^{-a\, \mathrm{softplus}(w^\top u_i + b_c)}\big)_c \otimes I_n",
    source="released code of Sieber et al. 2024; derived here",
    models=("s6_2", "s6", "ssd"),
    notebook="03_state_space_models",
)


@claim.step("S6_2 is S6 with a step of rank one, $W_up = 1$ and $W_down = wᵀ$, and one rate", "identity")
def is_s6():
    s6_2, u = S6_2.symbolic(d=3, n=2), tokens(3, 3)
    for model in (s6_2, without(s6_2, "b_delta")):
        shared = {name: getattr(model, name) for name in ("W_B", "W_C", "b_delta", "D")}
        up, rate = np.full((3, 1), sp.S.One), np.full((3, 2), model.A_log.item())
        s6 = S6(W_delta_down=model.w_delta[None], W_delta_up=up, A_log=rate, **shared)
        yield from same(model.system(u), s6.system(u), ("S6_2", "S6"))


@claim.step("$Λ_i$ is a diagonal matrix of channels $⊗ I$: one decay a channel, at any sizes", "Kronecker")
def one_decay_a_channel():
    log, decay = S6_2.symbolic(d=3, n=2).system(tokens(3, 3)).transition.log, "Lambda_i"
    yield diagonal(log[1, 0], decay), KroneckerProduct(sp.MatrixSymbol(decay, SIZE_D, SIZE_D), EYE_N)


@claim.step("$∂Λ_i[c]/∂b_c = -a σ(wᵀu_i + b_c) Λ_i[c] < 0$: its own decay falls with a bias", "calculus")
def falls_with_the_bias():
    model, u = S6_2.symbolic(d=3, n=2), tokens(1, 3)
    decays = np.diag(model.system(u).Lambda[0])[::2]
    for c, e in product(range(3), repeat=2):
        open_gate = sp.exp(u[0] @ model.w_delta + model.b_delta[c])
        slope = -sp.exp(model.A_log.item()) * open_gate / (1 + open_gate) * decays[c]
        right = r"-a\, \sigma(w^\top u_i + b_c)\, \Lambda_i[c]" if c == e else "0"
        shown = (rf"\partial \Lambda_i[{c}] / \partial b_{e}", right)
        yield Identity(sp.diff(decays[c], model.b_delta[e]), slope if c == e else 0, shown=shown)
        yield Identity(sp.sign(slope), -1, shown=(rf"\mathrm{{sign}}\, {right}", "-1"))


@claim.step("With one bias and one $D$ for all channels it is SSD with one head and $W_x = I$", "identity")
def equal_biases():
    model, u = S6_2.symbolic(d=3, n=2), tokens(3, 3)
    model = having(model, b_delta=model.b_delta[[0, 0, 0]], D=model.D[[0, 0, 0]])
    yield from same(
        model.system(u), as_ssd(model, model.w_delta[None], model.A_log[None]).system(u), ("S6_2", "SSD")
    )


@claim.numbers("Four channels with one to four different biases need as many heads")
def as_many_as_biases(rng):
    found = []
    for count in range(1, 5):
        biases = np.linspace(-1, 1, count)[[min(c, count - 1) for c in range(4)]]
        model = having(drawn("s6_2", rng, d=4, n=2), b_delta=biases, D=np.zeros(4))
        found.append(heads_needed(model) - count)
    return found


claim.hypothesis(
    "all biases are equal, so that it is SSD with one head",
    r"b_1 = \dots = b_d",
    violation=lambda biases: np.ptp(biases),
    holds=np.full(3, 0.5),
    dropped=np.array([-1.0, 0.5, 2.0]),
)(lambda biases: heads_needed(having(S6_2.random(d=3, n=2, seed=7), b_delta=biases)) - 1)
