"""Which days to ask for, so that a history call brings the candles that are wanted and few more.

FYERS takes dates, not counts, and at most 100 days of minutes or 366 days of daily bars in a call.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from core.errors import DataError
from core.instants import Instant, ist_date
from core.market import Timeframe
from core.ports import Calendar
from market_data.days import Days
from market_data.history.download_plan import days_per_call

OLDEST = date(2000, 1, 1)
"""No search goes further back."""
_ONE_DAY = timedelta(days=1)


def spans(calendar: Calendar, timeframe: Timeframe, count: int, last: date, now: Instant) -> Iterator[Days]:
    """Yield, newest first, the spans of days up to `last` that hold `count` closed candles.

    Ends early where the calendar's knowledge of the past ends. Raises `DataError` when it does not know `last`.
    """
    most_days = days_per_call(timeframe)
    needed = count - _closed_candles(calendar, last, timeframe, now)
    first = last
    while needed > 0 and first > OLDEST:
        day = first - _ONE_DAY
        try:
            closed = _closed_candles(calendar, day, timeframe, now)
        except DataError:
            break
        if (last - day).days == most_days:
            yield Days(first, last)
            last = day
        first = day
        needed -= closed
    yield Days(first, last)


def _closed_candles(calendar: Calendar, day: date, timeframe: Timeframe, now: Instant) -> int:
    session = calendar.trading_day(day)
    if session is None:
        return 0
    closed = sum(close <= now for close in session.candle_closes(timeframe))
    # The newest one of today may not be in the broker's answer yet; without it there should still be enough.
    return closed - 1 if closed and day == ist_date(now) else closed
