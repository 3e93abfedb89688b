"""The state as an associative memory: how many pairs n numbers a channel can hold."""

from functools import lru_cache

import ipywidgets as W
import matplotlib as mpl
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import NullLocator

from dsf_theory.plots.style import BLUE, INK, MUTED, PAPER, SIGNED, STYLE, VERMILION, new_figure
from dsf_theory.studies.memory import associative_memory, random_keys, recall_error, spread_keys
from dsf_theory.widgets.live import LiveFigure, Panel
from dsf_theory.widgets.room import room_across

CHANNELS, MOST_PAIRS, MOST_STATES = 12, 24, 16
PAIR_TICKS = np.array([1, 8, 16, 24])


def state_expansion() -> Panel:
    """Linear attention as a memory of key-value pairs, and what it recalls of one of them.

    Left to right: the state H (channels by states) once all pairs are stored; the scores of every query with
    every key, the framed row being the query asked; the value stored and the value recalled; the recall error
    over all pairs, against their number.
    """
    parts = Parts()
    controls = {
        "n": W.IntSlider(8, min=1, max=MOST_STATES, description="states n"),
        "pairs": W.IntSlider(6, min=1, max=MOST_PAIRS, description="pairs stored"),
        "asked": W.IntSlider(3, min=1, max=MOST_PAIRS, description="pair asked"),
        "seed": W.IntSlider(0, min=0, max=20, description="seed"),
        "spread": W.Dropdown(options=[("evenly spread", True), ("random", False)], description="keys"),
    }
    return Panel(LiveFigure(parts.figure, parts.moving), controls, parts.draw)


def pairs_to_store(n: int, pairs: int, seed: int, spread: bool) -> tuple[np.ndarray, np.ndarray]:
    """Keys (pairs, n) and values (pairs, channels); up to n of them, the first do not change with more."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((MOST_PAIRS, CHANNELS))[:pairs]
    if not spread:
        return random_keys(pairs, n, seed), values
    turn = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return spread_keys(pairs, n) @ turn, values


@lru_cache(maxsize=256)
def errors(n: int, seed: int, spread: bool) -> np.ndarray:
    """The relative recall error for 1, 2, ... pairs, all memories run side by side."""
    keys, values = np.zeros((MOST_PAIRS, MOST_PAIRS, n)), np.zeros((MOST_PAIRS, MOST_PAIRS, CHANNELS))
    for row in range(MOST_PAIRS):
        keys[row, : row + 1], values[row, : row + 1] = pairs_to_store(n, row + 1, seed, spread)
    return recall_error(keys, values)


class Parts:
    """The figure, and how its parts follow the controls."""

    def __init__(self):
        with mpl.rc_context(STYLE):
            self.figure = new_figure(9.4, 3.4, dpi=96)
            state, scores, value, error = self.figure.subplots(1, 4, width_ratios=(1.0, 1.35, 0.8, 1.15))
            self._state(state)
            self._scores(scores)
            self._value(value)
            self._error(error)
        self.moving = [self.state, self.scores, self.frame, self.gaps, self.stored, self.recalled]
        self.moving += [self.limit, self.curve, self.now]

    def _state(self, axes):
        self.state = blank(axes, (CHANNELS, MOST_STATES), limit=4)
        axes.set(title="State $H$, −4 to 4", xlabel="state", ylabel="channel", xticks=[0, 5, 10, 15])

    def _scores(self, axes):
        self.scores = blank(axes, (MOST_PAIRS, MOST_PAIRS), limit=1)
        self.frame = axes.add_patch(Rectangle((0, 0), 1, 1, fill=False, color=INK, lw=1.2))
        self.frame.set_path_effects([withStroke(linewidth=3, foreground=PAPER)])
        axes.set(title="Scores, −1 to 1", xlabel="key of pair", ylabel="query of pair")
        axes.set(xticks=PAIR_TICKS - 1, xticklabels=PAIR_TICKS, yticks=PAIR_TICKS - 1, yticklabels=PAIR_TICKS)

    def _value(self, axes):
        channels = np.arange(CHANNELS)
        axes.axvline(0, color=MUTED, lw=0.6, zorder=0)
        (self.stored,) = axes.plot(0 * channels, channels, "o", color=INK, ms=7, mfc="none", mew=1)
        (self.recalled,) = axes.plot(0 * channels, channels, "o", color=VERMILION, ms=4)
        self.gaps = axes.add_collection(LineCollection([], colors=VERMILION, lw=1))
        axes.set(title="Pair asked", xlim=(-6, 6), ylim=(CHANNELS - 0.5, -0.5), ylabel="channel")
        axes.set_xlabel("ring: stored; dot: recalled")

    def _error(self, axes):
        pairs = np.arange(1, MOST_PAIRS + 1)
        self.limit = axes.axvline(1, color=MUTED, lw=1, ls=":")
        (self.curve,) = axes.plot(pairs, 0 * pairs, color=BLUE)
        (self.now,) = axes.plot([1], [0], "o", color=VERMILION, ms=6)
        axes.set_yscale("symlog", linthresh=1, linscale=1)
        axes.set(
            title="Recall error, all pairs",
            xlabel="pairs stored; dotted: $n$",
            xlim=(0, MOST_PAIRS + 1),
            xticks=PAIR_TICKS,
        )
        axes.set(ylim=(-0.1, 8), yticks=[0, 0.5, 1, 2, 4, 8], yticklabels=["0", "0.5", "1", "2", "4", "8"])
        axes.yaxis.set_minor_locator(NullLocator())

    def draw(self, n: int, pairs: int, asked: int, seed: int, spread: bool) -> str:
        """Show one memory; what it shows, in words."""
        if asked > pairs:
            raise ValueError(
                f"Pair {asked} is not stored: store {asked} pairs, or ask for one of the first {pairs}."
            )
        keys, values = pairs_to_store(n, pairs, seed, spread)
        system = associative_memory(keys, values)
        scores = system.weights()[0, 0, pairs:, :pairs]
        stored, recalled = values[asked - 1], system.chunked(2 * pairs)[pairs + asked - 1]
        curve = errors(n, seed, spread)
        fill(self.state, system.states()[pairs - 1].reshape(CHANNELS, n))
        fill(self.scores, scores)
        self.frame.set_bounds(-0.5, asked - 1.5, pairs, 1)
        self.stored.set_xdata(stored)
        self.recalled.set_xdata(recalled)
        room_across(self.stored.axes, 6, stored, recalled)
        self.gaps.set_segments(
            [[(a, c), (b, c)] for c, (a, b) in enumerate(zip(stored, recalled, strict=True))]
        )
        self.limit.set_xdata([n, n])
        self.curve.set_ydata(curve)
        self.now.set_data([pairs], [curve[pairs - 1]])
        return describe(n, pairs, asked, scores[asked - 1], stored, recalled, curve[pairs - 1])


def describe(n, pairs, asked, scores, stored, recalled, error) -> str:
    """One memory in words."""
    others, wrong = np.abs(np.delete(scores, asked - 1)), np.linalg.norm(recalled - stored)
    most = f" and at most {others.max():.2f} in size with the others" if len(others) else ""
    return (
        f"{pairs} pair{'s' * (pairs > 1)} in {n} state{'s' * (n > 1)} a channel: H holds {CHANNELS} × {n} = "
        f"{CHANNELS * n} numbers. The query of pair {asked} scores {scores[asked - 1]:.2f} with its own key"
        f"{most}; "
        f"its value returns with a relative error of {wrong / np.linalg.norm(stored):.2f}. "
        f"Over all pairs the error is {error:.2f}."
    )


def blank(axes, shape: tuple[int, int], limit: float):
    """An image of a fixed size with nothing in it yet."""
    image = axes.imshow(np.full(shape, np.nan), vmin=-limit, vmax=limit, cmap=SIGNED, aspect="auto")
    image.set_interpolation("nearest")
    axes.set_facecolor("#e2e2e2")
    return image


def fill(image, matrix: np.ndarray) -> None:
    """Put a matrix into the upper left corner of an image and leave the rest empty."""
    array = np.full(image.get_array().shape, np.nan)
    array[: matrix.shape[0], : matrix.shape[1]] = matrix
    image.set_data(array)
