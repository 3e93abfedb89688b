"""State space models that are constant in time: S4, S4D, S5 and LRU, from differential equations.

Logarithms of constant decays are formed in double precision: over 100,000 steps a phase needs all its digits.
"""

import numpy as np

from dsf_theory.arrays import Array
from dsf_theory.models.base import Model
from dsf_theory.models.declaration import Option, Parameter
from dsf_theory.models.discretisation import RULES, discretise, discretise_matrix
from dsf_theory.models.starts import step_sizes
from dsf_theory.system import System
from dsf_theory.system.transition import Dense, Diagonal


def constant(array: Array) -> Array:
    """A coefficient (channel, state) that is the same at every time and head."""
    return array[None, None]


class S4D(Model):
    """Diagonal state space model: per channel ``ḣ = A h + B u``, ``y = 2 Re(C h) + D u`` with complex diagonal A.

    Args:
        A, B, C: (d, n/2) complex, one of each conjugate pair; Re A <= 0. delta: (d,), positive steps. D: (d,).
        rule: ``"zoh"`` or ``"bilinear"``.

    Source: Gu et al. 2022 (S4D), eq. (2)-(5); Gupta et al. 2022 (DSS).

    >>> S4D.random(d=2, n=4).output(np.ones((3, 2))).shape
    (3, 2)
    """

    name = "s4d"
    title = "S4D"
    A = Parameter("d n/2", domain="stable", complex=True)
    B = C = Parameter("d n/2", complex=True)
    delta = Parameter("d", domain="positive")
    D = Parameter("d")
    rule = Option("zoh", choices=RULES)

    def build(self, u):
        xp = self.xp
        log, scale = discretise(xp, xp.double(self.A), xp.double(self.delta)[:, None], self.rule)
        return System(
            u=u,
            transition=Diagonal(constant(log)),
            write=constant(xp.as_precise_as(scale, self.delta) * self.B),
            read=constant(2 * self.C),
            skip=constant(self.D),
            real_part=True,
        )

    @classmethod
    def dimensions(cls, d, n, **options):
        return {"d": d, "n/2": (n + 1) // 2}

    @classmethod
    def initial(cls, rng, size):
        shape = (size["d"], size["n/2"])
        return {
            "A": np.broadcast_to(-0.5 + 1j * np.pi * np.arange(shape[1]), shape).copy(),
            "B": np.ones(shape, complex),
            "C": complex_normal(rng, shape),
            "delta": step_sizes(rng, size["d"]),
            "D": np.ones(size["d"]),
        }


class S4(Model):
    """State space model with the HiPPO matrix: per channel ``ḣ = A h + B u``, ``y = C h + D u``, A shared and full.

    Args:
        A: (n, n), eigenvalues with Re <= 0. B: (n,). C: (d, n). delta: (d,), positive steps. D: (d,).
        rule: ``"bilinear"`` or ``"zoh"``.

    Source: Gu, Goel, Ré 2022 (S4), eq. (3); HiPPO-LegS: Gu et al. 2020.

    >>> S4.random(d=2, n=4).system(np.ones((3, 2))).Lambda.shape
    (3, 8, 8)
    """

    name = "s4"
    title = "S4"
    A = Parameter("n n", domain="stable matrix", trained=False)
    B = Parameter("n", trained=False)
    C = Parameter("d n")
    delta = Parameter("d", domain="positive")
    D = Parameter("d")
    rule = Option("bilinear", choices=RULES)

    def build(self, u):
        A, B = discretise_matrix(self.xp, self.A, self.B, self.delta, self.rule)
        return System(
            u=u,
            transition=Dense(constant(A)),
            write=constant(B),
            read=constant(self.C),
            skip=constant(self.D),
        )

    @classmethod
    def initial(cls, rng, size):
        A, B = hippo(size["n"])
        return {"A": A, "B": B, "delta": step_sizes(rng, size["d"]), "D": np.ones(size["d"])}


class S5(Model):
    """State space model with many inputs and outputs: ``ḣ = A h + B u``, ``y = 2 Re(C h) + D u``, A diagonal.

    The state has P real dimensions in all, kept as P/2 complex ones.

    Args:
        A: (P/2,), B: (P/2, d), C: (d, P/2) complex, one of each conjugate pair; Re A <= 0. delta: (P/2,), positive
            steps. D: (d,).
        rule: ``"zoh"`` or ``"bilinear"``.

    Source: Smith, Warrington, Linderman 2023 (S5), eq. (6)-(8).

    >>> S5.random(d=2, n=4).system(np.ones((3, 2))).state_size
    8
    """

    name = "s5"
    title = "S5"
    A = Parameter("P/2", domain="stable", complex=True)
    B = Parameter("P/2 d", complex=True)
    C = Parameter("d P/2", complex=True)
    delta = Parameter("P/2", domain="positive")
    D = Parameter("d")
    rule = Option("zoh", choices=RULES)

    def build(self, u):
        xp = self.xp
        log, scale = discretise(xp, xp.double(self.A), xp.double(self.delta), self.rule)
        scale = xp.as_precise_as(scale, self.delta)
        return System(
            u=u,
            transition=Diagonal(constant(log[:, None])),
            write=constant(scale[:, None]),
            read=constant(self.xp.ones_like(scale[:1, None])),
            value_map=self.B,
            output_map=2 * self.C,
            feedthrough=self.D[:, None] * self.xp.new_eye(self.D, self.d),
            real_part=True,
        )

    @classmethod
    def dimensions(cls, d, n, **options):
        return {"d": d, "P/2": (n * d + 1) // 2}

    @classmethod
    def initial(cls, rng, size):
        d, P = size["d"], size["P/2"]
        return {
            "A": -0.5 + 1j * np.pi * np.arange(P),
            "B": complex_normal(rng, (P, d)) / np.sqrt(d),
            "C": complex_normal(rng, (d, P)) / np.sqrt(P),
            "delta": step_sizes(rng, P),
            "D": rng.standard_normal(d),
        }


class LRU(Model):
    """Linear recurrent unit: ``h_i = λ ⊙ h_{i-1} + γ ⊙ B u_i``, ``y = Re(C h) + D u``, ``λ = exp(-e^ν + j e^θ)``.

    Args:
        nu_log, theta_log, gamma_log: (P,), so that |λ| < 1 always; γ = e^gamma_log, usually √(1 - |λ|²).
        B: (P, d), C: (d, P) complex. D: (d,).

    Source: Orvieto et al. 2023 (LRU), section 3.

    >>> LRU.random(d=2, n=4).output(np.ones((3, 2))).shape
    (3, 2)
    """

    name = "lru"
    title = "LRU"
    nu_log = theta_log = gamma_log = Parameter("P")
    B = Parameter("P d", complex=True)
    C = Parameter("d P", complex=True)
    D = Parameter("d")

    def build(self, u):
        xp = self.xp
        log = xp.complex(-xp.finite_exp(xp.double(self.nu_log)), xp.exp(xp.double(self.theta_log)))
        return System(
            u=u,
            transition=Diagonal(constant(log[:, None])),
            write=constant(xp.exp(self.gamma_log)[:, None]),
            read=constant(xp.ones_like(self.gamma_log[:1, None])),
            value_map=self.B,
            output_map=self.C,
            feedthrough=self.D[:, None] * xp.new_eye(self.D, self.d),
            real_part=True,
        )

    @classmethod
    def dimensions(cls, d, n, **options):
        return {"d": d, "P": (n * d + 1) // 2}

    @classmethod
    def initial(cls, rng, size):
        d, P = size["d"], size["P"]
        radius = np.sqrt(rng.uniform(0.9**2, 0.999**2, P))
        return {
            "nu_log": np.log(-np.log(radius)),
            "theta_log": np.log(rng.uniform(0, 2 * np.pi, P)),
            "gamma_log": np.log(1 - radius**2) / 2,
            "B": complex_normal(rng, (P, d)) / np.sqrt(d),
            "C": complex_normal(rng, (d, P)) / np.sqrt(P),
            "D": rng.standard_normal(d),
        }


def hippo(n: int) -> tuple[np.ndarray, np.ndarray]:
    """HiPPO-LegS: A (n, n) and B (n,).

    Source: Gu et al. 2020 (HiPPO), theorem 2.
    """
    root = np.sqrt(2 * np.arange(n) + 1.0)
    return -np.tril(np.outer(root, root), -1) - np.diag(np.arange(n) + 1.0), root


def complex_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Complex numbers of unit variance."""
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)
