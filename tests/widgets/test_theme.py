"""What is drawn in HTML: colours that follow JupyterLab's themes, and proof pages of which nothing is cut."""

import re
from pathlib import Path

import nbformat
import pytest
from browser import SHOWN, Lab, Notebook, browser
from nbformat.v4 import new_code_cell, new_notebook

import dsf_theory
from dsf_theory.widgets import theme

SOURCES = sorted((Path(dsf_theory.__file__).parent / "widgets").glob("*.py"))

CELLS = [
    # the proof stepper, on a proof that holds and on one that fails
    """
import ipywidgets as W
from IPython.display import HTML, Markdown
import dsf_theory as dsf
from dsf_theory.claims import Claim
from dsf_theory.widgets.proof import AS_WIDE_AS_THE_PAGE, LedgerBrowser, ProofStepper, heading, proof_stepper
false = Claim("false", "One is two.", "It is not.", "1 = 2", "a test")
false.step("$1 = 2$", "identity")(lambda: (1, 2))
false.hypothesis("$c = 0$", "c = 0", violation=abs, holds=0.0, dropped=1.0)(lambda case: 1 / 0)
failing = ProofStepper(false.check())
display(failing.view)
""",
    """
failed = ProofStepper(false.check())
failed.turn_to(1)
display(failed.view, LedgerBrowser(dsf.claims.check(["delta-rule"])).view)
""",
    # every page of notebooks 02 and 03 at once
    """
steppers = [proof_stepper(name) for name in {names}]
pages = [page for stepper in steppers for page in (heading(stepper.report), *stepper.pages)]
pages = [W.HTMLMath(page, layout=W.Layout(**AS_WIDE_AS_THE_PAGE)) for page in pages]
display(W.VBox(pages, layout=W.Layout(max_width="900px")))
""",
    # tables, verdicts and bars of sweeps and of live training; the sentences of a live figure; the glossary
    """
from dsf_theory.experiments.results import kept
from dsf_theory.experiments.verdicts import comparisons, verdict
from dsf_theory.widgets import collected, sweeping
found = kept("state-expansion", "laptop").rows
judged = comparisons("state-expansion", found)
display(HTML(sweeping.said(verdict(judged), judged) + sweeping.table(found)))
display(HTML(sweeping.bar(3, 12, 10.0)), HTML(sweeping.bar(3, 12, 10.0, ["s6, seed 0: it failed"])))
run = dict(model="S6", d=4, n=2, kept=8, rate=0.1, seed=0, steps=3, seconds=1.0, loss=0.1, accuracy=0.5)
display(W.HTML(collected.table([run] * 8)))
""",
    """
from matplotlib.figure import Figure
from dsf_theory.widgets.live import LiveFigure
said, complained = (LiveFigure(Figure(figsize=(4, 1))) for _ in range(2))
said.update("All is well.")
complained.update("All is well.")
complained.complain("Pair 24 is not stored.")
display(said.view, complained.view, Markdown(dsf.glossary()))
""",
]

PARTS = ".widget-html-content, .widget-htmlmath-content, .jp-RenderedHTML, .jp-RenderedMarkdown"

# Each text and each glyph of a formula with the contrast to what lies under it; colours as the browser paints them.
CONTRASTS = """(parts) => {
  const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const painted = new Map();
  const rgba = colour => {
    if (!painted.has(colour)) {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      painted.set(colour, [...context.getImageData(0, 0, 1, 1).data]);
    }
    return painted.get(colour);
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((c, k) => (c * a + under[k] * (255 - a)) / 255);
  const ground = e => {
    const layers = [];
    for (; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      layers.push(colour);
      if (colour[3] === 255) break;
    }
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const light = colour => colour
    .map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
  const found = [];
  for (const part of document.querySelectorAll(parts)) {
    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT), elements = [...part.querySelectorAll('mjx-c')];
    while (texts.nextNode()) {
      const text = texts.currentNode;
      if (text.data.trim() && !text.parentElement.closest('mjx-assistive-mml')) elements.push(text.parentElement);
    }
    for (const e of elements) {
      const under = ground(e), [a, b] = [light(over(rgba(getComputedStyle(e).color), under)), light(under)];
      found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.textContent.slice(0, 40) || e.className]);
    }
  }
  return found;
}"""

# Pages of proofs that are wider than their place, and formulas that leave it with no way to scroll there.
CUT = """() => [...document.querySelectorAll('.widget-htmlmath')].flatMap(page => {
  const end = page.getBoundingClientRect().right + 1;
  const hidden = [...page.querySelectorAll('mjx-math, p, b, span')].filter(e => {
    if (e.tagName !== 'MJX-MATH' && e.closest('mjx-container')) return false;
    if (e.getBoundingClientRect().right <= end) return false;
    let box = e.parentElement;
    while (box !== page && !['auto', 'scroll'].includes(getComputedStyle(box).overflowX)) box = box.parentElement;
    return box === page && getComputedStyle(page).overflowX !== 'auto';
  });
  const outside = page.parentElement.getBoundingClientRect().right + 1 < end - 1;
  return hidden.length || outside ? [page.innerText.slice(0, 60)] : [];
})"""


def claims_of(*numbers: str) -> list[str]:
    """Claims whose proof some notebooks unfold."""
    folder = Path(__file__).parents[2] / "notebooks"
    texts = [path.read_text("utf-8") for number in numbers for path in folder.glob(f"{number}_*.ipynb")]
    return [name for text in texts for name in re.findall(r'proof_stepper\(\\"([\w-]+)\\"', text)]


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A notebook with all of that, in a browser."""
    folder = tmp_path_factory.mktemp("theme")
    cells = [cell.strip().replace("{names}", repr(claims_of("02", "03"))) for cell in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    book = new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata=kernel)
    nbformat.write(book, folder / "theme.ipynb")
    with browser() as page, Lab(folder) as lab:
        notebook = Notebook(page, lab, "theme.ipynb")
        notebook.run_all()
        page.wait_for_function("() => !document.body.innerText.includes('$$')", timeout=30_000)
        yield notebook


@pytest.mark.browser
@pytest.mark.parametrize("name", ["Light", "Dark"])
def test_all_text_stands_out_in_both_themes(opened, name):
    page = opened.page
    page.evaluate(
        "name => jupyterapp.commands.execute('apputils:change-theme', {theme: name})", f"JupyterLab {name}"
    )
    page.wait_for_function(
        "light => document.body.dataset.jpThemeLight === light", arg=str(name == "Light").lower()
    )
    page.wait_for_timeout(500)
    found = page.evaluate(CONTRASTS, PARTS)
    assert opened.errors() == []
    assert len(found) > 1000 and any("residual" in text for _, text in found)
    assert [(round(contrast, 2), text) for contrast, text in found if contrast < 4.5] == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [900, 1400])
def test_no_page_of_a_proof_is_cut(opened, width):
    page = opened.page
    page.set_viewport_size({"width": width, "height": 1000})
    page.wait_for_timeout(1000)
    assert page.locator(f"{SHOWN} .widget-htmlmath").count() > 80
    assert page.evaluate(CUT) == []
    if width == 900:  # as it was: the boxes do not scroll, and formulas are wider than they
        page.add_style_tag(content=".widget-htmlmath, .widget-htmlmath div {overflow: visible !important}")
        assert page.evaluate(CUT)
        page.evaluate("() => document.head.lastElementChild.remove()")


def test_html_has_no_colours_of_its_own():
    """Figures draw on white paper; what is HTML takes the theme's colours, but for dots and bars, which are no text."""
    for path in SOURCES:
        found = re.findall(
            r"(?:color|border[\w-]*|background):[^;'\"{]*#[0-9a-fA-F]{3,6}", path.read_text("utf-8")
        )
        assert found == [], path.name
    colours = [theme.INK, theme.MUTED, theme.LINE, theme.FILL, theme.GOOD, theme.BAD, theme.WARNING]
    assert all("var(--jp-" in colour for colour in colours)
    assert "background:#0072B2" in theme.dot("#0072B2")
