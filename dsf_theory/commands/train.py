"""The command ``train``: one model learns one task."""

from pathlib import Path

from dsf_theory.commands.arguments import number, one_of, seed, whole
from dsf_theory.commands.places import PRESETS


def add(commands) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("train", help="train one model, and say how it goes")
    parser.add_argument("model", help="registry name, see: models")
    scale = {"type": one_of("scale", PRESETS), "choices": PRESETS, "default": "notebook"}
    parser.add_argument("--preset", **scale, help="scale (default notebook)")
    parser.add_argument("-d", type=whole, help="channels")
    parser.add_argument("-n", type=whole, help="state expansion")
    parser.add_argument("--rate", type=number, help="learning rate")
    parser.add_argument("--seed", type=seed, default=0, help="of parameters, batches and dropout (default 0)")
    parser.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="saved at evaluations; resumed if it is there"
    )
    parser.set_defaults(run=run)


def run(options) -> int:
    """Train one run.

    Raises:
        ValueError: if there is no such run.
        KeyboardInterrupt: saying what is kept, and how to go on.
    """
    from dsf_theory.commands.training import chosen, train_and_report

    trial = chosen(options.model, options.preset, options.d, options.n, options.rate, options.seed)
    train_and_report(trial, options.checkpoint)
    return 0
