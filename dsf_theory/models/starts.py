"""Where gates and steps Δ start: as the literature has them, or with a ``memory`` of so many steps."""

import numpy as np


def step_sizes(rng: np.random.Generator, size: int) -> np.ndarray:
    """Steps Δ, log-uniform between 1e-3 and 1e-1."""
    return np.exp(rng.uniform(np.log(1e-3), np.log(1e-1), size))


def inverse_softplus(y: np.ndarray) -> np.ndarray:
    """x with ``softplus(x) = y``."""
    return y + np.log(-np.expm1(-y))


def started_with(memory: float | None) -> dict[str, float]:
    """The memory among the sizes of a model, after how many steps a state still has the share 1/e; none for None.

    Raises:
        ValueError: for anything but a number > 0.
    """
    if memory is None:
        return {}
    if not isinstance(memory, int | float) or isinstance(memory, bool) or not 0 < memory < np.inf:
        raise ValueError(f"memory: expected a number of steps > 0, found {memory!r}")
    return {"memory": memory}


def remembering(size: dict, steps: tuple[int, ...], decays: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Steps of one and decays of ``1/memory`` in these shapes, as logarithms; nothing where no memory is asked for."""
    if "memory" not in size:
        return {}
    return {
        "b_delta": np.full(steps, inverse_softplus(1.0)),
        "A_log": np.full(decays, -np.log(size["memory"])),
    }
