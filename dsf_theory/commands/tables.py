"""Tables on a terminal of any width, whose names and numbers are never cut."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table


def width() -> int:
    """Columns of the terminal."""
    return Console().width


def show(table: Table) -> None:
    """Print a table, wrapped to the terminal between words, and wider than the terminal before a word is cut.

    Columns of names and numbers should be ``no_wrap`` with headers of one word: only the others then give way.
    """
    console = Console()
    least = Measurement.get(console, console.options.update(width=10_000), table).minimum
    Console(width=max(console.width, least)).print(table)
