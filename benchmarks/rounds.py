"""Competitors timed in turns, so that a slow moment of the machine hits all alike; the first round warms up."""

import time
from collections.abc import Callable

import numpy as np


def timed(competitors: dict[str, Callable], count: int) -> dict[str, np.ndarray]:
    """Seconds of each competitor in each of ``count`` rounds, after one that does not count."""
    seconds = {name: [] for name in competitors}
    for _ in range(count + 1):
        for name, run in competitors.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: np.array(times[1:]) for name, times in seconds.items()}
