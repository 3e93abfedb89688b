"""Controls of a widget in a grid: each can be named by assistive technology, and answers what it cannot take."""

import threading
from collections.abc import Callable, Mapping

import ipywidgets as W

from dsf_theory.widgets.typed import read, written

SLIDERS = W.IntSlider | W.FloatSlider | W.FloatLogSlider | W.SelectionSlider
BOXES = W.BoundedIntText | W.BoundedFloatText

TRACK, NUMBER = "9em", "4.6em"
"""Least widths of a slider with its handle, and of a typed number."""


def grid(controls: Mapping[str, W.Widget], refuse: Callable[[str], None], width: str) -> W.GridBox:
    """Controls in as many columns as there is room for, with names of one width.

    Args:
        controls: name -> widget; see :func:`labelled`.
        refuse: told a sentence when a typed value is not taken, and an empty one when it is.
        width: of the grid, at most, in CSS.
    """
    names = [control.description or name for name, control in controls.items()]
    label = f"{max(5.0, 0.8 + 0.52 * max(map(len, names), default=0)):.1f}em"
    rows = [labelled(name, control, refuse, label) for name, control in controls.items()]
    options = [
        text for menu in controls.values() if isinstance(menu, W.Dropdown) for text in menu._options_labels
    ]
    field = f"max({NUMBER} + {TRACK} + 1.5em, {4 + 0.55 * max(map(len, options), default=0):.1f}em)"
    columns = f"repeat(auto-fit, minmax(min(100%, calc({label} + {field})), 1fr))"
    return W.GridBox(rows, layout=W.Layout(grid_template_columns=columns, max_width=width))


def labelled(
    name: str, control: W.Widget, refuse: Callable[[str], None] = lambda sentence: None, label: str = "6.5em"
) -> W.Widget:
    """The control with a name that assistive technology can read, and with a box where it is a number.

    A slider of ipywidgets has no such name, and its number boxes clamp and misread; the box before it has one, and
    takes a typed value or says why not.

    Args:
        name: of a control without a description.
        control: a slider, a bounded number, or any other, which only gets its name.
        refuse: told a sentence when a typed value is not taken, and an empty one when it is.
        label: width of the name, in CSS.
    """
    control.description = control.description or name
    if not isinstance(control, SLIDERS | BOXES):
        if control.has_trait("value"):
            control.style.description_width, control.layout.width = label, "auto"
        return control
    box = W.Text(
        description=control.description,
        continuous_update=False,
        style={"description_width": label},
        layout=W.Layout(flex="1 1 auto", width=f"calc({label} + {NUMBER})", max_width=f"calc({label} + 7em)"),
    )
    _keep_in_step(control, box, refuse)
    W.dlink((control, "disabled"), (box, "disabled"))
    if isinstance(control, BOXES):
        box.layout = W.Layout(width="auto")
        return box
    control.description, control.readout = "", False
    control.layout = W.Layout(flex="10 1 auto", width=TRACK, min_width=TRACK)
    return W.HBox([box, control])


def _keep_in_step(control: W.Widget, box: W.Text, refuse: Callable[[str], None]) -> None:
    """Joins a control and its box; unlike `W.link`, whichever threads the changes come from."""
    moving, name = threading.Lock(), box.description

    def box_follows(_change=None) -> None:
        with moving:
            box.value = written(control.value)

    def control_follows(change) -> None:
        if moving.locked():
            return
        try:
            value = read(name, control, change.new)
            refuse("")
            control.value = value
        except ValueError as error:
            refuse(str(error))
        box_follows()

    control.observe(box_follows, "value")
    box.observe(control_follows, "value")
    box_follows()
