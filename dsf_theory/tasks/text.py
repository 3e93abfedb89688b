"""The task ``text``, language modelling: the next character, byte or word of a text."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from dsf_theory.arrays import checks
from dsf_theory.tasks.base import SPLITS, Batch, Recorded, hub, within

UNITS = ("character", "byte", "word")
PARTS = dict(zip(SPLITS, ("train", "valid", "test"), strict=True))  # as WikiText's files are called


@dataclass(frozen=True, kw_only=True)
class LanguageModelling(Recorded):
    """Language modelling: windows of a text, in which each step is labelled with what comes next.

    ``labels[i] = inputs[i + 1]``. Batches take windows that begin anywhere; ``in_order`` takes them end to end.
    Characters are numbered from 1 as they sort, words as they first appear; 0 is one that is not in the training
    part. Words are what stands between blanks, with ``<eos>`` at the end of each line. Bytes are those of UTF-8.

    Args:
        split: which part of the text. A single text is cut in three: 80 %, 10 %, 10 %.
        corpus: ``"python"``, the documentation that Python's ``help()`` shows, each paragraph once (about 370,000
            characters, the text depends on the version of Python); ``"wikitext-103"``, through ``datasets``; the
            path of a text file in UTF-8; or of a folder with WikiText's published files (``wiki.train.tokens`` and
            so on, or ``.raw``) or in the layout of its repository on the Hugging Face hub.
        unit: ``"character"``, ``"byte"`` or ``"word"``.
        length: steps.

    Raises:
        ValueError: for an unknown unit, or a part that is shorter than a window.
        FileNotFoundError: if nothing has that path.

    Source: Merity, Xiong, Bradbury, Socher, "Pointer Sentinel Mixture Models", 2016 (arXiv 1609.07843), for
    WikiText-103.

    >>> task = LanguageModelling(length=32)
    >>> batch = task.batch(seed=0, rows=2)
    >>> batch.inputs.shape, bool((batch.inputs[:, 1:] == batch.labels[:, :-1]).all())
    ((2, 32), True)
    """

    corpus: str | Path = "python"
    unit: str = "character"
    length: int = 256

    name: ClassVar[str] = "text"

    def __post_init__(self):
        super().__post_init__()
        checks.choice("unit", self.unit, UNITS)
        checks.positive_size(length=self.length)

    @cached_property
    def tokens(self) -> np.ndarray:
        """(tokens,): the whole part of the text."""
        tokens = encoded(str(self.corpus), self.unit)[0][self.split]
        if len(tokens) <= self.length:
            raise ValueError(
                f"length: expected less than the {len(tokens)} {self.unit}s of {self.split}, found {self.length}"
            )
        return tokens

    @property
    def vocabulary(self) -> int:
        """Number of different tokens."""
        return encoded(str(self.corpus), self.unit)[1]

    @property
    def classes(self) -> int:
        """Any token may come next."""
        return self.vocabulary

    @property
    def labels_per_row(self) -> int:
        """Each step is labelled with the next."""
        return self.length

    @property
    def examples(self) -> int:
        """How many windows fit end to end."""
        return (len(self.tokens) - 1) // self.length

    def take(self, chosen: np.ndarray) -> Batch:
        """Windows of those that lie end to end."""
        return self.windows(chosen * self.length)

    def draw(self, rng: np.random.Generator, rows: int) -> Batch:
        """Windows that begin anywhere."""
        return self.windows(rng.integers(len(self.tokens) - self.length, size=rows))

    def windows(self, start: np.ndarray) -> Batch:
        """Windows that begin at some tokens."""
        found = self.tokens[start[:, None] + np.arange(self.length + 1)].astype(np.int64)
        return Batch(found[:, :-1], found[:, 1:])


@cache
def encoded(corpus: str, unit: str) -> tuple[dict[str, np.ndarray], int]:
    """The tokens of each split, and how many different ones there are; read once in a process."""
    texts = read(corpus)
    if unit == "byte":
        return {split: np.frombuffer(text.encode(), np.uint8) for split, text in texts.items()}, 256
    number = {}  # of each word, as it first appears
    codes = {
        split: np.frombuffer(text.encode("utf-32-le"), np.uint32)
        if unit == "character"
        else np.fromiter((number.setdefault(word, len(number)) for word in words(text)), np.uint32)
        for split, text in texts.items()
    }
    known = np.unique(codes["train"])
    token = np.zeros(max(int(code.max(initial=0)) for code in codes.values()) + 1, np.uint32)
    token[known] = np.arange(1, len(known) + 1)
    return {split: token[code] for split, code in codes.items()}, len(known) + 1


def words(text: str) -> Iterator[str]:
    r"""The words of a text, and ``<eos>`` after each line.

    >>> list(words("to be or\nnot"))
    ['to', 'be', 'or', '<eos>', 'not', '<eos>']
    """
    for line in text.splitlines():
        yield from line.split()
        yield "<eos>"


def read(corpus: str) -> dict[str, str]:
    """The text of each split.

    Raises:
        FileNotFoundError: if nothing has that path.
    """
    path = Path(corpus).expanduser()
    if corpus == "python":
        return cut(documentation())
    if corpus == "wikitext-103":
        return wikitext("Salesforce/wikitext")
    if path.is_file():
        return cut(path.read_text(encoding="utf-8"))
    if not path.is_dir():
        raise FileNotFoundError(
            f"corpus: expected 'python', 'wikitext-103' or the path of a file or folder, found {corpus!r}"
        )
    for ending in ("tokens", "raw"):
        files = {split: path / f"wiki.{part}.{ending}" for split, part in PARTS.items()}
        if files["train"].is_file():
            return {split: file.read_text(encoding="utf-8") for split, file in files.items()}
    return wikitext(str(path))


def cut(text: str) -> dict[str, str]:
    """One text as three parts."""
    return {split: text[within(split, len(text))] for split in SPLITS}


def documentation() -> str:
    """What Python's ``help()`` says about the language: each paragraph once, for its topics share some."""
    from pydoc_data.topics import topics

    paragraphs = [paragraph for topic in sorted(topics) for paragraph in topics[topic].split("\n\n")]
    return "\n\n".join(dict.fromkeys(paragraphs))


def wikitext(source: str, name: str = "wikitext-103-raw-v1") -> dict[str, str]:
    """WikiText from the Hugging Face hub, or from a folder with the same layout; a row is a line."""
    return {split: "".join(row["text"] or "\n" for row in hub(source, name, split)) for split in SPLITS}
