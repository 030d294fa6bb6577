"""Which days to ask the broker for: what nobody knows yet, and the tail that it may still correct; nothing else.

FYERS takes at most 100 days of minutes or 366 of daily candles in a call. Holidays are the calendar's business and are
not asked for. A session is asked for once all its candles have closed, because the store keeps whole days; the newest
of those is asked for again each time, for a broker corrects closing prices and volumes after the close. And whoever
goes on behind a day that was the newest one when it was stored asks for that day once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from core.errors import DataError
from core.instants import Instant, ist_date
from core.market import Timeframe
from core.ports import Calendar
from market_data.candles.candle_store import Series
from market_data.days import LONGEST_CLOSURE, Days
from market_data.trading_hours import previous_session

_DAYS_PER_CALL = {Timeframe.D: 366}
_MINUTE_DAYS_PER_CALL = 100


def days_per_call(timeframe: Timeframe) -> int:
    """Return how many days, both ends included, the broker answers in one call."""
    return _DAYS_PER_CALL.get(timeframe, _MINUTE_DAYS_PER_CALL)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask for of one series."""

    series: Series
    calendar: Calendar
    """Of the market that the series belongs to."""
    sessions: tuple[date, ...]
    """Every session of the wanted range that is over."""
    calls: tuple[Days, ...]
    """Days of each call, oldest first; empty when nothing is missing."""
    error: str = ""
    """Why the series cannot be planned, when what is stored of it cannot be read."""


def plan_download(
    series: Series, wanted: Days, known: Sequence[Days], calendar: Calendar, now: Instant, again: Sequence[date] = ()
) -> Plan:
    """Plan the calls for a range of days; `again` are known sessions to ask for all the same.

    Raises `DataError` for days that the calendar does not know.
    """
    timeframe = series.timeframe
    sessions = [day for day in wanted if _is_over(calendar, day, timeframe, now)]
    known_days = {day for day in sessions if _is_in(known, day)}
    unknown = set(sessions) - known_days
    asked = unknown | (set(again) & set(sessions))
    newest = _newest_over(calendar, timeframe, now)
    if newest is not None and newest in known_days:
        asked.add(newest)
    before = _session_before(calendar, wanted.first)
    chain = sessions if before is None else [before, *sessions]
    # A day may have been stored before the broker had corrected it: the first call behind it takes it along.
    asked |= {day for day, following in pairwise(chain) if following in unknown and _is_in(known, day)}
    calls = [call for run in _runs(chain, asked) for call in _cut(run, days_per_call(timeframe))]
    return Plan(series, calendar, tuple(sessions), tuple(calls))


def runs_of(sessions: Sequence[date], chosen: set[date]) -> tuple[Days, ...]:
    """Return the chosen ones as ranges, oldest first: neighbours among the sessions stay together."""
    return tuple(_runs(sessions, chosen))


def smaller_calls(days: Days, timeframe: Timeframe) -> tuple[Days, ...]:
    """Return some days as calls of at most half of what the broker answers in one, oldest first."""
    return tuple(_cut(days, days_per_call(timeframe) // 2))


def sessions_beside(days: Days, calendar: Calendar) -> tuple[date, ...]:
    """Return the session before some days and the one after them, each where the calendar knows one."""
    beside = _session_before(calendar, days.first), _session_after(calendar, days.last)
    return tuple(day for day in beside if day is not None)


def _is_in(ranges: Sequence[Days], day: date) -> bool:
    return any(day in days for days in ranges)


def _is_over(calendar: Calendar, day: date, timeframe: Timeframe, now: Instant) -> bool:
    session = calendar.trading_day(day)
    return session is not None and session.candle_close(session.close, timeframe) <= now


def _newest_over(calendar: Calendar, timeframe: Timeframe, now: Instant) -> date | None:
    today = ist_date(now)
    recent = (today - timedelta(days=back) for back in range(LONGEST_CLOSURE))
    return next((day for day in recent if _is_over(calendar, day, timeframe, now)), None)


def _session_before(calendar: Calendar, day: date) -> date | None:
    """Return the session before a day; None where the calendar's knowledge begins."""
    try:
        session = previous_session(calendar, day)
    except DataError:
        return None
    return session.date if session else None


def _session_after(calendar: Calendar, day: date) -> date | None:
    """Return the session after a day; None where the calendar's knowledge ends."""
    try:
        return calendar.next_trading_day(day).date
    except DataError:
        return None


def _runs(sessions: Sequence[date], chosen: set[date]) -> list[Days]:
    runs: list[Days] = []
    goes_on = False
    for day in sessions:
        if day in chosen:
            runs.append(Days(runs.pop().first if goes_on else day, day))
        goes_on = day in chosen
    return runs


def _cut(run: Days, longest: int) -> list[Days]:
    starts = [run.first + timedelta(days=offset) for offset in range(0, (run.last - run.first).days + 1, longest)]
    return [Days(start, min(start + timedelta(days=longest - 1), run.last)) for start in starts]
