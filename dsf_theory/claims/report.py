"""Reports: the outcome of a claim or of the whole ledger, which shows itself in a notebook and in a terminal."""

import math

from dsf_theory.arrays.names import Named
from dsf_theory.claims.outcome import LedgerOutcome, Outcome
from dsf_theory.claims.render.pages import ledger_markdown, report_markdown
from dsf_theory.claims.render.terminal import as_text
from dsf_theory.system.words import plain


class Report(Outcome):
    """The outcome of a claim; shown as LaTeX in a notebook."""

    def __repr__(self) -> str:
        return f"Report({self.claim.id}, {'holds' if self.ok else 'fails'})"

    def _repr_markdown_(self) -> str:
        return report_markdown(self)

    def to_dict(self) -> dict:
        """The report as plain data for JSON; numbers that are not finite are null."""
        return {
            "id": self.claim.id,
            "title": plain(self.claim.title),
            "source": plain(self.claim.source),
            "models": list(self.claim.models),
            "ok": self.ok,
            "seconds": round(self.seconds, 3),
            "steps": [
                {
                    "name": plain(step.name),
                    "method": step.method,
                    "residual": finite(step.residual) if step.method == "numbers" else str(step.residual),
                    "ok": step.ok,
                    "seconds": round(step.seconds, 3),
                    "error": step.error,
                }
                for step in self.steps
            ],
            "counterexamples": [
                {
                    "hypothesis": plain(c.hypothesis),
                    "violation": [finite(c.held), finite(c.violated)],
                    "residual": [finite(c.with_it), finite(c.without_it)],
                    "ok": c.ok,
                    "seconds": round(c.seconds, 3),
                    "error": c.error,
                }
                for c in self.counterexamples
            ],
        }


class LedgerReport(LedgerOutcome):
    """The outcomes of several claims; a table in a terminal (``print(report)``) and in a notebook."""

    def __repr__(self) -> str:
        return f"LedgerReport({len(self.reports)} claims, {'all hold' if self.ok else 'not all hold'})"

    def __getitem__(self, claim_id: str) -> Report:
        return Named("claim", {report.claim.id: report for report in self.reports})[claim_id]

    def __str__(self) -> str:
        return as_text(self)

    def _repr_markdown_(self) -> str:
        return ledger_markdown(self)


def finite(number: float) -> float | None:
    """The number, or None where it is infinite or not a number."""
    return float(number) if math.isfinite(number) else None
