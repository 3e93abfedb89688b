"""Seconds to bound and to realise kernels of softmax attention, by length and state expansion.

Run it on one BLAS thread: ``OMP_NUM_THREADS=1 python benchmarks/realisation.py``.
"""

import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from dsf_theory.kernels.hankel import hankel_singular_values
from dsf_theory.kernels.realisation import realise

LENGTHS = (256, 1024)


def main() -> None:
    """Print the table."""
    table = Table(title="softmax attention of random queries and keys, seconds")
    for column in ("", *map(str, LENGTHS)):
        table.add_column(column, justify="right")
    tasks: dict[str, Callable] = {"singular values": hankel_singular_values}
    tasks |= {f"realise, n = {n}": lambda P, n=n: realise(P, n) for n in (8, 64, 256)}
    tasks["realise, exact"] = realise
    kernels = [attention(length) for length in LENGTHS]
    for name, task in tasks.items():
        table.add_row(name, *(f"{seconds(task, P):.2f}" for P in kernels))
    Console(width=100).print(table)


def attention(length: int, m: int = 8, temperature: float = 0.25) -> np.ndarray:
    """The probabilities (length, length) of random queries and keys, cold enough to be of full rank."""
    q, k = np.random.default_rng(0).standard_normal((2, length, m))
    weights = np.tril(np.exp(q @ k.T / m**0.5 / temperature))
    return weights / weights.sum(axis=1, keepdims=True)


def seconds(task: Callable, kernel: np.ndarray) -> float:
    """How long it takes."""
    start = time.perf_counter()
    task(kernel)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
