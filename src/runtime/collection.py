"""Python's search for cycles, in a process whose whole heap dies when its one task is done."""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS_BETWEEN = 500_000
"""Python looks through the heap each time some hundreds were made: of a backtest that took a third of the time."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let the block's objects pile up, and let what is left at the end of the process be given back unsearched."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BETWEEN)
    atexit.register(gc.freeze)
    try:
        yield
    finally:
        gc.set_threshold(*before)
