"""Our types to the bodies and queries that FYERS takes. What names no order or no position is not made at all."""

from collections.abc import Sequence
from datetime import date

from core.errors import InvariantError
from core.market import Timeframe
from core.orders import OrderChange, OrderIntent
from market_data.symbols.ticker import is_derivative
from trading.fyers_mapping import RUPEE_SCALE, Body


def order_request(intent: OrderIntent) -> Body:
    """Return the body that places an order."""
    return {
        "symbol": intent.symbol,
        "qty": intent.quantity,
        "type": intent.type.value,
        "side": intent.side.value,
        "productType": intent.product.value,
        "limitPrice": _rupees(intent.limit_price),
        "stopPrice": _rupees(intent.trigger_price),
        "validity": intent.validity.value,
        "disclosedQty": 0,
        "offlineOrder": False,
        "orderTag": intent.tag,
        "isSliceOrder": False,
    }


def change_request(change: OrderChange) -> Body:
    """Return the body that gives a resting order new values."""
    return {
        "id": change.broker_id,
        "type": change.type.value,
        "qty": change.quantity,
        "limitPrice": _rupees(change.limit_price),
        "stopPrice": _rupees(change.trigger_price),
    }


def cancel_request(broker_id: str) -> Body:
    """Return the body that cancels one order. Raises `InvariantError` for an empty id."""
    if not broker_id:
        raise InvariantError("a cancel without an order id: nothing was sent")
    return {"id": broker_id}


def exit_request(symbol: str, product: str) -> Body:
    """Return the body that closes one position. Raises `InvariantError` when it would not name exactly one.

    FYERS and its SDK read an exit without an id as "close everything".
    """
    if not symbol or not product:
        raise InvariantError(f"an exit for symbol {symbol!r}, product {product!r} names no position: nothing was sent")
    return {"id": f"{symbol}-{product}"}


def history_request(symbol: str, timeframe: Timeframe, first: date, last: date) -> Body:
    """Return the query for the candles of whole days; of a future its own, not those of the months before it."""
    return {
        "symbol": symbol,
        "resolution": timeframe.resolution,
        "date_format": "1",
        "range_from": first.isoformat(),
        "range_to": last.isoformat(),
        "cont_flag": "0" if is_derivative(symbol) else "1",
    }


def quotes_request(symbols: Sequence[str]) -> Body:
    """Return the query for quotes."""
    return {"symbols": ",".join(symbols)}


def depth_request(symbol: str) -> dict[str, str]:
    """Return the query for the depth of a symbol with the values of its day."""
    return {"symbol": symbol, "ohlcv_flag": "1"}


def _rupees(price: int) -> float:
    return price / float(10**RUPEE_SCALE)
