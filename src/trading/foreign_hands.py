"""Has somebody else just closed what we are about to protect? A broker's square-off cancels our stop and sells at once.

A new stop, or an exit, on an account that is flat already opens a position that nobody wants. So when a stop of ours
ends without our asking, or the order socket tells of somebody else's order that would close our position, the books
are read once before anything more is sent for the symbol. That costs a fraction of a second. Where no reading begun
after the news comes soon, or its difference does not clear up, protection goes on: no stop at all is the greater
danger. It waits longer where the books do show the trades of others that closed it: those were made, whoever is late.

The wait is counted from when nothing of ours is on its way: until then no difference can be looked into.
"""

from typing import NamedTuple

from core import events
from core.instants import Instant
from core.order_states import ON_ITS_WAY, OrderState
from core.orders import OrderReport, OrderStatus, Purpose
from core.rules import TradingRules
from core.state import BotState
from core.tags import is_ours
from core.tracking import TrackedOrder
from trading.book_evidence import traded_by_others
from trading.timers import READ_AGAIN, Timers

_ENDED = frozenset({OrderState.CANCELLED, OrderState.EXPIRED})
_NEVER_TRADES = frozenset({OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED})


class _News(NamedTuple):
    """What is heard of others in a symbol, as far as no reading has looked into it."""

    first_at: Instant
    """The wait for the books is counted from here."""
    newest_at: Instant


class ForeignHands:
    """Remembers news of others by symbol until a reading of the books has looked into it."""

    def __init__(self, rules: TradingRules, timers: Timers) -> None:
        self._rules = rules
        self._timers = timers
        self._news: dict[str, _News] = {}
        """By symbol."""
        self._explained: set[str] = set()
        """Tags of our orders whose end without our asking is no news any more."""

    def hear(self, state: BotState, event: events.Event) -> None:
        """Note what an event tells of others, and have the books read; `state` has the event already."""
        match event:
            case events.OrderReported(report=report, at=at):
                closing = [report.symbol] if _may_close_ours(state, report) else []
                self._note(state, {*closing, *self._ended(state)}, at, at)
            case events.BooksRead(asked_at=asked_at, at=at):
                shown = {symbol for symbol in state.positions if _others_closed_it(state, symbol)}
                self._note(state, {*shown, *self._ended(state), *self._unread(state)}, asked_at, at)
            case events.BooksUnchanged(at=at):
                self._note(state, self._unread(state), 0, at)
            case events.TradeClosed(trade=trade):
                self._news.pop(trade.symbol, None)
        for symbol, news in self._news.items():
            if any(order.state in ON_ITS_WAY for order in state.live_orders(symbol)):
                # Nobody can tell a difference from what this order has done.
                self._news[symbol] = news._replace(first_at=event.at)

    def should_wait(self, state: BotState, symbol: str, at: Instant) -> bool:
        """Whether the next step of a symbol has to wait for the books."""
        news = self._news.get(symbol)
        if news is None:
            return False
        if state.books_at >= news.newest_at and _missing(state, symbol) <= 0:
            self._news.pop(symbol)
            return False
        return at < self.waits_until(state, symbol)

    def waits_until(self, state: BotState, symbol: str) -> Instant:
        """When the wait for the books ends, come what may."""
        patience = self._rules.protect_within if _others_closed_it(state, symbol) else self._rules.books_busy
        return self._news[symbol].first_at + patience

    def _note(self, state: BotState, symbols: set[str], news_at: Instant, at: Instant) -> None:
        for symbol in symbols:
            known = self._news.get(symbol, _News(news_at, news_at))
            self._news[symbol] = known._replace(newest_at=max(known.newest_at, news_at))
        if self._unread(state):
            self._timers.read_books(max(at, state.books_at + READ_AGAIN))

    def _unread(self, state: BotState) -> set[str]:
        """Return the symbols with news that is younger than the newest reading."""
        return {symbol for symbol, news in self._news.items() if state.books_at < news.newest_at}

    def _ended(self, state: BotState) -> set[str]:
        """Return the symbols of held positions whose stop or exit has ended, without our asking, since last time."""
        ended = [order for order in state.orders.values() if self._is_news(state, order)]
        self._explained.update(order.intent.tag for order in ended)
        return {order.intent.symbol for order in ended}

    def _is_news(self, state: BotState, order: TrackedOrder) -> bool:
        if order.state not in _ENDED or order.cancel_at or order.intent.purpose is Purpose.ENTRY:
            return False
        return order.intent.tag not in self._explained and _is_held(state, order.intent.symbol)


def _may_close_ours(state: BotState, report: OrderReport) -> bool:
    """Whether an order of somebody else has closed, or may close, shares of ours."""
    if is_ours(report.tag) or state.order_by_broker_id(report.broker_id) is not None:
        return False
    if not _is_held(state, report.symbol) or report.side is state.positions[report.symbol].side:
        return False
    return bool(report.filled) or report.status not in _NEVER_TRADES


def _is_held(state: BotState, symbol: str) -> bool:
    position = state.positions.get(symbol)
    return position is not None and position.quantity > 0


def _others_closed_it(state: BotState, symbol: str) -> bool:
    """Whether the newest reading shows trades of others that account for all that it shows less than we hold."""
    position, books, missing = state.positions.get(symbol), state.books, _missing(state, symbol)
    if position is None or books is None or missing <= 0:
        return False
    return missing <= sum(quantity for quantity, _ in traded_by_others(books, position, position.side.opposite))


def _missing(state: BotState, symbol: str) -> int:
    """Return by how many shares the newest reading shows less than we hold; 0 where there is nothing to compare."""
    position, books = state.positions.get(symbol), state.books
    if position is None or books is None:
        return 0
    return position.quantity - state.shares_at_broker(books, symbol, position.product) * position.side.value
