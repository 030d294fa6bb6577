"""Room on the disk: noticed before it runs out, and a little kept aside for when it has.

A bot whose log cannot be written must send nothing and end. With the reserve given back its next start can write
again, finds the disk nearly full, takes no entries, and manages what is open to its end.
"""

import errno
import logging
import os
from pathlib import Path

from core.instants import SECOND

RESERVE_FILE = "reserve"
LOOK_EVERY = 30 * SECOND
_MEGABYTE = 1_000_000
_ENOUGH = 1.25
"""A doubt about room ends with this many times the floor: not with every file that comes and goes."""

logger = logging.getLogger("trading.disk_watch")


class DiskWatch:
    """Looks at the room for a folder, twice a minute at most. For one thread."""

    def __init__(self, folder: Path, floor_mb: int) -> None:
        self._folder = folder
        self._floor = floor_mb * _MEGABYTE
        self._next_look = 0
        self._doubt = ""

    def look(self, steady: int) -> str:
        """Return why there is too little room; empty when there is enough."""
        if steady >= self._next_look:
            self._next_look = steady + LOOK_EVERY
            free = _free_bytes(self._folder)
            is_short = free < self._floor * (_ENOUGH if self._doubt else 1)
            room = f"{free // _MEGABYTE} MB free, disk.floor_mb = {self._floor // _MEGABYTE}"
            self._doubt = f"{self._folder}: {room}" if is_short else ""
        return self._doubt


class DiskReserve:
    """A file that holds room for nothing else."""

    def __init__(self, folder: Path, megabytes: int, floor_mb: int) -> None:
        self._path = folder / RESERVE_FILE
        self._bytes = megabytes * _MEGABYTE
        self._floor = floor_mb * _MEGABYTE

    def hold(self) -> None:
        """Set the room aside, if there is plenty. Never raises for a disk that has none."""
        if not self._bytes or (self._path.exists() and self._path.stat().st_size == self._bytes):
            return
        if _free_bytes(self._path.parent) < self._floor + self._bytes:
            logger.warning("no room for a reserve of %d MB in %s", self._bytes // _MEGABYTE, self._path.parent)
            return
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(handle, 0, self._bytes)
                os.ftruncate(handle, self._bytes)
            finally:
                os.close(handle)
        except OSError as error:
            self.release()
            logger.warning("no reserve in %s: %s", self._path.parent, os.strerror(error.errno or errno.EIO))

    def release(self) -> bool:
        """Give the room back; return whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True


def _free_bytes(folder: Path) -> int:
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize
