"""The normaliser of attention: one kernel, and two bases in which its transitions look nothing alike."""

from functools import cache

import ipywidgets as W
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from dsf_theory.models import LinearAttention, LinearAttentionELU, NormAttention
from dsf_theory.plots.style import BLUE, INK, MUTED, STYLE, VERMILION, heat, signed_root
from dsf_theory.system import System
from dsf_theory.widgets.live import LiveFigure, Panel
from dsf_theory.widgets.words import digits

LENGTH, CHANNELS = 32, 2

NORMALISERS = {
    "one": "η = 1",
    "row_sum": "η = row sum, features ELU + 1",
    "exp": "η = exp(wᵀu)",
    "softplus": "η = softplus(wᵀu)",
    "sigmoid": "η = sigmoid(wᵀu)",
}
"""Option of the panel -> how the reader sees it."""


def normaliser() -> Panel:
    """A panel that changes the normaliser of attention, and the basis in which its system is written.

    The transitions and the state change with the basis; the kernel and the output do not.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.0, 3.8), dpi=100, layout="constrained")
        axes = figure.subplot_mosaic([["eta", "phi"], ["y", "phi"]], width_ratios=[1.75, 1])
        artists = _draw_axes(axes["eta"], axes["y"], axes["phi"])

    def draw(eta, basis, w_scale, qk_scale, seed):
        system = attention(eta, w_scale, qk_scale, seed)
        bases = {"paper": system, "output": system.in_gauge(None)}
        phi = {name: shown.product_kernel()[:, :, 0, 0] for name, shown in bases.items()}
        difference = np.abs(phi["paper"] - phi["output"]).max() / np.abs(phi["paper"]).max()
        _move(artists, normalisers(system), bases[basis], phi[basis])
        return describe(eta, basis, system.Lambda[1:, 0, 0], difference)

    etas = [(text, name) for name, text in NORMALISERS.items()]
    controls = {
        "eta": W.Dropdown(options=etas, value="exp", description="normaliser"),
        "basis": W.Dropdown(options=[("of the paper", "paper"), ("output", "output")], description="basis"),
        "w_scale": W.FloatSlider(1.5, min=0, max=2, step=0.1, description="length of w"),
        "qk_scale": W.FloatSlider(1.0, min=0.1, max=3, step=0.1, description="scale of qᵀk"),
        "seed": W.IntSlider(0, min=0, max=9, description="seed"),
    }

    def idle(eta, **_):
        return () if reads_w(eta) else ("w_scale",)

    return Panel(LiveFigure(figure, moving=list(artists.values())), controls, draw, idle)


@cache
def reads_w(eta: str) -> bool:
    """Whether a normaliser has a vector w: whether two lengths of it give two systems."""
    one, two = (attention(eta, length, 1.0, seed=0) for length in (1.0, 2.0))
    return bool((one.product_kernel() != two.product_kernel()).any())


def attention(eta: str, w_scale: float, qk_scale: float, seed: int) -> System:
    """The system of one head on a random input, with W_v the identity, so that Φ_ij is a number times it.

    Args:
        eta: a name of :data:`NORMALISERS`.
        w_scale: length of w_η; of no consequence for ``"one"`` and ``"row_sum"``.
        qk_scale: factor of the scores qᵀk.
        seed: of the input and of W_q, W_k and w_η.
    """
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(LENGTH, CHANNELS))
    for i in range(1, LENGTH):  # neighbours resemble each other; the variance stays one
        u[i] = 0.8 * u[i - 1] + 0.6 * u[i]
    W_q, W_k, w = rng.normal(size=(3, CHANNELS, CHANNELS)) / np.sqrt(CHANNELS)
    weights = {"W_q": W_q, "W_k": W_k, "W_v": np.eye(CHANNELS), "scale": qk_scale}
    if eta == "one":
        return LinearAttention(**weights).system(u)
    if eta == "row_sum":
        return LinearAttentionELU(**weights).system(u)
    return NormAttention(**weights, W_eta=w_scale * w[:1] / np.linalg.norm(w[0]), eta=eta).system(u)


def normalisers(system: System) -> np.ndarray:
    """The normalisers η_i of an attention system with one head."""
    return np.ones(system.length) if system.gauge is None else np.exp(-system.gauge.log.ravel())


def describe(eta: str, basis: str, transition: np.ndarray, difference: float) -> str:
    """The picture in words and numbers; ``transition`` is Λ_i in the basis of the paper."""
    low, high, above = transition.min(), transition.max(), (transition > 1).sum()
    span = f"from {digits(low)} to {digits(high, 3)}"
    if low == high == 1:
        said = "Λ = 1 at every step, in both bases."
    elif basis == "paper":
        said = f"Λ runs {span} and is above 1 at {above} of {len(transition)} steps."
    else:
        said = f"Λ = 1 at every step, as η now stands in C; in the basis of the paper Λ runs {span}."
    if not reads_w(eta):
        said += " The length of w plays no part."
    same = (
        f"differ by {digits(difference, 1)} of the largest entry"
        if difference
        else "are equal to the last bit"
    )
    return f"{NORMALISERS[eta]}: {said} The kernels Φ computed from Λ, B and C in the two bases {same}."


def _draw_axes(top, bottom, right) -> dict:
    """What stands still, and the artists that move."""
    steps = np.arange(LENGTH)
    top.set(title="Normaliser and transition", yscale="log", ylim=(0.01, 1e3), xlim=(-0.5, LENGTH - 0.5))
    top.set_yticks([0.01, 0.1, 1, 10, 100, 1000], ["0.01", "", "1", "", "100", ""])
    top.minorticks_off()
    top.axhline(1, color="#d0d0d0", lw=0.8, zorder=0)
    bottom.set(title="State and output, first entries", ylim=(-1.15, 1.15), xlim=(-0.5, LENGTH - 0.5))
    bottom.set(xlabel="step $i$", ylabel="share of largest", yticks=[-1, 0, 1])
    bottom.axhline(0, color="#d0d0d0", lw=0.8, zorder=0)
    right.set(
        title=r"Kernel, first entry: $\pm\sqrt{|\Phi_{ij}|}$",
        xlabel="input step $j$",
        ylabel="output step $i$",
    )
    artists = {
        "eta": top.plot(steps, np.ones(LENGTH), color=MUTED, lw=1.2, label=r"$\eta_i$")[0],
        "transition": top.plot(steps[1:], steps[1:], "o-", ms=3, color=VERMILION, label=r"$\Lambda_i$")[0],
        "state": bottom.plot(steps, 0 * steps, color=VERMILION, lw=1.2, label="$h_i$")[0],
        "y": bottom.plot(steps, 0 * steps, color=BLUE, lw=2, label="$y_i$")[0],
        "phi": heat(right, np.zeros((LENGTH, LENGTH)), signed=True, limit=1, interpolation_stage="rgba"),
        "largest": right.text(LENGTH - 1.5, 1.2, "", ha="right", va="top", color=INK, fontsize=8.5),
    }
    for axes in (top, bottom):  # above the axes: a legend inside would be drawn anew with every picture
        axes.legend(ncols=2, loc="lower right", bbox_to_anchor=(1, 1.01), borderaxespad=0, handlelength=1.4)
    return artists


def _move(artists: dict, eta: np.ndarray, shown: System, phi: np.ndarray) -> None:
    """Puts the numbers of a system, in the basis shown, into the picture."""
    artists["eta"].set_ydata(eta)
    artists["transition"].set_ydata(shown.Lambda[1:, 0, 0])
    for name, values in (("state", shown.states()[:, 0]), ("y", shown.scan()[:, 0])):
        artists[name].set_ydata(values / np.abs(values).max())
    largest = np.abs(phi).max()
    artists["phi"].set_data(signed_root(phi))
    artists["largest"].set_text(f"largest entry {digits(largest, 3)}")
