"""The file :class:`Store` of the results of many runs, none of which is ever lost.

The file is an SQLite database. It is in Python's standard library, several processes may write to it, any tool can
read it, and a result is written in one transaction that is on the disk before the run counts as done: after a kill
or a power cut it is there whole, or it is not there. Parquet files, in contrast, are written whole and not added to.
"""

import json
import sqlite3
from contextlib import closing, suppress
from pathlib import Path


class Store:
    """Results in an SQLite file, one row a run.

    Args:
        path: of the file. Beside it, ``NAME.parts`` has the runs under way.
        reading: whether nothing is to be written: then a missing file is not made, and has no results.

    >>> import tempfile
    >>> store = Store(Path(tempfile.mkdtemp()) / "results.sqlite")
    >>> store.add("a", "{}", {"accuracy": 1.0}), store.add("a", "{}", {"accuracy": 0.0}), store.results()
    (True, False, [{'accuracy': 1.0, 'key': 'a', 'run': {}}])
    """

    def __init__(self, path: str | Path, reading: bool = False):
        self.path, self._reading = Path(path).resolve(), reading
        if reading:
            return
        self.parts.mkdir(parents=True, exist_ok=True)
        self._ask("CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, run TEXT, result TEXT)")

    def checkpoint(self, key: str) -> Path:
        """Where a run under way has its checkpoint."""
        return self.parts / f"{key}.safetensors"

    def lock(self, key: str) -> Path:
        """The file that is locked while a run is under way."""
        return self.parts / f"{key}.lock"

    @property
    def parts(self) -> Path:
        """The folder of locks and checkpoints of runs under way."""
        return self.path.with_suffix(".parts")

    def _ask(self, statement: str, values: tuple = ()) -> list[tuple]:
        """The rows that a statement gives; what it changes is on the disk when this returns."""
        if self._reading and not self.path.exists():
            return []
        with closing(sqlite3.connect(self.path, timeout=60)) as database, database:
            database.execute("PRAGMA synchronous = FULL")
            return database.execute(statement, values).fetchall()

    def add(self, key: str, run: str, result: dict) -> bool:
        """Keep a result; False if there is one of that run already, which stays."""
        values = (key, run, json.dumps(result, sort_keys=True))
        return bool(self._ask("INSERT OR IGNORE INTO results VALUES (?, ?, ?) RETURNING key", values))

    def get(self, key: str) -> dict | None:
        """The result of a run, None if there is none yet."""
        found = self._ask("SELECT result FROM results WHERE key = ?", (key,))
        return json.loads(found[0][0]) if found else None

    def keys(self) -> set[str]:
        """The runs that have a result."""
        return {key for (key,) in self._ask("SELECT key FROM results")}

    def results(self) -> list[dict]:
        """All results, in the order of their keys, each with its ``key`` and its ``run``."""
        rows = self._ask("SELECT key, run, result FROM results ORDER BY key")
        return [json.loads(result) | {"key": key, "run": json.loads(run)} for key, run, result in rows]

    def tidy(self, keys: set[str]) -> None:
        """Remove the locks and checkpoints of runs that have a result."""
        for left in self.parts.iterdir():
            if left.name.split(".")[0] in keys:
                with suppress(PermissionError):  # Windows keeps the file of a lock that is held
                    left.unlink(missing_ok=True)

    def failures(self) -> set[str]:
        """The runs that failed."""
        return {key for (key,) in self._ask("SELECT key FROM results WHERE result ->> 'failure' IS NOT NULL")}

    def forget_failures(self) -> int:
        """Drop the results of runs that failed, so that the next sweep does them again; how many there were."""
        return len(self._ask("DELETE FROM results WHERE result ->> 'failure' IS NOT NULL RETURNING key"))
