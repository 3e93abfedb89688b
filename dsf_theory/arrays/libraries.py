"""The library that an array belongs to, and its namespace."""

import sys
from importlib import import_module

import numpy as np

from dsf_theory.arrays.vocabulary import Array, Namespace

_namespaces: dict[
    str, Namespace
] = {}  # those in use; torch and SymPy take a second to load, so each when needed


def library(array: Array) -> str:
    """The library of an array: ``"torch"``, ``"sympy"`` or ``"numpy"``."""
    torch = sys.modules.get("torch")  # without torch loaded there are no tensors
    if torch is not None and isinstance(array, torch.Tensor):
        return "torch"
    return "sympy" if np.asarray(array).dtype == object else "numpy"


def namespace(**arrays: Array) -> Namespace:
    """The namespace that all the named arrays belong to.

    Args:
        **arrays: arrays under the names to use in an error; ``None`` is passed over.

    Raises:
        ValueError: if the arrays belong to more than one library.

    >>> namespace(u=np.ones(3))
    <array namespace numpy>
    """
    found = {name: library(array) for name, array in arrays.items() if array is not None}
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{name}: {lib}" for name, lib in found.items())
        raise ValueError(f"arrays: expected one array library, found {listed}")
    name = next(iter(found.values()))
    if name not in _namespaces:
        _namespaces[name] = import_module(f"dsf_theory.arrays.{name}_arrays").NAMESPACE
    return _namespaces[name]
