"""Controls that assistive technology can name."""

import threading

import ipywidgets as W


def labelled(name: str, control: W.Widget) -> W.Widget:
    """Returns the control with a name that assistive technology can read.

    A slider of ipywidgets has none; the number box before it has, and takes typed values.
    """
    control.description = control.description or name
    if not isinstance(control, W.IntSlider | W.FloatSlider | W.FloatLogSlider):
        return control
    logarithmic, whole = isinstance(control, W.FloatLogSlider), isinstance(control, W.IntSlider)

    def bound(limit: float) -> float:
        return control.base**limit if logarithmic else limit

    box = (W.BoundedIntText if whole else W.BoundedFloatText)(
        min=bound(control.min),
        max=bound(control.max),
        step=None if logarithmic else control.step,
        description=control.description,
        style={"description_width": control.style.description_width},
    )
    control.description, control.readout = "", False
    W.dlink((control, "max"), (box, "max"), bound)
    W.dlink((control, "min"), (box, "min"), bound)
    _keep_in_step(control, box)
    return W.HBox([box, control])


def _keep_in_step(slider: W.Widget, box: W.Widget) -> None:
    """Joins a slider and its number box; unlike `W.link`, whichever threads the changes come from."""
    moving = threading.Lock()

    def box_follows(_change=None) -> None:
        with moving:
            box.value = _tidy(slider.value)

    def slider_follows(change) -> None:
        if not moving.locked():
            slider.value = change.new

    slider.observe(box_follows, "value")
    box.observe(slider_follows, "value")
    box_follows()


def _tidy(value: float) -> float:
    """Returns 0.13 for the 0.13000000000000003 that a slider's steps add up to."""
    return value if isinstance(value, int) else float(f"{value:.6g}")
