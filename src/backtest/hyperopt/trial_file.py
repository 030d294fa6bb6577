"""Keeps the trials of a search in SQLite, a batch at a time and whole, so that a killed search can go on.

A search that goes on is the same search: file and command line must agree on everything that decides a trial.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from backtest.hyperopt.figures import Figures
from backtest.hyperopt.trial import State, Trial
from core.errors import ConfigurationError, StorageError
from runtime.sqlite_transaction import transaction

LAYOUT = 2
_SCHEMA = (
    "CREATE TABLE search (layout INTEGER NOT NULL, decides TEXT NOT NULL) STRICT",
    """CREATE TABLE trials (
        number INTEGER PRIMARY KEY, state TEXT NOT NULL, combination TEXT NOT NULL, told TEXT NOT NULL,
        figures TEXT, returns BLOB
    ) STRICT""",
)
_INSERT = "INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT number, state, combination, told, figures, returns FROM trials ORDER BY number"


class SqliteTrialFile:
    """The trials of one search in one file. For one thread."""

    def __init__(self, path: Path, decides: Mapping[str, Any], *, resume: bool) -> None:
        """Open a new file, or with `resume` one that is there.

        `decides` is everything that a trial depends on, as plain values. Raises `ConfigurationError` for a file that
        is there without `resume`, is not there with it, or is of another search; `StorageError` for one that cannot
        be used.
        """
        self._path = path
        if path.exists() != resume:
            word = "is there already; go on with it by --resume, or give" if path.exists() else "is not there; give"
            raise ConfigurationError(f"--storage {path}: {word} another file")
        with self._naming_the_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA synchronous=FULL")
            if resume:
                self._check(decides)
            else:
                self._create(decides)

    def trials(self) -> list[Trial]:
        """Return the trials that are kept, in order. Raises `StorageError` for what no search wrote."""
        with self._naming_the_file():
            rows = self._connection.execute(_SELECT).fetchall()
        try:
            return [_trial_of(*row) for row in rows]
        except (ValueError, TypeError, KeyError) as error:
            raise StorageError(f"{self._path} is damaged: {error}; search anew in another file") from error

    def keep(self, trials: Sequence[Trial]) -> None:
        """Keep a batch, whole or not at all. Raises `StorageError`."""
        rows = [_row_of(trial) for trial in trials]
        with self._transaction():
            self._connection.executemany(_INSERT, rows)

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def _create(self, decides: Mapping[str, Any]) -> None:
        with self._transaction():
            for statement in _SCHEMA:
                self._connection.execute(statement)
            self._connection.execute("INSERT INTO search VALUES (?, ?)", (LAYOUT, json.dumps(decides)))

    def _check(self, decides: Mapping[str, Any]) -> None:
        layout, text = self._connection.execute("SELECT layout, decides FROM search").fetchone() or (None, "")
        if layout != LAYOUT:
            raise StorageError(f"{self._path} has layout {layout}, this version knows {LAYOUT}; search anew")
        kept, mine = json.loads(text), json.loads(json.dumps(decides))
        for name in (*mine, *kept):
            if kept.get(name) != mine.get(name):
                raise ConfigurationError(
                    f"--resume: {self._path} was made with {name} {_short(kept.get(name))}, this search has "
                    f"{_short(mine.get(name))}; give the same, or another file"
                )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._naming_the_file(), transaction(self._connection):
            yield

    @contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(f"{self._path} cannot be opened: {error.strerror}; give another file") from error
        except sqlite3.Error as error:
            raise StorageError(f"{self._path} cannot be used: {error}; free or repair it") from error


def _short(value: Any) -> str:
    return json.dumps(value)[:80]


def _row_of(trial: Trial) -> tuple[Any, ...]:
    named = trial.number, trial.state.value, json.dumps(dict(trial.combination)), json.dumps(trial.told)
    figures = trial.figures
    if figures is None:
        return *named, None, None
    plain = {each.name: getattr(figures, each.name) for each in fields(figures) if each.name != "returns"}
    return *named, json.dumps(plain), figures.returns.astype("<f8").tobytes()


def _trial_of(
    number: int, state: str, combination: str, told: str, figures: str | None, returns: bytes | None
) -> Trial:
    if figures is None or returns is None:
        return Trial(number, json.loads(combination), None)
    series = np.frombuffer(returns, dtype="<f8").astype(np.float64)
    came_to = Figures(**json.loads(figures), returns=series)
    return Trial(number, json.loads(combination), came_to, tuple(json.loads(told)), State(state) is State.PRUNED)
