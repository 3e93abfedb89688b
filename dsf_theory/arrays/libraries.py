"""What is taken for an array, the library that it belongs to, and its namespace."""

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


def as_array(name: str, value: Array) -> Array:
    """An array of one of the three libraries, floating point, complex or symbolic, from ``value``.

    Sequences, SymPy matrices and whole numbers are converted; arrays and tensors are passed through.

    Raises:
        ValueError: if ``value`` holds anything but numbers or SymPy expressions.
    """
    if library(value) == "torch":
        return value if value.is_floating_point() or value.is_complex() else value.double()
    array = np.asarray(value)
    if array.dtype.kind in "biu":
        return array.astype(np.float64)
    if array.dtype.kind in "fc" or (array.dtype == object and all(map(_is_symbolic, array.flat))):
        return array
    raise ValueError(f"{name}: expected numbers, a tensor or SymPy expressions, found {_kind(value)}")


def _is_symbolic(entry) -> bool:
    return hasattr(entry, "free_symbols") or isinstance(entry, int | float | complex | np.number)


def _kind(value) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return f"{type(value).__name__} {value!r}"[:80]


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


def as_numbers(array: Array) -> np.ndarray | None:
    """The entries as a NumPy array; None for symbols."""
    return namespace(array=array).numbers(array)


def joined(name: str, value: Array, /, **others: Array) -> tuple[Namespace, Array]:
    """The namespace that a value has in common with other arrays, and the value as an array of it.

    Raises:
        ValueError: for what is no array, or one of another library than the others.
    """
    array = as_array(name, value)
    return namespace(**others, **{name: array}), array
