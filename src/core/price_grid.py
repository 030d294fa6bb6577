"""Prices on the tick grid, as functions of plain numbers: what orders, fills and compiled backtests all round with.

Numbers in and whole units out, so that numba can compile these same functions.
"""

_ROUNDING_ERROR = 1e-9
"""Share of a tick that floating-point arithmetic may be off: a price so near the grid lies on it."""


def nearest_on_grid(price: float, tick: int) -> int:
    """Return the nearest price on the grid; halfway it is the even number of ticks."""
    return round(price / tick) * tick


def down_to_grid(price: float, tick: int) -> int:
    """Return the highest price on the grid that is not above a price."""
    steps = price / tick
    nearest = round(steps)
    return (nearest if nearest <= steps + _ROUNDING_ERROR else nearest - 1) * tick


def up_to_grid(price: float, tick: int) -> int:
    """Return the lowest price on the grid that is not below a price."""
    steps = price / tick
    nearest = round(steps)
    return (nearest if nearest >= steps - _ROUNDING_ERROR else nearest + 1) * tick
