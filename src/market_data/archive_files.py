"""What the files of the archive share: each says itself what it is, and one process at a time writes in a folder.

A list beside the files could outlive one of them and claim what is gone, so each tells in its own Parquet footer what
it holds. Folders are named `key=value`, as every reader of Parquet takes them for columns.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from filelock import FileLock, Timeout

from core.errors import DataError, StorageError

ABOUT = b"fyersbot"
"""Key in the footer under which a file of the archive says what it is."""
LOCK_SECONDS = 60.0
"""How long a writer waits for another process."""
_REMEDY = "move it away"
_SYMBOL = "symbol="


def symbol_folder(symbol: str) -> str:
    """Return the name of a symbol's folder; what no file system takes is written as `%3A`."""
    return f"{_SYMBOL}{quote(symbol, safe='')}"


def symbol_of(folder: Path) -> str:
    """Return the symbol that `symbol_folder` named a folder after."""
    return unquote(folder.name.removeprefix(_SYMBOL))


def require_folders(*folders: Path) -> None:
    """Raise `DataError` for a place of the archive that something else takes; one that is not there yet is empty."""
    for folder in folders:
        if folder.exists() and not folder.is_dir():
            raise DataError(f"{folder}: is no folder, as the archive needs here; move it away, or set paths.archive")


@contextmanager
def writing_in(folder: Path) -> Iterator[None]:
    """Make a folder and hold it alone; what a killed process left half-written is taken away.

    Raises `StorageError` when the disk refuses, in the block too, or another process has been writing for a minute.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=LOCK_SECONDS):
            for left_by_a_crash in folder.glob(".[0-9]*.parquet.*"):
                left_by_a_crash.unlink()
            yield
    except Timeout:
        raise StorageError(f"{folder}: another process has been writing here for {LOCK_SECONDS:g} s") from None
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror or error}") from error


def about_of(metadata: Mapping[bytes, bytes] | None, path: Path, remedy: str = _REMEDY) -> dict[str, Any]:
    """Return what a footer's metadata says of its file. Raises `DataError` with the remedy if it is none of ours."""
    try:
        about = json.loads((metadata or {})[ABOUT])
    except (KeyError, ValueError, RecursionError):
        about = None
    if not isinstance(about, dict):
        raise not_ours(path, remedy)
    return about


def not_ours(path: Path, remedy: str = _REMEDY) -> DataError:
    """Return the refusal of a file that somebody else has put there."""
    return DataError(f"{path}: was not written by the archive; {remedy}")
