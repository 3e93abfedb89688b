"""Live training: choose a model and its sizes, start, watch its curves, stop, resume, compare.

A run trains in a thread of its own, so that the notebook stays usable; it is stopped between two steps, and resumed
where it stood. What goes wrong in it is said in the widget.
"""

import html
import threading
import time
from collections.abc import Iterable
from dataclasses import replace

import ipywidgets as W
import matplotlib as mpl
import numpy as np

from dsf_theory.laboratory import Run
from dsf_theory.language import Architecture
from dsf_theory.models import MODELS
from dsf_theory.plots.style import BLUE, GREEN, MUTED, ORANGE, PURPLE, SKY, STYLE, VERMILION, new_figure
from dsf_theory.recipe import Recipe
from dsf_theory.tasks import Task
from dsf_theory.widgets.controls import labelled
from dsf_theory.widgets.live import LiveFigure
from dsf_theory.widgets.still import Still

PAUSE = 0.2
"""Seconds between two pictures of a run, at least."""

SHOWN = 200
"""Points of the loss that are drawn, at most."""

COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY)
"""Of the latest runs."""

BUTTONS = {"Start": ("play", "primary"), "Stop": ("stop", ""), "Resume": ("step-forward", "")}


class TrainingLab:
    """A model that trains while its curves move, with buttons to start, stop and resume it, and a table of what came.

    Args:
        task: to learn.
        models: registry names to choose from.
        recipe: of the training; the learning rate is the one to start from.
        block: everything of the architecture but mixer, d and n, such as ``{"convolution": 3}``.
        d: channels to start from.
        n: state expansion to start from.

    Attributes:
        runs: all that were started, in order; the last is the one that is shown.
        error: the exception that ended the last run, or None.
        view: the widget.

    >>> from dsf_theory.tasks import MQAR
    >>> lab = TrainingLab(
    ...     MQAR(length=16, pairs=2, vocabulary=32), ["s6", "ssd"], Recipe(steps=2, rows=4), d=16
    ... )
    >>> lab.start()
    >>> lab.wait()
    >>> lab.results[0]["steps"], lab.error
    (2, None)
    """

    def __init__(
        self,
        task: Task,
        models: Iterable[str],
        recipe: Recipe,
        block: dict | None = None,
        d: int = 32,
        n: int = 16,
    ):
        self.task, self.recipe, self.block = task, recipe, block or {}
        self.runs: list[Run] = []
        self.error: Exception | None = None
        self._lock, self._stop, self._thread = threading.RLock(), threading.Event(), threading.Thread()
        names = [(MODELS[name].title, name) for name in models]
        self.controls = {
            "mixer": W.Dropdown(options=names, description="model"),
            "d": W.Dropdown(options=sorted({16, 32, 48, 64, d}), value=d, description="channels d"),
            "n": W.Dropdown(options=sorted({4, 8, 16, 32, 64, n}), value=n, description="expansion n"),
            "rate": W.FloatLogSlider(
                recipe.learning_rate, min=-4, max=-1, step=0.25, description="learning rate"
            ),
            "seed": W.BoundedIntText(0, min=0, max=999, description="seed"),
        }
        self.buttons = {
            name: W.Button(description=name, icon=icon, button_style=style)
            for name, (icon, style) in BUTTONS.items()
        }
        for name, act in {"Start": self.start, "Stop": self.stop, "Resume": self.resume}.items():
            self.buttons[name].on_click(lambda _, act=act: act())
        self.progress = W.FloatProgress(0.0, min=0, max=1, layout=W.Layout(width="14em"))
        self.left, self.table, self.live = W.Label(), W.HTML(), self._picture()
        self.view = self._laid_out()
        self._set_buttons(busy=False)
        self.live.update("Choose a model and its sizes, and press Start.")

    # ---------------------------------------------------------------- what the buttons do

    def start(self) -> None:
        """Begin a new run of the model and the sizes that are chosen; one that is under way is stopped."""
        with self._lock:
            self.stop(wait=True)
            try:
                self.runs.append(self._chosen())
            except Exception as error:  # noqa: BLE001 (told to the reader, and kept)
                self._fail(error)
            else:
                self.resume()

    def stop(self, wait: bool = False) -> None:
        """Let the run end after its present step; with ``wait``, return once it has."""
        self._stop.set()
        if wait:
            self.wait()

    def resume(self) -> None:
        """Go on with the run that is shown, unless it is done."""
        with self._lock:
            if (
                not self.runs
                or self.runs[-1].done
                or self.buttons["Resume"].disabled
                and self._thread.is_alive()
            ):
                return
            self.wait()
            self._stop.clear()
            self._set_buttons(busy=True)
            self._thread = threading.Thread(target=self._train, args=(self.runs[-1],), daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Return once no run is under way."""
        if self._thread.is_alive():
            self._thread.join()

    @property
    def results(self) -> list[dict]:
        """What came of each run so far."""
        return [result(run) for run in self.runs]

    def still(self) -> Still:
        """The picture for readers without a kernel; a first run is trained if there is none."""
        if not self.runs:
            self.start()
            self.wait()
        return self.live.still()

    # ---------------------------------------------------------------- the run under way

    def _chosen(self) -> Run:
        choice = {name: control.value for name, control in self.controls.items()}
        architecture = Architecture(**{name: choice[name] for name in ("mixer", "d", "n")}, **self.block)
        recipe = replace(self.recipe, learning_rate=choice["rate"])
        return Run(self.task, architecture, recipe, choice["seed"])

    def _train(self, run: Run) -> None:
        """Take steps until the run is done or stopped; draw now and then."""
        self.error, drawn = None, 0.0
        try:
            for _ in run:
                if time.monotonic() - drawn >= PAUSE:
                    self._draw()
                    drawn = time.monotonic()
                if self._stop.is_set():
                    break
            self._draw()
        except Exception as error:  # noqa: BLE001 (told to the reader, and kept)
            self._fail(error)
        finally:
            self._set_buttons(busy=False)

    def _fail(self, error: Exception) -> None:
        self.error = error
        expected = isinstance(error, ValueError | FloatingPointError)
        self.live.complain(str(error) if expected else f"{type(error).__name__}: {error}")

    def _set_buttons(self, busy: bool) -> None:
        self.buttons["Stop"].disabled = not busy
        self.buttons["Resume"].disabled = busy or not self.runs or self.runs[-1].done

    # ---------------------------------------------------------------- what is seen

    def _laid_out(self) -> W.Widget:
        grid = W.GridBox(
            [labelled(name, control) for name, control in self.controls.items()],
            layout=W.Layout(grid_template_columns="repeat(auto-fit, minmax(20em, 1fr))", max_width="900px"),
        )
        bar = W.HBox([*self.buttons.values(), self.progress, self.left])
        return W.VBox([grid, bar, self.live.view, self.table])

    def _picture(self) -> LiveFigure:
        with mpl.rc_context(STYLE | {"figure.dpi": 96}):
            figure = new_figure(9.2, 2.9)
            losses, hits = figure.subplots(1, 2)
        steps, guessing = self.recipe.steps, float(np.log(self.task.classes))
        losses.set(
            xlim=(0, steps), ylim=(0, 1.2 * guessing), xlabel="step", title="Loss on the training batches"
        )
        losses.axhline(guessing, color="#b0b0b0", lw=0.8, ls=(0, (4, 3)))
        losses.annotate(
            "guessing", (0, guessing), (4, 3), textcoords="offset points", fontsize=8, color=MUTED
        )
        hits.set(xlim=(0, 1.01 * steps), ylim=(0, 1.03), xlabel="step", title="Accuracy on the test set")
        hits.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1.0))
        for axes in (losses, hits):
            axes.grid(axis="y", color="#ececec", lw=0.8)
            axes.set_axisbelow(True)
        self._curves = [
            (losses.plot([], [], color=colour)[0], hits.plot([], [], "o-", color=colour, ms=3.5)[0])
            for colour in COLOURS
        ]
        return LiveFigure(figure, moving=[line for pair in self._curves for line in pair], lines=2)

    def _draw(self) -> None:
        run = self.runs[-1]
        for place, drawn in list(enumerate(self.runs))[-len(COLOURS) :]:
            loss, hits = self._curves[place % len(COLOURS)]
            loss.set_data(*smoothed([record.loss for record in drawn.history]))
            tested = [(r.step, r.accuracy) for r in drawn.history if r.accuracy is not None]
            hits.set_data(*zip(*tested, strict=True) if tested else ((), ()))
            for line in (loss, hits):
                line.set(alpha=1.0 if drawn is run else 0.4, zorder=4 if drawn is run else 3)
        self.progress.value = run.step / run.recipe.steps
        to_go = 0.0 if run.done else run.seconds / run.step * (run.recipe.steps - run.step)
        self.left.value = f"{to_go:.0f} s to go" if to_go else ""
        self.live.update(sentence(run))
        self.table.value = table(self.results)


def smoothed(losses: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Steps and losses, means over equal stretches where there are too many to draw.

    >>> smoothed([4.0, 2.0])
    (array([1, 2]), array([4., 2.]))
    """
    width = -(-len(losses) // SHOWN) or 1
    whole = len(losses) // width * width
    means = np.reshape(losses[:whole], (-1, width)).mean(axis=1)
    return np.arange(width, whole + 1, width), means


def result(run: Run) -> dict:
    """What came of a run so far; the loss is a mean over its last batches."""
    latest = [record.loss for record in run.history[-20:]]
    return {
        "model": MODELS[run.architecture.mixer].title,
        "d": run.architecture.d,
        "n": run.architecture.n,
        "numbers kept": run.model.state_size(),
        "rate": run.recipe.learning_rate,
        "seed": run.seed,
        "steps": run.step,
        "seconds": run.seconds,
        "loss": float(np.mean(latest)) if latest else None,
        "accuracy": run.accuracy,
    }


def sentence(run: Run) -> str:
    """Where a run stands, in words."""
    found = result(run)
    share = "not tested yet" if run.accuracy is None else f"{run.accuracy:.1%} of the test set right"
    return (
        f"{found['model']}, d = {found['d']}, n = {found['n']}, {found['numbers kept']:,} numbers kept from step to "
        f"step: {run.step} of {run.recipe.steps} steps in {run.seconds:.1f} s, loss {found['loss']:.3f}, {share}."
    )


FORMATS = {
    "numbers kept": "{:,}",
    "rate": "{:.1e}",
    "seconds": "{:.1f}",
    "loss": "{:.3f}",
    "accuracy": "{:.1%}",
}


def table(results: list[dict]) -> str:
    """What came of the runs, as a table in HTML, with the colours of their curves."""
    if not results:
        return ""
    rows = ["".join(f"<th scope='col' style='{CELL}'>{name}</th>" for name in ("", *results[0]))]
    for place, found in enumerate(results):
        shown = place >= len(results) - len(COLOURS)
        colour = COLOURS[place % len(COLOURS)] if shown else "transparent"
        cells = [f"<span style='color:{colour}'>●</span>"] + [
            "–" if value is None else html.escape(FORMATS.get(name, "{}").format(value))
            for name, value in found.items()
        ]
        rows.append("".join(f"<td style='{CELL}'>{cell}</td>" for cell in cells))
    return f"<table style='border-collapse:collapse'>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


CELL = "padding:1px 10px;text-align:right;border-bottom:1px solid #e0e0e0"
