"""Figures of notebook 06: five normalisers of one sum, what each may see, and what each bounds."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from scipy.signal import lfilter

from dsf_theory.arrays import checks
from dsf_theory.features import elu_plus_one, identity
from dsf_theory.models import SSD, LinearAttention, NormAttention, SeparableAttention
from dsf_theory.models.base import Model
from dsf_theory.plots.attention import label_ends
from dsf_theory.plots.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    SEQUENTIAL,
    VERMILION,
    new_figure,
    picture,
)
from dsf_theory.system import Gauge, System

LOCAL = ("exp", "softplus", "sigmoid")
NORMALISERS = {"one": "no normaliser"} | {name: name for name in LOCAL} | {"row_sum": "row sum", "ssd": "SSD"}
"""Name -> how the reader sees it."""

COLOURS = dict(zip(NORMALISERS, (INK, BLUE, VERMILION, GREEN, PURPLE, ORANGE), strict=True))

QUERY, KEY, VALUE, GATE = slice(0, 2), slice(2, 4), 4, 5
"""Channels of a token: φ(q_i), ψ(k_i), v_i and z_i."""
CHANNELS = 6


def tokens(length: int, seed: int = 0) -> np.ndarray:
    """Tokens ``(φ(q_i), ψ(k_i), v_i, z_i)``, (length, 6), that resemble their neighbours.

    Features lie between 1/e and 2 (ELU + 1 of bounded numbers), values between 0.1 and 1, z between -1 and 1.

    >>> u = tokens(100)
    >>> bool((u[:, :4] > 0.36).all() and (u[:, 4] > 0.1).all() and (abs(u) < 2).all())
    True
    """
    noise = np.random.default_rng(seed).standard_normal((length + 50, CHANNELS))
    u = np.tanh(lfilter([0.6], [1, -0.8], noise, axis=0)[50:])
    u[:, : KEY.stop], u[:, VALUE] = elu_plus_one(u[:, : KEY.stop]), 0.55 + 0.45 * u[:, VALUE]
    return u


def normalised(name: str, strength: float = 1.0, offset: float = 0.0) -> Model:
    """One and the same separable attention on :func:`tokens`, with one of five normalisers or none.

    All read the number ``strength z_i + offset``: exp, softplus and sigmoid make η_i of it, and SSD (a = 1) its step.

    Args:
        name: of :data:`NORMALISERS`.
        strength: factor of z; of no consequence for ``"one"`` and ``"row_sum"``.
        offset: added to it.

    >>> normalised("ssd").system(tokens(5)).N
    12
    """
    checks.choice("name", name, tuple(NORMALISERS))
    eye = np.eye(CHANNELS)
    maps = {"W_q": eye[QUERY], "W_k": eye[KEY], "W_v": eye}
    reads_z, bias = strength * eye[GATE : GATE + 1], np.array([offset])
    if name == "one":
        return LinearAttention(**maps)
    if name == "row_sum":
        return SeparableAttention(**maps, phi=identity, psi=identity, eta="row_sum")
    if name == "ssd":
        of_ssd = {"W_C": maps["W_q"], "W_B": maps["W_k"], "W_x": eye, "A_log": np.zeros(1), "D": np.zeros(1)}
        return SSD(**of_ssd, W_delta=reads_z, b_delta=bias)
    return NormAttention(**maps, W_eta=reads_z, b_eta=bias, eta=name)


def sensitivity(model: Model, u: np.ndarray, j: int) -> np.ndarray:
    """``|∂ log Φ_ij / ∂u_k|`` for outputs i >= j (rows) and all tokens k (columns), (length - j, length).

    Differentiated by torch through the model's own definition, so that zeros are exact.
    """
    import torch

    parameters = {name: torch.tensor(array) for name, array in model.parameters.items()}
    model = type(model)(**parameters, **{name: getattr(model, name) for name in model.options})
    slopes = torch.autograd.functional.jacobian(
        lambda u: model.system(u).weights()[0, 0, j:, j].log(), torch.tensor(u)
    )
    return slopes.norm(dim=-1).numpy()


@picture(
    "06_dependence",
    alt="Three maps for the weight of token 8 in every later output i: how strongly it depends on token k. With "
    "a local normaliser, exp, softplus or sigmoid, only the column k = 8 and the diagonal k = i are not exactly "
    "zero. With the row sum every token up to i counts a little. With SSD every token from 8 to i counts, and "
    "none before 8.",
)
def dependence() -> tuple[Figure, dict]:
    """Which tokens a weight depends on, for a local normaliser, the row sum and SSD."""
    u, j = tokens(24, seed=1), 8
    maps = {name: sensitivity(normalised(name), u, j) for name in NORMALISERS if name != "one"}
    titles = {
        "softplus": r"A local $\eta_i$: two tokens",
        "row_sum": "The row sum: all so far",
        "ssd": "SSD: all from $j$ to $i$",
    }
    figure = new_figure(8.5, 2.9)
    panels = figure.subplots(1, 3, sharey=True)
    look = {
        "norm": LogNorm(0.01, 1),
        "cmap": SEQUENTIAL,
        "aspect": "auto",
        "extent": (-0.5, 23.5, 23.5, j - 0.5),
    }
    for axes, (name, title) in zip(panels, titles.items(), strict=True):
        image = axes.imshow(np.ma.masked_equal(maps[name], 0), **look)
        axes.set(title=title, xticks=(0, j, 16, 23), xlabel="token $k$", facecolor="#ececec")
        axes.spines[:].set_visible(False)
        axes.text(22.8, j + 0.4, "exactly 0", ha="right", va="center", color=MUTED, fontsize=8)
    panels[0].text(j - 0.8, 15, "$k=j$", ha="right", va="center", fontsize=9)
    panels[0].text(15.6, 14.2, "$k=i$", fontsize=9)
    panels[0].set(ylabel="output $i$", yticks=(j, 12, 16, 20, 23))
    bar = figure.colorbar(image, ax=panels, pad=0.01, ticks=(0.01, 0.1, 1), format="%g", extend="max")
    bar.set_label(r"$\left|\partial\log\Phi_{ij}/\partial u_k\right|,\ j=8$")
    bar.outline.set_visible(False)
    return figure, {"j": j, **maps}


def with_transition(system: System, decays: np.ndarray) -> System:
    """The same map, shown in the basis in which ``Λ_i = decays_i I``, for any positive decays (length,).

    For a system whose own Λ is the identity, as in all separable attention.

    >>> u, half = tokens(4), np.full(4, 0.5)
    >>> with_transition(normalised("row_sum").system(u), half).Lambda[1:, 0, 0]
    array([0.5, 0.5, 0.5])
    """
    log = np.cumsum(np.log(decays))[:, None, None, None]
    return system.in_gauge(Gauge(log, np.ones_like(log)))


@picture(
    "06_histograms",
    alt="Three histograms of the transitions of one model over 399 steps, linear attention with the row sum. As "
    "the paper writes it they lie on both sides of one, between 0.4 and 2.2. With the normaliser in the output "
    "all 399 are one. In a third basis they are those of an SSD on the same tokens, all below one.",
)
def histograms() -> tuple[Figure, dict]:
    """The transitions of one kernel in three bases, the last with the decays of an SSD."""
    u = tokens(400, seed=2)
    system, ssd = (normalised(name, 2.0, -1.0).system(u) for name in ("row_sum", "ssd"))
    bases = {
        "paper": ("As the paper writes it,", system),
        "output": (r"with its $\eta_i$ in the output,", system.in_gauge(None)),
        "ssd": ("or with the decays of an SSD", with_transition(system, ssd.Lambda[:, 0, 0])),
    }
    figure = new_figure(8.5, 2.3)
    edges, data = np.geomspace(0.1, 5, 48), {}
    for axes, (name, (title, shown)) in zip(figure.subplots(1, 3, sharey=True), bases.items(), strict=True):
        data[name] = shown.Lambda[1:, 0, 0]
        axes.hist(data[name], edges, color=PURPLE)
        axes.set(title=title, xlabel=r"$\Lambda_i$", xscale="log", ylim=(0, 75))
        axes.set_xticks([0.1, 0.2, 0.5, 1, 2, 5], [0.1, 0.2, 0.5, 1, 2, 5])
        axes.xaxis.set_minor_locator(NullLocator())
    figure.axes[0].set_ylabel("steps, of 399")
    figure.axes[1].text(1.12, 72, "all 399", va="top", fontsize=8)
    return figure, data | {"ssd_own": ssd.Lambda[1:, 0, 0]}


def gain(name: str, z: np.ndarray) -> np.ndarray:
    """``1/η`` of a local normaliser for each z (length,).

    >>> gain("sigmoid", np.array([0.0]))
    array([2.])
    """
    u = np.zeros((len(z), CHANNELS))
    u[:, GATE] = z
    return np.exp(normalised(name).system(u).output_gain.log.ravel())


def state_bound(u: np.ndarray) -> float:
    """The bound ``max_j |β_j v_j| · Δ/(1 - e^{-Δ})``, Δ the largest step, of the state of SSD, a = 1."""
    delta = normalised("ssd").step(u).max()
    return float(np.abs(u[:, KEY] * u[:, [VALUE]]).max() * delta / -np.expm1(-delta))


def growth(u: np.ndarray) -> dict[str, np.ndarray]:
    """The largest state of the value and the largest output of it so far: ``h_NAME`` and ``y_NAME``, (length,)."""
    found = {}
    for name in NORMALISERS:
        system = normalised(name).system(u)
        states = np.abs(system.states()[:, 2 * VALUE : 2 * VALUE + 2]).max(axis=1)
        found[f"h_{name}"] = np.maximum.accumulate(states)
        found[f"y_{name}"] = np.maximum.accumulate(np.abs(system.scan()[:, VALUE]))
    return found


@picture(
    "06_bounds",
    alt="Left, the gain 1/eta of local normalisers against z: all fall like exp(-z) at first, then exp goes on, "
    "softplus falls slowly and sigmoid stays above one. Middle, the largest state so far, both axes logarithmic: "
    "with the normaliser in the output it grows with the number of steps, past 500; that of SSD stays below its "
    "bound of 3.5, that of the row sum in the paper's basis below one. Right, the largest output so far: it "
    "grows without a normaliser and with local ones; that of SSD stays below ten, that of the row sum below one.",
)
def bounds() -> tuple[Figure, dict]:
    """The gain of local normalisers, and the largest state and output so far of six models."""
    z, u = np.linspace(-4, 4, 81), tokens(1000, seed=3)
    steps = np.unique(np.geomspace(1, len(u), 150).astype(int))
    gains = {f"gain_{name}": gain(name, z) for name in LOCAL}
    largest = {name: values[steps - 1] for name, values in growth(u).items()}
    data = {"z": z, "bound": state_bound(u), "steps": steps, **gains, **largest}
    states = {
        "one": r"$\eta_i$ in the output",
        "ssd": "SSD, its bound",
        "row_sum": "row sum, as the\npaper has it",
    }
    outputs = {"softplus": "local", "one": "none", "ssd": "SSD", "row_sum": "row sum"}
    figure = new_figure(8.5, 2.9)
    left, middle, right = figure.subplots(1, 3)
    curves(left, data, "gain", dict(zip(LOCAL, LOCAL, strict=True)))
    curves(middle, data, "h", states)
    curves(right, data, "y", dict.fromkeys(LOCAL, "") | outputs)
    dashed = {"lw": 0.8, "ls": (0, (4, 2)), "zorder": 0}
    left.axhline(1, color=MUTED, **dashed)
    middle.axhline(data["bound"], color=ORANGE, **dashed)
    left.set(title=r"The gain of a local $\eta_i$", xlabel="$z$", ylabel=r"$1/\eta$", xticks=range(-4, 5, 2))
    for axes, title, letter in (
        (middle, "States: the basis decides", "h"),
        (right, "Outputs: two bounded", "y"),
    ):
        axes.set(
            title=title, xlabel="steps", ylabel=f"largest $|{letter}|$ so far", xscale="log", ylim=(0.08, 2e4)
        )
    return figure, data


def curves(axes, data: dict[str, np.ndarray], letter: str, words: dict[str, str]) -> None:
    """Some curves ``LETTER_NAME`` of the data on a logarithmic axis, name -> what stands at its right end."""
    x = data["z" if letter == "gain" else "steps"]
    for name in words:
        axes.semilogy(x, data[f"{letter}_{name}"], color=COLOURS[name])
        label_ends(axes, x[-1], {words[name]: (data[f"{letter}_{name}"][-1], COLOURS[name])})
