"""When should there have been a candle? The calendar's answer for a run of days, as arrays that rows are held against.

Candles are anchored at the open of the day, as exchanges and brokers anchor them; one that only touches a session with
a break is expected too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum

import numpy as np

from core.errors import DataError
from core.instants import DAY, Instant
from core.market import Timeframe
from features.columns import IST_OFFSET, BoolArray, IntArray, ist_days
from market_data.days import Days, is_weekend, midnight, number_of
from market_data.trading_hours import Span, TradingHours

_REGULAR_MINUTES = 300
"""A session of one span that is shorter is a special one."""


class Place(IntEnum):
    """Where a row lies, seen from the calendar."""

    EXPECTED = 0
    OFF_GRID = 1
    BEFORE_OPEN = 2
    CLOSING_BAR = 3
    """Starts at the very close: the closing price, not a candle of trading."""
    AFTER_CLOSE = 4
    IN_BREAK = 5
    NO_SESSION = 6
    UNKNOWN = 7
    """The session's hours, or the day itself, are beyond the calendar."""


@dataclass(frozen=True, slots=True)
class GridDay:
    """One date."""

    day: date
    spans: tuple[Span, ...]
    expected: int
    """Candles."""
    is_known: bool
    """Whether the calendar reaches so far and knows the hours."""
    is_session: bool

    @property
    def is_special(self) -> bool:
        """Whether it trades at unusual hours or on a weekend."""
        minutes = sum(end - start for start, end in self.spans) // 60_000_000_000
        return bool(self.spans) and (minutes < _REGULAR_MINUTES or is_weekend(self.day))


class SessionGrid:
    """The candles that a calendar expects on a run of days."""

    def __init__(self, calendar: TradingHours, days: Days, timeframe: Timeframe) -> None:
        """Ask the calendar about every date once."""
        self.timeframe = timeframe
        self._first = number_of(days.first)
        self.days = tuple(_grid_day(calendar, day, timeframe) for day in days)
        self.starts = _joined([_starts(each, timeframe) for each in self.days])
        """Start of every candle that should be there, in order; of days: midnight."""

    def day_places(self, starts: IntArray) -> IntArray:
        """Return for each row the place of its date in `days`."""
        return ist_days(starts) - self._first

    def normal(self, starts: IntArray) -> IntArray:
        """Return starts as the grid has them: a day's candle at midnight in India, whichever hour its source chose."""
        if self.timeframe is not Timeframe.D:
            return starts
        return ist_days(starts) * DAY - IST_OFFSET

    def is_expected(self, starts: IntArray) -> BoolArray:
        """Return for each row whether a candle starts there."""
        return _contains(self.starts, self.normal(starts))

    def places(self, starts: IntArray) -> IntArray:
        """Return for each row its `Place`."""
        which = self.day_places(starts)
        opens = np.array([each.spans[0][0] if each.spans else 0 for each in self.days], dtype=np.int64)[which]
        closes = np.array([each.spans[-1][1] if each.spans else 0 for each in self.days], dtype=np.int64)[which]
        known = np.array([each.is_known for each in self.days], dtype=np.bool_)[which]
        expected = self.is_expected(starts)
        if self.timeframe is Timeframe.D:
            return np.select([~known, expected], [Place.UNKNOWN, Place.EXPECTED], Place.NO_SESSION).astype(np.int64)
        conditions = [~known, opens == 0, expected, starts < opens, starts == closes, starts > closes]
        outcomes = [
            Place.UNKNOWN,
            Place.NO_SESSION,
            Place.EXPECTED,
            Place.BEFORE_OPEN,
            Place.CLOSING_BAR,
            Place.AFTER_CLOSE,
        ]
        rest = np.where(self._in_a_span(starts, which), Place.OFF_GRID, Place.IN_BREAK)
        return np.select(conditions, outcomes, rest).astype(np.int64)

    def is_there(self, starts: IntArray) -> BoolArray:
        """Return for each expected candle whether a row has its start."""
        there = np.zeros(len(self.starts), dtype=np.bool_)
        if len(there):
            wanted = self.normal(starts)
            at = np.minimum(np.searchsorted(self.starts, wanted), len(there) - 1)
            there[at[self.starts[at] == wanted]] = True
        return there

    def per_day(self, mask: BoolArray) -> IntArray:
        """Return for each day how many of its expected candles a mask over them holds."""
        return np.bincount(self.day_places(self.starts[mask]), minlength=len(self.days)).astype(np.int64)

    def _in_a_span(self, starts: IntArray, which: IntArray) -> BoolArray:
        inside = np.zeros(len(starts), dtype=np.bool_)
        for number in range(max((len(each.spans) for each in self.days), default=0)):
            spans = [each.spans[number] if number < len(each.spans) else (0, 0) for each in self.days]
            bounds = np.array(spans, dtype=np.int64).reshape(-1, 2)[which]
            inside |= (starts >= bounds[:, 0]) & (starts < bounds[:, 1])
        return inside


def runs(starts: IntArray, step: int) -> Iterator[tuple[Instant, Instant, int]]:
    """Return runs of candles that follow each other within a step: first start, last start and number."""
    if not len(starts):
        return
    ends = np.append(np.flatnonzero(np.diff(starts) > step), len(starts) - 1)
    first = 0
    for last in ends.tolist():
        yield int(starts[first]), int(starts[last]), last - first + 1
        first = last + 1


def _grid_day(calendar: TradingHours, day: date, timeframe: Timeframe) -> GridDay:
    try:
        spans = calendar.trading_hours(day)
    except DataError:
        return GridDay(day, (), 0, is_known=False, is_session=False)
    # A session whose hours nobody knows is not expected in any timeframe: downloads and lists do not count it either.
    found = GridDay(day, spans or (), 0, is_known=spans is not None, is_session=spans is None or bool(spans))
    return replace(found, expected=len(_starts(found, timeframe)))


def _starts(of: GridDay, timeframe: Timeframe) -> IntArray:
    if timeframe is Timeframe.D:
        return np.array([midnight(of.day)] if of.spans else [], dtype=np.int64)
    if not of.spans:
        return np.empty(0, dtype=np.int64)
    starts = np.arange(of.spans[0][0], of.spans[-1][1], timeframe.duration, dtype=np.int64)
    touches = np.zeros(len(starts), dtype=np.bool_)
    for begin, end in of.spans:
        touches |= (starts < end) & (starts + timeframe.duration > begin)
    return starts[touches]


def _joined(parts: list[IntArray]) -> IntArray:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _contains(ordered: IntArray, wanted: IntArray) -> BoolArray:
    """Return for each wanted value whether it is in an ordered array."""
    if not len(ordered):
        return np.zeros(len(wanted), dtype=np.bool_)
    at = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    found: BoolArray = ordered[at] == wanted
    return found
