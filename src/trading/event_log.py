"""The event log: the truth on disk. Append-only, hash-chained, durable before anything acts on it.

One row an event. Each row's hash covers the hash before it, so that a row which was changed, inserted or taken out from
between others is found. Rows cut off at the end leave no trace here: the broker's books tell of them, and a `head` that
somebody noted in the evening. WAL with `synchronous=FULL`: a commit that returned survives a power cut.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from core.errors import StorageError
from core.event_codec import decode, encode
from core.events import Event
from core.instants import Instant

_MIGRATIONS = (
    """
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL,
        hash BLOB NOT NULL
    ) STRICT
    """,
    "ALTER TABLE events ADD COLUMN tape INTEGER NOT NULL DEFAULT 0",
)
"""What leads from each layout to the next; what was written before is never written again."""
LAYOUT = len(_MIGRATIONS)
"""Version of the table; kept in the file's own header."""
_ROWS_AFTER = (
    "SELECT seq, at, CAST(kind AS BLOB), CAST(body AS BLOB), tape, hash FROM events NOT INDEXED "
    "WHERE seq > ? ORDER BY seq"
)
FIRST_HASH = b"\0" * 32
"""What the chain begins with, before the first row."""
_DAMAGE = (sqlite3.Error, UnicodeDecodeError)  # SQLite's own words may hold the damage, and then are no text
_REMEDY = "restore it from a copy, or move it away when the account holds nothing"


class Row(NamedTuple):
    """One event as it stands in the log. A named tuple for the speed of a start, which reads every row."""

    number: int
    """From 1, without gaps."""
    at: Instant
    kind: str
    body: str
    tape: int
    """Records of the day's tick tape that the kernel had seen before; see `trading.tick_tape`."""

    @property
    def event(self) -> Event:
        """The event itself. Raises `DataError` for one of a newer version."""
        return decode(self.kind, self.body)


class EventLog(Protocol):
    """Where events are kept. An append either keeps all of its events or none."""

    @property
    def length(self) -> int:
        """Rows in the log."""
        ...

    @property
    def tape(self) -> int:
        """The position on the tick tape that the newest row was written at; 0 for an empty log."""
        ...

    @property
    def head(self) -> str:
        """Hash of the newest row, in hex: it vouches for every row up to it."""
        ...

    def hash_at(self, number: int) -> str:
        """Return the hash of a row, in hex: it vouches for every row up to it. Empty when there is no such row.

        Raises `StorageError` when the log cannot be read.
        """
        ...

    def append(self, events: Sequence[Event], tape: int = 0) -> None:
        """Make events durable, in order. Raises `StorageError`; then nothing was kept and nothing may be sent.

        `tape` is the position on the day's tick tape.
        """
        ...

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Yield the rows that follow row `after`, oldest first.

        Raises `StorageError` that names the first row that was altered, or what cannot be read at all.
        """
        ...

    def read(self, after: int = 0) -> Iterator[Event]:
        """Yield the events of the same rows. Raises what `rows` raises, and `DataError` for a newer version's event."""
        ...

    def verify(self) -> None:
        """Check every row without making events of them. Raises `StorageError` that names the first one altered."""
        ...

    def close(self) -> None:
        """Release the file. Safe to call twice."""
        ...


class MemoryEventLog:
    """The twin for tests and simulation; it stores the same text, so that a codec error shows here too."""

    def __init__(self) -> None:
        self._rows: list[tuple[Instant, str, str, int]] = []
        self._hashes = [FIRST_HASH]

    @property
    def length(self) -> int:
        """Rows in the log."""
        return len(self._rows)

    @property
    def tape(self) -> int:
        """The position on the tick tape that the newest row was written at."""
        return self._rows[-1][-1] if self._rows else 0

    @property
    def head(self) -> str:
        """The hash that the same rows would have on disk."""
        return self.hash_at(len(self._rows))

    def hash_at(self, number: int) -> str:
        """Return the hash that the row would have on disk; made when somebody asks, because few do."""
        if not 0 <= number <= len(self._rows):
            return ""
        for at, kind, body, tape in self._rows[len(self._hashes) - 1 : number]:
            self._hashes.append(chain(self._hashes[-1], at, kind.encode(), body.encode(), tape))
        return self._hashes[number].hex()

    def append(self, events: Sequence[Event], tape: int = 0) -> None:
        """Keep events for as long as the process lives."""
        self._rows += [(event.at, *encode(event), tape) for event in events]

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Yield the rows that follow row `after`."""
        for number, row in enumerate(self._rows[after:], start=after + 1):
            yield Row(number, *row)

    def read(self, after: int = 0) -> Iterator[Event]:
        """Yield the events of the same rows."""
        return (row.event for row in self.rows(after))

    def verify(self) -> None:
        """Nothing can alter it."""

    def close(self) -> None:
        """Nothing to release."""


class SqliteEventLog:
    """The log of a real bot: one file, one writer."""

    def __init__(self, path: Path) -> None:
        """Open or create the log; one of an older layout is brought up to date.

        Raises `StorageError` naming the file when it cannot be used.
        """
        self._path = path
        self._seq, self._hash, self._tape = 0, FIRST_HASH, 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise
        except (*_DAMAGE, OSError) as error:
            raise StorageError(f"event log {path} cannot be opened: {error}") from error

    @property
    def length(self) -> int:
        """Rows in the log."""
        return self._seq

    @property
    def tape(self) -> int:
        """The position on the tick tape that the newest row was written at."""
        return self._tape

    @property
    def head(self) -> str:
        """Hash of the newest row, in hex."""
        return self._hash.hex()

    def hash_at(self, number: int) -> str:
        """Return the hash of a row, in hex; empty when there is no such row."""
        if not 0 <= number <= self._seq:
            return ""
        try:
            return self._hash_of(number).hex()
        except _DAMAGE as error:
            raise StorageError(f"event log {self._path} cannot be read: {error}; {_REMEDY}") from error

    def append(self, events: Sequence[Event], tape: int = 0) -> None:
        """Write events in one transaction and wait until the disk has them."""
        rows, seq, digest = [], self._seq, self._hash
        for event in events:
            kind, body = encode(event)
            seq += 1
            digest = chain(digest, event.at, kind.encode(), body.encode(), tape)
            rows.append((seq, event.at, kind, body, digest, tape))
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise StorageError(f"event log {self._path} cannot be written: {error}; free space or repair it") from error
        self._seq, self._hash = seq, digest
        self._tape = tape if rows else self._tape

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Yield the rows that follow row `after`, checking the chain on the way."""
        for number, at, kind, body, tape in self._checked(after):
            try:
                yield Row(number, at, kind.decode(), body.decode(), tape)
            except UnicodeDecodeError as error:
                raise StorageError(f"event log {self._path}: row {number} is no text: {error}; {_REMEDY}") from error

    def read(self, after: int = 0) -> Iterator[Event]:
        """Yield the events of the same rows."""
        return (row.event for row in self.rows(after))

    def verify(self) -> None:
        """Have SQLite look at its pages, and check the chain from the first row to the last."""
        for _ in self._checked(0):
            pass  # first, because a row is a better address than a page
        try:
            answer = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except _DAMAGE as error:
            answer = str(error)
        if answer != "ok":
            raise StorageError(f"event log {self._path} is damaged: {' '.join(answer.split())}; {_REMEDY}")

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _checked(self, after: int) -> Iterator[tuple[int, int, bytes, bytes, int]]:
        """Yield number, instant, kind, body and tape of rows whose place and hash are right."""
        number, digest = after, self._hash_of(after)
        try:
            for seq, at, kind, body, tape, stored in self._connection.execute(_ROWS_AFTER, (after,)):
                number += 1
                are_sound = isinstance(at, int) and isinstance(tape, int) and kind is not None and body is not None
                if are_sound:
                    digest = chain(digest, at, kind, body, tape)
                if not are_sound or seq != number or digest != stored:
                    raise StorageError(f"event log {self._path}: row {number} was altered or is missing; {_REMEDY}")
                yield number, at, kind, body, tape
        except _DAMAGE as error:
            where = f"event log {self._path} cannot be read behind row {number}"
            raise StorageError(f"{where}: {error}; {_REMEDY}") from error

    def _hash_of(self, number: int) -> bytes:
        if not number:
            return FIRST_HASH
        row = self._connection.execute("SELECT hash FROM events WHERE seq = ?", (number,)).fetchone()
        if row is None:
            raise StorageError(f"event log {self._path} has no row {number}: it ends at row {self._seq}; {_REMEDY}")
        return bytes(row[0])

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA busy_timeout=2000")
        self._migrate()
        last = self._connection.execute("SELECT seq, hash, tape FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        if last is None:
            return
        if [type(value) for value in last] != [int, bytes, int]:
            raise StorageError(f"event log {self._path}: its last row was altered; {_REMEDY}")
        self._seq, self._hash, self._tape = last

    def _migrate(self) -> None:
        if self._layout() == LAYOUT:
            return
        self._connection.execute("BEGIN IMMEDIATE")
        for number in range(self._layout(), LAYOUT):  # asked again: another process may have done it meanwhile
            self._connection.execute(_MIGRATIONS[number])
        self._connection.execute(f"PRAGMA user_version={LAYOUT}")
        self._connection.execute("COMMIT")

    def _layout(self) -> int:
        layout: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if not 0 <= layout <= LAYOUT:
            raise StorageError(f"event log {self._path} has layout {layout}, this version reads up to {LAYOUT}")
        return layout


def put_at_rest(path: Path) -> None:
    """Bring a log that nobody writes any more into its one file, so that a copy of that file is the whole log.

    While somebody still reads it, the `-wal` and `-shm` files stay, empty. Raises `StorageError`; nothing is lost then.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=2.0)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StorageError(
            f"event log {path} cannot be brought into one file: {error}; its -wal file is part of it, copy both"
        ) from error


def chain(before: bytes, at: int, kind: bytes, body: bytes, tape: int) -> bytes:
    """Return the hash of a row. Without a tape it is that of layout 1, so that its rows stay as they were."""
    content = b"%d\0%b\0%b\0%d" % (at, kind, body, tape) if tape else b"%d\0%b\0%b" % (at, kind, body)
    return hashlib.sha256(before + content).digest()
