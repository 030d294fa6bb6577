"""Does a bot run on a state folder? A lock of the kernel tells: no process that has ended holds one."""

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

from core.errors import StorageError

LOCK_FILE = "bot.lock"
"""In the state folder; a running bot holds the kernel's lock on it."""


def is_bot_running(folder: Path) -> bool:
    """Whether a process holds the bot's lock on a state folder. Takes it for a moment, shared, if none does.

    Raises `StorageError` where something else stands in the lock's place.
    """
    check_lock(folder)
    try:
        handle = os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def check_lock(folder: Path) -> None:
    """Refuse a lock that is no plain file: two bots could hold two different ones. Raises `StorageError`."""
    path = folder / LOCK_FILE
    with suppress(FileNotFoundError, NotADirectoryError):
        kind = path.lstat().st_mode
        if not stat.S_ISREG(kind):
            what = "a link" if stat.S_ISLNK(kind) else "a folder" if stat.S_ISDIR(kind) else "no plain file"
            raise StorageError(f"{path} is {what}, so nobody can tell whether a bot runs; remove it")
