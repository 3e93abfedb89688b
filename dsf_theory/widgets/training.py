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

from dsf_theory.laboratory import Recipe, Run
from dsf_theory.language import Architecture
from dsf_theory.models import MODELS
from dsf_theory.plots.style import BLUE, STYLE, VERMILION, new_figure
from dsf_theory.tasks import Task
from dsf_theory.widgets.controls import labelled
from dsf_theory.widgets.live import LiveFigure
from dsf_theory.widgets.still import Still

REDRAW = 0.2
"""Seconds between two pictures of a run."""

SHOWN = 300
"""Points of the loss that are drawn, at most."""


class TrainingLab:
    """A model that trains while its curves move, with buttons to start, stop and resume it, and a table of what came.

    Args:
        task: to learn.
        models: registry names to choose from.
        recipe: of the training; the learning rate is the one chosen.
        block: everything of the architecture but mixer, d and n, such as ``{"convolution": 3}``.
        d, n: sizes to start from.

    Attributes:
        run: the run that is shown, or None.
        results: one dictionary for each run that was started, in order.
        error: the exception that ended the last run, or None.
    """

    def __init__(
        self, task: Task, models: Iterable[str], recipe: Recipe, block: dict | None = None, d: int = 32, n: int = 16
    ):
        self.task, self.recipe, self.block = task, recipe, block or {}
        self.run: Run | None = None
        self.results: list[dict] = []
        self.error: Exception | None = None
        self._stop, self._thread = threading.Event(), None
        names = [(MODELS[name].title, name) for name in models]
        self.controls = {
            "mixer": W.Dropdown(options=names, description="model"),
            "d": W.SelectionSlider(options=(16, 32, 48, 64), value=d, description="channels d"),
            "n": W.SelectionSlider(options=(4, 8, 16, 32, 64), value=n, description="expansion n"),
            "rate": W.FloatLogSlider(recipe.learning_rate, min=-4, max=-1.5, step=0.25, description="learning rate"),
            "seed": W.IntSlider(0, min=0, max=20, description="seed"),
        }
        self.buttons = {
            name: W.Button(description=name, button_style=style)
            for name, style in (("Start", "success"), ("Stop", ""), ("Resume", ""))
        }
        self.buttons["Start"].on_click(lambda _: self.start())
        self.buttons["Stop"].on_click(lambda _: self.stop())
        self.buttons["Resume"].on_click(lambda _: self.resume())
        self.progress = W.FloatProgress(0.0, min=0, max=1, layout=W.Layout(width="12em"))
        self.table = W.HTML()
        self.live = self._picture()
        grid = W.GridBox(
            [labelled(name, control) for name, control in self.controls.items()],
            layout=W.Layout(grid_template_columns="repeat(auto-fit, minmax(22em, 1fr))", max_width="900px"),
        )
        bar = W.HBox([*self.buttons.values(), self.progress])
        self.view = W.VBox([grid, bar, self.live.view, self.table])
        self._set_buttons()
        self.live.update("Choose a model and its sizes, and press Start.")

    # ---------------------------------------------------------------- what the buttons do

    def start(self) -> None:
        """Begin a new run with the model and the sizes that are chosen."""
        self.stop(wait=True)
        choice = {name: control.value for name, control in self.controls.items()}
        try:
            architecture = Architecture(mixer=choice["mixer"], d=choice["d"], n=choice["n"], **self.block)
            recipe = replace(self.recipe, learning_rate=choice["rate"])
            self.run = Run(self.task, architecture, recipe, seed=choice["seed"])
        except Exception as error:  # noqa: BLE001 (told to the reader, and kept)
            self._fail(error)
            return
        self.results.append({})
        self.resume()

    def stop(self, wait: bool = False) -> None:
        """Let the run end after its present step; with ``wait``, return once it has."""
        self._stop.set()
        if wait:
            self.wait()

    def resume(self) -> None:
        """Go on with the run that is shown."""
        if self.run is None or self.busy:
            return
        self._stop.clear()
        self._thread = threading.Thread(target=self._train, daemon=True)
        self._thread.start()
        self._set_buttons()

    def wait(self, timeout: float | None = None) -> None:
        """Return once no run is under way."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    @property
    def busy(self) -> bool:
        """Whether a run is under way."""
        return self._thread is not None and self._thread.is_alive() and self._thread is not threading.current_thread()

    def still(self) -> Still:
        """The picture for readers without a kernel; a first run is trained if there is none."""
        if self.run is None:
            self.start()
            self.wait()
        return self.live.still()

    # ---------------------------------------------------------------- the thread

    def _train(self) -> None:
        """Take steps until the run is done or stopped; draw now and then."""
        self.error, drawn = None, 0.0
        started, before = time.perf_counter(), self.results[-1].get("seconds", 0.0)
        try:
            for _ in self.run:
                now = time.perf_counter()
                self.results[-1] = self._result(before + now - started)
                if now - drawn > REDRAW:
                    self._draw()
                    drawn = now
                if self._stop.is_set():
                    break
            self._draw()
        except Exception as error:  # noqa: BLE001 (told to the reader, and kept)
            self._fail(error)
        finally:
            self._set_buttons(idle=True)

    def _result(self, seconds: float) -> dict:
        run = self.run
        return {
            "model": MODELS[run.architecture.mixer].title,
            "d": run.architecture.d,
            "n": run.architecture.n,
            "state": run.model.state_size(),
            "rate": run.recipe.learning_rate,
            "seed": run.seed,
            "steps": run.step,
            "loss": float(np.mean([r.loss for r in run.history[-20:]])),
            "accuracy": run.accuracy,
            "seconds": seconds,
        }

    def _fail(self, error: Exception) -> None:
        self.error = error
        kind = "" if isinstance(error, ValueError | FloatingPointError) else f"{type(error).__name__}: "
        self.live.complain(f"{kind}{error}")

    # ---------------------------------------------------------------- what is seen

    def _picture(self) -> LiveFigure:
        with mpl.rc_context(STYLE | {"figure.dpi": 96}):
            figure = new_figure(9.2, 2.8)
            losses, hits = figure.subplots(1, 2)
        steps, most = self.recipe.steps, float(np.log(self.task.classes))
        losses.set(xlim=(0, steps), ylim=(0, 1.15 * most), xlabel="step", title="Loss (cross-entropy)")
        losses.axhline(most, color="#b0b0b0", lw=0.8, ls=":")
        losses.text(steps, most, "chance ", ha="right", va="bottom", fontsize=8, color="#6b6b6b")
        hits.set(xlim=(0, steps), ylim=(0, 1.02), xlabel="step", title="Accuracy on new sequences")
        (self._loss,) = losses.plot([], [], color=BLUE, lw=1.2)
        (self._hits,) = hits.plot([], [], "o-", color=VERMILION, ms=4)
        return LiveFigure(figure, moving=[self._loss, self._hits], lines=2)

    def _draw(self) -> None:
        run, result = self.run, self.results[-1]
        losses = np.array([record.loss for record in run.history])
        width = max(1, len(losses) // SHOWN)
        whole = len(losses) // width * width
        self._loss.set_data(np.arange(width, whole + 1, width), losses[:whole].reshape(-1, width).mean(axis=1))
        tested = [(r.step + 1, r.accuracy) for r in run.history if r.accuracy is not None]
        self._hits.set_data(*zip(*tested, strict=True) if tested else ((), ()))
        self.progress.value = run.step / run.recipe.steps
        share = "not tested yet" if result["accuracy"] is None else f"{result['accuracy']:.1%} right on new sequences"
        self.live.update(
            f"{result['model']}, d = {result['d']}, n = {result['n']}, {result['state']:,} numbers kept from step to "
            f"step: {run.step} of {run.recipe.steps} steps in {result['seconds']:.1f} s, loss {result['loss']:.3f}, {share}."
        )
        self.table.value = table(self.results)

    def _set_buttons(self, idle: bool = False) -> None:
        busy = self.busy and not idle
        self.buttons["Stop"].disabled = not busy
        self.buttons["Resume"].disabled = busy or self.run is None or self.run.done


def table(results: list[dict]) -> str:
    """What came of the runs, as a table in HTML."""
    columns = ("model", "d", "n", "state", "rate", "seed", "steps", "loss", "accuracy", "seconds")
    formats = {"state": "{:,}", "rate": "{:.1e}", "loss": "{:.3f}", "accuracy": "{:.1%}", "seconds": "{:.1f}"}
    rows = [
        "".join(
            f"<td>{html.escape('-' if result[c] is None else formats.get(c, '{}').format(result[c]))}</td>" for c in columns
        )
        for result in results
        if result
    ]
    head = "".join(f"<th scope='col'>{c}</th>" for c in columns)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table class='jp-RenderedHTMLCommon' style='text-align:right'><tr>{head}</tr>{body}</table>" if rows else ""


