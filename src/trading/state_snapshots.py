"""Pictures of the fold, so that a start need not fold years of events: a convenience, never trusted over the log.

A snapshot names the event it was taken at and the log's chain hash there, and is sealed by a hash over all of it. It
also names the core that folded it: another version of the core may fold the same events to another state, so its
snapshots are stale and the log is folded anew, unless a migration says how the old state becomes a new one.
"""

import hashlib
import sqlite3
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import core
from core.errors import DataError, StorageError
from core.event_codec import decode_fact, encode_fact
from core.state import BotState
from trading.event_log import EventLog

LAYOUT = 1
"""Version of the body of a snapshot; raised together with a migration from the version before."""
GENERATIONS = 2
"""How many snapshots are kept: the newest, and one more for the day on which that is damaged."""

Migration = Callable[[str], str]
"""Turns the body of one layout into that of the next."""
MIGRATIONS: Mapping[int, Migration] = {}
"""Layout -> how its body becomes one of the layout after it."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS snapshots (
    number INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    layout INTEGER NOT NULL,
    core TEXT NOT NULL,
    chain TEXT NOT NULL,
    body TEXT NOT NULL,
    seal BLOB NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The state after one event of the log, as text."""

    seq: int
    """Number of the newest event in it."""
    layout: int
    core: str
    """Digest of the core that folded it."""
    chain: str
    """The log's chain hash at that event."""
    body: str
    seal: bytes
    """Hash over everything else."""


class Snapshots(Protocol):
    """Where snapshots are kept, the newest few of them."""

    def save(self, snapshot: Snapshot) -> None:
        """Keep a snapshot and let go of the oldest beyond the generations. Raises `StorageError`; then none is lost."""
        ...

    def newest_first(self) -> Sequence[Snapshot]:
        """Return what is kept. Raises `StorageError` when it cannot be read."""
        ...

    def close(self) -> None:
        """Release the file. Safe to call twice."""
        ...


class MemorySnapshots:
    """The twin for tests and simulation."""

    def __init__(self) -> None:
        self._kept: deque[Snapshot] = deque(maxlen=GENERATIONS)

    def save(self, snapshot: Snapshot) -> None:
        """Keep a snapshot for as long as the process lives."""
        self._kept.appendleft(snapshot)

    def newest_first(self) -> Sequence[Snapshot]:
        """Return what is kept."""
        return list(self._kept)

    def close(self) -> None:
        """Nothing to release."""


class SqliteSnapshots:
    """A table beside the events, in their own file: a copy of the file has both or neither."""

    def __init__(self, path: Path) -> None:
        """Open the table in a log's file. Raises `StorageError` when it cannot be used."""
        self._path = path
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            # No wait for the disk: a snapshot that a power cut takes is one that was not made.
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("PRAGMA busy_timeout=100")
            self._connection.execute(_SCHEMA)
        except sqlite3.Error as error:
            raise StorageError(f"snapshots in {path} cannot be opened: {error}") from error

    def save(self, snapshot: Snapshot) -> None:
        """Write a snapshot in one transaction."""
        row = (snapshot.seq, snapshot.layout, snapshot.core, snapshot.chain, snapshot.body, snapshot.seal)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(
                "INSERT INTO snapshots (seq, layout, core, chain, body, seal) VALUES (?, ?, ?, ?, ?, ?)", row
            )
            self._connection.execute(
                "DELETE FROM snapshots WHERE number NOT IN (SELECT number FROM snapshots ORDER BY number DESC LIMIT ?)",
                (GENERATIONS,),
            )
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise StorageError(f"snapshot in {self._path} cannot be written: {error}") from error

    def newest_first(self) -> Sequence[Snapshot]:
        """Return what is kept."""
        query = "SELECT seq, layout, core, chain, body, seal FROM snapshots ORDER BY number DESC"
        try:
            rows = self._connection.execute(query).fetchall()
        except sqlite3.Error as error:
            raise StorageError(f"snapshots in {self._path} cannot be read: {error}") from error
        return [
            Snapshot(seq=seq, layout=layout, core=core_digest, chain=chain, body=body, seal=seal)
            for seq, layout, core_digest, chain, body, seal in rows
        ]

    def close(self) -> None:
        """Release the file."""
        self._connection.close()


@cache
def core_digest() -> str:
    """Return a digest of the core's source: whatever may make the same events another state."""
    digest = hashlib.sha256()
    for path in sorted(Path(folder, name.name) for folder in core.__path__ for name in Path(folder).glob("*.py")):
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def take_snapshot(state: BotState, log: EventLog) -> Snapshot:
    """Return the snapshot of a state that is the fold of the whole log.

    Raises `DataError` when the two differ in how many events they have: then the state is ahead of what is durable.
    """
    if state.seq != log.length:
        raise DataError(f"the state has {state.seq} events, the log {log.length}: no snapshot is taken")
    chain, body = log.head, encode_fact(state)
    seal = _seal(state.seq, LAYOUT, core_digest(), chain, body)
    return Snapshot(seq=state.seq, layout=LAYOUT, core=core_digest(), chain=chain, body=body, seal=seal)


def is_whole(snapshot: Snapshot) -> bool:
    """Whether a snapshot is as it was written."""
    return _seal(snapshot.seq, snapshot.layout, snapshot.core, snapshot.chain, snapshot.body) == snapshot.seal


def open_snapshot(snapshot: Snapshot, log: EventLog, migrations: Mapping[int, Migration] = MIGRATIONS) -> BotState:
    """Return the state in a snapshot. Raises `DataError` that says why it is not to be used."""
    if not is_whole(snapshot):
        raise DataError("it was altered")
    if log.hash_at(snapshot.seq) != snapshot.chain:
        raise DataError(f"event {snapshot.seq} of the log is another one, or is missing")
    if snapshot.layout == LAYOUT and snapshot.core != core_digest():
        raise DataError("another version of the bot made it")
    state = decode_fact(BotState, _migrate(snapshot, migrations))
    if state.seq != snapshot.seq:
        raise DataError(f"its state has {state.seq} events")
    return state


def _migrate(snapshot: Snapshot, migrations: Mapping[int, Migration]) -> str:
    body = snapshot.body
    if snapshot.layout > LAYOUT:
        raise DataError(f"it has layout {snapshot.layout}, this version reads {LAYOUT}")
    for layout in range(snapshot.layout, LAYOUT):
        if layout not in migrations:
            raise DataError(f"layout {layout} has no migration to {layout + 1}")
        body = migrations[layout](body)
    return body


def _seal(seq: int, layout: int, core_version: str, chain: str, body: str) -> bytes:
    return hashlib.sha256(f"{seq}\0{layout}\0{core_version}\0{chain}\0{body}".encode()).digest()
