"""The logarithm of a feature map, where it has a form of its own that stays in range."""

from collections.abc import Callable, Hashable
from functools import partial

from dsf_theory.arrays import Array
from dsf_theory.features.elementwise import elu_plus_one, log_elu_plus_one
from dsf_theory.features.random import log_positive_random, positive_random

KNOWN = {elu_plus_one: log_elu_plus_one, positive_random: log_positive_random}
"""Feature map -> its logarithm."""


def logarithm(phi: Callable[[Array], Array]) -> Callable[[Array], Array] | None:
    """The map ``log φ`` of a feature map; None where none is known.

    Args:
        phi: a feature map, with arguments given beforehand by ``functools.partial`` or not.

    >>> logarithm(elu_plus_one).__name__
    'log_elu_plus_one'
    """
    if isinstance(phi, partial):
        log = logarithm(phi.func)
        return log and partial(log, *phi.args, **phi.keywords)
    return KNOWN.get(phi) if isinstance(phi, Hashable) else None
