"""The bot's process: the real kernel and writer, started, paused, killed, and started again.

Memory is kept here and lost here. Whatever happens, a start is the one of `trading.live_trader`: fold the log, say
that a process took over, begin the day, read the books.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from core import events
from core.errors import StorageError
from core.events import Condition, Phase
from core.instants import MINUTE, SECOND, Instant
from core.sessions import TradingDay
from core.state import BotState
from core.tags import log_id_from
from simulation.broker import SimulatedBroker
from simulation.checker import Checker
from simulation.dice import draw
from simulation.disk import ProcessKilledError, SimulatedDisk
from simulation.errands import Errands, KeptJournal
from simulation.fates import Fates
from simulation.feeds import OrderSocket, PriceFeed
from simulation.life import Life, Make
from simulation.network import Network
from simulation.plan import FaultKind
from simulation.readings import Readings
from simulation.setting import ACCOUNT, CANDLE, CRASH_LIMIT, DESK, INSTRUMENTS, rates_of, rules_of
from simulation.virtual_time import VirtualTime
from simulation.workload import Oracle, Rows
from trading.clock_watch import LARGEST_STEP, LONGEST_TURN, ClockWatch
from trading.kernel import Kernel
from trading.rate_budget import RateBudget
from trading.self_watch import SelfWatch, crash_loop
from trading.state_snapshots import MemorySnapshots
from trading.state_store import StateStore
from trading.writer import Writer

_LONGEST_INBOX = 400
_SNAPSHOT_EVERY = MINUTE
"""Candles come faster here than in a market, and so do snapshots."""


class Process:
    """The bot, over all its lives."""

    def __init__(
        self,
        time: VirtualTime,
        fates: Fates,
        broker: SimulatedBroker,
        network: Network,
        disk: SimulatedDisk,
        checker: Checker,
        day: TradingDay,
    ) -> None:
        self.wall_offset = 0
        """How far the machine's clock is ahead of the truth."""
        self.clock_offset = 0
        """How far the process's own time is: that of the machine when it was last followed."""
        self.is_alive = False
        self.died_at: Instant = 0
        """When it last died; 0 for never."""
        self._time = time
        self._fates = fates
        self._broker = broker
        self._network = network
        self._disk = disk
        self._checker = checker
        self._day = day
        self._journal = KeptJournal()
        self._rules = rules_of(fates.seed)
        self._oracle = Oracle(fates.seed)
        may_die = disk.may_cut_off or fates.may(FaultKind.KILL, FaultKind.DISK_FULL)
        self._snapshots = MemorySnapshots() if may_die else None
        self._inbox: deque[Make] = deque()
        self._stands_still = False
        self._wake_at: Instant = 0
        self._boots = 0
        self._left_behind: BotState | None = None
        """What the process before had in memory, where nothing of it was lost."""

    def now(self) -> Instant:
        """What the process takes for the time."""
        return self._time.now + self.clock_offset

    # --- birth and death ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the process, as after a crash and as in the morning."""
        self._boots += 1
        self._inbox.clear()
        self._stands_still, self._wake_at, self.clock_offset = False, 0, self.wall_offset
        budget = RateBudget(rates_of(self._fates.seed), self._journal)
        self.life = Life(clock=self.now, steady=lambda: self._time.now, put=self.put, budget=budget)
        self.life.put = partial(self._put_into, self.life)
        budget.on_refusal = partial(self.life.put, _refused)
        self._watch = self._self_watch()
        life, called = self.life, self._checker.called
        readings = self._readings = Readings(self._time, life, self._broker.books, self._network, self._fates, called)
        errands = Errands(self._time, life, self._broker, self._network, readings, called)
        self.kernel = Kernel(self._rules, INSTRUMENTS, self._oracle, Rows)
        self._store = StateStore(self.kernel, self._disk, self._snapshots)
        self.writer = Writer(self.kernel, self._disk, errands.run, store=self._store)
        self.is_alive = True
        if self._live_through(self.writer.restore):
            self._compare_with_what_was()
            self._greet()

    def _compare_with_what_was(self) -> None:
        """I5: a start from a snapshot comes to what the whole log folds to, and to what was in memory."""
        complain = self._checker.complain
        if self._snapshots is not None and self._boots > 1 and self._disk.fold() != self.kernel.state:
            complain("I5", "a snapshot and the events after it are not the fold of the whole log")
        if self._left_behind is not None and self._left_behind != self.kernel.state:
            complain("I5", "what was folded from the log is not what the process had in memory")

    def _greet(self) -> None:
        now = self.now()
        state = self.kernel.state
        booted = events.Booted(
            at=now,
            boot=state.boot + 1,
            log_id=state.log_id or log_id_from(self._fates.seed),
            mode="live",
            account=ACCOUNT,
            version="0",
            config_digest="",
        )
        desk = replace(DESK, at=now, rules=self._rules)
        began = events.DayBegan(at=now, day=self._day)
        self._inbox += [lambda _at: booted, lambda _at: desk, lambda _at: began]
        for phase, at in self._phases().items():
            if at <= now:
                self._inbox.append(partial(_reached, phase))
        self._work()
        if self.is_alive:
            self.prices = PriceFeed(self._time, self._fates, self.life)
            self.socket = OrderSocket(self._time, self._fates, self.life)
            self.candle_closed()
            self._look_at_itself(self.life)

    def _self_watch(self) -> SelfWatch:
        watch = ClockWatch(self._time.now + self.wall_offset, self._time.now)
        return SelfWatch(
            doubts={
                Condition.CLOCK: partial(self._clock_doubt, watch),
                Condition.CRASH_LOOP: partial(crash_loop, CRASH_LIMIT),
            }
        )

    def _clock_doubt(self, watch: ClockWatch, state: BotState, _now: Instant) -> str:
        """Follow a clock that was set as `trading.self_watch` does: once it is believed, and nothing is held."""
        doubt = watch.look(self._time.now + self.wall_offset, self._time.now)
        lead = self.wall_offset - self.clock_offset
        if not doubt and lead and state.is_flat:
            self.clock_offset = self.wall_offset
        elif not doubt and abs(lead) > LARGEST_STEP:
            doubt = f"the machine's clock was set by {lead / SECOND:+.1f} s; it is followed when all is closed"
        return doubt

    def _look_at_itself(self, life: Life) -> None:
        """Let the process notice what it can notice of itself, once a second."""
        if life.is_over:
            return
        if not self._stands_still:
            for change in self._watch.changes(self.kernel.state, self.now()):
                self.put(partial(_noticed, change))
        self._time.after(SECOND, partial(self._look_at_itself, life))

    def _phases(self) -> dict[Phase, Instant]:
        day = self._day
        return {
            Phase.PRE_OPEN: day.open - 30 * MINUTE,
            Phase.OPEN: day.open,
            Phase.NO_ENTRY: day.no_entry_after,
            Phase.SQUARE_OFF: day.square_off,
            Phase.FLAT_CHECK: day.flat_by,
            Phase.CLOSE: day.close + MINUTE,
        }

    def keep_appointments(self, until: Instant) -> None:
        """Have candles and phases come at their times, until a moment, to whichever life is there then."""
        for phase, at in self._phases().items():
            if self._time.now < at <= until:
                self._time.at(at, partial(self.put, partial(_reached, phase)))
        for close in range((self._time.now // CANDLE + 1) * CANDLE, until, CANDLE):
            self._time.at(close + 1, self.candle_closed)

    def candle_closed(self) -> None:
        """Say that a candle has closed."""
        start = self._time.now // CANDLE * CANDLE - CANDLE
        self.put(lambda at: events.CandleDue(at=at, start=start))
        if self.is_alive and not self._stands_still and start % _SNAPSHOT_EVERY == 0:
            self._store.persist()

    def die(self, down_for: float, *, loses_a_step: bool = False) -> None:
        """Lose all that is in memory, also a step that was not yet kept; start again after so many seconds."""
        if not self.is_alive:
            return
        self.is_alive, self.died_at = False, self._time.now
        self._checker.process_died()
        self.life.is_over = True
        self._left_behind = None if loses_a_step else self.kernel.state
        self._disk.close()
        self._time.after(int(down_for * SECOND), self.start)

    # --- work ---------------------------------------------------------------------------------------------------

    def put(self, make: Make) -> None:
        """Put something into the inbox of the running process, if one runs."""
        if self.is_alive:
            self._put_into(self.life, make)

    def _put_into(self, life: Life, make: Make) -> None:
        if not life.is_over:
            self._inbox.append(make)
            self._work()

    def pause(self, seconds: float) -> None:
        """Stand still, as a machine that is suspended."""
        self._stands_still = True
        life = self.life
        self._time.after(int(seconds * SECOND), lambda: self._go_on(life, seconds))

    @property
    def stands_still(self) -> bool:
        """Whether it is alive and does nothing."""
        return self._stands_still

    @property
    def is_blind(self) -> bool:
        """Whether it cannot read the books for want of room in its own budget."""
        return self._readings.books_wait_for_room

    def _go_on(self, life: Life, seconds: float) -> None:
        if life is not self.life or life.is_over:
            return
        self._stands_still = False
        if seconds * SECOND > LONGEST_TURN:  # noticed before what has waited meanwhile
            self._inbox.appendleft(partial(_stood_still, seconds))
        self._work()

    def _work(self) -> None:
        while self._inbox and self.is_alive and not self._stands_still:
            if len(self._inbox) > _LONGEST_INBOX:
                self._checker.complain("I13", f"{len(self._inbox)} items wait in the inbox")
            now = self.now()
            item = self._inbox.popleft()(now)
            self._checker.given(item, self.kernel.state)
            self._live_through(lambda: self.writer.take(item, now))  # noqa: B023 - is called at once
        self._let_time_pass()

    def _let_time_pass(self) -> None:
        if not self.is_alive or self._stands_still:
            return
        due = self.writer.next_due
        if due is not None and due <= self.now():
            if not self._live_through(lambda: self.writer.let_time_pass(self.now())):
                return
            due = self.writer.next_due
        if due is None:
            return
        at = max(due - self.clock_offset, self._time.now + 1)
        if not self._time.now < self._wake_at <= at:
            self._wake_at = at
            self._time.at(at, self._let_time_pass)

    def _live_through(self, deed: Callable[[], None]) -> bool:
        """Do something of the bot's; what it raises ends the process, as it would end the real one."""
        try:
            deed()
        except (StorageError, ProcessKilledError):
            self.die(self._down_for(), loses_a_step=True)
        except Exception as error:  # noqa: BLE001 - the top of the process
            self._checker.complain("I0", f"{type(error).__name__}: {error}")
            self.die(self._down_for(), loses_a_step=True)
        return self.is_alive

    def _down_for(self) -> float:
        """Seconds until the supervisor has started it again."""
        return 1.0 + 9 * draw(self._fates.seed, "down", self._boots)


def _refused(at: Instant) -> events.ConditionChanged:
    why = "the broker refused a call for the number of calls"
    return events.ConditionChanged(at=at, condition=Condition.RATE, holds=True, why=why)


def _stood_still(seconds: float, at: Instant) -> events.ConditionChanged:
    why = f"the process stood still for {seconds:.1f} s"
    return events.ConditionChanged(at=at, condition=Condition.GAP, holds=True, why=why)


def _noticed(change: events.ConditionChanged, at: Instant) -> events.ConditionChanged:
    return replace(change, at=at)


def _reached(phase: Phase, at: Instant) -> events.PhaseReached:
    return events.PhaseReached(at=at, phase=phase)
