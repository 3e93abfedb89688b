"""The command ``figures``: the figures of the notebooks, or those of a sweep's results."""

from pathlib import Path

from dsf_theory.commands.arguments import one_of
from dsf_theory.commands.places import FIGURES, PRESETS


def add(commands) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("figures", help="draw figures/ anew")
    parser.add_argument(
        "names", nargs="*", help="names of figures, or with --preset of experiments (default all)"
    )
    help = "draw what a sweep of this scale has kept, as PRESET_NAME"
    parser.add_argument("--preset", type=one_of("scale", PRESETS), choices=PRESETS, help=help)
    parser.add_argument("--folder", type=Path, default=FIGURES, help="where to write them")
    parser.set_defaults(run=run)


def run(options) -> int:
    """Draw the named figures, or those of a scale's results, and print where they are.

    Raises:
        ValueError: for a name that there is not.
        FileNotFoundError: if no results of an experiment were kept at the scale.
    """
    draw = results if options.preset else figures
    for path in draw(options):
        print(path)
    return 0


def figures(options) -> list[Path]:
    """Draw figures of the notebooks."""
    from dsf_theory.arrays.names import known
    from dsf_theory.plots import FIGURES, save

    for name in options.names:
        known("figure", name, FIGURES)
    return save(options.names or sorted(FIGURES), options.folder)


def results(options) -> list[Path]:
    """Draw the figures of experiments from what was kept at a scale."""
    from dsf_theory.experiments.declared import EXPERIMENTS, experiment
    from dsf_theory.experiments.results import kept
    from dsf_theory.plots.experiments import draw
    from dsf_theory.plots.style import png

    for name in options.names:
        experiment(name)  # that there is one of this name
    found = {name: kept(name, options.preset) for name in options.names or EXPERIMENTS}
    paths = []
    for name, of_one in found.items():  # all of them were kept: otherwise nothing is written
        paths.append(options.folder / f"{options.preset}_{name}.png")
        paths[-1].write_bytes(png(draw(name, of_one.rows)))
    return paths
