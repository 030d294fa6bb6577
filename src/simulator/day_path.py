"""One symbol's session as columns: the quotes, and the candles that are made of exactly those quotes.

Generator and tape differ in how they find a path; candles, running figures and the feed's rows come from here, so that
history, ticks and candles cannot disagree.
"""

from dataclasses import dataclass

import numpy as np

from core.market import Candle, Timeframe
from core.sessions import TradingDay
from features.columns import IntArray

_DISPLAYED_VALUE = 250_000_00
"""Median value on display on each side of the touch, in units."""


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Candles of one session as columns of equal length, in time order."""

    start: IntArray
    open: IntArray
    high: IntArray
    low: IntArray
    close: IntArray
    volume: IntArray

    def merged(self, session: TradingDay, timeframe: Timeframe) -> "Bars":
        """Merge into longer candles on the grid that is anchored at the session's open."""
        if not len(self.start):
            return self
        first = _first_of_each_group(self.start, session, timeframe)
        last = np.append(first[1:], len(self.start)) - 1
        duration = timeframe.duration
        return Bars(
            start=session.open + (self.start[first] - session.open) // duration * duration,
            open=self.open[first],
            high=np.maximum.reduceat(self.high, first),
            low=np.minimum.reduceat(self.low, first),
            close=self.close[last],
            volume=np.add.reduceat(self.volume, first),
        )

    def candles(self) -> list[Candle]:
        """The rows as candles."""
        columns = (self.start, self.open, self.high, self.low, self.close, self.volume)
        return [Candle(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class DayPath:
    """Every update of one symbol in one session, as columns of equal length in time order. Prices in units."""

    at: IntArray
    ltp: IntArray
    quantity: IntArray
    """Shares in the trade of this update."""
    bid: IntArray
    ask: IntArray
    bid_size: IntArray
    ask_size: IntArray

    def bars(self, session: TradingDay, timeframe: Timeframe) -> Bars:
        """The whole session as candles."""
        return Bars(self.at, self.ltp, self.ltp, self.ltp, self.ltp, self.quantity).merged(session, timeframe)

    def between(self, start: int, until: int) -> "DayPath":
        """The updates with `start <= at <= until`."""
        part = slice(int(np.searchsorted(self.at, start)), int(np.searchsorted(self.at, until, side="right")))
        columns = (self.at, self.ltp, self.quantity, self.bid, self.ask, self.bid_size, self.ask_size)
        return DayPath(*(column[part] for column in columns))

    def rows(self, previous_close: int) -> IntArray:
        """The updates as a table whose columns are the fields of `Quote` after its symbol."""
        volume = np.cumsum(self.quantity)
        value = np.cumsum(self.quantity * self.ltp)
        average = np.where(volume > 0, value // np.maximum(volume, 1), self.ltp)
        count = len(self.at)
        depth = 40 * int(self.bid_size.mean() + self.ask_size.mean()) if count else 0
        waiting = depth * (self.bid > 0)
        columns = (
            self.at,
            self.ltp,
            self.quantity,
            volume,
            self.bid,
            self.ask,
            self.bid_size,
            self.ask_size,
            np.full(count, self.ltp[0] if count else 0),
            np.maximum.accumulate(self.ltp),
            np.minimum.accumulate(self.ltp),
            np.full(count, previous_close),
            average,
            waiting + 7 * self.bid_size,
            depth * (self.ask > 0) + 7 * self.ask_size,
        )
        return np.column_stack(columns)


@dataclass(frozen=True, slots=True)
class Touch:
    """Best bid and ask of every update, with the shares on display."""

    bid: IntArray
    ask: IntArray
    bid_size: IntArray
    ask_size: IntArray


def on_the_clock(session: TradingDay, elapsed: IntArray) -> IntArray:
    """Return the instants at which so many nanoseconds of a session's trading have passed: its pauses do not count."""
    at = session.open + elapsed
    for pause, resumed in session.breaks:
        at = np.where(at >= pause, at + (resumed - pause), at)
    return at


def touch_around(ltp: IntArray, tick: int, band: tuple[int, int], chance: np.random.Generator) -> Touch:
    """Put a bid and an ask around each last price: mostly one tick apart, the last trade on the side it moved to.

    At a limit of the price band the far side is empty (price and size 0), as on a share that is locked there.
    """
    count = len(ltp)
    moved = np.sign(np.diff(ltp, prepend=ltp[:1]))
    lifted = np.where(moved == 0, chance.integers(0, 2, count), moved > 0).astype(bool)
    spread = tick * chance.choice(np.array([1, 2, 3]), count, p=[0.88, 0.10, 0.02])
    bid = np.where(lifted, ltp - spread, ltp)
    ask = np.where(lifted, ltp, ltp + spread)
    median = _DISPLAYED_VALUE / int(ltp[0])
    sizes = np.maximum(1, np.rint(median * np.exp(0.8 * chance.standard_normal((2, count))))).astype(np.int64)
    lower, upper = band
    has_bid, has_ask = bid >= max(lower, tick), ask <= upper
    return Touch(bid * has_bid, ask * has_ask, sizes[0] * has_bid, sizes[1] * has_ask)


def no_touch(count: int) -> Touch:
    """The touch of an index: none."""
    nothing = np.zeros(count, dtype=np.int64)
    return Touch(nothing, nothing, nothing, nothing)


def _first_of_each_group(at: IntArray, session: TradingDay, timeframe: Timeframe) -> IntArray:
    group = (at - session.open) // timeframe.duration
    return np.flatnonzero(np.diff(group, prepend=group[0] - 1))
