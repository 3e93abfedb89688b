"""The task ``listops``: nested operators on lists of digits, grown and evaluated for many rows at once."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from dsf_theory.arrays import checks
from dsf_theory.tasks.base import Batch, Task, label_at

SYMBOLS = ("", *map(str, range(10)), "[MIN", "[MAX", "[MED", "[SM", "]")
"""Symbol of each token; token 0 fills rows up."""

ZERO, OPERATOR, END = SYMBOLS.index("0"), SYMBOLS.index("[MIN"), SYMBOLS.index("]")
TOKENS = {symbol: token for token, symbol in enumerate(SYMBOLS) if symbol}
ATTEMPTS = 2**17


@dataclass(frozen=True, kw_only=True)
class ListOps(Task):
    """ListOps: the value, 0 to 9, of an expression such as ``[MAX 2 9 [MIN 4 7 ] 0 ]``.

    A node is an operator with probability 1/4, and a digit otherwise, or where its depth is ``depth``. The operator
    is minimum, maximum, median (rounded down) or sum modulo 10, and has 2 to ``arguments`` arguments. All choices
    are equally likely. Expressions are kept if ``minimum < tokens < length``; rows are filled up with token 0, and
    the label is at the last token of the expression.

    Args:
        split: which stream of random numbers.
        length: steps; expressions are shorter.
        minimum: expressions are longer.
        depth: of the tree; a single digit has depth 1.
        arguments: of one operator, at most.

    Raises:
        ValueError: for sizes that do not fit.

    Source: Nangia, Bowman, "ListOps", 2018 (arXiv 1804.06028), as the Long Range Arena has it: Tay et al., 2020
    (arXiv 2011.04006), section 2.2.1 and ``lra_benchmarks/data/listops.py``, whose sizes are the defaults. (The
    parentheses of its files are no tokens of its models, and are none here.)

    >>> batch = ListOps(length=16, minimum=8, depth=3, arguments=4).batch(seed=0, rows=1)
    >>> expression(batch.inputs[0]), int(batch.labels.max())
    ('[MIN 8 [MIN 4 9 0 9 ] 9 [MIN 0 0 8 ] ]', 0)
    """

    length: int = 2000
    minimum: int = 500
    depth: int = 10
    arguments: int = 10

    name: ClassVar[str] = "listops"
    title: ClassVar[str] = "ListOps"
    vocabulary: ClassVar[int] = len(SYMBOLS)
    classes: ClassVar[int] = 10

    def __post_init__(self):
        super().__post_init__()
        checks.positive_size(
            length=self.length, minimum=self.minimum, depth=self.depth, arguments=self.arguments
        )
        if self.arguments < 2:
            raise ValueError(f"arguments: expected at least 2, found {self.arguments}")

    def draw(self, rng: np.random.Generator, rows: int) -> Batch:
        """See the class."""
        inputs, classes = np.zeros((rows, self.length), np.int64), np.empty(rows, np.int64)
        trees, tried, done = min(16 * rows, 4096), 0, 0
        while done < rows:
            levels = grow(rng, trees, self.depth, self.arguments)
            sizes = spans(levels)
            fits = np.flatnonzero((self.minimum < sizes[0]) & (sizes[0] < self.length))[: rows - done]
            row = np.full(trees, -1)
            row[fits] = np.arange(done, done + len(fits))
            write(inputs, row, levels, sizes)
            classes[row[fits]] = values(levels)[fits]
            tried, trees, done = tried + trees, min(2 * trees, 4096), done + len(fits)
            if tried > ATTEMPTS and not done:
                raise ValueError(
                    f"minimum, length: expected sizes that expressions of depth={self.depth} and "
                    f"arguments={self.arguments} have, found none of {tried:,} between {self.minimum} and {self.length}"
                )
        return Batch(inputs, label_at((inputs > 0).sum(axis=1) - 1, classes, self.length))


class Level(NamedTuple):
    """The nodes of one depth of many trees, the arguments of one operator side by side.

    Attributes:
        tree: (nodes,): the tree of each.
        parent: (nodes,): its operator, an index into the level above.
        arguments: (nodes,): how many it has; a digit has none.
        symbol: (nodes,): which digit, or which operator.
    """

    tree: np.ndarray
    parent: np.ndarray
    arguments: np.ndarray
    symbol: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """(nodes,): index of the first argument of each in the level below."""
        return np.cumsum(self.arguments) - self.arguments


def grow(rng: np.random.Generator, trees: int, depth: int, arguments: int) -> list[Level]:
    """Random trees, from the roots down; the last level has digits only."""
    levels, tree, parent = [], np.arange(trees), np.arange(trees)
    while len(tree):
        nodes = len(tree)
        operator = (rng.random(nodes) < 0.25) & (len(levels) + 1 < depth)
        count = np.where(operator, rng.integers(2, arguments + 1, size=nodes), 0)
        symbol = np.where(operator, rng.integers(4, size=nodes), rng.integers(10, size=nodes))
        levels.append(Level(tree, parent, count, symbol))
        parent = np.repeat(np.arange(nodes), count)
        tree = tree[parent]
    return levels


def spans(levels: list[Level]) -> list[np.ndarray]:
    """How many tokens each node takes, arguments and bracket included."""
    sizes = [np.where(level.arguments > 0, 2, 1) for level in levels]
    for above, level, size in zip(sizes[-2::-1], levels[:0:-1], sizes[:0:-1], strict=True):
        above += np.bincount(level.parent, size, len(above)).astype(above.dtype)
    return sizes


def write(inputs: np.ndarray, row: np.ndarray, levels: list[Level], sizes: list[np.ndarray]) -> None:
    """Write tree t into row ``row[t]``, if that is not negative."""
    start, above = np.zeros_like(sizes[0]), None
    for level, size in zip(levels, sizes, strict=True):
        if above is not None:
            before = np.cumsum(size) - size
            start = start[level.parent] + 1 + before - before[above.first[level.parent]]
        at, operator = row[level.tree], level.arguments > 0
        kept, ends = at >= 0, operator & (at >= 0)
        inputs[at[kept], start[kept]] = (np.where(operator, OPERATOR, ZERO) + level.symbol)[kept]
        inputs[at[ends], (start + size - 1)[ends]] = END
        above = level


def values(levels: list[Level]) -> np.ndarray:
    """(trees,): the value of each tree."""
    below = levels[-1].symbol
    for level in levels[-2::-1]:
        operator = level.arguments > 0
        count, first = level.arguments[operator], level.first[operator]
        list_of = np.repeat(np.arange(len(count)), count)
        ranked = np.sort(10 * list_of + below) % 10  # each list in order, the lists still side by side
        middle = ranked[first + (count - 1) // 2] + ranked[first + count // 2]
        results = (ranked[first], ranked[first + count - 1], middle // 2, np.add.reduceat(below, first) % 10)
        below = level.symbol.copy()
        below[operator] = np.choose(level.symbol[operator], results)
    return below


def expression(tokens: np.ndarray) -> str:
    """The expression that a row of tokens spells."""
    return " ".join(SYMBOLS[token] for token in tokens if token)


def tokenise(text: str) -> np.ndarray:
    """The tokens of an expression; parentheses are left out.

    Raises:
        ValueError: for a symbol that is none of ListOps.

    >>> expression(tokenise("( ( ( [MAX 2 ) 9 ) ] )"))
    '[MAX 2 9 ]'
    """
    symbols = text.replace("(", " ").replace(")", " ").split()
    if unknown := set(symbols) - set(TOKENS):
        raise ValueError(f"text: expected symbols of ListOps, found {min(unknown)!r}")
    return np.array([TOKENS[symbol] for symbol in symbols], np.int64)
