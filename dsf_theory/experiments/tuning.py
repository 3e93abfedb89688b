"""From tuning runs to the runs that are shown, :func:`fresh`, by the rule of :mod:`dsf_theory.experiments.protocol`."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dsf_theory.experiments.protocol import AS_GOOD, FRESH, TUNING
from dsf_theory.experiments.records import Row, Summary, by_rate
from dsf_theory.training.trial import Trial


def fresh(
    trials: Iterable[Trial], rows: Iterable[Row], seeds: Sequence[int] = FRESH, foreseen: bool = False
) -> list[Trial]:
    """The runs on fresh seeds that follow from tuning runs, at the chosen rate of each model, in their order.

    Args:
        trials: all runs of an experiment; those with seeds other than :data:`TUNING` are passed over.
        rows: results of these; a model of which some are missing has no fresh runs yet.
        seeds: that none of the tuning runs had.
        foreseen: whether such a model is given its first rate, as an estimate of cost does.

    >>> from dsf_theory.experiments.ours import EASY, ours
    >>> trials = ours([EASY], ["s6"], [4], [2], 10, rates=[0.1, 0.2], seeds=TUNING)
    >>> rows = [Row(trial=trial, accuracy=1 - trial.recipe.learning_rate) for trial in trials]
    >>> [(trial.recipe.learning_rate, trial.seed) for trial in fresh(trials, rows, seeds=(400, 401))]
    [(0.1, 400), (0.1, 401)]
    """
    done, found = {row.trial.key: row for row in rows}, []
    for alike in cells(trials):
        recipe = alike[0].recipe
        if all(trial.key in done for trial in alike):
            rate = chosen(by_rate(done[trial.key] for trial in alike)).rate
            recipe = replace(recipe, learning_rate=rate)
        elif not foreseen:
            continue
        found += [replace(alike[0], recipe=recipe, seed=seed) for seed in seeds]
    return found


def count(trials: Iterable[Trial]) -> int:
    """How many runs there are, with those on fresh seeds that follow."""
    trials = list(trials)
    return len(trials) + len(FRESH) * len(cells(trials))


def cells(trials: Iterable[Trial]) -> list[list[Trial]]:
    """The tuning runs among some, in lists of those that differ in rate and seed alone."""
    found: dict[tuple, list[Trial]] = {}
    for trial in trials:
        if trial.seed in TUNING:
            found.setdefault(Row(trial=trial).cell, []).append(trial)
    return list(found.values())


def chosen(summaries: Iterable[Summary]) -> Summary:
    """Of summaries that differ in their rate alone, the one to go on with: the lowest rate that is as good as any."""
    given = sorted(summaries, key=lambda one: one.rate)
    highest = max(one.median for one in given)
    return next(one for one in given if one.median >= highest - AS_GOOD)
