"""Figures of notebook 03: state space models, from a differential equation to S4, S6 and SSD."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from dsf_theory.models import S4D, S6, SSD
from dsf_theory.models.base import Model
from dsf_theory.plots.style import BLUE, GREEN, INK, MUTED, PURPLE, SEQUENTIAL, VERMILION, new_figure, picture

# -------------------------------------------------------------------- poles


def discrete_poles(poles: np.ndarray, delta: float, rule: str) -> np.ndarray:
    """Where a rule sends continuous poles (modes,): the diagonal of Λ of an S4D that has them."""
    row = np.asarray(poles, complex)[None, :]
    ones = np.ones_like(row)
    model = S4D(A=row, B=ones, C=ones, delta=np.array([delta]), D=np.zeros(1), rule=rule)
    return np.diagonal(model.system(np.ones((1, 1))).Lambda[0])


@picture(
    "03_poles",
    alt="Three complex planes. Left: continuous poles times the step, a row of real ones and a column of "
    "oscillating ones, all left of the imaginary axis. Middle: zero-order hold sends fast real poles "
    "to 0 and winds the column around a circle. Right: the bilinear rule sends both towards -1. Both "
    "images lie inside the unit circle.",
)
def poles() -> tuple[Figure, dict]:
    """A row of real poles and the poles of S4D as it starts, in continuous time and under both rules."""
    delta, tail = 0.25, 100.0
    fast = -0.24 * 2.0 ** np.arange(6) / delta
    modes = S4D.random(d=1, n=14).A[0]
    row, column = -np.geomspace(0.02, tail, 200) / delta, -0.5 + 1j * np.linspace(0, modes.imag.max(), 200)
    figure = new_figure(8.5, 2.95)
    plane, *discs = figure.subplots(1, 3)
    data = {"fast": fast * delta, "mode_real": modes.real * delta, "mode_imag": modes.imag * delta}

    for line, points, colour in ((row, fast, VERMILION), (column, modes, BLUE)):
        plane.plot((line * delta).real, (line * delta).imag, color=colour, alpha=0.35)
        plane.plot((points * delta).real, (points * delta).imag, "o", color=colour, markersize=4.5)
    plane.axvline(0, color=INK, linewidth=0.8)
    plane.set(xlim=(-9, 1), ylim=(-0.9, 5.6), xlabel="Re aΔ", ylabel="Im aΔ", title="Poles: Re a < 0")
    plane.set(box_aspect=1)
    plane.text(-4.6, 0.3, "faster and faster, to −100", color=VERMILION, ha="center", fontsize=8)
    plane.text(-0.6, 4.64, "oscillating, to 1.5π", color=BLUE, ha="right", fontsize=8)

    for axes, rule in zip(discs, ("zoh", "bilinear"), strict=True):
        axes.add_patch(Circle((0, 0), 1, facecolor="#f4f4f4", edgecolor=INK, linewidth=0.8))
        for line, points, colour in ((row, fast, VERMILION), (column, modes, BLUE)):
            path, found = discrete_poles(line, delta, rule), discrete_poles(points, delta, rule)
            axes.plot(path.real, path.imag, color=colour, alpha=0.35)
            axes.plot(found.real, found.imag, "o", color=colour, markersize=4.5)
            name = f"{rule}_{'fast' if colour == VERMILION else 'mode'}"
            data |= {f"{name}_real": found.real, f"{name}_imag": found.imag}
        end = discrete_poles([-tail / delta], delta, rule)[0].real
        data[f"{rule}_at_minus_100"] = float(end)
        axes.plot(end, 0, "s", color=VERMILION, markersize=6)
        axes.set(xlim=(-1.12, 1.12), ylim=(-1.12, 1.12), aspect="equal", xlabel="Re ā", ylabel="Im ā")
        axes.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    discs[0].set_title("Zero-order hold: fast goes to 0")
    discs[1].set_title("Bilinear: fast goes to −1")
    discs[0].text(0, -0.16, "aΔ = −100\nlands at 0", color=VERMILION, ha="center", va="top", fontsize=8)
    discs[1].text(-0.78, -0.16, "aΔ = −100\nlands at −0.96", color=VERMILION, va="top", fontsize=8)
    discs[0].text(0, 0.72, "winds round", color=BLUE, ha="center", va="top", fontsize=8)
    discs[1].text(0, 0.72, "is squeezed", color=BLUE, ha="center", va="top", fontsize=8)
    return figure, data


# -------------------------------------------------------------------- selectivity


def before_softplus(step: np.ndarray) -> np.ndarray:
    """The x with ``softplus(x) = step``."""
    return np.log(np.expm1(step))


ARROW = {"arrowstyle": "-", "color": MUTED, "linewidth": 0.8}

LENGTH, MARKED = 32, (8, 20)
"""Length of the sequence of `03_selectivity`, and its marked tokens."""


def marked_tokens() -> np.ndarray:
    """A sequence (32, 2) whose first channel is one, and whose second is one at two marked tokens."""
    u = np.zeros((LENGTH, 2))
    u[:, 0] = 1
    u[list(MARKED), 1] = 1
    return u


def selective_models() -> dict[str, Model]:
    """S4D, S6 and SSD with two channels and two states each.

    A mark multiplies the step of S6's first channel by ten, that of SSD's only head as well, and leaves S6's
    second channel nearly alone. B and C answer to the first channel of the input, which is constant.
    """
    calm, mark = 0.12, before_softplus(np.array([1.2, 0.16]))
    bias = before_softplus(np.array([calm, calm]))
    both, rates = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[1.0, 0.25], [1.0, 0.25]])
    s4d = {"A": -rates[:, :1] / 2 + 0j, "B": np.ones((2, 1)), "C": np.ones((2, 1)) / 2}
    s6 = {"W_delta_down": np.array([[0.0, 1.0]]), "W_delta_up": (mark - bias)[:, None], "b_delta": bias}
    ssd = {"W_delta": np.array([[0.0, mark[0] - bias[0]]]), "b_delta": bias[:1], "A_log": np.zeros(1)}
    return {
        "s4d": S4D(**s4d, delta=np.array([calm, calm]), D=np.zeros(2)),
        "s6": S6(**s6, A_log=np.log(rates), W_B=both, W_C=both, D=np.zeros(2)),
        "ssd": SSD(**ssd, W_x=np.eye(2), W_B=both, W_C=both, D=np.zeros(1)),
    }


@picture(
    "03_selectivity",
    alt="Four heat maps of kernels over 32 tokens, of which tokens 8 and 20 are marked. S4D: the same on "
    "each diagonal. S6, channel 0: bright columns at the marked tokens, and what came before a mark "
    "fades at its row. S6, channel 1: almost a band, since its own step hardly answers to the mark. "
    "SSD: one map for both channels, with bright columns and a sharper fading.",
)
def selectivity() -> tuple[Figure, dict]:
    """The weight of every earlier token in every output, for the same 32 tokens."""
    u, models = marked_tokens(), selective_models()
    s4d, s6, ssd = (model.kernel(u) for model in models.values())
    kernels = {"s4d": s4d[..., 0, 0], "s6_0": s6[..., 0, 0], "s6_1": s6[..., 1, 1], "ssd": ssd[..., 0, 0]}
    titles = "S4D: the lag decides", "S6, channel 0", "S6, channel 1", "SSD, both channels"
    figure = new_figure(8.5, 2.6)
    panels = figure.subplots(1, 4, sharey=True)
    for axes, title, kernel in zip(panels, titles, kernels.values(), strict=True):
        past = np.where(np.tri(LENGTH) > 0, kernel / kernel.max(), np.nan)
        image = axes.imshow(past, norm=LogNorm(0.01, 1), cmap=SEQUENTIAL, interpolation="nearest")
        axes.spines[:].set_visible(False)
        axes.set(title=title, xticks=(0, *MARKED, 31), yticks=(0, *MARKED, 31), xlabel="input j")
    panels[0].set_ylabel("output i")
    panels[1].annotate("marked", (MARKED[0], 8), (15, 3.5), fontsize=8, color=MUTED, arrowprops=ARROW)
    figure.colorbar(
        image, ax=panels, label="weight / largest", shrink=0.85, pad=0.01, ticks=(0.01, 0.1, 1), format="%g"
    )
    steps = {"step_s6": models["s6"].step(u), "step_ssd": models["ssd"].step(u)}
    return figure, {"marked": np.array(MARKED), **steps, **kernels}


# -------------------------------------------------------------------- reversed sigmoid


def decay_and_scale(x: np.ndarray, a: float, b_rule: str) -> tuple[np.ndarray, np.ndarray]:
    """Λ and B of S6 with Δ = softplus(x), A = -a and W_B u = 1, for each x (length,)."""
    reads_x, reads_one, zero = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]), np.zeros((2, 1))
    steps = {"W_delta_down": reads_x, "W_delta_up": zero + 1, "A_log": zero + np.log(a)}
    model = S6(**steps, W_B=reads_one, W_C=reads_one, D=np.zeros(2), b_rule=b_rule)
    system = model.system(np.stack([x, np.ones_like(x)], axis=1))
    return system.Lambda[:, 0, 0], system.B[:, 0, 0]


@picture(
    "03_reversed_sigmoid",
    alt="Three plots. Left: the decay of S6 against its pre-activation x falls from 1 to 0 as a reversed "
    "sigmoid, earlier for a larger rate a. Middle: the scale of what is written rises with x, without"
    " bound by Euler's rule, to 1/a by zero-order hold. Right: the gain for a constant input is 1 by "
    "zero-order hold at every step, and 1.005, 1.58 and 5.03 by Euler's rule at steps 0.01, 1 and 5.",
)
def reversed_sigmoid() -> tuple[Figure, dict]:
    """Λ and B of one state of S6 against its pre-activation, and the gain of both rules for B."""
    x, rates = np.linspace(-6, 6, 121), {0.3: GREEN, 1.0: BLUE, 4.0: PURPLE}
    figure = new_figure(8.5, 2.6)
    left, middle, right = figure.subplots(1, 3)
    data = {"x": x, "rates": np.array(list(rates))}
    for (a, colour), label in zip(rates.items(), ((2.8, 0.5), (0.6, 0.42), (-4.2, 0.5)), strict=True):
        decay, held = decay_and_scale(x, a, "zoh")
        left.plot(x, decay, color=colour)
        left.text(*label, f"a = {a:g}", color=colour, fontsize=8)
        middle.plot(x, held, color=colour)
        middle.text(6.15, held[-1], f"a = {a:g}", color=colour, fontsize=8, va="center")
        data |= {f"decay_{a:g}": decay, f"zoh_scale_{a:g}": held}
    data["euler_scale"] = decay_and_scale(x, 1.0, "euler")[1]
    middle.plot(x, data["euler_scale"], color=VERMILION, linestyle="--")
    middle.text(2.9, 4.1, "Euler:\nsoftplus(x)", color=VERMILION, ha="right", fontsize=8)
    middle.text(-5.8, 1.8, "solid: zero-order hold,\nup to 1/a", color=MUTED, fontsize=8)
    left.set(title=r"Decay: $\Lambda = \sigma(-x)^a$", xlabel="x", ylim=(0, 1.02))
    middle.set(title="Written: the scale of B", xlabel="x", xlim=(-6, 7.6), xticks=(-5, 0, 5), ylim=(0, 6.2))

    delta, marked = np.geomspace(0.01, 10, 100), np.array([0.01, 1.0, 5.0])
    for rule, colour, style in (("zoh", BLUE, "-"), ("euler", VERMILION, "--")):
        for steps, name in ((delta, rule), (marked, f"{rule}_marked")):
            decay, scale = decay_and_scale(before_softplus(steps), 1.0, rule)
            data[f"gain_{name}"] = scale / (1 - decay)
        right.plot(delta, data[f"gain_{rule}"], color=colour, linestyle=style)
    right.plot(marked, data["gain_euler_marked"], "o", color=VERMILION, markersize=4)
    for step, gain in zip(marked, data["gain_euler_marked"], strict=True):
        label = {"textcoords": "offset points", "ha": "right", "fontsize": 8, "color": VERMILION}
        right.annotate(f"{gain:.4g}", (step, gain), (-3, 6), **label)
    right.text(0.01, 0.5, "zero-order hold: 1", color=BLUE, fontsize=8)
    right.text(2.3, 4.1, "Euler", color=VERMILION, ha="right", fontsize=8)
    right.set(
        title="Gain of a constant input, a = 1",
        xlabel="step Δ",
        xscale="log",
        xlim=(0.002, 12),
        ylim=(0, 6.2),
    )
    return figure, data | {"delta": delta}
