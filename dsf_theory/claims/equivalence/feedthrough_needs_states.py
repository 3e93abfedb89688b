"""The claim ``feedthrough-needs-states``: what passes by the state costs attention a state a token."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.reading import (
    drawn,
    having,
    tokens,
    with_steps,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.states.examples import features_for_good, states_beside_feedthrough
from dsf_theory.models import S6

claim = Claim(
    id="feedthrough-needs-states",
    title="What passes by the state would cost attention almost a state for each token.",
    statement="A kernel of $n$ states with invertible $Λ$ is that of attention with $n$ features. With $D$ on its "
    "diagonal it is still a system of the framework with $n$ states, but separable attention, which has no "
    "$D$, needs $L - n$ features over $L >= 2n$ tokens in general position (checked in exact ranks for $n$ "
    "up to 3).",
    latex=r"n_{\mathrm{sep}}(P) = n, \qquad n_{\mathrm{sep}}(P + D) = L - n",
    source="derived here; the completion of lower triangular matrices: Woerdeman",
    models=("s6",),
    notebook="05_linear_attention_and_s6",
)


def exact(n: int, length: int, share: int = 1) -> tuple[S6, np.ndarray]:
    """S6 and tokens for which the first channel's kernel is in fractions, with a share of its feedthrough.

    With zero-order hold, A = -1 and pre-activations log m the decays are 1/(1 + m).
    """
    rng, d = np.random.default_rng(11), 2 * n + 1
    one, eye = np.full(d, sp.S.One), np.eye(d, dtype=int) + sp.S.Zero
    s6 = S6(
        W_delta_down=eye[:1],
        W_delta_up=one[:, None],
        W_B=eye[1 : n + 1],
        W_C=eye[n + 1 :],
        A_log=np.zeros((d, n), dtype=int) + sp.S.Zero,
        D=share * one,
        b_rule="zoh",
    )
    u = rng.integers(1, 10, (length, d)) + sp.S.Zero
    u[:, 0] = [sp.log(m) for m in u[:, 0]]
    return s6, u


def first_kernel(s6: S6, u: np.ndarray) -> np.ndarray:
    """The kernel of the first channel, with its feedthrough, (length, length)."""
    return s6.kernel(u)[..., 0, 0]


def most_states(P: np.ndarray) -> int:
    """The least number of states of a system with the kernel P and any D."""
    return max(states_beside_feedthrough(P, i) for i in range(1, len(P) - 1))


CASES = [(1, 4), (1, 6), (2, 6), (3, 7)]
"""Numbers of states and tokens."""


def counted(measure, share: int) -> np.ndarray:
    """A number of features or states of S6 in every case, in exact ranks."""
    return np.array([measure(first_kernel(*exact(n, length, share))) for n, length in CASES], dtype=object)


@claim.step("$D = 0$: attention needs as many features as S6 has states, in exact ranks", "identity")
def features_of_the_state():
    yield Identity(
        counted(features_for_good, 0), np.array([n for n, _ in CASES]), shown=(r"n_{\mathrm{sep}}(P)", "n")
    )


@claim.step(
    "A minor of $n + 1$ rows and columns is zero without $D$, and $D$ times a minor of $P$ with it",
    "identity",
)
def minors():
    s6, u = with_steps(S6.symbolic(d=2, n=1), 3), tokens(3, 2)
    without, P = (first_kernel(having(s6, D=share * s6.D), u) for share in (0, 1))
    for matrix, claimed, right in ((without, 0, "0"), (P, -s6.D[0] * P[2, 0], r"-D P_{i+1,j}")):
        minor = r"P_{i,j} P_{i+1,i} - P_{i,i} P_{i+1,j}"
        yield Identity(sp.Matrix(matrix[1:, :2]).det(), claimed, shown=(minor, right))


@claim.step("$D ≠ 0$: it needs $L - n$, as every column is new until few rows are left", "identity")
def features_with_feedthrough():
    claimed = np.array([length - n for n, length in CASES])
    yield Identity(counted(features_for_good, 1), claimed, shown=(r"n_{\mathrm{sep}}(P + D)", "L - n"))


@claim.step("The framework needs $n$ states with $D$ and without", "identity")
def states_are_kept():
    for share in (0, 1):
        yield Identity(counted(most_states, share), np.array([n for n, _ in CASES]), shown=("N/d", "n"))


@claim.numbers("The minors of random S6 with one, two and three states, with $D$ and without")
def random_minors(rng):
    found = []
    for n in (1, 2, 3):
        s6, u = drawn("s6", rng, d=4, n=n), rng.standard_normal((2 * n + 1, 4))
        without, P = (first_kernel(having(s6, D=share * s6.D), u) for share in (0, 1))
        claimed = (-1) ** n * s6.D[0] * np.linalg.det(P[n + 1 :, :n])
        scale = np.max(np.abs(P)) ** (n + 1)
        found += [
            np.linalg.det(without[n:, : n + 1]) / scale,
            (np.linalg.det(P[n:, : n + 1]) - claimed) / scale,
        ]
    return found


claim.hypothesis(
    "nothing passes by the state",
    "D = 0",
    violation=lambda case: max(abs(case[0].D)),
    holds=lambda: exact(2, 6, share=0),
    dropped=lambda: exact(2, 6, share=1),
)(lambda case: features_for_good(first_kernel(*case)) - case[0].sizes["n"])
