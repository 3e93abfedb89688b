"""Errors that name the argument, what was expected and what was found."""

from collections.abc import Iterable, Mapping
from math import prod

import numpy as np

from dsf_theory.arrays.libraries import library
from dsf_theory.arrays.names import known as known
from dsf_theory.arrays.names import unknown
from dsf_theory.arrays.vocabulary import Array, Namespace


def finite(name: str, numbers: np.ndarray | None) -> None:
    """Refuse NaN and infinities among numbers; None stands for symbols, which pass.

    Raises:
        ValueError: naming the first entry that is not finite.
    """
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
        whole_number(name, size, at_least=1)


def whole_number(name: str, value: int, at_least: int = 0) -> int:
    """A whole number of Python or NumPy, as one of Python.

    Raises:
        ValueError: for anything else, booleans among it, and for one that is too small.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < at_least:
        raise ValueError(f"{name}: expected a whole number >= {at_least}, found {value!r}")
    return int(value)


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


def one_precision(arrays: Mapping[str, Array]) -> None:
    """Refuse torch tensors of different precision, which torch does not multiply.

    Raises:
        ValueError: listing them.
    """
    found = {}
    for name, array in arrays.items():
        if library(array) == "torch":
            found[name] = str((array.real if array.is_complex() else array).dtype)
    real = {found[name] for name, array in arrays.items() if name in found and not array.is_complex()}
    if real <= {"torch.float16", "torch.bfloat16"} and len(real) == 1:  # whose complex companion is single
        found = {name: kind for name, kind in found.items() if kind != "torch.float32"}
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
    """Refuse an input that is not ``(..., length, d)`` with ``length >= 1``, or that holds no sequence.

    Raises:
        ValueError: with the shape found.
    """
    shape = tuple(u.shape)
    if len(shape) < 2 or shape[-1] != d or shape[-2] < 1:
        raise ValueError(f"u: expected shape (..., length, d={d}) with length >= 1, found {shape}")
    if min(shape) < 1:
        raise ValueError(f"u: expected shape (..., length, d={d}) with at least one sequence, found {shape}")


def model_input(xp: Namespace, u: Array, d: int, parameters: Iterable[Array]) -> None:
    """Refuse an input that is not real and finite, of shape ``(..., length, d)`` and of the parameters' precision.

    Symbolic inputs have no leading axes; NumPy's may be of any precision.

    Raises:
        ValueError: with what was found.
    """
    input_shape(u, d)
    finite("u", xp.numbers(u))
    if xp.name == "sympy" and u.ndim != 2:
        raise ValueError(f"u: expected shape (length, d={d}) for symbols, found {tuple(u.shape)}")
    real("u", u)
    if xp.name == "torch":
        expected = {(p.real if p.is_complex() else p).dtype for p in parameters}
        if u.dtype not in expected:
            raise ValueError(f"u: expected dtype {' or '.join(map(str, expected))}, found {u.dtype}")


MEMORY_LIMIT = 8 * 2**30
"""Bytes that one result may take before it is refused."""


def fits_in_memory(what: str, contents: str, size: int, advice: str) -> None:
    """Refuse a result that would not fit in memory, before it is allocated.

    Args:
        what: the result or the argument that asks for it; the error begins with it.
        contents: what it would hold, such as ``"5 matrices of 3 x 3"``.
        size: in bytes.
        advice: what to do instead.

    Raises:
        ValueError: with the size.
    """
    if size > MEMORY_LIMIT:
        raise ValueError(
            f"{what}: {contents} would take {size / 2**30:,.1f} GiB, more than {MEMORY_LIMIT / 2**30:.0f}; {advice}"
        )


def affordable(what: str, array: Array, *shape: int) -> None:
    """Refuse an array of a dense or quadratic form that would not fit in memory.

    Args:
        what: the form.
        array: (..., length, d), whose leading axes and precision it would have.
        *shape: its other axes.

    Raises:
        ValueError: with the size that it would take.
    """
    size = prod([int(size) for size in (*array.shape[:-2], *shape)]) * getattr(array, "itemsize", 8)
    axes = " x ".join(map(str, shape))
    fits_in_memory(what, f"{axes} numbers", size, "use chunked() or scan() for sequences this long")
