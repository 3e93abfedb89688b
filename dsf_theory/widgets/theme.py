"""Layout and colours of what is drawn in HTML: JupyterLab's own variables, which follow its light and dark themes.

Where there is no JupyterLab, as in an export, the colour of the text around stands in for what is not known. Every
text colour has a contrast of at least 4.5 with the grounds of both themes.
"""

INK = "var(--jp-content-font-color1, currentcolor)"
"""Text."""

MUTED = "color-mix(in srgb, var(--jp-content-font-color0, currentcolor) 68%, transparent)"
"""Text that matters less."""

LINE = "var(--jp-border-color2, #bdbdbd)"
"""Lines of tables, and borders."""

FILL = "var(--jp-layout-color2, #eeeeee)"
"""What a bar stands in, and other areas without text."""


AS_WIDE_AS_THE_PAGE = {"display": "block", "overflow": "auto"}
"""Layout of text: words wrap, and a formula or a table that is wider scrolls in a box of its own."""


def towards_ink(variable: str, otherwise: str) -> str:
    """A colour of the theme that is mixed with its text's, and so stands out from its ground."""
    return (
        f"color-mix(in srgb, var({variable}, {otherwise}) 65%, var(--jp-content-font-color0, currentcolor))"
    )


GOOD = towards_ink("--jp-success-color1", "#388e3c")
"""Text that says yes."""

BAD = towards_ink("--jp-error-color1", "#d32f2f")
"""Text that says no."""

WARNING = towards_ink("--jp-warn-color1", "#f57c00")
"""Text that says neither."""


def dot(colour: str) -> str:
    """A dot of a colour of the figures, hidden from screen readers; its rim is grey, which shows on any ground.

    The rim names no variable: JupyterLab takes styles with variables out of notebooks that it does not trust yet.

    >>> dot("#0072B2").startswith("<span")
    True
    """
    shape = "display:inline-block;width:0.65em;height:0.65em;border-radius:50%;margin-right:0.3em"
    return f'<span aria-hidden="true" style="{shape};background:{colour};border:1px solid gray"></span>'
