"""What came of a claim, and of the whole ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dsf_theory.claims.claim import Claim, Identity


@dataclass(frozen=True)
class StepResult:
    """What came of a step: ``residual`` is zero for a proof, a number below 1e-10 for a confirmation."""

    name: str
    method: str
    residual: Any
    ok: bool
    seconds: float
    identities: tuple[Identity, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Counterexample:
    """A hypothesis kept and dropped.

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
class Report:
    """What came of a claim; shown as LaTeX in a notebook."""

    claim: Claim
    steps: tuple[StepResult, ...]
    counterexamples: tuple[Counterexample, ...]

    def __repr__(self) -> str:
        return f"Report({self.claim.id}, {'holds' if self.ok else 'fails'})"

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
        names = [step.name for step in self.steps if not step.ok]
        return names + [f"hypothesis: {c.hypothesis}" for c in self.counterexamples if not c.ok]

    @property
    def worst(self) -> float:
        """The largest residual of the numbers, 0 where there are none, ``nan`` if a step could not be run."""
        numbers = [float(step.residual) for step in self.steps if step.method == "numbers"]
        return float(np.max([0.0, *numbers, *(c.with_it for c in self.counterexamples)]))

    def _repr_markdown_(self) -> str:
        from dsf_theory.claims.render import report_markdown

        return report_markdown(self)

    def to_dict(self) -> dict:
        """The report as plain data, for JSON."""
        from dsf_theory.claims.render import plain

        return plain(self)


@dataclass(frozen=True, repr=False)
class LedgerReport:
    """What came of several claims; a table in a terminal (``print(report)``) and in a notebook."""

    reports: tuple[Report, ...]

    @property
    def ok(self) -> bool:
        """Whether every claim holds."""
        return bool(self.reports) and all(report.ok for report in self.reports)

    @property
    def seconds(self) -> float:
        """Time it took."""
        return sum(report.seconds for report in self.reports)

    def __repr__(self) -> str:
        return f"LedgerReport({len(self.reports)} claims, {'all hold' if self.ok else 'not all hold'})"

    def __getitem__(self, claim_id: str) -> Report:
        return next(report for report in self.reports if report.claim.id == claim_id)

    def __str__(self) -> str:
        from dsf_theory.claims.render import as_text

        return as_text(self)

    def _repr_markdown_(self) -> str:
        from dsf_theory.claims.render import ledger_markdown

        return ledger_markdown(self)
