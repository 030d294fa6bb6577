"""Compiling the rules: numba takes the core's own functions, and keeps the result on disk for the next run.

What is kept is good for these sources only. numba looks at the file of the function that is called, not at those of
the rules it calls, so a changed rule would not be seen: the folder bears a hash of them all. Where no folder can be
written, each process compiles anew, which takes some seconds.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numba
from numba.extending import register_jitable

Function = TypeVar("Function", bound=Callable[..., object])
_OPTIONS: dict[str, Any] = {"_nrt": False}
"""The columns belong to the caller, so that nobody has to count who holds them: that took most of the time."""


def rule(function: Function) -> Function:
    """Let compiled code call a function; it stays what it is for everybody else.

    It becomes part of its caller: a call would hand over every column of every table, once a bar.
    """
    registered: Function = register_jitable(**_OPTIONS, forceinline=True)(function)
    return registered


def compiled(function: Function, sources: Sequence[ModuleType]) -> Function:
    """Compile a function at its first call; `sources` are the modules of all rules that it calls, its own included."""
    folder = _folder(sources)
    compile_: Any = numba.njit(cache=folder is not None, **_OPTIONS)
    configuration: Any = numba.config  # makes its names from the environment
    before, configuration.CACHE_DIR = configuration.CACHE_DIR, str(folder or "")
    try:
        result: Function = compile_(function)
    finally:
        configuration.CACHE_DIR = before
    return result


def _folder(sources: Sequence[ModuleType]) -> Path | None:
    """Return where compiled code may be kept; None for nowhere."""
    digest = hashlib.sha256()
    for module in sources:
        digest.update(Path(str(module.__file__)).read_bytes())
    chosen = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    try:
        folder = Path(chosen or Path.home() / ".cache") / "fyersbot" / digest.hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError):  # read-only, full, or no home
        return None
    return folder
