"""The equivalence breaker: S6 and separable attention of one head that agree, until a condition is broken."""

from typing import NamedTuple

import ipywidgets as W
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from dsf_theory.features import identity
from dsf_theory.models import S6, SeparableAttention
from dsf_theory.models.selective import inverse_softplus
from dsf_theory.plots.style import BLUE, GREEN, SIGNED, STYLE, VERMILION, signed_root
from dsf_theory.system import System
from dsf_theory.widgets.cells import Cells
from dsf_theory.widgets.live import LiveFigure, Panel
from dsf_theory.widgets.words import digits

LENGTH, CHANNELS, STATES = 32, 4, 2
STRETCH = slice(12, 20)
"""Steps at which the growth of η is slowed down."""

CONDITIONS = (
    "channels share their decay",
    "states share their decay",
    "D = 0",
    "η grows at every step",
    "η adds up all steps so far",
)


HEIGHTS = np.linspace(0.9, 0.3, len(CONDITIONS))
"""Of the conditions in their axes."""

KERNELS = {
    "s6": r"S6:  $\Phi_{ij}$ of a channel",
    "attention": "attention, one head",
    "difference": "attention − S6",
}
"""Axes of a kernel -> its title."""


class Pair(NamedTuple):
    """S6 and separable attention of the same γ, Δβ and values."""

    s6: System
    attention: System
    growth: np.ndarray  # (length,), Σ_{k<=i} aΔ_k of S6
    log_eta: np.ndarray  # (length,), of attention

    def kernels(self) -> list[np.ndarray]:
        """Φ of S6 and of attention with D, (channels, length, length) each; no channel reads another."""
        return [np.einsum("ijcc->cij", system.kernel()) for system in (self.s6, self.attention)]


def equivalence_breaker() -> Panel:
    """A panel in which S6 and separable attention agree, with a slider for each condition of the agreement."""
    controls = {
        "channels": W.FloatSlider(0, min=0, max=1, step=0.05, description="channel decays"),
        "states": W.FloatSlider(0, min=0, max=1, step=0.05, description="state decays"),
        "skip": W.FloatSlider(0, min=0, max=1, step=0.05, description="feedthrough D"),
        "slowing": W.FloatSlider(0, min=0, max=2, step=0.1, description="η slows down"),
        "locality": W.FloatSlider(0, min=0, max=1, step=0.05, description="η local"),
        "channel": W.IntSlider(0, min=0, max=CHANNELS - 1, description="channel shown"),
    }
    with mpl.rc_context(STYLE | {"figure.dpi": 96}):
        figure = Figure(figsize=(9.4, 4.2), layout="constrained")
        picture = Picture(figure)

    def draw(channel, **sliders):
        pair = pair_of(**sliders)
        kept, kernels = conditions(pair, **sliders), pair.kernels()
        picture.draw(pair, kept, [phi[channel] for phi in kernels], channel)
        return describe(kept, *kernels)

    return Panel(LiveFigure(figure, picture.moving), controls, draw)


def pair_of(
    channels: float = 0, states: float = 0, skip: float = 0, slowing: float = 0, locality: float = 0
) -> Pair:
    """The two systems, equal where all arguments are zero.

    The last channel of the input sets the step Δ_i of S6. Where attention's η grows by a smaller factor, S6 takes
    smaller steps to follow; where it falls, S6 would need a negative step and takes almost none.

    Args:
        channels: half the logarithm of the ratio between the largest and the smallest decay rate of the channels.
        states: the same for the states of a channel.
        skip: D of every channel of S6.
        slowing: η grows at the rate ``1 - slowing`` during :data:`STRETCH`.
        locality: log η_i is this share of its last growth, and the rest of their sum.
    """
    rng = np.random.default_rng(3)
    step = rng.uniform(0.05, 0.4, LENGTH)
    rate = np.ones(LENGTH)
    rate[STRETCH] -= slowing
    values = rng.standard_normal((LENGTH, CHANNELS - 1))
    u = np.hstack([values, inverse_softplus(step * np.maximum(rate, 1e-9))[:, None] / 10])
    W_B, W_C = rng.standard_normal((2, STATES, CHANNELS)) * (np.arange(CHANNELS) < CHANNELS - 1)
    spread = channels * np.linspace(-1, 1, CHANNELS)[:, None] + states * np.linspace(-1, 1, STATES)
    up, down = np.ones((CHANNELS, 1)), 10 * np.eye(CHANNELS)[-1:]
    D = np.full(CHANNELS, float(skip))
    s6 = S6(W_delta_down=down, W_delta_up=up, W_B=W_B, W_C=W_C, A_log=spread, D=D)
    delta = s6.step(u)[:, :1]  # of every channel
    grown = (step * rate)[:, None]
    log_eta = (1 - locality) * np.cumsum(grown, axis=0) + locality * grown
    eta = np.exp(log_eta)
    maps = {"phi": identity, "psi": lambda k: (eta * delta)[..., None] * k, "eta": lambda u: eta}
    attention = SeparableAttention(W_q=W_C, W_k=W_B, W_v=np.eye(CHANNELS), **maps)
    return Pair(s6.system(u), attention.system(u), np.cumsum(delta[:, 0]), log_eta[:, 0])


def conditions(
    pair: Pair, channels: float, states: float, skip: float, slowing: float, locality: float
) -> list[bool]:
    """Which of :data:`CONDITIONS` hold."""
    return [channels == 0, states == 0, skip == 0, bool((np.diff(pair.log_eta) > 0).all()), locality == 0]


def describe(kept: list[bool], s6: np.ndarray, attention: np.ndarray) -> str:
    """The picture in words and numbers; the kernels are (channels, length, length).

    The matrix whose rows are the entries of Φ_ij has as many singular values as S6 needs heads. What lies beyond the
    first is out of reach of one head (Eckart and Young).
    """
    residual = np.linalg.norm(attention - s6) / np.linalg.norm(s6)
    values = np.linalg.svd(s6.reshape(len(s6), -1), compute_uv=False)
    rank = int((values > 1e-12 * values[0]).sum())
    broken = [f"“{words}”" for words, holds in zip(CONDITIONS, kept, strict=True) if not holds]
    said = f"Broken: {', '.join(broken)}." if broken else "Nothing is broken."
    amount = f"{digits(100 * residual, 3)} %" if residual > 5e-4 else digits(residual, 1)
    said += f" The kernels differ by {amount} of the norm of S6's. Rearrangement rank of S6: {rank}"
    if rank > 1:
        floor = np.linalg.norm(values[1:]) / np.linalg.norm(values)
        return said + f" of {len(s6)}, so one head of any n misses by {digits(100 * floor, 3)} % or more."
    return said + (", so one head would do, with other features." if broken else ", so one head does.")


class Picture:
    """The kernels of one channel, its outputs, the normaliser and the conditions."""

    def __init__(self, figure: Figure):
        axes = figure.subplot_mosaic(
            [["s6", "attention", "difference", "words"], ["y", "y", "y", "eta"]],
            height_ratios=[1.75, 1],
            width_ratios=[1, 1, 1, 1.12],
        )
        label(axes)
        self.cells = [Cells(axes[name], SIGNED, (-1, 1)) for name in KERNELS]
        steps = np.arange(LENGTH)
        self.lines = [
            axes["y"].plot(steps, 0.0 * steps, color=BLUE, lw=4, alpha=0.35, label="S6")[0],
            axes["y"].plot(steps, 0.0 * steps, color=VERMILION, lw=1.3, label="attention")[0],
            axes["eta"].plot(steps, 0.0 * steps, color=BLUE, lw=4, alpha=0.35)[0],
            axes["eta"].plot(steps, 0.0 * steps, color=VERMILION, lw=1.3)[0],
        ]
        axes["y"].legend(ncols=2, loc="lower right", bbox_to_anchor=(1, 1.02), borderaxespad=0)
        self.marks = [
            axes["words"].plot(
                0 * HEIGHTS + 0.03, HEIGHTS, ls="", marker=TextPath((-4, -4), sign), ms=9, color=c
            )[0]
            for sign, c in (("✓", GREEN), ("✗", VERMILION))
        ]
        self.moving = [*self.cells, *self.lines, *self.marks]

    def draw(self, pair: Pair, kept: list[bool], kernels: list[np.ndarray], channel: int) -> None:
        """Put the numbers of a pair, and the kernels of the channel shown, into the picture."""
        s6, attention = kernels
        shown = signed_root(np.stack([s6, attention, attention - s6]))
        for cells, matrix in zip(self.cells, shown, strict=True):
            cells.set_data(matrix)
        y = np.stack([system.scan()[:, channel] for system in (pair.s6, pair.attention)])
        curves = (*(y / np.abs(y).max()), pair.growth, pair.log_eta)
        for line, values in zip(self.lines, curves, strict=True):
            line.set_ydata(values)
        for mark, shows in zip(self.marks, (np.array(kept), ~np.array(kept)), strict=True):
            mark.set_ydata(np.where(shows, HEIGHTS, np.nan))


def label(axes: dict) -> None:
    """Titles and axes, and the conditions in words."""
    for name, title in KERNELS.items():
        axes[name].set(title=title, xlim=(-0.5, LENGTH - 0.5), ylim=(LENGTH - 0.5, -0.5), aspect="equal")
        axes[name].set(xticks=range(0, LENGTH, 8), yticks=range(0, LENGTH, 8), xlabel="step $j$")
    axes["s6"].set_ylabel("step $i$")
    for name in ("y", "eta"):
        axes[name].set(xlabel="step $i$", xlim=(-0.5, LENGTH - 0.5))
    axes["y"].set(
        title="output $y_i$ of the channel", ylim=(-1.5, 1.5), yticks=[-1, 0, 1], ylabel="over largest"
    )
    axes["eta"].set(title=r"$\log\eta_i$ and $\Sigma_k\,a\Delta_k$", ylim=(-0.5, 9))
    axes["words"].set(title="conditions", xlim=(0, 1), ylim=(0, 1))
    axes["words"].set_axis_off()
    axes["words"].spines[:].set_visible(False)
    for height, words in zip(HEIGHTS, CONDITIONS, strict=True):
        axes["words"].text(0.1, height, words, va="center", zorder=0)
