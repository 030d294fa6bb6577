"""What is done after the close, by appointment, on a worker: recorded ticks go to the archive, and the day is checked.

The appointments are market time on APScheduler, as the timetable's are, but they outlive the trading day and put
nothing into the inbox. The first one catches up with evenings that no bot was there for. Nothing here can harm
trading: it runs while the market is closed, and what fails is told and tried again on the next evening.
"""

import logging
import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeAlias

from core.errors import BotError, DataError
from core.instants import MINUTE, Instant, ist_date
from core.ports import Calendar, Clock
from market_data.ticks.closed_days import archive_closed, end_of
from runtime.settings import PathSettings
from trading.timetable import PRE_OPEN_LEAD, Scheduler

logger = logging.getLogger("trading.evening")

Check: TypeAlias = Callable[[date, threading.Event], None]
"""Looks at a day that is over; the event tells it to end soon."""

AFTER_END = 15 * MINUTE
"""How long after the market's end: the desk, which may stay five minutes, has closed the recorder by then."""

_LONGEST_PAUSE = 10
"""Days between two sessions, at most."""


class StoppedError(BotError):
    """The bot ends while a day is being archived. The day stays where it was, for the next evening."""


class Evening:
    """Archives on every evening that the bot is alive for, and then has the newest session checked."""

    def __init__(
        self,
        paths: PathSettings,
        calendar: Calendar,
        clock: Clock,
        check: Check = lambda _day, _ends: None,
        *,
        archives: bool = True,
    ) -> None:
        self._paths = paths
        self._calendar = calendar
        self._clock = clock
        self._check = check
        self._archives = archives
        self._ends = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._scheduler = Scheduler()

    def start(self) -> None:
        """Make the first appointment: at once while the market is closed, else for this evening."""
        self._appoint(self.first_at)
        self._scheduler.start()

    def close(self, *, is_done: bool = False) -> None:
        """Forget what is ahead; a move that runs ends soon and leaves its day where it was. Safe to call twice.

        `is_done` says that the bot has traded the days it was to trade: then it will see no evening, and does it now.
        """
        if is_done:
            self._work()
        self._ends.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def first_at(self, now: Instant) -> Instant:
        """Return when to archive first: a session that is near or runs is waited for."""
        session = self._calendar.trading_day(ist_date(now))
        if session is None or now < session.open - 2 * PRE_OPEN_LEAD:
            return now
        return max(now, self._evening_of(session.date))

    def evening_after(self, now: Instant) -> Instant:
        """Return the next evening that is still ahead."""
        today = ist_date(now)
        if self._calendar.trading_day(today) is not None and now < self._evening_of(today):
            return self._evening_of(today)
        return self._evening_of(self._calendar.next_trading_day(today).date)

    def _appoint(self, rule: Callable[[Instant], Instant]) -> None:
        try:
            wall = self._clock.wall_at(rule(self._clock.now()))
        except DataError as error:
            logger.warning("No evening is known to archive on: %s", error)
        else:
            self._scheduler.add_job(self._run, "date", run_date=wall, misfire_grace_time=None)

    def _run(self) -> None:
        self._work()
        if not self._ends.is_set():
            self._appoint(self.evening_after)

    def _evening_of(self, day: date) -> Instant:
        return end_of(day, self._calendar) + AFTER_END

    def _work(self) -> None:
        """Archive all closed days, after what is being archived already, and check the newest; tell what failed."""
        with self._one_at_a_time:
            now = self._clock.now()
            if self._archives:
                self._archive_closed(now)
            if not self._ends.is_set():
                self._check_newest(now)

    def _check_newest(self, now: Instant) -> None:
        try:
            day = self._newest_session(now)
            if day is not None:
                self._check(day, self._ends)
        except (BotError, OSError) as error:
            logger.warning("The day is not checked: %s", error)
        except Exception:
            logger.critical("The day is not checked", exc_info=True)

    def _newest_session(self, now: Instant) -> date | None:
        """Return the newest session that is over. Raises `DataError` beyond the calendar's horizon."""
        days = (ist_date(now) - timedelta(back) for back in range(_LONGEST_PAUSE))
        is_over = (day for day in days if self._calendar.trading_day(day) and end_of(day, self._calendar) <= now)
        return next(is_over, None)

    def _archive_closed(self, now: Instant) -> None:
        try:
            for day in archive_closed(self._paths, self._calendar, now, watch=lambda _day: self._go_on):
                logger.info("Archived %d ticks of %s, %d symbols", day.ticks, day.day, day.symbols)
        except StoppedError as error:
            logger.info("%s", error)
        except (BotError, OSError) as error:
            logger.warning("Ticks are not archived: %s", error)
        except Exception:
            logger.critical("Ticks are not archived", exc_info=True)

    def _go_on(self, _name: str, _ticks: int) -> None:
        if self._ends.is_set():
            raise StoppedError("the bot ends before its ticks are archived; the next evening does it")
