"""Rows of the simulated exchange in the bot's own words, for whoever trades there without a wire between."""

from core.orders import BrokerPosition, Fill, OrderReport
from simulator.books import ExchangeOrder, PositionRow, Trade

_OWN_PREFIX = "1:"


def own_tag(tag: str) -> str:
    """Our tag without the broker's prefix; empty for an order that carries none."""
    return tag.removeprefix(_OWN_PREFIX) if tag.startswith(_OWN_PREFIX) else ""


def report_of(order: ExchangeOrder) -> OrderReport:
    """Translate a row of the order book."""
    return OrderReport(
        broker_id=order.broker_id,
        tag=own_tag(order.tag),
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        product=order.product,
        quantity=order.quantity,
        filled=order.filled,
        filled_value=order.filled_value,
        limit_price=order.limit_price,
        trigger_price=order.trigger_price,
        status=order.status,
        message=order.message,
    )


def fill_of(trade: Trade) -> Fill:
    """Translate a row of the trade book."""
    return Fill(
        trade_number=trade.trade_number,
        broker_id=trade.broker_id,
        tag=own_tag(trade.tag),
        symbol=trade.symbol,
        side=trade.side,
        product=trade.product,
        quantity=trade.quantity,
        price=trade.price,
        at=trade.at,
    )


def position_of(row: PositionRow) -> BrokerPosition:
    """Translate a row of the position book."""
    return BrokerPosition(
        symbol=row.symbol,
        product=row.product,
        net_quantity=row.net_quantity,
        buy_quantity=row.buy_quantity,
        buy_value=row.buy_value,
        sell_quantity=row.sell_quantity,
        sell_value=row.sell_value,
    )
