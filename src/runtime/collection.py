"""Python's search for cycles, made seldom in a process that ends when its one task is done."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS_BETWEEN = 500_000
"""Python looks through the heap each time some hundreds were made: of a backtest that took a third of the time."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Search seldom while the block runs, and never again among its objects: they live as long as the process."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BETWEEN)
    try:
        yield
    finally:
        gc.freeze()  # before the old threshold, which so many objects are far beyond
        gc.set_threshold(*before)
