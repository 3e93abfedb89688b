"""What each experiment claims, as pairs of summaries of which the first is claimed to be above the second."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from dsf_theory.experiments.ours import COMPARED, ETAS, GATES
from dsf_theory.experiments.records import Summary
from dsf_theory.tasks import Task
from dsf_theory.training.architecture import Variant

SOFTMAX, NORM, LINEAR, S6, SSD = map(Variant, COMPARED)
QLSTM, REVERSED = map(Variant, GATES)
PLAIN = Variant("linear_attention")
UNDIVIDED = Variant("separable_attention", (("eta", "one"),))
NORM_ELU = Variant("norm_attention", (("feature_map", "elu_plus_one"),))


@dataclass(frozen=True)
class Pair:
    """Two summaries, of which the first is claimed to be above the second.

    Attributes:
        first, second: the summaries.
        by: in what the two differ: ``"variant"``, ``"d"`` or ``"n"``.
        at: what tells them, together, from other pairs of the same kind.
    """

    first: Summary
    second: Summary
    by: tuple[str, ...]
    at: tuple[str, ...] = ()

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


# -------------------------------------------------------------------- the paper's


def expansion(found: list[Summary]) -> Iterator[Pair]:
    """More states are better, until softmax attention is reached; softmax attention is better than the least."""
    for variant in (LINEAR, PLAIN):
        for few, more in pairwise(of(found, variant)):
            if (
                min(few.median, more.median) < 0.95
            ):  # where both are above, there is no room for the least effect
                yield Pair(more, few, by=("n",), at=("variant",))
    linear, softmax = of(found, LINEAR), of(found, SOFTMAX)
    if linear and softmax:
        yield Pair(softmax[-1], linear[0], by=("variant", "n"))


def between(found: list[Summary]) -> Iterator[Pair]:
    """S6 and SSD, with every start, between linear and softmax attention; normalised above linear attention."""
    yield from alike(found, NORM, LINEAR, "d")
    for variant in starts_of(found, "s6", "ssd"):
        yield from alike(found, variant, LINEAR, "d")
        yield from alike(found, SOFTMAX, variant, "d", equal=("task", "d"))


def gates(found: list[Summary]) -> Iterator[Pair]:
    """The reversed sigmoid better from each start."""
    for variant in starts_of(found, QLSTM.mixer):
        yield from alike(found, Variant(REVERSED.mixer, variant.options), variant, "task")


def normalisers(found: list[Summary]) -> Iterator[Pair]:
    """The exponential above the others, at each n."""
    exponential, *others = (Variant(NORM.mixer, (("eta", eta),)) for eta in ETAS)
    for other in others:
        yield from alike(found, exponential, other, "n")


def replaced(found: list[Summary]) -> Iterator[Pair]:
    """Of two cells that keep as many numbers, nd, the one of more states is better, in each task."""
    for task in tasks(found):
        cells = {(one.d, one.n): one for one in of(found, LINEAR) if one.task == task}
        for (d, n), wide in cells.items():
            narrow = cells.get((d // 2, 2 * n))
            if narrow is not None:
                yield Pair(narrow, wide, by=("d", "n"), at=("task",))


def longer(found: list[Summary]) -> Iterator[Pair]:
    """The state space models above attention; normalised attention and the reversed sigmoid above their originals."""
    for variant in starts_of(found, "s6", "ssd"):
        for other in (SOFTMAX, LINEAR):
            yield from alike(found, variant, other, "task")
    for first, second in ((NORM, LINEAR), (REVERSED, QLSTM)):
        yield from alike(found, first, second, "task")


# -------------------------------------------------------------------- why


def features(found: list[Summary]) -> Iterator[Pair]:
    """Normalised above linear attention; by features, with each normaliser that both can have; and by normalisers."""
    pairs = (
        (NORM, LINEAR),
        (PLAIN, UNDIVIDED),
        (NORM, NORM_ELU),
        (NORM, PLAIN),
        (NORM_ELU, UNDIVIDED),
        (NORM_ELU, LINEAR),
    )
    for first, second in pairs:
        yield from alike(found, first, second, "task")


def started(found: list[Summary]) -> Iterator[Pair]:
    """A memory of the row above the literature's start, and above one of two steps."""
    for mixer in ("s6", "ssd"):
        rest = starts_of(found, mixer)
        for task in tasks(found):
            long = Variant(mixer, (("memory", task.length),))
            for other in (Variant(mixer), Variant(mixer, (("memory", 2),))):
                if long in rest and other in rest:
                    yield from alike(found, long, other, "task")


def coupled(found: list[Summary]) -> Iterator[Pair]:
    """The coupled above the uncoupled, from each start."""
    for variant in starts_of(found, "ssd"):
        if ("coupled", False) not in variant.options:
            other = Variant("ssd", tuple(sorted((*variant.options, ("coupled", False)))))
            yield from alike(found, variant, other, "task")


CLAIMED: dict[str, Callable[[list[Summary]], Iterator[Pair]]] = {
    "state-expansion": expansion,
    "models": between,
    "reversed-sigmoid": gates,
    "normalisers": normalisers,
    "heat-map": replaced,
    "sequences": longer,
    "features": features,
    "starts": started,
    "coupling": coupled,
}
"""Experiment -> the comparisons that its claim comes to."""


# -------------------------------------------------------------------- which to compare


def of(found: list[Summary], variant: Variant) -> list[Summary]:
    """The summaries of a model, fewest states first."""
    return sorted((one for one in found if one.variant == variant), key=lambda one: one.n)


def tasks(found: list[Summary]) -> list[Task]:
    """The tasks, in the order of the summaries."""
    return list(dict.fromkeys(one.task for one in found))


def starts_of(found: list[Summary], *mixers: str) -> list[Variant]:
    """The models of some mixers, with every start."""
    return list(dict.fromkeys(one.variant for one in found if one.variant.mixer in mixers))


def alike(
    found: list[Summary],
    first: Variant,
    second: Variant,
    axis: str,
    equal: tuple[str, ...] = ("task", "d", "n"),
) -> Iterator[Pair]:
    """Two models compared wherever they are equal in some of task and sizes, whatever their learning rates."""
    others = {tuple(getattr(one, name) for name in equal): one for one in found if one.variant == second}
    for one in found:
        other = others.get(tuple(getattr(one, name) for name in equal))
        if one.variant == first and other is not None:
            yield Pair(one, other, by=("variant",), at=(axis,))
