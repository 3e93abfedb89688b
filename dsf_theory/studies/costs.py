"""What an evaluation form costs: its multiplications, counted while it runs."""

import numpy as np

from dsf_theory.system import System
from dsf_theory.system.transition import Diagonal


class Tally:
    """A number that has no value and counts how often it is multiplied; it passes through every form."""

    count = 0

    def __mul__(self, _other):
        Tally.count += 1
        return self

    def __add__(self, _other):
        return self

    __rmul__, __radd__ = __mul__, __add__

    @staticmethod
    def array(*shape: int) -> np.ndarray:
        """An object array full of tallies."""
        return np.full(shape, Tally(), dtype=object)


def multiplications(length: int, d: int = 4, n: int = 4, chunk: int = 16) -> dict[str, int]:
    """Multiplications done by each evaluation form of linear attention, counted while it runs.

    Args:
        length: L.
        d: channels.
        n: state expansion.
        chunk: steps in a chunk.

    >>> multiplications(length=32)["recurrent"]  # 3 n d a step; the first step meets no state
    1520
    """
    no_decay = np.zeros((1, 1, 1, 1), dtype=object)
    coefficients = {"write": Tally.array(length, 1, 1, n), "read": Tally.array(length, 1, 1, n)}
    system = System(u=Tally.array(length, d), transition=Diagonal(no_decay), **coefficients)
    forms = {
        "recurrent": system.recurrent,
        "scan": system.scan,
        "chunked": lambda: system.chunked(chunk),
        "convolutional": system.convolutional,
        "kernel": system.kernel,
    }
    counts = {}
    for name, form in forms.items():
        before = Tally.count
        form()
        counts[name] = Tally.count - before
    return counts
