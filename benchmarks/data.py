"""MQAR rows a second beside rows sampled as published, one at a time, as ratios within one run: ``make bench``.

Every round times both, one after the other; the ratio is the median over rounds. The first round warms up.
"""

import time

import numpy as np
from rich.console import Console
from rich.table import Table

from dsf_theory.tasks import IGNORED, MQAR, Batch, batches

ROUNDS = 9
SIZES = ((64, 4), (128, 8), (256, 16), (512, 64))


def main() -> None:
    """Print the table."""
    table = Table(caption="MQAR, vocabulary 8192, one thread\npublished: np.random.choice for each row")
    for column in ("length", "pairs", "published µs a row", "ours µs a row", "speed over published"):
        table.add_column(column, justify="right")
    for length, pairs in SIZES:
        slow, fast = seconds_a_row(MQAR(length=length, pairs=pairs))
        figures = (
            f"{1e6 * np.median(slow):.0f}",
            f"{1e6 * np.median(fast):.2f}",
            f"{np.median(slow / fast):.0f}",
        )
        table.add_row(str(length), str(pairs), *figures)
    console = Console(width=100)
    console.print(f"NumPy {np.__version__}, {ROUNDS} rounds\n")
    console.print(table)


def seconds_a_row(task: MQAR, few: int = 256) -> np.ndarray:
    """Seconds a row in each round: of ``few`` rows as published, and of as many batches of ours as that time holds."""
    random, seconds = np.random.RandomState(0), np.empty((ROUNDS + 1, 2))
    rows = 2**15 // task.length  # the DSF paper's batches: 512 rows of 64 steps, ..., 64 rows of 512
    stream = batches(task, rows, seed=0)
    for taken in seconds:
        start = time.perf_counter()
        published(task, random, few)
        middle, drawn = time.perf_counter(), 0
        while time.perf_counter() < 2 * middle - start:
            next(stream)
            drawn += rows
        taken[:] = (middle - start) / few, (time.perf_counter() - middle) / drawn
    return seconds[1:].T


def published(task: MQAR, random: np.random.RandomState, rows: int) -> Batch:
    """MQAR as Arora et al. define it, each row sampled by three calls of ``choice`` without replacement."""
    context, half = 2 * task.pairs, task.vocabulary // 2
    space = (task.length - context) // 2
    p = np.arange(1, space + 1) ** (task.power - 1.0)
    p /= p.sum()
    inputs, labels = np.zeros((rows, task.length), int), np.full((rows, task.length), IGNORED)
    for row, label in zip(inputs, labels, strict=True):
        keys = random.choice(np.arange(1, half), task.pairs, replace=False)
        values = random.choice(np.arange(half, task.vocabulary), task.pairs, replace=False)
        query = context + 2 * random.choice(space, task.pairs, replace=False, p=p)
        row[:context:2], row[1:context:2] = keys, values
        row[query], label[query] = keys, values
    return Batch(inputs, labels)


if __name__ == "__main__":
    main()
