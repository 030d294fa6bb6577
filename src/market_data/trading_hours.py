"""From when to when does a day trade? What judging and fetching candles asks of a market's calendar."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Protocol, TypeAlias

from core.errors import DataError
from core.instants import Instant
from core.ports import Calendar
from core.sessions import TradingDay
from market_data.days import LONGEST_CLOSURE

Span: TypeAlias = tuple[Instant, Instant]


class TradingHours(Protocol):
    """What the calendar is asked."""

    def trading_hours(self, day: date) -> tuple[Span, ...] | None:
        """Return from when to when a day trades: empty when closed, None when nobody knows the hours.

        Raises `DataError` for a day before the calendar begins or after it ends.
        """
        ...


class MarketCalendar(Calendar, TradingHours, Protocol):
    """The calendar of one market: its sessions, and their hours without the breaks."""


HoursOf: TypeAlias = Callable[[str], TradingHours]
"""Told a symbol: the hours of its market."""


def previous_session(calendar: Calendar, before: date) -> TradingDay | None:
    """Return the last session before a date; None where the market was closed for longer than it ever was.

    Raises what `trading_day` does.
    """
    days = (before - timedelta(days=back) for back in range(1, LONGEST_CLOSURE + 1))
    return next((session for day in days if (session := calendar.trading_day(day)) is not None), None)


def next_session(calendar: Calendar, after: date) -> TradingDay:
    """Return the first session after a date, day by day, for calendars that know no faster way.

    Raises what `trading_day` does, and `DataError` when the market stays closed for longer than it ever was.
    """
    days = (after + timedelta(days=offset) for offset in range(1, LONGEST_CLOSURE + 1))
    found = next((session for day in days if (session := calendar.trading_day(day)) is not None), None)
    if found is None:
        raise DataError(
            f"no session within {LONGEST_CLOSURE} days after {after}: check years and closures of the sessions file "
            "(paths.sessions)"
        )
    return found
