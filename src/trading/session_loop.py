"""One session at its desk: the only loop that decides, from the first event of a start to the last order of a stop."""

import time
from collections.abc import Callable

from core import events
from core.errors import UnfinishedError
from core.events import Command, Phase
from core.instants import MINUTE, SECOND, Instant
from core.market import Timeframe
from core.ports import Clock
from core.sessions import TradingDay
from runtime.service_notice import ServiceNotice
from trading.desk import Desk, Habits
from trading.inbox import Inbox
from trading.kernel import Kernel
from trading.stop_wishes import StopWishes

AFTER_CLOSE = 5 * MINUTE
"""How long after the close the desk is kept at most."""
STOP_PATIENCE = 90.0
"""Market seconds a graceful stop waits for cancels, protection or flatness; systemd is told to wait longer."""
_LEAST_STOP_PATIENCE = 10.0
"""Wall seconds of the same on a fast clock: the broker's answers are no faster for it."""
_LONGEST_WAIT = 0.25
"""Market seconds the writer waits for an item before it looks around."""
_LOOK_INTERVAL = 0.25
"""Wall seconds between two looks at the stop, and between two pictures of the live view."""
_COMMAND_INTERVAL = 1.0
"""Wall seconds between two looks for a command of the operator."""


class SessionLoop:
    """Trades one session. For one thread; everybody else puts into the inbox."""

    def __init__(
        self,
        desk: Desk,
        inbox: Inbox,
        day: TradingDay,
        clock: Clock,
        habits: Habits,
        wishes: StopWishes,
        service: ServiceNotice,
        on_moment: Callable[[Kernel], None],
    ) -> None:
        """`wishes` says when to stop, `service` hears that the loop lives, `on_moment` shows the kernel."""
        self._desk = desk
        self._kernel = desk.writer.kernel
        self._inbox = inbox
        self._day = day
        self._clock = clock
        self._habits = habits
        self._wishes = wishes
        self._service = service
        self._on_moment = on_moment
        self._passed_over = 0
        """Prices of the inbox that made room for newer ones, as far as the kernel was told."""

    def begin(self) -> None:
        """Remember, then say who we are, which day it is, what is in doubt, and hear what was asked meanwhile."""
        desk, writer = self._desk, self._desk.writer
        writer.restore()
        now = self._clock.now()
        writer.take(desk.boot(now), now)
        writer.take(desk.set_up(now), now)
        writer.take(events.DayBegan(at=now, day=self._day), now)
        self._look_at_ourselves()
        self._obey()

    def run(self) -> None:
        """Take one item, handle it, let due deadlines fire; until the session is over, or a stop is done."""
        desk, writer, inbox = self._desk, self._desk.writer, self._inbox
        next_look = next_command = stopping_since = 0.0
        desk.watch.stood_still()  # a start may take its time; the turns are counted from here
        while not self._is_done(stopping_since):
            item = inbox.get(self._patience(writer.next_due))
            gap = desk.watch.gap(self._clock)
            if gap is not None:  # before what has waited meanwhile
                writer.take(gap, gap.at)
            if isinstance(item, events.CandleDue):
                self._tell_of_passed_over()
            if item is not None:
                writer.take(item, self._clock.now())
            writer.let_time_pass(self._clock.now())
            wall = time.monotonic()
            if wall >= next_command:
                next_command = wall + _COMMAND_INTERVAL
                self._obey()
            if wall >= next_look:
                next_look = wall + _LOOK_INTERVAL
                self._look_around()
                if self._wishes.is_heard() and not stopping_since:
                    stopping_since = wall
                    self._service.stopping()
                    writer.take(self._stop_command(), self._clock.now())

    def close(self) -> None:
        """Close the feeds, let running order calls finish, and release the log."""
        desk = self._desk
        with desk.without_reads():
            desk.close_feeds()
            desk.errands.close()
        desk.obedience.close()
        desk.writer.close()

    def require_finished(self) -> None:
        """Raise `UnfinishedError` where a stop left something to do, or an awaited session did not end flat."""
        left = self._unfinished()
        if self._wishes.why and left:
            wanted = "flat" if self._habits.flatten_on_stop else "protected"
            raise UnfinishedError(
                f"stopped by {self._wishes.why} before {', '.join(sorted(left))} was {wanted}: look at the position "
                "and its orders in the broker's app now, or start the bot again"
            )
        is_awaited = self._habits.days is not None and self._habits.timeframe is not Timeframe.D
        if is_awaited and not self._wishes.why and not self._kernel.state.flat_verified:
            raise UnfinishedError(
                f"the session of {self._day.date} ended and nobody could verify that all is flat: look at the "
                "positions in the broker's app"
            )

    def _look_around(self) -> None:
        """Do what need not be done at each item."""
        self._desk.writer.write_tape()
        self._service.alive()
        self._look_at_ourselves()
        self._on_moment(self._kernel)

    def _tell_of_passed_over(self) -> None:
        """Say before a candle is closed that prices are missing in it: what was not taken out never happened."""
        count = self._inbox.passed_over
        if count > self._passed_over:
            now = self._clock.now()
            self._desk.writer.take(events.PricesPassedOver(at=now, count=count - self._passed_over), now)
            self._passed_over = count

    def _look_at_ourselves(self) -> None:
        now = self._clock.now()
        for change in self._desk.watch.changes(self._kernel.state, now):
            self._desk.writer.take(change, now)

    def _patience(self, due: Instant | None) -> float:
        """Wall seconds to wait for the next item: until the next deadline, and never long without a look around."""
        left = _LONGEST_WAIT if due is None else (due - self._clock.now()) / SECOND
        return self._clock.pause_seconds(max(0.0, min(left, _LONGEST_WAIT)))

    def _obey(self) -> None:
        self._desk.obedience.obey(self._kernel, self._clock, self._desk.writer.commit)

    def _stop_command(self) -> events.CommandGiven:
        command = Command.STOP_FLAT if self._habits.flatten_on_stop else Command.STOP
        return events.CommandGiven(at=self._clock.now(), command=command, why=self._wishes.why)

    def _is_done(self, stopping_since: float) -> bool:
        state = self._kernel.state
        if stopping_since:
            patience = max(self._clock.deadline_seconds(STOP_PATIENCE), _LEAST_STOP_PATIENCE)
            return not self._unfinished() or time.monotonic() - stopping_since > patience
        if state.phase is not Phase.CLOSE:
            return False
        decides_after_close = self._habits.timeframe is Timeframe.D
        if state.flat_verified and not decides_after_close:
            return True
        return self._clock.now() > self._habits.end_of(self._day) + AFTER_CLOSE

    def _unfinished(self) -> set[str]:
        """Return the symbols in which a stop by our policy has something left to do, in this session's time.

        What a pause keeps from being done is left over: nobody may be here when trading goes on.
        """
        state = self._kernel.state
        if state.day is None or not state.day.open <= self._clock.now() < state.day.close:
            return set()
        if self._habits.flatten_on_stop:
            live = (order.intent.symbol for order in state.orders.values() if order.state.is_live)
            return {*state.positions, *live}
        entering = (order.intent.symbol for order in state.live_entries)
        leaving = (each.symbol for each in state.positions.values() if each.unprotected_since or each.exit_reason)
        return {*entering, *leaving}
