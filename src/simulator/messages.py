"""What the order socket says of orders, fills and positions: the raw names, before the SDK renames them.

A number that is zero and a text that is empty are left out, as FYERS leaves them out: absent means zero.
"""

from core.instants import SECOND, ist_datetime
from core.market import Instrument
from core.orders import OrderStatus
from simulator.books import ExchangeOrder, PositionRow, Trade
from simulator.rows import BOOK_TIME, Json, codes, position_row, rupees, stem

_FILL_TIME = "%d-%m-%Y %H:%M:%S"
_INTERNAL_STATUS = {OrderStatus.PENDING: 20, OrderStatus.FILLED: 90}
_KEPT_THOUGH_ZERO = frozenset({"instrument", "offline_flag"})
_POSITION_NAMES = {
    "symbol": "symbol",
    "id": "id",
    "buyAvg": "buy_avg",
    "buyQty": "buy_qty",
    "buyVal": "buy_val",
    "sellAvg": "sell_avg",
    "sellQty": "sell_qty",
    "sellVal": "sell_val",
    "netAvg": "net_avg",
    "netQty": "net_qty",
    "side": "tran_side",
    "qty": "qty",
    "productType": "product_type",
    "realized_profit": "pl_realized",
    "unrealized_profit": "pl_unrealized",
    "pl": "pl_total",
    "rbiRefRate": "rbirefrate",
    "fyToken": "fy_token",
    "exchange": "exchange",
    "segment": "segment",
    "dayBuyQty": "day_buy_qty",
    "daySellQty": "day_sell_qty",
    "cfBuyQty": "cf_buy_qty",
    "cfSellQty": "cf_sell_qty",
    "qtyMulti_com": "qty_multiplier",
    "crossCurrency": "cross_curr_flag",
}


def order_message(order: ExchangeOrder, instrument: Instrument, account: str) -> Json:
    """An order as the order socket reports it."""
    exchange, segment = codes(instrument)
    body = {
        "client_id": account,
        "exchange": exchange,
        "fy_token": instrument.token,
        "id": order.broker_id,
        "id_fyers": order.fyers_id,
        "id_exchange": order.exchange_id,
        "instrument": 0,
        "lot_size": instrument.lot,
        "offline_flag": order.offline,
        "oms_flag": "K:1",
        "oms_msg": order.message,
        "ord_source": order.source,
        "ord_status": _INTERNAL_STATUS.get(order.status, order.status.value),
        "ord_type": order.type.value,
        "ordertag": order.tag,
        "org_ord_status": order.status.value,
        "price_limit": rupees(order.limit_price),
        "price_stop": rupees(order.trigger_price),
        "price_traded": rupees(order.average_price),
        "product_type": order.product,
        "qty": order.quantity,
        "qty_filled": order.filled,
        "qty_remaining": order.remaining,
        "segment": segment,
        "status_msg": order.status.name.capitalize(),
        "symbol": order.symbol,
        "symbol_desc": stem(order.symbol),
        "symbol_exch": stem(order.symbol),
        "tick_size": rupees(instrument.tick),
        "time_epoch_oms": order.changed_at // SECOND,
        "time_oms": ist_datetime(order.changed_at).strftime(BOOK_TIME),
        "tran_side": order.side.value,
        "validity": order.validity.value,
    }
    return {"orders": _without_zeros(body), "s": "ok"}


def trade_message(trade: Trade, instrument: Instrument, account: str) -> Json:
    """A fill as the order socket reports it; its time is written differently from an order's."""
    exchange, segment = codes(instrument)
    body = {
        "client_id": account,
        "exchange": exchange,
        "fill_time": ist_datetime(trade.at).strftime(_FILL_TIME),
        "fy_token": instrument.token,
        "id": trade.broker_id,
        "id_exchange": trade.exchange_id,
        "id_fill": trade.trade_number,
        "ord_type": trade.type.value,
        "ordertag": trade.tag,
        "price_traded": rupees(trade.price),
        "product_type": trade.product,
        "qty_traded": trade.quantity,
        "segment": segment,
        "symbol": trade.symbol,
        "traded_val": rupees(trade.value),
        "tran_side": trade.side.value,
    }
    return {"trades": _without_zeros(body), "s": "ok"}


def position_message(position: PositionRow, instrument: Instrument) -> Json:
    """A position as the order socket reports it: no last price."""
    row = position_row(position, instrument)
    return {"positions": _without_zeros({raw: row[name] for name, raw in _POSITION_NAMES.items()}), "s": "ok"}


def _without_zeros(body: Json) -> Json:
    return {name: value for name, value in body.items() if name in _KEPT_THOUGH_ZERO or value not in {0, ""}}
