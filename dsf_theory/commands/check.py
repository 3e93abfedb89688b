"""The command ``check``: the ledger of claims, proved, confirmed and broken."""

import json
from collections.abc import Callable

from dsf_theory.commands.arguments import seed


def add(commands) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("check", help="prove the claims, confirm them, and break their hypotheses")
    parser.add_argument("ids", nargs="*", metavar="ID", help="claims (default all)")
    parser.add_argument("--json", action="store_true", help="print the reports as JSON")
    parser.add_argument("--explain", metavar="ID", help="print one proof in full")
    parser.add_argument("--seed", type=seed, default=0, help="of the random numbers that confirm (default 0)")
    parser.set_defaults(run=run)


def run(options) -> int:
    """Check the ledger; 1 if a claim fails.

    Raises:
        ValueError: for a claim that is not in the ledger.
    """
    import dsf_theory.claims as claims
    from dsf_theory.arrays.names import known
    from dsf_theory.claims import render
    from dsf_theory.commands.tables import show, width

    named = [*options.ids, *([options.explain] if options.explain else [])]
    for claim_id in named:
        known("claim", claim_id, claims.LEDGER)
    report = with_progress(claims.check, list(dict.fromkeys(named or claims.LEDGER)), options.seed)
    if options.json:
        print(json.dumps([each.to_dict() for each in report.reports], indent=2, ensure_ascii=False))
    elif options.explain:
        print(render.explanation(report[options.explain]))
    else:
        show(render.table(report, width()))
    return 0 if report.ok else 1


def with_progress(check: Callable, ids: list[str], seed: int):
    """Check claims under a progress bar on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=len(ids))
        done = iter(range(len(ids)))
        return check(ids, seed, lambda claim_id: bar.update(task, description=claim_id, completed=next(done)))
