"""The claim ``zero-one-transitions``: for one kernel, a direction either lives on or dies."""

from dataclasses import dataclass

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.framework.change_of_basis import bases
from dsf_theory.claims.letters import any_matrices, by_rules, letter
from dsf_theory.claims.statement import Identity
from dsf_theory.claims.states.examples import (
    exact_kernels,
    reduced,
)
from dsf_theory.kernels.realisation import realise
from dsf_theory.models import MODELS
from dsf_theory.system import System
from dsf_theory.system.transition import Dense

claim = Claim(
    id="zero-one-transitions",
    title="For one kernel, diagonal transitions of zeros and ones are no restriction.",
    statement="Any transitions $Λ_i$, singular or not, are diagonal with entries zero and one in some bases: each "
    "direction that is written lives on unchanged or dies, as in the barcode of a filtration. With the same "
    "number of states a system has the same kernel then, with $B$ and $C$ in these bases, which depend on "
    "all transitions.",
    latex=r"V_i^{-1} \Lambda_i V_{i-1} = \operatorname{diag}(e_i), \qquad e_i \in \{0, 1\}^n",
    source="derived here; in terms of quivers, Gabriel 1972 for a chain",
    models=("softmax_attention", "linear_attention", "qlstm"),
    notebook="07_softmax_by_state_expansion",
)

ALIVE, CHAIN, BEFORE, NOW = (letter(name) for name in ("E", "Lambda", "V_{t-1}", "V_t"))
OLDER, MIX, SLOT = letter("l"), letter("a"), letter("k^T")
"""Columns that pick the older slots l, the coefficients a, and the row that picks slot k."""


@claim.step(
    "In bases $V_i$ with $Λ_i V_{i-1} = V_i E_i$ the transitions are $E_i$, and the kernel is as it was",
    "matrices",
)
def in_these_bases():
    V, E = bases(5)[:, 0, 0], np.array([letter("E", i) for i in range(5)], dtype=object)
    Lambda = np.array([letter("Lambda"), *(V[i] * E[i] / V[i - 1] for i in range(1, 5))], dtype=object)
    system = any_matrices(5)
    system = System(system.u, Dense(Lambda.reshape(5, 1, 1, 1, 1)), system.write, system.read)
    found = system.in_basis(np.array([1 / v for v in V], dtype=object).reshape(5, 1, 1))
    yield Identity(found.Lambda[1:, 0, 0], E[1:], shown=(r"V_i^{-1} \Lambda_i V_{i-1}", "E_i"))
    yield found.product_kernel(), system.product_kernel()


@claim.step(
    "If $Λ V k = Λ V l a$ for older $l$, then $V k - V l a$ dies: the bases $V (I - l a kᵀ)$ lose slot $k$",
    "matrices",
)
def dies():
    """And no other slot: ``kᵀ`` picks nothing of it."""
    image, other, slot = letter("W"), letter("m"), letter("k")
    corrected = image * (1 - OLDER * MIX * SLOT)
    shown = r"\Lambda V (I - l\, a\, k^\top) k", "0"
    rules = [(SLOT * slot, sp.S.One), (image * slot, image * OLDER * MIX)]
    yield Identity(by_rules(corrected * slot, rules), sp.S.Zero, shown=shown)
    shown = r"\Lambda V (I - l\, a\, k^\top) m", r"\Lambda V m"
    yield Identity(by_rules(corrected * other, [(SLOT * other, sp.S.Zero)]), image * other, shown=shown)


@claim.step(
    "Corrected over the life of $k$ nothing changes on the way: $E (I - l a kᵀ) = (I - l a kᵀ) E$", "matrices"
)
def on_the_way():
    """All older slots live as long: E l = l, kᵀ E = kᵀ; then ``Λ V (I - l a kᵀ) = V E (I - l a kᵀ)``."""
    mixed = 1 - OLDER * MIX * SLOT
    rules = [(ALIVE * OLDER, OLDER), (SLOT * ALIVE, SLOT)]
    yield Identity(
        by_rules(ALIVE * mixed - mixed * ALIVE, rules),
        sp.S.Zero,
        shown=(r"E (I - l a k^\top) - (I - l a k^\top) E", "0"),
    )
    yield (
        by_rules((CHAIN * BEFORE * mixed).subs(CHAIN * BEFORE, NOW * ALIVE) - NOW * mixed * ALIVE, rules),
        sp.S.Zero,
    )


@claim.step(
    "At its birth nothing flows into slot $k$, $kᵀE = 0$: $(I - l a kᵀ) E = E$, from bases not corrected",
    "matrices",
)
def at_birth():
    mixed = 1 - OLDER * MIX * SLOT
    yield Identity(
        by_rules(mixed * ALIVE, [(SLOT * ALIVE, sp.S.Zero)]), ALIVE, shown=(r"(I - l\, a\, k^\top) E", "E")
    )


@claim.step(
    "The corrected columns are bases still: $(I - l a kᵀ)(I + l a kᵀ) = I$, as $kᵀ l = 0$", "matrices"
)
def still_bases():
    product = (1 - OLDER * MIX * SLOT) * (1 + OLDER * MIX * SLOT)
    yield Identity(
        by_rules(product, [(SLOT * OLDER, sp.S.Zero)]),
        sp.S.One,
        shown=(r"(I - l a k^\top)(I + l a k^\top)", "I"),
    )


@dataclass(frozen=True)
class Bars:
    """Bases V (length, n, n), which slots live on e (length, n), and how many corrections were left out."""

    V: np.ndarray
    alive: np.ndarray
    left_out: int


def bars(Lambda: np.ndarray, reach: int | None = None) -> Bars:
    """Bases in which transitions (length, n, n) are diagonal with entries zero and one.

    Args:
        Lambda: the transitions, in numbers or in fractions.
        reach: how many steps back a column may be corrected, default all its life.
    """
    L, n, _ = Lambda.shape
    V, alive, born, left_out = [unit(Lambda, n)], [np.ones(n, dtype=int)], np.zeros(n, dtype=int), 0
    for i in range(1, L):
        images, survivors = Lambda[i] @ V[-1], []
        for k in np.argsort(born, kind="stable"):
            a = combination(images[:, survivors], images[:, k])
            if a is None:
                survivors.append(k)
                continue
            start = born[k] if reach is None else max(born[k], i - reach)
            left_out += start - born[k]
            for t in range(start, i):
                V[t][:, k] = V[t][:, k] - V[t][:, survivors] @ a
        V.append(completed(images, survivors))
        alive.append(np.isin(np.arange(n), survivors).astype(int))
        born = np.where(alive[-1], born, i)
    return Bars(np.array(V), np.array(alive), int(left_out))


def unit(like: np.ndarray, n: int) -> np.ndarray:
    """The identity, in numbers of the same kind."""
    return np.eye(n, dtype=int) + 0 * like[0]


def combination(older: np.ndarray, column: np.ndarray) -> np.ndarray | None:
    """The coefficients a with ``older a = column``, None where there are none."""
    if column.dtype == object:
        system = sp.Matrix(older), sp.Matrix(column)
        if not older.shape[1]:
            return None if any(column) else np.zeros(0, dtype=object)
        a = (system[0].T * system[0]).LUsolve(system[0].T * system[1])
        return np.array(a).ravel() if (system[0] * a - system[1]).is_zero_matrix else None
    a = np.linalg.lstsq(older, column)[0]
    return a if np.linalg.norm(older @ a - column) < 1e-9 else None


def completed(images: np.ndarray, survivors: list[int]) -> np.ndarray:
    """A basis with the images of the survivors in their slots, and unit vectors in those that are free."""
    V, filled = images.copy(), list(survivors)
    units = iter(unit(images[None], len(images)))
    for k in set(range(len(images))) - set(survivors):
        V[:, k] = next(e for e in units if combination(V[:, filled], e) is None)
        filled.append(k)
    return V


@claim.step("Softmax, linear attention, quasi-LSTM in fractions: zeros and ones, and the kernel", "identity")
def in_fractions():
    for name, (P, _) in exact_kernels().items():
        system, _ = reduced(P)
        found = bars(system.transition.matrix[:, 0, 0])
        inverse = np.array([np.array(sp.Matrix(v).inv()) for v in found.V], dtype=object)
        changed = system.in_basis(inverse)
        claimed = [np.diag(e) for e in found.alive[1:]]
        yield Identity(
            changed.Lambda[1:],
            np.array(claimed),
            shown=(r"V_i^{-1} \Lambda_i V_{i-1}", r"\operatorname{diag}(e_i)"),
        )
        shown = r"\Phi_{ij}\ \text{with zeros and ones}", rf"P_{{ij}}\ \text{{of {MODELS[name].title}}}"
        yield Identity(changed.kernel()[..., 0, 0], P, shown=shown)


def off_zero_and_one(system: System, reach: int | None = None) -> float:
    """How far transitions of zeros and ones are from the system's in its bases, and the kernel from its own."""
    found = bars(system.transition.matrix[:, 0, 0], reach)
    changed = system.in_basis(np.linalg.inv(found.V))
    diagonal = System(
        system.u,
        Dense(np.eye(system.expansion) * found.alive[:, None, None, None]),
        changed.write,
        changed.read,
    )
    return max(
        relative(diagonal.Lambda[1:], changed.Lambda[1:]), relative(diagonal.weights(), system.weights())
    )


def chain(length: int, n: int, seed: int, scale: float | None = None) -> System:
    """A system of n states near to softmax attention, some of whose transitions are singular."""
    u = np.random.default_rng(seed).standard_normal((length, 4))
    softmax = MODELS["softmax_attention"].random(d=4, n=3, seed=seed, scale=scale)
    return realise(softmax.probabilities(u)[0], n).template


@claim.numbers(
    "Softmax attention realised with one and two states, warm: where it is cold these bases are ill-scaled"
)
def realised(rng):
    seed = int(rng.integers(1000))
    return [off_zero_and_one(chain(length, n, seed, 0.1)) for length, n in ((5, 1), (7, 1), (5, 2), (7, 2))]


@claim.hypothesis(
    "the bases may depend on later transitions: what dies is corrected over all its life",
    r"V_t = V_t(\Lambda_0, \ldots, \Lambda_{L-1})",
    violation=lambda reach: bars(chain(7, 3, 1).transition.matrix[:, 0, 0], reach).left_out,
    holds=7,
    dropped=1,
)
def short_memory(reach) -> float:
    """How far the transitions are from zeros and ones if only the last steps are corrected."""
    return off_zero_and_one(chain(7, 3, 1), reach)
