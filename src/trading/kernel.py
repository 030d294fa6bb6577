"""The bot as one deterministic machine: an input in, the events to record and the effects to carry out.

Live, replay and simulation drive this same object. It may hold memory; it has no thread, clock, socket or disk.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core import events
from core.engine import Engine
from core.instants import Instant
from core.market import Instrument, Tick
from core.ports import RowStream
from core.rules import TradingRules
from core.signals import SignalProvider
from core.state import BotState
from core.tags import Tagger
from trading.order_manager import OrderManager

Effect = (
    events.HistoryWanted
    | events.BooksWanted
    | events.OrderIntended
    | events.ChangeIntended
    | events.CancelIntended
    | events.PositionExitIntended
)


@dataclass(frozen=True, slots=True)
class Step:
    """What one input led to, in order; the input itself comes first."""

    events: tuple[events.Event, ...]

    @property
    def effects(self) -> list[Effect]:
        """The decisions that ask something of the outside."""
        return [event for event in self.events if isinstance(event, Effect)]


class Kernel:
    """State, engine and order manager behind one method."""

    def __init__(
        self,
        rules: TradingRules,
        instruments: Mapping[str, Instrument],
        provider: SignalProvider,
        stream_for: Callable[[str], RowStream],
    ) -> None:
        tagger = Tagger()
        self.state = BotState()
        self.engine = Engine(rules, instruments, provider, stream_for, tagger)
        self.orders = OrderManager(rules, instruments, self.engine.ticks, tagger)

    def restore(self, event: events.Event) -> None:
        """Fold an event of the past; nothing is decided."""
        self.state.apply(event)

    def handle(self, event: events.Input) -> Step:
        """Take one input to its end: every decision is applied before the next is made."""
        return self._run([event])

    def on_tick(self, tick: Tick) -> Step | None:
        """Take a price. Almost always there is nothing to do, and then there is nothing to record."""
        decisions = self.engine.on_tick(self.state, tick)
        if not decisions:
            return None
        acted = events.TickActed(at=tick.at, symbol=tick.symbol, ltp=tick.ltp)
        return self._run([acted, *decisions])

    def on_time(self, now: Instant) -> list[Step]:
        """Let the deadlines that have passed fire."""
        return [self.handle(timer) for timer in self.orders.timers.take_due(now)]

    def _run(self, first: list[events.Event]) -> Step:
        waiting, happened = deque(first), []
        while waiting:
            event = waiting.popleft()
            self.state.apply(event)
            happened.append(event)
            waiting.extend(self.engine.decide(self.state, event))
            waiting.extend(self.orders.decide(self.state, event))
        return Step(tuple(happened))
