"""The claim ``convolution``: the recurrence is a convolution with a kernel that varies in time."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.letters import any_matrices
from dsf_theory.claims.reading import (
    I,
    J,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import MODELS, NoFiniteSystemError
from dsf_theory.system import forms
from dsf_theory.system.transition import Dense

claim = Claim(
    id="convolution",
    title="The recurrence is a convolution with a kernel that varies in time.",
    statement="The output of the recurrence is $Φ u$ with $Φ_ij = C_i Λ_i ⋯ Λ_{j+1} B_j$, plus $D_i$ where $i = j$. "
    "The chunked form and the parallel scan compute the same.",
    latex=r"y_i = \sum_{j \le i} \Phi_{ij} u_j, \quad \Phi_{ij} = C_i \Lambda_i \cdots \Lambda_{j+1} B_j + [i = j] D_i",
    source="Sieber et al. 2024, the framework; stated here",
    models=tuple(MODELS),
    notebook="01_the_framework",
)


@claim.step("Six steps of the recurrence are the convolution, whatever the sizes", "matrices")
def six_steps():
    system = any_matrices(6)
    return system.recurrent(), system.convolutional()


@claim.step("One more step: the state $Σ_j P(i-1, j) w_j$ becomes $Σ_j P(i, j) w_j$", "induction")
def one_more_step():
    """The recurrence is read from the code that runs it; so is the rule of the kernel, P(i, j) = Λ_i P(i-1, j)."""
    P, w, decay = sp.Function("P"), sp.Function("w"), sp.Symbol("Lambda_i")
    before, now = sp.Sum(P(I - 1, J) * w(J), (J, 0, I - 1)), w(I)
    step = Dense(np.array([[sp.S.One], [decay]], dtype=object).reshape(2, 1, 1, 1, 1))
    system = replace(any_matrices(4), skip=None)
    after = forms.loop(system.xp, step, np.array([before, now], dtype=object).reshape(2, 1, 1, 1))[1].item()
    claimed = sp.Sum(decay * P(I - 1, J) * w(J), (J, 0, I - 1)) + w(I)  # the last term peeled: P(i, i) = 1
    yield Identity(after, claimed, by=inside_sums)
    phi, Lambda, C = system.kernel()[..., 0, 0], system.Lambda[:, 0, 0], system.C[:, 0, 0]
    for i in (1, 2, 3):
        yield phi[i, :i], C[i] * Lambda[i] / C[i - 1] * phi[i - 1, :i]


def inside_sums(expression):
    """Expand, with constant factors taken out of sums."""
    pulled = sp.expand(expression).replace(sp.Sum, lambda f, limits: sp.factor_terms(sp.Sum(f, limits)))
    return sp.expand(pulled)


@claim.step("Chunks of one to five steps, and the scan, give the same", "matrices")
def other_forms():
    system = any_matrices(5)
    yield system.scan(), system.recurrent()
    for chunk in range(1, 6):
        yield system.chunked(chunk), system.recurrent()


@claim.numbers("Every model of the registry: five forms, one output")
def every_model(rng):
    worst = []
    for model in MODELS.values():
        u = rng.standard_normal((12, 4))
        try:
            system = model.random(d=4, n=2, seed=int(rng.integers(1000))).system(u)
        except NoFiniteSystemError:
            continue
        y = system.recurrent()
        others = (
            system.convolutional(),
            system.chunked(5),
            system.scan(),
            apply(system.product_kernel(), system.u),
        )
        worst += [np.max(np.abs(other - y)) / np.max(np.abs(y)) for other in others]
    return worst


def apply(phi: np.ndarray, u: np.ndarray) -> np.ndarray:
    """``y_i = Σ_j Φ_ij u_j``."""
    return np.einsum("ijcd,jd->ic", phi, u)


def response(initial: float) -> float:
    """How far the convolution is from the recurrence of S6 that starts at ``h_{-1} = initial``."""
    system = MODELS["s6"].random(d=2, n=2, seed=3).system(np.linspace(-1, 1, 10).reshape(5, 2))
    h = np.full(system.N, float(initial))
    y = []
    for Lambda, B, C, D, u in zip(system.Lambda, system.B, system.C, system.D, system.u, strict=True):
        h = Lambda @ h + B @ u
        y.append(C @ h + D @ u)
    return np.max(np.abs(np.array(y) - system.convolutional()))


claim.hypothesis("the state starts at zero", "h_{-1} = 0", violation=abs, holds=0.0, dropped=1.0)(response)
