"""What the loop of a trading day works with: the parts that wiring has put together, and the habits of the bot."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from core import events
from core.instants import Instant
from core.market import Timeframe
from core.sessions import TradingDay
from trading.errands import Errands
from trading.obedience import Obedience
from trading.self_watch import SelfWatch
from trading.writer import Item, Writer

Put = Callable[[Item], None]


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything one trading day needs, put together by wiring."""

    writer: Writer
    errands: Errands
    obedience: Obedience
    boot: Callable[[Instant], events.Booted]
    """Makes the first event of the run, after the log was folded."""
    set_up: Callable[[Instant], events.DeskSet]
    """Makes the second: what the kernel was built from."""
    open_feeds: Callable[[], None]
    close_feeds: Callable[[], None]
    without_reads: Callable[[], AbstractContextManager[None]]
    """Ends the reads that feeds and errands wait for, while the desk closes."""
    watch: SelfWatch = field(default_factory=SelfWatch)


@dataclass(frozen=True, slots=True)
class Habits:
    """How the bot behaves around trading itself."""

    timeframe: Timeframe
    flatten_on_stop: bool
    days: int | None = None
    """Trading days after which to end; None: run until stopped."""
    candle_wait: int = 0
    """Nanoseconds after its close at which a candle is due."""
    waits_for_sign_in: bool = False
    """Whether a start inside the session without a token waits for a person instead of ending."""

    def end_of(self, day: TradingDay) -> Instant:
        """When the last candle of a session is known: at the close, a daily one after the closing auction."""
        return day.candle_closes(self.timeframe)[-1]
