"""Importing a library without the heavy half that it takes along for uses that are not ours."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Let modules seem not to be installed while the block imports what can do without them.

    Those that are loaded already stay, and all can be imported afterwards.
    """
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None there is Python's own word for absent
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)
