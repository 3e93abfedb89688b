"""Live training: choose a model and its sizes, start, watch its curves, stop, resume, compare.

A run trains in a thread of its own, so that the notebook stays usable; it is stopped between two steps, and resumed
where it stood. What goes wrong in it is said in the widget.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import replace

import ipywidgets as W
import matplotlib as mpl
import numpy as np

from dsf_theory.models import MODELS
from dsf_theory.plots.style import MUTED, STYLE, new_figure
from dsf_theory.studies.unused_sizes import unused
from dsf_theory.tasks import Task
from dsf_theory.training.loop import one_thread
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.run import Run
from dsf_theory.training.sequence_model import Architecture
from dsf_theory.widgets.collected import COLOURS, early, result, sentence, smoothed, table
from dsf_theory.widgets.controls import grid
from dsf_theory.widgets.disconnected import VIEW
from dsf_theory.widgets.live import LiveFigure
from dsf_theory.widgets.still import Still
from dsf_theory.widgets.theme import AS_WIDE_AS_THE_PAGE
from dsf_theory.widgets.words import uneven

PAUSE = 0.2
"""Seconds between two pictures of a run, at least."""

RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 2e-2, 3e-2, 1e-1)
"""Learning rates to choose from, beside the recipe's own."""

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
        self._busy, self._lock, self._stop = False, threading.RLock(), threading.Event()
        self._thread = threading.Thread()
        names = [(MODELS[name].title, name) for name in models]
        self.controls = {
            "mixer": W.Dropdown(options=names, description="model"),
            "d": choice("channels d", (16, 32, 48, 64), d),
            "n": choice("expansion n", (1, 2, 4, 8, 16, 32, 64), n),
            "rate": choice("learning rate", RATES, recipe.learning_rate),
            "seed": W.BoundedIntText(0, min=0, max=999, description="seed"),
        }
        self.buttons = {
            name: W.Button(description=name, icon=icon, button_style=style)
            for name, (icon, style) in BUTTONS.items()
        }
        for name, act in {"Start": self.start, "Stop": self.stop, "Resume": self.resume}.items():
            self.buttons[name].on_click(lambda _, act=act: act())
        self.progress = W.FloatProgress(0.0, min=0, max=1, layout=W.Layout(width="14em"))
        self.left, self.table, self.live = W.Label(), W.HTML(layout=AS_WIDE_AS_THE_PAGE), self._picture()
        self.view = self._laid_out()
        self.view.add_class(VIEW)
        self.controls["mixer"].observe(self._disable, "value")
        self._disable()
        self._set_buttons(busy=False)
        self.live.update("Choose a model and its sizes, and press Start.")

    # ---------------------------------------------------------------- what the buttons do

    def start(self) -> None:
        """Begin a new run of the model and the sizes that are chosen; one that is under way is stopped."""
        with self._lock:
            self.stop(wait=True)
            self.left.value = "preparing"
            try:
                self.runs.append(self._chosen())
            except Exception as error:  # noqa: BLE001 (told to the reader, and kept)
                self.left.value = ""
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
            if self._busy or not self.runs or self.runs[-1].done:
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
        """The picture for readers without a kernel; a first run is trained if there is none, and must not fail."""
        if not self.runs:
            self.start()
            self.wait()
        if self.error is not None:
            raise self.error
        return self.live.still()

    # ---------------------------------------------------------------- the run under way

    def _chosen(self) -> Run:
        choice = {name: control.value for name, control in self.controls.items()}
        architecture = Architecture(**{name: choice[name] for name in ("mixer", "d", "n")}, **self.block)
        model, heads = MODELS[choice["mixer"]], architecture.options.get("heads", 1)
        if choice["d"] % heads and not unused(model, ("heads",)):
            raise ValueError(uneven(model.title, choice["d"], heads))
        recipe = replace(self.recipe, learning_rate=choice["rate"])
        return Run(self.task, architecture, recipe, choice["seed"])

    def _train(self, run: Run) -> None:
        """Take steps until the run is done or stopped; draw now and then."""
        self.error, drawn = None, time.monotonic()
        try:
            self._draw()
            with one_thread():
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
        self._busy = busy
        self.buttons["Stop"].disabled = not busy
        self.buttons["Resume"].disabled = busy or not self.runs or self.runs[-1].done

    def _disable(self, _change=None) -> None:
        """Disables the state expansion for a model that takes none."""
        self.controls["n"].disabled = "n" in unused(MODELS[self.controls["mixer"].value], ("n",))

    # ---------------------------------------------------------------- what is seen

    def _laid_out(self) -> W.Widget:
        bar = W.HBox([*self.buttons.values(), self.progress, self.left])
        return W.VBox([grid(self.controls, self.live.remark, "900px"), bar, self.live.view, self.table])

    def _picture(self) -> LiveFigure:
        steps, guessing = self.recipe.steps, float(np.log(self.task.classes))
        with mpl.rc_context(STYLE):
            figure = new_figure(9.2, 2.8, dpi=96)
            losses, hits = figure.subplots(1, 2)
            losses.set(xlim=(0, steps), ylim=(0, 1.2 * guessing), xlabel="step")
            losses.set_title("Loss on the training batches")
            losses.axhline(guessing, color="#b0b0b0", lw=0.8, ls=(0, (4, 3)))
            losses.annotate(
                "guessing", (steps, guessing), (0, 3), textcoords="offset points", ha="right", color=MUTED
            )
            hits.set(xlim=(0, 1.01 * steps), ylim=(0, 1.03), xlabel="step")
            hits.set_title("Accuracy on the test set")
            hits.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1.0))
            for axes in (losses, hits):
                axes.grid(axis="y", color="#ececec", lw=0.8)
                axes.set_axisbelow(True)
            self._curves = [
                (losses.plot([], [], color=colour)[0], hits.plot([], [], "o-", color=colour, ms=4)[0])
                for colour in COLOURS
            ]
        return LiveFigure(figure, moving=[line for pair in self._curves for line in pair], letters=220)

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
        to_go = run.seconds / (run.step or 1) * (run.recipe.steps - run.step)
        self.left.value = "" if run.done or not run.step else f"{to_go:.0f} s to go"
        self.live.update(sentence(run) + early(run))
        self.table.value = table(self.results)


def choice(name: str, numbers: Iterable[float], first: float) -> W.Dropdown:
    """One of some numbers, or the one to start from."""
    options = [(f"{x:g}", x) for x in sorted({*numbers, first})]
    return W.Dropdown(options=options, value=first, description=name)
