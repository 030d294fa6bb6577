"""Do the broker's books agree with what we believe? One comparison for start, restart, timer and doubt.

The books only correct or confirm: our position is the fold of our own orders, and a broker's row is never added to
it. Nothing is ever balanced by sending an order. A difference must stand unchanged in two readings, with nothing of
ours on its way, before it is acted on, because a fill may fall between the reads of one reading.
"""

from collections.abc import Mapping

from core import exits
from core.events import (
    Alarm,
    Decision,
    FlatVerified,
    Phase,
    PositionAdopted,
    Reconciled,
    SymbolBlocked,
    TradeClosed,
)
from core.instants import SECOND, Instant
from core.market import Instrument, Side
from core.order_states import ON_ITS_WAY, OrderState
from core.orders import Books, OrderReport, OrderStatus, Product, Purpose
from core.rules import TradingRules
from core.state import BotState
from core.tags import is_ours, purpose_of
from core.tracking import OpenPosition
from trading.book_evidence import has_every_fill, is_behind, net_by_orders, net_of_others
from trading.closed_trade import trade_of
from trading.departure import booked, departure_of
from trading.timers import READ_AGAIN, Timers

_LOOK_AGAIN = 2 * SECOND
"""Pause before a difference is looked at again."""
_PATIENCE = 3
"""Readings to wait for the trade book to show every fill, before averages are accepted."""
_LONG_PATIENCE = 10
"""Readings to wait for an explanation of shares that a position book does not show."""


class Reconciliation:
    """Compares complete readings with the fold."""

    def __init__(self, rules: TradingRules, instruments: Mapping[str, Instrument], timers: Timers) -> None:
        self._rules = rules
        self._instruments = instruments
        self._timers = timers
        self._differences: dict[str, tuple[int, int]] = {}
        """What we and the broker held of a symbol when a reading last differed."""
        self._inexact: dict[str, int] = {}
        """Readings in a row in which the trade book was short of fills."""
        self._not_flat = 0
        """Readings since the flat check that were not flat."""

    def compare(self, state: BotState, at: Instant) -> list[Decision]:
        """Return what a complete reading shows: agreement, adoption, a correction or a block."""
        books = state.books
        if books is None:
            return []
        decisions = [
            decision for symbol in self._instruments for decision in self._compare_symbol(state, books, symbol, at)
        ]
        if self._differences.keys() - state.blocked.keys():
            self._timers.read_books(at + _LOOK_AGAIN)
        elif not state.reconciled and state.books_at >= state.doubted_at:
            decisions.append(Reconciled(at=at, why="books read and agreed"))
        if state.phase in {Phase.FLAT_CHECK, Phase.CLOSE} and not state.flat_verified:
            decisions += self._check_flat(state, at)
        return decisions

    def close_verified(self, state: BotState, symbol: str, at: Instant) -> list[Decision]:
        """Close a position whose shares are gone, once a reading begun after its last fill shows it flat."""
        position, books = state.positions.get(symbol), state.books
        if position is None or position.quantity:
            return []
        if any(order.state is not OrderState.UNKNOWN for order in state.live_orders(symbol)):
            return []  # what still rests is cancelled first
        if books is None or state.books_at <= position.last_fill_at or not self._is_gone(state, books, position):
            self._timers.read_books(at + READ_AGAIN)
            return []
        if not has_every_fill(state, books, symbol) and self._has_patience(symbol):
            self._timers.read_books(at + READ_AGAIN)
            return []
        self._inexact.pop(symbol, None)
        return [TradeClosed(at=at, trade=trade_of(state, position, self._rules.charges))]

    # --- one symbol ---------------------------------------------------------------------------------------------

    def _compare_symbol(self, state: BotState, books: Books, symbol: str, at: Instant) -> list[Decision]:
        position = state.positions.get(symbol)
        product = position.product if position else self._rules.product
        theirs = state.shares_at_broker(books, symbol, product)
        if _agrees(position, theirs, is_blocked=symbol in state.blocked):
            self._differences.pop(symbol, None)
            if position is None or position.quantity:
                self._inexact.pop(symbol, None)
            return []
        if not self._stands(state, symbol, position.signed_quantity if position else 0, theirs):
            return []
        if position is None:
            if is_behind(state, books, symbol):
                return self._wait_for_our_fills(state, symbol, theirs, at)
            self._differences.pop(symbol)
            return self._explain_unknown(state, books, symbol, product, theirs, at)
        if _is_brought_back(position, theirs) or (_is_short_of_ours(position, theirs) and position.quantity):
            return self._take_over(state, books, position, max(0, theirs * position.side.value), at)
        ours = position.signed_quantity
        by_orders = net_by_orders(books, symbol) + state.carried.get(symbol, 0)
        if by_orders == ours and self._has_patience(symbol, _LONG_PATIENCE):
            return []  # its own order book says what we say: the position book is the older one
        self._differences.pop(symbol)
        why = f"the broker shows {theirs} of {symbol}, our orders came to {ours}; check and close it at the broker"
        return self._block(state, symbol, why, at)

    def _stands(self, state: BotState, symbol: str, ours: int, theirs: int) -> bool:
        """Whether a difference was there in the reading before, and nothing of ours on its way can explain it."""
        position = state.positions.get(symbol)
        is_moving = position is not None and state.books_at <= position.last_fill_at
        is_moving = is_moving or any(order.state in ON_ITS_WAY for order in state.live_orders(symbol))
        stands = not is_moving and self._differences.get(symbol) == (ours, theirs)
        self._differences[symbol] = ours, theirs
        return stands

    def _wait_for_our_fills(self, state: BotState, symbol: str, theirs: int, at: Instant) -> list[Decision]:
        """Adopt nothing from books that lack fills of ours: what they show may be what those fills have closed."""
        if self._has_patience(symbol, _LONG_PATIENCE):
            return []
        why = f"the broker shows {theirs} of {symbol}, and its order book lacks fills of ours; look at it there"
        return self._block(state, symbol, why, at)

    def _explain_unknown(
        self, state: BotState, books: Books, symbol: str, product: Product, net: int, at: Instant
    ) -> list[Decision]:
        """Adopt what our own orders account for; leave anybody else's position alone."""
        own = [
            order
            for order in books.orders
            if order.symbol == symbol and order.product == product.value and is_ours(order.tag)
        ]
        own_net = sum(order.side.value * order.filled for order in own)
        if net == net_of_others(books, symbol, product):
            why = f"somebody else's position of {net} is in {symbol}"
            return [SymbolBlocked(at=at, symbol=symbol, why=why)]
        if own_net * net <= 0:
            why = f"the broker shows {net} of {symbol}, which our orders and those of others do not explain; close it"
            return self._block(state, symbol, why, at)
        side = Side.BUY if net > 0 else Side.SELL
        entry = max((order for order in own if order.side is side and order.filled), key=lambda order: order.broker_id)
        resting = (
            order
            for order in own
            if order.status is OrderStatus.PENDING
            and order.side is side.opposite
            and purpose_of(order.tag) is not Purpose.ENTRY
        )
        quantity = min(abs(own_net), abs(net))
        return [self._adoption(entry, next(resting, None), product, side, quantity, at)]

    def _adoption(
        self, entry: OrderReport, stop: OrderReport | None, product: Product, side: Side, quantity: int, at: Instant
    ) -> Decision:
        """Take over a position: levels from its resting stop, or one percent away where there is none."""
        tick = self._instruments[entry.symbol].tick
        price = round(entry.filled_value / entry.filled)
        trigger = stop.trigger_price if stop else 0
        atr = max(abs(price - trigger) if trigger else price // 100, tick) / self._rules.stop_atr
        usual, target = exits.levels(side.value, price, atr, self._rules.stop_atr, self._rules.target_atr, tick)
        return PositionAdopted(
            at=at,
            symbol=entry.symbol,
            product=product,
            quantity=side.value * quantity,
            entry_value=price * quantity,
            stop=trigger or usual,
            target=target,
            stop_order=stop,
        )

    def _take_over(
        self, state: BotState, books: Books, position: OpenPosition, held: int, at: Instant
    ) -> list[Decision]:
        """Book what a person or the broker traded in our position, at the prices of the trades that did it.

        Mostly shares were closed; where more had been closed than held, somebody brought them back. A position book
        that merely shows less proves nothing: it may be stale or empty. Until the books explain what is missing, the
        position keeps its stop, and in the end a person is called.
        """
        symbol = position.symbol
        departure = departure_of(state, books, position, position.quantity - held)
        patience = _PATIENCE if departure.product else _LONG_PATIENCE
        if departure.missing and self._has_patience(symbol, patience):
            return []
        if not departure.is_explained:
            why = f"the broker shows {held} of {symbol}, we hold {position.quantity} and no trade explains it"
            return self._block(state, symbol, f"{why}; its stop stays, look at the position at the broker", at)
        self._inexact.pop(symbol, None)
        self._differences.pop(symbol)
        return booked(position, departure, at)

    def _block(self, state: BotState, symbol: str, why: str, at: Instant) -> list[Decision]:
        """Leave a symbol to a person, and say so once."""
        if symbol in state.blocked:
            return []
        return [SymbolBlocked(at=at, symbol=symbol, why=why), Alarm(at=at, code="POSITION_DIFFERS", message=why)]

    def _is_gone(self, state: BotState, books: Books, position: OpenPosition) -> bool:
        """Whether the broker shows none of it; where somebody else trades too, our own orders have to do."""
        held = state.shares_at_broker(books, position.symbol, position.product)
        return position.symbol in state.blocked or not held

    def _has_patience(self, symbol: str, readings: int = _PATIENCE) -> bool:
        self._inexact[symbol] = self._inexact.get(symbol, 0) + 1
        return self._inexact[symbol] <= readings

    # --- flatness -----------------------------------------------------------------------------------------------

    def left_open(self, state: BotState) -> set[str]:
        """Return the symbols in which something of ours is open that may not stay over night, as the books have it.

        A net position in a symbol of ours counts unless the orders of others came to just that.
        """
        left = {symbol for symbol, position in state.positions.items() if position.product is not Product.CNC}
        left |= {
            order.intent.symbol
            for order in state.orders.values()
            if order.state.is_live and order.intent.product is not Product.CNC
        }
        books, product = state.books, self._rules.product
        if books is not None and product is not Product.CNC:
            nets = {symbol: state.shares_at_broker(books, symbol, product) for symbol in self._instruments}
            left |= {symbol for symbol, net in nets.items() if net and net != net_of_others(books, symbol, product)}
        return left

    def _check_flat(self, state: BotState, at: Instant) -> list[Decision]:
        """Say once that nothing of ours is left over night, or, in the second reading, what is. Delivery may stay."""
        left = self.left_open(state)
        if not left:
            return [FlatVerified(at=at)]
        self._not_flat += 1
        if self._not_flat != 2:
            return []
        why = f"a position or a live order is left in {', '.join(sorted(left))}; close it at the broker"
        return [Alarm(at=at, code="NOT_FLAT", message=why)]


def _agrees(position: OpenPosition | None, theirs: int, *, is_blocked: bool) -> bool:
    """Whether a reading shows what we hold. In a blocked symbol only what is missing of ours is looked at."""
    if position is None:
        return not theirs or is_blocked
    if position.signed_quantity == theirs:
        return True
    return is_blocked and not _is_short_of_ours(position, theirs) and not _is_brought_back(position, theirs)


def _is_short_of_ours(position: OpenPosition, theirs: int) -> bool:
    return theirs * position.side.value < position.quantity


def _is_brought_back(position: OpenPosition, theirs: int) -> bool:
    """Whether more had been closed than was held, and somebody evened that out."""
    return position.quantity < 0 and not theirs
