"""The architecture explorer: two models on the same input, as one linear time-varying system each."""

from typing import NamedTuple

import ipywidgets as W
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from dsf_theory.models import MODELS, NoFiniteSystemError
from dsf_theory.plots.style import (
    BLUE,
    GREEN,
    MUTED,
    ORANGE,
    SEQUENTIAL,
    SIGNED,
    STYLE,
    VERMILION,
    signed_root,
)
from dsf_theory.studies.unused_sizes import unused
from dsf_theory.widgets.cells import Cells
from dsf_theory.widgets.live import LiveFigure, Panel
from dsf_theory.widgets.words import digits, uneven

LENGTH = 48
"""Steps of the input."""

SIZES = {"n": "state expansion", "heads": "heads"}
"""Sizes that some models do not take -> what they are."""

INPUTS = ("noise", "tokens", "impulse", "step")


class View(NamedTuple):
    """What is shown of one model; None where it has no such thing."""

    title: str
    decay: np.ndarray | None  # (N, length), magnitudes of the eigenvalues of Λ_i
    state: np.ndarray | None  # (N, length)
    kernel: np.ndarray | None  # (length, length), first channel to first channel
    y: np.ndarray  # (length, d)
    words: str
    missing: tuple[str, str, str] = ("", "", "")  # in place of the first three


def explorer(left: str = "s6", right: str = "linear_attention") -> Panel:
    """Two models side by side: Λ_i over time, the state, the kernel Φ and the output y, for any sizes and input.

    Args:
        left: registry name to start from.
        right: the other one.
    """
    names = [(model.title, name) for name, model in MODELS.items()]
    controls = {
        "left": W.Dropdown(options=names, value=left, description="left model"),
        "right": W.Dropdown(options=names, value=right, description="right model"),
        "kind": W.Dropdown(options=INPUTS, value="tokens", description="input u"),
        "d": W.IntSlider(4, min=1, max=8, description="channels d"),
        "n": W.IntSlider(4, min=1, max=8, description="expansion n"),
        "heads": W.IntSlider(1, min=1, max=4, description="heads"),
        "seed": W.IntSlider(0, min=0, max=50, description="seed"),
    }
    with mpl.rc_context(STYLE | {"figure.dpi": 96}):
        figure = Figure(figsize=(9.4, 3.5), layout="constrained")
        halves = [Half(part) for part in figure.subfigures(1, 2)]

    def draw(left, right, kind, d, n, heads, seed):
        u = signal(kind, d, seed)
        views = [look(name, d, n, heads, u, seed) for name in (left, right)]
        for half, view in zip(halves, views, strict=True):
            half.draw(view)
        return " ".join(view.words for view in views)

    def idle(left, right, **_):
        return unused(MODELS[left], SIZES) & unused(MODELS[right], SIZES)

    moving = [artist for half in halves for artist in half.moving]
    return Panel(LiveFigure(figure, moving), controls, draw, idle)


def signal(kind: str, d: int, seed: int) -> np.ndarray:
    """An input (LENGTH, d): noise, a text of three tokens, one impulse or a step."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((LENGTH, d))
    if kind == "tokens":
        return rng.standard_normal((3, d))[rng.integers(3, size=LENGTH)]
    after = np.arange(LENGTH)[:, None]
    return {
        "noise": noise,
        "impulse": 1.0 * (after == 8) + 0 * noise,
        "step": 1.0 * (after >= 8) + 0 * noise,
    }[kind]


def look(name: str, d: int, n: int, heads: int, u: np.ndarray, seed: int) -> View:
    """What one model makes of an input.

    Raises:
        ValueError: if the sizes do not fit each other, with a sentence that says which do.
    """
    model_class, missing = MODELS[name], unused(MODELS[name], SIZES)
    title = model_class.title[:1].upper() + model_class.title[1:]
    if "heads" not in missing and d % heads:
        raise ValueError(uneven(title, d, heads))
    model = model_class.random(d, n, seed=seed, **({} if "heads" in missing else {"heads": heads}))
    y = model.output(u)
    try:
        system = model.system(u)
    except NoFiniteSystemError:
        return without_system(title, model, u, y)
    decay, h = eigenvalue_magnitudes(system.Lambda), system.states()
    through_state = system.kernel()[:, :, 0, 0] - np.diag(system.D[:, 0, 0])
    words = (
        f"{title}: N = {system.N}, {system.state_size} number{'s' * (system.state_size > 1)} kept from step to "
        f"step, |eigenvalues of Λ| {between(decay[:, 1:])}, largest |h| {digits(np.abs(h).max())}, "
        f"largest |y| {digits(np.abs(y).max())}"
    )
    if missing:
        words += f"; {', '.join(f'no {SIZES[size]}' for size in SIZES if size in missing)}"
    return View(title, decay, over_largest(h.T.real), signed_root(through_state), y, f"{words}.")


def between(values: np.ndarray) -> str:
    """The range of some numbers, or the one that all of them are.

    >>> between(np.array([0.25, 0.5])), between(np.ones(2))
    ('from 0.25 to 0.50', 'all 1.00')
    """
    low, high = (f"{value:.2f}" for value in (np.min(values), np.max(values)))
    return f"all {low}" if low == high else f"from {low} to {high}"


def without_system(title: str, model, u: np.ndarray, y: np.ndarray) -> View:
    """What is shown of a model without a finite linear system: softmax attention and the LSTM."""
    if model.name == "lstm":
        words = f"{title}: its gates read the state, so it is not linear in u and has neither Λ nor Φ."
        return View(
            title, None, None, None, y, words, ("depends on the state", "not linear", "not linear in $u$")
        )
    words = f"{title}: no finite state; it keeps all {LENGTH} keys and values."
    kernel = signed_root(model.kernel(u)[:, :, 0, 0])
    return View(
        f"{title},  N = ∞", None, None, kernel, y, words, ("no finite Λ", "grows with the length", "")
    )


def eigenvalue_magnitudes(Lambda: np.ndarray) -> np.ndarray:
    """(N, length) from Λ (length, N, N), in the order of the diagonal where Λ is diagonal."""
    diagonal = np.einsum("lii->il", Lambda)
    if np.count_nonzero(Lambda) == np.count_nonzero(diagonal):
        return np.abs(diagonal)
    return np.abs(np.linalg.eigvals(Lambda)).T


class Half:
    """The four pictures of one model."""

    def __init__(self, part):
        grid = part.add_gridspec(4, 2, width_ratios=(1, 1.4), height_ratios=(0.16, 1, 1, 1))
        header, kernel = part.add_subplot(grid[0, :]), part.add_subplot(grid[1:, 1])
        decay, state, output = (part.add_subplot(grid[k, 0]) for k in (1, 2, 3))
        header.set_axis_off()
        label(decay, state, output, kernel)
        self.decay = Cells(decay, SEQUENTIAL, (0, 1), over=VERMILION)
        self.state = Cells(state, SIGNED, (-1, 1))
        self.kernel = Cells(kernel, SIGNED, (-1, 1))
        self.lines = [
            output.plot(np.zeros(LENGTH), lw=1.2, color=c)[0] for c in (BLUE, VERMILION, GREEN, ORANGE)
        ]
        self.title = header.text(0, 0, "", fontsize=11, weight="bold")
        self.missing = [
            axes.text(
                0.5, 0.5, "", transform=axes.transAxes, ha="center", va="center", color=MUTED, style="italic"
            )
            for axes in (decay, state, kernel)
        ]
        self.moving = [self.decay, self.state, self.kernel, *self.lines, *self.missing]

    def draw(self, view: View) -> None:
        """Put one model's numbers into the pictures, each over its own largest magnitude but the decays."""
        self.title.set_text(view.title)
        pictures = (self.decay, view.decay), (self.state, view.state), (self.kernel, view.kernel)
        for (image, values), missing, word in zip(pictures, self.missing, view.missing, strict=True):
            missing.set_text("" if values is not None else word)
            image.set_visible(values is not None)
            if values is not None:
                image.set_data(values)
        y = over_largest(view.y)
        for channel, line in enumerate(self.lines):
            line.set_ydata(y[:, channel] if channel < y.shape[1] else np.full(LENGTH, np.nan))


def label(decay, state, output, kernel) -> None:
    """Titles and axes of one model's pictures."""
    titles = (
        (decay, r"$|$eigenvalues of $\Lambda_i|$"),
        (state, r"state $h_i$"),
        (output, r"output $y_i$"),
        (kernel, r"kernel $\Phi_{ij}$ through the state"),
    )
    for axes, title in titles:
        axes.set_title(title, fontsize=9, fontweight="normal")
        axes.set(xticks=range(0, LENGTH, 12), xlim=(-0.5, LENGTH - 0.5))
    for axes in (decay, state):
        axes.set(yticks=[], ylabel="states")
        axes.tick_params(labelbottom=False)
    output.set(ylim=(-1.1, 1.1), xlabel="step $i$", yticks=[], ylabel="channels")
    kernel.set(ylim=(LENGTH - 0.5, -0.5), xlabel="step $j$", ylabel="step $i$", aspect="equal", anchor="SW")
    kernel.set_yticks(range(0, LENGTH, 12))


def over_largest(values: np.ndarray) -> np.ndarray:
    """The same numbers between -1 and 1."""
    return values / (np.abs(values).max() or 1.0)
