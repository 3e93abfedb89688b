"""Verdicts: whether results bear out what the paper says of an experiment, by comparisons that can come out either way.

A claim is a list of comparisons "this model above that one". One is *seen* where every seed of the first lies above
every seed of the second, *reversed* where every seed lies below, and *open* where seeds overlap. If two models were
alike, three seeds of one would lie above three of the other once in twenty times. Some seeds stay at the accuracy of
guessing. A comparison is *learnt* where they alone are why seeds overlap, and most of both learnt.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from dsf_theory.arrays import checks
from dsf_theory.experiments.ours import COMPARED, ETAS
from dsf_theory.experiments.records import Row, Summary, summary
from dsf_theory.tasks import Task
from dsf_theory.training.architecture import Variant

SOFTMAX, NORM, LINEAR, S6, SSD = map(Variant, COMPARED)
QLSTM, REVERSED = Variant("qlstm"), Variant("qlstm_rev")

OUTCOMES = ("seen", "learnt", "open", "reversed")


@dataclass(frozen=True)
class Comparison:
    """Two summaries, of which the paper has the first above the second.

    Attributes:
        first: the one that the paper has above.
        second: the other.
        by: in what the two differ: ``"variant"``, ``"d"`` or ``"n"``.
        at: what tells them, together, from other comparisons of the same kind.
    """

    first: Summary
    second: Summary
    by: tuple[str, ...]
    at: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """The difference of the mean accuracies."""
        return self.first.accuracy - self.second.accuracy

    @property
    def outcome(self) -> str:
        """One of :data:`OUTCOMES`."""
        first, second = self.first, self.second
        if min(first.accuracies) > max(second.accuracies):
            return "seen"
        if max(first.accuracies) < min(second.accuracies):
            return "reversed"
        most = all(2 * len(one.learnt) > one.seeds for one in (first, second))
        return "learnt" if self.gap > 0 and most and min(first.learnt) > max(second.learnt) else "open"

    @property
    def words(self) -> str:
        """What is compared, for a reader."""
        head, first, second = (
            ", ".join(named(one, name) for name in names)
            for one, names in ((self.first, self.at), (self.first, self.by), (self.second, self.by))
        )
        return f"{head}: {first} over {second}" if head else f"{first} over {second}"


def named(one: Summary, name: str) -> str:
    """What a reader is told of a task, a model or a size of a summary."""
    value = getattr(one, name)
    return f"{name} = {value}" if isinstance(value, int) else value.label


def comparisons(name: str, rows: Iterable[Row]) -> list[Comparison]:
    """What an experiment's claim comes to in numbers, as far as there are results.

    Raises:
        ValueError: for an unknown experiment.

    >>> from dsf_theory.experiments.ours import EASY, ours
    >>> trials = ours([EASY], ["linear_attention"], [32], [2, 4], 10, [0.01])
    >>> rows = [Row(trial=t, accuracy=0.1 * t.architecture.n + 0.01 * t.seed) for t in trials]
    >>> [(found.words, round(found.gap, 3), found.outcome) for found in comparisons("state-expansion", rows)]
    [('linear attention: n = 4 over n = 2', 0.2, 'seen')]
    """
    checks.choice("name", name, tuple(CLAIMED))
    return list(CLAIMED[name](summary(rows)))


def verdict(found: Iterable[Comparison]) -> str:
    """What comparisons come to, in a sentence.

    >>> verdict([])
    'No results to compare.'
    """
    return sentence([one.outcome for one in found])


def sentence(outcomes: list[str]) -> str:
    """What the outcomes of comparisons come to.

    >>> sentence(["seen", "open"])
    'Confirmed in 1 of 2 comparisons; seeds overlap in 1.'
    >>> sentence(["reversed"])
    'Not confirmed: 0 of 1 comparison; the other way round in 1.'
    """
    if not outcomes:
        return "No results to compare."
    count, total = Counter(outcomes), len(outcomes)
    if count["seen"] == total:
        return f"Confirmed in all of {total} comparisons." if total > 1 else "Confirmed."
    of = f"{count['seen']} of {total} comparison{'s' * (total > 1)}"
    parts = [f"Confirmed in {of}" if count["seen"] else f"Not confirmed: {of}"]
    for outcome, words in (
        ("learnt", "in {} if seeds that stay at guessing are left out"),
        ("open", "seeds overlap in {}"),
        ("reversed", "the other way round in {}"),
    ):
        parts += [words.format(count[outcome])] if count[outcome] else []
    return "; ".join(parts) + "."


# -------------------------------------------------------------------- what is claimed


def expansion(found: list[Summary]) -> Iterator[Comparison]:
    """More states are better, each time; softmax attention is better than the least."""
    linear, softmax = of(found, LINEAR), of(found, SOFTMAX)
    for few, more in pairwise(linear):
        yield Comparison(more, few, by=("n",), at=("variant",))
    if linear and softmax:
        yield Comparison(softmax[-1], linear[0], by=("variant", "n"))


def between(found: list[Summary]) -> Iterator[Comparison]:
    """S6 and SSD between linear and softmax attention, normalised attention above linear attention, at each d."""
    for first, second in ((S6, LINEAR), (SSD, LINEAR), (SOFTMAX, S6), (SOFTMAX, SSD), (NORM, LINEAR)):
        yield from alike(found, first, second, "d")


def gates(found: list[Summary]) -> Iterator[Comparison]:
    """The reversed sigmoid better at each length."""
    yield from alike(found, REVERSED, QLSTM, "task")


def normalisers(found: list[Summary]) -> Iterator[Comparison]:
    """The exponential above the others, at each n."""
    exponential, *others = (Variant(NORM.mixer, (("eta", eta),)) for eta in ETAS)
    for other in others:
        yield from alike(found, exponential, other, "n")


def replaced(found: list[Summary]) -> Iterator[Comparison]:
    """More states are better, and few channels of many states better than many channels of few, in each task."""
    for task in tasks(found):
        cells = {(one.d, one.n): one for one in found if one.task == task}
        ds, ns = (sorted({size[axis] for size in cells}) for axis in (0, 1))
        for d in ds:
            if len(ns) > 1 and {(d, ns[0]), (d, ns[-1])} <= set(cells):
                yield Comparison(cells[d, ns[-1]], cells[d, ns[0]], by=("n",), at=("task", "d"))
        if len(ds) > 1 and {(ds[0], ns[-1]), (ds[-1], ns[0])} <= set(cells):
            yield Comparison(cells[ds[0], ns[-1]], cells[ds[-1], ns[0]], by=("d", "n"), at=("task",))


def longer(found: list[Summary]) -> Iterator[Comparison]:
    """The state space models above attention; normalised attention and the reversed sigmoid above their originals."""
    pairs = [(S6, SOFTMAX), (S6, LINEAR), (SSD, SOFTMAX), (SSD, LINEAR), (NORM, LINEAR), (REVERSED, QLSTM)]
    for first, second in pairs:
        yield from alike(found, first, second, "task")


CLAIMED = {
    "state-expansion": expansion,
    "models": between,
    "reversed-sigmoid": gates,
    "normalisers": normalisers,
    "heat-map": replaced,
    "sequences": longer,
}
"""Experiment -> the comparisons that its claim comes to."""


def of(found: list[Summary], variant: Variant) -> list[Summary]:
    """The summaries of a model, fewest states first."""
    return sorted((one for one in found if one.variant == variant), key=lambda one: one.n)


def tasks(found: list[Summary]) -> list[Task]:
    """The tasks, in the order of the summaries."""
    return list(dict.fromkeys(one.task for one in found))


def alike(found: list[Summary], first: Variant, second: Variant, axis: str) -> Iterator[Comparison]:
    """Two models compared wherever they differ in nothing else but their learning rate."""
    others = {(one.task, one.d, one.n): one for one in found if one.variant == second}
    for one in found:
        other = others.get((one.task, one.d, one.n))
        if one.variant == first and other is not None:
            yield Comparison(one, other, by=("variant",), at=(axis,))
