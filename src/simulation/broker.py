"""The broker of a session: the simulator's exchange, with the faults of a market and a risk desk in front of it."""

from collections.abc import Callable

from core.instants import SECOND, Instant
from core.market import Side
from core.orders import OrderChange, OrderIntent, OrderReport, OrderType, Product, Purpose
from simulation.books import BookHistory
from simulation.fates import Fates
from simulation.market import PLENTY, SimulatedMarket
from simulation.plan import FaultKind
from simulation.setting import FUNDS, INSTRUMENTS, OneDay
from simulation.virtual_time import VirtualTime
from simulator.books import (
    ConvertRequest,
    ExchangeEvent,
    ExchangeOrder,
    ExitRequest,
    ModifyRequest,
    OrderChanged,
    PlaceRequest,
    Reply,
)
from simulator.exchange import Exchange
from simulator.exchange_rules import ExchangeRules
from simulator.ledger import MemoryLedger

_RULES = ExchangeRules(least_share_percent=100)


class SimulatedBroker:
    """Carries out what reaches it, keeps every version of its books, and tells what happened."""

    def __init__(self, time: VirtualTime, fates: Fates, calendar: OneDay) -> None:
        self.market = SimulatedMarket(calendar, time.now)
        self.books = BookHistory()
        self.watch: Callable[[list[ExchangeEvent]], None] = lambda _news: None
        """Is told the truth at once."""
        self.tell: Callable[[OrderReport], None] = lambda _report: None
        """Is told of every order, as the order socket is."""
        self.locked: dict[str, Side] = {}
        """Shares at their circuit limit: orders of this side find no other side."""
        self._dry: dict[str, tuple[Side, Instant, Instant]] = {}
        """Sides on which no trade is made any more, since and until when."""
        self._stops: dict[str, ExchangeOrder] = {}
        """Stops that wait for their trigger."""
        self._time = time
        self._fates = fates
        self._exchange = Exchange(self.market, calendar, MemoryLedger(), FUNDS, _RULES)
        self._reached: Instant = 0
        self._take(self._exchange.step(self._moment()))

    # --- the four verbs -----------------------------------------------------------------------------------------

    def place(self, intent: OrderIntent) -> Reply:
        """Take an order, unless the risk desk or the market has something against it."""
        request = PlaceRequest(
            symbol=intent.symbol,
            side=intent.side,
            type=intent.type,
            quantity=intent.quantity,
            limit_price=intent.limit_price,
            trigger_price=intent.trigger_price,
            product=intent.product.value,
            validity=intent.validity,
            tag=intent.tag,
        )
        use = self._fates.strikes(FaultKind.REJECT_MARGIN)
        if use:
            return self._reject(request, reaches_the_book=self._fates.choice(FaultKind.REJECT_MARGIN, use, 2) == 1)
        if intent.type is OrderType.STOP_LIMIT and self._fates.strikes(FaultKind.REJECT_STOP):
            self.show(intent.symbol, intent.trigger_price)
        if intent.type is OrderType.LIMIT:
            self._thin_out(intent.symbol, intent.side, intent.quantity, is_entry=intent.purpose is Purpose.ENTRY)
        return self._did(self._exchange.place(request, self._moment()))

    def modify(self, change: OrderChange) -> Reply:
        """Change a resting order, or claim to."""
        if self._fates.strikes(FaultKind.MODIFY_WITHOUT_EFFECT):
            return Reply(True, 1102, "Successfully modified order", change.broker_id)
        order = self.order(change.broker_id)
        if order is not None and order.is_working and order.is_stop and self._fates.strikes(FaultKind.MODIFY_RACE):
            self.show(order.symbol, order.trigger_price)
        if order is not None and change.type is OrderType.LIMIT:
            self._thin_out(order.symbol, order.side, order.remaining)
        request = ModifyRequest(
            broker_id=change.broker_id,
            type=change.type,
            quantity=change.quantity,
            limit_price=change.limit_price,
            trigger_price=change.trigger_price,
        )
        return self._did(self._exchange.modify(request, self._moment()))

    def cancel(self, broker_id: str) -> Reply:
        """Cancel a resting order."""
        return self._did(self._exchange.cancel(broker_id, self._moment()))

    def exit(self, symbol: str, product: str) -> Reply:
        """Close a position at the market."""
        request = ExitRequest(ids=(f"{symbol}-{product}",))
        return self._did(self._exchange.exit_positions(request, self._moment()))

    # --- what others do -----------------------------------------------------------------------------------------

    def by_hand(self, symbol: str, side: Side, quantity: int) -> None:
        """Let a person trade at the market in the broker's own program."""
        request = PlaceRequest(
            symbol=symbol, side=side, type=OrderType.MARKET, quantity=quantity, product=Product.INTRADAY.value
        )
        self._did(self._exchange.foreign_order(request, self._moment()))

    def convert(self, symbol: str, net: int) -> bool:
        """Let a person convert a position to delivery; return whether the broker did it."""
        request = ConvertRequest(
            symbol=symbol,
            side=Side.BUY if net > 0 else Side.SELL,
            quantity=abs(net),
            product_from=Product.INTRADAY.value,
            product_to=Product.CNC.value,
        )
        return self._did(self._exchange.convert(request, self._moment())).ok

    def square_off(self) -> None:
        """Let the risk desk close everything now."""
        self._take(self._exchange.square_off(self._moment()))

    def show(self, symbol: str, price: int, bid_size: int = PLENTY, ask_size: int = PLENTY) -> None:
        """Bring a price to the market, and every order that waits for it."""
        moment = self._moment()
        alone = {self.locked.get(symbol), self._dry_side(symbol)}
        bid_size, ask_size = 0 if Side.SELL in alone else bid_size, 0 if Side.BUY in alone else ask_size
        self.market.show(symbol, INSTRUMENTS[symbol].clamp(price), moment, bid_size, ask_size)
        self._take(self._exchange.step(moment))
        self.market.forget_waiting()

    def move(self, symbol: str, price: int) -> None:
        """Let the market come to a price; a stop on the way may find few shares behind its trigger."""
        for order in self._stops.values():
            if order.symbol == symbol and order.side.sign * (price - order.trigger_price) >= 0:
                self.show(symbol, price, *self._thinned(order.side, order.remaining, symbol))
                return
        self.show(symbol, price)

    def free_funds(self) -> int:
        """Money that can back a new order."""
        return self._exchange.funds().available

    def order(self, broker_id: str) -> ExchangeOrder | None:
        """The row of an order as it really is."""
        return self._exchange.order(broker_id)

    # --- inside -------------------------------------------------------------------------------------------------

    def _reject(self, request: PlaceRequest, *, reaches_the_book: bool) -> Reply:
        """Refuse for want of money: at once, or after an acknowledgement, as a row of the book."""
        words = "RMS:Margin Exceeds, required 1.00, available 0.00"
        if not reaches_the_book:
            return Reply(False, -99, words)
        self.show(request.symbol, self.market.newest[request.symbol].ltp, 0, 0)
        reply = self._did(self._exchange.place(request, self._moment()))
        if reply.ok:
            self._take(self._exchange.reject(reply.broker_id, words, self._moment()))
        self.show(request.symbol, self.market.newest[request.symbol].ltp)
        return reply

    def _thin_out(self, symbol: str, side: Side, quantity: int, *, is_entry: bool = False) -> None:
        """Let the market take a part, or nothing, of an order that comes now; the rest of an entry may wait longer."""
        sizes = self._thinned(side, quantity, symbol, stays_dry=is_entry)
        if sizes != (PLENTY, PLENTY):
            self.show(symbol, self.market.newest[symbol].ltp, *sizes)

    def _thinned(self, side: Side, quantity: int, symbol: str, *, stays_dry: bool = False) -> tuple[int, int]:
        """Return the shares on display, bid and ask, for an order; what is missing comes some seconds later."""
        part, wait = PLENTY, 0.0
        use = self._fates.strikes(FaultKind.PARTIAL_FILL)
        if use:
            part = int(quantity * self._fates.size(FaultKind.PARTIAL_FILL, use, 0.1, 0.9))
            wait = 0.3 + 30 * self._fates.size(FaultKind.PARTIAL_FILL, -use, 0, 1) ** 2
            if stays_dry and self._fates.choice(FaultKind.PARTIAL_FILL, use, 2):
                self._dry[symbol] = side, self._time.now, self._time.now + int(wait * SECOND)
        use = self._fates.strikes(FaultKind.NO_FILL)
        if use:
            part, wait = 0, self._fates.size(FaultKind.NO_FILL, use, 1, 15)
        if wait:
            self._time.after(int(wait * SECOND), lambda: self.show(symbol, self.market.newest[symbol].ltp))
        return (PLENTY, part) if side is Side.BUY else (part, PLENTY)

    def _dry_side(self, symbol: str) -> Side | None:
        """Return the side whose orders find no other side just now, after one of them found a few shares."""
        side, since, until = self._dry.get(symbol, (None, 0, 0))
        return side if since < self._time.now < until else None

    def _did(self, what: tuple[Reply, list[ExchangeEvent]]) -> Reply:
        reply, news = what
        self._take(news)
        return reply

    def _take(self, news: list[ExchangeEvent]) -> None:
        if not news:
            return
        for item in news:
            if isinstance(item, OrderChanged):
                self._note_stop(item.order)
        reports = self.books.take(news, self._time.now)
        self.watch(news)
        for report in reports:
            self.tell(report)

    def _note_stop(self, order: ExchangeOrder) -> None:
        if order.is_working and order.is_stop and not order.working_limit:
            self._stops[order.broker_id] = order
        else:
            self._stops.pop(order.broker_id, None)

    def _moment(self) -> Instant:
        """Return a time for the exchange that is later than the last one: what comes at one instant is put in order."""
        self._reached = max(self._time.now, self._reached + 1)
        return self._reached
