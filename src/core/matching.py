"""The fill rule: when and at what price an order trades. One rule for paper, backtest and simulator.

A quote is a degenerate candle: for a buy its open, high and low are the ask, for a sell the bid. Whole numbers only,
so that numba can compile these functions. Sides are 1 for buy and -1 for sell; a price of 0 means "no fill".
"""


def is_triggered(side: int, trigger: int, high: int, low: int) -> bool:
    """Whether a stop order's trigger is touched: a buy from below, a sell from above."""
    return high >= trigger if side > 0 else low <= trigger


def limit_fill(side: int, limit: int, open_: int, high: int, low: int) -> int:
    """Price at which a limit order trades in a bar: the open if already inside the limit, else the limit if touched."""
    if side > 0:
        if open_ <= limit:
            return open_
        return limit if low <= limit else 0
    if open_ >= limit:
        return open_
    return limit if high >= limit else 0
