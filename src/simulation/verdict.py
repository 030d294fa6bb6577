"""What came of a session, for people and for the search of the smallest plan that still fails."""

from dataclasses import dataclass

from core.instants import Instant
from simulation.plan import Fault


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that did not hold."""

    code: str
    """I1 to I14; I0 for an error of the bot's own that ended its process."""
    at: Instant
    message: str


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of time in which a position had no exit order of ours at the broker, though it could be reached."""

    seconds: float
    symbol: str
    requests_lost: int
    """How many requests of ours that would have ended it were lost or late."""
    forced_after: float | None
    """Seconds from its start until the bot decided to leave the position; None when it did not."""

    @property
    def stop_request_lost(self) -> bool:
        """Whether there was one at all."""
        return self.requests_lost > 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a session."""

    seed: int
    violations: tuple[Violation, ...]
    fired: tuple[Fault, ...]
    spells: tuple[Spell, ...]
    digest: str
    """Hash over every event that was logged."""
    writes: int
    """Durable appends."""
    steps: int
    orders: int
    tail: tuple[str, ...]
    """The last 60 things that happened before the first violation, for people; empty when nothing was violated."""
