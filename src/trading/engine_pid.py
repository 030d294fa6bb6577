"""Which process is the bot: `live_engine.pid` in the state folder, for people and programs that want to know.

A number in a file proves nothing: the process may have died, its number may be another's by now, or somebody wrote the
file. So it holds what the kernel can confirm, and it is information only: whether a bot runs is the lock's to say, and
nothing here ever sends a signal.
"""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from core.errors import ConfigurationError
from core.instants import SECOND, Instant
from runtime.atomic_files import OWNER_ONLY, read_owner_only, write_bytes

PID_FILE = "live_engine.pid"
_PROC = Path("/proc")
_BOOT_ID = _PROC / "sys" / "kernel" / "random" / "boot_id"
_STATE_FIELD = 3
"""Of /proc/PID/stat, counted from 1: T for a process that a signal has stopped."""
_START_FIELD = 22
"""When the process started, in clock ticks after the machine did."""


@dataclass(frozen=True, slots=True)
class EngineProcess:
    """One process, told apart from every other that has or had its number."""

    pid: int
    started_ticks: int
    """When it started, in clock ticks since the machine did; 0 where the kernel does not say."""
    boot_id: str
    """The kernel's name for the machine's present start; empty where it has none."""

    @classmethod
    def this_one(cls) -> Self:
        """Return the process that asks."""
        return cls(os.getpid(), _started_ticks(os.getpid()) or 0, _boot_id())

    @property
    def is_alive(self) -> bool:
        """Whether the kernel confirms that just this process runs."""
        is_same_start = bool(self.boot_id) and self.boot_id == _boot_id()
        return is_same_start and _started_ticks(self.pid) == self.started_ticks

    @property
    def since(self) -> Instant:
        """When it started. Meant for one that is alive."""
        found = re.search(r"^btime (\d+)$", (_PROC / "stat").read_text(), re.MULTILINE)
        up_since = int(found[1]) if found else 0
        return up_since * SECOND + self.started_ticks * SECOND // os.sysconf("SC_CLK_TCK")


def write_engine(folder: Path) -> EngineProcess:
    """Write down that this process is the bot, readable by its owner only. Raises `StorageError`.

    For whoever holds the lock. The file is renamed into place, so that a link laid there is replaced, not followed.
    """
    engine = EngineProcess.this_one()
    write_bytes(folder / PID_FILE, json.dumps(asdict(engine)).encode() + b"\n", OWNER_ONLY)
    return engine


def remove_engine(folder: Path, engine: EngineProcess) -> None:
    """Take the file away at a graceful end, unless it is not ours any more."""
    path = folder / PID_FILE
    if _read(path) == engine:
        path.unlink(missing_ok=True)


def running_engine(folder: Path, lock: Path) -> EngineProcess | None:
    """Return the process that the file names, if the kernel confirms that it lives and holds the lock; else None."""
    engine = _read(folder / PID_FILE)
    return engine if engine is not None and engine.is_alive and engine.pid in _holders(lock) else None


def stopped_engine(folder: Path, lock: Path) -> int:
    """Return the id of a running bot whose process a signal has stopped, as SIGSTOP does; 0 for none."""
    engine = running_engine(folder, lock)
    fields = _fields(engine.pid) if engine is not None else []
    return engine.pid if engine is not None and fields and fields[_STATE_FIELD - 3] in {"T", "t"} else 0


def _read(path: Path) -> EngineProcess | None:
    """Return what the file says, or None for one that is missing, another's, or not what we would have written."""
    try:
        content: Any = json.loads(read_owner_only(path))
        engine = EngineProcess(**content)
    except (OSError, ConfigurationError, ValueError, TypeError, RecursionError):
        return None
    kinds = [type(value) for value in (engine.pid, engine.started_ticks, engine.boot_id)]
    return engine if kinds == [int, int, str] and engine.pid > 0 else None


def _holders(lock: Path) -> set[int]:
    """Return the processes that hold a lock on a file, as the kernel lists them."""
    try:
        inode = lock.stat().st_ino
        listed = [line.split() for line in (_PROC / "locks").read_text().splitlines()]
    except OSError:
        return set()
    # "1: FLOCK ADVISORY WRITE <pid> <device>:<inode> <start> <end>"; one that waits has "->" for its second word.
    return {int(each[4]) for each in listed if each[1] == "FLOCK" and each[5].rpartition(":")[2] == str(inode)}


def _started_ticks(pid: int) -> int | None:
    fields = _fields(pid)
    return int(fields[_START_FIELD - 3]) if fields else None


def _fields(pid: int) -> list[str]:
    """Return what the kernel says of a process, from the third field on; nothing of one that is not there."""
    try:
        facts = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return []
    # The second field is a name in brackets, which may hold blanks and brackets of its own.
    return facts.rpartition(")")[2].split()


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""
