"""The bot as one deterministic machine: an input in, the events to record and the effects to carry out.

Live, replay and simulation drive this same object. It may hold memory; it has no thread, clock, socket or disk.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from core import events
from core.drift import DriftReference
from core.drift_watch import DriftWatch
from core.engine import Engine
from core.errors import InvariantError
from core.events import Effect
from core.fold import apply
from core.instants import Instant
from core.market import Instrument, Tick
from core.ports import RowStream
from core.rules import TradingRules
from core.signals import SignalProvider
from core.state import BotState
from core.tags import Tagger
from trading.order_manager import OrderManager

_LONGEST_STEP = 50_000
"""Events that one input may lead to; more is a decision that decides itself again."""


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
        engine: type[Engine] = Engine,
        reference: DriftReference | None = None,
    ) -> None:
        """`engine` says what is decided on: candles of the broker's history, or of the prices seen.

        `reference` is what the model's days are held against; None: nobody looks for drift.
        """
        tagger = Tagger()
        self.state = BotState()
        self.engine = engine(rules, instruments, provider, stream_for, tagger)
        self.orders = OrderManager(rules, instruments, self.engine.ticks, tagger)
        self._drift = DriftWatch(rules, reference)

    def restore(self, event: events.Event) -> None:
        """Fold an event of the past; nothing is decided."""
        apply(self.state, event)

    def handle(self, event: events.Input) -> Step:
        """Take one input to its end: every decision is applied before the next is made."""
        return self._run([event])

    def on_tick(self, tick: Tick, now: Instant) -> Step | None:
        """Take a price. Almost always there is nothing to do, and then there is nothing to record."""
        decisions = self.engine.on_tick(self.state, tick, now)
        if not decisions:
            return None
        acted = events.TickActed(at=now, symbol=tick.symbol, ltp=tick.ltp)
        return self._run([acted, *decisions])

    def on_time(self, now: Instant) -> Iterator[Step]:
        """Let the deadlines that have passed fire, each when the step before it has been taken."""
        timers = self.orders.timers
        for timer in timers.due(now):
            if timers.is_due(timer):
                yield self.handle(timer)

    def _run(self, first: list[events.Event]) -> Step:
        """Apply and answer events until there are no more; only then let symbols settle, on a state that is whole."""
        waiting, happened = deque(first), []
        at = first[0].at
        while waiting:
            event = waiting.popleft()
            apply(self.state, event)
            happened.append(event)
            if len(happened) > _LONGEST_STEP:
                raise InvariantError(
                    f"{type(first[0]).__name__} led to more than {_LONGEST_STEP} events; stop and report"
                )
            waiting.extend(self.engine.decide(self.state, event))
            waiting.extend(self.orders.decide(self.state, event))
            waiting.extend(self._drift.decide(self.state, event))
            if not waiting:
                waiting.extend(self.orders.settle(self.state, at))
        return Step(tuple(happened))
