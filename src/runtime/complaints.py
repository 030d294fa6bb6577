"""A command that fails says why in one line; this says which line, for the terminal and the log alike."""

import errno

from core.errors import BotError


def complaint_of(error: BaseException) -> str | None:
    """Return the line for an error that is to be expected; None for one that only its traceback explains."""
    if isinstance(error, BotError):
        return str(error)
    if not isinstance(error, OSError):
        return None
    if error.errno == errno.ENOSPC:
        return f"{error.filename or 'the output'}: the disk is full; make room and run it again"
    if error.filename:
        return f"{error.filename}: {error.strerror}; check the path and its permissions"
    return None
