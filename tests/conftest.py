"""What all tests share: the order in which they run, long ones first, and a registry that each leaves as it was."""

from collections.abc import Sequence
from typing import TypeVar

import pytest

import dsf_theory as dsf

T = TypeVar("T")


@pytest.hookimpl(trylast=True)  # after tests were deselected: the workers share what is left
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Notebooks and tests marked ``long`` first, the last notebooks (which train) before the first."""
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        notebooks = [item for item in reversed(items) if item.get_closest_marker("notebook")]
        long = [item for item in items if item.get_closest_marker("long") and item not in notebooks]
        first = notebooks + long
        items[:] = dealt(first, [item for item in items if item not in first], workers)


def dealt(long: Sequence[T], short: Sequence[T], workers: int) -> list[T]:
    """An order whose equal parts, one for each worker, each begin with their share of the long tests.

    pytest-xdist's ``worksteal`` gives each worker such a part, in order, and moves tests from the end of a part to
    a worker that has done its own.
    """
    total = len(long) + len(short)
    sizes = [(total + worker) // workers for worker in range(workers)]
    parts: list[list[T]] = [[] for _ in sizes]
    for test in long:
        min((part for part, size in zip(parts, sizes, strict=True) if len(part) < size), key=len).append(test)
    left = iter(short)
    for part, size in zip(parts, sizes, strict=True):
        part += [next(left) for _ in range(size - len(part))]
    return [test for part in parts for test in part]


@pytest.fixture(autouse=True)
def registry():
    """The registry as it was: a model that a test defines is gone when the test ends."""
    before = dict(dsf.MODELS)
    yield dsf.MODELS
    dsf.MODELS.clear()
    dsf.MODELS.update(before)
