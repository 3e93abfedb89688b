"""Softmax attention approximated in many ways: what each costs, and the least it can cost."""

import numpy as np
from matplotlib.figure import Figure

from dsf_theory.plots.style import BLUE, GREEN, MUTED, ORANGE, PURPLE, VERMILION, new_figure, picture
from dsf_theory.studies.softmax_features import error_curves
from dsf_theory.studies.softmax_sample import sample

FAMILIES = {
    "trigonometric": (PURPLE, "^", "trigonometric\nrandom features"),
    "positive": (ORANGE, "v", "positive\nrandom features"),
    "elu": (GREEN, "D", "ELU + 1"),
    "taylor": (VERMILION, "s", "Taylor"),
    "optimal": (BLUE, "o", "near-optimal\nsystem"),
}
"""Name -> colour, marker and what the reader sees."""


CASES = {
    "key size 4": {"m": 4},
    "key size 8, temperature 1, length 128": {},
    "key size 16": {"m": 16},
    "temperature 2": {"temperature": 2.0},
    "temperature ½": {"temperature": 0.5},
    "length 256": {"length": 256},
}
"""Title of a panel -> what differs from keys of size 8, temperature 1 and length 128."""


@picture(
    "07_error_and_states",
    alt="Six panels with the error of an approximation against its number of states, both axes logarithmic, for key "
    "sizes 4, 8 and 16, temperatures 2 and 1/2, and length 256. A grey region, which no system enters, falls from "
    "about one at one state to nothing at half the length; the near-optimal systems lie just above it. Taylor "
    "features lie far to the right, by a factor of ten or more at key size 4 and of thousands at key size 16. "
    "Random features stay above 0.1 up to 4096 of them.",
)
def error_and_states() -> tuple[Figure, dict]:
    """The error of each family against its states, for three key sizes, two more temperatures and a longer input."""
    figure, data = new_figure(8.5, 5.5), {}
    figure.suptitle(
        "One accuracy, very different numbers of states", x=0.01, ha="left", weight="bold", size=10
    )
    panels = figure.subplots(2, 3, sharex=True, sharey=True)
    for axes, (title, case) in zip(panels.flat, CASES.items(), strict=True):
        found = error_curves(sample(**case))
        axes.fill_between(*found["bound"], 1e-9, color="#e4e4e4", lw=0)
        axes.plot(*found["bound"], color=MUTED, lw=0.8)
        for name, (colour, marker, _) in FAMILIES.items():
            axes.plot(*found[name], marker + "-", color=colour, ms=3, lw=1.2)
        axes.set_title(title, weight="normal", size=9)
        axes.set(xscale="log", yscale="log", xlim=(0.8, 3e7), ylim=(1e-3, 8))
        axes.set_xticks(
            [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7], ["1", "", "100", "", r"$10^4$", "", r"$10^6$", ""]
        )
        axes.set_yticks([0.001, 0.01, 0.1, 1], ["0.001", "0.01", "0.1", "1"])
        axes.minorticks_off()
        data |= {f"{title}: {name}": np.array(found[name]) for name in found}
    figure.supxlabel("states per channel $n$", fontsize=9)
    figure.supylabel(r"error $\|P-\hat P\|_2$", fontsize=9)
    places = {"optimal": (85, 0.0045), "taylor": (1.4e5, 0.12), "positive": (7e3, 0.6)}
    for name, place in (places | {"elu": (24, 0.62), "trigonometric": (2.2e3, 4)}).items():
        colour, _, words = FAMILIES[name]
        panels[0, 2].annotate(words, place, color=colour, fontsize=8, va="center")
    panels[1, 2].annotate("no system\nis here", (1.4, 0.002), color=MUTED, fontsize=8)
    return figure, data
