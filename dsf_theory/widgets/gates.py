"""The forget gate of three recurrent networks: from the gate's curve to what is left of a pulse."""

from dataclasses import replace
from typing import NamedTuple

import ipywidgets as W
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from dsf_theory.plots.style import BLUE, INK, STYLE, VERMILION, heat, new_figure
from dsf_theory.studies.gated_channel import decays, one_channel, takes_power
from dsf_theory.widgets.live import LiveFigure, Panel
from dsf_theory.widgets.words import digits

LENGTH, LATER = 48, 10
"""Tokens in the sequence, and steps after which the description says what is left of the pulse."""

SPAN = 9.5
GRID = np.linspace(-SPAN, SPAN, 181)
"""Pre-activations at which the gate's curve is drawn."""

MODELS = {"quasi-LSTM": "qlstm", "reversed sigmoid": "qlstm_rev", "RG-LRU": "rglru"}
SUBJECT = {"qlstm": "Quasi-LSTM (it has no power)", "qlstm_rev": "Reversed sigmoid", "rglru": "RG-LRU"}


def gates() -> Panel:
    """Gate, decay, state and kernel of one channel, as biases and power change.

    Tokens are normal numbers, which the forget gate and the input gate read with weight one. The state shown
    is that of a single pulse of size one, with the gates held at the tokens: a column of the kernel.
    """
    controls = {
        "model": W.Dropdown(options=MODELS, value="qlstm", description="model"),
        "forget": W.FloatSlider(2, min=-6, max=6, step=0.25, description="forget bias"),
        "power": W.FloatSlider(1, min=0, max=8, step=0.25, description="α or c"),
        "write": W.FloatSlider(2, min=-6, max=6, step=0.25, description="input bias"),
        "pulse": W.IntSlider(8, min=0, max=LENGTH - LATER - 1, description="pulse step"),
        "seed": W.IntSlider(0, min=0, max=20, description="token seed"),
    }
    figure, artists = canvas()

    def draw(model: str, forget: float, power: float, write: float, pulse: int, seed: int) -> str:
        tokens = np.random.default_rng(seed).standard_normal(LENGTH)
        system = one_channel(model, power, forget, write, follow=1).system(tokens[:, None])
        decay, kernel = system.Lambda[:, 0, 0], system.kernel()[:, :, 0, 0]
        state = replace(system, u=np.eye(LENGTH)[:, [pulse]]).states()[:, 0]
        artists.curve.set_ydata(decays(one_channel(model, power), GRID))
        artists.tokens.set_data(tokens + forget, decay)
        artists.decay.set_ydata(decay)
        artists.state.set_data(range(pulse, LENGTH), state[pulse:])
        artists.kernel.set_data(np.where(np.tri(LENGTH, dtype=bool), kernel, np.nan))
        artists.column.set_data([pulse, pulse], [pulse, LENGTH - 1])
        return describe(SUBJECT[model], decay, pulse, state[pulse])

    def idle(model: str, **_) -> set[str]:
        return set() if takes_power(model) else {"power"}

    return Panel(LiveFigure(figure, moving=artists), controls, draw, idle)


def describe(subject: str, decay: np.ndarray, pulse: int, written: float) -> str:
    """The picture in words: mean decay, memory, and what is left of the pulse."""
    mean, left = decay.mean(), np.prod(decay[pulse + 1 : pulse + LATER + 1])
    if mean == 1:
        memory = f"{subject}: the decay is 1 at every token, so nothing is ever forgotten."
    else:
        memory = f"{subject}: the mean decay is {mean:.3f}, a memory of {1 / (1 - mean):.1f} steps."
    if written == 0:
        return f"{memory} But nothing is written either: √(1 - a²) is 0."
    share = f"{left:.1%}" if left >= 0.0005 else "less than 0.05%"
    return (
        f"{memory} A pulse at step {pulse} is written with weight {digits(written)}; "
        f"{share} of that is left {LATER} steps later."
    )


class Artists(NamedTuple):
    """What moves."""

    curve: Line2D
    tokens: Line2D
    decay: Line2D
    kernel: AxesImage
    column: Line2D
    state: Line2D


def canvas() -> tuple[Figure, Artists]:
    """The empty picture and its moving artists."""
    with mpl.rc_context(STYLE):
        figure = new_figure(9, 3.8, dpi=100)
        panels = figure.subplot_mosaic("ABD;ACD", width_ratios=[1, 1.25, 1.2])
        gate, over_time, pulse, weights = (panels[key] for key in "ABCD")
        gate.set(title="Gate, and the tokens on it", xlabel="pre-activation", ylabel=r"decay $\Lambda$")
        gate.set(xlim=(-SPAN, SPAN), xticks=[-8, -4, 0, 4, 8])
        over_time.set(title="Decay at each token", ylabel=r"$\Lambda_i$", xticklabels=[])
        pulse.set(title="State after one pulse", ylabel="$h_i$", xlabel="step $i$")
        weights.set(title="Kernel: 0 is blue, 1 is yellow", xlabel="written at $j$", ylabel="read at $i$")
        for axes in (gate, over_time, pulse):
            axes.set(ylim=(-0.04, 1.04), yticks=[0, 0.5, 1])
        for axes in (over_time, pulse):
            axes.set(xlim=(-1, LENGTH), xticks=[0, 16, 32, 47])
        kernel = heat(weights, np.eye(LENGTH), limit=1.0)
        weights.set(xticks=[0, 16, 32, 47], yticks=[0, 16, 32, 47])
        steps = np.arange(LENGTH)
        artists = Artists(
            curve=gate.plot(GRID, 0 * GRID, color=BLUE)[0],
            tokens=gate.plot([], [], "o", ms=4, color=INK, alpha=0.45, mew=0)[0],
            decay=over_time.plot(steps, 0 * steps, ".-", color=BLUE, lw=1, ms=5)[0],
            kernel=kernel,
            column=weights.plot([0, 0], [0, 1], color=VERMILION, lw=1)[0],
            state=pulse.plot([], [], ".-", color=VERMILION, lw=1, ms=5)[0],
        )
    return figure, artists
