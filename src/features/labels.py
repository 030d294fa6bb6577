"""What a classifier should have said: the direction that the live exit rule would have turned into money.

From each candle a long and a short position are entered at the next open and walked forward with `core.exits`, the
same function that watches live ticks, to stop, target or square-off; a stop that trails does so here, too. The label
is the side that earned more than it cost. A position never crosses the day, so a label is known by that day's
square-off at the latest.

As in a backtest, nothing is entered right after a hole of the data or a pause of the session: the price decided at is
too old by then. What is open where the candles of a day break off has no known end, and so no label.

With entries at the open, without spread and slippage, a backtest earns the same with a single position, to the paisa.
A label does not know of what a backtest may add: a limit that the next open lies beyond, a bar without room or locked,
limits of the gate. Its spread is taken off in the end, where a backtest makes both fills worse by it and sets stop and
target around such a fill.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from core import exits
from core.errors import DataError
from core.instants import ist_date
from core.market import Timeframe
from core.ports import Calendar
from core.sessions import TradingDay
from core.signals import Direction
from features.columns import BoolArray, CandleColumns, FloatArray, IntArray

Cost: TypeAlias = Callable[[int, int], int]
"""Charges in units of a round trip, given the value bought and the value sold, in units."""

Size: TypeAlias = Callable[[int, int, float], int]
"""Shares of a position, given its side (1 or -1), the close that it is decided at and the average true range there."""

LONG = 1
SHORT = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRule:
    """The trade that each label stands for."""

    stop_atr: float
    target_atr: float
    tick: int
    """Price step, in units."""
    spread: int
    """Units per share lost between buying and selling at the touch."""
    shares: Size
    """Where it says 0 no position is made, so that none of that side earns anything."""
    cost: Cost
    """Not in proportion to the shares, which is why a label asks how many there are."""
    trail_atr: float = 0.0
    """Distance of a trailing stop behind the best price, in average true ranges; 0 for a stop that stays."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """One entry per candle. Read the others only where `known` says so."""

    known: BoolArray
    """Whether a position could be entered after this candle and its end is in the data."""
    directions: IntArray
    """`Direction` values: 0 none, 1 long, 2 short."""
    long_net: IntArray
    """What a long position earned after spread and charges, in units; `short_net` the same for a short one."""
    short_net: IntArray
    long_resolved: IntArray
    """Row of the candle in which the long position ended; `short_resolved` the same for the short one."""
    short_resolved: IntArray

    @property
    def resolved(self) -> IntArray:
        """Row of the candle with whose close both ends, and so the label, are known."""
        return np.maximum(self.long_resolved, self.short_resolved)


class _Prices(NamedTuple):
    """Columns as lists of plain integers: several times faster than arrays in a loop over single rows."""

    opens: list[int]
    highs: list[int]
    lows: list[int]
    closes: list[int]


class _Session(NamedTuple):
    """Rows of one date."""

    first: int
    last: int
    """The row after the session's last."""
    square_off: int
    """First row at or after square-off; `last` if there is none."""
    no_entry: int
    """First row at whose open no position is entered any more."""
    follows: list[bool]
    """Of each row but the last: whether the next candle starts when it closed, with no hole or pause between them."""
    is_cut: bool
    """Whether the candles break off: none is at or after square-off, and the day went on after the last one."""


def label(candles: CandleColumns, atr: FloatArray, timeframe: Timeframe, calendar: Calendar, rule: LabelRule) -> Labels:
    """Label every candle of one symbol whose `atr` (in units) is a number above zero.

    Raises `DataError` for daily candles, whose positions do cross the day.
    """
    if timeframe is Timeframe.D:
        raise DataError("labels are for intraday candles; train on 1m, 3m, 5m, 15m or 60m")
    rows = len(candles)
    prices = _Prices(*(each.tolist() for each in (candles.opens, candles.highs, candles.lows, candles.closes)))
    reach = np.nan_to_num(atr).tolist()
    known = np.zeros(rows, dtype=np.bool_)
    table = np.zeros((5, rows), dtype=np.int64)
    for session in _sessions(candles, timeframe, calendar):
        for row in range(session.first, min(session.no_entry, session.last) - 1):
            if reach[row] <= 0 or not session.follows[row - session.first]:
                continue
            long = _walk(LONG, row, reach[row], session, prices, rule)
            short = _walk(SHORT, row, reach[row], session, prices, rule)
            if session.is_cut and session.last in {long[1], short[1]}:
                continue  # nobody knows what became of the position
            ends = min(long[1], session.last - 1), min(short[1], session.last - 1)
            known[row] = True
            table[:, row] = _direction(long[0], short[0]).value, long[0], short[0], *ends
    return Labels(known, *table)


def _walk(side: int, row: int, atr: float, session: _Session, prices: _Prices, rule: LabelRule) -> tuple[int, int]:
    """Return what the position earned, and the row in which it ended: `session.last` if by want of candles.

    One that is not made ends in the row in which it would have been entered.
    """
    opens, highs, lows, closes = prices
    shares, entry_row = rule.shares(side, closes[row], atr), row + 1
    if shares == 0:
        return 0, entry_row
    entry = opens[entry_row]
    first, target = exits.levels(side, entry, atr, rule.stop_atr, rule.target_atr, rule.tick)
    stop, risk, reach = first, abs(entry - first), exits.reach_of(rule.trail_atr, atr)
    changes_left = exits.MOST_CHANGES if rule.trail_atr > 0 else 0
    for now in range(entry_row, session.last):
        is_late = now >= session.square_off
        reason, price = exits.decide(side, stop, target, opens[now], highs[now], lows[now], is_late)
        if reason != exits.HOLD:
            return _net(side, shares, entry, price, rule), now
        if changes_left:
            moved = exits.trail(side, first, stop, risk, reach, rule.tick, highs[now], lows[now])
            changes_left -= moved != stop
            stop = moved
    return _net(side, shares, entry, closes[session.last - 1], rule), session.last


def _net(side: int, shares: int, entry: int, price: int, rule: LabelRule) -> int:
    bought, sold = (entry, price) if side > 0 else (price, entry)
    return shares * (sold - bought - rule.spread) - rule.cost(shares * bought, shares * sold)


def _direction(long_net: int, short_net: int) -> Direction:
    if max(long_net, short_net) <= 0:
        return Direction.NONE
    return Direction.LONG if long_net >= short_net else Direction.SHORT


def _sessions(candles: CandleColumns, timeframe: Timeframe, calendar: Calendar) -> Iterator[_Session]:
    """Cut the candles into sessions; a date that the calendar does not know as one is left out."""
    days = candles.days()
    cuts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)] if len(days) else [0]
    for first, last in pairwise(cuts):
        day: TradingDay | None = calendar.trading_day(ist_date(int(candles.starts[first])))
        if day is not None:
            starts = candles.starts[first:last]
            square_off, no_entry = np.searchsorted(starts, (day.square_off, day.no_entry_after)).tolist()
            closes = [day.candle_close(start, timeframe) for start in starts.tolist()]
            yield _Session(
                first,
                last,
                first + square_off,
                first + no_entry,
                follows=(starts[1:] == closes[:-1]).tolist(),
                is_cut=square_off == last - first and closes[-1] < day.close,
            )
