"""The command line as a whole, ``python -m dsf_theory COMMAND``: the commands, and how each of them ends."""

import argparse
import sys

import dsf_theory.commands.check as check
import dsf_theory.commands.figures as figures
import dsf_theory.commands.models as models
import dsf_theory.commands.notebooks as notebooks
import dsf_theory.commands.sweep as sweep
import dsf_theory.commands.train as train
from dsf_theory.commands.arguments import Parser

COMMANDS = {
    "models": models,
    "check": check,
    "figures": figures,
    "train": train,
    "sweep": sweep,
    "notebooks": notebooks,
}
"""Command -> its module, which adds its options to a parser and runs it."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: of the command line, default those that Python was started with.

    Returns:
        The exit status: 0 if all is well (without a command too, when the commands are listed), 1 if something
        failed that the command was to find out, 2 if it could not be run, 130 if it was interrupted.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if not given:
        parser().print_help()
        return 0
    try:
        check_name(given[0])
        options = parser().parse_args(given)
        return options.run(options)
    except KeyboardInterrupt as stop:
        return ended(given[0], str(stop) or "interrupted", 130)
    except Exception as error:
        if caused_by_interrupt(error):
            return ended(given[0], "interrupted", 130)
        if isinstance(error, OSError):
            return ended(given[0], f"{error.filename}: {error.strerror}" if error.filename else str(error), 2)
        if isinstance(error, ValueError | ModuleNotFoundError):
            return ended(given[0], str(error), 2)
        raise


def caused_by_interrupt(error: BaseException | None) -> bool:
    """Whether an error came of Ctrl-C, as when a compiled library that is being loaded turns it into an ImportError."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def check_name(name: str) -> None:
    """Refuse a command that there is not.

    Raises:
        ValueError: saying which one may have been meant.
    """
    if name not in COMMANDS and not name.startswith("-"):
        from dsf_theory.arrays.names import known

        known("command", name, COMMANDS)


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = Parser(
        prog="python -m dsf_theory",
        description="What a command takes: python -m dsf_theory COMMAND --help.",
        formatter_class=lambda prog: argparse.HelpFormatter(
            prog, indent_increment=1
        ),  # a line for each command
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in COMMANDS.values():
        module.add(commands)
    return top


def ended(command: str, sentence: str, status: int) -> int:
    """Say in one line on stderr why a command ended; its exit status."""
    print(f"{command}: {sentence}" if command in COMMANDS else sentence, file=sys.stderr)
    return status
