"""Where compiled code is kept, so that only the first process after a change of the sources compiles.

Processes that start together take turns, so that one compiles and the others read. What is kept is good for these
sources only. numba looks at the file of the function that is called, not at those of the functions it calls, so a
changed rule would not be seen: the folder bears a hash of them all. Where no folder can be written, each process
compiles anew, which takes some seconds.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from features.lean_imports import without

Function = TypeVar("Function", bound=Callable[..., object])
UNUSED_BY_NUMBA = ("scipy", "cffi", "coverage")
"""What it takes along where it is installed, for linear algebra, foreign functions and lines that were reached: a
quarter of a second."""
_LONGEST_TURN_SECONDS = 60.0
"""Nothing takes so long to compile: whoever holds the lock longer was stopped."""


def compiled(function: Function, sources: Iterable[Path], *, allocates: bool = True) -> Function:
    """Let numba compile a function at its first call.

    `sources` are the files of all that it calls, its own included. One that `allocates` nothing, only fills in what it
    is given, is read from where it is kept in a third of the time. Importing numba takes a fifth of a second, so call
    this where the function is wanted.
    """
    with without(*UNUSED_BY_NUMBA):
        import numba  # noqa: PLC0415 - see above

        if allocates:
            import numba.core.typing.cffi_utils  # noqa: PLC0415 - what would ask for them later
            import numba.np.arraymath  # noqa: PLC0415 - the same

    folder = _folder(sources)
    options: dict[str, Any] = {"cache": folder is not None, "_nrt": allocates}
    decorate: Any = numba.njit(**options)
    configuration: Any = numba.config  # makes its names from the environment
    before, configuration.CACHE_DIR = configuration.CACHE_DIR, str(folder or "")
    try:
        result: Any = decorate(function)
    finally:
        configuration.CACHE_DIR = before
    if folder is not None:
        if not allocates and hasattr(result._cache, "_load_overload"):
            # Before it looks numba makes ready to compile anything. Of that only memory to allocate is needed to run.
            result._cache.load_overload = result._cache._load_overload  # private to numba: without it, slower
        result.compile = _in_turn(result.compile, folder / "compiling.lock")
    called: Function = result
    return called


def _in_turn(compile_: Callable[[Any], object], path: Path) -> Callable[[Any], object]:
    """Let one process at a time look for what is kept, and compile and keep it where there is nothing.

    numba calls this for each new set of argument types. Of two that compile at once it may keep one's code under the
    other's name.
    """

    def compile_in_turn(types: Any) -> object:
        lock = FileLock(path)
        with suppress(Timeout):
            lock.acquire(timeout=_LONGEST_TURN_SECONDS)
        try:
            return compile_(types)
        finally:
            lock.release()

    return compile_in_turn


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
