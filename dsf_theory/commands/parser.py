"""The command line: ``python -m dsf_theory COMMAND``."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRESETS = ("notebook", "laptop", "paper")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit status."""
    options = parser().parse_args(arguments)
    return options.run(options)


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="python -m dsf_theory", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    check = commands.add_parser("check", help="prove the claims, confirm them, and break their hypotheses")
    check.add_argument("ids", nargs="*", metavar="ID", help="claims (default all)")
    check.add_argument("--json", action="store_true", help="print the reports as JSON")
    check.add_argument("--explain", metavar="ID", help="print one proof in full")
    check.add_argument("--seed", type=int, default=0, help="of the random numbers that confirm (default 0)")
    check.set_defaults(run=run_check)

    models = commands.add_parser("models", help="list the models with their sizes")
    models.add_argument("-d", type=int, default=64, help="channels (default 64)")
    models.add_argument("-n", type=int, default=16, help="state expansion (default 16)")
    models.set_defaults(run=run_models)

    figures = commands.add_parser("figures", help="draw figures/ anew")
    figures.add_argument(
        "names", nargs="*", help="names of figures, or with --preset of experiments (default all)"
    )
    figures.add_argument(
        "--preset", choices=PRESETS, help="draw what a sweep of this scale has kept, as PRESET_NAME"
    )
    figures.add_argument("--folder", type=Path, default=ROOT / "figures", help="where to write them")
    figures.set_defaults(run=run_figures)

    train = commands.add_parser("train", help="train one model, and say how it goes")
    train.add_argument("model", help="registry name, see: models")
    train.add_argument("--preset", choices=PRESETS, default="notebook", help="scale (default notebook)")
    train.add_argument("-d", type=int, help="channels")
    train.add_argument("-n", type=int, help="state expansion")
    train.add_argument("--rate", type=float, help="learning rate")
    train.add_argument("--seed", type=int, default=0, help="of parameters, batches and dropout (default 0)")
    train.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="saved at evaluations; resumed if it is there"
    )
    train.set_defaults(run=run_train)

    sweep = commands.add_parser("sweep", help="do the runs behind the figures, those that are missing")
    sweep.add_argument("names", nargs="*", help="experiments (default all)")
    sweep.add_argument("--preset", choices=PRESETS, default="notebook", help="scale (default notebook)")
    sweep.add_argument("--dry-run", action="store_true", help="train nothing; count runs and cost")
    sweep.add_argument("--store", type=Path, help="SQLite file of results (default results/PRESET.sqlite)")
    sweep.add_argument(
        "--backend", choices=("here", "processes", "ray"), default="processes", help="where they run"
    )
    sweep.add_argument("--workers", type=int, default=2, help="runs at a time, one thread each (default 2)")
    sweep.add_argument(
        "--folder", type=Path, default=ROOT / "figures" / "data", help="where results are kept"
    )
    sweep.add_argument("--again", action="store_true", help="do the runs that failed once more")
    sweep.set_defaults(run=run_sweep)

    notebooks = commands.add_parser("notebooks", help="run the notebooks and save them with their outputs")
    notebooks.add_argument("paths", nargs="*", type=Path, help="notebooks (default all)")
    notebooks.add_argument(
        "--check", action="store_true", help="run nothing; say what is not as it should be saved"
    )
    notebooks.set_defaults(run=run_notebooks)
    return top


def run_check(options) -> int:
    """Check the ledger; 1 if a claim fails, 2 if there is no such claim."""
    import json

    from rich.console import Console

    from dsf_theory import claims
    from dsf_theory.claims import render

    ids = [*options.ids, *([options.explain] if options.explain else [])] or list(claims.LEDGER)
    try:
        report = with_progress(claims.check, list(dict.fromkeys(ids)), options.seed)
    except ValueError as error:
        print(f"check: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps([each.to_dict() for each in report.reports], indent=2, ensure_ascii=False))
    elif options.explain:
        print(render.explanation(report[options.explain]))
    else:
        Console().print(render.table(report))
    return 0 if report.ok else 1


def with_progress(check, ids: list[str], seed: int):
    """Check claims under a progress bar on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=len(ids))
        done = iter(range(len(ids)))
        return check(ids, seed, lambda claim_id: bar.update(task, description=claim_id, completed=next(done)))


def run_models(options) -> int:
    """Print the registry as a table."""
    from rich.console import Console
    from rich.table import Table

    from dsf_theory.models import MODELS

    table = Table(title=f"Models at d = {options.d}, n = {options.n}", title_justify="left")
    table.add_column("name", no_wrap=True)
    table.add_column("model")
    for column in ("parameters", "state N", "numbers kept"):
        table.add_column(column, justify="right")
    try:
        for name, model in MODELS.items():
            table.add_row(name, model.title, *sizes(model, options.d, options.n))
    except ValueError as error:
        print(f"models: {error}", file=sys.stderr)
        return 2
    Console().print(table)
    return 0


def sizes(model, d: int, n: int) -> tuple[str, str, str]:
    """Numbers of parameters, dimension of the state, and numbers kept from step to step."""
    import numpy as np

    from dsf_theory.models import NoFiniteSystemError

    instance = model.random(d, n)
    parameters = f"{sum(np.size(p) for p in instance.parameters.values()):,}"
    kept = instance.state_size(length=1)
    shown = f"{kept:,}" if instance.state_size(length=2) == kept else "grows with length"
    try:
        return parameters, f"{instance.system(np.zeros((1, d)) + 0.5).N:,}", shown
    except NoFiniteSystemError:
        return parameters, "-", shown


def run_train(options) -> int:
    """Train one run; 2 if there is no such run."""
    from dsf_theory.commands import training as commands

    try:
        trial = commands.chosen(
            options.model, options.preset, options.d, options.n, options.rate, options.seed
        )
        commands.train_and_report(trial, options.checkpoint)
    except ValueError as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    return 0


def run_sweep(options) -> int:
    """Do the runs of experiments, or count them; 1 if a run failed, 2 if there is no such experiment."""
    from rich.console import Console

    from dsf_theory.commands import training as commands
    from dsf_theory.experiments.declared import EXPERIMENTS, experiment
    from dsf_theory.experiments.store import Store

    names = options.names or list(EXPERIMENTS)
    try:
        for name in names:
            experiment(name)
        store = Store(options.store or ROOT / "results" / f"{options.preset}.sqlite")
        if options.again:
            print(f"{store.forget_failures()} failed runs are to be done again")
        if options.dry_run:
            Console().print(commands.plan(names, options.preset, store))
            return 0
        failed = commands.do(names, options.preset, store, options.backend, options.workers, options.folder)
    except (ValueError, ModuleNotFoundError) as error:
        print(f"sweep: {error}", file=sys.stderr)
        return 2
    return 1 if failed else 0


def run_figures(options) -> int:
    """Draw the named figures, or those of a scale's results."""
    if options.preset:
        return run_results(options)
    from dsf_theory.plots import FIGURES, save

    unknown = set(options.names) - set(FIGURES)
    if unknown:
        print(
            f"figures: no {', '.join(sorted(unknown))}; there are {', '.join(sorted(FIGURES))}",
            file=sys.stderr,
        )
        return 2
    for path in save(options.names or sorted(FIGURES), options.folder):
        print(path)
    return 0


def run_results(options) -> int:
    """Draw the figures of experiments from what was kept at a scale."""
    from dsf_theory.experiments import results
    from dsf_theory.experiments.declared import EXPERIMENTS
    from dsf_theory.plots.experiments import draw
    from dsf_theory.plots.style import png

    try:
        for name in options.names or list(EXPERIMENTS):
            found = results.kept(name, options.preset)
            path = options.folder / f"{options.preset}_{name}.png"
            path.write_bytes(png(draw(name, found["results"])))
            print(path)
    except (ValueError, FileNotFoundError) as error:
        print(f"figures: {error}", file=sys.stderr)
        return 2
    return 0


def run_notebooks(options) -> int:
    """Run and save notebooks, or check how they were saved."""
    from dsf_theory.commands import notebooks

    failed = 0
    for path in options.paths or sorted((ROOT / "notebooks").glob("*.ipynb")):
        if not options.check:
            print(f"running {path.name} ...", flush=True)
            notebooks.save(path)
        for fault in notebooks.faults(path):
            print(f"{path.name}: {fault}", file=sys.stderr)
            failed = 1
    return failed
