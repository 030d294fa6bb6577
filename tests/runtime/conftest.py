from dataclasses import dataclass
from datetime import datetime, timezone

import pytest

from core.instants import SECOND, Instant, instant_of


@dataclass
class StandingClock:
    """A clock that shows what the test sets."""

    instant: Instant

    def now(self) -> Instant:
        return self.instant

    def steady(self) -> Instant:
        return self.instant

    def sleep(self, seconds: float) -> None:
        self.instant += int(seconds * SECOND)

    def pause_seconds(self, seconds: float) -> float:
        return seconds

    def deadline_seconds(self, seconds: float) -> float:
        return seconds

    def wall_at(self, instant: Instant) -> datetime:
        return datetime.fromtimestamp(instant / SECOND, tz=timezone.utc)


@pytest.fixture
def clock() -> StandingClock:
    """Friday 2026-11-20, 09:15:00.250 in India."""
    return StandingClock(instant_of(datetime.fromisoformat("2026-11-20T09:15:00.250+05:30")))
