"""Sizes and options that a model does not take, read from its declaration."""

from collections.abc import Iterable

from dsf_theory.models.base import Model


def unused(model: type[Model], asked: Iterable[str]) -> set[str]:
    """Those of some arguments of ``Model.random`` that play no part in a model.

    Args:
        model: a class.
        asked: ``"n"``, the state expansion, or names of options and free sizes.

    >>> from dsf_theory.models import QLSTM, S6, SSD
    >>> [sorted(unused(model, ("n", "heads"))) for model in (QLSTM, S6, SSD)]
    [['heads', 'n'], ['heads'], []]
    """
    taken = {*model.options, *model.free_sizes}
    if model.dimensions(4, 2) != model.dimensions(4, 8):
        taken.add("n")
    return set(asked) - taken
