"""The event log as another process, or another thread, may read it: read-only, in short readings, row by checked row.

A reading never stands in the writer's way: the log is in WAL mode, and a reading that stays short lets it be trimmed.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import StorageError
from core.event_codec import decode
from core.events import Event
from trading.event_log import FIRST_HASH, chain

_REMEDY = "restore it from a copy"


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event and its place in the log."""

    seq: int
    event: Event
    hash: bytes
    """The chain's hash at this event."""


class EventLogReader:
    """One log file. A file that is not there yet is an empty log. For one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def name(self) -> str:
        """Return a name of this log that no other has; empty while it is empty. Raises `StorageError`."""
        return self._hash(1).hex()[:12]

    def hash_at(self, seq: int) -> bytes:
        """Return the chain's hash at an event; empty when there is no such event. Raises `StorageError`."""
        return FIRST_HASH if seq == 0 else self._hash(seq)

    def read(self, after: int, digest: bytes, limit: int) -> list[LoggedEvent]:
        """Return the next events after one whose chain hash is `digest`.

        Raises `StorageError` for a row that was altered, `DataError` for an event of a newer version.
        """
        with self._naming_the_file() as connection:
            query = "SELECT seq, at, kind, body, tape, hash FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
            rows = connection.execute(query, (after, limit)).fetchall() if connection else []
        found = []
        for expected, (seq, at, kind, body, tape, stored) in enumerate(rows, start=after + 1):
            digest = chain(digest, at, kind.encode(), body.encode(), tape)
            if seq != expected or digest != stored:
                raise StorageError(
                    f"event log {self._path}: row {seq} was altered or a row before it is missing; {_REMEDY}"
                )
            found.append(LoggedEvent(seq, decode(kind, body), digest))
        return found

    def close(self) -> None:
        """Release the file. Safe to call twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _hash(self, seq: int) -> bytes:
        with self._naming_the_file() as connection:
            query = "SELECT hash FROM events WHERE seq = ?"
            row = connection.execute(query, (seq,)).fetchone() if connection else None
        return row[0] if row else b""

    @contextmanager
    def _naming_the_file(self) -> Iterator[sqlite3.Connection | None]:
        """Give the connection; none while there is no file, or no table in it yet."""
        try:
            if self._connection is None and self._path.exists():
                address = f"{self._path.resolve().as_uri()}?mode=ro"
                self._connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=0.1)
                if not self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone():
                    self.close()
            yield self._connection
        except sqlite3.Error as error:
            self.close()
            remedy = "" if isinstance(error, sqlite3.OperationalError) else f"; {_REMEDY}"
            raise StorageError(f"event log {self._path} cannot be read: {error}{remedy}") from error
