"""Ticks of the days that are not in the archive yet: one SQLite file, a table a day, whole numbers throughout.

With a table of its own a day is read in one sweep, without an index that would double the file, and cleared in one
step. WAL with `synchronous=NORMAL`: a batch that was committed survives the end of the process, however it ends; a
power cut may take the last ones, never the file. Times are kept to the microsecond.
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

Heard: TypeAlias = tuple[Instant, str, Instant, int, int, int, int]
"""When the bot heard a tick, and the tick: symbol, exchange time, last price, bid, ask, volume."""
MICROSECOND = 1_000
LAYOUT = 1
COLUMNS = ("symbol", "received", "at", "ltp", "bid", "ask", "volume")
"""Of a day's table; symbol is the number of a row in `symbols`, the times are microseconds since 1970."""
_AT_ONCE = 100
"""Ticks of one statement. SQLite lets go of the interpreter for its length only, and Python never holds it longer."""
_SWEEP = 500_000
"""Ticks in memory at once when a day is read."""
_DAYS = "CREATE TABLE days (day TEXT PRIMARY KEY, recording INTEGER NOT NULL, lost INTEGER NOT NULL) STRICT"
_SYMBOLS = (
    "CREATE TABLE symbols (number INTEGER PRIMARY KEY, symbol TEXT NOT NULL UNIQUE, scale INTEGER NOT NULL) STRICT"
)


@dataclass(frozen=True, slots=True)
class LiveDay:
    """A day that waits for the archive."""

    day: date
    recording: Instant
    """When its first tick was heard: it names this recording among others of the same day."""
    ticks: int
    lost: int
    """Ticks that were heard and could not be kept."""


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
        table = _table(day)
        try:
            with self._transaction():
                self._connection.execute(_create(table))
                first = ticks[0][0] // MICROSECOND if ticks else 0
                self._connection.execute("INSERT OR IGNORE INTO days VALUES (?, ?, 0)", (day.isoformat(), first))
                self._connection.execute("UPDATE days SET lost = lost + ? WHERE day = ?", (lost, day.isoformat()))
                for start in range(0, len(ticks), _AT_ONCE):
                    group = ticks[start : start + _AT_ONCE]
                    self._connection.execute(_insert(table, len(group)), self._values(group, scales))
        except BaseException:
            self._numbers.clear()  # those that were given in this transaction are not there
            raise

    def days(self) -> tuple[LiveDay, ...]:
        """Return the days that wait, oldest first. Raises `StorageError`."""
        with self._errors("read"):
            rows = self._connection.execute("SELECT day, recording, lost FROM days ORDER BY day").fetchall()
            return tuple(
                LiveDay(date.fromisoformat(day), recording * MICROSECOND, self._length(day), lost)
                for day, recording, lost in rows
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
        select = f"SELECT {', '.join(COLUMNS)} FROM {_table(day.day)} WHERE number > ? AND number <= ?"  # noqa: S608 - a date
        for after in range(0, day.ticks, at_once):
            last = min(after + at_once, day.ticks)
            with self._errors("read"):
                cursor = self._connection.execute(select, (after, last))
                values = np.fromiter(chain.from_iterable(cursor), np.int64)
            if len(values) != (last - after) * len(COLUMNS):
                raise StorageError(f"live ticks {self._path}: rows {after + 1} to {last} of {day.day} are not complete")
            yield values.reshape(-1, len(COLUMNS))

    def clear(self, day: LiveDay) -> None:
        """Forget a day that is kept elsewhere, in one step and for good. Raises `StorageError` when it has grown."""
        with self._transaction():
            if self._length(day.day.isoformat()) != day.ticks:
                raise StorageError(
                    f"live ticks {self._path}: {day.day} was recorded on while it was archived; archive it again when "
                    "the bot has ended its day"
                )
            self._connection.execute(f"DROP TABLE IF EXISTS {_table(day.day)}")
            self._connection.execute("DELETE FROM days WHERE day = ?", (day.day.isoformat(),))

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
                self._connection.execute(_DAYS)
                self._connection.execute(_SYMBOLS)
                self._connection.execute(f"PRAGMA user_version={LAYOUT}")
            elif layout != LAYOUT:
                raise StorageError(f"live ticks {self._path} have layout {layout}, this version reads {LAYOUT}")

    def _values(self, ticks: Sequence[Heard], scales: Mapping[str, int]) -> list[int]:
        values: list[int] = []
        for received, symbol, at, ltp, bid, ask, volume in ticks:
            number = self._numbers.get(symbol) or self._number(symbol, scales[symbol])
            values += (number, received // MICROSECOND, at // MICROSECOND, ltp, bid, ask, volume)
        return values

    def _number(self, symbol: str, scale: int) -> int:
        self._connection.execute("INSERT OR IGNORE INTO symbols (symbol, scale) VALUES (?, ?)", (symbol, scale))
        [(number,)] = self._connection.execute("SELECT number FROM symbols WHERE symbol = ?", (symbol,))
        self._numbers[symbol] = number
        return int(number)

    def _length(self, day: str) -> int:
        table = _table(date.fromisoformat(day))
        if self._connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone() is None:
            return 0
        return int(self._connection.execute(f"SELECT coalesce(max(number), 0) FROM {table}").fetchone()[0])  # noqa: S608 - a date

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._errors("written"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"live ticks {self._path} cannot be {what}: {error}; free space or repair it") from error


def _table(day: date) -> str:
    return f"ticks_{day:%Y%m%d}"


def _create(table: str) -> str:
    columns = ", ".join(f"{name} INTEGER NOT NULL" for name in COLUMNS)
    return f"CREATE TABLE IF NOT EXISTS {table} (number INTEGER PRIMARY KEY, {columns}) STRICT"


def _insert(table: str, count: int) -> str:
    places = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * count)
    return f"INSERT INTO {table} ({', '.join(COLUMNS)}) VALUES {places}"  # noqa: S608 - a date's table, and no text of others
