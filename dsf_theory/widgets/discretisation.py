"""One pole, sampled: its continuous response, the discrete samples, the kernel and the unit disc."""

from typing import NamedTuple

import ipywidgets as W
import matplotlib as mpl
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from dsf_theory.models import S4D
from dsf_theory.plots.style import BLUE, INK, MUTED, STYLE, VERMILION, new_figure
from dsf_theory.widgets.live import LiveFigure, Panel
from dsf_theory.widgets.words import digits

SECONDS, LAGS = 8.0, 40
"""Stretch of time shown, and number of lags of the kernel."""

TIMES = np.linspace(0, SECONDS, 801)
"""Times at which the continuous response is drawn."""

RULES = {"zero-order hold": "zoh", "bilinear": "bilinear"}


def discretisation() -> Panel:
    """A pole a and a step Δ to choose, and what each rule makes of ``ḣ = a h + b u`` with ``b = -a``.

    Above, the response to a constant input of one: continuous, and what the discrete system says at the
    end of each step. Below, the weights of the latest tokens in an output, a row of Φ read backwards. At
    the side the powers ``ā, ā², ...`` in the unit disc, with a ring where the other rule would send the
    pole.
    """
    controls = {
        "real": W.FloatSlider(-0.6, min=-10, max=0, step=0.1, description="Re a"),
        "imaginary": W.FloatSlider(4, min=0, max=20, step=0.25, description="Im a"),
        "log_step": W.FloatSlider(-0.5, min=-1.5, max=0.25, step=0.05, description="log₁₀ Δ"),
        "rule": W.Dropdown(options=RULES, value="bilinear", description="rule"),
    }
    figure, artists = canvas()

    @np.errstate(divide="ignore")  # at aΔ = -2 the bilinear ā is 0, and its logarithm -inf
    def draw(real: float, imaginary: float, log_step: float, rule: str) -> str:
        a, delta = complex(real, imaginary), 10**log_step
        systems = {kind: single_mode(a, delta, kind) for kind in RULES.values()}
        ends, found = sampled(systems[rule], delta)
        exact = continuous(a, ends)
        artists.curve.set_ydata(continuous(a, TIMES))
        artists.samples.set_data(ends, found)
        artists.misses.set_segments(np.stack([np.stack([ends, exact], 1), np.stack([ends, found], 1)], 1))

        poles, weights = {}, None
        for kind, model in systems.items():
            system = model.system(np.ones((LAGS, 1)))
            poles[kind] = system.Lambda[0, 0, 0]
            if kind == rule:
                weights = system.kernel()[-1, ::-1, 0, 0] / (abs(system.B[0, 0, 0]) or 1)
        lags, pole = np.arange(LAGS), poles.pop(rule)
        artists.weights.set_segments(
            np.stack([np.stack([lags, 0 * lags], 1), np.stack([lags, weights], 1)], 1)
        )
        powers, (other,) = pole ** (lags + 1), poles.values()
        artists.powers.set_data(powers.real, powers.imag)
        artists.pole.set_data([pole.real], [pole.imag])
        artists.other.set_data([other.real], [other.imag])
        return f"{remembered(pole)} {missed(rule, np.abs(found - exact).max())}"

    return Panel(LiveFigure(figure, moving=artists), controls, draw)


# -------------------------------------------------------------------- numbers


def single_mode(a: complex, delta: float, rule: str) -> S4D:
    """S4D with the one pole a, ``y = Re h``, and ``b = -a``, so that a constant input of one leads to one."""
    one = np.ones((1, 1), complex)
    return S4D(A=a * one, B=-a * one, C=one / 2, delta=np.array([delta]), D=np.zeros(1), rule=rule)


def sampled(model: S4D, delta: float) -> tuple[np.ndarray, np.ndarray]:
    """The times at which steps end, and the outputs for a constant input of one."""
    length = max(int(SECONDS / delta), 1)
    return delta * np.arange(1, length + 1), model.output(np.ones((length, 1)))[:, 0]


def continuous(a: complex, times: np.ndarray) -> np.ndarray:
    """The real part of the solution of ``ḣ = a h - a`` from ``h(0) = 0``: ``Re(1 - e^{at})``."""
    return -np.expm1(a * times).real


# -------------------------------------------------------------------- words


def remembered(pole: complex) -> str:
    """The discrete pole and its memory in words."""
    size = abs(pole)
    sign = "+" if pole.imag >= 0 else "−"
    name = f"ā = {pole.real:.2f} {sign} {abs(pole.imag):.2f}j and |ā| = {size:.3f}:".replace("-", "−")
    if size > 1 - 1e-9:
        return f"{name} the pole lies on the circle, and nothing is forgotten."
    steps = -1 / np.log(size) if size > 1e-15 else 0  # a pole at zero is kept as one of 1e-20
    return f"{name} a memory of {digits(steps, 3)} steps, in which the weight of a token falls to 1/e."


def missed(rule: str, error: float) -> str:
    """The error at the samples in words."""
    if rule == "zoh":
        return f"The samples lie on the curve (worst error {digits(error, 1)}), as the input is held."
    return f"The samples miss the curve by up to {error:.3f}."


# -------------------------------------------------------------------- picture


class Artists(NamedTuple):
    """What moves."""

    curve: Line2D
    misses: LineCollection
    samples: Line2D
    weights: LineCollection
    powers: Line2D
    other: Line2D
    pole: Line2D


def canvas() -> tuple[Figure, Artists]:
    """The empty picture and its moving artists."""
    with mpl.rc_context(STYLE):
        figure = new_figure(9, 3.7, dpi=100)
        panels = figure.subplot_mosaic("AC;BC", width_ratios=[1.55, 1], height_ratios=[1.3, 1])
        response, row, disc = panels["A"], panels["B"], panels["C"]
        response.set(xlim=(0, SECONDS + 0.05), ylim=(-0.2, 2.2), yticks=[0, 1, 2], xlabel="time $t$")
        response.set_title("Response to a constant input, and its samples")
        row.set(xlim=(-0.8, LAGS), ylim=(-1.1, 1.1), yticks=[-1, 0, 1], xlabel="lag $i - j$")
        row.set_title(r"A row of $\Phi$, relative to $|\bar b|$")
        disc.set(xlim=(-1.08, 1.08), ylim=(-1.08, 1.08), aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        disc.set_title(r"$\bar a$ and its powers in the unit disc")
        disc.set_xlabel("ring: the other rule", color=VERMILION)
        disc.add_patch(Circle((0, 0), 1, facecolor="#f4f4f4", edgecolor=INK, linewidth=0.8))
        for axes, level in ((response, 1), (row, 0)):
            axes.axhline(level, color="#d0d0d0", linewidth=0.8)
        artists = Artists(
            curve=response.plot(TIMES, 0 * TIMES, color=MUTED)[0],
            misses=response.vlines([0], 0, 1, color=VERMILION, linewidth=1.2),
            samples=response.plot([], [], "o", color=BLUE, markersize=4, markeredgewidth=0)[0],
            weights=row.vlines([0], 0, 1, color=BLUE, linewidth=3),
            powers=disc.plot([], [], ".-", color=BLUE, linewidth=0.6, markersize=5, alpha=0.6)[0],
            other=disc.plot([], [], "o", color=VERMILION, markersize=10, markerfacecolor="none")[0],
            pole=disc.plot([], [], "o", color=BLUE, markersize=9)[0],
        )
    return figure, artists
