"""How far does the calendar see? Real orders need a day that somebody knows; practice may go on with a warning."""

import logging
from datetime import date, timedelta

from core.errors import ConfigurationError, DataError
from core.ports import Calendar
from market_data.assumed_calendar import AssumedCalendar
from market_data.calendar import NseCalendar
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
        """Say in good time, once, that the sessions after the last known day are not known."""
        try:
            until = self._known.known_until(today)
        except DataError:
            return  # the calendar of practice says so itself; live trading is not armed
        if until - today > GOOD_TIME or self._is_told:
            return
        self._is_told = True
        then = "live trading ends there" if self._is_live else "after that weekdays are taken for sessions"
        logger.warning(
            "Sessions are known until %s only, %s: update exchange-calendars, or list the holidays in sessions.yaml",
            until,
            then,
        )
