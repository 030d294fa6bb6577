"""Do the broker's books agree with what we believe? One comparison for start, restart, timer and doubt.

The books only correct or confirm: our position is the fold of our own orders, and a broker's row is never added to
it. Nothing is ever balanced by sending an order. A difference must stand in two readings before it is acted on,
because a fill may fall between the reads of one reading.
"""

from collections.abc import Mapping
from dataclasses import replace

from core import exits
from core.charges import round_trip
from core.events import (
    Alarm,
    BooksWanted,
    Decision,
    FlatVerified,
    Phase,
    PositionAdopted,
    Reconciled,
    SymbolBlocked,
    TradeClosed,
)
from core.instants import Instant
from core.market import Instrument, Side
from core.orders import Books, BrokerPosition, OrderReport, OrderStatus, OrderType, Product, Purpose
from core.positions import Trade
from core.rules import TradingRules
from core.state import BotState, OpenPosition, OrderState
from core.tags import is_ours, purpose_of

_PATIENCE = 3
"""Readings to wait for the trade book to show every fill, before averages are accepted."""


class Reconciliation:
    """Compares complete readings with the fold."""

    def __init__(self, rules: TradingRules, instruments: Mapping[str, Instrument]) -> None:
        self._rules = rules
        self._instruments = instruments
        self._differences: dict[str, int] = {}
        """Readings in a row in which a symbol differed."""
        self._inexact: dict[str, int] = {}

    def compare(self, state: BotState, at: Instant) -> list[Decision]:
        """Return what a complete reading shows: agreement, adoption, a block, or the wish to look again."""
        books = state.books
        if books is None:
            return []
        decisions: list[Decision] = []
        doubts = 0
        for symbol in self._instruments:
            found = self._compare_symbol(state, books, symbol, at)
            doubts += symbol in self._differences
            decisions += found
        if doubts:
            decisions.append(BooksWanted(at=at, why="a difference to look at again"))
        elif not state.reconciled:
            decisions.append(Reconciled(at=at, why="books read and agreed"))
        if state.phase in {Phase.FLAT_CHECK, Phase.CLOSE} and not state.flat_verified and self._is_flat(state, books):
            decisions.append(FlatVerified(at=at))
        return decisions

    def close_verified(self, state: BotState, symbol: str, at: Instant) -> list[Decision]:
        """Close a position whose shares are gone, once a reading begun after its last fill shows it flat."""
        position = state.positions.get(symbol)
        if position is None or position.quantity:
            return []
        if any(order.state is not OrderState.UNKNOWN for order in state.live_orders(symbol)):
            return []  # what still rests is cancelled first
        books = state.books
        if books is None or state.books_at <= position.last_fill_at or _net(books, symbol, position.product.value):
            return [BooksWanted(at=at, why=f"verify {symbol} flat")]
        if not _has_every_fill(state, books, symbol) and self._inexact.get(symbol, 0) < _PATIENCE:
            self._inexact[symbol] = self._inexact.get(symbol, 0) + 1
            return [BooksWanted(at=at, why=f"fills of {symbol}")]
        self._inexact.pop(symbol, None)
        return [TradeClosed(at=at, trade=self._trade(position))]

    # --- one symbol ---------------------------------------------------------------------------------------------

    def _compare_symbol(self, state: BotState, books: Books, symbol: str, at: Instant) -> list[Decision]:
        position = state.positions.get(symbol)
        ours = position.quantity * position.side.value if position else 0
        product = position.product if position else self._rules.product
        theirs = _net(books, symbol, product.value)
        recent = position is not None and state.books_at <= position.last_fill_at
        if ours == theirs or recent or symbol in state.blocked:
            self._differences.pop(symbol, None)
            return []
        seen = self._differences.get(symbol, 0) + 1
        self._differences[symbol] = seen
        if seen < 2:
            return []
        self._differences.pop(symbol)
        if position is None:
            return [self._explain_unknown(books, symbol, product, theirs, at)]
        if theirs == 0:
            return self._closed_elsewhere(books, position, at)
        why = f"the broker shows {theirs} of {symbol}, our orders came to {ours}; check and close it at the broker"
        return [SymbolBlocked(at=at, symbol=symbol, why=why), Alarm(at=at, code="POSITION_DIFFERS", message=why)]

    def _explain_unknown(self, books: Books, symbol: str, product: Product, net: int, at: Instant) -> Decision:
        """Adopt a position that carries our tags; leave anybody else's alone."""
        own = [order for order in books.orders if order.symbol == symbol and is_ours(order.tag)]
        entries = [order for order in own if purpose_of(order.tag) is Purpose.ENTRY and order.filled]
        stop = next((order for order in own if order.type in _STOP_TYPES and order.status is OrderStatus.PENDING), None)
        if not entries:
            why = f"somebody else's position of {net} is in {symbol}"
            return SymbolBlocked(at=at, symbol=symbol, why=why)
        return self._adoption(entries[-1], stop, product, net, at)

    def _adoption(
        self, entry: OrderReport, stop: OrderReport | None, product: Product, net: int, at: Instant
    ) -> Decision:
        """Take over a position: levels from its resting stop, or one percent away where there is none."""
        instrument = self._instruments[entry.symbol]
        side = 1 if net > 0 else -1
        price = round(entry.filled_value / entry.filled)
        distance = abs(price - stop.trigger_price) if stop else price // 100
        atr = max(distance, instrument.tick) / self._rules.stop_atr
        trigger, target = exits.levels(side, price, atr, self._rules.stop_atr, self._rules.target_atr, instrument.tick)
        return PositionAdopted(
            at=at,
            symbol=entry.symbol,
            product=product,
            quantity=net,
            entry_value=price * abs(net),
            stop=stop.trigger_price if stop else trigger,
            target=target,
            stop_order=stop,
        )

    def _closed_elsewhere(self, books: Books, position: OpenPosition, at: Instant) -> list[Decision]:
        """Book a position that a person or the broker closed, at the prices of the trades that did it."""
        side = position.side.opposite
        known = {fill.broker_id for fill in books.fills if is_ours(fill.tag)}
        needed, value = position.quantity, 0
        for fill in reversed(books.fills):
            if fill.symbol == position.symbol and fill.side is side and fill.broker_id not in known and needed:
                taken = min(needed, fill.quantity)
                needed, value = needed - taken, value + taken * fill.price
        why = f"{position.symbol} was closed outside the bot"
        if needed:
            why += f"; {needed} shares without a trade in the book are valued at the entry price"
            value += needed * (position.entry_value // position.entry_filled)
        closed = replace(
            position,
            exit_filled=position.entry_filled,
            exit_value=position.exit_value + value,
            exit_reason="closed_at_broker",
        )
        trade = self._trade(closed)
        return [Alarm(at=at, code="CLOSED_ELSEWHERE", message=why), TradeClosed(at=at, trade=trade)]

    def _trade(self, position: OpenPosition) -> Trade:
        values = position.entry_value, position.exit_value
        buy_value, sell_value = values if position.side is Side.BUY else values[::-1]
        return Trade(
            symbol=position.symbol,
            side=position.side,
            quantity=position.entry_filled,
            entry_at=position.opened_at,
            entry_value=position.entry_value,
            exit_at=max(position.last_fill_at, position.opened_at),
            exit_value=position.exit_value,
            exit_reason=position.exit_reason or exits.REASONS[exits.STOP],
            charges=round_trip(buy_value, sell_value, self._rules.charges).total,
            stop=position.stop,
            target=position.target,
            probability=position.plan.probability if position.plan else 0.0,
        )

    def _is_flat(self, state: BotState, books: Books) -> bool:
        held = any(_net(books, symbol, Product.INTRADAY.value) for symbol in self._instruments)
        intraday = any(position.product is not Product.CNC for position in state.positions.values())
        return not held and not intraday and not any(order.state.is_live for order in state.orders.values())


_STOP_TYPES = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


def _net(books: Books, symbol: str, product: str) -> int:
    rows: list[BrokerPosition] = [row for row in books.positions if row.symbol == symbol and row.product == product]
    return sum(row.net_quantity for row in rows)


def _has_every_fill(state: BotState, books: Books, symbol: str) -> bool:
    """Whether the trade book accounts for every share that the order book says we traded."""
    for order in state.orders.values():
        if order.intent.symbol == symbol and order.filled:
            booked = sum(fill.quantity for fill in books.fills if fill.broker_id == order.broker_id)
            if booked != order.filled:
                return False
    return True
