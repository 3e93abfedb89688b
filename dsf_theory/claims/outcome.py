"""The outcome of a claim that was checked, and that of the whole ledger: what reports show."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from dsf_theory.claims.statement import Condition, Identity, Statement
from dsf_theory.system.words import plain


@dataclass(frozen=True)
class StepResult:
    """The outcome of a step: ``residual`` is zero for a proof, a number below 1e-10 for a confirmation."""

    name: str
    method: str
    residual: Any
    ok: bool
    seconds: float
    identities: tuple[Identity, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Counterexample:
    """The outcome of a hypothesis that was kept and dropped.

    ``held`` and ``violated`` say how far the two cases violate the hypothesis, ``with_it`` and ``without_it`` how
    far the claim is then from true.
    """

    hypothesis: str
    latex: str
    held: float
    with_it: float
    violated: float
    without_it: float
    ok: bool
    seconds: float
    error: str = ""


@dataclass(frozen=True, repr=False)
class Outcome:
    """A claim with the outcomes of its steps and of its hypotheses."""

    claim: Statement
    steps: tuple[StepResult, ...]
    counterexamples: tuple[Counterexample, ...]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The hypotheses of the claim, in words and as formulas."""
        return tuple(Condition(found.hypothesis, found.latex) for found in self.counterexamples)

    @property
    def ok(self) -> bool:
        """Whether the proof closes, numbers agree and every hypothesis is needed."""
        proved = any(step.method != "numbers" for step in self.steps)
        return proved and all(part.ok for part in (*self.steps, *self.counterexamples))

    @property
    def seconds(self) -> float:
        """Time it took."""
        return sum(part.seconds for part in (*self.steps, *self.counterexamples))

    @property
    def failures(self) -> list[str]:
        """Names of the steps and hypotheses that failed."""
        names = [plain(step.name) for step in self.steps if not step.ok]
        return names + [f"hypothesis: {plain(c.hypothesis)}" for c in self.counterexamples if not c.ok]

    @property
    def methods(self) -> list[str]:
        """The methods of the proof, each once, in order."""
        return list(dict.fromkeys(step.method for step in self.steps if step.method != "numbers"))

    @property
    def worst(self) -> float:
        """The largest residual of the numbers, 0 where there are none, ``nan`` if a step could not be run."""
        numbers = [float(step.residual) for step in self.steps if step.method == "numbers"]
        return float(np.max([0.0, *numbers, *(c.with_it for c in self.counterexamples)]))


@dataclass(frozen=True, repr=False)
class LedgerOutcome:
    """The outcomes of several claims."""

    reports: tuple[Outcome, ...]

    @property
    def ok(self) -> bool:
        """Whether every claim holds."""
        return bool(self.reports) and all(report.ok for report in self.reports)

    @property
    def seconds(self) -> float:
        """Time it took."""
        return sum(report.seconds for report in self.reports)
