"""Verdicts: whether results bear out what is claimed of an experiment, by comparisons that can come out either way.

A claim is a list of comparisons "this model above that one". Each has the gap of the medians and an interval of it,
by bootstrap over seeds, which is held against a least effect of five points. In this order:

*no ceiling*: softmax attention does not master the task. *not trained*: most runs of the better side stay at guessing.
*confirmed*: the whole interval is at least the least effect. *equal*: the whole interval lies within it, either way.
*refuted*: the whole interval lies below it. *open*: none of these; more seeds would tell.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from dsf_theory.arrays import checks
from dsf_theory.experiments.claimed import CLAIMED, Pair
from dsf_theory.experiments.declared import experiment
from dsf_theory.experiments.protocol import LEAST_EFFECT, interval, works
from dsf_theory.experiments.records import Row, Summary, summary

OUTCOMES = ("confirmed", "equal", "refuted", "open", "not trained", "no ceiling")


@dataclass(frozen=True)
class Comparison:
    """A pair of summaries, of which the first is claimed to be above the second.

    Attributes:
        pair: both, and in what they differ.
        ceiling: softmax attention's summary in the same task; None where none is asked for.
    """

    pair: Pair
    ceiling: Summary | None = None

    @property
    def words(self) -> str:
        """What is compared, for a reader."""
        return self.pair.words

    @property
    def gap(self) -> float:
        """The difference of the median accuracies."""
        return self.pair.first.median - self.pair.second.median

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The bootstrap interval of the gap."""
        return interval(self.pair.first.accuracies, self.pair.second.accuracies)

    @property
    def outcome(self) -> str:
        """One of :data:`OUTCOMES`."""
        better = self.pair.first if self.gap > 0 else self.pair.second
        if self.ceiling is not None and not works(self.ceiling.accuracies):
            return "no ceiling"
        if 2 * len(better.learnt) < better.seeds:
            return "not trained"
        low, high = self.interval
        if low >= LEAST_EFFECT:
            return "confirmed"
        if -LEAST_EFFECT < low and high < LEAST_EFFECT:
            return "equal"
        return "refuted" if high < LEAST_EFFECT else "open"


def comparisons(name: str, rows: Iterable[Row]) -> list[Comparison]:
    """What an experiment's claim comes to in numbers, as far as there are results.

    Raises:
        ValueError: for an unknown experiment.

    >>> from dsf_theory.experiments.ours import EASY, ours
    >>> trials = ours([EASY], ["linear_attention_elu"], [32], [2, 4], 10, [0.01])
    >>> rows = [Row(trial=t, accuracy=0.1 * t.architecture.n + 0.01 * t.seed) for t in trials]
    >>> [(found.words, round(found.gap, 3), found.outcome) for found in comparisons("state-expansion", rows)]
    [('linear attention, ELU + 1: n = 4 over n = 2', 0.2, 'confirmed')]
    """
    checks.choice("name", name, tuple(CLAIMED))
    found = summary(rows)
    ceilings = ceilings_of(found) if experiment(name).ceiling else {}
    return [Comparison(pair, ceilings.get(pair.first.task)) for pair in CLAIMED[name](found)]


def ceilings_of(found: Iterable[Summary]) -> dict:
    """Task -> the summary of softmax attention that masters it best."""
    best: dict = {}
    for one in found:
        if one.variant.mixer == "softmax_attention":
            best[one.task] = max(best.get(one.task, one), one, key=lambda each: sorted(each.accuracies))
    return best


def verdict(found: Iterable[Comparison]) -> str:
    """What comparisons come to, in a sentence.

    >>> verdict([])
    'No results to compare.'
    """
    return sentence([one.outcome for one in found])


def sentence(outcomes: list[str]) -> str:
    """What the outcomes of comparisons come to.

    >>> sentence(["confirmed", "equal", "equal"])
    'Confirmed in part. Of 3 comparisons: 1 confirmed, 2 equal within five points.'
    >>> sentence(["refuted"])
    'Refuted.'
    """
    if not outcomes:
        return "No results to compare."
    count, head = Counter(outcomes), headline(outcomes)
    if set(outcomes) == {head.lower()}:
        return f"{head} in all of {len(outcomes)} comparisons." if len(outcomes) > 1 else f"{head}."
    words = {"equal": "equal within five points"}
    parts = [f"{count[one]} {words.get(one, one)}" for one in OUTCOMES if count[one]]
    return f"{head}. Of {len(outcomes)} comparison{'s' * (len(outcomes) > 1)}: {', '.join(parts)}."


def headline(outcomes: Iterable[str]) -> str:
    """The verdict on a claim in a word or three, by the comparisons that decide something."""
    decided = [one for one in outcomes if one in ("confirmed", "equal", "refuted")]
    if not decided:
        return "Open"
    if "confirmed" not in decided:
        return "Refuted"
    return "Confirmed" if decided.count("confirmed") == len(decided) else "Confirmed in part"
