"""The exit rule: when a position must go. One function for live ticks, backtest bars and training labels.

A tick is a degenerate candle (open = high = low). Inside a bar the stop is taken before the target, because the bar
does not say which came first; a gap beyond a level fills at the open. Whole numbers only, so that numba can compile
this same function.
"""

MOST_CHANGES = 20
"""Changes of one order after which a stop trails no further: brokers refuse an order that is changed too often."""
HOLD = 0
STOP = 1
TARGET = 2
SQUARE_OFF = 3

_ROUNDING_ERROR = 1e-9
"""What a float may fall short of the whole number that it stands for."""
REASONS = {STOP: "stop_loss", TARGET: "target", SQUARE_OFF: "square_off"}
FORCE_EXIT = "force_exit"
"""Reason of a position that leaves because the day's loss is beyond its limit."""
EMERGENCY_EXIT = "emergency_exit"
"""Reason of a position that leaves because it could not be protected in time."""


def decide(side: int, stop: int, target: int, open_: int, high: int, low: int, squaring_off: bool) -> tuple[int, int]:
    """Return (HOLD, 0), or the reason to leave and the price in units at which this bar or tick lets us.

    `side` is 1 for long and -1 for short; a `target` of 0 means none.
    """
    if squaring_off:
        return SQUARE_OFF, open_
    if side > 0:
        if open_ <= stop:
            return STOP, open_
        if 0 < target <= open_:
            return TARGET, open_
        if low <= stop:
            return STOP, stop
        if 0 < target <= high:
            return TARGET, target
    else:
        if open_ >= stop:
            return STOP, open_
        if open_ <= target:
            return TARGET, open_
        if high >= stop:
            return STOP, stop
        if low <= target:
            return TARGET, target
    return HOLD, 0


def reach_of(multiple: float, atr: float) -> int:
    """Return a multiple of the average true range as a distance in whole units, rounded down."""
    return int(multiple * atr + _ROUNDING_ERROR)


def trail(side: int, first: int, stop: int, risk: int, reach: int, tick: int, high: int, low: int) -> int:
    """Return where a stop is once a bar or tick is over: `reach` units or more behind its best price, and never back.

    It stands on steps of a quarter of the initial `risk` from its `first` place, so that a bar moves it to just where
    the ticks of that bar would have. Ask `decide` before: inside a bar the old stop holds.
    """
    best, start = (high if side > 0 else -low), side * first
    step = max(-(-risk // (4 * tick)), 1) * tick
    moved = start + (best - max(reach, tick) - start) // step * step
    return side * max(moved, side * stop)


def levels(side: int, entry: int, atr: float, stop_atr: float, target_atr: float, tick: int) -> tuple[int, int]:
    """Return the stop and the target around an entry price, in units on the tick grid.

    Both round towards the entry, so that the stop triggers no later than asked for, and neither may touch the entry:
    each lies at least one tick away. An average entry price need not lie on the grid. A short is a long of the
    mirrored price.
    """
    price = side * entry
    stop_reach, target_reach = reach_of(stop_atr, atr), reach_of(target_atr, atr)
    below, above = (price - tick) // tick, -(-(price + tick) // tick)
    stop = min(-(-(price - stop_reach) // tick), below)
    target = max((price + target_reach) // tick, above)
    return side * stop * tick, side * target * tick
