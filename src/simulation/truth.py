"""What is really so at the broker, kept up to date with every fact: positions, and the orders of ours that still work.

The bot may believe what it likes; invariants are judged by this.
"""

from core.instants import SECOND, Instant
from core.orders import Product, Purpose
from core.tags import is_ours, purpose_of
from simulation.setting import SYMBOLS
from simulator.books import (
    SOURCE_API,
    UNTAGGED,
    ExchangeEvent,
    ExchangeOrder,
    OrderChanged,
    PositionChanged,
    Trade,
)
from trading.exchange_rows import own_tag

_KNOWN_AFTER = 60 * SECOND
"""How long after others last traded the bot may still act on what was before."""


def purpose_at_broker(order: ExchangeOrder) -> Purpose | None:
    """Return why we sent an order; the broker's own closing at our request is an exit; None for one of others."""
    tag = own_tag(order.tag)
    if is_ours(tag):
        return purpose_of(tag)
    return Purpose.EXIT if order.source == SOURCE_API and order.tag == UNTAGGED else None


class Truth:
    """The account as it is."""

    def __init__(self) -> None:
        self.net = dict.fromkeys(SYMBOLS, 0)
        """Shares by symbol over all products, negative for a short: a conversion changes nothing."""
        self._rows: dict[str, int] = {}
        self.exits: dict[str, dict[str, ExchangeOrder]] = {symbol: {} for symbol in SYMBOLS}
        """Working orders of ours that close, by symbol and id."""
        self.entries: dict[str, dict[str, ExchangeOrder]] = {symbol: {} for symbol in SYMBOLS}
        self.touched: dict[str, Instant] = {}
        """Symbols in which others trade, since they were last flat, and when they last did."""
        self.orders: dict[str, ExchangeOrder] = {}
        """Every order of the day."""

    def take(self, item: ExchangeEvent, at: Instant) -> None:
        """Take one fact."""
        match item:
            case OrderChanged(order):
                self._take_order(order, at)
            case PositionChanged(row):
                self._rows[row.id] = row.net_quantity
                self.net[row.symbol] = sum(self._by_product(row.symbol))
                self._forget_touch(row.symbol, at)
            case _:
                pass

    def touch(self, symbol: str, at: Instant) -> None:
        """Note that somebody else meddles with a symbol."""
        self.touched[symbol] = at

    def purpose_of(self, trade: Trade) -> Purpose | None:
        """Return why we sent the order of a trade; None for a trade of others."""
        return purpose_at_broker(self.orders[trade.broker_id])

    def cover(self, symbol: str) -> int:
        """Shares that working exits of ours would close of what is held now."""
        net = self.net[symbol]
        return sum(order.remaining for order in self.exits[symbol].values() if order.side.value * net < 0)

    def is_protected(self, symbol: str) -> bool:
        """Whether a symbol is flat, or an order of ours would close all of it."""
        net = self.net[symbol]
        return not net or self.cover(symbol) >= abs(net)

    def is_idle(self, symbol: str) -> bool:
        """Whether a symbol is flat in every product and nothing of ours works in it."""
        return not any(self._by_product(symbol)) and not self.exits[symbol] and not self.entries[symbol]

    def held(self, symbol: str, product: str) -> int:
        """Shares of a symbol under one product, negative for a short."""
        return self._rows.get(f"{symbol}-{product}", 0)

    def _by_product(self, symbol: str) -> list[int]:
        return [self.held(symbol, each.value) for each in Product]

    def _take_order(self, order: ExchangeOrder, at: Instant) -> None:
        self.orders[order.broker_id] = order
        purpose = purpose_at_broker(order)
        if purpose is None:
            self.touch(order.symbol, at)
            return
        book = self.entries if purpose is Purpose.ENTRY else self.exits
        if order.is_working:
            book[order.symbol][order.broker_id] = order
        else:
            book[order.symbol].pop(order.broker_id, None)
            self._forget_touch(order.symbol, at)

    def _forget_touch(self, symbol: str, now: Instant) -> None:
        if self.is_idle(symbol) and now - self.touched.get(symbol, now) > _KNOWN_AFTER:
            del self.touched[symbol]
