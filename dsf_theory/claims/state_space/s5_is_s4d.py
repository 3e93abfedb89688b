"""The claim ``s5-is-s4d``: S5 is S4D whose modes are shared by all channels."""

from dataclasses import replace

import numpy as np

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative, same
from dsf_theory.claims.reading import (
    tokens,
)
from dsf_theory.claims.state_space.equations import by_channel
from dsf_theory.models import S4D, S5
from dsf_theory.models.ssm import RULES
from dsf_theory.system import System

claim = Claim(
    id="s5-is-s4d",
    title="S5 is S4D whose modes are shared by all channels.",
    statement="With one channel S5 and S4D are the same system. With any number of channels S4D is the S5 whose modes "
    "read and write one channel each, and the kernel of S5 is a sum over modes, each the kernel of S4D with one mode "
    "times an outer product.",
    latex=r"\Phi_{ij} = \operatorname{Re} \sum_p 2\, \bar a_p^{\,i-j}\, \bar b_p\; C_p B_p^\top + [i = j]\, D",
    source="derived here; S5: Smith, Warrington, Linderman 2023",
    models=("s5", "s4d"),
    notebook="03_state_space_models",
)


def as_s5(model: S4D) -> S5:
    """The S5 that has each mode of S4D in the channel where it is."""
    return S5(
        A=np.ravel(model.A),
        B=by_channel(model.B),
        C=by_channel(model.C).T,
        delta=np.repeat(model.delta, model.A.shape[1]),
        D=model.D,
        rule=model.rule,
    )


def one_system(left: System, right: System):
    """Λ, B, C, D and Φ of two systems."""
    yield from same(left, right)
    yield left.kernel(), right.kernel()


@claim.step("One channel, three modes: one system, by both rules", "identity")
def one_channel():
    for rule in RULES:
        s4d, u = S4D.symbolic(d=1, n=6, rule=rule), tokens(2, 1)
        delta = np.broadcast_to(s4d.delta, 3)
        s5 = S5(A=s4d.A[0], B=s4d.B.T, C=s4d.C, delta=delta, D=s4d.D, rule=rule)
        yield from one_system(s5.system(u), s4d.system(u))


@claim.step("Two channels: S5 with $B$ and $C$ of one channel a mode is S4D, by both rules", "identity")
def one_channel_a_mode():
    for rule in RULES:
        s4d, u = S4D.symbolic(d=2, n=6, rule=rule), tokens(2, 2)
        yield from one_system(as_s5(s4d).system(u), s4d.system(u))


@claim.step("Any S5 is S4D with a channel for each mode, between two maps: $Φ = C Φ_S4D B$", "identity")
def between_two_maps():
    for rule in RULES:
        s5, u = S5.symbolic(d=2, n=3, rule=rule), tokens(3, 2)
        one = np.ones((3, 1), dtype=int).astype(object)
        s4d = S4D(A=s5.A[:, None], B=one, C=one, delta=s5.delta, D=0 * s5.delta, rule=rule)
        phi, phi_modes = (
            replace(system, real_part=False, feedthrough=None).kernel()
            for system in (s5.system(u), s4d.system(tokens(3, 3)))
        )
        yield phi, s5.C @ phi_modes @ s5.B


def own_modes(s5: S5) -> S4D:
    """S4D whose channels have the modes of S5, and what S5 has of them on the diagonal of Φ."""
    d, P = s5.C.shape
    return S4D(
        A=np.tile(s5.A * s5.delta, (d, 1)),
        B=s5.delta * s5.B.T,
        C=s5.C,
        delta=np.ones(d),
        D=s5.D,
        rule=s5.rule,
    )


def off_the_diagonal(s5: S5) -> float:
    """How far S5 is from S4D."""
    u = np.ones((6, s5.d))
    return relative(s5.kernel(u), own_modes(s5).kernel(u))


@claim.numbers("S5 with one channel is S4D; S4D as an S5")
def random_modes(rng):
    seed, u = int(rng.integers(1000)), rng.standard_normal((12, 3))
    worst = []
    for rule in RULES:
        s4d = S4D.random(d=3, n=4, seed=seed, rule=rule)
        worst += [relative(as_s5(s4d).output(u), s4d.output(u))]
        worst += [off_the_diagonal(S5.random(d=1, n=6, seed=seed, rule=rule))]
    return worst


claim.hypothesis(
    "a mode reads and writes the same channel alone",
    r"C_{cp} B_{pc'} = 0 \text{ for } c \ne c'",
    violation=lambda s5: (s5.C[:, None] * s5.B.T) * (1 - np.eye(s5.d))[..., None],
    holds=lambda: as_s5(S4D.random(d=2, n=4, seed=1)),
    dropped=lambda: S5.random(d=2, n=4, seed=1),
)(off_the_diagonal)
