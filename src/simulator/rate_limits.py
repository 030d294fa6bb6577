"""FYERS' limits on calls, counted in market time: so many a second, a minute, a day, and a block for repeat offenders.

A minute in which the minute's limit was broken is one breach; after three breaches in a day the next one blocks the
account until the day ends.
"""

from collections import deque
from dataclasses import dataclass

from core.instants import MINUTE, SECOND, Instant, ist_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Calls of every kind together, per account."""

    per_second: int = 10
    per_minute: int = 200
    per_day: int = 100_000
    breaches: int = 3
    """Broken minutes a day that are tolerated."""


class RateLimiter:
    """Admits or refuses calls. A refused call does not count."""

    def __init__(self, limits: Limits):
        self._limits = limits
        self._admitted: deque[Instant] = deque(maxlen=limits.per_minute)
        self._day = 0
        self._calls_today = 0
        self._broken_minutes: set[int] = set()

    @property
    def is_blocked(self) -> bool:
        """Whether the account is shut out for the rest of the day."""
        return len(self._broken_minutes) > self._limits.breaches

    def admit(self, now: Instant) -> float:
        """Count a call made at `now`; return 0 if it may pass, else the market seconds until one could."""
        self._roll(now)
        if self.is_blocked or self._calls_today >= self._limits.per_day:
            return 86_400.0
        wait = max(
            self._until_free(self._limits.per_minute, MINUTE, now),
            self._until_free(self._limits.per_second, SECOND, now),
        )
        if wait == 0:
            self._admitted.append(now)
            self._calls_today += 1
        elif self._until_free(self._limits.per_minute, MINUTE, now):
            self._broken_minutes.add(now // MINUTE)
        return wait / SECOND

    def _until_free(self, limit: int, window: int, now: Instant) -> int:
        if len(self._admitted) < limit:
            return 0
        return max(0, self._admitted[-limit] + window - now)

    def _roll(self, now: Instant) -> None:
        day = ist_date(now).toordinal()
        if day != self._day:
            self._day, self._calls_today = day, 0
            self._broken_minutes.clear()
