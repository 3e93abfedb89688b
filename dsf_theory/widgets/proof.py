"""The proof stepper: a claim unfolds one step at a time, both sides of each identity, and what is left of them."""

import html

import ipywidgets as W

from dsf_theory.claims import LEDGER
from dsf_theory.claims.outcome import Counterexample, StepResult
from dsf_theory.claims.render.formulas import (
    formula,
    mark,
    residual_typeset,
    shown_identities,
)
from dsf_theory.claims.render.pages import report_markdown
from dsf_theory.claims.report import LedgerReport, Report
from dsf_theory.claims.statement import METHODS
from dsf_theory.system.words import scientific, typeset
from dsf_theory.widgets.disconnected import VIEW, notice
from dsf_theory.widgets.theme import AS_WIDE_AS_THE_PAGE, BAD, GOOD, MUTED

SHOWN = 2
"""Identities of one step that are shown."""


class Proof:
    """What a notebook keeps of a stepper for readers without a kernel: the whole proof, as text with formulas."""

    def __init__(self, report: Report):
        self.report = report

    def __repr__(self) -> str:
        return f"Proof({self.report.claim.id})"

    def _repr_markdown_(self) -> str:
        return report_markdown(self.report)


class ProofStepper:
    """A claim, and its proof one page at a time: the steps, then what happens without each hypothesis.

    Args:
        report: of the claim, checked.
        height: of the page, in CSS, so that the notebook does not jump.
    """

    def __init__(self, report: Report, height: str = "20em"):
        self.report = report
        self.pages = [step_page(step) for step in report.steps]
        self.pages += [hypothesis_page(found) for found in report.counterexamples]
        self.back, self.on = (W.Button(description=text) for text in ("◀ Back", "Next ▶"))
        self.place = W.HTML()
        self.page = W.HTMLMath(layout=W.Layout(height=height, **AS_WIDE_AS_THE_PAGE))
        self.back.on_click(lambda _: self.turn_to(self.number - 1))
        self.on.on_click(lambda _: self.turn_to(self.number + 1))
        head = W.HTMLMath(heading(report), layout=W.Layout(**AS_WIDE_AS_THE_PAGE))
        bar = W.HBox([self.back, self.on, self.place], layout=W.Layout(align_items="center"))
        self.view = W.VBox(
            [notice(), head, bar, self.page], layout=W.Layout(max_width="900px", margin="8px 0 0")
        )
        self.view.add_class(VIEW)
        self.turn_to(0)

    def turn_to(self, number: int) -> None:
        """Show a page, the first being 0; beyond the ends nothing happens."""
        if not 0 <= number < len(self.pages):
            return
        self.number = number
        self.page.value = f'<div role="status" aria-live="polite">{self.pages[number]}</div>'
        self.back.disabled, self.on.disabled = number == 0, number == len(self.pages) - 1
        passed = [part.ok for part in (*self.report.steps, *self.report.counterexamples)]
        self.place.value = f"&nbsp;{number + 1} of {len(self.pages)} &nbsp;{dots(passed, number)}"

    def still(self) -> Proof:
        """The whole proof, for readers without a kernel."""
        return Proof(self.report)


def proof_stepper(claim_id: str) -> ProofStepper:
    """The proof of a claim of the ledger, checked now, to be turned page by page.

    Args:
        claim_id: as in ``dsf.claims.LEDGER``.

    Raises:
        UnknownNameError: if there is no such claim.

    >>> proof_stepper("change-of-basis").report.ok
    True
    """
    return ProofStepper(LEDGER[claim_id].check())


class LedgerBrowser:
    """Claims in a list, and the proof of the one that is chosen.

    Args:
        ledger: the claims, checked.
    """

    def __init__(self, ledger: LedgerReport):
        self.choice = W.Dropdown(options={r.claim.id: r for r in ledger.reports}, description="claim")
        self.place = W.VBox()
        self.view = W.VBox([self.choice, self.place])
        self.view.add_class(VIEW)
        self.choice.observe(self.unfold, "value")
        self.unfold()

    def unfold(self, _change=None) -> None:
        """Show the first page of the claim that is chosen."""
        self.stepper = ProofStepper(self.choice.value)
        self.place.children = (self.stepper.view,)

    def still(self) -> Proof:
        """The proof that is shown, for readers without a kernel."""
        return self.stepper.still()


def dots(passed: list[bool], here: int) -> str:
    """The row of all pages: one is filled where the reader is, and coloured by whether it holds."""
    row = (
        f'<span style="color:{GOOD if ok else BAD}">{"●" if number == here else "○"}</span>'
        for number, ok in enumerate(passed)
    )
    return f'<span aria-hidden="true">{" ".join(row)}</span>'


def heading(report: Report) -> str:
    """The claim: title, statement, formula, hypotheses."""
    claim = report.claim
    assumed = "; ".join(f"{typeset(h.words)} (${latex_in_html(h.latex)}$)" for h in report.conditions)
    assumed = f'<p style="margin:0">Assuming {assumed}.</p>' if assumed else ""
    return (
        f'<div style="line-height:1.5"><b>{typeset(claim.title)}</b> {typeset(claim.statement)}'
        f"{displayed(f'$${claim.latex}$$')}{assumed}</div>"
    )


def displayed(formula: str) -> str:
    """A formula on a line of its own, which scrolls where it is wider than the page."""
    return f'<div style="overflow-x:auto;overflow-y:hidden">{latex_in_html(formula)}</div>'


def latex_in_html(formula: str) -> str:
    """LaTeX as HTML holds it."""
    return html.escape(formula, quote=False)


def step_page(step: StepResult) -> str:
    """One step: its name, what is left and by which method, and the two sides of its identities."""
    found = shown_identities(step)
    formulas = "".join(displayed(formula(*each)) for each in found[:SHOWN])
    more = len(found) - SHOWN
    rest = f'<p style="color:{MUTED}">… and {more} more of the kind.</p>' if more > 0 else ""
    return (
        titled(step.name) + verdict(step.ok, residual_typeset(step), METHODS[step.method]) + formulas + rest
    )


def hypothesis_page(found: Counterexample) -> str:
    """What happens where a hypothesis is dropped."""
    if found.error:
        return titled(f"Without: {found.hypothesis}") + verdict(
            False, html.escape(found.error), METHODS["numbers"]
        )
    with_it, violated, without_it = map(scientific, (found.with_it, found.violated, found.without_it))
    case = (
        f"<p>Where ${latex_in_html(found.latex)}$ holds, the claim is off by ${with_it}$. In a case that violates it "
        f"by ${violated}$, the claim is off by <b>${without_it}$</b>: the hypothesis is needed.</p>"
    )
    return titled(f"Without it: {found.hypothesis}") + case


def titled(name: str) -> str:
    """The title of a page."""
    return f'<p style="font-size:1.1em;margin:.6em 0">{typeset(name)}</p>'


def verdict(ok: bool, residual: str, method: str) -> str:
    """What is left of the difference, and how it was found."""
    return (
        f'<p><span style="color:{GOOD if ok else BAD}"><b>{mark(ok)} residual {residual}</b></span> '
        f'<span style="color:{MUTED}">by {html.escape(method)}</span></p>'
    )
