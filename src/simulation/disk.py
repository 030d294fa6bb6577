"""The event log of a session: kept over every death of the process, full at the worst moment, cut off at any write.

The log under it is the real one, in memory or in a file; what is kept is hashed into one digest of the session.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from core.errors import BotError, StorageError
from core.events import Event
from core.fold import apply
from core.state import BotState
from simulation.fates import Fates
from simulation.plan import Crash, FaultKind
from trading.event_log import EventLog, MemoryEventLog, Row, SqliteEventLog


class ProcessKilledError(BotError):
    """The process died in the middle of an append; nothing that follows was done."""


class SimulatedDisk:
    """Implements `trading.event_log.EventLog`; what it kept stays when the process that wrote it is gone."""

    def __init__(
        self,
        fates: Fates,
        crash: Crash | None,
        kept: Callable[[Sequence[Event], Sequence[str]], None],
        path: Path | None,
    ) -> None:
        """`kept` is told what became durable, with its text; `path` names a real file to write as well."""
        self.writes = 0
        self._fates = fates
        self._crash = crash
        self._kept = kept
        self._path = path
        self._log: EventLog = SqliteEventLog(path) if path else MemoryEventLog()
        self._hash = hashlib.sha256()

    @property
    def may_cut_off(self) -> bool:
        """Whether a death is planned."""
        return self._crash is not None

    @property
    def digest(self) -> str:
        """Hash over everything that was kept."""
        return self._hash.hexdigest()

    @property
    def length(self) -> int:
        """Rows kept."""
        return self._log.length

    @property
    def tape(self) -> int:
        """The position on the tick tape that the newest row was written at."""
        return self._log.tape

    @property
    def head(self) -> str:
        """Hash of the newest row."""
        return self._log.head

    def hash_at(self, number: int) -> str:
        """Return the hash of a row; empty when there is no such row."""
        return self._log.hash_at(number)

    def append(self, events: Sequence[Event], tape: int = 0) -> None:
        """Keep events. Raises `StorageError` when the disk is full, `ProcessKilledError` at the planned write."""
        self.writes += 1
        is_last = self._crash is not None and self._crash.write == self.writes
        if is_last and self._crash is not None and self._crash.before:
            raise ProcessKilledError(f"killed before write {self.writes}")
        if self._fates.strikes(FaultKind.DISK_FULL):
            raise StorageError(f"write {self.writes}: no space left on device")
        first = self._log.length
        self._log.append(events, tape)
        bodies: list[str] = []
        for row in self._log.rows(first):
            self._hash.update(f"{row.kind}\0{row.body}\n".encode())
            bodies.append(row.body)
        self._kept(events, bodies)
        if is_last:
            raise ProcessKilledError(f"killed after write {self.writes}")

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Yield what was kept behind a row."""
        return self._log.rows(after)

    def read(self, after: int = 0) -> Iterator[Event]:
        """Yield the events of the same rows."""
        return self._log.read(after)

    def fold(self) -> BotState:
        """Return what everything that was kept comes to."""
        state = BotState()
        for event in self._log.read():
            apply(state, event)
        return state

    def verify(self) -> None:
        """Check the chain. Raises `StorageError`."""
        self._log.verify()

    def close(self) -> None:
        """End a process's hold on the log; the next one opens it anew."""
        self._log.close()
        if self._path is not None:
            self._log = SqliteEventLog(self._path)
