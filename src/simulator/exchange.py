"""The broker and the exchange behind it, as one object: orders in, fills and books out. No socket, thread or clock.

Every call carries the market time and first brings the exchange up to it: resting orders meet every quote on the way,
stops trigger on the last price, the square-off, the close and midnight happen when they are due. So the result does not
depend on how often it is asked, and a restart from the ledger plays again what the market did meanwhile. Changes are in
the ledger before a method returns. After a `StorageError` the object is ahead of its ledger: make a new one.
"""

from dataclasses import replace

from core.instants import Instant
from core.market import Instrument, Side
from core.orders import OrderStatus, Product
from core.ports import Calendar
from simulator.books import (
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
)
from simulator.exchange_rules import (
    INVALID_INPUT,
    INVALID_ORDER_ID,
    INVALID_POSITION_ID,
    INVALID_SYMBOL,
    NOTHING_TO_EXIT,
    REJECTED,
    ExchangeRules,
    beyond_limits,
    not_allowed_now,
    segment_of,
    wrong_prices,
    wrong_quantity,
    wrong_request,
    wrong_trigger,
)
from simulator.ledger import Ledger
from simulator.market import Market
from simulator.order_life import changed, closing_request
from simulator.order_matching import working_order
from simulator.trading_floor import TradingFloor


class Exchange:
    """One account at one broker."""

    def __init__(self, market: Market, calendar: Calendar, ledger: Ledger, funds: int, rules: ExchangeRules) -> None:
        """Open the books of the ledger, or new ones with `funds` in paise. Raises `StorageError`.

        Every method raises `ConfigurationError` when `now` lies well before what the books have reached.
        """
        self._rules = rules
        self._floor = TradingFloor(market, calendar, ledger, funds, rules)
        self._account = self._floor.account

    def step(self, now: Instant) -> list[ExchangeEvent]:
        """Bring the exchange to `now`: fills, triggers, square-off, expiry and a new day, as they fall due."""
        self._floor.advance(now)
        return self._floor.commit()

    def place(self, request: PlaceRequest, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Take a new order: code 1101; -50 or -300 for nonsense; -99 with an id when the book shows it as rejected."""
        self._floor.advance(now)
        return self._submit(request, SOURCE_API), self._floor.commit()

    def foreign_order(
        self, request: PlaceRequest, now: Instant, source: str = SOURCE_MOBILE
    ) -> tuple[Reply, list[ExchangeEvent]]:
        """Take an order that came another way, for example by the owner's hand."""
        self._floor.advance(now)
        return self._submit(request, source), self._floor.commit()

    def modify(self, request: ModifyRequest, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Change a working order: code 1102; -51 for an unknown id, -99 for one that is done, or as in `place`."""
        self._floor.advance(now)
        return self._change(request), self._floor.commit()

    def cancel(self, broker_id: str, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Cancel the rest of a working order: code 1103; -51 for an unknown id, -99 for one that is done."""
        self._floor.advance(now)
        reply = self._refuse_if_done(broker_id)
        if reply is None:
            self._floor.end(self._account.orders[broker_id], OrderStatus.CANCELLED, "Cancelled by user")
            reply = Reply(True, 1103, "Order cancelled successfully", broker_id)
        return reply, self._floor.commit()

    def exit_positions(self, request: ExitRequest, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Close positions at the market: code 200 all closed, 201 sent but not all filled; -352 nothing, -53 bad id."""
        self._floor.advance(now)
        unknown = [row_id for row_id in request.ids if row_id not in self._account.positions]
        if unknown:
            reply = Reply(False, INVALID_POSITION_ID, f"Invalid position id {', '.join(unknown)}")
        elif request.cancel_pending:
            reply = self._cancel_pending(request.ids)
        else:
            reply = self._exit(request)
        return reply, self._floor.commit()

    def convert(self, request: ConvertRequest, now: Instant) -> tuple[Reply, list[ExchangeEvent]]:
        """Move shares traded today to another product: code 200; -53 without such a position, -99 without the money."""
        self._floor.advance(now)
        return self._convert(request), self._floor.commit()

    def reject(self, broker_id: str, reason: str, now: Instant) -> list[ExchangeEvent]:
        """Throw a working order out after it was acknowledged, as the risk desk does. Raises `KeyError`."""
        self._floor.advance(now)
        order = self._account.orders[broker_id]
        if order.is_working:
            self._floor.end(order, OrderStatus.REJECTED, reason)
        return self._floor.commit()

    def square_off(self, now: Instant) -> list[ExchangeEvent]:
        """Close every INTRADAY position now, before the hour of it, as the risk desk may."""
        self._floor.advance(now)
        self._floor.square_off()
        return self._floor.commit()

    def order(self, broker_id: str) -> ExchangeOrder | None:
        """One row of the day's order book."""
        return self._account.orders.get(broker_id)

    def orders(self) -> tuple[ExchangeOrder, ...]:
        """The day's order book, oldest first."""
        return tuple(self._account.orders.values())

    def trades(self) -> tuple[Trade, ...]:
        """The day's trade book, oldest first."""
        return tuple(self._account.trades)

    def positions(self) -> tuple[PositionRow, ...]:
        """The day's positions, closed ones included, marked at the last price before the last call."""
        return tuple(replace(row, ltp=self._floor.last_price(row.symbol)) for row in self._account.positions.values())

    def funds(self) -> FundsRow:
        """The money."""
        return self._account.funds(self._rules.intraday_margin_percent)

    def holdings(self) -> tuple[HoldingRow, ...]:
        """Shares owned since earlier days, marked like the positions."""
        return tuple(replace(row, ltp=self._floor.last_price(row.symbol)) for row in self._account.holdings.values())

    def _submit(self, request: PlaceRequest, source: str) -> Reply:
        instrument = self._floor.listed.get(request.symbol)
        if instrument is None:
            return Reply(False, INVALID_SYMBOL, "Invalid symbol provided")
        wrong = wrong_request(request, instrument)
        if wrong:
            return Reply(False, INVALID_INPUT, wrong)
        order = self._floor.new_order(request, source)
        self._floor.record(OrderChanged(order))
        reason = not_allowed_now(order.product, self._floor.session, self._rules, order.placed_at)
        ltp = self._floor.last_price(request.symbol)
        if not ltp:
            reason = reason or "RMS:No last traded price"
        if not reason:
            order = working_order(order, ltp, instrument, self._rules)
            reason = self._against(order, None, instrument, ltp)
        if reason:
            self._floor.end(order, OrderStatus.REJECTED, reason)
            return Reply(False, REJECTED, reason, order.broker_id)
        self._floor.accept(order)
        message = f"Order submitted successfully. Your Order Ref. No.{order.broker_id}"
        return Reply(True, 1101, message, order.broker_id)

    def _against(self, order: ExchangeOrder, old: ExchangeOrder | None, instrument: Instrument, ltp: int) -> str:
        """What the exchange or the account has against an order: the reason, or nothing. `old` is what it replaces."""
        return (
            beyond_limits(order, instrument)
            or wrong_trigger(order, ltp)
            or self._account.shortage(order, old, self._rules.intraday_margin_percent)
        )

    def _change(self, request: ModifyRequest) -> Reply:
        refusal = self._refuse_if_done(request.broker_id)
        if refusal is not None:
            return refusal
        old = self._account.orders[request.broker_id]
        instrument, ltp = self._floor.listed[old.symbol], self._floor.last_price(old.symbol)
        order = changed(old, request, ltp, instrument, self._rules, self._floor.now)
        wrong = wrong_quantity(order.quantity, instrument) or wrong_prices(
            order.type, order.limit_price, order.trigger_price, instrument, order.side
        )
        if not wrong and order.quantity <= order.filled:
            wrong = f"qty: {order.quantity} is not above the traded quantity {order.filled}"
        if wrong:
            return Reply(False, INVALID_INPUT, wrong)
        reason = self._against(order, old, instrument, ltp)
        if reason:
            return Reply(False, REJECTED, reason, order.broker_id)
        self._floor.record(OrderChanged(order))
        self._floor.meet_standing_quote(order)
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
                self._floor.end(order, OrderStatus.CANCELLED, "Cancelled by user")
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
        self._floor.record(PositionChanged(rest))
        self._floor.record(PositionChanged(target))
        return Reply(True, 200, "Position converted")

    def _refuse_if_done(self, broker_id: str) -> Reply | None:
        order = self._account.orders.get(broker_id)
        if order is None:
            return Reply(False, INVALID_ORDER_ID, f"Invalid order id {broker_id}")
        if not order.is_working:
            return Reply(False, REJECTED, f"Order is already {order.status.name.lower()}", broker_id)
        return None


def _is_meant(row: PositionRow, request: ExitRequest) -> bool:
    side = 1 if row.net_quantity > 0 else -1
    return (
        (not request.ids or row.id in request.ids)
        and (not request.segments or segment_of(row.symbol) in request.segments)
        and (not request.sides or side in request.sides)
        and (not request.products or row.product in request.products)
    )
