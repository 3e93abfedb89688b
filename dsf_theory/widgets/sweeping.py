"""Experiments in a notebook: a bar while their runs train, then the figure, the table and the verdict on the claim."""

import html
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from IPython.display import HTML, display

from dsf_theory.experiments.declared import experiment
from dsf_theory.experiments.records import Row, summary
from dsf_theory.experiments.results import Results, kept, rows
from dsf_theory.experiments.store import Store
from dsf_theory.experiments.sweep import sweep
from dsf_theory.experiments.verdicts import Comparison, comparisons, verdict
from dsf_theory.plots.experiments import draw
from dsf_theory.plots.seeds import colours
from dsf_theory.plots.style import FIGURES, embedded, png
from dsf_theory.widgets.tables import NUMBERS, PROSE, WORDS
from dsf_theory.widgets.tables import table as in_html
from dsf_theory.widgets.theme import BAD, FILL, INK, MUTED, dot

OUTCOMES = {
    "seen": ("✓", "yes: all seeds above"),
    "learnt": ("(✓)", "yes, but for stuck seeds"),
    "open": ("?", "open: seeds overlap"),
    "reversed": ("✗", "no: all seeds below"),
}
"""Outcome of a comparison -> its mark, and what the reader is told."""

LEGEND = "Dots have the colours of the models in the figure."

DPI = 96
"""Of figures: what a notebook with a dozen of them can carry."""


def trained(name: str, preset: str = "notebook", workers: int = 2) -> list[Row]:
    """Train all runs of an experiment at a scale, with a bar that says how far they are; their results.

    Nothing is kept on the disk. Runs that fail are named under the bar.

    Args:
        name: of the experiment.
        preset: its scale.
        workers: processes at a time, each with one thread.

    Raises:
        ValueError: for an unknown experiment or scale, or no workers.
    """
    trials = experiment(name).trials(preset)
    start, failures = time.perf_counter(), []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "results.sqlite")
        ended = sweep(trials, store, "processes", workers)
        shown = display(HTML(bar(0, len(trials), 0.0, failures)), display_id=True)
        for done, (trial, result) in enumerate(ended, start=1):
            if result["failure"]:
                failures.append(f"{trial.architecture.mixer}, seed {trial.seed}: {result['failure']}")
            shown.update(HTML(bar(done, len(trials), time.perf_counter() - start, failures)))
        return rows(trials, store)


def bar(done: int, of: int, seconds: float, failures: Iterable[str] = ()) -> str:
    """The bar of a sweep: how far it is, the runs that are done, the time that is left, and what failed.

    >>> "3 of 12 runs, about 30 s to go" in bar(3, 12, 10.0), "12 runs in 40 s" in bar(12, 12, 40.0)
    (True, True)
    """
    words = f"{done} of {of} runs"
    if done == of:
        words = f"{of} runs in {seconds:.0f} s"
    elif done:
        words += f", about {seconds / done * (of - done):.0f} s to go"
    share, colour = 100 * done / (of or 1), BAD if failures else INK
    round_ends = "height:0.7em;border-radius:0.35em"
    track = f"display:inline-block;vertical-align:middle;width:20em;background:{FILL};{round_ends}"
    filled = f"width:{share:.1f}%;background:{colour};{round_ends}"
    text = f"<span style='{track}'><div style='{filled}'></div></span> &nbsp;{words}"
    lines = "".join(f"<br>⚠ {html.escape(failure)}" for failure in failures)
    label = f"aria-valuenow='{done}' aria-valuemin='0' aria-valuemax='{of}' aria-label='runs done'"
    return f"<div role='progressbar' {label} style='line-height:1.6'>{text}{lines}</div>"


def outcome(name: str, found: list[Row]) -> HTML:
    """The results of an experiment as HTML: figure, verdict on its claim, and accuracies beside the numbers kept."""
    judged = comparisons(name, found)
    figure, words = draw(name, found), verdict(judged)
    alt = html.escape(f"{experiment(name).title}: the accuracy of every seed. {words}")
    return HTML(embedded(png(figure, DPI), alt, figure.get_figwidth()) + said(words, judged) + table(found))


def said(words: str, judged: list[Comparison]) -> str:
    """The verdict, and the comparisons that it sums up, as HTML."""
    head = {"": WORDS, "the paper has": WORDS, "gap": NUMBERS, "here": WORDS}
    lines = []
    for one in judged:
        mark, told = OUTCOMES[one.outcome]
        gap = f"{round(100 * one.gap, 1) + 0.0:+.1f} points".replace("-", "−")
        lines.append([mark, html.escape(one.words), gap, told])
    return f"<p style='margin:0.4em 0'><b>{words}</b></p>" + in_html(head.items(), lines)


def table(found: list[Row]) -> str:
    """The results as a table: models, their sizes and the numbers that they keep, and the accuracies of the seeds."""
    head = dict.fromkeys(("", "model", "task"), WORDS)
    head |= dict.fromkeys(
        ("d", "n", "numbers kept", "accuracy", "least – greatest", "seeds", "rate"), NUMBERS
    )
    sums, lines = summary(found), []
    shades = colours(one.variant for one in sums)
    for one in sums:
        size = "–" if one.state_size is None else f"{one.state_size:,}"
        line = [dot(shades[one.variant]), *map(html.escape, (one.variant.label, one.task.label))]
        line += [str(one.d), str(one.n), size, f"{one.accuracy:.1%}"]
        line += [f"{100 * min(one.accuracies):.1f} – {max(one.accuracies):.1%}"]
        line += [f"{one.seeds}" + f", {one.failed} failed" * bool(one.failed), f"{one.rate:.3g}"]
        lines.append(line)
    return in_html(head.items(), lines, LEGEND)


def at_laptop(name: str) -> HTML:
    """The results of an experiment at its laptop scale: figure and verdict, and one line on how the runs were made."""
    given, picture = kept(name, "laptop"), FIGURES[f"09_{name.replace('-', '_')}"]
    figure, _ = picture.draw()
    judged = comparisons(name, given.rows)
    shown = embedded(png(figure, DPI), html.escape(picture.alt), figure.get_figwidth())
    return HTML(
        shown + said(verdict(judged), judged) + f"<p style='color:{MUTED}'>{html.escape(made(given))}</p>"
    )


def overview(found: dict[str, list[Row]]) -> HTML:
    """The verdicts on all claims: of the results given, and of those kept at the laptop scale.

    Args:
        found: experiment -> its results.
    """
    lines = []
    for name, some in found.items():
        one = experiment(name)
        verdicts = [verdict(comparisons(name, each)) for each in (some, kept(name, "laptop").rows)]
        lines.append([f"<b>{html.escape(one.title)}</b>", *map(html.escape, (one.claim, *verdicts))])
    head = ("experiment", "the paper says", "trained here", "at the laptop scale")
    return HTML(in_html(dict.fromkeys(head, PROSE).items(), lines))


def made(given: Results) -> str:
    """The sentence on how results that were kept were made."""
    recipes = [row.trial.recipe for row in given.rows]
    seeds, rates, steps = (
        listed(sorted(set(values)))
        for values in zip(*((row.seed, row.rate, row.trial.recipe.steps) for row in given.rows), strict=True)
    )
    return (
        f"{len(given.rows)} of {given.of} runs, seeds {seeds}, at most {steps} steps of {recipes[0].rows} rows, "
        f"learning rate {rates}: {given.seconds / 60:.0f} minutes of training; "
        f"dsf_theory {given.version}, {given.machine}."
    )


def listed(values: Iterable) -> str:
    """Some values in a sentence.

    >>> listed([0, 1, 2]), listed([0.01])
    ('0, 1 and 2', '0.01')
    """
    *first, last = map(str, values)
    return f"{', '.join(first)} and {last}" if first else last
