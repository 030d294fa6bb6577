"""An account that fills, loses, refuses and lies on request, and the rules that hold whatever it does."""

from collections import Counter, deque
from dataclasses import replace
from itertools import count

import pytest

from core import events
from core.events import SafetyLevel, Verb
from core.instants import Instant
from core.market import Side
from core.order_states import OrderState
from core.orders import (
    Books,
    BrokerPosition,
    Fill,
    OrderChange,
    OrderIntent,
    OrderReport,
    OrderStatus,
    OrderType,
    Outcome,
    OutcomeKind,
    Product,
    Purpose,
    RejectionKind,
)
from core.state import BotState
from core.tags import is_ours, purpose_of


class ToyBroker:
    """One account at one broker, with the faults of all of them."""

    def __init__(self) -> None:
        self.book: dict[str, OrderReport] = {}
        self.fills: list[Fill] = []
        self.prices: dict[str, int] = {}
        self.depth: dict[str, int] = {}
        """Shares the market still takes until the next price; unlimited where nothing stands."""
        self.hidden: set[str] = set()
        """Orders that the books do not show."""
        self.late_trades: set[str] = set()
        """Orders whose trades the trade book does not show."""
        self.late_orders: set[str] = set()
        """Orders that the order book does not show though the other books know of them."""
        self.no_positions = False
        """Whether the position book comes back empty."""
        self.newest_first = False
        """Whether order and trade book begin with what happened last."""
        self.plans: dict[Verb, deque[str]] = {verb: deque() for verb in Verb}
        """What to do with the next calls: lost, never, reject, rate, auth, forbidden, not_sent, noop, in_book, part,
        slow (an exit that rests, unseen), rest (an exit that rests)."""
        self.reachable = True
        self.refuses_token = False
        self.mute = False
        """Whether the order socket keeps silent."""
        self.holdings_only = False
        """Whether positions of earlier days have left the position book."""
        self.news: list[OrderReport] = []
        self.foreign: set[str] = set()
        self.now: Instant = 0
        self._number = count(1)
        self._overnight: list[Fill] = []

    # --- what the bot may call ----------------------------------------------------------------------------------

    def place(self, intent: OrderIntent) -> Outcome:
        fate = self._fate(Verb.PLACE)
        if fate in _NOTHING_HAPPENED:
            return _NOTHING_HAPPENED[fate]
        order = self._accept(intent.tag, intent)
        if fate == "in_book":
            self._change(order.broker_id, status=OrderStatus.REJECTED, message="RMS: no")
            return Outcome(kind=OutcomeKind.ACK, broker_id=order.broker_id)
        if intent.type is OrderType.STOP_LIMIT and self._is_through(order):
            self._change(order.broker_id, status=OrderStatus.REJECTED, message="trigger is through the market")
            return Outcome(
                kind=OutcomeKind.REJECTED, broker_id=order.broker_id, rejection=RejectionKind.ORDER, message="trigger"
            )
        self._match(order.broker_id)
        return _LOST if fate == "lost" else Outcome(kind=OutcomeKind.ACK, broker_id=order.broker_id)

    def modify(self, change: OrderChange) -> Outcome:
        fate = self._fate(Verb.MODIFY)
        if fate in _NOTHING_HAPPENED:
            return _NOTHING_HAPPENED[fate]
        order = self.book.get(change.broker_id)
        if order is None or order.status is not OrderStatus.PENDING:
            return Outcome(kind=OutcomeKind.REJECTED, rejection=RejectionKind.ORDER, message="order is not open")
        if fate != "noop":
            self._change(
                change.broker_id,
                type=change.type,
                quantity=change.quantity,
                limit_price=change.limit_price,
                trigger_price=change.trigger_price,
            )
            self._match(change.broker_id)
        return _LOST if fate == "lost" else Outcome(kind=OutcomeKind.ACK, broker_id=change.broker_id)

    def cancel(self, broker_id: str) -> Outcome:
        fate = self._fate(Verb.CANCEL)
        if fate in _NOTHING_HAPPENED:
            return _NOTHING_HAPPENED[fate]
        if self.book[broker_id].status is not OrderStatus.PENDING:
            return Outcome(kind=OutcomeKind.REJECTED, rejection=RejectionKind.ORDER, message="order is not open")
        self._change(broker_id, status=OrderStatus.CANCELLED)
        return _LOST if fate == "lost" else Outcome(kind=OutcomeKind.ACK, broker_id=broker_id)

    def exit(self, symbol: str, product: str) -> Outcome:
        fate = self._fate(Verb.EXIT)
        if fate in _NOTHING_HAPPENED:
            return _NOTHING_HAPPENED[fate]
        net = self.net(symbol, product)
        if not net:
            return Outcome(kind=OutcomeKind.REJECTED, rejection=RejectionKind.ORDER, code=-352, message="no position")
        side = Side.SELL if net > 0 else Side.BUY
        order = self._report("", symbol, side, OrderType.MARKET, product, abs(net), 0, 0)
        if fate == "slow":
            self.late_orders.add(order.broker_id)
            return Outcome(kind=OutcomeKind.ACK)
        if fate == "rest":
            return Outcome(kind=OutcomeKind.ACK)
        self._fill(order.broker_id, 4 if fate == "part" else abs(net))
        if fate == "part":
            self._change(order.broker_id, status=OrderStatus.CANCELLED)
        return Outcome(kind=OutcomeKind.ACK)

    def read(self) -> Books:
        symbols = {(fill.symbol, fill.product) for fill in self.fills}
        rows = tuple(
            BrokerPosition(
                symbol=symbol,
                product=product,
                net_quantity=self.net(symbol, product) - (self._kept(symbol) if self.holdings_only else 0),
                buy_quantity=0,
                buy_value=0,
                sell_quantity=0,
                sell_value=0,
            )
            for symbol, product in sorted(symbols)
        )
        unlisted, untraded = self.hidden | self.late_orders, self.hidden | self.late_trades
        shown = tuple(order for order in self.book.values() if order.broker_id not in unlisted)
        fills = tuple(f for f in self.fills if f not in self._overnight and f.broker_id not in untraded)
        if self.newest_first:
            shown, fills = shown[::-1], fills[::-1]
        return Books(orders=shown, fills=fills, positions=() if self.no_positions else rows)

    # --- what the world does ------------------------------------------------------------------------------------

    def price(self, symbol: str, price: int, depth: int | None = None) -> None:
        self.prices[symbol] = price
        self.depth.pop(symbol, None)
        if depth is not None:
            self.depth[symbol] = depth
        for broker_id in list(self.book):
            self._match(broker_id)

    def by_hand(self, symbol: str, side: Side, quantity: int, product: str = "INTRADAY") -> None:
        """An order from the owner's own screen, filled at once."""
        self.foreign.add(symbol)
        order = self._report("", symbol, side, OrderType.MARKET, product, quantity, 0, 0)
        self._fill(order.broker_id, quantity)

    def cancel_by_hand(self, tag: str) -> None:
        self._change(self.of(tag).broker_id, status=OrderStatus.CANCELLED)

    def next_day(self) -> None:
        self.book.clear()
        self._overnight = list(self.fills)
        self.hidden.clear()

    def of(self, tag: str) -> OrderReport:
        return next(order for order in self.book.values() if order.tag == tag)

    def net(self, symbol: str, product: str = "INTRADAY") -> int:
        return sum(f.side.value * f.quantity for f in self.fills if f.symbol == symbol and f.product == product)

    def open_exits(self, symbol: str) -> list[OrderReport]:
        return [
            order
            for order in self.book.values()
            if order.symbol == symbol
            and order.status is OrderStatus.PENDING
            and is_ours(order.tag)
            and purpose_of(order.tag) is not Purpose.ENTRY
        ]

    # --- inside -------------------------------------------------------------------------------------------------

    def _fate(self, verb: Verb) -> str:
        return self.plans[verb].popleft() if self.plans[verb] else "" if self.reachable else "not_sent"

    def _kept(self, symbol: str) -> int:
        return sum(fill.side.value * fill.quantity for fill in self._overnight if fill.symbol == symbol)

    def _accept(self, tag: str, intent: OrderIntent) -> OrderReport:
        return self._report(
            tag,
            intent.symbol,
            intent.side,
            intent.type,
            intent.product.value,
            intent.quantity,
            intent.limit_price,
            intent.trigger_price,
        )

    def _report(self, tag, symbol, side, order_type, product, quantity, limit, trigger) -> OrderReport:
        order = OrderReport(
            broker_id=f"26010600{next(self._number):06}",
            tag=tag,
            symbol=symbol,
            side=side,
            type=order_type,
            product=product,
            quantity=quantity,
            filled=0,
            filled_value=0,
            limit_price=limit,
            trigger_price=trigger,
            status=OrderStatus.PENDING,
        )
        self.book[order.broker_id] = order
        self._tell(order)
        return order

    def _change(self, broker_id: str, **values: object) -> None:
        self.book[broker_id] = replace(self.book[broker_id], **values)
        self._tell(self.book[broker_id])

    def _tell(self, order: OrderReport) -> None:
        if not self.mute and self.reachable:
            self.news.append(order)

    def _is_through(self, order: OrderReport) -> bool:
        return order.side.value * (order.trigger_price - self.prices[order.symbol]) <= 0

    def _match(self, broker_id: str) -> None:
        order = self.book[broker_id]
        price = self.prices.get(order.symbol)
        if order.status is not OrderStatus.PENDING or price is None:
            return
        if order.type is OrderType.MARKET:
            return  # a counter order that the price has left behind; stories fill it by hand
        waits = order.type is OrderType.STOP_LIMIT and not self._is_through(order) and not order.filled
        if waits or order.side.value * (order.limit_price - price) < 0:
            return
        there = self.depth.get(order.symbol, order.quantity)
        quantity = min(order.quantity - order.filled, there)
        if quantity:
            self.depth.update({order.symbol: there - quantity} if order.symbol in self.depth else {})
            self._fill(broker_id, quantity)

    def _fill(self, broker_id: str, quantity: int) -> None:
        order = self.book[broker_id]
        price = self.prices[order.symbol]
        filled = order.filled + quantity
        self.fills.append(
            Fill(
                trade_number=f"{broker_id}-{filled}",
                broker_id=broker_id,
                tag=order.tag,
                symbol=order.symbol,
                side=order.side,
                product=order.product,
                quantity=quantity,
                price=price,
                at=self.now,
            )
        )
        status = OrderStatus.FILLED if filled == order.quantity else OrderStatus.PENDING
        value = order.filled_value + quantity * price
        self._change(broker_id, filled=filled, filled_value=value, status=status)


_LOST = Outcome(kind=OutcomeKind.UNKNOWN, message="no answer")
_NOTHING_HAPPENED = {
    "never": _LOST,
    "not_sent": Outcome(kind=OutcomeKind.NOT_SENT, message="connection refused"),
    "reject": Outcome(kind=OutcomeKind.REJECTED, rejection=RejectionKind.ORDER, code=-99, message="no"),
    "rate": Outcome(kind=OutcomeKind.REJECTED, rejection=RejectionKind.RATE, code=-429, message="slow down"),
    "auth": Outcome(kind=OutcomeKind.REJECTED, rejection=RejectionKind.AUTHENTICATION, code=-16, message="token"),
    "forbidden": Outcome(kind=OutcomeKind.REJECTED, rejection=RejectionKind.FORBIDDEN, code=-403, message="address"),
}


class HouseRules:
    """What must hold at every step, whatever the broker does."""

    def __init__(self, broker: ToyBroker, product: Product) -> None:
        self._broker = broker
        self._product = product.value

    def check_decision(self, state: BotState, event: events.Event) -> None:
        """Look at an event with the state before it."""
        match event:
            case events.OrderIntended(intent=intent) if intent.purpose is Purpose.ENTRY:
                assert state.reconciled, "an entry before the books were read"
                assert state.effective_level is SafetyLevel.RUN, "an entry against the safety level or a doubt"
                assert not state.live_orders(intent.symbol), "an entry beside another order"
            case events.OrderIntended(intent=intent):
                assert not state.live_orders(intent.symbol, Purpose.STOP, Purpose.EXIT), "two exits at once"
                assert intent.quantity <= state.positions[intent.symbol].quantity, "an exit of more than is held"
            case events.LevelChanged(level=level):
                assert level is not state.level, "a level that was there already"
            case events.ChangeIntended(change=change):
                assert state.orders[change.tag].state is OrderState.WORKING, "a change to an order nobody confirmed"
                assert change.broker_id, "a change without an id"
            case events.CancelIntended(broker_id=broker_id):
                assert broker_id, "a cancel without an id"
            case events.TradeClosed(trade=trade):
                assert state.books_at > state.positions[trade.symbol].last_fill_at, "a trade closed on old books"
                if trade.symbol in self._broker.foreign:
                    return
                held = self._broker.net(trade.symbol, self._product)
                assert held == 0, "a trade closed while the broker still holds it"

    def check_broker(self) -> None:
        """Look at the account."""
        for symbol in {fill.symbol for fill in self._broker.fills} - self._broker.foreign:
            exits, net = self._broker.open_exits(symbol), self._broker.net(symbol, self._product)
            assert len(exits) <= 1, f"two live exits at the broker: {exits}"
            for order in exits:
                assert order.quantity - order.filled <= max(0, -net * order.side.value), (
                    "an exit larger than the position"
                )
        running: Counter[str] = Counter()
        for fill in self._broker.fills:
            before = running[fill.symbol]
            running[fill.symbol] += fill.side.value * fill.quantity
            assert before * running[fill.symbol] >= 0 or fill.symbol in self._broker.foreign, "the net crossed zero"


@pytest.fixture
def new_broker() -> type[ToyBroker]:
    return ToyBroker


@pytest.fixture
def new_house_rules() -> type[HouseRules]:
    return HouseRules
