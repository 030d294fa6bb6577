"""The broker and the exchange behind it, as one object: orders in, fills and books out. No socket, thread or clock.

Every call carries the market time and first brings the exchange up to it: resting orders meet every quote on the way,
stops trigger on the last price, the square-off, the close and midnight happen when they are due. So the result does not
depend on how often it is asked, and a restart from the ledger plays again what the market did meanwhile. Changes are in
the ledger before a method returns. After a `StorageError` the object is ahead of its ledger: make a new one.
"""

from dataclasses import replace
from datetime import time, timedelta

from core.errors import InvariantError
from core.instants import Instant, instant_at, ist_date
from core.market import Side
from core.orders import OrderStatus, Product, Validity
from core.ports import Calendar
from simulator.account import Account, DayOpened, Fact, position_after
from simulator.books import (
    SOURCE_ADMIN,
    SOURCE_API,
    SOURCE_MOBILE,
    ConvertRequest,
    ExchangeEvent,
    ExchangeOrder,
    ExitRequest,
    FundsRow,
    HoldingRow,
    ModifyRequest,
    OrderChanged,
    PlaceRequest,
    PositionChanged,
    PositionRow,
    Reply,
    Trade,
    Traded,
)
from simulator.exchange_rules import (
    INVALID_ORDER_ID,
    INVALID_POSITION_ID,
    NOTHING_TO_EXIT,
    REJECTED,
    ExchangeRules,
    beyond_limits,
    invalid,
    not_allowed_now,
    refuse_request,
    segment_of,
    wrong_prices,
    wrong_quantity,
    wrong_trigger,
)
from simulator.ledger import Batch, Ledger
from simulator.market import Market, Quote
from simulator.order_life import acknowledged, changed, closing_request, filled, new_order
from simulator.order_matching import fill_price, shares_for_us, triggered, working_order


class Exchange:
    """One account at one broker."""

    def __init__(self, market: Market, calendar: Calendar, ledger: Ledger, funds: int, rules: ExchangeRules) -> None:
        """Open the books of the ledger, or new ones with `funds` in paise. Raises `StorageError`."""
        self._market = market
        self._calendar = calendar
        self._ledger = ledger
        self._opening_funds = funds
        self._rules = rules
        self._account = Account()
        self._facts: list[Fact] = []
        self._now: Instant | None = None
        for batch in ledger.read():
            for fact in batch.facts:
                self._account.apply(fact)
            self._now = batch.at
        if self._now is not None:
            self._enter_day(self._now)

    def step(self, now: Instant) -> list[ExchangeEvent]:
        """Bring the exchange to `now`: fills, triggers, square-off, expiry and a new day, as they fall due."""
        self._advance(now)
        return self._commit()

    def place(self, request: PlaceRequest, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Take a new order: code 1101; -50 or -300 for nonsense; -99 with an id when the book shows it as rejected."""
        return self.foreign_order(request, now, source=SOURCE_API)

    def foreign_order(
        self, request: PlaceRequest, now: Instant, source: str = SOURCE_MOBILE
    ) -> tuple[Reply, list[ExchangeEvent]]:
        """Take an order that came another way, for example by the owner's hand."""
        self._advance(now)
        return self._submit(request, source), self._commit()

    def modify(self, request: ModifyRequest, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Change a working order: code 1102; -51 for an unknown id, -99 for one that is done, or as in `place`."""
        self._advance(now)
        return self._change(request), self._commit()

    def cancel(self, broker_id: str, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Cancel the rest of a working order: code 1103; -51 for an unknown id, -99 for one that is done."""
        self._advance(now)
        reply = self._refuse_if_done(broker_id)
        if reply is None:
            self._end(self._account.orders[broker_id], OrderStatus.CANCELLED, "Cancelled by user")
            reply = Reply(True, 1103, "Order cancelled successfully", broker_id)
        return reply, self._commit()

    def exit_positions(self, request: ExitRequest, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Close positions at the market: code 200 all closed, 201 sent but not all filled; -352 nothing, -53 bad id."""
        self._advance(now)
        unknown = [row_id for row_id in request.ids if row_id not in self._account.positions]
        if unknown:
            reply = Reply(False, INVALID_POSITION_ID, f"Invalid position id {', '.join(unknown)}")
        elif request.cancel_pending:
            reply = self._cancel_pending(request.ids)
        else:
            reply = self._exit(request)
        return reply, self._commit()

    def convert(self, request: ConvertRequest, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Move shares traded today to another product: code 200; -53 without such a position, -99 without the money."""
        self._advance(now)
        return self._convert(request), self._commit()

    def orders(self) -> tuple[ExchangeOrder, ...]:
        """The day's order book, oldest first."""
        return tuple(self._account.orders.values())

    def trades(self) -> tuple[Trade, ...]:
        """The day's trade book, oldest first."""
        return tuple(self._account.trades)

    def positions(self) -> tuple[PositionRow, ...]:
        """The day's positions, closed ones included, marked at the last price before the last call."""
        return tuple(replace(row, ltp=self._last_price(row.symbol)) for row in self._account.positions.values())

    def funds(self) -> FundsRow:
        """The money."""
        return self._account.funds(self._rules.intraday_margin_percent)

    def holdings(self) -> tuple[HoldingRow, ...]:
        """Shares owned since earlier days, marked like the positions."""
        return tuple(replace(row, ltp=self._last_price(row.symbol)) for row in self._account.holdings.values())

    def _advance(self, now: Instant) -> None:
        if self._now is None:
            self._now = now
            self._record(DayOpened(day=ist_date(now), cash=self._opening_funds))
            self._enter_day(now)
        while self._now < now:
            due = min(at for at in self._due if at > self._now)
            until = min(now, due)
            if any(self._account.working.values()):
                for quote in self._market.quotes(self._now, until):
                    self._match(quote)
            self._now = until
            if until == due:
                self._fall_due(until)

    def _enter_day(self, at: Instant) -> None:
        """Look up the day's session and bands, and when something will fall due without being asked for."""
        day = ist_date(at)
        self._session = self._calendar.trading_day(day)
        self._listed = self._market.instruments_at(at)
        self._due = [instant_at(day + timedelta(days=1), time())]
        if self._session is not None:
            self._due += [self._rules.square_off_at(self._session), self._session.close]

    def _fall_due(self, at: Instant) -> None:
        if ist_date(at) != self._account.day:
            self._record(self._account.next_day(ist_date(at)))
            self._enter_day(at)
        elif self._session is not None and at == self._session.close:
            for order in self._account.working_orders():
                self._end(order, OrderStatus.EXPIRED, "Expired at the close")
        else:
            self._square_off()

    def _square_off(self) -> None:
        for order in self._account.working_orders():
            if order.product == Product.INTRADAY.value:
                self._end(order, OrderStatus.CANCELLED, "Cancelled by the broker before the square-off")
        for row in tuple(self._account.positions.values()):
            if row.net_quantity and row.product == Product.INTRADAY.value:
                order = self._new_order(closing_request(row), SOURCE_ADMIN)
                instrument = self._listed[row.symbol]
                edge = instrument.upper_band if order.side is Side.BUY else instrument.lower_band
                self._accept(replace(order, working_limit=edge or self._last_price(row.symbol)))

    def _submit(self, request: PlaceRequest, source: str) -> Reply:
        instrument = self._listed.get(request.symbol)
        refusal = refuse_request(request, instrument)
        if refusal is not None or instrument is None:
            return refusal or invalid("symbol")
        order = self._new_order(request, source)
        self._record(OrderChanged(order))
        reason = not_allowed_now(order.product, self._session, self._rules, order.placed_at)
        reason = reason or beyond_limits(order, instrument)
        ltp = self._last_price(request.symbol)
        if not reason and not ltp:
            reason = "RMS:No last traded price"
        if not reason:
            order = working_order(order, ltp, instrument, self._rules)
            reason = wrong_trigger(order, ltp) or self._account.shortage(
                order, None, self._rules.intraday_margin_percent
            )
        if reason:
            self._end(order, OrderStatus.REJECTED, reason)
            return Reply(False, REJECTED, reason, order.broker_id)
        self._accept(order)
        message = f"Order submitted successfully. Your Order Ref. No.{order.broker_id}"
        return Reply(True, 1101, message, order.broker_id)

    def _accept(self, order: ExchangeOrder) -> None:
        """Let an order into the market, and against the quote that stands there."""
        order = acknowledged(order)
        self._record(OrderChanged(order))
        order = self._meet_standing_quote(order)
        if order.is_working and order.validity is Validity.IOC:
            self._end(order, OrderStatus.CANCELLED, "IOC: the rest was cancelled")

    def _change(self, request: ModifyRequest) -> Reply:
        refusal = self._refuse_if_done(request.broker_id)
        if refusal is not None:
            return refusal
        old = self._account.orders[request.broker_id]
        instrument, ltp = self._listed[old.symbol], self._last_price(old.symbol)
        order = changed(old, request, ltp, instrument, self._rules, self._time())
        wrong = wrong_quantity(order.quantity, instrument) or wrong_prices(
            order.type, order.limit_price, order.trigger_price, instrument, order.side
        )
        if not wrong and order.quantity <= order.filled:
            wrong = f"qty: {order.quantity} is not above the traded quantity {order.filled}"
        if wrong:
            return invalid(wrong)
        reason = (
            beyond_limits(order, instrument)
            or wrong_trigger(order, ltp)
            or self._account.shortage(order, old, self._rules.intraday_margin_percent)
        )
        if reason:
            return Reply(False, REJECTED, reason, order.broker_id)
        self._record(OrderChanged(order))
        self._meet_standing_quote(order)
        return Reply(True, 1102, "Successfully modified order", order.broker_id)

    def _exit(self, request: ExitRequest) -> Reply:
        rows = [row for row in self._account.positions.values() if row.net_quantity and _is_meant(row, request)]
        if not rows:
            return Reply(False, NOTHING_TO_EXIT, "No open positions to exit")
        replies = [self._submit(closing_request(row), SOURCE_API) for row in rows]
        refused = [reply for reply in replies if not reply.ok]
        if refused:
            return refused[0]
        if all(self._account.orders[reply.broker_id].status is OrderStatus.FILLED for reply in replies):
            return Reply(True, 200, "The position is closed.")
        return Reply(True, 201, "Exit orders are sent and not yet filled")

    def _cancel_pending(self, ids: tuple[str, ...]) -> Reply:
        for order in self._account.working_orders():
            if not ids or f"{order.symbol}-{order.product}" in ids:
                self._end(order, OrderStatus.CANCELLED, "Cancelled by user")
        return Reply(True, 200, "Pending orders are cancelled")

    def _convert(self, request: ConvertRequest) -> Reply:
        rows = self._account.conversion(request)
        if rows is None:
            return Reply(False, INVALID_POSITION_ID, f"No such position to convert: {request.symbol}")
        rest, target = rows
        if request.product_to == Product.CNC.value:
            if request.side is Side.SELL:
                return Reply(False, REJECTED, "RMS:A short position cannot become delivery")
            if self.funds().available < target.open_cost:
                return Reply(False, REJECTED, "RMS:Margin Exceeds for the conversion")
        self._record(PositionChanged(rest))
        self._record(PositionChanged(target))
        return Reply(True, 200, "Position converted")

    def _match(self, quote: Quote) -> None:
        for broker_id in tuple(self._account.working.get(quote.symbol, ())):
            self._meet(self._account.orders[broker_id], quote, quote.at)

    def _meet_standing_quote(self, order: ExchangeOrder) -> ExchangeOrder:
        quote = self._market.quote(order.symbol, self._time())
        if quote is not None and self._session is not None and quote.at >= self._session.open:
            self._meet(order, quote, self._time())
        return self._account.orders[order.broker_id]

    def _meet(self, order: ExchangeOrder, quote: Quote, at: Instant) -> None:
        instrument = self._listed[order.symbol]
        woken = triggered(order, quote, instrument, self._rules)
        if woken is not order:
            order = replace(woken, changed_at=at)
            self._record(OrderChanged(order))
        price = fill_price(order, quote)
        if not price:
            return
        there = shares_for_us(quote, order.side, self._rules)
        there -= self._account.traded_since(order.symbol, order.side, quote.at)
        quantity = min(order.remaining, max(there, 0)) // instrument.lot * instrument.lot
        if quantity:
            self._fill(order, quantity, price, at)

    def _fill(self, order: ExchangeOrder, quantity: int, price: int, at: Instant) -> None:
        count = sum(trade.broker_id == order.broker_id for trade in self._account.trades) + 1
        order, trade = filled(order, quantity, price, at, count)
        row = self._account.position(order.symbol, order.product)
        self._record(OrderChanged(order))
        self._record(Traded(trade))
        self._record(PositionChanged(position_after(row, order.side, quantity, trade.value)))

    def _end(self, order: ExchangeOrder, status: OrderStatus, message: str) -> None:
        self._record(OrderChanged(replace(order, status=status, message=message, changed_at=self._time())))

    def _new_order(self, request: PlaceRequest, source: str) -> ExchangeOrder:
        at = self._time()
        return new_order(request, ist_date(at), len(self._account.orders) + 1, source, at)

    def _refuse_if_done(self, broker_id: str) -> Reply | None:
        order = self._account.orders.get(broker_id)
        if order is None:
            return Reply(False, INVALID_ORDER_ID, f"Invalid order id {broker_id}")
        if not order.is_working:
            return Reply(False, REJECTED, f"Order is already {order.status.name.lower()}", broker_id)
        return None

    def _last_price(self, symbol: str) -> int:
        quote = self._market.quote(symbol, self._time())
        return quote.ltp if quote else 0

    def _time(self) -> Instant:
        if self._now is None:
            raise InvariantError("the exchange has not been told the time yet: call step first")
        return self._now

    def _record(self, fact: Fact) -> None:
        self._account.apply(fact)
        self._facts.append(fact)

    def _commit(self) -> list[ExchangeEvent]:
        facts, self._facts = self._facts, []
        if facts:
            self._ledger.append(Batch(self._time(), tuple(facts)))
        return [fact for fact in facts if not isinstance(fact, DayOpened)]


def _is_meant(row: PositionRow, request: ExitRequest) -> bool:
    side = 1 if row.net_quantity > 0 else -1
    return (
        (not request.ids or row.id in request.ids)
        and (not request.segments or segment_of(row.symbol) in request.segments)
        and (not request.sides or side in request.sides)
        and (not request.products or row.product in request.products)
    )
