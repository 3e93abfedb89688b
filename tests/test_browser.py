"""Notebooks in real JupyterLab, in Chromium: run all cells, move sliders by keyboard, see the pictures change."""

import os
import shutil
from pathlib import Path

import pytest
from browser import SHOWN, Lab, Notebook, browser

FOLDER = Path(__file__).parents[1] / "notebooks"
PICTURE = f"document.querySelector({SHOWN + ' img.widget-image'!r})?.src"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page():
    """One browser for all tests; without one there is nothing to test, but never so in CI."""
    if os.environ.get("CI") and not shutil.which("chromium"):
        pytest.fail("no chromium on the PATH, and .ci/run should have installed it")
    with browser() as page:
        yield page


@pytest.fixture(scope="module")
def lab(page):
    """One JupyterLab for all tests."""
    with Lab(FOLDER) as lab:
        yield lab


def test_a_notebook_that_is_opened_is_not_marked_as_changed(lab, page):
    """By the kernel's name, nor by the version of Python, whichever one saved it; a changed cell marks it."""
    for path in sorted(FOLDER.glob("*.ipynb"))[:3]:
        assert not Notebook(page, lab, path.name).changed(), path.name
    page.evaluate("() => jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource('x')")
    page.wait_for_function("() => jupyterapp.shell.currentWidget.context.model.dirty", timeout=10_000)


@pytest.mark.parametrize("name", ["00_start_here", "03_state_space_models"])
def test_sliders_change_the_picture(lab, page, name):
    """Every slider answers to an arrow key with another picture, and the page does not jump."""
    notebook = Notebook(page, lab, f"{name}.ipynb")
    notebook.run_all()
    assert notebook.errors() == []
    sliders = page.locator(f"{SHOWN} [role=slider]")
    page.wait_for_function(f"() => !!({PICTURE})")
    assert sliders.count() >= 3
    for number in range(sliders.count()):
        handle = notebook.slider(number)
        height = page.locator(f"{SHOWN} .jp-Notebook").evaluate("e => e.scrollHeight")
        at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
        for key in ("ArrowLeft", "ArrowRight") if at_end else ("ArrowRight", "ArrowLeft"):
            before, value = page.evaluate(PICTURE), handle.get_attribute("aria-valuetext")
            page.keyboard.press(key)
            page.wait_for_function(f"before => {PICTURE} !== before", arg=before, timeout=10_000)
            assert handle.get_attribute("aria-valuetext") != value
            assert page.locator(f"{SHOWN} .jp-Notebook").evaluate("e => e.scrollHeight") == height
    assert notebook.errors() == []


def test_the_explorer_says_what_does_not_fit(lab, page):
    """Three heads of four channels: a sentence in place of a traceback; the next good choice draws again."""
    notebook = Notebook(page, lab, "00_start_here.ipynb")
    notebook.run_all()
    heads = page.get_by_label("heads").first
    heads.fill("3")
    heads.press("Enter")
    page.get_by_text("3 heads cannot share 4 channels evenly. Choose 1, 2 or 4 heads").wait_for(
        timeout=10_000
    )
    heads.fill("2")
    heads.press("Enter")
    page.get_by_text("heads cannot share").wait_for(state="detached", timeout=10_000)
    assert notebook.errors() == []


def test_many_fast_moves_end_at_the_last(lab, page):
    """Keys pressed faster than pictures come: the last picture is that of the last value, and none is blank."""
    notebook = Notebook(page, lab, "00_start_here.ipynb")
    notebook.run_all()
    seed = page.locator(f"{SHOWN} [role=slider]").count() - 1
    handle = notebook.slider(seed)
    page.keyboard.press("PageUp")
    page.keyboard.press("PageUp")
    start = float(handle.get_attribute("aria-valuenow"))
    burst = notebook.burst(presses=6, slider=seed)
    assert float(burst["value"]) == start - 6
    assert burst["blank"] == 0 and len(burst["heights"]) == 1 and burst["pictures"] >= 1
    last = page.evaluate(PICTURE)
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"last => {PICTURE} !== last", arg=last, timeout=10_000)
    assert notebook.errors() == []
