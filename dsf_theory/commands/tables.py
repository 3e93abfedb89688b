"""Tables on a terminal of any width, whose names and numbers are never cut."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table


def width() -> int:
    """Columns of the terminal."""
    return Console().width


def show(table: Table) -> None:
    """Print a table, wrapped to the terminal between words, and wider than the terminal before a word is cut.

    Columns of names and numbers should be ``no_wrap``; only the others then give way.
    """
    console = Console()
    wide = console.options.update(width=10_000)
    for column in table.columns:
        if column.no_wrap:
            cells = column.header, *column.cells
            column.min_width = max(Measurement.get(console, wide, cell).maximum for cell in cells)
    least = Measurement.get(console, wide, table).minimum
    Console(width=max(console.width, least)).print(table)
