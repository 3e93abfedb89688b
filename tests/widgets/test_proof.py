"""The proof stepper: pages, their order, and what it says of a failure."""

import re

import pytest

from dsf_theory import claims
from dsf_theory.claims import LEDGER
from dsf_theory.widgets.proof import LedgerBrowser, ProofStepper, proof_stepper


def text(stepper) -> str:
    return re.sub(r"<[^>]*>", "", stepper.page.value)


def test_pages_are_steps_then_hypotheses_and_end_at_both_ends():
    stepper = proof_stepper("change-of-basis")
    report = stepper.report
    assert stepper.back.disabled and not stepper.on.disabled
    seen = [text(stepper)]
    for _ in range(20):
        stepper.on.click()
        seen.append(text(stepper))
    assert len(dict.fromkeys(seen)) == len(report.steps) + len(report.counterexamples)
    assert "residual 0" in seen[0] and "$$" in seen[0]
    assert seen[-1].startswith("Without it") and stepper.on.disabled
    stepper.back.click()
    assert "residual" in text(stepper) and "4 of 5" not in stepper.place.value.split("&nbsp;")[0]


def test_a_claim_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="did you mean 'convolution'"):
        proof_stepper("convolutions")


def test_failures_show_in_red(monkeypatch):
    from dsf_theory.system import System

    monkeypatch.setattr(System, "chunked", lambda self, chunk=64: 2 * self.recurrent())
    stepper = ProofStepper(LEDGER["convolution"].check())
    stepper.turn_to(2)
    assert "✗" in text(stepper) and "residual 0" not in text(stepper)


def test_readers_without_a_kernel_get_the_whole_proof():
    page = proof_stepper("delta-rule").still()._repr_markdown_()
    assert all(name in page for name in ("1. ", "2. ", "3. ", "without the hypothesis"))


def test_browser_unfolds_each_claim():
    ledger = claims.check(["convolution", "delta-rule"])
    browser = LedgerBrowser(ledger)
    assert browser.stepper.report is ledger["convolution"]
    browser.choice.index = 1
    assert browser.stepper.report is ledger["delta-rule"]
    assert browser.place.children == (browser.stepper.view,)
    assert "delta rule" in browser.still()._repr_markdown_()
