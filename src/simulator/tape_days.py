"""The sessions of a recorded file: those of the calendar, and days the file traded although the calendar was closed.

The exchange opens on some weekends and evenings, and calendars do not reach back for ever. A file's own rows are then
the evidence, as long as their hours make sense.
"""

from collections.abc import Mapping
from datetime import date, time

from core.errors import DataError
from core.instants import HOUR, MINUTE, Instant, instant_at
from core.ports import Calendar
from core.sessions import TradingDay

_OPEN, _CLOSE = time(9, 15), time(15, 30)
_EVENING = time(17, 0)
_SHORTEST_EVENING = 30 * MINUTE
_LONGEST_EVENING = 2 * HOUR


class TapeCalendar:
    """A calendar with the extra sessions of a tape."""

    def __init__(self, calendar: Calendar, extra: Mapping[date, TradingDay]) -> None:
        self._calendar = calendar
        self._extra = dict(sorted(extra.items()))

    def trading_day(self, day: date) -> TradingDay | None:
        """The session of a date, or None. Raises `DataError` past the horizon of the calendar, except for tape days."""
        return self._extra.get(day) or self._calendar.trading_day(day)

    def next_trading_day(self, after: date) -> TradingDay:
        """The first session after a date. Raises `DataError` past the horizon of both."""
        extra = next((session for day, session in self._extra.items() if day > after), None)
        try:
            known = self._calendar.next_trading_day(after)
        except DataError:
            if extra is None:
                raise
            return extra
        return extra if extra is not None and extra.date < known.date else known


def calendar_session(calendar: Calendar, day: date) -> TradingDay | None:
    """The calendar's session of a date; None too where the calendar does not reach, so that the rows decide."""
    try:
        return calendar.trading_day(day)
    except DataError:
        return None


def session_by_its_rows(day: date, first: Instant, last: Instant, *, within_hours: bool) -> TradingDay | None:
    """The session of a day that the calendar calls closed: the usual hours, or an evening of half an hour to two.

    `first` and `last` are the start of its first and the end of its last row; `within_hours` tells whether any row lies
    in the usual hours. None when the hours make no sense.
    """
    if within_hours:
        start, end = instant_at(day, _OPEN), instant_at(day, _CLOSE)
        return TradingDay(
            date=day,
            open=start,
            close=end,
            no_entry_after=end - 45 * MINUTE,
            square_off=end - 25 * MINUTE,
            flat_by=end - 20 * MINUTE,
        )
    if first < instant_at(day, _EVENING) or not _SHORTEST_EVENING <= last - first <= _LONGEST_EVENING:
        return None
    span = last - first
    return TradingDay(
        date=day,
        open=first,
        close=last,
        no_entry_after=first + span // 2,
        square_off=first + span * 2 // 3,
        flat_by=first + span * 3 // 4,
    )


def usual_hours(day: date) -> tuple[Instant, Instant]:
    """Open and close of an ordinary session."""
    return instant_at(day, _OPEN), instant_at(day, _CLOSE)
