"""What we sent lately and what became of it: the part of the fold that keeps a runaway from the wire.

The limits of a day, a minute and a second, and the pauses after failures, are counted from recorded events, so that a
restart neither forgets nor forgives.
"""

from dataclasses import dataclass, field

from core.instants import MINUTE, Instant
from core.order_states import OrderState

FAILURES = 5
"""Orders that fail within a minute before entries pause for one."""
PAUSE = MINUTE
BREACHES = 2
"""Breaches of the broker's rate limit in a day before entries end for it; FYERS blocks the account at the fourth."""
_FAILED = frozenset({OrderState.REJECTED, OrderState.NOT_SENT, OrderState.UNKNOWN})
_HEALTHY = frozenset({OrderState.SENT, OrderState.WORKING})


@dataclass(slots=True)
class Activity:
    """Counters of our own doings."""

    verbs: list[Instant] = field(default_factory=list)
    """When we placed, changed, cancelled or exited within the last minute."""
    failures: list[Instant] = field(default_factory=list)
    """When orders failed within the last minute."""
    paused_until: Instant = 0
    """Until when so many failures keep entries back; 0 for never."""
    rate_breaches: int = 0
    """Minutes of the day in which the broker said that we call too often."""
    rate_breach_at: Instant = 0
    """When the last of them began."""

    def count_verb(self, at: Instant) -> None:
        """Count one order verb."""
        self.verbs = [*_since(self.verbs, at - MINUTE), at]

    def count_failure(self, before: OrderState, after: OrderState, at: Instant) -> None:
        """Count an order if the step from one state to another is a failure: refused, not sent, or of unknown fate."""
        if before not in _HEALTHY or after not in _FAILED:
            return
        self.failures = [*_since(self.failures, at - MINUTE), at]
        if len(self.failures) >= FAILURES:
            self.paused_until = at + PAUSE

    def count_refusal(self, at: Instant) -> None:
        """Count a minute in which the broker refused calls for their number, however many it refused."""
        if not self.rate_breaches or at - self.rate_breach_at >= MINUTE:
            self.rate_breaches += 1
            self.rate_breach_at = at

    def sent_since(self, instant: Instant) -> int:
        """Return how many order verbs went out after an instant that is at most a minute ago."""
        return len(_since(self.verbs, instant))

    def begin_day(self) -> None:
        """Forget the day before."""
        self.rate_breaches, self.rate_breach_at = 0, 0


def _since(instants: list[Instant], instant: Instant) -> list[Instant]:
    return [at for at in instants if at > instant]
