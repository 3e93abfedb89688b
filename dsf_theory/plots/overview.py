"""Figures of notebook 00: the framework in one picture."""

import numpy as np

from dsf_theory.plots.style import INK, MUTED, SIGNED, new_figure, picture, signed_root
from dsf_theory.studies.example_systems import one_step

STEP = 21
"""Of which the matrices are shown."""

SHOWN = {
    "norm_attention": "Normalised attention",
    "ssd": "SSD (Mamba-2)",
    "s6": "S6 (Mamba)",
    "qlstm": "quasi-LSTM",
}
ALT = (
    "Four models in four columns: normalised attention, SSD, S6 and quasi-LSTM. Upper row: the matrices Lambda, B, C "
    "and D of one time step as one block. Lambda is one number times the identity for attention, one number per head "
    "for SSD, a different number on every diagonal entry for S6, and small for the quasi-LSTM, which has one state a "
    "channel. Lower row: the lower triangular kernel Phi that each of them applies to the same 32 inputs."
)


@picture("00_one_system", ALT)
def one_system():
    """Λ, B, C, D of one step and the kernel Φ of four models on one input."""
    figure = new_figure(9.2, 5.3)
    figure.suptitle(
        r"$h_i = \Lambda_i\, h_{i-1} + B_i\, u_i \qquad\quad y_i = C_i\, h_i + D_i\, u_i$",
        fontsize=15,
        color=INK,
    )
    axes, data = figure.subplots(2, len(SHOWN)), {}
    for (upper, lower), (name, title) in zip(axes.T, SHOWN.items(), strict=True):
        system = one_step(name, STEP)
        block, kernel = matrices(system), signed_root(system["kernel"])
        data |= {f"{name}_matrices": block, f"{name}_kernel": kernel}
        draw_block(upper, block, len(system["Lambda"]))
        upper.set_title(title, loc="center", pad=20)
        lower.imshow(kernel, cmap=SIGNED, vmin=-1, vmax=1, interpolation="nearest")
        lower.spines[:].set_visible(False)
        lower.set(xticks=[], yticks=[], xlabel="input step $j$")
    axes[0, 0].set_ylabel(f"one step, i = {STEP}", color=MUTED)
    axes[1, 0].set_ylabel(r"kernel $\Phi_{ij}$: output step $i$")
    return figure, data


def matrices(step: dict[str, np.ndarray]) -> np.ndarray:
    """``[[Λ_i, B_i], [C_i, D_i]]``, all but Λ over their largest magnitude."""
    B, C, D = (signed_root(step[name]) for name in "BCD")
    return np.block([[np.clip(step["Lambda"], -1, 1), B], [C, D]])


def draw_block(axes, block: np.ndarray, N: int) -> None:
    """The block matrix with lines between its four parts and their names."""
    size = len(block)
    axes.imshow(block, cmap=SIGNED, vmin=-1, vmax=1, interpolation="nearest")
    axes.axhline(N - 0.5, color=INK, lw=0.8)
    axes.axvline(N - 0.5, color=INK, lw=0.8)
    middle, end = N / size / 2, (N + size) / size / 2  # in parts of the axes
    for text, x, y in ((r"$\Lambda$", middle, 1.06), ("$B$", end, 1.06), ("$C$", -0.07, 1 - end)):
        axes.text(x, y, text, transform=axes.transAxes, ha="center", va="center", fontsize=11)
    axes.set(xticks=[], yticks=[], xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
    axes.spines[:].set_visible(True)
