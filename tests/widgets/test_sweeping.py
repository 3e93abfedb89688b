"""An experiment in a notebook: its bar, its table, its verdict, and runs that fail said plainly."""

import html
import re
from dataclasses import replace

import pytest
from IPython.display import HTML
from runs import row_of, rows_of, trial

from dsf_theory.experiments import results
from dsf_theory.experiments.declared import EXPERIMENTS, Experiment
from dsf_theory.experiments.ours import EASY, ours
from dsf_theory.experiments.records import summary
from dsf_theory.experiments.store import Store
from dsf_theory.experiments.sweep import perform
from dsf_theory.experiments.verdicts import comparisons
from dsf_theory.plots.seeds import colours
from dsf_theory.training.mixer import Mixer
from dsf_theory.widgets import sweeping
from dsf_theory.widgets.sweeping import (
    LEGEND,
    at_laptop,
    bar,
    declared_protocol,
    outcome,
    overview,
    said,
    table,
    trained,
)

GOOD = [trial(seed=seed) for seed in (0, 1)]
SPOILT = replace(GOOD[0], architecture=replace(GOOD[0].architecture, mixer="ssd", options={"heads": 3}))


@pytest.fixture
def shown(monkeypatch):
    """All that was put into one place of the page, in order."""
    pages = []

    class Place:
        def update(self, page):
            pages.append(page.data)

    def display(page, display_id):
        assert isinstance(page, HTML) and display_id is True
        pages.append(page.data)
        return Place()

    monkeypatch.setattr(sweeping, "display", display)
    return pages


def declared(monkeypatch, trials, name="state-expansion"):
    """An experiment that has these runs at every scale."""
    presets = dict.fromkeys(("notebook", "laptop"), lambda: trials)
    monkeypatch.setitem(EXPERIMENTS, name, Experiment("Tiny", "More is better.", presets))


def cells(page: str) -> list[list[str]]:
    """The words of tables, row by row."""
    lines = re.findall(r"<tr.*?>(.*?)</tr>", page)
    return [
        [html.unescape(re.sub("<.*?>", "", cell)) for cell in re.split("<t[dh].*?>", line)[1:]]
        for line in lines
    ]


@pytest.mark.long
def test_trained_in_processes(monkeypatch, shown, tmp_path):
    """The results are those of a sweep in this process; one bar is updated in place; a failure is named under it."""
    declared(monkeypatch, [*GOOD, SPOILT])
    rows = trained("state-expansion", workers=1)
    store = Store(tmp_path / "here.sqlite")
    for each in (GOOD, [SPOILT]):
        perform(each, store)
    expected = results.rows([*GOOD, SPOILT], store)
    timeless = [[replace(row, seconds=None) for row in found] for found in (rows, expected)]
    assert timeless[0] == timeless[1] and len(rows) == 3
    assert [re.search(r"\d of 3 runs|3 runs in", page)[0] for page in shown] == [
        "0 of 3 runs",
        "1 of 3 runs",
        "2 of 3 runs",
        "3 runs in",
    ]
    assert "⚠" not in shown[0] and "⚠ ssd, seed 0: ValueError: d: expected a multiple of heads=3" in shown[-1]
    page = table(rows)
    assert "1, 1 failed" in page and "–" in page


def test_nothing_known_of_that_name():
    with pytest.raises(ValueError, match="name: expected one of 'state-expansion'"):
        trained("state-space")
    with pytest.raises(ValueError, match="preset: expected one of"):
        trained("models", "cluster")
    with pytest.raises(ValueError, match="workers: expected a whole number >= 1, found 0"):
        trained("models", workers=0)


@pytest.mark.parametrize(
    ("done", "width", "words"), [(0, "0.0%", "0 of 8 runs"), (2, "25.0%", "2 of 8 runs, about 30 s to go")]
)
def test_bar(done, width, words):
    page = bar(done, 8, 10.0, ["<b>: no"])
    assert f"width:{width}" in page and words in page and f"aria-valuenow='{done}'" in page
    assert "&lt;b&gt;: no" in page and "<b>" not in page


SIZES = ours([EASY], ["linear_attention"], [8], [2, 4], 10, [0.01])
ROWS = [row_of(t, 0.1 * t.architecture.n + 0.3 + 0.02 * t.seed, 0.25) for t in SIZES]


def test_outcome():
    """Figure with words for those who do not see it, verdict, and the accuracies beside the numbers kept."""
    page = outcome("state-expansion", ROWS).data
    assert re.search(r'<img alt="Linear attention with .* Confirmed\."', page)
    _, comparison, *lines = cells(page)
    assert comparison[1:] == [*("linear attention: n = 4 over n = 2", "+20.0", "+16.0 to +24.0", "confirmed")]
    learnt = sum(part.numel() for part in Mixer("linear_attention", d=8, n=4).parameters())
    line = (
        "linear attention",
        "MQAR, 4 pairs",
        "8",
        "4",
        "32",
        str(learnt),
        "72.0%",
        "70.0 – 74.0%",
        "3",
        "0.01",
    )
    assert lines[-1][1:] == [*line]


def test_marks_are_seen_in_both_themes_and_explained():
    """Text has the page's colours; a dot has a rim in them, its colour is the model's alone, and a legend says so."""
    rows = rows_of("models", lambda trial: 0.2 + trial.architecture.d / 50 + 0.1 * trial.seed)
    verdicts, results_ = said("Open.", comparisons("models", rows)), table(rows)
    bars = bar(1, 2, 1.0) + bar(1, 2, 1.0, ["gone"])
    for page in (verdicts, results_, bars, overview().data, declared_protocol().data):
        dots = re.findall(r"<span aria-hidden[^>]*>", page)
        assert all("border:1px solid gray" in each for each in dots)
        assert not re.search(r"#\w{3,8}", re.sub(r"<span aria-hidden[^>]*>|var\([^)]*\)", "", page))
    shades = colours(row.variant for row in rows)
    assert [shade for shade in re.findall(r"background:(#\w+)", results_)] == [
        shades[one.variant] for one in summary(rows)
    ]
    assert LEGEND in results_ and not any(shade in verdicts for shade in shades.values())
    marks = {line[-1]: line[0] for line in cells(verdicts)[1:]}
    assert len(set(marks.values())) == len(marks) and "" not in marks.values()


def test_kept_results(monkeypatch, tmp_path):
    """The laptop's results are shown with how they were made, and each experiment has a line in the overview."""
    declared(monkeypatch, GOOD)
    store = Store(tmp_path / "laptop.sqlite")
    perform(GOOD, store)
    results.keep("state-expansion", "laptop", store, tmp_path)
    read = results.kept
    monkeypatch.setattr(sweeping, "kept", lambda name, preset: read(name, preset, tmp_path))
    monkeypatch.setattr("dsf_theory.plots.laptop.kept", lambda name, preset: read(name, preset, tmp_path))
    page = at_laptop("state-expansion").data
    assert "0 runs on tuning seeds and 2 on fresh ones, of 2 in all, at most 24 steps of 8 rows" in page
    assert page.startswith('<img alt="Two panels.')
    monkeypatch.setattr(sweeping, "at_scale", lambda preset: ["state-expansion"])
    for names, verdict in (
        (["state-expansion"], "No results to compare."),
        ([], "Not run yet by this protocol."),
    ):
        monkeypatch.setattr(sweeping, "with_results", lambda preset, names=names: names)
        (_, line) = cells(overview().data)
        assert line == ["Tiny", "More is better.", verdict]


def test_the_protocol_is_read_from_where_it_is_declared(monkeypatch):
    monkeypatch.setattr(sweeping, "LEAST_EFFECT", 0.07)
    page = declared_protocol().data
    assert "7 points of accuracy" in page and "seeds 100, 101 and 102" in page and "7 of 8 seeds" in page
