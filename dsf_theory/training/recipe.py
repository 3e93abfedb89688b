"""The record :class:`Recipe` of how a model is trained, with its learning rate at each step."""

import math
from dataclasses import dataclass

from dsf_theory.arrays import checks


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a model is trained: AdamW, a linear warm-up, then half a cosine down to zero, clipped gradients.

    Args:
        steps: number of optimiser steps.
        rows: rows in a batch.
        learning_rate: at its highest.
        weight_decay: of matrices; biases, norms, convolutions and the mixers' vectors and poles are not decayed.
        warmup: share of the steps over which the rate rises.
        clip: largest norm of the gradient.
        examples: rows of the training set, each of which comes once an epoch, in batches that stay the same, in an
            order that is new in every epoch but for a smaller last one; 0 for new rows at every step.
        every: steps between two evaluations.
        tested: rows of the test set, at most.
        enough: accuracy on the test set at which training stops early.
        precision: ``"float32"``, or ``"bfloat16"`` for convolution, MLP and head; mixers keep float32.

    Raises:
        ValueError: for a number out of range.

    >>> recipe = Recipe(steps=100, learning_rate=1.0, warmup=0.5)
    >>> [round(recipe.rate(step), 2) for step in (0, 25, 50, 75, 99)]
    [0.02, 0.51, 1.0, 0.5, 0.0]
    """

    steps: int = 1000
    rows: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.1
    warmup: float = 0.1
    clip: float = 1.0
    examples: int = 0
    every: int = 100
    tested: int = 512
    enough: float = 0.999
    precision: str = "float32"

    def __post_init__(self):
        checks.positive_size(steps=self.steps, rows=self.rows, every=self.every, tested=self.tested)
        checks.choice("precision", self.precision, ("float32", "bfloat16"))
        if self.examples != 0:
            checks.positive_size(examples=self.examples)
        for name in ("learning_rate", "clip", "enough"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected a number > 0, found {getattr(self, name)!r}")
        if not self.weight_decay >= 0:
            raise ValueError(f"weight_decay: expected a number >= 0, found {self.weight_decay!r}")
        if not 0 <= self.warmup <= 1:
            raise ValueError(f"warmup: expected a share in [0, 1], found {self.warmup!r}")

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        rising = self.warmup * self.steps
        if step < rising:
            return self.learning_rate * (step + 1) / (rising + 1)
        return self.learning_rate * (1 + math.cos(math.pi * (step - rising) / (self.steps - rising))) / 2
