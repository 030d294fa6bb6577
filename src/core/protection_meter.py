"""For what share of the time in positions there was a confirmed stop at the broker.

Time is counted for each position apart and only while the market is open. Downtime counts as well, by what was last
known: a stop at the broker protects without us.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.instants import Instant
from core.sessions import TradingDay
from core.tracking import OpenPosition


@dataclass(slots=True)
class ProtectionMeter:
    """Position time of a day in nanoseconds, all of it and the part with a confirmed stop."""

    held: int = 0
    protected: int = 0
    longest: int = 0
    """The longest spell of one position without a stop."""

    def advance(self, since: Instant, at: Instant, day: TradingDay | None, positions: Iterable[OpenPosition]) -> None:
        """Count the time since the event before, in which positions were as they are now."""
        if day is None or not since:
            return
        passed = day.trading_time(since, at)
        for position in positions:
            if not passed or position.quantity <= 0:
                continue
            self.held += passed
            if position.unprotected_since:
                self.longest = max(self.longest, day.trading_time(position.unprotected_since, at))
            else:
                self.protected += passed

    def begin_day(self) -> None:
        """Count anew."""
        self.held = self.protected = self.longest = 0

    @property
    def share(self) -> float:
        """Share of position time with a stop at the broker, for showing; 1 where nothing was held."""
        return self.protected / self.held if self.held else 1.0
