"""Five normalisers of one sum: make one token louder and see which weights hear it."""

from functools import lru_cache

import ipywidgets as W
import matplotlib as mpl
import numpy as np

from dsf_theory.plots.style import BLUE, INK, MUTED, SIGNED, STYLE, VERMILION, new_figure
from dsf_theory.studies.normalisers import GATE, KEY, VALUE, normalised, reads_z, tokens
from dsf_theory.widgets.cells import Cells
from dsf_theory.widgets.live import LiveFigure, Panel
from dsf_theory.widgets.room import room_below
from dsf_theory.widgets.words import digits, span

LENGTH = 48
"""Tokens."""

NORMALISERS = {
    "one": "η = 1",
    "exp": "η = exp(z)",
    "softplus": "η = softplus(z)",
    "sigmoid": "η = sigmoid(z)",
    "row_sum": "η = row sum",
    "ssd": "η = exp(Σ Δ), SSD",
}
"""Name of a normaliser -> how the reader sees it."""


def normalisation() -> Panel:
    """One attention on the same 48 tokens with five normalisers or none, and one token that is made louder.

    Left to right: the weights Φ_ij; how they change when token k doubles its key features and adds two to its z; and
    over time the gain 1/η_i, the transition in the paper's basis, and the output with and without a normaliser.
    """
    parts = Parts()
    controls = {
        "name": W.Dropdown(
            options=[(text, name) for name, text in NORMALISERS.items()],
            value="ssd",
            description="normaliser",
        ),
        "strength": W.FloatSlider(1.0, min=0, max=2, step=0.1, description="factor of z"),
        "offset": W.FloatSlider(-1.0, min=-2, max=2, step=0.1, description="offset of z"),
        "k": W.IntSlider(20, min=0, max=LENGTH - 1, description="token k"),
        "seed": W.IntSlider(0, min=0, max=20, description="seed"),
    }

    def idle(name: str, **_) -> tuple[str, ...]:
        return () if reads_z(name) else ("strength", "offset")

    return Panel(LiveFigure(parts.figure, parts.moving), controls, parts.draw, idle)


def louder(u: np.ndarray, k: int) -> np.ndarray:
    """The tokens (length, 6) with the key features of token k doubled, and its z raised by two."""
    u = u.copy()
    u[k, KEY] *= 2
    u[k, GATE] += 2
    return u


@lru_cache(maxsize=64)
def unnormalised(seed: int) -> np.ndarray:
    """The output (LENGTH,) of the same attention without a normaliser."""
    return normalised("one").system(tokens(LENGTH, seed)).scan()[:, VALUE]


def log_change(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """``log(after / before)`` of causal weights (length, length), and zero where j > i."""
    causal = np.tri(len(before), dtype=bool)
    return np.log(np.divide(after, before, out=np.ones_like(before), where=causal))


class Parts:
    """The figure, and how its parts follow the controls."""

    def __init__(self):
        with mpl.rc_context(STYLE):
            self.figure = new_figure(9.4, 3.6, dpi=96)
            mosaic = [["phi", "change", name] for name in ("gain", "transition", "y")]
            axes = self.figure.subplot_mosaic(mosaic, width_ratios=(1, 1, 1.1))
            self.phi, self.change = (Cells(axes[name], SIGNED, (-1, 1)) for name in ("phi", "change"))
            self._maps(axes["phi"], axes["change"])
            self._lines(axes["gain"], axes["transition"], axes["y"])
        self.moving = [self.phi, self.change, self.row, self.column]
        self.moving += [self.gain, self.transition, self.plain, self.y, *self.marks]

    def _maps(self, phi, change):
        phi.set(title=r"Weights, as $\sqrt{\Phi_{ij}}$", ylabel="output $i$")
        change.set(title="… and with token $k$ louder")
        for axes in (phi, change):
            axes.set(xlim=(-0.5, LENGTH - 0.5), ylim=(LENGTH - 0.5, -0.5), xlabel="token $j$")
            axes.set(xticks=range(0, LENGTH, 12), yticks=range(0, LENGTH, 12))
        for height, word, shade in ((2, "red: heavier", 0.9), (5, "blue: lighter", 0.1)):
            colour = mpl.colormaps[SIGNED](shade)
            change.text(LENGTH - 2, height, word, color=colour, ha="right", va="center", fontsize=8)
        (self.row,) = change.plot([-0.5, LENGTH - 0.5], [0, 0], color=MUTED, lw=0.8, ls=":")
        (self.column,) = change.plot([0, 0], [-0.5, LENGTH - 0.5], color=MUTED, lw=0.8, ls=":")

    def _lines(self, gain, transition, y):
        steps = np.arange(LENGTH)
        gain.set(title=r"Gain $1/\eta_i$", ylim=(0.01, 100))
        transition.set(title=r"$\Lambda_i$ in the basis of the paper", ylim=(0.01, 100))
        y.set(title="Output $y_i$; grey: with $\\eta=1$", ylim=(0.01, 1e4), xlabel="step $i$")
        for axes in (gain, transition, y):
            axes.set(xlim=(-0.5, LENGTH - 0.5), xticks=range(0, LENGTH, 12), yscale="log")
            axes.set_yticks([0.01, 1, 100], ["0.01", "1", "100"])
            axes.minorticks_off()
            axes.axhline(1, color="#d0d0d0", lw=0.8, zorder=0)
        for axes in (gain, transition):
            axes.tick_params(labelbottom=False)
        (self.gain,) = gain.plot(steps, steps, color=INK)
        (self.transition,) = transition.plot(steps[1:], steps[1:], color=VERMILION)
        (self.plain,) = y.plot(steps, steps, color=MUTED, lw=1)
        (self.y,) = y.plot(steps, steps, color=BLUE)
        self.marks = [axes.axvline(0, color=MUTED, lw=0.8, ls=":") for axes in (gain, transition, y)]

    def draw(self, name: str, strength: float, offset: float, k: int, seed: int) -> str:
        """Show one normaliser; what it shows, in words."""
        u, model = tokens(LENGTH, seed), normalised(name, strength, offset)
        system = model.system(u)
        phi = system.weights()[0, 0]
        change = log_change(phi, model.system(louder(u, k)).weights()[0, 0])
        gain, transition = gains(model, system), system.Lambda[1:, 0, 0]
        y, plain = system.scan()[:, VALUE], unnormalised(seed)
        self.phi.set_data(np.sqrt(phi / phi.max()))
        self.change.set_data(np.sign(change) * np.sqrt(np.abs(change)))
        lines = (self.gain, gain), (self.transition, transition), (self.y, y), (self.plain, plain)
        for line, values in lines:
            line.set_ydata(values)
        for line, *curves in ((self.gain, gain), (self.transition, transition), (self.y, y, plain)):
            room_below(line.axes, *curves)
        self.row.set_ydata([k, k])
        for mark in (self.column, *self.marks):
            mark.set_xdata([k, k])
        return describe(name, k, change, gain, transition, y[-1], plain[-1])


def gains(model, system) -> np.ndarray:
    """``1/η_i``, (length,); for SSD, written as separable attention, ``η_i = exp(Σ_{l<=i} Δ_l)``."""
    if model.name == "ssd":
        return np.exp(-np.cumsum(model.step(system.u)[:, 0]))
    return np.ones(system.length) if system.output_gain is None else np.exp(system.output_gain.log.ravel())


def describe(name, k, change, gain, transition, y, plain) -> str:
    """One normaliser in words."""
    between = np.delete(np.delete(change, k, axis=0), k, axis=1)[np.tri(LENGTH - 1, dtype=bool)]
    heard = [
        f"{percent:+.0f}".replace("-", "−") for percent in 100 * np.expm1(np.sort(between[between != 0]))
    ]
    said = f"changes {len(heard) or 'none'} of the {len(between)} weights between other tokens"
    if heard:
        said += f", by {heard[0]} %" if heard[0] == heard[-1] else f", by {heard[0]} to {heard[-1]} %"
    undone = ", but ψⱼ holds ηⱼ, so that Φᵢⱼ has ηⱼ/ηᵢ" if name == "ssd" else ""
    return (
        f"{NORMALISERS[name]}: a louder token {k} {said}. "
        f"The gain 1/ηᵢ {span(gain)}{undone}; Λᵢ {span(transition)}. The last output is {digits(y, 3)}, without a "
        f"normaliser {digits(plain, 3)}; the values vⱼ that are summed all lie between 0.1 and 1."
    )
