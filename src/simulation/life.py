"""One life of the bot's process, as its workers and feeds see it: a clock, a budget, an inbox."""

from collections.abc import Callable
from dataclasses import dataclass

from core import events
from core.instants import Instant
from core.market import Tick
from trading.rate_budget import RateBudget

Make = Callable[[Instant], events.Input | Tick]
"""Makes an input of the time at which the process comes to it: one that stands still stamps nothing."""


@dataclass(slots=True)
class Life:
    """Answers are put into it; one that is over takes none."""

    clock: Callable[[], Instant]
    steady: Callable[[], Instant]
    """Time that no step of the clock moves."""
    put: Callable[[Make], None]
    budget: RateBudget
    is_over: bool = False
    has_access: bool = True

    def report_access(self, *, valid: bool, why: str) -> None:
        """Tell when the token dies and when one works again; each change once."""
        changed, self.has_access = valid is not self.has_access, valid
        if changed:
            self.put(lambda at: events.AccessChanged(at=at, valid=valid, why=why))
