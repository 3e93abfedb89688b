"""The notice that a widget has lost its kernel, which the page itself shows: no kernel is there to do it."""

import ipywidgets as W

MARK, VIEW = "dsf-disconnected", "dsf-view"
"""Classes of the notice, and of the widgets that have one, in which no other sign of a lost kernel is shown."""

WORDS = (
    "Not connected: the kernel was stopped or started anew, and this view no longer answers. "
    "Run this cell again, after the cells above it."
)


def notice() -> W.HTML:
    """Nothing, until the kernel is gone: then a line that says so, and what to run.

    JupyterLab marks every view whose kernel is gone with a class; a rule of style shows the line by it.
    """
    style = (
        f"<style>.{MARK} {{ display: none !important; }} "
        f".{MARK}.jupyter-widgets-disconnected {{ display: block !important; height: auto; }} "
        f":is(.{VIEW}, .{VIEW} *).jupyter-widgets-disconnected::before {{ content: none !important; }}</style>"
    )
    text = f'<p role="alert" style="margin:0.4em 0;line-height:1.4;font-weight:bold">⚠ {WORDS}</p>'
    shown = W.HTML(style + text)
    shown.add_class(MARK)
    return shown
