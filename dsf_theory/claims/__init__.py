"""The ledger: every claim of the theory, as an object that a machine checks."""

from collections.abc import Callable, Iterable

from dsf_theory.claims.claim import METHODS, Claim, Hypothesis, Identity, Step
from dsf_theory.claims.parts import PARTS
from dsf_theory.claims.report import LedgerReport, Report

_CLAIMS = [claim for part in PARTS for claim in vars(part).values() if isinstance(claim, Claim)]
LEDGER: dict[str, Claim] = {claim.id: claim for claim in _CLAIMS}
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
        ValueError: for an id that is not in the ledger.

    >>> check(["convolution"]).ok
    True
    """
    ids = list(LEDGER if ids is None else [ids] if isinstance(ids, str) else ids)
    unknown = [claim_id for claim_id in ids if claim_id not in LEDGER]
    if unknown:
        raise ValueError(f"ids: expected some of {', '.join(LEDGER)}, found {', '.join(map(str, unknown))}")
    reports = []
    for claim_id in ids:
        watch(claim_id)
        reports.append(LEDGER[claim_id].check(seed))
    return LedgerReport(tuple(reports))


__all__ = ["LEDGER", "METHODS", "Claim", "Hypothesis", "Identity", "LedgerReport", "Report", "Step", "check"]
