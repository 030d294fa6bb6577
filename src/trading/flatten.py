"""When everything must go: say that it is gone only when it is proven, and call a person when it is not going.

The exits themselves are the ladder's. This watches the whole: flat are two readings of the books, apart, that show no
position and no order of ours, with nothing of unknown fate. Until then it rings, first after twenty seconds and then
each minute, with all that a person at the broker's telephone needs. After that the books are looked through three
times more, because what was sent late may fill late.
"""

from collections.abc import Callable, Iterable

from core import events
from core.events import Alarm, BooksWanted, Deadline, Decision, FlattenChecked, SafetyLevel
from core.instants import SECOND, Instant
from core.orders import OutcomeKind, Purpose
from core.rules import TradingRules
from core.state import BotState
from trading.timers import READ_AGAIN, RING_AGAIN, Timers

SWEEPS = (5, 30, 120)
"""Seconds after the proof at which the books are looked through again."""


class Flattening:
    """Watches a forced exit of everything, from the level that asks for it to the proof."""

    def __init__(self, rules: TradingRules, timers: Timers, is_flat: Callable[[BotState], bool]) -> None:
        """`is_flat` tells whether fold and newest reading of the books show nothing of ours."""
        self._rules = rules
        self._timers = timers
        self._is_flat = is_flat
        self._flat_since: Instant = 0
        """When the first of the readings that show nothing was begun; 0 while there is none."""
        self._last_words: dict[str, str] = {}
        """What the broker last said no with, by symbol."""

    def decide(self, state: BotState, event: events.Event) -> list[Decision]:
        """Return what an event asks for; `state` has the event already."""
        if isinstance(event, events.OutcomeArrived):
            self._hear_outcome(state, event)
        if state.level is not SafetyLevel.FLATTEN:
            return []
        at = event.at
        match event:
            case events.LevelChanged() | events.Booted():
                self._begin(at)
            case events.TradeClosed():
                self._timers.read_books(at + self._rules.verify_after)
            case events.BooksRead(asked_at=asked_at) | events.BooksUnchanged(asked_at=asked_at):
                return self._compare(state, asked_at, at)
            case events.TimerFired(name=Deadline.FLATTEN) if not state.flattened:
                self._timers.set(Deadline.FLATTEN, "", at + RING_AGAIN)
                is_open = state.day is not None and state.day.is_open(at)
                return [Alarm(at=at, code="ESCALATED", message=self._call_for_help(state))] if is_open else []
            case events.TimerFired(name=Deadline.SWEEP):
                return [BooksWanted(at=at, why="sweep")]
        return []

    def _begin(self, at: Instant) -> None:
        self._flat_since = 0
        self._timers.read_books(at + READ_AGAIN)
        self._timers.set(Deadline.FLATTEN, "", at + self._rules.escalate_after)

    def _compare(self, state: BotState, asked_at: Instant, at: Instant) -> list[Decision]:
        """Look at a reading: the proof takes two that show nothing, far enough apart."""
        if not self._is_flat(state):
            self._flat_since = 0
            if not state.flattened:
                return []
            self._begin(at)
            message = f"what was proven flat is not any more: {'; '.join(self._left(state))}; it is being closed"
            return [FlattenChecked(at=at, is_flat=False), Alarm(at=at, code="FLAT_NO_MORE", message=message)]
        if state.flattened:
            return []
        self._flat_since = self._flat_since or asked_at
        if asked_at - self._flat_since < self._rules.verify_after:
            self._timers.read_books(self._flat_since + self._rules.verify_after)
            return []
        self._timers.clear(Deadline.FLATTEN, "")
        for seconds in SWEEPS:
            self._timers.set(Deadline.SWEEP, str(seconds), at + seconds * SECOND)
        return [FlattenChecked(at=at, is_flat=True)]

    def _hear_outcome(self, state: BotState, event: events.OutcomeArrived) -> None:
        order = state.orders.get(event.tag)
        symbol = order.intent.symbol if order else event.tag
        if event.outcome.kind is OutcomeKind.ACK:
            self._last_words.pop(symbol, None)
        else:
            self._last_words[symbol] = event.outcome.message or event.outcome.kind.value

    def _left(self, state: BotState) -> list[str]:
        """Name what is open: the shares, and the orders in whose symbol none are held."""
        held = [f"{position.signed_quantity} {symbol}" for symbol, position in state.positions.items()]
        live = [
            f"order {tag} in {order.intent.symbol} ({order.state.value})"
            for tag, order in state.orders.items()
            if order.state.is_live and order.intent.symbol not in state.positions
        ]
        return held + live or ["the books have not shown twice that nothing is open"]

    def _call_for_help(self, state: BotState) -> str:
        said = [f"{symbol}: {words}" for symbol, words in self._last_words.items()]
        refused = f"; the broker said last: {', '.join(said)}" if said else ""
        phone = f" or call its desk at {self._rules.desk_phone}" if self._rules.desk_phone else ""
        stuck = "the token is dead, nothing can be sent" if not state.access else "it is being tried on"
        left = "; ".join(self._left(state))
        return f"not flat yet, open: {left}{refused}; {stuck}: close it in the broker's app{phone}"


def most_at_risk_first(state: BotState, symbols: Iterable[str]) -> list[str]:
    """Order symbols for a forced exit of everything, because the broker takes only so many calls in a second.

    What may still open more goes first, then what has no stop at the broker, then what costs most.
    """

    def rank(symbol: str) -> tuple[bool, bool, int]:
        position = state.positions.get(symbol)
        is_entering = bool(state.live_orders(symbol, Purpose.ENTRY))
        if position is None or not position.entry_filled:
            return not is_entering, True, 0
        worth = position.entry_value * abs(position.quantity) // position.entry_filled
        return not is_entering, not position.unprotected_since, -worth

    return sorted(symbols, key=rank)
