"""Ticks of the days that are not in the archive yet: one SQLite file of whole numbers, in the order they were heard.

A day's ticks stand together, and where they begin and end is noted with the day, so that it is read in one sweep
without an index that would double the file. WAL with `synchronous=NORMAL`: a batch that was committed survives the end
of the process, however it ends; a power cut may take the last ones, never the file. Times are kept to the microsecond.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

import numpy as np

from core.errors import StorageError
from core.instants import Instant
from features.columns import IntArray
from runtime.sqlite_transaction import transaction

Heard: TypeAlias = tuple[Instant, str, Instant, int, int, int, int]
"""When the bot heard a tick, and the tick: symbol, exchange time, last price, bid, ask, volume."""
MICROSECOND = 1_000
LAYOUT = 1
COLUMNS = ("symbol", "received", "at", "ltp", "bid", "ask", "volume")
"""What a sweep gives; symbol is the number of a row in `symbols`, the times are microseconds since 1970."""
_AT_ONCE = 100
"""Ticks of one statement. SQLite lets go of the interpreter for its length only, and Python never holds it longer."""
_SWEEP = 1_000_000
"""Ticks in memory at once when a day is read."""
_TABLES = (
    "CREATE TABLE symbols (number INTEGER PRIMARY KEY, symbol TEXT NOT NULL UNIQUE, scale INTEGER NOT NULL) STRICT",
    """
    CREATE TABLE days (
        day INTEGER PRIMARY KEY,
        recording INTEGER NOT NULL,
        ticks INTEGER NOT NULL,
        lost INTEGER NOT NULL,
        first INTEGER,
        last INTEGER
    ) STRICT
    """,
    """
    CREATE TABLE ticks (
        number INTEGER PRIMARY KEY,
        day INTEGER NOT NULL,
        symbol INTEGER NOT NULL,
        received INTEGER NOT NULL,
        at INTEGER NOT NULL,
        ltp INTEGER NOT NULL,
        bid INTEGER NOT NULL,
        ask INTEGER NOT NULL,
        volume INTEGER NOT NULL
    ) STRICT
    """,
)
"""A day is written 20260106; of the table `days`, first and last are numbers of `ticks`."""
_ONE = "INSERT INTO ticks (day, symbol, received, at, ltp, bid, ask, volume) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_MANY = _ONE + ", (?, ?, ?, ?, ?, ?, ?, ?)" * (_AT_ONCE - 1)
_NEW_DAY = "INSERT OR IGNORE INTO days VALUES (?, 0, 0, 0, NULL, NULL)"
_GROWN_DAY = """
    UPDATE days SET
        recording = CASE ticks WHEN 0 THEN ? ELSE recording END,
        ticks = ticks + ?,
        lost = lost + ?,
        first = coalesce(first, ?),
        last = coalesce(?, last)
    WHERE day = ?
"""
_SOME = """
    SELECT symbol, received, at, ltp, bid, ask, volume FROM ticks
    WHERE number >= ? AND number <= ? AND day = ? ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class LiveDay:
    """A day that waits for the archive."""

    day: date
    recording: Instant
    """When its first tick was heard: it names this recording among others of the same day."""
    ticks: int
    lost: int
    """Ticks that were heard and could not be kept."""
    first: int
    """Number of its first tick in the file; it ends with `last`."""
    last: int


class LiveTicks:
    """The file. One connection; for one thread."""

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises `StorageError` naming it when it cannot be used."""
        self._path = path
        self._numbers: dict[str, int] = {}
        with self._errors("opened"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def append(self, day: date, ticks: Sequence[Heard], scales: Mapping[str, int], lost: int = 0) -> None:
        """Add ticks of a day, and how many more were lost, in one transaction.

        `scales` has the decimal digits of each symbol's price unit. Raises `StorageError`; then nothing was added.
        """
        number = _number_of(day)
        try:
            with self._transaction():
                [(end,)] = self._connection.execute("SELECT coalesce(max(number), 0) FROM ticks")
                self._connection.execute(_NEW_DAY, (number,))
                for start in range(0, len(ticks), _AT_ONCE):
                    self._insert(number, ticks[start : start + _AT_ONCE], scales)
                first, last = (end + 1, end + len(ticks)) if ticks else (None, None)
                began = ticks[0][0] // MICROSECOND if ticks else 0
                self._connection.execute(_GROWN_DAY, (began, len(ticks), lost, first, last, number))
        except BaseException:
            self._numbers.clear()  # those that were given in this transaction are not there
            raise

    def days(self) -> tuple[LiveDay, ...]:
        """Return the days that wait, oldest first. Raises `StorageError`."""
        with self._errors("read"):
            rows = self._connection.execute("SELECT day, recording, ticks, lost, first, last FROM days ORDER BY day")
            return tuple(
                LiveDay(date.fromisoformat(str(day)), recording * MICROSECOND, ticks, lost, first or 0, last or -1)
                for day, recording, ticks, lost, first, last in rows
            )

    def symbols(self) -> dict[int, tuple[str, int]]:
        """Return symbol and scale by number. Raises `StorageError`."""
        with self._errors("read"):
            rows = self._connection.execute("SELECT number, symbol, scale FROM symbols").fetchall()
        return {number: (symbol, scale) for number, symbol, scale in rows}

    def sweep(self, day: LiveDay, at_once: int = _SWEEP) -> Iterator[IntArray]:
        """Yield a day's ticks in the order they were heard, some at a time: a row a tick, columns as in `COLUMNS`.

        Raises `StorageError`, also when a row is missing.
        """
        number, found = _number_of(day.day), 0
        for first in range(day.first, day.last + 1, at_once):
            last = min(first + at_once - 1, day.last)
            with self._errors("read"):
                cursor = self._connection.execute(_SOME, (first, last, number))
                values = np.fromiter(chain.from_iterable(cursor), np.int64)
            if len(values):  # else all of these are another day's
                found += len(values) // len(COLUMNS)
                yield values.reshape(-1, len(COLUMNS))
        if found != day.ticks:
            raise StorageError(f"live ticks {self._path}: {found} ticks of {day.day} are there, expected {day.ticks}")

    def clear(self, day: LiveDay) -> None:
        """Forget a day that is kept elsewhere, in one step and for good. Raises `StorageError` when it has grown."""
        number = _number_of(day.day)
        with self._transaction():
            if day not in self.days():
                raise StorageError(
                    f"live ticks {self._path}: {day.day} was recorded on while it was archived; archive it again when "
                    "the bot has ended its day"
                )
            self._connection.execute("DELETE FROM days WHERE day = ?", (number,))
            if self._connection.execute("SELECT 1 FROM days").fetchone() is None:
                self._connection.execute("DELETE FROM ticks")  # all at once, a thousand times faster than one by one
            else:
                self._connection.execute(
                    "DELETE FROM ticks WHERE number >= ? AND number <= ? AND day = ?", (day.first, day.last, number)
                )

    def close(self) -> None:
        """Release the file. Safe to call twice."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute("PRAGMA busy_timeout=5000")
        with self._transaction():
            layout = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if layout == 0:
                for table in _TABLES:
                    self._connection.execute(table)
                self._connection.execute(f"PRAGMA user_version={LAYOUT}")
            elif layout != LAYOUT:
                raise StorageError(f"live ticks {self._path} have layout {layout}, this version reads {LAYOUT}")

    def _insert(self, day: int, ticks: Sequence[Heard], scales: Mapping[str, int]) -> None:
        rows = [
            (
                day,
                self._numbers.get(symbol) or self._number(symbol, scales[symbol]),
                received // MICROSECOND,
                at // MICROSECOND,
                *values,
            )
            for received, symbol, at, *values in ticks
        ]
        if len(rows) == _AT_ONCE:
            self._connection.execute(_MANY, list(chain.from_iterable(rows)))
        else:
            self._connection.executemany(_ONE, rows)

    def _number(self, symbol: str, scale: int) -> int:
        self._connection.execute("INSERT OR IGNORE INTO symbols (symbol, scale) VALUES (?, ?)", (symbol, scale))
        [(number,)] = self._connection.execute("SELECT number FROM symbols WHERE symbol = ?", (symbol,))
        self._numbers[symbol] = number
        return int(number)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._errors("written"), transaction(self._connection):
            yield

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"live ticks {self._path} cannot be {what}: {error}; free space or repair it") from error


def _number_of(day: date) -> int:
    return int(day.strftime("%Y%m%d"))
