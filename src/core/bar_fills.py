"""What a bar lets an order have: at what price and how many, and when nothing can be had at all.

`docs/backtest-assumptions.md` gives the reasons. Plain numbers only, so that numba can compile these same functions.
Prices are in units; sides are 1 for buy and -1 for sell; a price of 0 means "no fill", a close of 0 "none known".
"""

from core.matching import limit_fill

LOCKED_PERCENT = (2, 5, 10, 20)
"""Where the exchange stops a day's trading, in percent of the close of the session before."""
ACTION_PERCENT = 25
"""A night's move beyond this is no market's: the widest band is 20 %."""


def fill_cost(price: int, spread_ticks: int, slippage_ticks: int, slippage_share: float, tick: int) -> int:
    """Units by which a fill at the market is worse than the price the bar shows: half the spread, and slippage.

    Half the spread is rounded up to whole ticks, and so is the slippage that is a share of the price.
    """
    steps = price * slippage_share / tick
    whole = int(steps)
    if steps > whole + 1e-9:
        whole += 1
    return ((spread_ticks + 1) // 2 + slippage_ticks + whole) * tick


def worsened(side: int, price: int, cost: int, limit: int, tick: int) -> int:
    """Return what an order at the market pays or gets: worse by the cost, but no worse than its limit; 0 for none.

    Nothing is sold below one tick.
    """
    if side > 0:
        return min(price + cost, limit) if limit > 0 else price + cost
    return max(price - cost, limit, tick)


def entry_fill(side: int, limit: int, open_: int, high: int, low: int, cost: int, tick: int) -> tuple[int, bool]:
    """Return the price at which an entry fills, and whether that was inside the bar; a limit of 0 takes any open.

    `cost` is that of a fill at the open; at its own limit an entry has none.
    """
    if limit == 0:
        return worsened(side, open_, cost, 0, tick), False
    price = limit_fill(side, limit, open_, high, low)
    if price == 0:
        return 0, False
    if (open_ - limit) * side > 0:
        return price, True
    return worsened(side, price, cost, limit, tick), False


def available(wanted: int, volume: int, volume_share: float, lot: int) -> int:
    """How many of the wanted shares one fill gets of a bar's volume, in whole lots; a share of 0 means all."""
    if volume_share <= 0:
        return wanted
    return min(wanted, int(volume * volume_share + 1e-9) // lot * lot)


def is_locked(side: int, open_: int, high: int, low: int, close_before: int, tick: int) -> bool:
    """Whether nothing is had on this side: a bar of one price at a limit of the day that this side would push against.

    `close_before` is the close of the session before. Within a tick of 2, 5, 10 or 20 % above it nobody sells to a
    buyer, so far below it nobody buys from a seller.
    """
    if high != low or close_before <= 0:
        return False
    for percent in LOCKED_PERCENT:  # noqa: SIM110 - numba compiles no generator
        if abs(open_ * 100 - close_before * (100 + side * percent)) <= tick * 100:
            return True
    return False


def is_corporate_action(open_: int, close_before: int) -> bool:
    """Whether a session opens so far from the close before it that the shares themselves must have changed."""
    return close_before > 0 and abs(open_ - close_before) * 100 > close_before * ACTION_PERCENT
