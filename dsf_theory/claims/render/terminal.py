"""Claims and reports as plain characters, for a terminal."""

import textwrap
from io import StringIO

import numpy as np
import sympy as sp
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from dsf_theory.claims.outcome import Counterexample, LedgerOutcome, Outcome
from dsf_theory.claims.render.formulas import (
    READABLE,
    mark,
    needed,
    representative,
    residual_text,
    size,
    small,
)
from dsf_theory.claims.statement import Identity
from dsf_theory.system.words import plain


def table(ledger: LedgerOutcome):
    """The claims as a table of ``rich``."""
    title = {
        "title": "The ledger of claims",
        "title_justify": "left",
        "padding": (0, 1, 0, 0),
        "pad_edge": False,
    }
    found = Table(**title, box=SIMPLE_HEAD, caption=caption(ledger), caption_justify="left")
    found.add_column("", width=1)
    found.add_column("claim", no_wrap=True)
    found.add_column("proved by", no_wrap=True)
    for column in ("steps", "worst\nresidual", "counter-\nexamples", "seconds"):
        found.add_column(column, justify="right")
    for r in ledger.reports:
        colour = "green" if r.ok else "bold red"
        steps = f"{sum(s.ok for s in r.steps)} of {len(r.steps)}"
        row = ("\n".join(r.methods), steps, small(r.worst), needed(r), f"{r.seconds:.2f}")
        found.add_row(f"[{colour}]{mark(r.ok)}", r.claim.id, *row)
    return found


def caption(ledger: LedgerOutcome) -> str:
    """The sum of it in a sentence."""
    failed = [r for r in ledger.reports if not r.ok]
    if not failed:
        return f"All {len(ledger.reports)} claims hold ({ledger.seconds:.1f} s)."
    listed = "\n".join(f"{r.claim.id}: {'; '.join(r.failures) or 'no proof'}" for r in failed)
    return f"{len(failed)} of {len(ledger.reports)} claims FAIL ({ledger.seconds:.1f} s):\n{listed}"


def as_text(ledger: LedgerOutcome, width: int = 110) -> str:
    """The table in plain characters."""
    page = StringIO()
    Console(file=page, width=width).print(table(ledger))
    return page.getvalue()


def explanation(report: Outcome, width: int = 100) -> str:
    """One claim in full, for a terminal: statement, hypotheses, each step with its two sides, counterexamples."""
    claim = report.claim

    def wrapped(text: str, indent: str = "") -> str:
        return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)

    title = plain(claim.title)
    lines = [title, "=" * min(len(title), width), "", wrapped(plain(claim.statement)), ""]
    lines += [
        f"  LaTeX   {claim.latex}",
        f"  Source  {plain(claim.source)}",
        f"  Models  {', '.join(claim.models) or '-'}",
        "",
    ]
    lines += [f"  Assuming {plain(h.words)}." for h in report.conditions]
    for number, step in enumerate(report.steps, 1):
        lines += ["", f"{number}. {plain(step.name)}  [{step.method}]"]
        for identity in step.identities:
            lines += sides(identity, width)
        lines.append(f"   {mark(step.ok)} residual {residual_text(step)}  ({step.seconds:.2f} s)")
    lines += [""] + [line for c in report.counterexamples for line in dropped(c, wrapped)]
    return "\n".join(lines)


def sides(identity: Identity, width: int) -> list[str]:
    """Both sides of an identity in plain characters."""
    left, right, where = (*identity.shown, "") if identity.shown else representative(identity)
    shown = [textwrap.indent(side_text(side, width - 8), " " * 8) for side in (left, right)]
    return [*([f"     {where}:"] if where else []), shown[0], "     =", shown[1], ""]


def side_text(side, width: int) -> str:
    """One side as SymPy prints it over several lines, or in one where that is too wide."""
    if isinstance(side, str):
        return side
    if not isinstance(side, sp.MatrixExpr):
        side = sp.Matrix(side) if np.ndim(side) else sp.sympify(side)
    pretty = sp.pretty(side, use_unicode=True, wrap_line=False) if size(side) < 3 * READABLE else ""
    if pretty and max(map(len, pretty.splitlines())) <= width:
        return pretty
    return textwrap.shorten(str(side), 3 * width, placeholder=" …")


def dropped(found: Counterexample, wrapped) -> list[str]:
    """What happens without a hypothesis."""
    if found.error:
        return [wrapped(f"{mark(False)} {plain(found.hypothesis)}: {found.error}")]
    line = (
        f"{mark(found.ok)} Without '{plain(found.hypothesis)}' the residual is {found.without_it:.2g}, "
        f"with it {small(found.with_it)}."
    )
    return [wrapped(line)]
