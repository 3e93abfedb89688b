"""Whether results bear out what the paper says of an experiment: comparisons that can come out either way.

A claim is a list of comparisons "this model above that one". One is *seen* where every seed of the first lies above
every seed of the second, *reversed* where every seed lies below, and *open* where seeds overlap. If two models were
alike, three seeds of one would lie above three of the other once in twenty times. Some seeds stay at the accuracy of
guessing, :func:`stuck`. A comparison is *learnt* where they alone are why seeds overlap, and most of both learnt.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from dsf_theory.arrays import checks
from dsf_theory.experiments.ours import COMPARED, ETAS
from dsf_theory.experiments.results import summary
from dsf_theory.models import MODELS

SOFTMAX, NORM, LINEAR, S6, SSD = (MODELS[name].title for name in COMPARED)
QLSTM, REVERSED = MODELS["qlstm"].title, MODELS["qlstm_rev"].title

OUTCOMES = ("seen", "learnt", "open", "reversed")


class Comparison(NamedTuple):
    """Two groups of runs, of which the paper has the first above the second.

    Attributes:
        words: what is compared.
        gap: the difference of the mean accuracies.
        outcome: one of :data:`OUTCOMES`.
    """

    words: str
    gap: float
    outcome: str


def comparisons(name: str, rows: Iterable[dict]) -> list[Comparison]:
    """What an experiment's claim comes to in numbers, as far as there are results.

    Raises:
        ValueError: for an unknown experiment.

    >>> row = {
    ...     "task": "MQAR, 4 pairs",
    ...     "d": 32,
    ...     "rate": 0.01,
    ...     "model": "linear attention",
    ...     "state_size": 9,
    ...     "seconds": 1,
    ... }
    >>> rows = [row | {"n": n, "seed": k, "accuracy": 0.1 * n + 0.01 * k} for n in (2, 4) for k in range(3)]
    >>> [(found.words, round(found.gap, 3), found.outcome) for found in comparisons("state-expansion", rows)]
    [('linear attention: n = 4 over n = 2', 0.2, 'seen')]
    """
    checks.choice("name", name, tuple(CLAIMED))
    found = summary(rows)
    return [judged(words, first, second) for words, first, second in CLAIMED[name](found)]


def judged(words: str, first: dict, second: dict) -> Comparison:
    """One comparison, of two summaries."""
    outcome, gap = "open", first["accuracy"] - second["accuracy"]
    higher, lower = (learnt(one) for one in (first, second))
    if first["least"] > second["greatest"]:
        outcome = "seen"
    elif first["greatest"] < second["least"]:
        outcome = "reversed"
    elif gap > 0 and most(first) and most(second) and min(higher) > max(lower):
        outcome = "learnt"
    return Comparison(words, gap, outcome)


def stuck(accuracy: float, guessing: float | None) -> bool:
    """Whether a run does little better than guessing, by less than a twentieth of what is left.

    >>> stuck(0.28, 0.25), stuck(0.3, 0.25), stuck(0.1, None)
    (True, False, False)
    """
    return guessing is not None and accuracy < guessing + 0.05 * (1 - guessing)


def learnt(one: dict) -> list[float]:
    """The accuracies of a summary that are better than guessing."""
    return [accuracy for accuracy in one["accuracies"] if not stuck(accuracy, one["guessing"])]


def most(one: dict) -> bool:
    """Whether more than half of the seeds learnt."""
    return 2 * len(learnt(one)) > one["seeds"]


def verdict(found: list[Comparison]) -> str:
    """What comparisons come to, in a sentence.

    >>> verdict([Comparison("a over b", 0.2, "seen"), Comparison("b over c", 0.1, "open")])
    'Confirmed in 1 of 2 comparisons; seeds overlap in 1.'
    >>> verdict([Comparison("a over b", -0.2, "reversed")])
    'Not confirmed: 0 of 1 comparison; the other way round in 1.'
    """
    if not found:
        return "No results to compare."
    seen, some, open_, reversed_ = (sum(one.outcome == outcome for one in found) for outcome in OUTCOMES)
    if seen == len(found):
        return f"Confirmed in all of {len(found)} comparisons." if seen > 1 else "Confirmed."
    of = f"{seen} of {len(found)} comparison{'s' * (len(found) > 1)}"
    parts = [f"Confirmed in {of}" if seen else f"Not confirmed: {of}"]
    parts += [f"in {some} if seeds that stay at guessing are left out"] if some else []
    parts += [f"seeds overlap in {open_}"] if open_ else []
    parts += [f"the other way round in {reversed_}"] if reversed_ else []
    return "; ".join(parts) + "."


# -------------------------------------------------------------------- what is claimed


def expansion(found: list[dict]):
    """More states are better, each time; softmax attention is better than the least."""
    linear, softmax = of(found, LINEAR), of(found, SOFTMAX)
    for few, more in pairwise(linear):
        yield f"{LINEAR}: n = {more['n']} over n = {few['n']}", more, few
    if linear and softmax:
        few, keys = linear[0], softmax[-1]
        yield f"{SOFTMAX}, n = {keys['n']}, over {LINEAR}, n = {few['n']}", keys, few


def between(found: list[dict]):
    """S6 and SSD between linear and softmax attention, normalised attention above linear attention, at each d."""
    pairs = [(S6, LINEAR), (SSD, LINEAR), (SOFTMAX, S6), (SOFTMAX, SSD), (NORM, LINEAR)]
    for first, second in pairs:
        yield from alike(found, first, second, "d")


def gates(found: list[dict]):
    """The reversed sigmoid better at each length."""
    yield from alike(found, REVERSED, QLSTM, "task", "reversed sigmoid over sigmoid")


def normalisers(found: list[dict]):
    """The exponential above the others, at each n."""
    named = {eta: f"{NORM}, η = {eta}" for eta in ETAS}
    for other in ETAS[1:]:
        yield from alike(found, named["exp"], named[other], "n", f"exp over {other}")


def replaced(found: list[dict]):
    """More states are better, and few channels of many states better than many channels of few, in each task."""
    for task in tasks(found):
        cells = {(one["d"], one["n"]): one for one in found if one["task"] == task}
        ds, ns = (sorted({size[axis] for size in cells}) for axis in (0, 1))
        for d in ds:
            if {(d, ns[0]), (d, ns[-1])} <= set(cells):
                words = f"{task}, d = {d}: n = {ns[-1]} over n = {ns[0]}"
                yield words, cells[d, ns[-1]], cells[d, ns[0]]
        if len(ds) > 1 and {(ds[0], ns[-1]), (ds[-1], ns[0])} <= set(cells):
            words = f"{task}: d = {ds[0]}, n = {ns[-1]} over d = {ds[-1]}, n = {ns[0]}"
            yield words, cells[ds[0], ns[-1]], cells[ds[-1], ns[0]]


def longer(found: list[dict]):
    """The state space models above attention; normalised attention and the reversed sigmoid above their originals."""
    pairs = [(S6, SOFTMAX), (S6, LINEAR), (SSD, SOFTMAX), (SSD, LINEAR), (NORM, LINEAR)]
    for first, second in pairs:
        yield from alike(found, first, second, "task")
    yield from alike(found, REVERSED, QLSTM, "task", f"{QLSTM}, reversed sigmoid over sigmoid")


CLAIMED = {
    "state-expansion": expansion,
    "models": between,
    "reversed-sigmoid": gates,
    "normalisers": normalisers,
    "heat-map": replaced,
    "sequences": longer,
}
"""Experiment -> the comparisons that its claim comes to."""


def of(found: list[dict], model: str) -> list[dict]:
    """The summaries of a model, fewest states first."""
    return sorted((one for one in found if one["model"] == model), key=lambda one: one["n"])


def tasks(found: list[dict]) -> list[str]:
    """The tasks, shortest first."""
    return sorted({one["task"] for one in found}, key=in_order)


def in_order(task: str) -> tuple:
    """A key that sorts tasks by name and then by their size.

    >>> sorted(["MQAR, 16 pairs", "MQAR, 8 pairs"], key=in_order)
    ['MQAR, 8 pairs', 'MQAR, 16 pairs']
    """
    name, _, size = task.partition(", ")
    return name, int(size.split()[0]) if size else 0


def alike(found: list[dict], first: str, second: str, axis: str, words: str = ""):
    """Two models compared wherever they differ in nothing else but their learning rate."""
    for one in sorted(found, key=lambda one: (in_order(one["task"]), one["d"], one["n"])):
        for other in found:
            same = all(one[name] == other[name] for name in ("task", "d", "n"))
            if same and (one["model"], other["model"]) == (first, second):
                where = one["task"] if axis == "task" else f"{axis} = {one[axis]}"
                yield f"{where}: {words or f'{first} over {second}'}", one, other
