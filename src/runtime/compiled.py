"""Where compiled code is kept, so that only the first process after a change of the sources compiles.

What is kept is good for these sources only. numba looks at the file of the function that is called, not at those of
the functions it calls, so a changed rule would not be seen: the folder bears a hash of them all. Where no folder can
be written, each process compiles anew, which takes some seconds.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function, sources: Iterable[Path], **options: Any) -> Function:
    """Let numba compile a function at its first call, with its options.

    `sources` are the files of all that it calls, its own included. Importing numba takes a third of a second, so call
    this where the function is wanted.
    """
    import numba  # noqa: PLC0415 - see above

    folder = _folder(sources)
    compile_: Any = numba.njit(cache=folder is not None, **options)
    configuration: Any = numba.config  # makes its names from the environment
    before, configuration.CACHE_DIR = configuration.CACHE_DIR, str(folder or "")
    try:
        result: Function = compile_(function)
    finally:
        configuration.CACHE_DIR = before
    return result


def _folder(sources: Iterable[Path]) -> Path | None:
    """Return where compiled code may be kept; None for nowhere."""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.read_bytes())
    chosen = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    try:
        folder = Path(chosen or Path.home() / ".cache") / "fyersbot" / digest.hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError):  # read-only, full, or no home
        return None
    return folder
