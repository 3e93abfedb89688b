"""Every notebook: runs from top to bottom without a warning, its controls move to their ends, and it is as saved."""

import html
import json
import re
from pathlib import Path

import nbconvert
import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from dsf_theory.commands import saving
from dsf_theory.widgets.still import NOTICE, caption

FOLDER = Path(__file__).parents[1] / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))

pytestmark = pytest.mark.notebook

STRICT = """
import warnings
warnings.simplefilter("error")
"""

# Moves every control to its ends. Exceptions in callbacks are shown, not raised: count what is shown, and read panels.
MOVE = """
import gc
import ipywidgets
from ipywidgets.widgets import widget as registry
from dsf_theory.widgets.live import Panel

moved, surprises = 0, []
panels = [o for o in gc.get_objects() if issubclass(type(o), Panel)]  # isinstance would wake lazy objects

def look():
    surprises.extend(repr(p.error) for p in panels if p.error is not None and not isinstance(p.error, ValueError))

shell, shown = get_ipython(), []
show, shell.showtraceback = shell.showtraceback, lambda *a, **k: shown.append(a)
for control in list(registry._instances.values()):
    if isinstance(control, (ipywidgets.IntSlider, ipywidgets.FloatSlider, ipywidgets.FloatLogSlider)):
        log = isinstance(control, ipywidgets.FloatLogSlider)
        before, ends = control.value, (control.min, control.max)
        for value in (*(control.base**e if log else e for e in ends), before):
            control.value = value
            look()
        moved += 1
    elif isinstance(control, (ipywidgets.Dropdown, ipywidgets.ToggleButtons, ipywidgets.SelectionSlider)):
        before = control.index
        for index in (*range(len(control.options)), before):
            control.index = index
            look()
        moved += 1
    elif isinstance(control, ipywidgets.Button) and control.description.startswith("Next"):
        while not control.disabled:
            control.click()
        moved += 1
shell.showtraceback = show
assert not shown, shown
assert not surprises, surprises
assert moved or not panels
"""


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_runs_as_saved(path):
    """Executed strictly; then the text outputs equal those saved, and every control moves to its ends."""
    saved = nbformat.read(path, as_version=4)
    strict = nbformat.read(path, as_version=4)
    strict.cells = [new_code_cell(STRICT), *strict.cells, new_code_cell(MOVE)]
    client = NotebookClient(
        strict,
        timeout=300,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.execute()
    for before, after in zip(saved.cells, strict.cells[1:-1], strict=True):
        if before.cell_type == "code":
            assert not [o for o in after.outputs if o.get("name") == "stderr"], before.source
            assert saving.is_solution(before) or text(after) == text(before), before.source


def text(cell) -> list[str]:
    """The text outputs of a cell; pictures, widgets and what stands for them aside, numbers to nine digits."""
    found = []
    for output in cell.outputs:
        data = output.get("data", {})
        still = "text/html" in data or data.get("text/plain", "").startswith("Proof(")
        if saving.WIDGET in data or still:
            continue
        kinds = ("text/markdown", "text/latex", "text/plain")
        found.append(output.get("text") or next((data[kind] for kind in kinds if kind in data), ""))
    return [re.sub(r"\d\.?\d*e-1\d", "~0", line) for line in found]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_is_well_made(path):
    """Saved by the script, with a title, links that lead somewhere, exercises, and descriptions for pictures."""
    assert saving.faults(path) == []
    saved = nbformat.read(path, as_version=4)
    markdown = "\n".join(c.source for c in saved.cells if c.cell_type == "markdown")
    numbered = path.stem[:2].isdigit()
    assert markdown.startswith(f"# {path.stem[:2]} · " if numbered else "# ")
    for target in re.findall(r"\]\(([^)#:]+)\)", markdown):
        assert (FOLDER / target).exists(), target
    pictures = re.findall(r"<img [^>]*>", json.dumps(saved).replace('\\"', '"'))
    assert bool(pictures) is numbered and all(re.search(r'alt="[^"]{30,}"', p) for p in pictures)
    if numbered and path.stem != "00_start_here":
        code = [c for c in saved.cells if c.cell_type == "code"]
        assert sum("assert" in c.source or "proof_stepper" in c.source for c in code) >= 5
        solved = [c.source.partition("\n")[0] for c in code if saving.is_solution(c)]
        asked = re.findall(r"^(\d)\. ", markdown.partition("\n## Exercises")[2], re.MULTILINE)
        assert len(asked) >= 2 and solved == [f"# Exercise {number}" for number in asked]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_page_without_a_kernel_says_so(path):
    """Exported to HTML: under the picture of every widget stand its sentence, and that it needs a running kernel."""
    saved = nbformat.read(path, as_version=4)
    page, _ = nbconvert.HTMLExporter().from_notebook_node(saved)
    pictures = [
        output.data["text/html"]
        for cell in saved.cells
        if cell.cell_type == "code" and re.search(r"^show\(", cell.source, re.MULTILINE)
        for output in cell.outputs
        if "<img" in output.get("data", {}).get("text/html", "")
    ]
    for picture in pictures:
        alt, width = re.search(r'alt="(.*?)" width="(\d+)"', picture).groups()
        below = caption(html.unescape(alt), int(width))
        assert picture.endswith(below) and html.unescape(below) in html.unescape(page)
    assert page.count(html.escape(NOTICE)) == len(pictures)
    assert pictures or path.stem in ("09_the_papers_experiments", "index_of_claims")


def test_the_suite_is_complete():
    names = [path.stem for path in PATHS]
    assert names == [
        "00_start_here",
        "01_the_framework",
        "02_attention_as_a_dynamical_system",
        "03_state_space_models",
        "04_recurrent_networks",
        "05_linear_attention_and_s6",
        "06_normalisation",
        "07_softmax_by_state_expansion",
        "08_recall_laboratory",
        "09_the_papers_experiments",
        "index_of_claims",
    ]
