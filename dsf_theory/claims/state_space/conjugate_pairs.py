"""The claim ``conjugate-pairs``: complex modes of S4D are real blocks of S4."""

from dataclasses import replace

import numpy as np

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative, same
from dsf_theory.claims.reading import (
    having,
    tokens,
)
from dsf_theory.claims.state_space.equations import (
    blocks,
    cartesian,
    interleaved,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.vanish import numerator
from dsf_theory.models import S4, S4D
from dsf_theory.models.ssm import RULES
from dsf_theory.system.real_form import rotations

claim = Claim(
    id="conjugate-pairs",
    title="S4D with $n/2$ complex modes, the same for all channels, is S4 with a real $n × n$ matrix.",
    statement="A complex mode $a = -σ + jω$ is the real matrix $[[-σ, -ω], [ω, -σ]]$ on $(Re h, Im h)$: sums, "
    "products and inverses go over, so both rules do. The input is $(Re b, Im b)$, the output $2 (Re c, -Im "
    "c)$: twice the real part stands for the mode and its conjugate.",
    latex=r"a \mapsto \begin{pmatrix} \operatorname{Re} a & -\operatorname{Im} a \\ "
    r"\operatorname{Im} a & \operatorname{Re} a \end{pmatrix}, \qquad "
    r"c\, \bar a^{\,k} b + \overline{c\, \bar a^{\,k} b} = 2 \operatorname{Re} c\, \bar a^{\,k} b",
    source="Gu et al. 2022 (S4D)",
    models=("s4d", "s4"),
    notebook="03_state_space_models",
)


def as_s4(model: S4D) -> S4:
    """The S4 that an S4D is, whose channels share A and B."""
    xp, A, B = model.xp, model.A[0], model.B[0]
    return S4(
        A=blocks(xp.real(A), xp.imag(A)),
        B=interleaved(xp.real(B), xp.imag(B)),
        C=interleaved(2 * xp.real(model.C), -2 * xp.imag(model.C)),
        delta=model.delta,
        D=model.D,
        rule=model.rule,
    )


@claim.step(
    "Real matrices of complex numbers: $R(z + w) = R(z) + R(w)$, $R(z w) = R(z) R(w)$, $R(1) = I$", "identity"
)
def numbers_as_matrices():
    model = cartesian(2, 2)
    z, w = model.C
    xp, R = model.xp, lambda z: rotations(model.xp, z)
    yield R(z), blocks(xp.real(z), xp.imag(z))
    yield R(z + w), R(z) + R(w)
    yield R(z * w), R(z) @ R(w)
    yield R(z / z), np.eye(4, dtype=int)


@claim.step(
    "The real form of S4D: $Λ = R(ā)$, $B = (Re b̄, Im b̄)$, $C = (Re c, -Im c)$, the same $D$", "identity"
)
def real_form():
    system = S4D.symbolic(d=2, n=4).system(tokens(2, 2))
    real, xp = system.real("block"), system.xp
    decay, B, C = np.diag(system.Lambda[1]), system.B[1].T, system.C[1]
    yield real.Lambda[1], blocks(xp.real(decay), xp.imag(decay))
    yield real.B[1], interleaved(xp.real(B), xp.imag(B)).T
    yield real.C[1], interleaved(xp.real(C), -xp.imag(C))
    yield real.D[1], system.D[1]


@claim.step("It is S4 with $A = R(a)$, by zero-order hold and by the bilinear rule", "identity")
def s4_of_blocks():
    for rule in RULES:
        model, u = cartesian(2, 1, rule), tokens(2, 2)
        left, right = as_s4(model).system(u), model.system(u).real("block")
        yield from same(left, right, ("S4", "S4D"), numerator)


def with_partners(model: S4D, partner=np.conj) -> S4D:
    """S4D with a second mode for each, its conjugate, and half of C for both."""
    parts = {"A": model.A, "B": model.B, "C": model.C / 2}
    return having(model, **{k: np.concatenate([part, partner(part)], axis=1) for k, part in parts.items()})


@claim.step(
    "With the conjugate modes beside them the output is real, twice the real part of half of them", "identity"
)
def twice_the_real_part():
    model, u = cartesian(1, 1), tokens(3, 1)
    both = replace(with_partners(model).system(u), real_part=False)
    one = r"c \bar a^{i-j} \bar b"
    shown = rf"{one} + \overline{{{one}}} + [i = j]\, D", rf"2 \operatorname{{Re}} {one} + [i = j]\, D"
    yield Identity(both.kernel(), model.kernel(u), numerator, shown)


def shared(seed: int, n: int, rule: str) -> S4D:
    """S4D whose channels share A and B."""
    model = S4D.random(d=3, n=n, seed=seed, rule=rule)
    rng = np.random.default_rng(seed)
    return having(model, B=np.tile(rng.standard_normal(n // 2) + 1j * rng.standard_normal(n // 2), (3, 1)))


@claim.numbers("S4D as S4, one to three modes, both rules")
def random_pairs(rng):
    u, worst = rng.standard_normal((12, 3)), []
    for n in (2, 4, 6):
        for rule in RULES:
            model = shared(int(rng.integers(1000)), n, rule)
            worst += [relative(as_s4(model).output(u), model.output(u))]
            worst += [relative(model.system(u).real("block").kernel(), model.kernel(u))]
    return worst


def partners(model: S4D) -> list[np.ndarray]:
    """How far the second half of the modes is from the conjugates of the first."""
    halves = (np.split(part, 2, axis=1) for part in (model.A, model.B, model.C))
    return np.concatenate([second - first.conj() for first, second in halves])


def pair_residual(model: S4D) -> float:
    """How far the sum over all modes is from twice the real part of the first half."""
    A, B, C = (np.split(part, 2, axis=1)[0] for part in (model.A, model.B, model.C))
    u = np.ones((6, model.d))
    half = having(model, A=A, B=B, C=2 * C)
    return relative(replace(model.system(u), real_part=False).kernel(), half.kernel(u))


claim.hypothesis(
    "modes come in conjugate pairs",
    r"a' = \overline{a}, \quad b' = \overline{b}, \quad c' = \overline{c}",
    violation=partners,
    holds=lambda: with_partners(shared(1, 4, "zoh")),
    dropped=lambda: with_partners(shared(1, 4, "zoh"), partner=lambda part: part),
)(pair_residual)


def own_modes(spread: float) -> S4D:
    """S4D whose poles are scaled by channel."""
    model = shared(1, 4, "zoh")
    return having(model, A=model.A * (1 + spread * np.arange(3.0))[:, None])


claim.hypothesis(
    "all channels have the same modes",
    r"A_c = A_0, \quad B_c = B_0",
    violation=lambda model: [part - part[0] for part in (model.A, model.B)],
    holds=lambda: own_modes(0.0),
    dropped=lambda: own_modes(0.5),
)(lambda model: relative(as_s4(model).kernel(np.ones((6, 3))), model.kernel(np.ones((6, 3)))))
