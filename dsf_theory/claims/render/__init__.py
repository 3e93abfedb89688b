"""Claims and reports for readers: formulas, pages of a notebook, text of a terminal."""

from dsf_theory.claims.render.pages import claim_markdown, ledger_markdown, report_markdown
from dsf_theory.claims.render.terminal import as_text, explanation, table

__all__ = [
    "as_text",
    "claim_markdown",
    "explanation",
    "ledger_markdown",
    "report_markdown",
    "table",
    "typeset",
]
