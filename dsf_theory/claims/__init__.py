"""The ledger: every claim of the theory, as an object that a machine checks."""

from collections.abc import Callable, Iterable

import dsf_theory.claims.approximation as approximation
import dsf_theory.claims.attention as attention
import dsf_theory.claims.counts as counts
import dsf_theory.claims.equivalence as equivalence
import dsf_theory.claims.framework as framework
import dsf_theory.claims.recurrent as recurrent
import dsf_theory.claims.state_space as state_space
import dsf_theory.claims.states as states
from dsf_theory.arrays.names import Named
from dsf_theory.claims.claim import Claim, Hypothesis, Step
from dsf_theory.claims.report import LedgerReport, Report
from dsf_theory.claims.statement import METHODS, Identity

CHAPTERS = (framework, attention, states, approximation, state_space, equivalence, recurrent, counts)
"""The ledger's chapters, in the order of a lecture: each imports from earlier ones only."""

LEDGER: dict[str, Claim] = Named(
    "claim", {part.claim.id: part.claim for chapter in CHAPTERS for part in chapter.PARTS}
)
"""Claim id -> claim, in the order in which they are derived."""


def check(
    ids: Iterable[str] | None = None, seed: int = 0, watch: Callable[[str], None] = lambda claim_id: None
) -> LedgerReport:
    """Carry out the proofs, the confirmations and the counterexamples of claims.

    Args:
        ids: of the claims, default all.
        seed: of the random numbers of the confirmations.
        watch: called with the id of each claim before it is checked.

    Raises:
        UnknownNameError: for an id that is not in the ledger.

    >>> check(["convolution"]).ok
    True
    """
    ids = list(LEDGER if ids is None else [ids] if isinstance(ids, str) else ids)
    claims = [LEDGER[claim_id] for claim_id in ids]
    reports = []
    for claim in claims:
        watch(claim.id)
        reports.append(claim.check(seed))
    return LedgerReport(tuple(reports))


__all__ = [
    "CHAPTERS",
    "LEDGER",
    "METHODS",
    "Claim",
    "Hypothesis",
    "Identity",
    "LedgerReport",
    "Report",
    "Step",
    "check",
]
