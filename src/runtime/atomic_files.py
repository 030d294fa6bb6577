"""A file is either the old one or the new one, whole, whatever happens in between: power loss, full disk, kill -9.

Write a temporary file in the same folder, flush it to the disk, rename it over the target, flush the folder. Files
that hold a secret are created readable by their owner only and are read back only if that still holds.
"""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.errors import ConfigurationError, StorageError

OWNER_ONLY = 0o600
LARGEST_SECRET_FILE = 256 * 1024


def write_bytes(path: Path, data: bytes, permissions: int = 0o644) -> None:
    """Replace a file in one step. Raises `StorageError` and leaves the old content if that fails."""
    with open_atomically(path, permissions) as file:
        file.write(data)


def write_text(path: Path, text: str, permissions: int = 0o644) -> None:
    """Replace a text file (UTF-8) in one step. Raises `StorageError` and leaves the old content if that fails."""
    write_bytes(path, text.encode(), permissions)


def write_owner_only(path: Path, data: bytes) -> None:
    """Replace a file that holds a secret: 0600 from its first byte, in a folder of the owner alone.

    The folder is created as 0700. A link at the target is refused, not followed. Raises `ConfigurationError` for a
    folder that others may write to, `StorageError` when the disk refuses.
    """
    _prepare_private_folder(path.parent)
    if path.is_symlink():
        raise ConfigurationError(f"{path} is a link; a secret is only kept in a plain file: remove the link")
    write_bytes(path, data, OWNER_ONLY)


def read_owner_only(path: Path, allowed: int = OWNER_ONLY, owners: tuple[int, ...] = ()) -> bytes:
    """Read a file that holds a secret, after checking who else could have.

    `allowed` are the permission bits it may have; `owners` are user ids accepted beside our own. Raises
    `FileNotFoundError` when there is none and `ConfigurationError` for a link, a wrong owner or open permissions.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        what = "is a link; put the file itself there" if path.is_symlink() else f"cannot be read: {error.strerror}"
        raise ConfigurationError(f"{path} {what}") from None
    try:
        _refuse_unless_private(path, os.fstat(handle), allowed, owners)
        return os.read(handle, LARGEST_SECRET_FILE)
    finally:
        os.close(handle)


@contextmanager
def private_files() -> Iterator[None]:
    """Let everything that this process creates in the block be for its owner only: files 0600, folders 0700.

    The mask is the whole process': for a block that is a program's life, not for one of its threads.
    """
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def open_atomically(path: Path, permissions: int = 0o644) -> Iterator[BinaryIO]:
    """Open a temporary file that becomes `path` when the block ends well, and vanishes when it does not.

    Raises `StorageError` for what the file system refuses.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, permissions)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        flush_folder(path.parent)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error


def flush_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut. Raises `OSError`."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse_unless_private(path: Path, facts: os.stat_result, allowed: int, owners: tuple[int, ...]) -> None:
    permissions = stat.S_IMODE(facts.st_mode)
    if not stat.S_ISREG(facts.st_mode):
        raise ConfigurationError(f"{path} is not a plain file: a secret is only read from one")
    if facts.st_uid not in {os.geteuid(), *owners}:
        raise ConfigurationError(f"{path} belongs to user {facts.st_uid}, not to you ({os.geteuid()}): chown it")
    if permissions & ~allowed:
        raise ConfigurationError(f"{path} has permissions {permissions:04o}: run `chmod {allowed:04o} {path}`")
    if facts.st_size > LARGEST_SECRET_FILE:
        raise ConfigurationError(f"{path} has {facts.st_size} bytes, above the limit of {LARGEST_SECRET_FILE}")


def _prepare_private_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        facts = folder.stat()
    except OSError as error:
        raise StorageError(f"{folder} cannot be created: {error.strerror}") from error
    if facts.st_uid != os.geteuid() or facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigurationError(
            f"{folder} can be changed by other users, so a secret is not safe there: run `chmod 700 {folder}`"
        )
