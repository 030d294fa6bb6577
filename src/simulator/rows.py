"""The exchange's books in FYERS' JSON: order book, trade book, positions, holdings, funds.

Prices and money leave as floats in rupees, times as IST text, in the shapes of the v3 documentation with its oddities:
`netAvg` of a position is not the entry average.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

from core.instants import ist_datetime
from core.market import Instrument
from simulator.books import ExchangeOrder, FundsRow, HoldingRow, PositionRow, Trade
from simulator.market import Quote

Json: TypeAlias = dict[str, Any]
"""A FYERS object on its way to the wire; it goes nowhere else."""

BOOK_TIME = "%d-%b-%Y %H:%M:%S"
_UNITS_PER_RUPEE = 100.0


def rupees(units: float) -> float:
    """Money and prices as FYERS writes them."""
    return units / _UNITS_PER_RUPEE


def stem(symbol: str) -> str:
    """The exchange's own symbol: `SBIN` of `NSE:SBIN-EQ`."""
    return symbol.split(":", 1)[1].removesuffix("-EQ").removesuffix("-INDEX")


def codes(instrument: Instrument) -> tuple[int, int]:
    """Exchange and segment number, which the fyToken starts with."""
    return int(instrument.token[:2]), int(instrument.token[2:4])


def change(quote: Quote | None) -> tuple[float, float, float]:
    """Last price, change and change in percent against the previous close, in rupees; zeros before the first quote."""
    if quote is None:
        return 0.0, 0.0, 0.0
    moved = quote.ltp - quote.previous_close
    percent = 100.0 * moved / quote.previous_close if quote.previous_close else 0.0
    return rupees(quote.ltp), rupees(moved), round(percent, 2)


def order_row(order: ExchangeOrder, instrument: Instrument, quote: Quote | None, account: str) -> Json:
    """One row of `orderBook`."""
    exchange, segment = codes(instrument)
    last, moved, percent = change(quote)
    return {
        "clientId": account,
        "id": order.broker_id,
        "id_fyers": order.fyers_id,
        "exchOrdId": order.exchange_id,
        "qty": order.quantity,
        "remainingQuantity": order.remaining,
        "filledQty": order.filled,
        "discloseQty": order.disclosed,
        "limitPrice": rupees(order.limit_price),
        "stopPrice": rupees(order.trigger_price),
        "tradedPrice": rupees(order.average_price),
        "type": order.type.value,
        "fyToken": instrument.token,
        "exchange": exchange,
        "segment": segment,
        "symbol": order.symbol,
        "instrument": 0,
        "message": order.message,
        "offlineOrder": order.offline,
        "orderDateTime": ist_datetime(order.placed_at).strftime(BOOK_TIME),
        "orderValidity": order.validity.value,
        "pan": "",
        "productType": order.product,
        "side": order.side.value,
        "status": order.status.value,
        "source": order.source,
        "ex_sym": stem(order.symbol),
        "description": stem(order.symbol),
        "ch": moved,
        "chp": percent,
        "lp": last,
        "slNo": order.number,
        "dqQtyRem": 0,
        "orderNumStatus": f"{order.broker_id}:{order.status.value}",
        "disclosedQty": order.disclosed,
        "orderTag": order.tag,
        "takeProfit": 0,
        "stopLoss": 0,
    }


def trade_row(trade: Trade, row: int, instrument: Instrument, account: str) -> Json:
    """One row of `tradeBook`: one fill."""
    exchange, segment = codes(instrument)
    return {
        "clientId": account,
        "orderDateTime": ist_datetime(trade.at).strftime(BOOK_TIME),
        "orderNumber": trade.broker_id,
        "exchangeOrderNo": trade.exchange_id,
        "exchange": exchange,
        "side": trade.side.value,
        "segment": segment,
        "orderType": trade.type.value,
        "fyToken": instrument.token,
        "productType": trade.product,
        "tradedQty": trade.quantity,
        "tradePrice": rupees(trade.price),
        "tradeValue": rupees(trade.value),
        "tradeNumber": trade.trade_number,
        "row": row,
        "symbol": trade.symbol,
        "orderTag": trade.tag,
    }


def position_row(position: PositionRow, instrument: Instrument) -> Json:
    """One row of `netPositions`."""
    exchange, segment = codes(instrument)
    net = position.net_quantity
    buy_average = _average(position.buy_value, position.buy_quantity)
    sell_average = _average(position.sell_value, position.sell_quantity)
    entry = buy_average if net > 0 else sell_average if net < 0 else 0.0
    return {
        "netQty": net,
        "qty": abs(net),
        "avgPrice": entry,
        "netAvg": _average(position.buy_value - position.sell_value, net),
        "side": (net > 0) - (net < 0),
        "productType": position.product,
        "realized_profit": rupees(position.realised),
        "unrealized_profit": rupees(position.unrealised),
        "pl": rupees(position.realised + position.unrealised),
        "ltp": rupees(position.ltp),
        "buyQty": position.buy_quantity,
        "buyAvg": buy_average,
        "buyVal": rupees(position.buy_value),
        "sellQty": position.sell_quantity,
        "sellAvg": sell_average,
        "sellVal": rupees(position.sell_value),
        "slNo": position.number,
        "fyToken": instrument.token,
        "crossCurrency": "N",
        "rbiRefRate": 1,
        "qtyMulti_com": 1,
        "segment": segment,
        "symbol": position.symbol,
        "id": position.id,
        "cfBuyQty": max(position.carried_quantity, 0),
        "cfSellQty": max(-position.carried_quantity, 0),
        "dayBuyQty": position.day_buy_quantity,
        "daySellQty": position.day_sell_quantity,
        "exchange": exchange,
    }


def positions_overall(positions: Sequence[PositionRow]) -> Json:
    """The sums under the position book."""
    realised = sum(row.realised for row in positions)
    unrealised = sum(row.unrealised for row in positions)
    return {
        "count_total": len(positions),
        "count_open": sum(row.net_quantity != 0 for row in positions),
        "pl_total": rupees(realised + unrealised),
        "pl_realized": rupees(realised),
        "pl_unrealized": rupees(unrealised),
    }


def holding_row(holding: HoldingRow, number: int, instrument: Instrument) -> Json:
    """One row of `holdings`."""
    exchange, segment = codes(instrument)
    return {
        "holdingType": "HLD",
        "quantity": holding.quantity,
        "costPrice": _average(holding.cost, holding.quantity),
        "marketVal": rupees(holding.quantity * holding.ltp),
        "remainingQuantity": holding.quantity,
        "pl": rupees(holding.quantity * holding.ltp - holding.cost),
        "ltp": rupees(holding.ltp),
        "id": number,
        "fyToken": instrument.token,
        "exchange": exchange,
        "segment": segment,
        "symbol": holding.symbol,
        "isin": "",
        "qty_t1": 0,
        "remainingPledgeQuantity": 0,
        "collateralQuantity": 0,
    }


def holdings_overall(holdings: Sequence[HoldingRow]) -> Json:
    """The sums under the holdings."""
    cost = sum(row.cost for row in holdings)
    value = sum(row.quantity * row.ltp for row in holdings)
    return {
        "count_total": len(holdings),
        "total_investment": rupees(cost),
        "total_current_value": rupees(value),
        "total_pl": rupees(value - cost),
        "pnl_perc": round(100.0 * (value - cost) / cost, 4) if cost else 0.0,
    }


def fund_rows(funds: FundsRow) -> list[Json]:
    """The ten rows of `fund_limit`."""
    amounts = {
        "Total Balance": funds.total,
        "Utilized Amount": funds.utilised,
        "Clear Balance": funds.available,
        "Realized Profit and Loss": funds.realised,
        "Collaterals": 0,
        "Fund Transfer": 0,
        "Receivables": 0,
        "Adhoc Limit": 0,
        "Limit at start of the day": funds.opening,
        "Available Balance": funds.available,
    }
    return [
        {"id": number, "title": title, "equityAmount": rupees(amount), "commodityAmount": 0}
        for number, (title, amount) in enumerate(amounts.items(), start=1)
    ]


def _average(value: int, quantity: int) -> float:
    return rupees(value / quantity) if quantity else 0.0
