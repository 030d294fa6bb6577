"""A folder for what a run needs only while it lasts, cleared away by the next run where a killed one left it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

_OWNER = "owner.lock"
"""Locked while its folder is in use: a lock ends with the process that holds it, however that ends."""


@contextmanager
def scratch_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """Yield an empty folder whose name begins with `prefix`, by default among the system's temporary files.

    Folders of the same prefix that nobody uses any more are removed first. Raises `OSError` where there is no room.
    """
    where = Path(tempfile.gettempdir()) if parent is None else parent
    for left in where.glob(f"{prefix}*/{_OWNER}"):
        _remove_if_left(left)
    while True:
        with tempfile.TemporaryDirectory(prefix=prefix, dir=where, ignore_cleanup_errors=True) as name:
            folder = Path(name)
            with FileLock(folder / _OWNER):
                if (folder / _OWNER).exists():  # another run may have taken it for left before the lock was held
                    yield folder
                    return


def _remove_if_left(owner: Path) -> None:
    try:
        with FileLock(owner, blocking=False):
            shutil.rmtree(owner.parent, ignore_errors=True)
    except (Timeout, OSError):  # in use, gone meanwhile, or another user's
        return
