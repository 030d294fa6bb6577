"""What the process notices about itself, told to the kernel as conditions: each one once, when it begins and ends.

The kernel knows no clock, disk or process. So the loop asks here, on the writer's thread, and what it is answered
goes the way of every input: recorded, and then obeyed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from core.events import Condition, ConditionChanged
from core.instants import MINUTE, SECOND, Instant
from core.ports import Clock
from core.state import START_WINDOW, BotState
from runtime.clock import MarketClock, steady_ns, wall_ns
from runtime.settings import Settings
from trading.clock_watch import LARGEST_STEP, ClockWatch
from trading.disk_watch import DiskWatch
from trading.server_clock import ServerClock

_NOTICEABLE = SECOND // 100
Doubt = Callable[[BotState, Instant], str]
"""Returns why a condition holds now; an empty text when it does not."""


@dataclass(frozen=True, slots=True)
class SelfWatch:
    """Asked by the loop: at each turn whether it stood still, and four times a second for everything else."""

    stood_still: Callable[[], int] = lambda: 0
    """Returns the nanoseconds that passed since the turn before; 0 for an ordinary pause."""
    doubts: Mapping[Condition, Doubt] = field(default_factory=dict)

    def gap(self, clock: Clock) -> ConditionChanged | None:
        """Return the news that the process stood still before this turn, if it did."""
        passed = self.stood_still()
        if not passed:
            return None
        why = f"the process stood still for {passed / SECOND:.1f} s"
        return ConditionChanged(at=clock.now(), condition=Condition.GAP, holds=True, why=why)

    def changes(self, state: BotState, now: Instant) -> Iterator[ConditionChanged]:
        """Yield every condition that holds unlike what the state has of it."""
        for condition, doubt in self.doubts.items():
            why = doubt(state, now)
            if bool(why) is not (condition in state.conditions):
                words = why or f"no longer: {state.conditions[condition]}"
                yield ConditionChanged(at=now, condition=condition, holds=bool(why), why=words)


def self_watch_of(settings: Settings, clock: MarketClock, server: ServerClock) -> SelfWatch:
    """Return the watch of one session.

    A clock that runs faster than the wall's belongs to a rehearsal, in which seconds of the machine mean nothing.
    """
    watch = ClockWatch(wall_ns(), steady_ns())
    disk = DiskWatch(settings.paths.state, settings.disk.floor_mb)
    doubts: dict[Condition, Doubt] = {
        Condition.DISK: lambda _state, _now: disk.look(steady_ns()),
        Condition.CRASH_LOOP: partial(crash_loop, settings.start.crash_limit),
    }
    if clock.speed != 1:
        return SelfWatch(doubts=doubts)
    doubts[Condition.CLOCK] = partial(clock_doubt, clock, watch, server)
    return SelfWatch(stood_still=lambda: watch.turn(steady_ns()), doubts=doubts)


def clock_doubt(clock: MarketClock, watch: ClockWatch, server: ServerClock, state: BotState, _now: Instant) -> str:
    """Return why the clock is in doubt; empty when it is not.

    A clock that was set is followed once it has run true for a while and nothing is held: until then every deadline
    of what is open keeps its length. The timetable goes by the wall's clock all the while.
    """
    doubt = watch.look(wall_ns(), steady_ns())
    lead = clock.wall_lead()
    if not doubt and abs(lead) > _NOTICEABLE:
        if state.is_flat:
            clock.follow_wall()
        elif abs(lead) > LARGEST_STEP:
            doubt = f"the machine's clock was set by {lead / SECOND:+.1f} s; it is followed when all is closed"
    return doubt or server.doubt()


def crash_loop(limit: int, state: BotState, now: Instant) -> str:
    """Return that the bot was started too often lately; empty when it was not."""
    starts = sum(now - at < START_WINDOW for at in state.starts)
    if starts <= limit:
        return ""
    return f"{starts} starts within {START_WINDOW // MINUTE} minutes, start.crash_limit = {limit}"
