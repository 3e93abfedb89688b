"""Claims and reports for readers: LaTeX in a notebook, tables in a terminal, plain data for JSON."""

from __future__ import annotations

import html
import math
import re
import textwrap
from io import StringIO

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.claims.report import Counterexample, LedgerReport, Report, StepResult
from dsf_theory.system.symbolic import symbol_latex, to_latex

READABLE = 60
"""Operations in an expression that a reader can take in."""


def representative(identity: Identity) -> tuple[object, object, str]:
    """Both sides, or one entry of each where they are arrays too large to read, and which one it is."""
    left, right = (as_array(side) for side in (identity.left, identity.right))
    if isinstance(left, sp.MatrixExpr) or isinstance(right, sp.MatrixExpr) or not np.ndim(left):
        return left, right, ""
    right = np.broadcast_to(np.asarray(right, dtype=object), np.shape(left))
    if np.ndim(left) <= 2 and size(left) + size(right) <= READABLE and np.size(left) <= 16:
        return left, right, ""
    places = sorted(np.ndindex(left.shape), key=lambda place: worth_reading(left[place]))
    place = places[-1]
    axes = [(k, size) for k, size in zip(place, left.shape, strict=True) if size > 1]
    index, shape = (sep.join(str(axis[part]) for axis in axes) for part, sep in ((0, ", "), (1, " × ")))
    return left[place], right[place], f"entry ({index}) of {shape}"


def as_array(side):
    """A list or an explicit matrix as an object array; anything else as it is."""
    if isinstance(side, sp.MatrixBase):
        side = side.tolist()
    return np.array(side, dtype=object) if isinstance(side, list) else side


def size(side) -> int:
    """Number of operations in an expression or an array of them."""
    if isinstance(side, sp.MatrixExpr):
        return int(side.count_ops())
    return sum(int(sp.sympify(entry).count_ops()) for entry in np.ravel(np.asarray(side, dtype=object)))


def worth_reading(entry) -> float:
    """The more operations the better, as long as they can be read."""
    operations = size(entry)
    return operations if operations <= READABLE else 1 / operations


def identity_latex(identity: Identity) -> tuple[str, str, str]:
    """LaTeX of the left and the right side, and which entry of an array they are (or nothing)."""
    if identity.shown is not None:
        return (*identity.shown, "")
    left, right, where = representative(identity)
    return side_latex(left), side_latex(right), where


def shown_identities(step: StepResult) -> list[tuple[str, str, str]]:
    """LaTeX of what a step compares, each formula once, and nothing like 1 = 1 where there is more to see."""
    found = list(dict.fromkeys(map(identity_latex, step.identities)))
    telling = [each for each in found if not (each[0] == each[1] and len(each[0]) == 1)]
    return telling or found


def formula(left: str, right: str, where: str, newline: str = r"\\[4pt]") -> str:
    """Left equals right, over two lines; the formula once, where both sides read the same."""
    if left == right:
        return rf"$${left} \qquad \text{{on both sides{', ' + where if where else ''}}}$$"
    note = rf"\qquad \text{{({where})}}" if where else ""
    return rf"$$\begin{{aligned}} &{left} {newline} ={{}} &{right} {note} \end{{aligned}}$$"


def side_latex(side) -> str:
    """LaTeX of one side; an expression that nobody would read is only measured."""
    if (operations := size(side)) > 4 * READABLE:
        return rf"\langle\text{{{operations} operations}}\rangle"
    if not isinstance(side, sp.MatrixExpr):
        return to_latex(side)
    scalars = {s: symbol_latex(s.name) for s in side.free_symbols if isinstance(s, sp.Symbol)}
    return sp.latex(side, symbol_names=scalars).replace(r"\mathbb{I}", "I")


def mark(ok: bool) -> str:
    """A tick or a cross."""
    return "✓" if ok else "✗"


def small(number: float) -> str:
    """A residual with two digits, and zero as it is."""
    return f"{number:.1e}" if number else "0"


def residual_text(step: StepResult) -> str:
    """``0`` for a proof, else the number; what is left of an identity that failed, shortened."""
    if step.error:
        return step.error
    if step.method == "numbers":
        return small(step.residual)
    return textwrap.shorten(str(step.residual), 60, placeholder=" …")


def typeset(words: str) -> str:
    """Words as HTML, their indices lowered and powers raised: ``Λ_{i-1}``, ``κ^{i+1}``, ``W_η``."""
    text = html.escape(words.replace("<=", "≤").replace(">=", "≥"), quote=False)
    for mark, tag in (("_", "sub"), (r"\^", "sup")):
        text = re.sub(mark + r"(?:\{([^}]*)\}|([A-Za-z0-9\u0370-\u03ff]+))", rf"<{tag}>\1\2</{tag}>", text)
    return text


# ---------------------------------------------------------------- notebook


def claim_markdown(claim: Claim) -> str:
    """The statement with its hypotheses and its source."""
    hypotheses = "".join(f"\n- {typeset(h.words)}: ${h.latex}$" for h in claim.hypotheses)
    where = f"\n\n*Hypotheses*\n{hypotheses}" if hypotheses else ""
    words = f"**{typeset(claim.title)}** {typeset(claim.statement)}"
    return f"{words}\n\n$${claim.latex}$${where}\n\n*Source:* {typeset(claim.source)}."


def report_markdown(report: Report) -> str:
    """The claim, its steps with both sides of each identity, and its counterexamples."""
    lines = [claim_markdown(report.claim), ""]
    for number, step in enumerate(report.steps, 1):
        lines.append(
            f"{number}. {typeset(step.name)} *({step.method})* {mark(step.ok)} residual {residual_text(step)}"
        )
        for each in shown_identities(step)[:1]:
            lines += ["", "   " + formula(*each, newline=r"\cr"), ""]
    if report.counterexamples:
        lines += ["", "| without the hypothesis | residual with it | without it | |", "|---|---|---|---|"]
        lines += [
            f"| {c.hypothesis} | {small(c.with_it)} | {c.without_it:.2g} | {mark(c.ok)} |"
            for c in report.counterexamples
        ]
    return "\n".join(lines)


def ledger_markdown(ledger: LedgerReport) -> str:
    """A table of claims, each with its proof, its source and the notebook that derives it."""
    head = "| | claim | proved by | hypotheses needed | source | derived in |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(
        f"| {mark(r.ok)} | **{r.claim.id}**: {typeset(r.claim.title)} | {', '.join(methods(r))} | {needed(r)} "
        f"| {typeset(r.claim.source)} | {link(r.claim)} |"
        for r in ledger.reports
    )


def link(claim: Claim) -> str:
    """The notebook of a claim, as a link from its neighbours."""
    return f"[{claim.notebook[:2]}]({claim.notebook}.ipynb)" if claim.notebook else ""


# ---------------------------------------------------------------- terminal


def methods(report: Report) -> list[str]:
    """The methods of a proof, each once, in order."""
    return list(dict.fromkeys(step.method for step in report.steps if step.method != "numbers"))


def needed(report: Report) -> str:
    """How many hypotheses have a counterexample without them."""
    return f"{sum(c.ok for c in report.counterexamples)} of {len(report.counterexamples)}"


def table(ledger: LedgerReport):
    """The claims as a table of ``rich``."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

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
        row = ("\n".join(methods(r)), steps, small(r.worst), needed(r), f"{r.seconds:.2f}")
        found.add_row(f"[{colour}]{mark(r.ok)}", r.claim.id, *row)
    return found


def caption(ledger: LedgerReport) -> str:
    """The sum of it in a sentence."""
    failed = [r for r in ledger.reports if not r.ok]
    if not failed:
        return f"All {len(ledger.reports)} claims hold ({ledger.seconds:.1f} s)."
    listed = "\n".join(f"{r.claim.id}: {'; '.join(r.failures) or 'no proof'}" for r in failed)
    return f"{len(failed)} of {len(ledger.reports)} claims FAIL ({ledger.seconds:.1f} s):\n{listed}"


def as_text(ledger: LedgerReport, width: int = 110) -> str:
    """The table in plain characters."""
    from rich.console import Console

    page = StringIO()
    Console(file=page, width=width).print(table(ledger))
    return page.getvalue()


def explanation(report: Report, width: int = 100) -> str:
    """One claim in full, for a terminal: statement, hypotheses, each step with its two sides, counterexamples."""
    claim = report.claim

    def wrapped(text: str, indent: str = "") -> str:
        return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)

    lines = [claim.title, "=" * min(len(claim.title), width), "", wrapped(claim.statement), ""]
    lines += [
        f"  LaTeX   {claim.latex}",
        f"  Source  {claim.source}",
        f"  Models  {', '.join(claim.models) or '-'}",
        "",
    ]
    lines += [f"  Assuming {h.words}." for h in claim.hypotheses]
    for number, step in enumerate(report.steps, 1):
        lines += ["", f"{number}. {step.name}  [{step.method}]"]
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
        return [wrapped(f"{mark(False)} {found.hypothesis}: {found.error}")]
    line = (
        f"{mark(found.ok)} Without '{found.hypothesis}' the residual is {found.without_it:.2g}, "
        f"with it {small(found.with_it)}."
    )
    return [wrapped(line)]


# ---------------------------------------------------------------- data


def plain(report: Report) -> dict:
    """A report as data that JSON can hold; numbers that are not finite are null."""

    def number(x) -> float | None:
        return float(x) if math.isfinite(x) else None

    return {
        "id": report.claim.id,
        "title": report.claim.title,
        "source": report.claim.source,
        "models": list(report.claim.models),
        "ok": report.ok,
        "seconds": round(report.seconds, 3),
        "steps": [
            {
                "name": step.name,
                "method": step.method,
                "residual": number(step.residual) if step.method == "numbers" else str(step.residual),
                "ok": step.ok,
                "seconds": round(step.seconds, 3),
                "error": step.error,
            }
            for step in report.steps
        ],
        "counterexamples": [
            {
                "hypothesis": c.hypothesis,
                "violation": [number(c.held), number(c.violated)],
                "residual": [number(c.with_it), number(c.without_it)],
                "ok": c.ok,
                "seconds": round(c.seconds, 3),
                "error": c.error,
            }
            for c in report.counterexamples
        ],
    }
