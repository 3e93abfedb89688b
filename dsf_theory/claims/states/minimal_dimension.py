"""The claim ``minimal-dimension``: a kernel needs as many states as its past tells its future."""

from dataclasses import replace

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.letters import any_matrices, letter, through_state, until_none_applies
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.states.examples import (
    counted,
    exact_kernels,
    of_parts,
    reduced,
    registry_kernels,
    with_skip,
)
from dsf_theory.kernels.bounds import kernel_error
from dsf_theory.kernels.hankel import minimal_dimensions
from dsf_theory.kernels.realisation import realise
from dsf_theory.models import MODELS

claim = Claim(
    id="minimal-dimension",
    title="A kernel needs as many states as its past tells its future.",
    statement="Over all systems with a kernel $P$ and no feedthrough, the least dimension of $h_i$ is the rank of the "
    "block of $P$ from tokens up to $i$ to outputs from $i$ on. One system attains it at every step at "
    "once.",
    latex=r"\min \dim h_i = \operatorname{rank} P_{i:,\,:i+1}",
    source="van der Veen & Dewilde 1998",
    models=("softmax_attention", "linear_attention", "norm_attention", "s6", "ssd", "qlstm"),
    notebook="07_softmax_by_state_expansion",
)


@claim.step(
    "Whatever it is, a system's block is $O R$ through $h_i$: its rank is at most $dim h_i$", "matrices"
)
def through_the_state():
    system = replace(any_matrices(5), skip=None)
    for i in (2, 0, 1, 3, 4):
        O, R = through_state(system, i)
        shown = (
            r"\Phi_{kj}, \; k \ge i \ge j",
            r"(C_k \Lambda_k \cdots \Lambda_{i+1}) (\Lambda_i \cdots \Lambda_{j+1} B_j)",
        )
        yield Identity(system.kernel()[i:, : i + 1, 0, 0], np.outer(O, R), shown=shown)


@claim.step(
    "Conversely, with $P_{i:, :i+1} = O_i R_i$ and $G_i O_i = I$, the system $Λ_i = G_i O↓_{i-1}$, $B_i = "
    "G_i P_{i:, i}$ and $C_i$, the first row of $O_i$, has this kernel",
    "matrices",
)
def from_factors():
    """O↓ is O without its first row: two rules are all there is, ``G_i O_i = I`` and ``O↓_{i-1} R_{i-1} = O_i R_i``."""
    L = 4
    O, below, G, first = ([letter(name, i) for i in range(L)] for name in ("O", "F", "G", "e"))
    R = [[letter("R", i, j) for j in range(i + 1)] for i in range(L)]
    rules = [(G[i] * O[i], sp.S.One) for i in range(L)]
    rules += [(below[i - 1] * R[i - 1][j], O[i] * R[i][j]) for i in range(1, L) for j in range(i)]
    Lambda = [letter("any"), *(G[i] * below[i - 1] for i in range(1, L))]
    B, C = [G[j] * O[j] * R[j][j] for j in range(L)], [first[i] * O[i] for i in range(L)]
    parts = [np.array(part, dtype=object) for part in (Lambda, B, C)]
    phi = of_parts(*(part.reshape(L, 1, 1) for part in parts)).kernel()
    for i, j in ((3, 0), (3, 1), (2, 2), (1, 0), (0, 0)):
        shown = r"C_i \Lambda_i \cdots \Lambda_{j+1} B_j", r"e_1^\top O_i R_{ij} = P_{ij}"
        yield Identity(until_none_applies(phi[i, j, 0, 0], rules), first[i] * O[i] * R[i][j], shown=shown)


@claim.step(
    "Softmax, linear attention and quasi-LSTM in fractions: row reduction gives the factors", "identity"
)
def in_fractions():
    for name, (P, ranks) in exact_kernels().items():
        system, sizes = reduced(P)
        shown = r"\Phi_{ij}\ \text{by row reduction}", rf"P_{{ij}}\ \text{{of {MODELS[name].title}}}"
        yield Identity(system.kernel()[..., 0, 0], P, shown=shown)
        yield Identity(np.array(sizes), ranks, shown=("n_0, n_1, ...", ", ".join(map(str, ranks))))


@claim.numbers("Six models of the registry: a system of this size is found, and no model has fewer")
def found_systems(rng):
    worst = []
    for phi in registry_kernels(rng):
        found, ranks = realise(phi), counted(phi)
        worst += [kernel_error(phi, found.kernel()), *(minimal_dimensions(phi) - ranks)]
        worst.append(found.template.N - max(ranks))
    return worst


@claim.hypothesis(
    "nothing passes by the state",
    "D = 0",
    violation=lambda share: with_skip(share).D,
    holds=0.0,
    dropped=1.0,
)
def feedthrough(share) -> float:
    """How far the rank of the blocks of S6 is from the states it has."""
    system = with_skip(share)
    return max(counted(system.kernel())) - system.N
