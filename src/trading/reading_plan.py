"""When to read the broker's books next: soon while something is in doubt, seldom while nothing is, never in a storm.

All pauses derive from two of the rules, so that they scale with a fast clock: half a second is a quarter of
`verify_after`, and `books_busy` is the five seconds of a working day.
"""

from core import events
from core.events import SafetyLevel
from core.instants import SECOND, Instant
from core.order_states import OrderState
from core.rules import TradingRules
from core.state import BotState
from core.tracking import CHANGE_VISIBLE_AFTER, TrackedOrder

_A_LITTLE = SECOND // 1000
_DOUBLINGS = (1, 2, 4, 8, 16)
"""Readings of an unknown fate, in quarters of `verify_after` since it became unknown: 0.5, 1, 2, 4 and 8 s."""
_SWEEPS = (1, 6)
"""Readings after a trade is closed, for what arrives late, in multiples of `books_busy`: 5 and 30 s."""
_SWEEPS_OF_A_FLATTEN = (1, 6, 24)


class ReadingPlan:
    """Names the next reading. It holds the sweeps that are to come; a restart reads the books anyway."""

    def __init__(self, rules: TradingRules) -> None:
        self._rules = rules
        self._sweeps: list[Instant] = []

    def sweep_after(self, state: BotState, closed: events.TradeClosed) -> Instant:
        """Plan to look again for whatever a closed trade left behind; return when first."""
        is_flatten = state.closing or state.level.value >= SafetyLevel.FLATTEN.value
        steps = _SWEEPS_OF_A_FLATTEN if is_flatten else _SWEEPS
        self._sweeps += [closed.at + step * self._rules.books_busy for step in steps]
        return min(self._sweeps)

    def next_reading(self, state: BotState, at: Instant) -> Instant:
        """Return when the books are to be read after a reading that ended at an instant."""
        self._sweeps = [due for due in self._sweeps if due > at]
        live = [order for order in state.orders.values() if order.state.is_live]
        usual = at + (self._rules.books_busy if live or state.positions else self._rules.books_idle)
        wished = [due for order in live for due in self._wishes(order)]
        proofs = self._proofs(state, live)
        missed = [at for due in proofs if state.books_at < due <= at]  # this reading was begun too early to prove it
        return min([usual, *self._sweeps, *missed, *(due for due in [*wished, *proofs] if due > at)])

    def _proofs(self, state: BotState, live: list[TrackedOrder]) -> list[Instant]:
        """When a reading may first prove that what we sent did not arrive and will not."""
        sent = [order.sent_at for order in live if order.state is OrderState.UNKNOWN]
        sent += [position.broker_exit_at for position in state.positions.values() if position.broker_exit_at]
        return [at + self._rules.transit + _A_LITTLE for at in sent]

    def _wishes(self, order: TrackedOrder) -> list[Instant]:
        """When a reading may settle what is not known of an order."""
        if order.state is OrderState.UNKNOWN:
            quarter = self._rules.verify_after // 4
            return [order.unknown_since + step * quarter for step in _DOUBLINGS]
        if order.change is not None:
            return [order.change_at + max(CHANGE_VISIBLE_AFTER, self._rules.verify_after) + _A_LITTLE]
        return []
