"""How far does the calendar see? Real orders need a day that somebody knows; practice may go on with a warning."""

import logging
from datetime import date, timedelta

from core.errors import ConfigurationError, DataError
from core.ports import Calendar
from market_data.assumed_calendar import AssumedCalendar
from market_data.calendar import DayKind, NseCalendar
from runtime.settings import Mode, Settings

logger = logging.getLogger("trading.horizon")

GOOD_TIME = timedelta(days=30)
"""How long before the last known day the warning begins."""


class Horizon:
    """What a run may trade by, and the warning before that ends."""

    def __init__(self, settings: Settings, calendar: NseCalendar) -> None:
        """`calendar` is what is known."""
        self._known = calendar
        self._is_live = settings.mode is Mode.LIVE
        self._is_told = False
        self._days_told: set[date] = set()

    def arm(self, today: date) -> Calendar:
        """Return the calendar of the run.

        Raises `ConfigurationError` for live trading on a day that nobody knows; paper trading assumes such days.
        """
        if not self._is_live:
            return AssumedCalendar(self._known)
        try:
            self._known.day(today)
        except DataError as error:
            raise ConfigurationError(f"live trading is not armed on {today}: {error}") from None
        return self._known

    def warn(self, today: date) -> None:
        """Say in good time, each thing once, which sessions will not be traded because they are not known."""
        try:
            until = self._known.known_until(today)
        except DataError:
            return  # the calendar of practice says so itself; live trading is not armed
        for day in self._known.days(today, min(until, today + GOOD_TIME)):
            if day.kind is DayKind.HOURS_UNKNOWN and day.date not in self._days_told:
                self._days_told.add(day.date)
                logger.warning(
                    "Hours of the session on %s (%s) are not known, it is not traded: write them under "
                    "special_sessions in sessions.yaml",
                    day.date,
                    day.note,
                )
        if until - today <= GOOD_TIME and not self._is_told:
            self._is_told = True
            logger.warning(
                "Sessions are known until %s only, %s: update exchange-calendars, or list the holidays in "
                "sessions.yaml",
                until,
                "live trading ends there" if self._is_live else "after that weekdays are taken for sessions",
            )
