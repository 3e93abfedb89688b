"""The claim ``zero-order-hold``: it solves the differential equation where the input is held."""

import numpy as np
import scipy.linalg
import scipy.signal
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.reading import (
    tokens,
)
from dsf_theory.claims.state_space.equations import (
    SIZES,
    any_size,
    continuous,
    derivatives,
    one_step,
    series,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.models import S4, S4D, S5, Model

ORDER = 5
"""Terms of an exponential that are multiplied out."""

claim = Claim(
    id="zero-order-hold",
    title="Zero-order hold solves the differential equation exactly where the input is held.",
    statement="With $ā = e^{aΔ}$ and $b̄ = (e^{aΔ} - 1)/a b$ the state $ā h + b̄ u$ is the solution of $ḣ = a h + b "
    "u$ a time $Δ$ after $h$. For matrices $Ā$ and $B̄$ are the upper blocks of the exponential of $[[A, "
    "B], [0, 0]] Δ$.",
    latex=r"\dot h = a h + b u \;\Rightarrow\; h(t + \Delta) = e^{a\Delta} h(t) + \frac{e^{a\Delta} - 1}{a}\, b\, u",
    source="Gu, Goel, Ré 2022 (S4); Gu et al. 2022 (S4D); Smith, Warrington, Linderman 2023 (S5)",
    models=("s4d", "s5", "s4"),
    notebook="03_state_space_models",
)


@claim.step("S4D and S5: the state after a step moves with $Δ$ as $ḣ = A h + B u$ says", "calculus")
def moves_as_it_should():
    for kind, sizes in SIZES.items():
        model = kind.symbolic(**sizes)  # zero-order hold is what they do by default
        A, B, delta = continuous(model)
        _, h, u = one_step(model)
        yield derivatives(h, delta), A @ h + B @ u


@claim.step("A step of no length leaves the state where it was", "calculus")
def starts_where_it_was():
    for kind, sizes in SIZES.items():
        model = kind.symbolic(**sizes, rule="zoh")
        before, after, _ = one_step(model)
        yield at_once(after, model), before


def at_once(after: np.ndarray, model: Model) -> np.ndarray:
    """The state after steps of no length."""
    return np.array([h.subs({step: 0 for step in model.delta}) for h in after])


@claim.step("A pole at zero adds up: $b̄ → Δ b$ as $a → 0$", "limit")
def pole_at_zero():
    model = S4D.symbolic(d=1, n=2, rule="zoh")
    write, (a, b, step) = (
        model.system(tokens(1, 1)).B.item(),
        (model.A.item(), model.B.item(), model.delta.item()),
    )
    yield Identity(sp.limit(write, a, 0), step * b, shown=(r"\lim_{a \to 0} \bar b", r"\Delta b"))


@claim.step("S4, $A$ and $B$ of any size: $ḣ = A h + B u$, order by order in $Δ$", "matrices")
def matrices_of_any_size():
    for order in range(ORDER, 0, -1):
        model = any_size("zoh", series(order))
        A, B, delta = continuous(model)
        (before, h, u), (_, shorter, _) = one_step(model), one_step(any_size("zoh", series(order - 1)))
        yield derivatives(h, delta), A @ shorter + B @ u
        yield at_once(h, model), before


@claim.step("One order more: the block to the power $k + 1$ holds $A^{k+1}$ and $A^k B$", "induction")
def one_power_more():
    P, Q = sp.symbols("A^{k} A^{k-1}B", commutative=False)
    power = np.array([[P, Q], [0, 0]], dtype=object)
    model = any_size("zoh", lambda block: block @ power)
    system, A = model.system(tokens(2, 2)), model.A.item()
    yield system.Lambda[1], np.diag(model.delta * A * P)
    yield system.B[1], np.diag(model.delta * A * Q)


@claim.numbers(
    "S4D, S5 and S4: $Ā$ and $B̄$ against quadrature of $∫ e^{As} B ds$, poles at and near zero among them"
)
def quadrature(rng):
    nodes, mass = np.polynomial.legendre.leggauss(16)
    worst = []
    for kind in (S4D, S5, S4):
        model = kind.random(d=3, n=4, seed=int(rng.integers(1000)), rule="zoh")
        if kind is not S4:
            model.A.flat[:2] = 0, -1e-9
        A, B, delta = continuous(model)
        A, B = delta[:, None] * A, delta[:, None] * B
        system = model.system(np.ones((2, 3)))
        written = np.tensordot(mass / 2, scipy.linalg.expm(np.multiply.outer((1 + nodes) / 2, A)) @ B, axes=1)
        worst += [relative(system.Lambda[1], scipy.linalg.expm(A)), relative(system.B[1], written)]
    return worst


def straight_lines(samples: np.ndarray) -> float:
    """How far S4 is from the solution of its differential equation for an input that joins samples (length + 1, d).

    The input and its slope are states of a larger equation, which has no input.
    """
    model = S4.random(d=2, n=3, seed=1, rule="zoh")
    A, B, delta = continuous(model)
    N, d = B.shape
    A, B = delta[:, None] * A, delta[:, None] * B
    rows = [[A, B, np.zeros((N, d))], [np.zeros((d, N + d)), np.eye(d)], [np.zeros((d, N + 2 * d))]]
    flow, h, solution = scipy.linalg.expm(np.block(rows)), np.zeros(N), []
    for u, later in zip(samples[:-1], samples[1:], strict=True):
        h = flow[:N] @ np.concatenate([h, u, later - u])
        solution.append(h)
    return relative(model.system(samples[:-1]).states(), np.array(solution))


claim.hypothesis(
    "the input is held over each step",
    r"u(t) = u_i \text{ for } t_i \le t < t_{i+1}",
    violation=lambda samples: np.diff(samples, axis=0),
    holds=np.ones((6, 2)),
    dropped=np.linspace([0, 1], [1, 0], 6),
)(straight_lines)
