"""The bot that runs for weeks: idle outside the session, one desk per trading day, one thread that decides.

APScheduler, the feeds and the workers put events into one inbox; the writer takes them out, lets the kernel decide,
makes the result durable, and only then acts. A start, a restart after a crash and a new day are the same path: read
the log, read the broker's books, protect what is open, trade.
"""

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from core import events
from core.errors import AuthenticationError, BrokerError, UnfinishedError
from core.events import Command, Phase
from core.instants import MINUTE, SECOND, Instant, ist_date, ist_text
from core.market import Timeframe
from core.ports import Calendar, Clock
from core.sessions import TradingDay
from core.state import BotState
from runtime.service_notice import ServiceNotice
from trading.errands import Errands
from trading.inbox import Inbox
from trading.kernel import Kernel
from trading.obedience import Obedience
from trading.self_watch import SelfWatch
from trading.stop_wishes import StopWishes
from trading.timetable import PRE_OPEN_LEAD, Timetable
from trading.writer import Item, Writer

logger = logging.getLogger("trading.live_trader")

Put = Callable[[Item], None]

_IDLE_SECONDS = 30.0
_ALARM_SECONDS = 60.0
_LONGEST_WAIT = 0.25
"""Market seconds the writer waits for an item before it looks around."""
_LOOK_INTERVAL = 0.25
"""Wall seconds between two looks at the stop, and between two pictures of the live view."""
_COMMAND_INTERVAL = 1.0
"""Wall seconds between two looks for a command of the operator."""
_AFTER_CLOSE = 5 * MINUTE
"""How long after the close the desk is kept at most."""
_STOP_PATIENCE = 90.0
"""Market seconds a graceful stop waits for cancels, protection or flatness; systemd is told to wait longer."""
_LEAST_STOP_PATIENCE = 10.0
"""Wall seconds of the same on a fast clock: the broker's answers are no faster for it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything one trading day needs, put together by wiring."""

    writer: Writer
    errands: Errands
    obedience: Obedience
    boot: Callable[[Instant], events.Booted]
    """Makes the first event of the run, after the log was folded."""
    set_up: Callable[[Instant], events.DeskSet]
    """Makes the second: what the kernel was built from."""
    open_feeds: Callable[[], None]
    close_feeds: Callable[[], None]
    without_reads: Callable[[], AbstractContextManager[None]]
    """Ends the reads that feeds and errands wait for, while the desk closes."""
    watch: SelfWatch = field(default_factory=SelfWatch)


@dataclass(frozen=True, slots=True)
class Habits:
    """How the bot behaves around trading itself."""

    timeframe: Timeframe
    flatten_on_stop: bool
    days: int | None = None
    """Trading days after which to end; None: run until stopped."""
    candle_wait: int = 0
    """Nanoseconds after its close at which a candle is due."""
    waits_for_sign_in: bool = False
    """Whether a start inside the session without a token waits for a person instead of ending."""


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
        self._inbox = Inbox()
        self._passed_over = 0
        """Prices of this inbox that made room for newer ones, as far as the kernel was told."""
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
            self._idle_until(self._end_of(day) + _AFTER_CLOSE if self._habits.days is None else 0)
        return done

    # --- between sessions ---------------------------------------------------------------------------------------

    def _coming_day(self) -> TradingDay:
        """Today's session if it is not over, else the next one."""
        now = self._clock.now()
        today = self._calendar.trading_day(ist_date(now))
        if today is not None and now < self._end_of(today):
            return today
        return self._calendar.next_trading_day(ist_date(now))

    def _end_of(self, day: TradingDay) -> Instant:
        """When the last candle of a session is known: at the close, a daily one after the closing auction."""
        return day.candle_closes(self._habits.timeframe)[-1]

    def _idle_until(self, instant: Instant) -> None:
        if self._clock.now() < instant and not self._wishes.is_heard():
            logger.info("Idle until %s", ist_text(instant))
        while not self._wishes.is_heard() and (left := instant - self._clock.now()) > 0:
            self._wishes.wait(self._clock.pause_seconds(min(left / SECOND, _IDLE_SECONDS)))
            self._on_idle()

    def _gain_access(self, day: TradingDay, *, patient: bool) -> bool:
        """Prove the token before the session; ring until somebody signs in, or the session is over."""
        while not self._wishes.is_heard() and self._clock.now() < self._end_of(day):
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
        self._inbox, self._passed_over = Inbox(), 0
        with self._service.patience():
            desk = self._assemble(day, self._inbox.put)
        timetable = Timetable(self._clock, self._inbox.put, self.fail)
        try:
            with self._service.patience():
                self._begin(desk, day)
                desk.open_feeds()
            timetable.start(day, self._habits.timeframe, self._habits.candle_wait)
            self._work(desk, day)
        finally:
            timetable.stop()
            with self._service.patience():
                self._close(desk)
        self._on_moment(desk.writer.kernel)
        self._on_day_end(desk.writer.kernel)
        self._require_finished(desk.writer.kernel.state, day)

    def _begin(self, desk: Desk, day: TradingDay) -> None:
        """Remember, then say who we are, which day it is, what is in doubt, and hear what was asked meanwhile."""
        desk.writer.restore()
        now = self._clock.now()
        desk.writer.take(desk.boot(now), now)
        desk.writer.take(desk.set_up(now), now)
        desk.writer.take(events.DayBegan(at=now, day=day), now)
        self._look_at_ourselves(desk)
        self._obey(desk)

    def _close(self, desk: Desk) -> None:
        with desk.without_reads():
            desk.close_feeds()
            desk.errands.close()
        desk.obedience.close()
        desk.writer.close()

    def _require_finished(self, state: BotState, day: TradingDay) -> None:
        """Fail where a stop left something to do, or where a session that somebody waits for did not end flat."""
        left = self._unfinished(state)
        if self._wishes.why and left:
            wanted = "flat" if self._habits.flatten_on_stop else "protected"
            raise UnfinishedError(
                f"stopped by {self._wishes.why} before {', '.join(sorted(left))} was {wanted}: look at the position "
                "and its orders in the broker's app now, or start the bot again"
            )
        is_awaited = self._habits.days is not None and self._habits.timeframe is not Timeframe.D
        if is_awaited and not self._wishes.why and not state.flat_verified:
            raise UnfinishedError(
                f"the session of {day.date} ended and nobody could verify that all is flat: look at the positions in "
                "the broker's app"
            )

    def _work(self, desk: Desk, day: TradingDay) -> None:
        """The only loop that decides: take one item, handle it, let due deadlines fire."""
        writer, inbox = desk.writer, self._inbox
        next_look = next_command = stopping_since = 0.0
        desk.watch.stood_still()  # a start may take its time; the turns are counted from here
        while not self._is_done(writer.kernel, day, stopping_since):
            item = inbox.get(self._patience(writer.next_due))
            gap = desk.watch.gap(self._clock)
            if gap is not None:  # before what has waited meanwhile
                writer.take(gap, gap.at)
            if isinstance(item, events.CandleDue):
                self._tell_of_passed_over(desk)
            if item is not None:
                writer.take(item, self._clock.now())
            writer.let_time_pass(self._clock.now())
            wall = time.monotonic()
            if wall >= next_command:
                next_command = wall + _COMMAND_INTERVAL
                self._obey(desk)
            if wall >= next_look:
                next_look = wall + _LOOK_INTERVAL
                writer.write_tape()
                self._service.alive()
                self._look_at_ourselves(desk)
                self._on_moment(writer.kernel)
                if self._wishes.is_heard() and not stopping_since:
                    stopping_since = wall
                    self._service.stopping()
                    writer.take(self._stop_command(), self._clock.now())

    def _tell_of_passed_over(self, desk: Desk) -> None:
        """Say before a candle is closed that prices are missing in it: what was not taken out never happened."""
        count = self._inbox.passed_over
        if count > self._passed_over:
            now = self._clock.now()
            desk.writer.take(events.PricesPassedOver(at=now, count=count - self._passed_over), now)
            self._passed_over = count

    def _look_at_ourselves(self, desk: Desk) -> None:
        now = self._clock.now()
        for change in desk.watch.changes(desk.writer.kernel.state, now):
            desk.writer.take(change, now)

    def _patience(self, due: Instant | None) -> float:
        """Wall seconds to wait for the next item: until the next deadline, and never long without a look around."""
        left = _LONGEST_WAIT if due is None else (due - self._clock.now()) / SECOND
        return self._clock.pause_seconds(max(0.0, min(left, _LONGEST_WAIT)))

    def _obey(self, desk: Desk) -> None:
        desk.obedience.obey(desk.writer.kernel, self._clock, desk.writer.commit)

    def _stop_command(self) -> events.CommandGiven:
        command = Command.STOP_FLAT if self._habits.flatten_on_stop else Command.STOP
        return events.CommandGiven(at=self._clock.now(), command=command, why=self._wishes.why)

    def _is_done(self, kernel: Kernel, day: TradingDay, stopping_since: float) -> bool:
        state = kernel.state
        if stopping_since:
            patience = max(self._clock.deadline_seconds(_STOP_PATIENCE), _LEAST_STOP_PATIENCE)
            return not self._unfinished(state) or time.monotonic() - stopping_since > patience
        if state.phase is not Phase.CLOSE:
            return False
        decides_after_close = self._habits.timeframe is Timeframe.D
        if state.flat_verified and not decides_after_close:
            return True
        return self._clock.now() > self._end_of(day) + _AFTER_CLOSE

    def _unfinished(self, state: BotState) -> set[str]:
        """Return the symbols in which a stop by our policy has something left to do, in this session's time.

        What a pause keeps from being done is left over: nobody may be here when trading goes on.
        """
        if state.day is None or not state.day.open <= self._clock.now() < state.day.close:
            return set()
        if self._habits.flatten_on_stop:
            live = (order.intent.symbol for order in state.orders.values() if order.state.is_live)
            return {*state.positions, *live}
        entering = (order.intent.symbol for order in state.live_entries)
        leaving = (each.symbol for each in state.positions.values() if each.unprotected_since or each.exit_reason)
        return {*entering, *leaving}
