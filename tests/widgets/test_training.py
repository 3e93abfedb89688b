"""Live training: its buttons, curves, table and errors, without a browser and in one."""

import html
import re
import threading
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import nbformat
import numpy as np
import pytest
from browser import SHOWN, Lab, Notebook, browser
from nbformat.v4 import new_code_cell, new_notebook
from runs import everything

from dsf_theory.commands import saving
from dsf_theory.tasks import MQAR
from dsf_theory.training.loop import one_thread
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.run import Run
from dsf_theory.training.sequence_model import Architecture
from dsf_theory.widgets import training
from dsf_theory.widgets.collected import COLOURS, result, smoothed, table
from dsf_theory.widgets.collected import SHOWN as POINTS
from dsf_theory.widgets.live import show
from dsf_theory.widgets.still import Still
from dsf_theory.widgets.training import TrainingLab

TASK = MQAR(length=16, pairs=2, vocabulary=32)
RECIPE = Recipe(steps=30, rows=8, every=10, tested=40, learning_rate=1e-2)


@pytest.fixture
def lab():
    lab = TrainingLab(TASK, ["linear_attention", "s6"], RECIPE, {"convolution": 2}, d=8, n=4)
    yield lab
    lab.stop(wait=True)


def press(lab, name):
    """A click, as far as the button allows one."""
    if not lab.buttons[name].disabled:
        lab.buttons[name].click()


def trained(lab):
    press(lab, "Start")
    lab.wait()
    return lab.runs[-1]


def disabled(lab):
    return {name for name, button in lab.buttons.items() if button.disabled}


@pytest.fixture
def slow(monkeypatch):
    """Steps that wait to be let through, so that a test can press buttons between them."""
    gate, advance = threading.Semaphore(0), Run.advance
    gate.step = None

    def waiting(run):
        gate.step = run.step
        assert gate.acquire(timeout=30)
        return advance(run)

    monkeypatch.setattr(Run, "advance", waiting)
    monkeypatch.setattr(training, "PAUSE", 0.0)
    return gate


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


# -------------------------------------------------------------------- buttons


def test_the_picture_is_as_wide_as_those_of_panels():
    lab = TrainingLab(TASK, ["linear_attention"], RECIPE, d=8, n=4)
    assert 850 <= int(lab.live.image.width) <= 910


def test_a_run_that_ends_early_says_why():
    lab = TrainingLab(TASK, ["linear_attention"], replace(RECIPE, enough=0.01), d=8, n=4)
    run = trained(lab)
    assert run.done and run.step == 10 < RECIPE.steps
    assert lab.live.description.endswith("It ended early: 1.0% right is enough, and no more steps are taken.")
    lab = TrainingLab(TASK, ["linear_attention"], replace(RECIPE, steps=10), d=8, n=4)
    assert trained(lab).done and "early" not in lab.live.description


def test_a_size_that_the_model_does_not_take_is_disabled():
    lab = TrainingLab(TASK, ["linear_attention", "qlstm"], RECIPE, d=8, n=4)
    for name, disabled in (("qlstm", True), ("linear_attention", False)):
        lab.controls["mixer"].value = name
        assert lab.controls["n"].disabled == disabled and not lab.controls["d"].disabled


def test_a_seed_that_is_not_taken_is_answered(lab):
    box = lab.view.children[0].children[-1]
    for text in ("1e9", "2.7", "-1", "seed"):
        box.value = text
        assert lab.controls["seed"].value == 0 and box.value == "0"
        assert "is not a whole number from 0 to 999." in lab.live.note.value
    box.value = "19"
    assert lab.controls["seed"].value == 19 and "stays at" not in lab.live.note.value


def test_before_the_first_run(lab):
    assert disabled(lab) == {"Stop", "Resume"} and lab.results == [] and lab.table.value == ""
    assert lab.live.description == "Choose a model and its sizes, and press Start."


def test_a_run_from_start_to_end(lab):
    """The chosen model is trained as it is alone; words, curves, bar and table say what came."""
    lab.controls["mixer"].value = "s6"
    lab.controls["n"].value, lab.controls["seed"].value, lab.controls["rate"].value = 8, 3, 1e-3
    blank = lab.live.image.value
    run = trained(lab)
    block = Architecture(mixer="s6", d=8, n=8, convolution=2)
    alone = Run(TASK, block, replace(RECIPE, learning_rate=1e-3), seed=3)
    with one_thread():
        list(alone)
    assert run.history == alone.history and lab.error is None and disabled(lab) == {"Stop", "Resume"}
    kept = 2 * (8 * 8 + 8)
    loss = np.mean([record.loss for record in alone.history[-20:]])
    assert lab.live.description == (
        f"S6 (Mamba), d = 8, n = 8, {kept} numbers kept from step to step: 30 of 30 steps, loss {loss:.3f}, "
        f"{alone.accuracy:.1%} of the test set right."
    )
    assert lab.live.image.value != blank and lab.progress.value == 1.0 and lab.left.value == ""
    (losses, hits), *others = lab._curves
    assert losses.get_xdata().tolist() == list(range(1, 31))
    assert losses.get_ydata().tolist() == [record.loss for record in alone.history]
    assert list(hits.get_xdata()) == [10, 20, 30] and hits.get_ydata()[-1] == alone.accuracy
    assert all(len(line.get_xdata()) == 0 for pair in others for line in pair)
    cells = [
        html.unescape(re.sub("<.*?>", "", c))
        for c in re.findall(r"<td[^>]*>(.*?)(?=<td|</tr)", lab.table.value)
    ]
    assert cells[:8] == ["", "S6 (Mamba)", "8", "8", str(kept), "0.001", "3", "30"]
    assert cells[9:] == [f"{loss:.3f}", f"{alone.accuracy:.1%}"]


def test_stop_and_resume(lab, slow):
    """Stopped after the step under way, changed meanwhile, resumed: the same run as one that was not stopped."""
    press(lab, "Start")
    assert disabled(lab) == {"Resume"}
    slow.release(7)
    until(lambda: slow.step == 7)
    press(lab, "Stop")
    slow.release()
    lab.wait()
    assert lab.runs[0].step == 8 and disabled(lab) == {"Stop"}
    assert "8 of 30 steps" in lab.live.description and lab.left.value.endswith(" s to go")
    lab.controls["mixer"].value = "s6"  # for the next start
    press(lab, "Resume")
    assert disabled(lab) == {"Resume"}
    slow.release(22)
    lab.wait()
    whole = Run(TASK, lab.runs[0].architecture, lab.runs[0].recipe)
    slow.release(30)
    with one_thread():
        list(whole)
    (ours, history), (theirs, expected) = everything(lab.runs[0]), everything(whole)
    assert history == expected and all((ours[key] == theirs[key]).all() for key in ours)
    assert len(lab.runs) == 1 and disabled(lab) == {"Stop", "Resume"}


def test_start_while_a_run_is_under_way(lab, slow):
    """The run under way is stopped and kept; the new one is that of the controls."""
    press(lab, "Start")
    slow.release(2)
    until(lambda: slow.step == 2)
    lab.controls["mixer"].value = "s6"
    threading.Timer(0.05, slow.release, [40]).start()
    press(lab, "Start")
    lab.wait()
    assert [(found["model"], found["steps"]) for found in lab.results] == [
        ("linear attention", 3),
        ("S6 (Mamba)", 30),
    ]
    earlier, latest = lab._curves[0][0], lab._curves[1][0]
    assert earlier.get_alpha() < latest.get_alpha() and earlier.get_zorder() < latest.get_zorder()


def test_pressing_what_does_nothing(lab):
    lab.resume()
    lab.stop()
    assert lab.runs == []
    run = trained(lab)
    lab.resume()
    lab.wait()
    assert run.step == 30 and len(lab.runs) == 1


@pytest.mark.long
def test_pictures_are_few_and_never_jump(lab, monkeypatch):
    """At most five a second, but for the first and the last, all of one size."""
    monkeypatch.setattr(training, "PAUSE", 0.05)
    moments, sizes = [], set()

    def seen(change):
        moments.append(time.monotonic())
        sizes.add((lab.live.pixels().shape, lab.live.image.width, lab.live.image.height))

    lab.live.image.observe(seen, "value")
    monkeypatch.setattr(lab, "recipe", replace(RECIPE, steps=100))
    trained(lab)
    gaps = [after - before for before, after in pairwise(moments[1:-1])]
    assert len(moments) >= 4 and min(gaps) > 0.9 * 0.05 and len(sizes) == 1


# -------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FloatingPointError("loss: expected a finite number"), "⚠ loss: expected a finite number"),
        (RuntimeError("no <memory> left"), "⚠ RuntimeError: no <memory> left"),
    ],
)
def test_errors_in_training_are_said(lab, monkeypatch, error, words):
    """In the widget, as an alert; the run is kept, and the next one starts as if nothing had been."""
    advance = Run.advance

    def failing(run):
        if run.step == 3:
            raise error
        return advance(run)

    monkeypatch.setattr(Run, "advance", failing)
    trained(lab)
    assert lab.error is error and disabled(lab) == {"Stop"}
    assert 'role="alert"' in lab.live.note.value and html.escape(words) in lab.live.note.value
    monkeypatch.undo()
    assert trained(lab).step == 30 and lab.error is None and 'role="status"' in lab.live.note.value
    assert [found["steps"] for found in lab.results] == [3, 30]


def test_models_that_cannot_be_made_are_said(lab):
    lab.block = {"options": {"heads": 3}}
    press(lab, "Start")
    assert lab.runs == [] and disabled(lab) == {"Stop", "Resume"}
    assert "3 heads cannot share 8 channels evenly. Choose 1, 2, 4 or 8 heads" in lab.live.note.value
    lab.block = {}
    assert trained(lab).step == 30


# -------------------------------------------------------------------- what is collected


def test_a_still_picture_of_a_run_that_fails_is_none(lab):
    """A notebook is not saved with an empty picture."""
    lab.block = {"options": {"heads": 3}}
    with pytest.raises(ValueError, match="3 heads cannot share 8 channels evenly"):
        lab.still()


def test_learning_rates_to_choose_from():
    """The recipe's own is one of them, and is what is taken."""
    lab = TrainingLab(TASK, ["s6"], replace(RECIPE, learning_rate=7e-3), d=8, n=4)
    assert lab.controls["rate"].value == 7e-3 and ("0.007", 7e-3) in lab.controls["rate"].options
    assert trained(lab).recipe.learning_rate == 7e-3


def test_curves_of_long_runs():
    losses = list(np.random.default_rng(0).random(1234))
    steps, means = smoothed(losses)
    assert steps[0] == 7 and steps[-1] == 1232 and len(steps) <= POINTS
    assert means[2] == pytest.approx(np.mean(losses[14:21]))
    assert [len(part) for part in smoothed([])] == [0, 0]


def test_the_table_is_the_legend(lab):
    """The last runs have the colours of their curves; what is not known yet is a dash."""
    lab.recipe = replace(RECIPE, steps=1, every=1, tested=1)
    for seed in range(len(COLOURS) + 1):
        lab.controls["seed"].value = seed
        trained(lab)
    _, _, *rows = lab.table.value.split("<tr")
    assert (
        "<span" not in rows[0]
        and "Dots have the colours of the curves" in lab.table.value
        and all(c in row for c, row in zip((*COLOURS[1:], COLOURS[0]), rows[1:], strict=True))
    )
    assert [float(hits.get_ydata()[0]) for _, hits in lab._curves] == [
        lab.runs[place].accuracy for place in (len(COLOURS), *range(1, len(COLOURS)))
    ]
    fresh = result(Run(TASK, lab.runs[0].architecture, RECIPE))
    assert fresh["loss"] is None and "–" in table([fresh])
    assert "<span" not in table([fresh], curves=False) and "Dots" not in table([fresh], curves=False)


def test_still_pictures(lab, monkeypatch, capsys):
    """For readers without a kernel a first run is trained, and shown as a picture with its words."""
    monkeypatch.setenv("DSF_STATIC", "1")
    show(lab)
    assert "30 of 30 steps" in capsys.readouterr().out
    still = lab.still()
    assert isinstance(still, Still) and still.description == lab.live.description and len(lab.runs) == 1


CELLS = """
from dsf_theory.training.recipe import Recipe
from dsf_theory.tasks import MQAR
from dsf_theory.widgets.live import show
from dsf_theory.widgets.training import TrainingLab

recipe = Recipe(steps=2000, rows=8, every=10, tested=40, learning_rate=1e-2)
lab = TrainingLab(MQAR(length=16, pairs=2, vocabulary=32), ["linear_attention", "s6"], recipe, d=16)
show(lab)
"""


def written(path, cells):
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=[new_code_cell(cell.strip()) for cell in cells], metadata=kernel), path)
    return path


@pytest.mark.notebook
def test_in_a_notebook_that_is_saved(tmp_path):
    path = written(tmp_path / "lab.ipynb", [CELLS.replace("2000", "20"), "print(lab.results[0]['steps'])"])
    picture, steps = (cell.outputs[0] for cell in saving.run(path).cells)
    assert "20 of 20 steps" in picture.data["text/html"] and steps.text == "20\n"


def cells_of_notebook_08():
    """Those of its code cells that the laboratory needs."""
    path = Path(__file__).parents[2] / "notebooks" / "08_recall_laboratory.ipynb"
    sources = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    wanted = ("import dsf_theory", "task = MQAR(", "recipe = Recipe(", "TrainingLab(")
    return [next(source for source in sources if part in source) for part in wanted]


@pytest.mark.browser
def test_in_jupyterlab(tmp_path):
    """Start, watch it move, Stop, Resume, another model: pictures change, stand still, and never jump."""
    written(tmp_path / "lab.ipynb", cells_of_notebook_08())

    def button(name):
        return page.locator(f"{SHOWN} button.jupyter-button", has_text=name)

    def steps():
        found = re.search(r"(\d+) of 300 steps", page.locator(f"{SHOWN} p[role=status]").inner_text())
        return int(found[1]) if found else 0

    def picture():
        """What is shown, and where and how large it is, seen from a button."""
        image = page.locator(f"{SHOWN} img.widget-image")
        box, other = image.bounding_box(), button("Start").bounding_box()
        place = box["x"] - other["x"], box["y"] - other["y"], box["width"], box["height"]
        return image.get_attribute("src"), place

    with browser() as page, Lab(tmp_path) as server:
        notebook = Notebook(page, server, "lab.ipynb")
        notebook.run_all()
        first, place = picture()
        assert button("Stop").is_disabled() and button("Resume").is_disabled()
        button("Start").click()
        until(lambda: steps() > 20)
        button("Stop").click()
        until(button("Resume").is_enabled)
        page.wait_for_timeout(300)
        stopped, (shown, now) = steps(), picture()
        page.wait_for_timeout(600)
        assert steps() == stopped and picture() == (shown, now) and now == place and shown != first
        button("Resume").click()
        until(lambda: steps() > stopped)
        page.locator(f"{SHOWN} .widget-dropdown select").first.select_option(label="S6 (Mamba)")
        button("Start").click()
        until(lambda: page.locator(f"{SHOWN} td", has_text="S6 (Mamba)").count() and 0 < steps() < stopped)
        button("Stop").click()
        until(button("Resume").is_enabled)
        assert picture()[1] == place and notebook.errors() == []
