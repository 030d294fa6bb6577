"""The event log: the truth on disk. Append-only, hash-chained, durable before anything acts on it.

One row an event. Each row's hash covers the hash before it, so that a changed or inserted row is found, and a lost one
that another follows. Rows cut off at the end leave no trace here: only the broker's books can tell. WAL with
`synchronous=FULL`: a commit that returned survives a power cut.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from core.errors import StorageError
from core.event_codec import decode, encode
from core.events import Event

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT
"""
FIRST_HASH = b"\0" * 32
"""What the chain begins with, before the first event."""
_REMEDY = "restore it from a copy, or move it away when the account holds nothing"
LAYOUT = 1
"""Version of the table; kept in the file's own header."""


class EventLog(Protocol):
    """Where events are kept. An append either keeps all of its events or none."""

    def append(self, events: Sequence[Event]) -> None:
        """Make events durable, in order. Raises `StorageError`; then nothing was kept and nothing may be sent."""
        ...

    @property
    def seq(self) -> int:
        """Number of the newest event, counted from 1; 0 for an empty log."""
        ...

    def hash_at(self, seq: int) -> bytes | None:
        """Return the chain's hash at an event, which covers everything up to it; None when there is no such event.

        Raises `StorageError` when the log cannot be read.
        """
        ...

    def read(self, after: int = 0) -> Iterator[Event]:
        """Yield every event that follows one of the log, oldest first; all of them after 0.

        Those before are checked too. Raises `StorageError` that names the first row that was altered, or what cannot
        be read at all.
        """
        ...

    def close(self) -> None:
        """Release the file. Safe to call twice."""
        ...


class MemoryEventLog:
    """The twin for tests and simulation; it stores the same text, so that a codec error shows here too."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, str, str]] = []
        self._hashes: list[bytes] = [FIRST_HASH]

    def append(self, events: Sequence[Event]) -> None:
        """Keep events for as long as the process lives."""
        self._rows.extend([(event.at, *encode(event)) for event in events])

    @property
    def seq(self) -> int:
        """Number of the newest event."""
        return len(self._rows)

    def hash_at(self, seq: int) -> bytes | None:
        """Return the chain's hash at an event; it is made when somebody asks, because few do."""
        if not 0 <= seq <= len(self._rows):
            return None
        for row in self._rows[len(self._hashes) - 1 : seq]:
            self._hashes.append(chain(self._hashes[-1], *row))
        return self._hashes[seq]

    def read(self, after: int = 0) -> Iterator[Event]:
        """Yield every event that follows one, oldest first."""
        for _, kind, body in self._rows[after:]:
            yield decode(kind, body)

    def close(self) -> None:
        """Nothing to release."""


class SqliteEventLog:
    """The log of a real bot: one file, one writer."""

    def __init__(self, path: Path) -> None:
        """Open or create the log. Raises `StorageError` naming the file when it cannot be used."""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("PRAGMA busy_timeout=2000")
            self._check_layout()
            self._connection.execute(_SCHEMA)
            last = self._connection.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"event log {path} cannot be opened: {error}") from error
        self._seq: int = last[0] if last else 0
        self._hash: bytes = last[1] if last else FIRST_HASH

    def append(self, events: Sequence[Event]) -> None:
        """Write events in one transaction and wait until the disk has them."""
        rows, seq, digest = [], self._seq, self._hash
        for event in events:
            kind, body = encode(event)
            seq += 1
            digest = chain(digest, event.at, kind, body)
            rows.append((seq, event.at, kind, body, digest))
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise StorageError(f"event log {self._path} cannot be written: {error}; free space or repair it") from error
        self._seq, self._hash = seq, digest

    @property
    def seq(self) -> int:
        """Number of the newest event."""
        return self._seq

    def hash_at(self, seq: int) -> bytes | None:
        """Return the hash that stands beside an event."""
        if seq == 0:
            return FIRST_HASH
        try:
            row = self._connection.execute("SELECT hash FROM events WHERE seq = ?", (seq,)).fetchone()
        except sqlite3.Error as error:
            raise StorageError(f"event log {self._path} cannot be read: {error}; {_REMEDY}") from error
        return row[0] if row else None

    def read(self, after: int = 0) -> Iterator[Event]:
        """Yield every event that follows one, checking the whole chain on the way: that is the cheaper part."""
        digest = FIRST_HASH
        for expected, (seq, at, kind, body, stored) in enumerate(self._rows(), start=1):
            digest = chain(digest, at, kind, body)
            if seq != expected or digest != stored:
                raise StorageError(
                    f"event log {self._path}: row {seq} was altered or a row before it is missing; {_REMEDY}"
                )
            if seq > after:
                yield decode(kind, body)

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _rows(self) -> Iterator[tuple[int, int, str, str, bytes]]:
        try:
            for row in self._connection.execute("SELECT seq, at, kind, body, hash FROM events ORDER BY seq"):  # noqa: UP028
                yield row  # not `yield from`: that closes the cursor, which fails once the connection is closed
        except sqlite3.Error as error:
            raise StorageError(f"event log {self._path} cannot be read: {error}; {_REMEDY}") from error

    def _check_layout(self) -> None:
        layout = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if layout == 0:
            self._connection.execute(f"PRAGMA user_version={LAYOUT}")
        elif layout != LAYOUT:
            raise StorageError(f"event log {self._path} has layout {layout}, this version reads {LAYOUT}")


def chain(before: bytes, at: int, kind: str, body: str) -> bytes:
    """Return the hash of an event from the hash of the one before it and its own row."""
    return hashlib.sha256(before + f"{at}\0{kind}\0{body}".encode()).digest()
