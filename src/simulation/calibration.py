"""How fast is this machine? Sessions a minute say little without it; a ratio to this loop can be compared.

The loop does what a session mostly does: it makes small tuples, looks keys up and adds whole numbers.
"""

import time

STEPS = 400_000
"""Turns of one loop: about a tenth of a second."""


def calibrate() -> float:
    """Return the seconds that one loop took."""
    began = time.perf_counter()
    table: dict[tuple[int, int], int] = {}
    total = 0
    for number in range(STEPS):
        key = number & 255, number & 7
        total += table.get(key, number)
        table[key] = total & 65_535
    return time.perf_counter() - began
