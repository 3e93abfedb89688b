"""Generated tasks of recall: MQAR, selective copying, induction heads."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dsf_theory.arrays import checks
from dsf_theory.tasks.base import Batch, Task, label_at, no_labels


@dataclass(frozen=True, kw_only=True)
class MQAR(Task):
    """Multi-query associative recall: key-value pairs, then each key once more, to be answered by its value.

    ``P(gap = g) ∝ (g + 1)^(power - 1)``, g = 0, ..., (length - 2 pairs) / 2 - 1: key p comes back at step
    ``2 pairs + 2 gap_p``, and has its value as label there. Gaps are drawn one after another without replacement,
    for the first key first. Keys are different tokens of the first half of the vocabulary, token 0 excepted, and
    values different tokens of the second half, all equally likely. Every other step holds token 0.

    Args:
        split: which stream of random numbers.
        length: steps, an even number, at least ``4 pairs``.
        pairs: key-value pairs.
        vocabulary: tokens, more than ``length``.
        power: 1 for gaps that are all equally likely; the smaller, the more queries come early.
        filler: put random tokens of the whole vocabulary where there would be token 0.

    Raises:
        ValueError: for sizes that do not fit.

    Source: Arora, Eyuboglu, Timalsina, Johnson, Poli, Zou, Rudra, Ré, "Zoology: Measuring and Improving Recall in
    Efficient Language Models", 2023 (arXiv 2312.04927), and its code, ``multiquery_ar`` (``power`` is its
    ``power_a``, ``filler`` its ``random_non_queries``, which the DSF paper's experiments turn off).

    >>> MQAR(length=8, pairs=2, vocabulary=12).batch(seed=0, rows=1)
    Batch(inputs=array([[2, 7, 1, 8, 2, 0, 1, 0]]),
          labels=array([[-100, -100, -100, -100,    7, -100,    8, -100]]))
    """

    length: int = 64
    pairs: int = 4
    vocabulary: int = 8192
    power: float = 0.01
    filler: bool = False

    name: ClassVar[str] = "mqar"
    title: ClassVar[str] = "MQAR"

    def __post_init__(self):
        super().__post_init__()
        checks.positive_size(length=self.length, pairs=self.pairs, vocabulary=self.vocabulary)
        if self.length % 2:
            raise ValueError(f"length: expected an even number, found {self.length}")
        at_least("length", self.length, 4 * self.pairs, f"4 pairs = {4 * self.pairs}")
        at_least("vocabulary", self.vocabulary, self.length + 1, f"length + 1 = {self.length + 1}")
        if not 0 < self.power <= 1:
            raise ValueError(f"power: expected a number in (0, 1], found {self.power!r}")

    @property
    def classes(self) -> int:
        """Any token may be a label."""
        return self.vocabulary

    @property
    def labels_per_row(self) -> int:
        """Each key is asked for once."""
        return self.pairs

    @property
    def difficulty(self) -> int:
        """How many pairs there are to remember."""
        return self.pairs

    @property
    def label(self) -> str:
        """The title and the number of pairs."""
        return f"{self.title}, {self.pairs} pairs"

    @property
    def guessing(self) -> float:
        """One of the values of the row is right."""
        return 1 / self.pairs

    def draw(self, rng: np.random.Generator, rows: int) -> Batch:
        """See the class."""
        context, half = 2 * self.pairs, self.vocabulary // 2
        keys = 1 + distinct(rng, half - 1, self.pairs, rows)
        values = half + distinct(rng, self.vocabulary - half, self.pairs, rows)
        query = context + 2 * self.gaps(rng, rows)
        inputs, labels = np.zeros((rows, self.length), np.int64), no_labels(rows, self.length)
        inputs[:, 0:context:2], inputs[:, 1:context:2] = keys, values
        np.put_along_axis(inputs, query, keys, axis=1)
        np.put_along_axis(labels, query, values, axis=1)
        if self.filler:
            np.copyto(inputs, rng.integers(self.vocabulary, size=inputs.shape), where=inputs == 0)
        return Batch(inputs, labels)

    def gaps(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        """(rows, pairs): the gap of each key, different within a row.

        The order in which exponential clocks with rates p ring is a sample without replacement from p.
        Source: Efraimidis, Spirakis, "Weighted random sampling with a reservoir", 2006.
        """
        rate = np.arange(1, (self.length - 2 * self.pairs) // 2 + 1) ** (self.power - 1.0)
        clocks = rng.standard_exponential((rows, rate.size)) / rate
        return np.argsort(clocks, axis=1)[:, : self.pairs]


@dataclass(frozen=True, kw_only=True)
class SelectiveCopying(Task):
    """Selective copying: data tokens at random steps among noise, then markers, where they are to be said in order.

    ``length = noise + 2 tokens``. Noise is token 0, the marker is the last token of the vocabulary, data tokens are
    those between, all equally likely and drawn with replacement; so are the sets of steps that they stand at.

    Args:
        split: which stream of random numbers.
        length: steps; Gu and Dao have 4096 of noise and data.
        tokens: how many to remember.
        vocabulary: tokens, noise and marker included.

    Raises:
        ValueError: for sizes that do not fit.

    Source: Gu, Dao, "Mamba", 2023 (arXiv 2312.00752), sections 3.1 and 4.1.1; the S4 repository's
    ``copying.py`` with ``variable=True``.

    >>> SelectiveCopying(length=8, tokens=2, vocabulary=5).batch(seed=0, rows=1)
    Batch(inputs=array([[1, 0, 0, 0, 2, 0, 4, 4]]),
          labels=array([[-100, -100, -100, -100, -100, -100,    1,    2]]))
    """

    length: int = 256
    tokens: int = 16
    vocabulary: int = 16

    name: ClassVar[str] = "selective_copying"

    def __post_init__(self):
        super().__post_init__()
        checks.positive_size(length=self.length, tokens=self.tokens, vocabulary=self.vocabulary)
        at_least("length", self.length, 2 * self.tokens, f"2 tokens = {2 * self.tokens}")
        at_least("vocabulary", self.vocabulary, 3, "3 (noise, data, marker)")

    @property
    def classes(self) -> int:
        """As many as tokens; noise and marker are never labels."""
        return self.vocabulary

    @property
    def labels_per_row(self) -> int:
        """Each data token is to be said once."""
        return self.tokens

    def draw(self, rng: np.random.Generator, rows: int) -> Batch:
        """See the class."""
        data = rng.integers(1, self.vocabulary - 1, size=(rows, self.tokens))
        steps = np.sort(distinct(rng, self.length - self.tokens, self.tokens, rows), axis=1)
        inputs, labels = np.zeros((rows, self.length), np.int64), no_labels(rows, self.length)
        np.put_along_axis(inputs, steps, data, axis=1)
        inputs[:, -self.tokens :], labels[:, -self.tokens :] = self.vocabulary - 1, data
        return Batch(inputs, labels)


@dataclass(frozen=True, kw_only=True)
class InductionHeads(Task):
    """Induction heads: a special token among random ones, and once more at the end: what came after it before?

    The special token is the last of the vocabulary. It stands at a step of 0, ..., length - 4 and at the last one;
    the others are equally likely everywhere.

    Args:
        split: which stream of random numbers.
        length: steps.
        vocabulary: tokens, the special one included.

    Raises:
        ValueError: for sizes that do not fit.

    Source: Fu, Dao, Saab, Thomas, Rudra, Ré, "Hungry Hungry Hippos", 2022 (arXiv 2212.14052), section 3.1, with the
    code of the safari repository, ``generate_induction_head``; Gu, Dao, "Mamba", section 4.1.2.

    >>> InductionHeads(length=8, vocabulary=6).batch(seed=0, rows=1)
    Batch(inputs=array([[0, 2, 4, 4, 5, 2, 0, 5]]),
          labels=array([[-100, -100, -100, -100, -100, -100, -100,    2]]))
    """

    length: int = 256
    vocabulary: int = 17

    name: ClassVar[str] = "induction_heads"

    def __post_init__(self):
        super().__post_init__()
        checks.positive_size(length=self.length, vocabulary=self.vocabulary)
        at_least("length", self.length, 4, "4")
        at_least("vocabulary", self.vocabulary, 2, "2 (one token beside the special one)")

    @property
    def classes(self) -> int:
        """As many as tokens; the special one is never a label."""
        return self.vocabulary

    @property
    def guessing(self) -> float:
        """All tokens but the special one are equally likely."""
        return 1 / (self.vocabulary - 1)

    def draw(self, rng: np.random.Generator, rows: int) -> Batch:
        """See the class."""
        row, special = np.arange(rows), self.vocabulary - 1
        inputs = rng.integers(special, size=(rows, self.length))
        step = rng.integers(self.length - 3, size=rows)
        inputs[row, step] = inputs[:, -1] = special
        return Batch(inputs, label_at(-1, inputs[row, step + 1], self.length))


def distinct(rng: np.random.Generator, n: int, k: int, rows: int) -> np.ndarray:
    """(rows, k): different numbers of 0, ..., n - 1 in random order, every such row equally likely.

    All are drawn with replacement, and those that stand further left in their row already are drawn again, until
    there are none: a rule that treats all numbers alike. It costs nothing that grows with n; where it would take
    many rounds, rows of all n numbers are shuffled.

    >>> np.sort(distinct(np.random.default_rng(0), 3, 3, 2), axis=1)
    array([[0, 1, 2],
           [0, 1, 2]])
    """
    if 8 * k > n:
        return rng.permuted(np.broadcast_to(np.arange(n), (rows, n)), axis=1)[:, :k]
    drawn, unsure = rng.integers(n, size=(rows, k)), np.arange(rows)
    while len(unsure):
        ranked, place = np.divmod(np.sort(drawn[unsure] * k + np.arange(k), axis=1), k)
        row, again = np.nonzero(ranked[:, 1:] == ranked[:, :-1])
        drawn[unsure[row], place[row, again + 1]] = rng.integers(n, size=len(row))
        unsure = unsure[np.unique(row)]
    return drawn


def at_least(name: str, size: int, smallest: int, meaning: str) -> None:
    """Refuse a size that is too small for the others.

    Raises:
        ValueError: naming the size and what it must reach.
    """
    if size < smallest:
        raise ValueError(f"{name}: expected at least {meaning}, found {size}")
