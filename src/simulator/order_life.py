"""The life of one order as facts: born, changed, filled; and the request that closes a position."""

import uuid
from dataclasses import replace
from datetime import date

from core.instants import Instant
from core.market import Instrument, Side
from core.orders import OrderStatus, OrderType
from simulator.books import UNTAGGED, ExchangeOrder, ModifyRequest, PlaceRequest, PositionRow, Trade
from simulator.exchange_rules import ExchangeRules
from simulator.order_matching import working_order


def new_order(request: PlaceRequest, day: date, number: int, source: str, at: Instant) -> ExchangeOrder:
    """An order on its way to the exchange. Its ids follow from the day and its number, so they never repeat."""
    broker_id = f"{day:%y%m%d}{number:08d}"
    return ExchangeOrder(
        broker_id=broker_id,
        fyers_id=str(uuid.uuid5(uuid.NAMESPACE_OID, broker_id)),
        exchange_id="",
        number=number,
        symbol=request.symbol,
        side=request.side,
        type=request.type,
        quantity=request.quantity,
        limit_price=request.limit_price,
        trigger_price=request.trigger_price,
        product=request.product,
        validity=request.validity,
        disclosed=request.disclosed,
        tag=f"1:{request.tag}" if request.tag else UNTAGGED,
        source=source,
        placed_at=at,
        changed_at=at,
        status=OrderStatus.TRANSIT,
    )


def acknowledged(order: ExchangeOrder) -> ExchangeOrder:
    """The order with the exchange's own number, at work."""
    return replace(order, status=OrderStatus.PENDING, exchange_id=f"11{order.broker_id}")


def changed(
    order: ExchangeOrder, request: ModifyRequest, ltp: int, instrument: Instrument, rules: ExchangeRules, at: Instant
) -> ExchangeOrder:
    """The order with the new values of a request; a price that its type does not have becomes 0.

    A stop that has been triggered stays so as long as it remains a stop.
    """
    order_type = order.type if request.type is None else request.type
    limit = order.limit_price if request.limit_price is None else request.limit_price
    trigger = order.trigger_price if request.trigger_price is None else request.trigger_price
    order = replace(
        order,
        type=order_type,
        quantity=order.quantity if request.quantity is None else request.quantity,
        limit_price=limit if order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT} else 0,
        trigger_price=trigger if order_type in {OrderType.STOP, OrderType.STOP_LIMIT} else 0,
        working_limit=order.working_limit if order.is_stop else 0,
        changed_at=at,
    )
    if not order.is_stop:
        return working_order(order, ltp, instrument, rules)
    if order.working_limit and order.limit_price:
        return replace(order, working_limit=order.limit_price)
    return order


def filled(order: ExchangeOrder, quantity: int, price: int, at: Instant, count: int) -> tuple[ExchangeOrder, Trade]:
    """The order after its fill number `count`, and that fill."""
    order = replace(
        order,
        filled=order.filled + quantity,
        filled_value=order.filled_value + quantity * price,
        status=OrderStatus.FILLED if quantity == order.remaining else order.status,
        changed_at=at,
    )
    trade = Trade(
        trade_number=f"{order.broker_id}-{count}",
        broker_id=order.broker_id,
        exchange_id=order.exchange_id,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        product=order.product,
        quantity=quantity,
        price=price,
        at=at,
        tag=order.tag,
    )
    return order, trade


def closing_request(row: PositionRow) -> PlaceRequest:
    """The market order that closes a position."""
    return PlaceRequest(
        symbol=row.symbol,
        side=Side.SELL if row.net_quantity > 0 else Side.BUY,
        type=OrderType.MARKET,
        quantity=abs(row.net_quantity),
        product=row.product,
    )
