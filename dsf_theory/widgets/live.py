"""Interactive figures that answer a key press within a tenth of a second and say in words what they show.

A `LiveFigure` is one Matplotlib figure drawn over and over: what stands still once, what moves each time.
A `Panel` puts controls above it. `show` displays it, or a still picture while a notebook is saved for the web.

    >>> import numpy as np, ipywidgets as W
    >>> from matplotlib.figure import Figure
    >>> figure = Figure(figsize=(5, 2))
    >>> (line,) = figure.subplots().plot(np.ones(20))
    >>> def draw(decay):
    ...     line.set_ydata(decay ** np.arange(20))
    ...     return f"The memory halves every {np.log(0.5) / np.log(decay):.1f} steps."
    >>> decay = W.FloatSlider(0.5, min=0.1, max=0.9, step=0.1, description="decay λ")
    >>> panel = Panel(LiveFigure(figure, moving=[line]), {"decay": decay}, draw)
    >>> decay.value = 0.8
    >>> panel.live.description
    'The memory halves every 3.1 steps.'
"""

import html
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from itertools import dropwhile
from operator import attrgetter

import ipywidgets as W
import numpy as np
from IPython.display import display
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dsf_theory.widgets.controls import grid
from dsf_theory.widgets.disconnected import VIEW, notice
from dsf_theory.widgets.still import Still, encode_png

LINE_HEIGHT = 1.4  # of the description, in em

LETTERS = 360
"""Length of the descriptions of panels, three lines of a wide page."""


class LiveFigure:
    """A picture of fixed size whose moving artists are drawn over a kept background, and its description.

    Change the moving artists in place (`set_data`, `set_ydata`, `set_text`), then call `update`. A change to
    anything else (limits, a tick label) is noticed too, and costs a new background: about 100 ms. Let ticks
    point outward and grids lie below, as moving artists cover what a background has inside their axes.

    Args:
        figure: any Matplotlib figure made without pyplot. Its layout is computed at the first update, and kept.
        moving: the artists that change; all others are background.
        scale: pixels drawn per pixel shown, so that the picture is crisp on screens of high density.
        letters: of a description that has room at any width, so that the page never jumps.
    """

    def __init__(
        self, figure: Figure, moving: Iterable[Artist] = (), *, scale: float = 1.5, letters: int = LETTERS
    ):
        width, height = (round(size) for size in figure.bbox.size)
        self.image = W.Image(format="png", width=str(width), height=str(height))
        self.note = W.HTML(layout=W.Layout(height="auto", max_width=f"{width}px"))
        self.view = W.VBox([notice(), self.image, self.note])
        self.figure, self.moving, self.description = figure, list(moving), ""
        self._said, self._room = ("status", "polite", ""), "0000 " * (letters // 5)
        self.lock = threading.RLock()  # callbacks may run off the main thread
        self._canvas, self._background = FigureCanvasAgg(figure), None
        figure.set_dpi(figure.dpi * scale)
        for artist in self.moving:
            artist.set_animated(True)

    def update(self, description: str) -> None:
        """Shows the figure as it is now, and says in words what it shows."""
        if not (isinstance(description, str) and description):
            raise TypeError(f"description: expected a sentence or more, found {description!r}")
        with self.lock:
            if self._background is None or self.figure.stale:
                self._draw_background()
            self._canvas.restore_region(self._background)
            renderer = self._canvas.get_renderer()
            for artist in self._layers:
                artist.draw(renderer)
            self.figure.stale = False
            self.image.value = encode_png(self.pixels())
            self.description = description
            self._say("status", "polite", description)

    def invalidate(self) -> None:
        """Has the background drawn anew at the next update, should a change to it go unnoticed."""
        self.figure.stale = True

    def complain(self, message: str) -> None:
        """Says what is wrong, and fades the last good picture."""
        with self.lock:
            self.image.value = encode_png(255 - (255 - self.pixels()) // 3)
            self._say("alert", "assertive", f"⚠ {message}")

    def remark(self, message: str) -> None:
        """Says what was not done, over what was said of the picture; with no message, says that again."""
        with self.lock:
            said = self._said
            self._say(*(("alert", "assertive", f"⚠ {message}") if message else said))
            self._said = said

    def still(self) -> Still:
        """Returns the last good picture and its description."""
        with self.lock:
            return Still(encode_png(self.pixels(), level=9), self.description, int(self.image.width))

    def pixels(self) -> np.ndarray:
        """Returns the last good picture, (height, width, 4) bytes, not copied."""
        return np.asarray(self._canvas.get_renderer().buffer_rgba())

    def _say(self, role: str, live: str, text: str) -> None:
        self._said = role, live, text
        style = f"grid-area:1/1;margin:0 0 0.7em;line-height:{LINE_HEIGHT}"
        said = f'<p role="{role}" aria-live="{live}" style="{style}">{html.escape(text)}</p>'
        room = f'<p aria-hidden="true" style="{style};visibility:hidden">{self._room}</p>'
        self.note.value = f'<div style="display:grid">{room}{said}</div>'

    def _draw_background(self) -> None:
        """Draws and keeps what stands still."""
        if self._background is None:
            self.figure.draw_without_rendering()  # computes the layout, with every artist filled in
            self.figure.set_layout_engine("none")
        self._layers = self._over_background()
        above = [artist for artist in self._layers if artist not in self.moving]
        for artist in above:
            artist.set_animated(True)
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(self.figure.bbox)
        for artist in above:
            artist.set_animated(False)

    def _over_background(self) -> list[Artist]:
        """Returns the moving artists and the still ones that lie on them (spines, a legend), lowest first."""
        layers = []
        for axes in sorted(self.figure.axes, key=attrgetter("zorder")):
            children = sorted(axes.get_children(), key=attrgetter("zorder"))
            layers += [
                child
                for child in dropwhile(lambda child: child not in self.moving, children)
                if child in self.moving or _covers(child, axes)
            ]
        return layers + [artist for artist in self.moving if artist not in layers]


def _covers(artist: Artist, axes: Axes) -> bool:
    """Whether a still artist can hide what moves inside the axes; ticks and patch cannot."""
    outside = artist is axes.patch or isinstance(artist, Axis)
    return not outside and artist.get_window_extent().overlaps(axes.bbox)


class Panel:
    """Controls above a live figure.

    Args:
        live: the figure.
        controls: for each argument of `draw` its widget. One without a description is called by its key.
            Sliders get a number box beside them; widgets without a value (buttons) are only laid out.
        draw: changes the figure's artists and returns the description. A combination of values that makes
            no sense is a `ValueError`: the reader sees its text, and the last good picture faded.
        idle: the names of controls that play no part, for the values of all; they are disabled.

    Attributes:
        error: the exception of the last drawing, a `ValueError` or not; None if all went well.
    """

    def __init__(
        self,
        live: LiveFigure,
        controls: Mapping[str, W.Widget],
        draw: Callable[..., str],
        idle: Callable[..., Iterable[str]] = lambda **values: (),
    ):
        self.live, self.controls, self.draw, self.idle = live, dict(controls), draw, idle
        self.error: Exception | None = None
        self.view = W.VBox([grid(self.controls, live.remark, f"{live.image.width}px"), live.view])
        self.view.add_class(VIEW)
        self._busy, self._pending, self._held = threading.Lock(), False, False
        for name in self.values:
            self.controls[name].observe(self._changed, "value")
        self._changed()

    @property
    def values(self) -> dict:
        """What the controls say now."""
        return {name: control.value for name, control in self.controls.items() if control.has_trait("value")}

    def set(self, **values) -> None:
        """Sets several controls and draws once."""
        self._held = True
        try:
            for name, value in values.items():
                self.controls[name].value = value
        finally:
            self._held = False
            self._changed()

    def still(self) -> Still:
        """Returns the picture for readers without a kernel."""
        return self.live.still()

    def _changed(self, _change=None) -> None:
        """Draws until the picture shows the latest values, whichever threads the changes come from."""
        failure, self._pending = None, True
        while self._pending and not self._held and self._busy.acquire(blocking=False):
            try:
                self._pending = False
                failure = self.error = self._draw_once()
            finally:
                self._busy.release()
        if failure is not None and not isinstance(failure, ValueError):
            raise failure

    def _draw_once(self) -> Exception | None:
        """Returns what went wrong, after telling the reader."""
        try:
            with self.live.lock:
                values = self.values
                self._disable(self.idle(**values))
                self.live.update(self.draw(**values))
        except ValueError as error:
            self.live.complain(str(error))
            return error
        except Exception as error:  # noqa: BLE001 (told to the reader, kept, and raised again)
            self.live.complain(f"{type(error).__name__}: {error}")
            return error
        return None

    def _disable(self, idle: Iterable[str]) -> None:
        """Disables the controls that play no part, and enables the others."""
        for name in self.values:
            if self.controls[name].disabled != (name in idle):
                self.controls[name].disabled = name in idle


def show(panel) -> None:
    """Displays a panel, or anything with a `view` and a `still`.

    While notebooks are saved (environment `DSF_STATIC=1`), its still picture instead.
    """
    display(panel.still() if os.environ.get("DSF_STATIC") == "1" else panel.view)
