"""The claim ``free-feedthrough``: what states are saved where the diagonal of a kernel is free."""

from dataclasses import replace
from itertools import product

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.letters import any_matrices, letter
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.states.examples import (
    STEPS,
    counted,
    exact_kernels,
    exact_rank,
    registry_kernels,
    states_beside_feedthrough,
    with_skip,
)
from dsf_theory.kernels.hankel import minimal_dimensions, minimal_feedthrough
from dsf_theory.models import MODELS

claim = Claim(
    id="free-feedthrough",
    title="A free feedthrough saves each step a state where the present tells the future nothing new.",
    statement="Over all systems with a kernel $P$, whatever their $D_i$, the least dimension of $h_i$ is the least "
    "rank of the block $[a, P_ii - D_i; B, c]$ with $a = P_{i, :i}$, $B = P_{i+1:, :i}$ and $c = P_{i+1:, "
    "i}$. It is the rank of $[a; B]$ and that of $[B, c]$ less that of $B$, and $D_i = P_ii - a B⁺ c$ "
    "attains it at every step at once.",
    latex=r"\min \dim h_i = \operatorname{rank} P_{i:,\,:i} + \operatorname{rank} P_{i+1:,\,:i+1} - "
    r"\operatorname{rank} P_{i+1:,\,:i}",
    source="Woerdeman 1989, on completions of minimal rank",
    models=("softmax_attention", "linear_attention", "norm_attention", "s6", "ssd", "qlstm"),
    notebook="07_softmax_by_state_expansion",
)


@claim.step(
    "$D$ is on the diagonal of the kernel: of each block it moves the corner, nothing else", "matrices"
)
def corner():
    """So each D_i is chosen for its own block, and the rest of the kernel has the states of its blocks."""
    system = any_matrices(4)
    bare = replace(system, skip=None).kernel()[..., 0, 0]
    shown = r"\Phi_{ij}", r"C_i \Lambda_i \cdots \Lambda_{j+1} B_j + [i = j] D_i"
    yield Identity(system.kernel()[..., 0, 0], bare + np.diag(system.D.ravel()), shown=shown)


@claim.step("If $c = B w$, the corner $a B⁺ c$ makes the last column $[a; B] B⁺ c$: no new rank", "matrices")
def dependent():
    B, inverse, w = (letter(name) for name in ("B", "B^+", "w"))
    c = B * w
    yield Identity((B * inverse * c).subs(B * inverse * B, B), c, shown=(r"B B^+ c", "c"))


@claim.step(
    "If not, some $y$ has $y B = 0$ and $y c = 1$: $(0, y)$ tells the last column from $[a; B]$, whatever "
    "the corner",
    "matrices",
)
def independent():
    """One more than the rank of ``[a; B]`` then: rank [B, c] - rank B is one, and zero before."""
    B, c, y = (letter(name) for name in ("B", "c", "y"))
    rules = [(y * B, sp.S.Zero), (y * c, sp.S.One)]
    for below, claimed, shown in ((B, 0, "(0, y) [a; B]"), (c, 1, "(0, y) [P_{ii} - D_i; c]")):
        yield Identity((y * below).subs(rules), sp.Integer(claimed), shown=(shown, str(claimed)))


@claim.step(
    "Softmax, linear attention, quasi-LSTM in fractions: this $D$ leaves blocks of that rank", "identity"
)
def in_fractions():
    for name, (P, _) in exact_kernels().items():
        steps, rest = range(len(P)), P.copy()
        least = [states_beside_feedthrough(P, i) for i in steps]
        rest[0, 0] = rest[-1, -1] = sp.S.Zero  # nothing before the first, nothing after the last
        for i in steps[1:-1]:
            a, B, c = (
                sp.Matrix(P[part]) for part in (np.s_[[i], :i], np.s_[i + 1 :, :i], np.s_[i + 1 :, [i]])
            )
            rest[i, i] = (a * B.pinv() * c)[0]
        found = [exact_rank(rest[i:, : i + 1]) for i in steps]
        shown = rf"n_0, n_1, ...\ \text{{of {MODELS[name].title}}}", ", ".join(map(str, least))
        yield Identity(np.array(found), np.array(least), shown=shown)


@claim.numbers(
    "Six models of the registry, with a random $D$ and without: the ranks of three blocks, attained"
)
def of_models(rng):
    worst, at = [], np.eye(STEPS)[..., None, None]
    for phi, share in product(registry_kernels(rng), (0, 1)):
        skipping = phi + share * at * rng.standard_normal(phi.shape[2:])
        rest = skipping - at * minimal_feedthrough(skipping)[:, None]
        least = counted(phi, 0, 0) + counted(phi, 1, 1) - counted(phi, 1, 0)
        worst += [*(minimal_dimensions(skipping, feedthrough=True) - least), *(counted(rest) - least)]
    return worst


@claim.hypothesis(
    "$D$ is chosen for the kernel",
    r"D_i = P_{ii} - a B^+ c",
    violation=lambda share: (1 - share) * minimal_feedthrough(with_skip(1.0).kernel()),
    holds=1.0,
    dropped=0.0,
)
def share_of_feedthrough(share) -> int:
    """How many states more than the least the kernel of S6 takes with a share of this feedthrough taken out."""
    phi = with_skip(1.0).kernel()
    rest = phi - share * np.eye(len(phi))[..., None, None] * minimal_feedthrough(phi)[:, None]
    return max(minimal_dimensions(rest) - minimal_dimensions(phi, feedthrough=True))
