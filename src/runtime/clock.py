"""The one clock. Market time starts where it is told and runs at a speed; at speed 1 it is the wall's.

It goes on with a clock that nobody can set, so that no deadline moves when somebody sets the wall's; the wall's is
followed only when told to.

One rule for waits: n market seconds, but never less than 50 ms of wall time. Network deadlines, pings and reconnect
back-off are max(n / speed, 0.5 s). Nothing else in the house may ask the time.
"""

import time
from datetime import date, datetime, timezone
from datetime import time as wall_time

from core.errors import ConfigurationError
from core.instants import SECOND, Instant, instant_at, instant_of
from runtime.settings import ClockSettings

SHORTEST_PAUSE_SECONDS = 0.05
SHORTEST_DEADLINE_SECONDS = 0.5
_EARLIEST, _LATEST = instant_at(date(2000, 1, 1), wall_time()), instant_at(date(2100, 1, 1), wall_time())
"""A clock outside can only be a slip, and far outside its instants are no dates any more."""
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""The kernel's clock that nobody can set and that runs on while the machine sleeps."""


def wall_ns() -> int:
    """Nanoseconds since 1970 by the wall's clock, which may be set."""
    return time.time_ns()


def steady_ns() -> int:
    """Nanoseconds since some moment, by a clock that nobody can set; a sleep of the machine counts."""
    return time.clock_gettime_ns(_STEADY)


class MarketClock:
    """Market time as a straight line over wall time; two processes with the same numbers read the same time."""

    def __init__(self, start: Instant | None = None, speed: float = 1.0, epoch: float | None = None) -> None:
        """`start` is the market instant shown at the wall instant `epoch` (seconds since 1970; None: now).

        Without `start` the clock shows the wall's own time and `speed` must be 1.
        """
        if speed <= 0:
            raise ValueError(f"clock speed {speed}: must be above 0")
        if start is None and speed != 1.0:
            raise ValueError(f"clock speed {speed} without a start: give clock.start, or leave the speed at 1")
        self.speed = speed
        self.epoch = time.time() if epoch is None else epoch
        self.start = int(self.epoch * SECOND) if start is None else start
        self._epoch_ns = int(self.epoch * SECOND)
        self._ahead = self._ahead_at_first = wall_ns() - steady_ns()
        """Of the steady clock, the wall's when it was last followed."""

    def now(self) -> Instant:
        """Market time."""
        return self._market_time(self._ahead)

    def steady(self) -> Instant:
        """Market time as if the wall's were never followed: for lengths of time."""
        return self._market_time(self._ahead_at_first)

    def wall_lead(self) -> int:
        """Nanoseconds by which the wall's clock was set forward since it was last followed; negative for back."""
        return wall_ns() - steady_ns() - self._ahead

    def follow_wall(self) -> None:
        """Take the wall's time again, whatever it has become. Market time may jump, back too."""
        self._ahead = wall_ns() - steady_ns()

    def sleep(self, seconds: float) -> None:
        """Wait a number of market seconds, at least 50 ms of wall time."""
        time.sleep(self.pause_seconds(seconds))

    def pause_seconds(self, seconds: float) -> float:
        """Wall seconds for a wait of market seconds."""
        return max(seconds / self.speed, SHORTEST_PAUSE_SECONDS)

    def deadline_seconds(self, seconds: float) -> float:
        """Wall seconds for a network deadline given in market seconds."""
        return max(seconds / self.speed, SHORTEST_DEADLINE_SECONDS)

    def _market_time(self, ahead: int) -> Instant:
        return self.start + int((steady_ns() + ahead - self._epoch_ns) * self.speed)

    def wall_at(self, instant: Instant) -> datetime:
        """The aware wall time (UTC) at which this clock will show an instant."""
        wall_ns = self._epoch_ns + round((instant - self.start) / self.speed)
        return datetime.fromtimestamp(wall_ns / SECOND, tz=timezone.utc)


def is_start(start: Instant) -> bool:
    """Whether a clock may start there: from 2000 to 2100."""
    return _EARLIEST <= start <= _LATEST


def is_epoch(seconds: float) -> bool:
    """Whether these wall seconds since 1970 lie within 2000 and 2100; NaN and infinity do not."""
    return _EARLIEST <= seconds * SECOND <= _LATEST


def clock_of(settings: ClockSettings) -> MarketClock:
    """Make the clock that the settings describe. Raises `ConfigurationError` for a speed without a start."""
    start = instant_of(settings.start) if settings.start is not None else None
    try:
        return MarketClock(start, settings.speed, settings.epoch)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
