"""How far Taylor and random features are from softmax attention, and how far they may be."""

from math import comb

import numpy as np
from matplotlib.figure import Figure

from dsf_theory.plots.style import BLUE, GREEN, MUTED, PURPLE, SKY, VERMILION, new_figure, picture
from dsf_theory.studies.softmax_features import (
    measured_deviation,
    random_rows,
    relative_deviation,
    row_bounds,
    taylor_rows,
    worst_taylor_rows,
)


@picture(
    "07_truncation",
    alt="Left, the error of each row of Taylor attention against the largest score of the row, for orders 4 and 8, "
    "both axes logarithmic: all dots lie below the curve of the bound, typically by a factor of three to a "
    "hundred. Right, the largest row error against the order for two temperatures: the bound, dashed, runs two to "
    "six orders behind what is measured.",
)
def truncation() -> tuple[Figure, dict]:
    """The bound on rows of Taylor attention against what each row does, and in orders."""
    figure, data = new_figure(8.5, 3.0), {}
    left, right = figure.subplots(1, 2)
    rho = np.geomspace(0.1, 12, 200)
    for order, colour in ((4, VERMILION), (8, BLUE)):
        bound = row_bounds(order, rho)
        left.loglog(rho, np.where(np.isfinite(bound), bound, np.nan), color=colour, lw=1.2)
        data[f"rho_{order}"], data[f"row_{order}"] = taylor_rows(order)
        left.plot(data[f"rho_{order}"], data[f"row_{order}"], ".", ms=2.5, color=colour, alpha=0.6)
    left.set(title="Every row (dot) is below its bound (line)", xlabel=r"largest score of the row, $\rho_i$")
    left.set(ylabel=r"error of the row, $\Sigma_j|\hat P_{ij}-P_{ij}|$", ylim=(1e-10, 4), xlim=(0.15, 14))
    left.annotate("order 4", (0.17, 6e-5), color=VERMILION)
    left.annotate("order 8", (0.17, 2e-9), color=BLUE)
    left.set_xticks([0.2, 0.5, 1, 2, 5, 10], [0.2, 0.5, 1, 2, 5, 10])
    orders = np.arange(2, 29, 2)
    for temperature, name, colour in ((2.0, "temperature 2", GREEN), (1.0, "temperature 1", PURPLE)):
        measured, bound = worst_taylor_rows(orders, temperature)
        right.semilogy(orders, measured, "o-", ms=3, color=colour)
        right.semilogy(orders, np.where(bound < 2, bound, np.nan), color=colour, ls=(0, (4, 2)), lw=1.2)
        ends = [orders[np.argmax(errors <= 0.01)] for errors in (measured, bound)]
        between_orders(right, ends, 0.01, colour)
        data |= {f"measured_{temperature:g}": measured, f"bound_{temperature:g}": bound}
        right.annotate(name, {2.0: (1.6, 3e-6), 1.0: (15.6, 3e-4)}[temperature], color=colour, fontsize=8)
    right.annotate("guaranteed", (21.9, 0.0075), color=PURPLE, fontsize=8)
    right.set(title="The worst row: the guarantee is late", ylabel="largest error of a row", ylim=(1e-6, 4))
    right.set_xticks(orders[1::2], [f"{p}\n{comb(4 + p, p):,}" for p in orders[1::2]])
    right.set_xlabel("order $p$, and number of features for $m=4$")
    for axes in (left, right):
        axes.minorticks_off()
    return figure, data | {"order": orders}


def between_orders(axes, ends, height: float, colour: str) -> None:
    """An arrow from the order that is enough to the one that is guaranteed."""
    axes.annotate(
        "", (ends[1], height), (ends[0], height), arrowprops={"arrowstyle": "->", "color": colour, "lw": 1}
    )


# ---------------------------------------------------------------- random features


@picture(
    "07_random_features",
    alt="Left, the relative standard deviation of one random feature on a logarithmic axis: that of positive features "
    "against the size of q + k, that of trigonometric ones against the size of q - k. Both rise from zero past one "
    "at size one or so to twenty at size two and a half; measured dots lie on the curves, those of orthogonal "
    "directions below, for trigonometric features clearly. Right, the error of each row of attention with 64 and with "
    "4096 positive features against the length of its query. Short queries gain from more features, from 0.2 to 0.03; "
    "the longest stay near one with either.",
)
def random_features() -> tuple[Figure, dict]:
    """What the error of random features depends on, in a weight and in a row."""
    figure, data = new_figure(8.5, 3.0), {}
    left, right = figure.subplots(1, 2)
    sizes, points = np.linspace(0.05, 2.5, 100), np.array([0.3, 0.6, 0.9, 1.2])
    for trigonometric, name, colour in ((False, "positive", BLUE), (True, "trigonometric", VERMILION)):
        left.semilogy(sizes, relative_deviation(sizes, trigonometric), color=colour, lw=1.2)
        for orthogonal, marker in ((False, "o"), (True, "x")):
            found = np.array([measured_deviation(s, 4, 20_000, trigonometric, orthogonal) for s in points])
            left.plot(points, found, marker, ms=4, color=colour, mfc="none")
            data[f"{name}_{'orthogonal' if orthogonal else 'independent'}"] = found
    for features, colour in ((64, SKY), (4096, BLUE)):
        norms, errors = random_rows(features)
        right.semilogy(norms, errors, ".", ms=4, color=colour)
        data |= {"norm": norms, f"row_{features}": errors}
    left.set(title="A random feature errs exponentially", xlabel=r"$s=|q+k|$ or $|q-k|$", ylim=(0.03, 30))
    left.set(ylabel="relative deviation, one direction")
    left.annotate(r"positive, $s=|q+k|$", (0.12, 2.2), color=BLUE)
    left.annotate(r"trigonometric, $s=|q-k|$", (1.35, 0.62), color=VERMILION)
    left.annotate("○ independent, × orthogonal", (1.35, 0.06), color=MUTED, fontsize=8)
    right.set(title="Long queries stay wrong", xlabel=r"length of the query $|q_i|$", ylim=(0.005, 4))
    right.set(ylabel=r"error of the row, $\Sigma_j|\hat P_{ij}-P_{ij}|$")
    right.annotate("64 features", (0.3, 1.9), color=SKY)
    right.annotate("4096 features", (1.5, 0.011), color=BLUE)
    for axes in (left, right):
        axes.minorticks_off()
    return figure, data | {"size": points}
