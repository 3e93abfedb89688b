"""Softmax attention on a budget of states: what each kind of features makes of it, and what is possible."""

from functools import lru_cache
from typing import NamedTuple

import ipywidgets as W
import matplotlib as mpl
import numpy as np

from dsf_theory.features import monomials_size
from dsf_theory.kernels.bounds import kernel_error
from dsf_theory.kernels.hankel import hankel_singular_values
from dsf_theory.kernels.realisation import realise
from dsf_theory.plots.error_and_states import FAMILIES
from dsf_theory.plots.style import INK, MUTED, SEQUENTIAL, SIGNED, STYLE, new_figure
from dsf_theory.studies.softmax_features import over_row_sums, random_weights, taylor_weights
from dsf_theory.studies.softmax_sample import sample
from dsf_theory.widgets.cells import Cells
from dsf_theory.widgets.live import LiveFigure, Panel
from dsf_theory.widgets.words import digits

NAMES = {
    "optimal": "near-optimal system",
    "taylor": "Taylor features",
    "positive": "positive random features",
}
"""Family -> how the reader sees it."""

LONGEST, MOST, HIGHEST = 64, 2**20, 30
"""Steps, states and order of the series, at most."""

STATES = (*range(1, 17), *range(18, 33, 2), *(x for k in range(5, 20) for x in (3 * 2**k // 2, 2 ** (k + 1))))
"""Numbers of states to choose from: whole, in steps that grow, and few enough for a slider."""

LEAST = 1e-4
"""The least error that is shown."""


def softmax_states() -> Panel:
    """Softmax attention of random queries and keys, approximated with as many states as the reader grants.

    Left to right: the weights, their approximation, the difference; and singular values of the block from the first
    half to the second, above the error of each family against its states, over the region that no system enters.
    """
    parts = Parts()
    families = [(text, name) for name, text in NAMES.items()]
    controls = {
        "family": W.Dropdown(options=families, description="family"),
        "n": W.SelectionSlider(options=STATES, value=8, description="states n"),
        "m": W.IntSlider(8, min=1, max=16, description="key size m"),
        "temperature": W.FloatLogSlider(1.0, base=2, min=-2, max=2, step=0.25, description="temperature"),
        "length": W.IntSlider(48, min=16, max=LONGEST, step=8, description="length L"),
        "seed": W.IntSlider(0, min=0, max=20, description="seed"),
    }
    return Panel(LiveFigure(parts.figure, parts.moving), controls, parts.draw)


class Approximations(NamedTuple):
    """Weights of softmax attention (L, L), and for each family of features their weights by the number of states.

    Args:
        P: the weights.
        least: the error that no system of n = 1, 2, ... states goes below.
        weights: family -> n -> weights.
        errors: family -> (n, error).
        orders: n -> order, of the Taylor features.
    """

    P: np.ndarray
    least: np.ndarray
    weights: dict[str, dict[int, np.ndarray]]
    errors: dict[str, tuple[np.ndarray, np.ndarray]]
    orders: dict[int, int]


@lru_cache(maxsize=32)
def approximations(m: int, temperature: float, length: int, seed: int) -> Approximations:
    """Everything about one attention but the realised systems, which :func:`near_optimal` finds one by one."""
    P, q, k = sample(m, length, temperature, seed)
    orders = {size: p for p in range(0, HIGHEST + 1, 2) if (size := monomials_size(m, p)) <= MOST}
    cut = {0: over_row_sums(np.ones_like(P))} | taylor_weights(q, k, max(orders.values()))
    sizes = 4 ** np.arange(6)
    weights = {
        "taylor": {n: cut[p] for n, p in orders.items()},
        "positive": random_weights(q, k, sizes.tolist(), seed),
    }
    errors = {}
    for name, found in weights.items():
        norms = np.linalg.norm(P - np.stack([*found.values()]), 2, axis=(1, 2))
        errors[name] = np.array([*found]), norms
    least = np.append(hankel_singular_values(P).max(axis=0)[1:], 0.0)
    return Approximations(P, least, weights, errors, orders)


@lru_cache(maxsize=256)
def near_optimal(m: int, temperature: float, length: int, seed: int, n: int) -> tuple[np.ndarray, float]:
    """The weights of a system of n states near softmax attention, and their error."""
    P = approximations(m, temperature, length, seed).P
    found = realise(P, n).kernel()
    return found, kernel_error(P, found)


class Parts:
    """The figure, and how its parts follow the controls."""

    def __init__(self):
        with mpl.rc_context(STYLE):
            self.figure = new_figure(9.4, 3.4, dpi=96)
            mosaic = [["P", "found", "difference", name] for name in ("values", "error")]
            axes = self.figure.subplot_mosaic(mosaic, width_ratios=(1, 1, 1, 1.4))
            self.weights = Cells(axes["P"], SEQUENTIAL, (0, 0.6)), Cells(axes["found"], SEQUENTIAL, (0, 0.6))
            self.difference = Cells(axes["difference"], SIGNED, (-0.6, 0.6))
            self._maps(axes["P"], axes["found"], axes["difference"])
            self._values(axes["values"])
            self._error(axes["error"])
        self.moving = [*self.weights, self.difference, self.of_P, self.of_found, self.limit]
        self.moving += [self.impossible, *self.curves.values(), self.now]

    def _maps(self, *panels):
        for axes, title in zip(
            panels, ("Weights $P$", r"Approximation $\hat P$", r"$\hat P-P$, red: too large"), strict=True
        ):
            axes.set(title=title, xlabel="step $j$", xticks=[], yticks=[])
            axes.set_box_aspect(1)
        panels[0].set_ylabel("step $i$")

    def _values(self, axes):
        self.limit = axes.axvline(1, color=MUTED, lw=1, ls=":")
        (self.of_P,) = axes.semilogy([1], [1], "o-", ms=3, lw=1, color=INK)
        (self.of_found,) = axes.semilogy([1], [1], "o", ms=5, mfc="none", mew=1, color=INK)
        axes.text(2, 3e-4, r"● $P$   ○ $\hat P$   ┊ $n$", color=INK, fontsize=8, zorder=0)
        axes.set(title="Singular values, past to future", xlim=(0, LONGEST // 2 + 1), ylim=(LEAST, 5))
        axes.set(xticks=(1, 8, 16, 24, 32), yticks=(1e-4, 1e-2, 1))

    def _error(self, axes):
        axes.set(xscale="log", yscale="log", xlim=(0.8, MOST), ylim=(LEAST, 60))
        self.impossible = axes.fill_between([1, 2], [1, 1], LEAST / 10, color="#e4e4e4", lw=0)
        self.curves = {
            name: axes.plot([1], [1], color=FAMILIES[name][0], lw=1.2)[0] for name in ("taylor", "positive")
        }
        (self.now,) = axes.plot([1], [1], "o", ms=7)
        for place, name, word in ((0.35, "taylor", "Taylor"), (0.62, "positive", "random")):
            colour = FAMILIES[name][0]
            axes.text(place, 0.88, word, color=colour, fontsize=8, zorder=0, transform=axes.transAxes)
        axes.set(title=r"Error $\|P-\hat P\|_2$; grey: impossible", xlabel="states $n$")
        axes.set(xticks=(1, 100, 1e4, 1e6), yticks=(1e-4, 1e-2, 1))
        axes.minorticks_off()

    def draw(self, family: str, n: int, m: int, temperature: float, length: int, seed: int) -> str:
        """Show one approximation; what it shows, in words."""
        given, key = approximations(m, temperature, length, seed), (m, temperature, length, seed)
        if family == "optimal":
            states = min(n, (length + 1) // 2)
            found, error = near_optimal(*key, states)
        else:
            n_of, errors = given.errors[family]
            place = np.searchsorted(n_of, n, side="right") - 1
            states, error = int(n_of[place]), errors[place]
            found = given.weights[family][states]
        self._show(given, found, states)
        self.now.set_data([states], [max(error, LEAST)])
        self.now.set_color(FAMILIES[family][0])
        return describe(family, states, error, given)

    def _show(self, given: Approximations, found: np.ndarray, states: int) -> None:
        half = len(found) // 2
        for image, matrix in zip(
            (*self.weights, self.difference), (given.P, found, found - given.P), strict=True
        ):
            image.set_data(np.sign(matrix) * np.sqrt(np.abs(matrix)))
        for line, matrix in ((self.of_P, given.P), (self.of_found, found)):
            values = np.linalg.svd(matrix[half:, : half + 1], compute_uv=False)
            line.set_data(np.arange(1, len(values) + 1), shown(values))
        self.limit.set_xdata([states, states])
        steps = np.arange(1, len(given.least) + 1)
        self.impossible.set_data(steps, np.maximum(given.least, LEAST / 10), LEAST / 10)
        for name, curve in self.curves.items():
            states, errors = given.errors[name]
            curve.set_data(states, shown(errors))


def shown(values: np.ndarray) -> np.ndarray:
    """The same numbers, but none where they are too small to be shown."""
    return np.where(values >= LEAST, values, np.nan)


def describe(family: str, states: int, error: float, given: Approximations) -> str:
    """One approximation in words."""
    L, needed = len(given.P), 1 + np.count_nonzero(given.least > error * (1 + 1e-9))
    order = f" of order {given.orders[states]}" if family == "taylor" else ""
    said = f"{NAMES[family][:1].upper()}{NAMES[family][1:]}{order} with n = {states:,}"
    exact = (L + 1) // 2
    if error < 1e-9:
        return f"{said}: exact, as {exact} states can be for any weights of length {L}."
    below = (
        f", where no system of {states} is below {digits(given.least[states - 1])}" if states < exact else ""
    )
    fewer = f"No system of fewer than {needed} comes as near. " if needed > 1 else ""
    return f"{said}: error {digits(error)}{below}. {fewer}At this length {exact} states can be exact."
