"""When does a blocked symbol trade again? A block without an end would make one late answer of the broker cost the day.

A symbol is blocked when the books contradict our fills or somebody else holds shares in it. Books also come late or
empty, and people close what they opened. So a block ends by itself when two readings, apart, show just what we hold,
and nothing of ours is on its way. A position book that is silent proves nothing, nor does one from which shares went
to another product: the orders of the day, whoever sent them, must come to the same.
"""

from core import events
from core.events import Decision, SymbolUnblocked
from core.instants import SECOND, Instant
from core.order_states import OrderState
from core.orders import Books
from core.rules import TradingRules
from core.state import BotState
from trading.book_evidence import net_by_orders
from trading.timers import Timers

_APART = 2 * SECOND
"""Least time between the beginnings of the first and the last reading that agree."""


class BlockLift:
    """Ends blocks whose cause is seen to be gone."""

    def __init__(self, rules: TradingRules, timers: Timers) -> None:
        self._rules = rules
        self._timers = timers
        self._agreed_since: dict[str, Instant] = {}
        """When the first of the readings in a row that agree was begun, by blocked symbol."""

    def decide(self, state: BotState, event: events.Event) -> list[Decision]:
        """Return which blocks a reading ends; `state` has the event already."""
        match event:
            case events.BooksRead(at=at, asked_at=asked_at) | events.BooksUnchanged(at=at, asked_at=asked_at):
                return [decision for symbol in state.blocked for decision in self._look(state, symbol, asked_at, at)]
        return []

    def _look(self, state: BotState, symbol: str, asked_at: Instant, at: Instant) -> list[Decision]:
        if state.books is None or not self._agrees(state, state.books, symbol):
            self._agreed_since.pop(symbol, None)
            return []
        since = self._agreed_since.setdefault(symbol, asked_at)
        if asked_at - since < _APART:
            self._timers.read_books(since + _APART)
            return []
        del self._agreed_since[symbol]
        return [SymbolUnblocked(at=at, symbol=symbol, why="two readings of the books show what our orders came to")]

    def _agrees(self, state: BotState, books: Books, symbol: str) -> bool:
        """Whether a reading leaves nothing to explain in a symbol."""
        position = state.positions.get(symbol)
        product = position.product if position else self._rules.product
        if position is not None and position.quantity < 0:
            return False  # what was closed beyond it is for a person to bring back
        ours = position.signed_quantity if position else 0
        is_moving = position is not None and state.books_at <= position.last_fill_at
        is_moving = is_moving or any(order.state is not OrderState.WORKING for order in state.live_orders(symbol))
        if is_moving or state.shares_at_broker(books, symbol, product) != ours:
            return False
        return net_by_orders(books, symbol) + state.carried.get(symbol, 0) == ours
