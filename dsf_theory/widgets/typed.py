"""Typed numbers: how a control's value is written in its box, and what is said of one that it does not take."""

import math
from bisect import bisect
from collections.abc import Sequence

import ipywidgets as W


def written(value: float) -> str:
    """A control's value as its box shows it.

    >>> written(0.1 + 0.2), written(12)
    ('0.3', '12')
    """
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def read(name: str, control: W.Widget, text: str) -> float:
    """The value that a typed text means to a control.

    Args:
        name: of the control, for the reader.
        control: with ``min`` and ``max``, or with rising numbers as ``options``.
        text: what was typed.

    Raises:
        ValueError: if the control does not take it, with a sentence that says what is possible.

    >>> read("heads", W.IntSlider(1, min=1, max=4), "2.7")
    Traceback (most recent call last):
    ValueError: heads stays at 1: 2.7 is not a whole number from 1 to 4.
    """
    value, among = number(text), choices(control)
    if among is None:
        low, high = bounds(control)
        if value is not None and low <= value <= high:
            return value
        expected = f"a number from {written(low)} to {written(high)}"
    else:
        if value in among:
            return among[among.index(value)]
        expected = described(among) + nearest(among, value)
    typed = text.strip() if value is not None else f"“{text.strip()}”"
    raise ValueError(f"{name} stays at {written(control.value)}: {typed} is not {expected}.")


def number(text: str) -> float | None:
    """The finite number that a text says, or None."""
    try:
        value = float(text.strip().replace("−", "-").replace("_", "?"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def choices(control: W.Widget) -> Sequence[float] | None:
    """The values of a control that has finitely many, rising."""
    if isinstance(control, W.SelectionSlider):
        return tuple(option[1] if isinstance(option, tuple) else option for option in control.options)
    if isinstance(control, W.IntSlider | W.BoundedIntText):
        return range(control.min, control.max + 1, control.step)
    return None


def bounds(control: W.Widget) -> tuple[float, float]:
    """The least and the greatest value of a control."""
    if isinstance(control, W.FloatLogSlider):
        return control.base**control.min, control.base**control.max
    return control.min, control.max


def described(among: Sequence[float]) -> str:
    """What a control with finitely many values takes.

    >>> described(range(1, 5)), described(range(16, 65, 8)), described((1, 2, 4))
    ('a whole number from 1 to 4', 'one of 16, 24, 32, ..., 64', 'one of 1, 2 and 4')
    """
    if isinstance(among, range) and among.step == 1:
        return f"a whole number from {among[0]} to {among[-1]}"
    shown = [written(value) for value in among]
    if len(shown) > 5:
        return f"one of {', '.join(shown[:3])}, ..., {shown[-1]}"
    return f"one of {', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]


def nearest(among: Sequence[float], value: float | None) -> str:
    """Between which values of a control a number lies, where there are gaps.

    >>> nearest((1, 2, 4, 8), 5), nearest(range(4), 2.5), nearest((1, 2, 4, 8), 9)
    (', the nearest are 4 and 8', '', '')
    """
    gaps = not (isinstance(among, range) and among.step == 1)
    if value is None or not gaps or not among[0] < value < among[-1]:
        return ""
    place = bisect(among, value)
    return f", the nearest are {written(among[place - 1])} and {written(among[place])}"
