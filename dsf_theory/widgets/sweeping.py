"""Experiments in a notebook: a bar while their runs train, then the figure, the table and the verdict on the claim."""

import html
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from IPython.display import HTML, display

from dsf_theory.experiments.declared import at_scale, experiment
from dsf_theory.experiments.protocol import (
    ANSWERED,
    CONFIDENCE,
    DRAWS,
    FRESH,
    LEAST_EFFECT,
    OF_SEEDS,
    RATES,
    TUNING,
)
from dsf_theory.experiments.records import Row, summary
from dsf_theory.experiments.results import Results, kept, rows, with_results
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
    "confirmed": ("✓", "confirmed"),
    "equal": ("=", "equal within five points"),
    "refuted": ("✗", "refuted"),
    "open": ("?", "open: more seeds would tell"),
    "not trained": ("–", "not trained: the better side stays at guessing"),
    "no ceiling": ("–", "not compared: softmax attention does not master the task"),
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
    head = {"": WORDS, "claimed": WORDS, "gap": NUMBERS, "interval": NUMBERS, "here": WORDS}
    lines = []
    for one in judged:
        mark, told = OUTCOMES[one.outcome]
        low, high = map(points, one.interval)
        lines.append([mark, html.escape(one.words), points(one.gap), f"{low} to {high}", told])
    return f"<p style='margin:0.4em 0'><b>{words}</b></p>" + in_html(head.items(), lines)


def points(share: float) -> str:
    """A difference of accuracies in points, with its sign.

    >>> points(0.123), points(-0.0001)
    ('+12.3', '0.0')
    """
    number = round(100 * share, 1)
    return f"{number:+.1f}".replace("-", "−") if number else "0.0"


def table(found: list[Row]) -> str:
    """The results as a table: models, their sizes and the numbers that they keep, and the accuracies of the seeds."""
    head = dict.fromkeys(("", "model", "task"), WORDS)
    head |= dict.fromkeys(
        ("d", "n", "numbers kept", "mixer parameters", "median", "least – greatest", "seeds", "rate"), NUMBERS
    )
    sums, lines = summary(found), []
    shades = colours(one.variant for one in sums)
    for one in sums:
        kept_, learnt = (
            "–" if size is None else f"{size:,}" for size in (one.state_size, one.mixer_parameters)
        )
        line = [dot(shades[one.variant]), *map(html.escape, (one.variant.label, one.task.label))]
        line += [str(one.d), str(one.n), kept_, learnt, f"{one.median:.1%}"]
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


def overview() -> HTML:
    """The verdicts on all claims by the results that were kept at the laptop scale: a line for each experiment."""
    lines, decided = [], with_results("laptop")
    for name in at_scale("laptop"):
        one, said_of = experiment(name), "Not run yet by this protocol."
        if name in decided:
            said_of = verdict(comparisons(name, kept(name, "laptop").rows))
        lines.append([f"<b>{html.escape(one.title)}</b>", *map(html.escape, (one.claim, said_of))])
    head = ("experiment", "what is claimed", "verdict")
    return HTML(in_html(dict.fromkeys(head, PROSE).items(), lines))


def declared_protocol() -> HTML:
    """The protocol, read from where it is declared."""
    rows = (
        ("tuning", f"seeds {listed(TUNING)}, learning rates {listed(f'{rate:g}' for rate in RATES)}"),
        ("results", f"seeds {FRESH[0]} to {FRESH[-1]}, at the rate that the tuning seeds chose"),
        (
            "ceiling",
            f"softmax attention answers {ANSWERED:.0%} on {OF_SEEDS * len(FRESH):.0f} of {len(FRESH)} seeds",
        ),
        ("least effect", f"{100 * LEAST_EFFECT:.0f} points of accuracy"),
        ("interval", f"{CONFIDENCE:.0%}, of the gap of the medians, by {DRAWS:,} bootstrap draws of seeds"),
    )
    lines = [[f"<b>{name}</b>", html.escape(words)] for name, words in rows]
    return HTML(in_html({"": WORDS, " ": PROSE}.items(), lines))


def made(given: Results) -> str:
    """The sentence on how results that were kept were made."""
    recipe = given.rows[0].trial.recipe
    tuning = sum(row.seed in TUNING for row in given.rows)
    return (
        f"{tuning} runs on tuning seeds and {len(given.rows) - tuning} on fresh ones, of {given.of} in all, at most "
        f"{recipe.steps:,} steps of {recipe.rows} rows: {given.seconds / 60:.0f} minutes of training; "
        f"dsf_theory {given.version}, {given.machine}."
    )


def listed(values: Iterable) -> str:
    """Some values in a sentence.

    >>> listed([0, 1, 2]), listed([0.01])
    ('0, 1 and 2', '0.01')
    """
    *first, last = map(str, values)
    return f"{', '.join(first)} and {last}" if first else last
