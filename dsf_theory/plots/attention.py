"""Figures of attention as a dynamical system, and the Taylor features of softmax."""

from math import comb

import numpy as np

from dsf_theory.plots.style import BLUE, GREEN, INK, MUTED, PURPLE, VERMILION, label_ends, new_figure, picture
from dsf_theory.studies.normalisers import normalisers_in_two_bases
from dsf_theory.studies.softmax_features import taylor_costs
from dsf_theory.studies.softmax_sample import states_needed


@picture(
    "02_eta_and_lambda",
    alt="Three panels over 48 steps for normalised attention with exp, softplus and sigmoid. Left, the "
    "normalisers eta, which differ by up to an order of magnitude. Middle, their transitions, eta of the "
    "step before over eta, in the basis of the paper: each wanders above and below one, while a dashed "
    "line marks the output basis, where all three are one. Right, the output of the model with exp: dots "
    "from the output basis lie on the line from the basis of the paper.",
)
def eta_and_lambda():
    """One kernel in two bases: the transitions of three normalisers, and the transition 1 of all three."""
    data, ends = normalisers_in_two_bases(), {}
    figure = new_figure(8.5, 2.9)
    left, middle, right = figure.subplots(1, 3, gridspec_kw={"wspace": 0.08})
    steps = np.arange(len(data["y_paper"]))
    for act, colour in (("sigmoid", GREEN), ("softplus", VERMILION), ("exp", BLUE)):
        left.plot(steps, data[f"eta_{act}"], color=colour)
        middle.plot(steps[1:], data[f"lambda_{act}"], color=colour)
        ends[act] = (data[f"eta_{act}"][-1], colour)
    label_ends(left, steps[-1], ends)
    middle.axhline(1, color=INK, lw=1.2, ls=(0, (4, 2)))
    label_ends(middle, steps[-1], {"output\nbasis": (1, INK)})
    right.plot(steps, data["y_paper"], color=BLUE, label="basis of the paper")
    right.plot(steps, data["y_output"], "o", ms=3, color=INK, label="output basis")
    right.legend(loc="upper left", borderaxespad=0, handlelength=1.4)
    titles = r"Three normalisers $\eta_i$", r"Three $\Lambda_i$, or $\Lambda_i=1$", "One output"
    for axes, title in zip((left, middle, right), titles, strict=True):
        axes.set(title=title, xlabel="step $i$", xlim=(-1, 48))
    for axes, limits in ((left, (0.1, 20)), (middle, (0.08, 12))):
        axes.set(yscale="log", ylim=limits)
    middle.set(ylabel=r"$\Lambda_i=\eta_{i-1}/\eta_i$")
    right.set(ylabel="$y_i$, first channel, with exp")
    return figure, data


@picture(
    "02_infinite_states",
    alt="Left, singular values of the block of the kernel that leads from the first half of 64 steps to the "
    "second. Linear attention with four features has four, then zeros; those of softmax attention fall "
    "slowly, and none of the 32 is zero. Right, the number of states against length, both axes "
    "logarithmic: half the length for exact softmax attention, at least 36 at length 256 for an error of "
    "0.01, at least 12 for 0.1, and four for linear attention at every length.",
)
def infinite_states():
    """Singular values between past and future, and the states that length and accuracy ask for."""
    data = states_needed()
    lengths = data["lengths"]
    figure = new_figure(8.5, 2.8)
    left, right = figure.subplots(1, 2)
    index = np.arange(1, len(data["softmax"]) + 1)
    left.semilogy(index, data["softmax"], "o-", ms=3, color=BLUE)
    left.semilogy([*index[:5]], [*data["linear"], 1e-12], "s-", ms=4, color=GREEN)
    left.annotate("softmax attention:\nnone of 32 is zero", (15.5, 0.06), color=BLUE)
    left.annotate("linear attention, $n=4$:\nzero from the fifth on", (5.6, 4e-6), color=GREEN)
    left.set(title="What the past can tell the future", ylim=(1e-6, 2.5), xlim=(0, 33))
    left.minorticks_off()
    left.set(xlabel=r"index $k$", ylabel=r"singular value $\sigma_k/\sigma_1$")
    curves = {"exact: $L/2$": (lengths / 2, BLUE)}
    for name, colour in (("0.01", VERMILION), ("0.1", PURPLE)):
        curves[f"error {name}: at least {data[f'states_{name}'][-1]:.0f}"] = (data[f"states_{name}"], colour)
    curves["linear attention: 4"] = (np.full(len(lengths), 4.0), GREEN)
    for name, (states, colour) in curves.items():
        right.loglog(lengths, states, "s-" if "linear" in name else "o-", ms=3.5, color=colour)
        label_ends(right, lengths[-1], {name: (states[-1], colour)})
    right.set(title="Exactness costs half the length", xlabel="length $L$", ylabel="states per channel $n$")
    right.set_xticks(lengths, lengths, minor=False)
    right.set_yticks([4, 8, 16, 32, 64, 128], [4, 8, 16, 32, 64, 128])
    right.minorticks_off()
    return figure, data


@picture(
    "02_taylor",
    alt="Left, the largest row error of softmax attention with Taylor features against their even order, for "
    "key size 4 and length 64 on a logarithmic axis. At temperature 2 the error falls from the start, at "
    "1/2 only after order twelve. Right, the number of features for an error of one percent against key "
    "size, both axes logarithmic: from about ten at key size 1 to 75 thousand, 5 million and 2 billion at"
    " key size 16.",
)
def taylor():
    """Error of softmax attention with Taylor features against their order, and what one percent costs."""
    data = taylor_costs()
    orders, sizes = data["order"], data["key_size"]
    figure = new_figure(8.5, 2.9)
    left, right = figure.subplots(1, 2)
    curves = (
        (0.5, "1/2", VERMILION, (12.6, 0.35)),
        (1.0, "1", BLUE, (15.4, 1e-5)),
        (2.0, "2", GREEN, (4.1, 3e-7)),
    )
    for temperature, name, colour, at in curves:
        features = data[f"features_{temperature}"]
        left.semilogy(orders, data[f"error_{temperature}"], "o-", ms=3.5, color=colour)
        left.annotate(f"temperature {name}", at, color=colour)
        right.loglog(sizes, features, "o-", ms=3.5, color=colour)
        label_ends(right, sizes[-1], {f"temperature {name}": (features[-1], colour)})
    left.axhline(0.01, color=MUTED, lw=0.8, ls=(0, (4, 2)))
    left.annotate("one percent", (12.7, 0.0042), color=MUTED, fontsize=8)
    left.set(
        title="Hot softmax is nearly a polynomial",
        ylabel="largest $L_1$ error of a row",
        ylim=(1e-8, 4),
        xlim=(-1, 22),
    )
    left.set_xticks(orders[::2], [f"{p}\n{comb(4 + p, p):,}" for p in orders[::2]])
    left.set_xlabel("even order $p$, and number of features for $m=4$")
    right.set(title="The price of one percent", xlabel="key size $m$")
    right.set(ylabel=r"features $\binom{m+p}{p}$")
    right.set_xticks(sizes, sizes)
    for axes in (left, right):
        axes.minorticks_off()
    return figure, data
