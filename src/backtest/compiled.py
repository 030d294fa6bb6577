"""Compiling the rules: numba takes the core's own functions, so that none is written a second time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import runtime.compiled
from features.lean_imports import without

with without(*runtime.compiled.UNUSED_BY_NUMBA):
    from numba.extending import register_jitable

Function = TypeVar("Function", bound=Callable[..., object])


def rule(function: Function) -> Function:
    """Let compiled code call a function; it stays what it is for everybody else.

    It becomes part of its caller: a call would hand over every column of every table, once a bar. The columns belong to
    who called that one, so that nobody has to count who holds them: that took most of the time.
    """
    registered: Function = register_jitable(_nrt=False, forceinline=True)(function)
    return registered


def compiled(function: Function, sources: Sequence[ModuleType]) -> Function:
    """Compile a function at its first call; `sources` are the modules of all rules that it calls, its own included."""
    files = [Path(str(module.__file__)) for module in sources]
    return runtime.compiled.compiled(function, files, allocates=False)
