"""The claim ``normaliser-placement``: where the normaliser stands is a choice of basis."""

import numpy as np
import sympy as sp

from dsf_theory.claims.attention.published import KERNEL, READ, UNIT, WRITTEN, complete, in_symbols, renamed
from dsf_theory.claims.attention.separable_attention import linear_system, scaled_state
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    I,
    J,
    at_time,
    induction,
    kronecker,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import MODELS
from dsf_theory.system import Gauge, System
from dsf_theory.system.symbolic import symbols

claim = Claim(
    id="normaliser-placement",
    title="Where the normaliser stands is a choice of basis.",
    statement="For every sequence $t_i$ without zeros the system with $Λ_i = t_i/t_{i-1}$, $B_i = t_i (I ⊗ ψ_i) W_v$ "
    "and $C_i = (I ⊗ φ_iᵀ)/(η_i t_i)$ has the same kernel: in the state ($t = 1/η$), at the output ($t = "
    "1$), or kept small by a running maximum.",
    latex=r"\frac{\phi_i^\top}{\eta_i t_i} \cdot \frac{t_i}{t_j} \cdot t_j \psi_j = \frac{\phi_i^\top \psi_j}{\eta_i}",
    source="Sieber et al. 2024 places it in the state; other bases: derived here",
    models=("separable_attention", "linear_attention_elu", "norm_attention", "ssd", "s6", "s4"),
    notebook="06_normalisation",
)


def in_any_basis() -> tuple[System, np.ndarray, np.ndarray]:
    """Separable attention shown in a basis t_i, its normalisers η_i, and t."""
    found, t = in_symbols(d=2, n=3), symbols("t", (4,))
    gauge = Gauge(
        np.array([sp.log(each) for each in t]).reshape(4, 1, 1, 1), np.ones((4, 1, 1, 1), dtype=object)
    )
    return found.system.in_gauge(gauge), found.eta, t


@claim.step(
    "$Λ_i = (t_i/t_{i-1}) I$, $B_i = t_i (I ⊗ ψ_i) W_v$, $C_i = (I ⊗ φ_iᵀ)/(η_i t_i)$, at every size",
    "Kronecker",
)
def any_basis():
    system, eta, t = in_any_basis()
    read = kronecker(system, 2)
    claimed = (
        READ / (eta[2] * t[2]),
        t[2] * WRITTEN,
        t[2] / t[1] * UNIT,
    )
    for left, right in zip(reversed(read), claimed, strict=True):
        yield Identity(left, right, shown=(renamed(left), renamed(right)))


@claim.step("Between $j$ and $i$ the ratios telescope to $t_i/t_j$, for all times", "induction")
def basis_telescopes():
    system, _, t = in_any_basis()
    general = sp.Function("t", real=True)
    return induction(general(I) / general(J), at_time(system.Lambda[2, 0, 0], [t], 2))[::-1]


@claim.step("$C_i (t_i/t_j) B_j$ is free of $t$, at every size", "Kronecker")
def free_of_t():
    system, eta, t = in_any_basis()
    at_i, at_j = kronecker(system, 3), kronecker(system, 1, mark="j")
    claimed = KERNEL / eta[3]
    shown = r"C_i \tfrac{t_i}{t_j} B_j", r"\tfrac{1}{\eta_i} (I_d \otimes \phi_i^\top \psi_j) W_v"
    yield Identity(at_i.C * (t[3] / t[1]) * at_j.B, claimed, shown=shown)


@claim.step("Signs of $t$ cancel, and $1/η$, 1 and $t$ multiply out to one kernel", "identity")
def signs_cancel():
    system, eta, t = in_any_basis()
    log = system.gauge.log
    for sign in ((1, 1, 1, 1), (1, -1, 1, -1), (-1, -1, 1, 1)):
        gauge = Gauge(log, np.array(sign, dtype=object).reshape(4, 1, 1, 1))
        shown = r"C_i \Lambda_i \cdots \Lambda_{j+1} B_j", r"\Phi_{ij}"
        yield Identity(system.in_gauge(gauge).product_kernel(), system.kernel(), shown=shown)
    for gauge in (Gauge(*system.output_gain), None):
        yield system.in_gauge(gauge).product_kernel(), system.kernel()


@claim.numbers("Random bases with signs, the three placements, two heads")
def random_placements(rng):
    worst = []
    for name in claim.models[:3]:
        system = complete(name, rng, heads=2).system(rng.standard_normal((6, 4)))
        y = system.chunked(4)
        shape = (6, 2, 1, 1)
        running = np.maximum.accumulate(np.log(np.abs(system.write)).max(axis=(2, 3), keepdims=True), axis=0)
        bases = [
            Gauge(rng.standard_normal(shape), rng.choice([-1.0, 1.0], shape)),
            Gauge(-running, np.ones(shape)),
            Gauge(*system.output_gain),
            None,
        ]
        for basis in bases:
            shown = system.in_gauge(basis)
            forms = (read_states(shown), shown.recurrent(), shown.convolutional())
            worst += [relative(form, y) for form in forms]
            worst += [relative(phi, system.kernel()) for phi in (shown.product_kernel(), shown.kernel())]
    return worst


def read_states(system: System) -> np.ndarray:
    """``C_i h_i + D_i u_i`` of the states as they are shown."""
    return (system.C @ system.states()[..., None] + system.D @ system.u[..., None])[..., 0]


@claim.numbers("Bases that differ from state to state, of models with transitions of their own")
def other_transitions(rng):
    worst = []
    for name in ("ssd", "s6", "s4"):
        system, shape = MODELS[name].random(d=4, n=2).system(rng.standard_normal((6, 4))), (6, 1, 1, 2)
        basis = Gauge(rng.standard_normal(shape), rng.choice([-1.0, 1.0], shape))
        worst.append(relative(system.in_gauge(basis).product_kernel(), system.kernel()))
    return worst


@claim.hypothesis(
    "no $t_i$ is zero",
    r"t_i \ne 0",
    violation=lambda t: np.sum(np.array(t) == 0),
    holds=(1.0, -0.5, 2.0),
    dropped=(1.0, 0.0, 2.0),
)
def lost_memory(t) -> float:
    """How far the kernel is in the basis t; what cannot be undone is left out."""
    system = linear_system((1.0, 2.0, 0.5))
    return relative(scaled_state(system, np.array(t)).product_kernel(), system.kernel())
