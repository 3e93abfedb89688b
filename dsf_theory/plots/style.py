"""The house style, and every figure of the suite: one name, one function, one file.

A figure function returns the figure and the data it was drawn from. ``python -m dsf_theory figures`` writes both,
``figures/NAME.png`` and ``figures/data/NAME.json``; :func:`show` puts one into a notebook with its description.
"""

import base64
import io
import json
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from dsf_theory.arrays.names import Named

INK, MUTED, PAPER = "#222222", "#6b6b6b", "#ffffff"
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, YELLOW = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#F0E442",
)
"""The palette of Okabe and Ito, safe for colour-blind readers."""

SEQUENTIAL, SIGNED = "cividis", "RdBu_r"
"""Colormaps: magnitudes, and numbers of either sign about zero."""

STYLE = {
    "figure.facecolor": PAPER,
    "figure.dpi": 144,
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelcolor": INK,
    "axes.edgecolor": "#b0b0b0",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": mpl.cycler(color=[BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY]),
    "lines.linewidth": 1.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "mathtext.fontset": "cm",
}


class Picture(NamedTuple):
    """A registered figure."""

    draw: Callable[[], tuple[Figure, dict]]
    alt: str


FIGURES: dict[str, Picture] = Named("figure")
"""Name -> the function that draws it, and its description for those who cannot see it."""


def picture(name: str, alt: str):
    """Register a figure function, ``() -> (Figure, data)``, drawn in the house style."""

    def register(draw):
        @wraps(draw)
        def styled():
            with mpl.rc_context(STYLE):
                return draw()

        FIGURES[name] = Picture(styled, alt)
        return styled

    return register


def new_figure(width: float, height: float, **options) -> Figure:
    """An empty figure of a size in inches, laid out by constraints, in the house style."""
    with mpl.rc_context(STYLE):
        return Figure(figsize=(width, height), layout=options.pop("layout", "constrained"), **options)


def png(figure: Figure, dpi: int = 144) -> bytes:
    """The picture as PNG of at most 256 colours, the same bytes for the same figure."""
    buffer, palette = io.BytesIO(), io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="png", dpi=dpi)
    Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
        palette, "png", optimize=True
    )
    return palette.getvalue()


def heat(axes, matrix, signed: bool = False, limit: float | None = None, **options):
    """A matrix as an image, zero in the middle of the scale where signed."""
    limit = limit or float(np.nanmax(np.abs(matrix))) or 1.0
    options = {
        "cmap": SIGNED if signed else SEQUENTIAL,
        "interpolation": "nearest",
        "aspect": "auto",
    } | options
    image = axes.imshow(matrix, vmin=-limit if signed else 0, vmax=limit, **options)
    axes.spines[:].set_visible(False)
    return image


def signed_root(values: np.ndarray) -> np.ndarray:
    """The square root of each magnitude over the largest, with its sign: small numbers stay visible."""
    values = values / (np.abs(values).max() or 1.0)
    return np.sign(values) * np.sqrt(np.abs(values))


def show(name: str):
    """A figure for a notebook, with its description.

    Args:
        name: a name of :data:`FIGURES`.

    Raises:
        ValueError: for another name.
    """
    from IPython.display import HTML

    figure, _ = FIGURES[name].draw()
    return HTML(embedded(png(figure), FIGURES[name].alt, figure.get_figwidth()))


def embedded(image: bytes, alt: str, inches: float) -> str:
    """An ``<img>`` that carries its picture, as wide on the page as it was drawn."""
    code = base64.b64encode(image).decode()
    return f'<img alt="{alt}" style="width:{96 * inches:.0f}px;max-width:100%" src="data:image/png;base64,{code}">'


def save(names: Iterable[str], folder: Path) -> list[Path]:
    """Draw figures into ``folder/NAME.png`` and their data into ``folder/data/NAME.json``; the files written."""
    written = []
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for name in names:
        figure, data = FIGURES[name].draw()
        written += [folder / f"{name}.png", folder / "data" / f"{name}.json"]
        written[-2].write_bytes(png(figure))
        written[-1].write_text(json.dumps({"alt": FIGURES[name].alt} | rounded(data), indent=1) + "\n")
    return written


def rounded(data: dict) -> dict:
    """Arrays as lists of numbers with six significant digits."""
    return {
        key: [float(f"{x:.6g}") for x in np.ravel(value)]
        if np.ndim(value) == 1
        else [rounded({"": row})[""] for row in value]
        if np.ndim(value) > 1
        else value
        for key, value in data.items()
    }


def label_ends(axes, x, curves: dict[str, tuple[float, str]]) -> None:
    """Names at the right ends of curves, name -> (height, colour)."""
    for name, (height, colour) in curves.items():
        axes.annotate(
            name, (x, height), (5, 0), textcoords="offset points", va="center", color=colour, fontsize=8.5
        )
