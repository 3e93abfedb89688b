"""The claim ``rotating-basis``: in a basis that turns along, a rotation is a real diagonal decay."""

import numpy as np

from dsf_theory.arrays import namespace
from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    I,
    J,
    having,
    tokens,
)
from dsf_theory.claims.state_space.equations import (
    blocks,
    cartesian,
    exponentials,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.vanish import numerator
from dsf_theory.models import S4D
from dsf_theory.models.ssm import RULES
from dsf_theory.system.real_form import FORMS

claim = Claim(
    id="rotating-basis",
    title="In a basis that turns along, a rotation is a real diagonal decay.",
    statement="A mode $ā = r e^{jθ}$ is $Λ = r R(θ)$ on $(Re h, Im h)$. In the basis $T_i = R(-iθ)$ it is $Λ = r I$, "
    "real and diagonal, and the rotations go to $B$ and $C$: $R(-iθ) B$ is written and $C R(iθ)$ read, as "
    "rotary position embeddings turn keys and queries.",
    latex=r"R(-i\theta)\; r R(\theta)\; R((i-1)\theta) = r I, \qquad "
    r"C R(i\theta)\, r^{i-j} R(-j\theta) B = C\, (r R(\theta))^{i-j} B",
    source="derived here; rotary embeddings: Su et al. 2021",
    models=("s4d",),
    notebook="03_state_space_models",
)


def rotation(angle: np.ndarray) -> np.ndarray:
    """R(α) for each angle (n,), (2n, 2n)."""
    xp = namespace(angle=angle)
    z = xp.exp(xp.imaginary * angle)
    return blocks(xp.real(z), xp.imag(z))


def phases(model: S4D) -> np.ndarray:
    """θ of each mode under zero-order hold, (d n/2,)."""
    return np.ravel(model.delta[:, None] * model.xp.imag(model.A))


@claim.step("$R(-iθ) Λ R((i-1)θ) = r I$, at every step $i$", "identity")
def diagonal_at_every_step():
    model = cartesian(1, 2)
    Lambda, theta = model.system(tokens(2, 1)).real("block").Lambda[1], phases(model)
    r = exponentials(model.delta * model.xp.real(model.A[0]))
    turned = rotation(-I * theta) @ Lambda @ rotation((I - 1) * theta)
    shown = r"R(-i\theta)\; r R(\theta)\; R((i-1)\theta)", "r I"
    yield Identity(turned, blocks(r, 0 * r), numerator, shown)


@claim.step("The turning form: $Λ_i = r I$, $B_i = R(-iθ) B$ and $C_i = C R(iθ)$", "identity")
def turning_form():
    model, u = cartesian(2, 2), tokens(3, 2)
    turned, fixed, theta = model.system(u).real("rotating"), model.system(u).real("block"), phases(model)
    r = exponentials(np.ravel(model.delta[:, None] * model.xp.real(model.A)))
    for i in range(3):
        yield turned.Lambda[i], blocks(r, 0 * r)
        yield Identity(turned.B[i], rotation(-i * theta) @ fixed.B[i], by=numerator)
        yield Identity(turned.C[i], fixed.C[i] @ rotation(i * theta), by=numerator)
        yield turned.D[i], fixed.D[i]


@claim.step("Read at $i$ and written at $j$ the rotations leave one of $i - j$", "identity")
def relative_positions():
    model = cartesian(1, 2)
    fixed, theta = model.system(tokens(1, 1)).real("block"), phases(model)
    B, C = fixed.B[0], fixed.C[0]
    turned = C @ rotation(I * theta) @ rotation(-J * theta) @ B
    shown = r"C R(i\theta) R(-j\theta) B", r"C R((i-j)\theta) B"
    yield Identity(turned, C @ rotation((I - J) * theta) @ B, numerator, shown)


@claim.step("One kernel: complex, of real blocks, and in the basis that turns", "identity")
def one_kernel():
    system = cartesian(1, 1).system(tokens(3, 1))
    for form in FORMS:
        shown = (
            rf"\Phi^{{\mathrm{{{form}}}}}_{{ij}}",
            r"\operatorname{Re} c\, \bar a^{i-j}\, \bar b + [i = j]\, D",
        )
        yield Identity(system.real(form).kernel(), system.kernel(), numerator, shown)


@claim.numbers("Real forms of S4D, both rules, up to 200 steps")
def real_forms(rng):
    worst = []
    for rule in RULES:
        for L, d, n in ((200, 1, 2), (12, 3, 6)):
            u = rng.standard_normal((L, d))
            system = S4D.random(d=d, n=n, seed=int(rng.integers(1000)), rule=rule).system(u)
            worst += [relative(system.real(form).scan(), system.scan()) for form in FORMS]
    return worst


def turning_residual(angle: np.ndarray) -> float:
    """How far Λ of S4D, in a basis that turns by these angles, is from the real diagonal one."""
    system = slow_mode().system(np.ones((6, 1)))
    basis = np.stack([rotation(-i * angle) for i in range(6)])
    return relative(system.real("block").in_basis(basis).Lambda[1:], system.real("rotating").Lambda[1:])


def slow_mode() -> S4D:
    """S4D with one channel, whose two modes turn by less than half a circle a step."""
    return having(S4D.random(d=1, n=4, seed=1), delta=np.full(1, 0.2))


claim.hypothesis(
    "the basis turns by the angle of the mode at each step",
    r"T_i = R(-i\theta), \quad \theta = \arg \bar a",
    violation=lambda angle: np.angle(np.diag(slow_mode().system(np.ones((1, 1))).Lambda[0])) - angle,
    holds=lambda: phases(slow_mode()),
    dropped=lambda: 0.9 * phases(slow_mode()),
)(turning_residual)
