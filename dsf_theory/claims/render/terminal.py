"""Claims and reports as plain characters, for a terminal."""

import shutil
import textwrap
from io import StringIO

import numpy as np
import sympy as sp
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

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


def table(ledger: LedgerOutcome, width: int = 110) -> Table:
    """The claims as a table of ``rich``, without its last columns where there is no room: nothing in it is cut.

    Args:
        ledger: the outcomes.
        width: in characters; the column of the seconds goes first, then that of the methods.
    """
    found = with_columns(ledger, methods=True, seconds=True)
    for options in ({"methods": True, "seconds": False}, {"methods": False, "seconds": False}):
        if least_width(found) > width:
            found = with_columns(ledger, **options)
    return found


def with_columns(ledger: LedgerOutcome, methods: bool, seconds: bool) -> Table:
    """The table with or without the columns that a narrow terminal has no room for."""
    reports = ledger.reports
    columns = {"": [mark(r.ok) for r in reports], "claim": [r.claim.id for r in reports]}
    if methods:
        columns["proved by"] = ["\n".join(r.methods) for r in reports]
    columns["steps"] = [f"{sum(s.ok for s in r.steps)} of {len(r.steps)}" for r in reports]
    columns["residual"] = [small(r.worst) for r in reports]
    columns["needed"] = [needed(r) for r in reports]
    if seconds:
        columns["seconds"] = [f"{r.seconds:.2f}" for r in reports]
    title = {"title": "The ledger of claims", "title_justify": "left"}
    layout = {"padding": (0, 1, 0, 0), "pad_edge": False, "box": SIMPLE_HEAD}
    found = Table(**title, **layout, caption=caption(ledger), caption_justify="left")
    for name, cells in columns.items():
        width = max(len(line) for cell in [name, *cells] for line in cell.split("\n"))
        justify = "left" if name in ("", "claim", "proved by") else "right"
        found.add_column(name, justify=justify, no_wrap=True, min_width=width)
    for report, *row in zip(reports, *columns.values(), strict=True):
        found.add_row(Text(row[0], style="green" if report.ok else "bold red"), *row[1:])
    return found


def least_width(found: Table) -> int:
    """The least number of characters at which a table is not cut."""
    console = Console(width=10_000)
    return Measurement.get(console, console.options, found).minimum


def caption(ledger: LedgerOutcome) -> str:
    """The sum of it in a sentence."""
    failed = [r for r in ledger.reports if not r.ok]
    if not failed:
        return f"All {len(ledger.reports)} claims hold ({ledger.seconds:.1f} s)."
    listed = "\n".join(f"{r.claim.id}: {'; '.join(r.failures) or 'no proof'}" for r in failed)
    return f"{len(failed)} of {len(ledger.reports)} claims FAIL ({ledger.seconds:.1f} s):\n{listed}"


def as_text(ledger: LedgerOutcome, width: int | None = None) -> str:
    """The table in plain characters, as wide as the terminal, or 110 where there is none."""
    width = width or shutil.get_terminal_size((110, 24)).columns
    page, found = StringIO(), table(ledger, width)
    Console(file=page, width=max(width, least_width(found))).print(found)
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
