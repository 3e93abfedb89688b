"""Every widget in JupyterLab: room for sliders and names at four widths, typed values, and a kernel that is gone."""

import inspect

import nbformat
import pytest
from browser import Lab, Notebook, browser
from nbformat.v4 import new_code_cell, new_notebook
from panels import MAKERS

pytestmark = pytest.mark.browser

LEAST_TRACK = 90
"""Pixels of a slider's track."""

LABORATORY = """
from dsf_theory.tasks import MQAR
from dsf_theory.training.recipe import Recipe
from dsf_theory.widgets.live import show
from dsf_theory.widgets.training import TrainingLab
models = ["linear_attention", "softmax_attention", "norm_attention", "ssd", "s6", "qlstm"]
show(TrainingLab(MQAR(length=16, pairs=2, vocabulary=32), models, Recipe(steps=30, rows=8), d=16, n=8))
"""

PROOFS = """
import dsf_theory as dsf
from dsf_theory.widgets.proof import LedgerBrowser, proof_stepper
show(proof_stepper("delta-rule"))
show(LedgerBrowser(dsf.claims.check(["convolution", "delta-rule"])))
"""

TRACKS = """() => [...document.querySelectorAll('.widget-slider .noUi-base')].map(track => ({
  width: track.getBoundingClientRect().width,
  name: track.closest('.widget-hbox').querySelector('label').textContent,
}))"""

# What does not fit: a name that is longer than its place, the chosen option under its arrow, a control out of its cell.
CUT = """() => {
  const found = [], pen = document.createElement('canvas').getContext('2d');
  const wide = (text, element) => { pen.font = getComputedStyle(element).font; return pen.measureText(text).width; };
  for (const label of document.querySelectorAll('.jp-OutputArea .widget-label'))
    if (label.scrollWidth > label.clientWidth + 1) found.push('name ' + label.textContent);
  for (const menu of document.querySelectorAll('.jp-OutputArea select')) {
    for (const option of menu.options)
      if (wide(option.text, menu) > menu.clientWidth - 28) found.push('option ' + option.text);
  }
  for (const cell of document.querySelectorAll('.jp-OutputArea .widget-gridbox > *')) {
    const grid = cell.parentElement.getBoundingClientRect(), own = cell.getBoundingClientRect();
    if (own.right > grid.right + 1) found.push('control ' + cell.textContent);
  }
  for (const note of document.querySelectorAll('.jp-OutputArea p[role=status]'))
    if (note.scrollWidth > note.clientWidth + 1) found.push('sentence ' + note.textContent);
  return found;
}"""


# How high each description is with little and with as much text as is promised room.
HEIGHTS = """() => [...document.querySelectorAll('.jp-OutputArea p[aria-live]')].map(said => {
  const letters = said.previousSibling.textContent.length, before = said.textContent;
  const note = said.closest('.widget-html'), heights = [];
  for (const text of ['Short.', 'A sentence of 99, '.repeat(30).slice(0, letters)]) {
    said.textContent = text;
    heights.push(note.getBoundingClientRect().height);
  }
  said.textContent = before;
  return heights;
})"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """A notebook with every panel, a training view, a proof and a ledger, run."""
    cells = [
        new_code_cell(
            f"from {inspect.getmodule(made).__name__} import {name}\n"
            f"from dsf_theory.widgets.live import show\nshow({name}())"
        )
        for name, made in MAKERS.items()
    ]
    folder = tmp_path_factory.mktemp("panels")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(
        new_notebook(cells=[*cells, new_code_cell(LABORATORY), new_code_cell(PROOFS)], metadata=kernel),
        folder / "all.ipynb",
    )
    with browser(width=1400, height=1200) as page, Lab(folder) as lab:
        notebook = Notebook(page, lab, "all.ipynb")
        notebook.run_all(timeout=240_000)
        yield notebook


def test_a_table_that_is_wider_than_the_page_scrolls(notebook):
    page = notebook.page
    page.locator("button[title=Start]").click()
    table = page.locator(".widget-html table")
    table.wait_for(timeout=30_000)
    page.get_by_text("30 of 30 steps").wait_for(timeout=30_000)
    page.set_viewport_size({"width": 700, "height": 1200})
    page.wait_for_timeout(500)
    scrolls = """e => { const box = e.closest('.widget-html'), table = e.getBoundingClientRect();
      const fits = table.right <= box.getBoundingClientRect().right + 1;
      return [fits, getComputedStyle(box).overflowX, box.scrollWidth > box.clientWidth]; }"""
    assert table.evaluate(scrolls) in ([False, "auto", True], [True, "auto", False])


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.parametrize("width", [900, 1100, 1400, 1600])
def test_every_slider_has_a_track_and_nothing_is_cut(notebook, width, theme):
    page = notebook.page
    page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    page.set_viewport_size({"width": width, "height": 1200})
    page.wait_for_timeout(1500)
    tracks = page.evaluate(TRACKS)
    assert len(tracks) >= 30
    assert [track for track in tracks if track["width"] < LEAST_TRACK] == []
    assert page.evaluate(CUT) == []
    heights = page.evaluate(HEIGHTS)
    assert len(heights) >= len(MAKERS) + 1 and all(short == long for short, long in heights), heights


def test_typed_values_are_answered_and_keys_reach_whole_numbers(notebook):
    page = notebook.page
    page.set_viewport_size({"width": 1400, "height": 1200})
    states = page.get_by_label("states n").first
    for typed, said in (("2.7", "2.7 is not one of 1, 2, 3, ..., 1048576"), ("1e9", "1e9 is not one of")):
        states.fill(typed)
        states.press("Enter")
        page.get_by_text(f"states n stays at 8: {said}").wait_for(timeout=15_000)
        page.wait_for_function("box => box.value === '8'", arg=states.element_handle(), timeout=15_000)
    states.fill("12")
    states.press("Enter")
    page.get_by_text("states n stays at").wait_for(state="detached", timeout=15_000)
    slider = states.locator("xpath=ancestor::*[contains(@class,'widget-hbox')][1]").locator("[role=slider]")
    slider.focus()
    for expected in ("13", "14", "15", "16", "18"):
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "([box, n]) => box.value === n", arg=[states.element_handle(), expected], timeout=15_000
        )
    assert notebook.errors() == []


def test_a_view_whose_kernel_was_started_anew_says_so(notebook):
    page = notebook.page
    notices = page.get_by_text("Not connected: the kernel was stopped or started anew")
    assert not notices.first.is_visible()
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    notices.first.wait_for(state="visible", timeout=30_000)
    assert notices.count() == len(MAKERS) + 3 and all(notice.is_visible() for notice in notices.all())
    signs = "e => getComputedStyle(e, '::before').content !== 'none'"
    assert not any(sign.evaluate(signs) for sign in page.locator(".jupyter-widgets-disconnected").all())
