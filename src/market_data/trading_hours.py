"""From when to when does a day trade? What whoever judges or fetches candles asks of a market's calendar."""

from collections.abc import Callable
from datetime import date
from typing import Protocol, TypeAlias

from core.instants import Instant
from core.ports import Calendar

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
