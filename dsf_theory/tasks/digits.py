"""The task ``digits``: handwritten digits, one pixel at a time."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from dsf_theory.tasks.base import Batch, Recorded, label_at, optional, within


@dataclass(frozen=True, kw_only=True)
class SequentialDigits(Recorded):
    """The digit, 0 to 9, that an 8 x 8 image shows, read pixel by pixel, row by row; labelled at the last pixel.

    Inputs are (rows, 64, 1), grey values between 0 and 1. Of the 1797 images, in the order of the file, the first
    80 % are the training set, the next 10 % for validation and the last 10 % the test set.

    Args:
        split: which images.

    Source: scikit-learn's ``load_digits``, the test images of Alpaydin and Kaynak, "Optical Recognition of
    Handwritten Digits", UCI, 1998. A small stand-in for the Image task of the Long Range Arena.

    >>> batch = SequentialDigits(split="test").batch(seed=0, rows=5)
    >>> batch.inputs.shape, batch.labels[:, -1]
    ((5, 64, 1), array([6, 8, 9, 7, 6]))
    """

    name: ClassVar[str] = "digits"
    length: ClassVar[int] = 64
    channels: ClassVar[int] = 1
    classes: ClassVar[int] = 10

    @property
    def examples(self) -> int:
        """How many images the split has."""
        return len(images(self.split)[1])

    def take(self, chosen: np.ndarray) -> Batch:
        """The images of some indices."""
        pixels, classes = images(self.split)
        return Batch(pixels[chosen], label_at(-1, classes[chosen], self.length))


@cache
def images(split: str) -> tuple[np.ndarray, np.ndarray]:
    """(images, 64, 1) grey values and (images,) digits of a split."""
    pixels, digits = optional("sklearn.datasets", "digits").load_digits(return_X_y=True)
    part = within(split, len(digits))
    return (pixels[part, :, None] / 16).astype(np.float32), digits[part]
