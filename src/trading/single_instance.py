"""One bot on a state folder, and a file that says which: two that decide on the same account would undo each other."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import StorageError
from core.instants import ist_text
from trading.bot_lock import LOCK_FILE, check_lock
from trading.engine_pid import remove_engine, running_engine, write_engine

ALREADY_RUNNING = 3
"""Exit code of a second start on the same state folder."""
_LOCK_PATIENCE = 0.5
"""Seconds to try for the lock: a verb that looks whether a bot runs touches it for a moment."""


@contextmanager
def single_instance(folder: Path) -> Iterator[None]:
    """Hold the kernel's lock on a state folder: it dies with the process, so that no stale lock can remain.

    A folder that another bot holds ends the program with `ALREADY_RUNNING`. Raises `StorageError` for one that cannot
    be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_lock(folder)
        lock = FileLock(folder / LOCK_FILE)
        lock.acquire(timeout=_LOCK_PATIENCE)
    except Timeout:
        sys.stderr.write(f"fyersbot: {_other_bot(folder)}; stop it, or choose another paths.state\n")
        raise SystemExit(ALREADY_RUNNING) from None
    except OSError as error:
        raise StorageError(
            f"state folder {folder} cannot be used: {error.strerror}; choose another paths.state"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _other_bot(folder: Path) -> str:
    """Say who has the lock: by name where the kernel confirms what `live_engine.pid` says."""
    engine = running_engine(folder, folder / LOCK_FILE)
    who = f" (pid {engine.pid}, since {ist_text(engine.since)})" if engine is not None else ""
    return f"another bot runs on {folder}{who}"


@contextmanager
def pid_file(folder: Path) -> Iterator[None]:
    """Say in a file who runs; it is taken away at a graceful end only."""
    engine = write_engine(folder)
    yield
    remove_engine(folder, engine)
