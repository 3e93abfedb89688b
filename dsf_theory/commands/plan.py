"""The plan of a sweep: a table of what is left to do, and how long it takes, judged by results that were kept."""

from collections import Counter
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from dsf_theory.experiments import results
from dsf_theory.experiments.declared import experiment
from dsf_theory.experiments.estimate import Estimate, Measured, committed, multiply_adds
from dsf_theory.experiments.store import Store
from dsf_theory.experiments.tuning import fresh


def plan(names: Sequence[str], preset: str, store: Store, again: bool = False) -> Table:
    """What a sweep would do: runs, those done, steps, tokens, multiplications, and time on one thread.

    Args:
        names: experiments.
        preset: their scale.
        store: with the results that there are.
        again: whether runs that failed are to be done again.
    """
    layout = {"padding": (0, 1, 0, 0), "pad_edge": False, "box": SIMPLE_HEAD, "show_edge": False}
    table = Table(**layout, title_justify="left", caption_justify="left")
    table.title = f"Preset {preset}"
    table.add_column("experiment", no_wrap=True)
    for column in ("runs", "done", "steps", "tokens", "mult-adds", "time"):
        table.add_column(column, justify="right", no_wrap=True)
    done = store.keys() - (store.failures() if again else set())
    measured, every, total = Measured(committed()), [], Counter()
    for name in names:
        trials = experiment(name).trials(preset)
        trials += fresh(trials, (*committed(), *results.rows(trials, store)), foreseen=True)
        left = [trial for trial in trials if trial.key not in done]
        estimates = [measured.estimate(trial) for trial in left]
        every += estimates
        row = Counter(
            runs=len(trials),
            done=len(trials) - len(left),
            steps=sum(trial.recipe.steps for trial in left),
            tokens=sum(trial.recipe.steps * trial.recipe.rows * trial.task.length for trial in left),
            work=sum(map(multiply_adds, left)),
            time=sum(one.seconds for one in estimates if one),
        )
        total.update(row)
        table.add_row(name, *cells(row, all(estimates)))
    if len(names) > 1:
        table.add_section()
        table.add_row("all", *cells(total, all(every)))
    table.caption = "Steps and what follows: of the runs that are left, none stopped early.\n" + basis(every)
    return table


def cells(row: Counter, timed: bool) -> list[str]:
    """The numbers of a row of the plan, in words."""
    numbers = [short(row[name]) for name in ("steps", "tokens", "work")]
    time = duration(row["time"]) if timed else "?"
    return [str(row["runs"]), str(row["done"]), *numbers, time if row["runs"] > row["done"] else ""]


def basis(estimates: Sequence[Estimate | None]) -> str:
    """What the times of a plan were judged by, in a sentence."""
    found = [one for one in estimates if one]
    if not found:
        return "Time: of one thread" + "; no run was measured." * bool(estimates)
    same, other = sum(one.measured for one in found), sum(not one.model for one in found)
    parts = {
        "by themselves": same,
        "by the most similar run of the same model": len(found) - same - other,
        "by one of another model": other,
    }
    said = ", ".join(f"{count} run{'s' * (count > 1)} {words}" for words, count in parts.items() if count)
    return f"Time: of one thread, judged by the results that are kept: {said}."


def duration(seconds: float) -> str:
    """A time in the largest unit that it has at least one of.

    >>> duration(50), duration(5400), duration(200_000), duration(3e7)
    ('50 s', '1.5 h', '2.3 days', '347 days')
    """
    for unit, size in (("years", 31_557_600), ("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            count = seconds / size
            return f"{count:.2g} {unit}" if count < 99.5 else f"{count:.0f} {unit}"
    return f"{seconds:.0f} s"


def short(number: float) -> str:
    """A large number with three digits and a prefix.

    >>> short(950), short(15_011_840), short(1.3e18)
    ('950', '15 M', '1.3 E')
    """
    for prefix, size in zip("EPTGMk", (1e18, 1e15, 1e12, 1e9, 1e6, 1e3), strict=True):
        if number >= size:
            return f"{number / size:.3g} {prefix}"
    return f"{number:.3g}"
