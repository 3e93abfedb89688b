"""Figures of attention and S6 as one another, and the layers that are trained side by side."""

import numpy as np

from dsf_theory.plots.style import BLUE, GREEN, INK, MUTED, SKY, VERMILION, label_ends, new_figure, picture
from dsf_theory.studies.kernels_compared import changes_of_kernels, decays_of_channels
from dsf_theory.studies.tied_layers import STEPS, losses


@picture(
    "05_heads",
    alt="Left, what is left of a token in each of eight channels over 31 steps: S6 has eight curves that fan out, "
    "SSD with two heads two, SSD with one head one. Right, the singular values of the rearranged kernel on a "
    "logarithmic axis: eight for S6, two for SSD with two heads, one for SSD with one head; all others are "
    "zero to rounding.",
)
def heads():
    """What is left of a token in each channel, and the singular values of the rearranged kernel."""
    data = decays_of_channels()
    token, length = data["step"][0], 1 + data["step"][-1]
    figure = new_figure(8.5, 2.9)
    left, right = figure.subplots(1, 2)
    for name, colour in (("S6", BLUE), ("SSD, 2 heads", GREEN), ("SSD, 1 head", VERMILION)):
        if "2" not in name:
            left.plot(data["step"], data[f"left_{name}"].T, color=colour, lw=1.2 if name == "S6" else 2.6)
        right.semilogy(data["index"], data[f"values_{name}"], "o-", ms=4, color=colour)
    left.set(title="S6 has a decay for every channel", xlabel="step $i$", xlim=(token - 0.5, length + 9))
    left.set(ylabel=f"what is left of token {token}", ylim=(0, 1.03), xticks=range(8, 41, 8))
    ends = {"S6, eight\nchannels": (data["left_S6"][0, -1], BLUE), "SSD, 1 head": (0.03, VERMILION)}
    label_ends(left, length - 1, ends)
    right.set(title="A kernel for every channel, a head for each", xlabel="index $k$", xlim=(0.5, 8.7))
    right.set(ylabel=r"singular value $\sigma_k/\sigma_1$", ylim=(1e-18, 9))
    for text, at, colour in (("S6", (7.8, 3e-2), BLUE), ("SSD, 2 heads", (4.2, 3e-15), GREEN)):
        right.annotate(text, at, color=colour)
    right.annotate("SSD, 1 head", (0.6, 1e-17), color=VERMILION)
    right.set_yticks([1, 1e-5, 1e-10, 1e-15])
    right.minorticks_off()
    return figure, data


@picture(
    "05_one_token",
    alt="Three kernels of 24 steps, coloured where they change as token 10 is changed. Normalised attention and SSD "
    "with a constant step change in row 10 and column 10 only. SSD changes there too, and in the whole block of "
    "later rows and earlier columns.",
)
def one_token():
    """Where the kernels of normalised attention and SSD change with one token."""
    titles = {
        "norm_attention": "Normalised attention: a cross",
        "constant_step": "SSD, constant step: a cross",
        "ssd": "SSD: all weights across it",
    }
    token, figure, data = 10, new_figure(8.5, 3.15), {}
    for axes, (which, change) in zip(figure.subplots(1, 3), changes_of_kernels(token).items(), strict=True):
        name, length = titles[which], len(change)
        shown = np.where(change > 0, np.sqrt(change / change.max()), np.nan)
        axes.imshow(shown, cmap="cividis_r", vmin=0, vmax=1, interpolation="nearest")
        axes.plot([-0.5, length - 0.5], [-0.5, length - 0.5], color="#c8c8c8", lw=0.8, zorder=0)
        axes.set(title=name, xlabel="step $j$", xticks=[0, token, 20], yticks=[0, token, 20])
        axes.set(xlim=(-0.7, length - 0.5), ylim=(length - 0.5, -0.7))
        axes.annotate(f"token {token}", (token + 1.1, token - 0.2), color=MUTED, fontsize=8)
        data[f"change_{name}"] = change
    figure.axes[0].annotate("white: the same\nto the last bit", (12, 5), color=MUTED, fontsize=8)
    figure.axes[0].set_ylabel("step $i$")
    return figure, data


# -------------------------------------------------------------------- the layers that are trained


@picture(
    "05_training",
    alt="Left, the losses of four layers over the steps of training, on a logarithmic axis: all start at one value; "
    "attention with a local normaliser ends highest, SSD and attention lie on one curve well below, S6 ends "
    "lowest. Right, the relative difference of each loss from that of SSD: about 1e-16 throughout for attention; "
    "for the other two it rises within a few steps to about one.",
)
def training():
    """Losses of four layers that start as one function, and how far each is from the loss of SSD."""
    curves, steps = losses(), np.arange(STEPS)
    styles = {"SSD": (SKY, 4.5), "attention": (INK, 1.1), "local": (VERMILION, 1.6), "S6": (BLUE, 1.6)}
    figure, data = new_figure(8.5, 3.1), {"step": steps} | curves
    left, right = figure.subplots(1, 2)
    for name, loss in curves.items():
        colour, width = styles[name]
        smooth = np.median(np.lib.stride_tricks.sliding_window_view(loss, 15), axis=1)
        left.semilogy(steps[7:-7], smooth, color=colour, lw=width)
        if name != "SSD":
            apart = np.abs(loss / curves["SSD"] - 1)
            right.semilogy(steps, np.where(apart > 0, apart, np.nan), "o", ms=1.6, color=colour)
            data[f"apart_{name}"] = apart
    left.set(title="One loss while tied, others when released", ylabel="loss, median of 15 steps")
    right.set(
        title="Tied: equal to the last digits", ylabel="relative difference from SSD", ylim=(3e-18, 1e3)
    )
    for axes in (left, right):
        axes.set(
            xlabel="step of training", xlim=(-5, STEPS + 80 * (axes is left)), xticks=range(0, STEPS + 1, 50)
        )
        axes.minorticks_off()
    names = {"local": "local\nnormaliser", "SSD": "SSD and\nattention", "S6": "S6"}
    ends = {names[name]: (np.median(curves[name][-15:]), styles[name][0]) for name in names}
    ends["SSD and\nattention"] = (ends["SSD and\nattention"][0], INK)
    label_ends(left, STEPS - 8, ends)
    right.annotate("local normaliser", (205, 40), color=VERMILION)
    right.annotate("S6", (262, 0.02), color=BLUE)
    right.annotate("attention, tied", (205, 6e-14), color=INK)
    return figure, data
