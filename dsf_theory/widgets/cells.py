"""A matrix as a grid of coloured cells that is redrawn in a millisecond."""

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes


class Cells(Artist):
    """A matrix that fills its axes, row 0 at the top, each entry a cell of one colour.

    Matplotlib's own images and meshes take ten times as long, as they resample or outline every cell.

    Args:
        axes: to fill; its limits only label it.
        colours: name of a colormap.
        limits: values of the first and the last colour.
        over: colour of larger values; default the last.
    """

    def __init__(self, axes: Axes, colours: str, limits: tuple[float, float], over: str | None = None):
        super().__init__()
        axes.add_artist(self)
        axes.spines[:].set_visible(False)
        self.set_clip_path(None)
        colormap = mpl.colormaps[colours].with_extremes(over=over)
        shades = np.append(
            np.linspace(0, 1, 255), 2
        )  # an odd number, so that the middle has its own; then `over`
        self._colours = (255 * colormap(shades)).round().astype(np.uint8)
        self._limits = limits
        self.values = np.zeros((1, 1))

    def set_data(self, values: np.ndarray) -> None:
        """Show another matrix, of any shape."""
        self.values = values
        self.stale = True

    def get_window_extent(self, renderer=None):
        """The place of the axes, in pixels."""
        return self.axes.bbox

    def draw(self, renderer) -> None:
        """Paint each pixel of the axes with the colour of the cell it lies in."""
        if not self.get_visible():
            return
        left, bottom, right, top = (round(edge) for edge in self.axes.bbox.extents)
        low, high = self._limits
        level = np.round((self.values - low) / (high - low) * 254)
        index = np.clip(np.nan_to_num(level), 0, 255).astype(np.intp)
        rows, columns = self.values.shape
        row = np.arange(top - bottom) * rows // (top - bottom)
        column = np.arange(right - left) * columns // (right - left)
        pixels = self._colours[index][row][:, column]
        context = renderer.new_gc()
        renderer.draw_image(context, left, bottom, np.ascontiguousarray(pixels[::-1]))
        context.restore()
        self.stale = False
