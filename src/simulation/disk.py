"""The event log of a session: kept over every death of the process, full at the worst moment, cut off at any write.

It stores the same text as the file does, so an error of the codec shows, and hashes it into one digest of the session.
One session in a hundred writes the real file as well.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from core.errors import BotError, StorageError
from core.event_codec import decode, encode
from core.events import Event
from simulation.fates import Fates
from simulation.plan import Crash, FaultKind
from trading.event_log import SqliteEventLog


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
        self._file = SqliteEventLog(path) if path else None
        self._rows: list[tuple[str, str]] = []
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Hash over everything that was kept."""
        return self._hash.hexdigest()

    def append(self, events: Sequence[Event]) -> None:
        """Keep events. Raises `StorageError` when the disk is full, `ProcessKilledError` at the planned write."""
        self.writes += 1
        is_last = self._crash is not None and self._crash.write == self.writes
        if is_last and self._crash is not None and self._crash.before:
            raise ProcessKilledError(f"killed before write {self.writes}")
        if self._fates.strikes(FaultKind.DISK_FULL):
            raise StorageError(f"write {self.writes}: no space left on device")
        rows = [encode(event) for event in events]
        if self._file is not None:
            self._file.append(events)
        self._rows += rows
        for kind, body in rows:
            self._hash.update(f"{kind}\0{body}\n".encode())
        self._kept(events, [body for _, body in rows])
        if is_last:
            raise ProcessKilledError(f"killed after write {self.writes}")

    def read(self) -> Iterator[Event]:
        """Yield what was kept, from the file where there is one."""
        if self._file is not None:
            yield from self._file.read()
            return
        for kind, body in list(self._rows):
            yield decode(kind, body)

    def close(self) -> None:
        """End the process's hold on it; the next process opens the file anew."""
        if self._file is not None and self._path is not None:
            self._file.close()
            self._file = SqliteEventLog(self._path)

    def is_whole(self) -> bool:
        """Whether file and memory hold the same events. Raises `StorageError` for a broken chain."""
        if self._file is None:
            return True
        rows = [encode(event) for event in self._file.read()]
        self._file.close()
        return rows == self._rows
