"""Claims and reports as Markdown, for a notebook."""

from collections.abc import Iterable

from dsf_theory.claims.outcome import LedgerOutcome, Outcome
from dsf_theory.claims.render.formulas import (
    formula,
    mark,
    needed,
    residual_typeset,
    shown_identities,
)
from dsf_theory.claims.statement import Condition, Statement
from dsf_theory.system.words import scientific, typeset


def claim_markdown(claim: Statement, conditions: Iterable[Condition]) -> str:
    """The statement with its hypotheses and its source."""
    hypotheses = "".join(f"\n- {typeset(h.words)}: ${h.latex}$" for h in conditions)
    where = f"\n\n*Hypotheses*\n{hypotheses}" if hypotheses else ""
    words = f"**{typeset(claim.title)}** {typeset(claim.statement)}"
    return f"{words}\n\n$${claim.latex}$${where}\n\n*Source:* {typeset(claim.source)}."


def report_markdown(report: Outcome) -> str:
    """The claim, its steps with both sides of each identity, and its counterexamples."""
    lines = [claim_markdown(report.claim, report.conditions), ""]
    for number, step in enumerate(report.steps, 1):
        lines.append(
            f"{number}. {typeset(step.name)} *({step.method})* {mark(step.ok)} residual {residual_typeset(step)}"
        )
        for each in shown_identities(step)[:1]:
            lines += ["", "   " + formula(*each, newline=r"\cr"), ""]
    if report.counterexamples:
        lines += ["", "| without the hypothesis | residual with it | without it | |", "|---|---|---|---|"]
        lines += [
            f"| {typeset(c.hypothesis)} | ${scientific(c.with_it)}$ | ${scientific(c.without_it)}$ | {mark(c.ok)} |"
            for c in report.counterexamples
        ]
    return "\n".join(lines)


def ledger_markdown(ledger: LedgerOutcome) -> str:
    """A table of claims, each with its proof, its source and the notebook that derives it."""
    head = "| | claim | proved by | hypotheses needed | source | derived in |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(
        f"| {mark(r.ok)} | **{r.claim.id}**: {typeset(r.claim.title)} | {', '.join(r.methods)} | {needed(r)} "
        f"| {typeset(r.claim.source)} | {link(r.claim)} |"
        for r in ledger.reports
    )


def link(claim: Statement) -> str:
    """The notebook of a claim, as a link from its neighbours."""
    return f"[{claim.notebook[:2]}]({claim.notebook}.ipynb)" if claim.notebook else ""
