"""Practice does not end with the calendar's year: past the last known day a weekday counts as a session.

It is said once. Only where no money is at stake. Live trading stops at the end of what is known.
"""

import logging
from collections.abc import Iterator
from datetime import date, timedelta

from core.errors import DataError
from core.sessions import TradingDay
from market_data.calendar import NseCalendar
from market_data.days import is_weekend

_logger = logging.getLogger("market_data.assumed_calendar")


class AssumedCalendar:
    """The port `Calendar` for paper trading: what is known, and after it every weekday with ordinary hours."""

    def __init__(self, known: NseCalendar) -> None:
        """`known` is asked first."""
        self._known = known
        self._is_told = False

    def trading_day(self, day: date) -> TradingDay | None:
        """Return the session of a date, or None. Raises `DataError` before the first known hours."""
        try:
            return self._known.trading_day(day)
        except DataError as error:
            return self._assumed(day, error)

    def next_trading_day(self, after: date) -> TradingDay:
        """Return the first session after a date, known or assumed."""
        try:
            return self._known.next_trading_day(after)
        except DataError:
            return next(found for day in _following(after) if (found := self.trading_day(day)) is not None)

    def _assumed(self, day: date, error: DataError) -> TradingDay | None:
        session = self._known.regular_session(day)
        if not self._is_told:
            self._is_told = True
            _logger.warning("Sessions are assumed: weekdays count as sessions because no money is at stake: %s", error)
        return None if is_weekend(day) else session


def _following(day: date) -> Iterator[date]:
    while True:
        day += timedelta(days=1)
        yield day
