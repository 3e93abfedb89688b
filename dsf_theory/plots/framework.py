"""Figures of notebook 01: two readings of one map, the state as a memory, and many Λ for one Φ."""

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator
from scipy.signal import lfilter

from dsf_theory.models import S6, NormAttention
from dsf_theory.plots.style import BLUE, GREEN, INK, ORANGE, SKY, VERMILION, heat, new_figure, picture
from dsf_theory.studies.memory import random_keys, recall_error, spread_keys
from dsf_theory.system import Gauge, System


def example_system(length: int = 36) -> System:
    """S6 on two channels, a slow wave and a constant one that gives its gates an offset."""
    model = S6(
        W_delta_down=np.array([[1.3, 0.0]]),
        W_delta_up=np.array([[1.0], [0.0]]),
        b_delta=np.array([-1.2, 0.0]),
        W_B=np.array([[0.1, 1.0], [0.2, -0.9], [-0.2, 1.0], [0.3, 0.5]]),
        W_C=np.array([[-0.1, 0.5], [0.2, 0.5], [0.2, 0.9], [0.1, -0.6]]),
        A_log=np.log([[0.2, 0.7, 1.5, 4.0]] * 2),
        D=np.zeros(2),
    )
    i = np.arange(length)
    wave = np.sin(2 * np.pi * i / 17) + 0.6 * np.cos(2 * np.pi * i / 7)
    return model.system(np.stack([wave, np.ones(length)], axis=1))


@picture(
    "01_two_readings",
    alt="Left: four numbers of state over 36 steps. Middle: the lower triangular kernel as a heat map, row "
    "24 framed. Right: the output by the recurrence as a line, by rows of the kernel as dots on that line.",
)
def two_readings():
    """The same output by carrying a state and by weighing the past."""
    system, row = example_system(), 24
    u, h, phi = system.u[:, 0], system.states()[:, :4], system.kernel()[:, :, 0, 0]
    by_state, by_kernel = system.recurrent()[:, 0], phi @ u
    steps = np.arange(system.length)
    figure = new_figure(8.5, 2.8)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1.05, 1))

    for state, colour in zip(h.T, (BLUE, VERMILION, GREEN, ORANGE), strict=True):
        left.plot(steps, state, color=colour)
    left.plot([row] * 4, h[row], "o", color=INK, ms=4, zorder=3)
    left.annotate(f"step {row}", (row, h[row].max()), (2, 6), textcoords="offset points", fontsize=8)
    left.set(title="Carry four numbers,", xlabel="step $i$", ylabel="state $h_i$")

    image = heat(middle, np.where(steps[:, None] >= steps, phi, np.nan), limit=phi.max())
    middle.add_patch(Rectangle((-0.5, row - 0.5), row + 1, 1, fill=False, color=VERMILION, lw=1.5))
    middle.text(row + 1.5, row, f"row {row}", va="center", fontsize=8)
    middle.set(title="or weigh the whole past:", xlabel="step $j$", ylabel="step $i$")
    bar = figure.colorbar(image, ax=middle, pad=0.02)
    bar.ax.set_title(r"$\Phi_{ij}$", fontweight="normal", fontsize=9)
    bar.outline.set_visible(False)

    right.plot(steps, by_state, color=SKY, lw=3.5)
    right.plot(steps, by_kernel, "o", color=INK, ms=2.5)
    right.plot(row, by_kernel[row], "o", color=INK, ms=5)
    right.text(0.98, 0.09, "line: recurrence", color=BLUE, ha="right", fontsize=8, transform=right.transAxes)
    right.text(
        0.98, 0.02, r"dots: rows of $\Phi$", color=INK, ha="right", fontsize=8, transform=right.transAxes
    )
    right.set(title="the output is the same", xlabel="step $i$", ylabel="output $y_i$")
    return figure, {"u": u, "h": h, "phi": phi, "by_state": by_state, "by_kernel": by_kernel}


@picture(
    "01_memory",
    alt="Relative recall error against the number of pairs stored, for 4, 8 and 16 states. Left, keys "
    "spread evenly: zero up to n pairs, then the square root of P/n - 1. Right, random keys: zero "
    "for one pair only, about the square root of (P - 1)/n.",
)
def memory():
    """Recall is exact up to n pairs when keys are orthogonal, and interferes beyond."""
    sizes, d, most = (4, 8, 16), 256, 48
    pairs = np.unique(np.round(np.geomspace(1, most, 17)).astype(int))
    values = np.random.default_rng(0).standard_normal((most, d))
    spread = np.array([[recall_error(spread_keys(p, n), values[:p]) for p in pairs] for n in sizes])
    random = np.array([[random_recall(p, n, values[:p, :64]) for p in pairs] for n in sizes])
    smooth = np.linspace(1, most, 400)
    figure = new_figure(8.5, 2.9)
    left, right = figure.subplots(1, 2, sharey=True)
    for n, colour, exact, chance in zip(sizes, (VERMILION, GREEN, BLUE), spread, random, strict=True):
        for axes, line, dots in (
            (left, np.sqrt(np.clip(smooth / n - 1, 0, None)), exact),
            (right, np.sqrt((smooth - 1) / n), chance),
        ):
            axes.plot(smooth, line, color=colour, lw=1.2)
            axes.plot(pairs, dots, "o", color=colour, ms=3.5)
            axes.text(most + 1, line[-1], f"$n$ = {n}", color=colour, va="center", fontsize=8)
    left.set(title="Evenly spread keys: exact up to $n$ pairs", ylabel="relative recall error")
    left.text(0.03, 0.87, r"lines: $\sqrt{P/n - 1}$", transform=left.transAxes, fontsize=9)
    right.set(title="Random keys: errors from the second pair on")
    right.text(0.03, 0.87, r"lines: $\sqrt{(P - 1)/n}$", transform=right.transAxes, fontsize=9)
    for axes in (left, right):
        axes.set(xlabel="pairs stored $P$", xlim=(0, most + 6), ylim=(-0.1, 3.8))
    return figure, {"n": np.array(sizes), "pairs": pairs, "spread": spread.round(6), "random": random}


def random_recall(pairs: int, n: int, values: np.ndarray, draws: int = 32) -> float:
    """The root mean square of :func:`recall_error` over draws of random keys."""
    keys = np.stack([random_keys(pairs, n, seed) for seed in range(draws)])
    return float(np.sqrt(np.mean(recall_error(keys, np.broadcast_to(values, (draws, *values.shape))) ** 2)))


def three_gauges(length: int = 48) -> dict[str, System]:
    """Normalised attention in the paper's basis, one with Λ = I, and one that looks like forgetting."""
    model = NormAttention.random(d=4, n=4, seed=2)
    u = lfilter([0.6], [1, -0.8], np.random.default_rng(5).standard_normal((length, 4)), axis=0)
    system = model.system(u)
    halving = np.log(0.5) * np.arange(length)[:, None, None, None]
    return {
        "paper": system,
        "output": system.in_gauge(None),
        "fading": system.in_gauge(Gauge(halving, np.ones_like(halving))),
    }


@picture(
    "01_same_kernel",
    alt="Left: the number in front of the identity in three transitions, over 47 steps: one jumps between "
    "0.1 and 7, one is 1, one is 0.5. Right: the one kernel that all three have, as a heat map.",
)
def same_kernel():
    """Three transitions, one kernel."""
    systems = three_gauges()
    decays = {name: system.Lambda[1:, 0, 0] for name, system in systems.items()}
    weights = systems["output"].weights()[0, 0]
    last = len(weights) - 1
    figure = new_figure(8.5, 2.8)
    left, right = figure.subplots(1, 2, width_ratios=(1.75, 1))
    for name, colour, label, size in (
        ("paper", BLUE, r"$\eta_{i-1}/\eta_i$", 10),
        ("output", VERMILION, "always 1", 8),
        ("fading", GREEN, "always 0.5", 8),
    ):
        left.semilogy(np.arange(1, last + 1), decays[name], color=colour)
        left.text(last + 0.8, decays[name][-1], label, color=colour, va="center", fontsize=size)
    left.set(title=r"Three transitions $\Lambda_i = \lambda_i I$ …", xlabel="step $i$", xlim=(0, last + 8))
    left.set(ylabel=r"$\lambda_i$", yticks=[0.2, 0.5, 1, 2, 5], xticks=range(0, last, 10))
    left.yaxis.set_major_formatter("{x:g}")
    left.yaxis.set_minor_locator(NullLocator())
    shown = np.where(np.tri(last + 1, dtype=bool), weights, np.nan)
    image = heat(right, shown, signed=True, limit=np.abs(weights).max())
    bar = figure.colorbar(image, ax=right, pad=0.02)
    bar.outline.set_visible(False)
    right.set(title="… one kernel", xlabel="step $j$", ylabel="step $i$")
    right.text(last, 1, r"weight of $v_j$ in $y_i$", ha="right", va="top", fontsize=8)
    return figure, {**decays, "weights": weights}
