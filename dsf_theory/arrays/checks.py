"""Errors that name the argument, what was expected and what was found."""

import re
from collections.abc import Mapping

import numpy as np

from dsf_theory.arrays.libraries import library
from dsf_theory.arrays.names import known as known
from dsf_theory.arrays.names import unknown
from dsf_theory.arrays.vocabulary import Array


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


def finite(name: str, array: Array) -> None:
    """Refuse NaN and infinities in a numeric array.

    Raises:
        ValueError: naming the first entry that is not finite.
    """
    numbers = _numbers(array)
    bad = () if numbers is None else np.argwhere(~np.isfinite(numbers))
    if len(bad):
        where = tuple(int(k) for k in bad[0])
        raise ValueError(f"{name}: expected finite numbers, found {numbers[where]} at index {where}")


def real(name: str, array: Array) -> None:
    """Refuse complex numbers.

    Raises:
        ValueError: with the dtype found.
    """
    if "complex" in str(array.dtype):
        raise ValueError(f"{name}: expected real numbers, found {array.dtype}")


def positive_size(**sizes: int) -> None:
    """Refuse sizes that are not whole numbers of at least one.

    Raises:
        ValueError: naming the size.
    """
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise ValueError(f"{name}: expected a whole number >= 1, found {size!r}")


def divides(name: str, size: int, by: str, parts: int) -> None:
    """Refuse a size that does not split into equal parts.

    Raises:
        ValueError: naming both.
    """
    if size % parts:
        raise ValueError(f"{name}: expected a multiple of {by}={parts}, found {size}")


def equals(name: str, axis: str, expected: int, found: int) -> None:
    """Refuse an axis of another size than an option says.

    Raises:
        ValueError: naming the argument and the axis.
    """
    if expected != found:
        raise ValueError(f"{name}: expected {axis}={expected} along its first axis, found {found}")


def _numbers(array: Array) -> np.ndarray | None:
    """The entries as a NumPy array; None for symbols."""
    kind = library(array)
    return None if kind == "sympy" else np.asarray(array.detach().cpu() if kind == "torch" else array)


def positive(name: str, array: Array) -> None:
    """Refuse numbers that are not positive.

    Raises:
        ValueError: with the smallest.
    """
    numbers = _numbers(array)
    if numbers is not None and numbers.min() <= 0:
        raise ValueError(f"{name}: expected positive numbers, found {numbers.min():.4g}")


def stable(name: str, array: Array) -> None:
    """Refuse poles in the right half-plane.

    Raises:
        ValueError: with the largest real part.
    """
    numbers = _numbers(array)
    if numbers is not None and numbers.real.max() > 0:
        raise ValueError(
            f"{name}: expected poles with Re <= 0 (a stable system), found Re = {numbers.real.max():.4g}"
        )


def stable_matrix(name: str, array: Array) -> None:
    """Refuse a matrix with eigenvalues in the right half-plane; rounding is allowed for.

    Raises:
        ValueError: with the largest real part.
    """
    numbers = _numbers(array)
    if numbers is None:
        return
    triangular = not np.triu(numbers, 1).any() or not np.tril(numbers, -1).any()
    poles = np.diag(numbers) if triangular else np.linalg.eigvals(numbers)
    slack = 0 if triangular else 1e-6 * np.linalg.norm(numbers)
    if poles.real.max() > slack:
        raise ValueError(
            f"{name}: expected eigenvalues with Re <= 0 (a stable system), found Re = {poles.real.max():.4g}"
        )


def non_zero(name: str, array: Array) -> None:
    """Refuse zeros in a numeric array.

    Raises:
        ValueError: naming the first.
    """
    numbers = _numbers(array)
    zeros = () if numbers is None else np.argwhere(numbers == 0)
    if len(zeros):
        raise ValueError(
            f"{name}: expected numbers other than zero, found 0 at index {tuple(map(int, zeros[0]))}"
        )


def one_precision(arrays: Mapping[str, Array]) -> None:
    """Refuse torch tensors of different precision, which torch does not multiply.

    Raises:
        ValueError: listing them.
    """
    found = {}
    for name, array in arrays.items():
        if library(array) == "torch":
            found[name] = str((array.real if array.is_complex() else array).dtype)
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{name}: {dtype}" for name, dtype in found.items())
        raise ValueError(f"parameters: expected one precision, found {listed}")


def choice(name: str, value, allowed: tuple) -> None:
    """Refuse a value that is not among those allowed.

    Raises:
        ValueError: listing what is allowed.
    """
    if not any(value is a or (type(value) is type(a) and value == a) for a in allowed):
        raise ValueError(unknown(name, value, allowed))


def bind_shapes(shapes: Mapping[str, tuple[str, ...]], arrays: Mapping[str, Array]) -> dict[str, int]:
    """The sizes that give every array its declared shape.

    Args:
        shapes: name -> the names of its axes, such as ``("n", "d")``. An axis ``"groups*n"`` is a size of its own.
        arrays: name -> array.

    Returns:
        size name -> size.

    Raises:
        ValueError: naming the first array whose shape does not fit those before it.
    """
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        axes, found = shapes[name], tuple(array.shape)
        fits = len(axes) == len(found) and all(
            sizes.get(a, s) == s >= 1 for a, s in zip(axes, found, strict=True)
        )
        if fits:
            sizes.update(zip(axes, found, strict=True))
        if not fits or any(sizes[a] != s for a, s in zip(axes, found, strict=True)):
            expected = ", ".join(f"{a}={sizes[a]}" if a in sizes else a for a in axes)
            expected += "," if len(axes) == 1 else ""
            raise ValueError(f"{name}: expected shape ({expected}), found {found}")
    return sizes


def one_of_shapes(name: str, array: Array, *shapes: tuple[int, ...]) -> None:
    """Refuse an array that has none of some shapes.

    Raises:
        ValueError: with the shapes expected and found.
    """
    if tuple(array.shape) not in map(tuple, shapes):
        expected = " or ".join(str(tuple(shape)) for shape in shapes)
        raise ValueError(f"{name}: expected shape {expected}, found {tuple(array.shape)}")


def input_shape(u: Array, d: int) -> None:
    """Refuse an input that is not ``(..., length, d)`` with ``length >= 1``.

    Raises:
        ValueError: with the shape found.
    """
    shape = tuple(u.shape)
    if len(shape) < 2 or shape[-1] != d or min(shape) < 1:
        raise ValueError(f"u: expected shape (..., length, d={d}) with length >= 1, found {shape}")


MEMORY_LIMIT = 8 * 2**30
"""Bytes that one array of a dense or quadratic form may take before it is refused."""


def affordable(what: str, array: Array, *shape: int) -> None:
    """Refuse an array that would not fit in memory, before it is allocated.

    Raises:
        ValueError: with the size that it would take.
    """
    entries = int(np.prod([int(s) for s in (*array.shape[:-2], *shape)], dtype=object))
    size = entries * getattr(array, "itemsize", 8)
    if size > MEMORY_LIMIT:
        raise ValueError(
            f"{what}: {re.sub(',', ' x', str(shape))[1:-1]} numbers would take {size / 2**30:.1f} GiB, more than "
            f"{MEMORY_LIMIT / 2**30:.0f}; use chunked() or scan() for sequences this long"
        )
