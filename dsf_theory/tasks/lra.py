"""The tasks of the Long Range Arena, from its published files; the data are yours to bring."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import ClassVar

import numpy as np

from dsf_theory.arrays import checks
from dsf_theory.tasks.base import Batch, Recorded, hub, label_at, within
from dsf_theory.tasks.listops import SYMBOLS, tokenise

BYTES, BETWEEN = 257, 257  # tokens of bytes, with 0 to fill up; the token between two texts


@dataclass(frozen=True, kw_only=True)
class LongRangeArena(Recorded):
    """A task of the Long Range Arena: sequences of tokens, each with one class.

    Sequences are cut to ``length``, filled up with token 0, and labelled at their last token.

    Source: Tay, Dehghani, Abnar, Shen, Bahri, Pham, Rao, Yang, Ruder, Metzler, "Long Range Arena", 2020
    (arXiv 2011.04006), section 2.2; its repository, ``input_pipeline.py`` of each task.
    """

    source: str | Path
    length: int

    classes: ClassVar[int] = 2

    def __post_init__(self):
        super().__post_init__()
        checks.positive_size(length=self.length)

    def read(self) -> Iterable[tuple[np.ndarray, int]]:
        """The examples of the split, tokens and class; each task defines it."""
        raise NotImplementedError

    @cached_property
    def records(self) -> tuple[Sequence[np.ndarray], np.ndarray]:
        """Tokens and classes of all examples, kept in two bytes a token.

        Raises:
            ValueError: if there are none.
        """
        examples = [(tokens[: self.length].astype(np.uint16), label) for tokens, label in self.read()]
        if not examples:
            raise ValueError(f"source: expected examples for {self.split}, found none in {self.source}")
        sequences, classes = zip(*examples, strict=True)
        return sequences, np.array(classes, np.int64)

    @property
    def examples(self) -> int:
        """How many examples the split has."""
        return len(self.records[1])

    def take(self, chosen: np.ndarray) -> Batch:
        """The examples of some indices."""
        sequences, classes = self.records
        inputs, last = np.zeros((len(chosen), self.length), np.int64), np.empty(len(chosen), np.int64)
        for row, index in enumerate(chosen):
            tokens = sequences[index]
            inputs[row, : len(tokens)], last[row] = tokens, max(len(tokens), 1) - 1
        return Batch(inputs, label_at(last, classes[chosen], self.length))


@dataclass(frozen=True, kw_only=True)
class LRAListOps(LongRangeArena):
    """ListOps of the Long Range Arena, from ``basic_train.tsv``, ``basic_val.tsv`` and ``basic_test.tsv``.

    Args:
        split: which file.
        source: the folder that holds them.
        length: steps.

    >>> LRAListOps(source="listops-1000").vocabulary
    16
    """

    length: int = 2000

    name: ClassVar[str] = "lra_listops"
    vocabulary: ClassVar[int] = len(SYMBOLS)
    classes: ClassVar[int] = 10

    def read(self) -> Iterable[tuple[np.ndarray, int]]:
        """Columns Source and Target, below a line with their names."""
        part = {"validation": "val"}.get(self.split, self.split)
        rows = table(self.source, f"basic_{part}.tsv", fields=2)
        return ((tokenise(text), int(value)) for text, value in islice(rows, 1, None))


@dataclass(frozen=True, kw_only=True)
class LRARetrieval(LongRangeArena):
    """Document retrieval of the Long Range Arena: does one paper cite another? From ``new_aan_pairs.train.tsv``, ...

    The bytes of both texts stand in one sequence, with a token between them, each cut to half its length. (LRA's
    own models encode the two apart and compare.)

    Args:
        split: which file.
        source: the folder that holds them.
        length: steps; LRA has 4000 bytes of each text.

    >>> LRARetrieval(source="tsv_data").vocabulary
    258
    """

    length: int = 8001

    name: ClassVar[str] = "lra_retrieval"
    vocabulary: ClassVar[int] = BYTES + 1

    def read(self) -> Iterable[tuple[np.ndarray, int]]:
        """Columns label, two names and two texts."""
        part = {"validation": "eval"}.get(self.split, self.split)
        half = (self.length - 1) // 2
        for label, _, _, *texts in table(self.source, f"new_aan_pairs.{part}.tsv", fields=5):
            first, second = (text_bytes(text, half) for text in texts)
            yield np.concatenate([first, [BETWEEN], second]), int(float(label))


@dataclass(frozen=True, kw_only=True)
class LRAText(LongRangeArena):
    """Text classification of the Long Range Arena: is a film review positive? The bytes of IMDb, from ``datasets``.

    IMDb has no validation part; as in LRA, its test part serves for both.

    Args:
        split: which part.
        source: name on the Hugging Face hub, or a folder with the same layout.
        length: steps.

    >>> LRAText().vocabulary
    257
    """

    source: str | Path = "stanfordnlp/imdb"
    length: int = 4000

    name: ClassVar[str] = "lra_text"
    vocabulary: ClassVar[int] = BYTES

    def read(self) -> Iterable[tuple[np.ndarray, int]]:
        """Columns text and label."""
        part = {"validation": "test"}.get(self.split, self.split)
        for row in hub(self.source, None, part):
            yield text_bytes(row["text"], self.length), row["label"]


@dataclass(frozen=True, kw_only=True)
class LRAImage(LongRangeArena):
    """Image classification of the Long Range Arena: the grey values of CIFAR-10, pixel by pixel, from ``datasets``.

    As in LRA, the last tenth of the training images is for validation.

    Args:
        split: which part.
        source: name on the Hugging Face hub, or a folder with the same layout.
        length: steps; more than 32 x 32 are filled up, fewer show a part.

    >>> LRAImage().vocabulary
    256
    """

    source: str | Path = "uoft-cs/cifar10"
    length: int = 1024

    name: ClassVar[str] = "lra_image"
    vocabulary: ClassVar[int] = 256
    classes: ClassVar[int] = 10

    def read(self) -> Iterable[tuple[np.ndarray, int]]:
        """Columns img and label."""
        part = {"train": "train[:90%]", "validation": "train[90%:]", "test": "test"}[self.split]
        return ((grey(row["img"]), row["label"]) for row in hub(self.source, None, part))


@dataclass(frozen=True, kw_only=True)
class LRAPathfinder(LongRangeArena):
    """Pathfinder of the Long Range Arena: are two dots on one path? Grey values, pixel by pixel.

    As in LRA, the first 80 % of the images train, the next 10 % validate, the last 10 % test. Files that are empty
    are left out.

    Args:
        split: which part.
        source: the folder of one resolution, such as ``pathfinder32``.
        length: steps; ``32 * 32`` for that.
        level: ``"curv_baseline"``, ``"curv_contour_length_9"`` or ``"curv_contour_length_14"``, the hardest.

    >>> LRAPathfinder(source="pathfinder32").vocabulary
    256
    """

    length: int = 1024
    level: str = "curv_contour_length_14"

    name: ClassVar[str] = "lra_pathfinder"
    vocabulary: ClassVar[int] = 256

    def read(self) -> Iterable[tuple[np.ndarray, int]]:
        """Lists of images, folder, name, number and label, in files of text that are called ``metadata/0.npy``."""
        from PIL import Image

        folder = existing(self.source, self.level, "metadata").parent
        lists = sorted((folder / "metadata").glob("*.npy"), key=lambda path: int(path.stem))
        rows = [line.split() for path in lists for line in path.read_text().splitlines()]
        images = [(folder / row[0] / row[1], int(row[3])) for row in rows]
        images = [(path, label) for path, label in images if path.stat().st_size]
        for path, label in images[within(self.split, len(images))]:
            with Image.open(path) as image:
                yield grey(image), label


def existing(*parts: str | Path) -> Path:
    """A path that is there, or an error that names it."""
    path = Path(*parts).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"source: expected {path}, found nothing (LRA's files are in lra_release.gz)")
    return path


def table(source: str | Path, file: str, fields: int) -> Iterator[list[str]]:
    """The fields of each line of a file, tabs between them; an error names a line with more or fewer."""
    with existing(source, file).open(encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            found = line.rstrip("\r\n").split("\t")
            if len(found) != fields:
                raise ValueError(f"{file}, line {number}: expected {fields} fields, found {len(found)}")
            yield found


def text_bytes(text: str, length: int) -> np.ndarray:
    """The first bytes of a text as tokens, from 1 to 256.

    >>> text_bytes("abc", 2)
    array([98, 99])
    """
    return np.frombuffer(text.encode()[:length], np.uint8).astype(int) + 1


def grey(image) -> np.ndarray:
    """The grey values of an image, row by row."""
    return np.asarray(image.convert("L")).reshape(-1)
