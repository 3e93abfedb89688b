"""Tables in HTML, in the colours of the page, with a caption that is their legend."""

from collections.abc import Iterable

from dsf_theory.widgets.theme import LINE, MUTED

WORDS, NUMBERS = (f"padding:2px 12px;text-align:{side}" for side in ("left", "right"))
"""Styles of columns of words, on one line, and of numbers."""

PROSE = WORDS + ";vertical-align:top;white-space:normal;max-width:22em"
"""Style of a column of sentences."""


def table(head: Iterable[tuple[str, str]], lines: Iterable[list[str]], legend: str = "") -> str:
    """A table of cells in HTML, its legend below.

    Args:
        head: the name of each column and its style.
        lines: the cells of each row.
        legend: what marks in the table mean.
    """
    names, styles = zip(*head, strict=True)
    shown = ["".join(f"<th scope='col' style='{s}'>{name}" for s, name in zip(styles, names, strict=True))]
    shown += [
        "".join(f"<td style='{s}'>{cell}" for s, cell in zip(styles, line, strict=True)) for line in lines
    ]
    body = "".join(f"<tr style='border-bottom:1px solid {LINE}'>{row}</tr>" for row in shown)
    below = f"caption-side:bottom;text-align:left;padding:2px 12px;color:{MUTED};white-space:normal"
    caption = f"<caption style='{below}'>{legend}</caption>" if legend else ""
    style = "border-collapse:collapse;line-height:1.4;margin:0.6em 0;white-space:nowrap"
    return f"<table style='{style}'>{caption}{body}</table>"
