"""The bytes of one file that somebody else may have put there: from a plain file only, and never more than agreed.

A link could lead anywhere, a pipe would keep its reader waiting for ever, and a device has no end.
"""

import errno
import os
import stat
from pathlib import Path

from core.errors import ModelError


def read_plain_file(path: Path, largest: int) -> bytes:
    """Read a file of at most `largest` bytes in one go.

    Raises `ModelError` for one that is missing, larger, unreadable, or no plain file.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise ModelError(f"{path}: is no plain file; restore it or train again")
            raw = file.read(largest + 1)
    except FileNotFoundError:
        raise ModelError(f"{path}: missing; restore it or run `fyersbot train`") from None
    except IsADirectoryError:
        raise ModelError(f"{path}: is no plain file; restore it or train again") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ModelError(f"{path}: is a link; put the file itself there, or train again") from None
        raise ModelError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if len(raw) > largest:
        raise ModelError(f"{path}: larger than the {largest} bytes allowed for it; restore it or train again")
    return raw
