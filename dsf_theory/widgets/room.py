"""Room for moving curves: ends of an axis that follow what is drawn, in few steps, as each costs a new background."""

import numpy as np
from matplotlib.axes import Axes

POWERS = (-2, -4, -8, -16, -32, -64, -128, -256)
"""Of ten, at which a logarithmic axis may end."""


def room_below(axes: Axes, *curves: np.ndarray) -> None:
    """Has a logarithmic axis of heights end at the first of :data:`POWERS` that is below all of some curves.

    Args:
        axes: with its largest tick at 100.
        *curves: positive numbers, 1e-256 or more.
    """
    least = min(np.min(curve) for curve in curves)
    power = next((power for power in POWERS if 10.0**power <= least), POWERS[-1])
    bottom, top = axes.get_ylim()
    if bottom != 10.0**power:
        axes.set_ylim(10.0**power, top)
        lowest = "0.01" if power == -2 else f"$10^{{{power}}}$"
        axes.set_yticks([10.0**power, 1, 100], [lowest, "1", "100"])
        axes.minorticks_off()


def room_across(axes: Axes, least: float, *curves: np.ndarray) -> None:
    """Has an axis of widths reach from minus to plus ``least``, or the first of its doubles that holds all curves."""
    largest = max(np.abs(curve).max() for curve in curves)
    limit = least * 2 ** max(0, int(np.ceil(np.log2(largest / least)))) if largest else least
    if axes.get_xlim()[1] != limit:
        axes.set_xlim(-limit, limit)
