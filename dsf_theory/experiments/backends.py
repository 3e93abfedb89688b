"""The backends of a sweep: its runs are done in this process, in processes of this machine, or on a Ray cluster."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import active_children, connection, get_context, parent_process

Ended = Iterator[tuple]
"""Each job with what came of it, as it ends."""


def here(function: Callable, jobs: list, workers: int) -> Ended:
    """One job after another."""
    for job in jobs:
        yield job, function(job)


def processes(function: Callable, jobs: list, workers: int) -> Ended:
    """Jobs in processes of their own, which end with this one, and at once where it stops before they are done."""
    before = set(active_children())
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=end_with_parent)
    with no_interrupts():  # processes start here, and inherit that
        futures = {pool.submit(function, job): job for job in jobs}
    started = set(active_children()) - before
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        for process in started:
            process.terminate()
        raise
    finally:
        pool.shutdown(
            cancel_futures=True
        )  # and wait: left to end later, they and this process wait for each other


@contextmanager
def no_interrupts() -> Iterator[None]:
    """Leave Ctrl-C unheard meanwhile; processes that start now never hear it, and leave it to this one."""
    if threading.current_thread() is not threading.main_thread():  # only that one is interrupted
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def end_with_parent() -> None:
    """Have this process end when the one that started it does, even if that was killed."""

    def watch() -> None:
        connection.wait([parent_process().sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def on_ray(function: Callable, jobs: list, workers: int) -> Ended:
    """Jobs as tasks of Ray, each with its share of the GPUs if there are any.

    Raises:
        ModuleNotFoundError: if Ray is not installed.
    """
    if not jobs:
        return
    try:
        import ray
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("backend 'ray' needs Ray: pip install 'dsf_theory[ray]'") from error
    os.environ.setdefault(
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0"
    )  # as future versions of Ray do, which warns of it
    started = not ray.is_initialized()
    if started:
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        share = min(1, ray.cluster_resources().get("GPU", 0) / workers)
        task = ray.remote(num_cpus=1, num_gpus=share)(lambda job: function(job))
        waiting, running = list(reversed(jobs)), {}
        while waiting or running:
            while waiting and len(running) < workers:
                job = waiting.pop()
                running[task.remote(job)] = job
            (ended,), _ = ray.wait(list(running))
            yield running.pop(ended), ray.get(ended)
    finally:
        if started:
            ray.shutdown()


BACKENDS = {"here": here, "processes": processes, "ray": on_ray}
"""Name -> backend, ``(function, jobs, workers) -> (job, result), ...``."""
