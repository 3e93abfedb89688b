"""The command ``sweep``: the runs behind the figures, those that are missing."""

from math import inf
from pathlib import Path

from dsf_theory.commands.arguments import number, one_of, whole
from dsf_theory.commands.places import DATA, PRESETS, RESULTS

BACKENDS, DEVICES = ("here", "processes", "ray"), ("cpu", "cuda")
"""Where runs run one at a time, and where several of them train as one."""


def add(commands) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("sweep", help="do the runs behind the figures, those that are missing")
    parser.add_argument("names", nargs="*", help="experiments (default all)")
    scale = {"type": one_of("scale", PRESETS), "choices": PRESETS, "default": "notebook"}
    parser.add_argument("--preset", **scale, help="scale (default notebook)")
    parser.add_argument("--dry-run", action="store_true", help="train nothing; count runs and cost")
    parser.add_argument("--store", type=Path, help="SQLite file of results (default results/PRESET.sqlite)")
    backend = {"type": one_of("backend", BACKENDS), "choices": BACKENDS, "default": "processes"}
    parser.add_argument("--backend", **backend, help="where they run")
    parser.add_argument(
        "--workers", type=whole, default=2, help="runs at a time, one thread each (default 2)"
    )
    parser.add_argument("--folder", type=Path, default=DATA, help="where results are kept")
    device = {"type": one_of("device", DEVICES), "choices": DEVICES}
    parser.add_argument("--device", **device, help="train seeds and rates of a shape as one model there")
    parser.add_argument(
        "--minutes", type=number, help="with --device: stop then, to go on from the store another time"
    )
    parser.add_argument(
        "--no-graph", action="store_true", help="with --device cuda: do not record passes as CUDA graphs"
    )
    parser.add_argument("--again", action="store_true", help="do the runs that failed once more")
    parser.set_defaults(run=run)


def run(options) -> int:
    """Do the runs of experiments, or count them, which writes nothing; 1 if a run failed.

    Raises:
        ValueError: if there is no such experiment or device, or minutes without a device.
        ModuleNotFoundError: if a task or a backend needs a package that is not installed.
        KeyboardInterrupt: saying what is kept, and how to go on.
    """
    import dsf_theory.commands.training as training
    from dsf_theory.commands.plan import plan
    from dsf_theory.commands.tables import show
    from dsf_theory.experiments.declared import at_scale, experiment
    from dsf_theory.experiments.store import Store

    if options.minutes is not None and not options.device:
        raise ValueError("minutes: expected with --device, found without")
    names = options.names or at_scale(options.preset)
    for name in names:
        experiment(name)
    store = Store(options.store or RESULTS / f"{options.preset}.sqlite", reading=options.dry_run)
    if options.dry_run:
        show(plan(names, options.preset, store, options.again))
        return 0
    if options.again:
        print(f"{store.forget_failures()} failed runs are to be done again")
    if options.device:
        minutes = inf if options.minutes is None else options.minutes
        where = options.preset, store, minutes, options.folder, not options.no_graph
        failed = training.do_on(options.device, names, *where)
        return 1 if failed else 0
    failed = training.do(names, options.preset, store, options.backend, options.workers, options.folder)
    return 1 if failed else 0
