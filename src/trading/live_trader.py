"""The bot that runs for weeks: idle outside the session, one desk per trading day, one thread that decides.

APScheduler, the feeds and the workers put events into one inbox; the writer takes them out, lets the kernel decide,
makes the result durable, and only then acts. A start, a restart after a crash and a new day are the same path: read
the log, read the broker's books, protect what is open, trade.
"""

import logging
from collections.abc import Callable

from core.errors import AuthenticationError, BrokerError
from core.instants import SECOND, Instant, ist_date, ist_text
from core.ports import Calendar, Clock
from core.sessions import TradingDay
from runtime.service_notice import ServiceNotice
from trading.desk import Desk, Habits, Put
from trading.inbox import Inbox
from trading.kernel import Kernel
from trading.session_loop import AFTER_CLOSE, SessionLoop
from trading.stop_wishes import StopWishes
from trading.timetable import PRE_OPEN_LEAD, Timetable

logger = logging.getLogger("trading.live_trader")

_IDLE_SECONDS = 30.0
_ALARM_SECONDS = 60.0


class LiveTrader:
    """Trades every session it is alive for."""

    def __init__(
        self,
        assemble: Callable[[TradingDay, Put], Desk],
        calendar: Calendar,
        clock: Clock,
        habits: Habits,
        *,
        check_access: Callable[[], object],
        on_moment: Callable[[Kernel], None],
        on_day_end: Callable[[Kernel], None],
        on_idle: Callable[[], object] = lambda: None,
        service: ServiceNotice | None = None,
    ) -> None:
        """`check_access` proves the token with a server call; `on_moment` shows the kernel, `on_day_end` reports.

        `on_idle` is called now and then between sessions; `service` hears how the bot is, None: nobody does.
        """
        self._assemble = assemble
        self._calendar = calendar
        self._clock = clock
        self._habits = habits
        self._check_access = check_access
        self._on_moment = on_moment
        self._on_day_end = on_day_end
        self._on_idle = on_idle
        self._service = service or ServiceNotice({})
        self._wishes = StopWishes(self._service)

    def request_stop(self, why: str) -> None:
        """End gracefully by policy; safe in a signal handler, and at any moment."""
        self._wishes.ask(why)

    def fail(self, why: str) -> None:
        """End at once, because a part of the bot no longer works; for any thread. `run` raises `ThreadDiedError`."""
        self._wishes.fail(why)

    def run(self) -> int:
        """Trade day after day until stopped, or until the asked number of days is done; return how many were traded.

        Raises `AuthenticationError` when the token is dead at a start inside the session, unless the habit is to wait,
        `UnfinishedError` when a stop, or the last session, left something open, and `ThreadDiedError`.
        """
        self._service.ready()
        done = 0
        patient = self._habits.waits_for_sign_in
        while not self._wishes.is_heard() and (self._habits.days is None or done < self._habits.days):
            day = self._coming_day()
            patient = patient or self._clock.now() < day.open
            self._idle_until(day.open - PRE_OPEN_LEAD)
            if self._wishes.is_heard():
                break
            has_access = self._gain_access(day, patient=patient)
            patient = True
            if not has_access:
                continue  # nobody signed in: this session is lost, the next one is not
            self._trade(day)
            done += 1
            self._idle_until(self._habits.end_of(day) + AFTER_CLOSE if self._habits.days is None else 0)
        return done

    # --- between sessions ---------------------------------------------------------------------------------------

    def _coming_day(self) -> TradingDay:
        """Today's session if it is not over, else the next one."""
        now = self._clock.now()
        today = self._calendar.trading_day(ist_date(now))
        if today is not None and now < self._habits.end_of(today):
            return today
        return self._calendar.next_trading_day(ist_date(now))

    def _idle_until(self, instant: Instant) -> None:
        if self._clock.now() < instant and not self._wishes.is_heard():
            logger.info("Idle until %s", ist_text(instant))
        while not self._wishes.is_heard() and (left := instant - self._clock.now()) > 0:
            self._wishes.wait(self._clock.pause_seconds(min(left / SECOND, _IDLE_SECONDS)))
            self._on_idle()

    def _gain_access(self, day: TradingDay, *, patient: bool) -> bool:
        """Prove the token before the session; ring until somebody signs in, or the session is over."""
        while not self._wishes.is_heard() and self._clock.now() < self._habits.end_of(day):
            try:
                with self._service.patience():
                    self._check_access()
            except AuthenticationError as error:
                if not patient:
                    raise
                logger.critical("SIGN_IN_NEEDED: %s", error)
            except BrokerError as error:
                logger.warning("Not ready to trade: %s; asking again", error)
            else:
                return True
            self._wishes.wait(self._clock.pause_seconds(_ALARM_SECONDS))
            self._on_idle()
        return False

    # --- one session --------------------------------------------------------------------------------------------

    def _trade(self, day: TradingDay) -> None:
        inbox = Inbox()
        with self._service.patience():
            desk = self._assemble(day, inbox.put)
        session = SessionLoop(desk, inbox, day, self._clock, self._habits, self._wishes, self._service, self._on_moment)
        timetable = Timetable(self._clock, inbox.put, self.fail)
        try:
            with self._service.patience():
                session.begin()
                desk.open_feeds()
            timetable.start(day, self._habits.timeframe, self._habits.candle_wait)
            session.run()
        finally:
            timetable.stop()
            with self._service.patience():
                session.close()
        self._on_moment(desk.writer.kernel)
        self._on_day_end(desk.writer.kernel)
        session.require_finished()
