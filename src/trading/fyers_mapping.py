"""FYERS' rows to our types: with `fyers_requests` and `fyers_reply` all that knows a FYERS field name.

Replies use one set of names, the order socket another for the same facts (its raw names; the SDK renames them).
Prices are decimal rupees on the wire and whole units inside. Every function raises `DataError` that names the field.
"""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from core.errors import DataError
from core.instants import from_epoch_seconds
from core.market import Candle, Side, Tick
from core.orders import (
    BrokerPosition,
    Fill,
    Funds,
    OrderReport,
    OrderStatus,
    OrderType,
    Profile,
)
from core.tags import is_ours
from trading.broker_row import BrokerRow, shown, units

Body = dict[str, Any]
_Code = TypeVar("_Code", bound=Enum)
_Fact = TypeVar("_Fact")

_TOTAL_BALANCE = 1
_AVAILABLE_BALANCE = 10
_DAY_SECONDS = 86_400
_MIDNIGHTS = frozenset({0, 66_600})
"""Midnight in UTC and in India, in seconds of a UTC day: a `tt` that falls there says the date only."""
_CANDLE_FIELDS = ("epoch", "open", "high", "low", "close", "volume")
_STATUS_CODES = frozenset(status.value for status in OrderStatus)
_USER_TAG = "1:"
_NO_TAG = "Untagged"
RUPEE_SCALE = 2
"""Decimals of a price unit: paise, in all that this bot trades. Other contracts are refused at the start."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MarketStatus:
    """What the broker says about one market."""

    exchange: int
    segment: int
    market: str
    status: str


def orders_from(payload: Body, symbols: Collection[str]) -> tuple[OrderReport, ...]:
    """Read the order book. A row of a symbol that is not among `symbols` is left out if it cannot be read."""
    return _facts(payload, "orderBook", _order_from_book, symbols)


def _order_from_book(fields: object) -> OrderReport:
    row = BrokerRow("order book row", fields)
    quantity, filled = row.whole("qty"), row.whole("filledQty")
    if filled > quantity:
        raise row.refuse("filledQty", f"at most the {quantity} of the order")
    return OrderReport(
        broker_id=row.identifier("id"),
        tag=_own_tag(row.tag("orderTag")),
        symbol=row.identifier("symbol"),
        side=_choice(row, "side", Side),
        type=_choice(row, "type", OrderType),
        product=row.identifier("productType"),
        quantity=quantity,
        filled=filled,
        filled_value=units(row.rupees("tradedPrice") * filled, RUPEE_SCALE),
        limit_price=row.units("limitPrice", RUPEE_SCALE),
        trigger_price=row.units("stopPrice", RUPEE_SCALE),
        status=_status(row.whole("status"), is_complete=filled == quantity),
        message=row.words("message"),
    )


def order_from_socket(fields: object) -> OrderReport:
    """Read the `orders` part of an order-socket message, where a field that is zero is left out; but no price is."""
    row = BrokerRow("order socket order", fields, absent_is_zero=True)
    quantity, filled = row.whole("qty", at_least=1), row.whole("qty_filled")
    if filled > quantity:
        raise row.refuse("qty_filled", f"at most the {quantity} of the order")
    if filled and not row.rupees("price_traded"):
        raise row.refuse("price_traded", f"what the {filled} were traded at")
    return OrderReport(
        broker_id=row.identifier("id"),
        tag=_own_tag(row.tag("ordertag")),
        symbol=row.identifier("symbol"),
        side=_choice(row, "tran_side", Side),
        type=_choice(row, "ord_type", OrderType),
        product=row.identifier("product_type"),
        quantity=quantity,
        filled=filled,
        filled_value=units(row.rupees("price_traded") * filled, RUPEE_SCALE),
        limit_price=row.units("price_limit", RUPEE_SCALE),
        trigger_price=row.units("price_stop", RUPEE_SCALE),
        status=_status(row.whole("org_ord_status"), is_complete=filled == quantity),
        message=row.words("oms_msg"),
    )


def fills_from(payload: Body, symbols: Collection[str]) -> tuple[Fill, ...]:
    """Read the trade book. A row of a symbol that is not among `symbols` is left out if it cannot be read."""
    return _facts(payload, "tradeBook", _fill_from_book, symbols)


def _fill_from_book(fields: object) -> Fill:
    row = BrokerRow("trade book row", fields)
    broker_id = row.identifier("orderNumber")
    return Fill(
        trade_number=_trade_number(broker_id, row.identifier("tradeNumber")),
        broker_id=broker_id,
        tag=_own_tag(row.tag("orderTag")),
        symbol=row.identifier("symbol"),
        side=_choice(row, "side", Side),
        product=row.identifier("productType"),
        quantity=row.whole("tradedQty", at_least=1),
        price=row.units("tradePrice", RUPEE_SCALE),
        at=row.moment("orderDateTime"),
    )


def positions_from(payload: Body, symbols: Collection[str]) -> tuple[BrokerPosition, ...]:
    """Read the position book. A row of a symbol that is not among `symbols` is left out if it cannot be read."""
    return _facts(payload, "netPositions", _position_from_book, symbols)


def _position_from_book(fields: object) -> BrokerPosition:
    row = BrokerRow("position row", fields)
    return BrokerPosition(
        symbol=row.identifier("symbol"),
        product=row.identifier("productType"),
        net_quantity=row.signed("netQty"),
        buy_quantity=row.whole("buyQty"),
        buy_value=row.units("buyVal", RUPEE_SCALE),
        sell_quantity=row.whole("sellQty"),
        sell_value=row.units("sellVal", RUPEE_SCALE),
    )


def funds_from(payload: Body) -> Funds:
    """Read the funds of the equity segment. Available includes collateral."""
    rows = {row.whole("id"): row for row in (BrokerRow("funds row", row) for row in _rows(payload, "fund_limit"))}
    for needed in (_AVAILABLE_BALANCE, _TOTAL_BALANCE):
        if needed not in rows:
            raise DataError(f"funds: the row with id {needed} is missing among {sorted(rows)}")
    available, total = rows[_AVAILABLE_BALANCE], rows[_TOTAL_BALANCE]  # what others hold is nothing to us
    return Funds(
        available=available.signed_units("equityAmount", RUPEE_SCALE),
        total=total.signed_units("equityAmount", RUPEE_SCALE),
    )


def profile_from(payload: Body) -> Profile:
    """Read whose account this is."""
    row = BrokerRow("profile", payload.get("data"))
    return Profile(account_id=row.identifier("fy_id"), name=row.words("name"))


def quotes_from(payload: Body) -> dict[str, Tick]:
    """Read quotes by symbol. One that the broker refuses, that has no price yet or cannot be read is left out.

    The time of a tick is 0 where the broker gives none, or only the date.
    """
    quotes = {}
    for fields in _rows(payload, "d"):
        try:
            row = BrokerRow("quotes row", fields)
            if row.words("s") != "ok":
                continue
            tick = _tick_from_quote(row.identifier("n"), fields.get("v"))
        except DataError as error:
            logger.debug("a quote is left out: %s", error)
            continue
        if tick.ltp > 0:
            quotes[tick.symbol] = tick
    return quotes


def band_from(payload: Body, symbol: str) -> tuple[int, int] | None:
    """Read the day's price band from the depth of a symbol; None where it has none."""
    depths = payload.get("d")
    row = BrokerRow(f"depth of {symbol}", depths.get(symbol) if isinstance(depths, dict) else None, absent_is_zero=True)
    lower, upper = row.units("lower_ckt", RUPEE_SCALE), row.units("upper_ckt", RUPEE_SCALE)
    return (lower, upper) if 0 < lower < upper else None


def _tick_from_quote(symbol: str, fields: object) -> Tick:
    row = BrokerRow(f"quote of {symbol}", fields, absent_is_zero=True)
    second = row.epoch("tt")
    is_a_time = second % _DAY_SECONDS not in _MIDNIGHTS
    return Tick(
        symbol=symbol,
        at=from_epoch_seconds(second) if is_a_time else 0,
        ltp=row.units("lp", RUPEE_SCALE),
        bid=row.units("bid", RUPEE_SCALE),
        ask=row.units("ask", RUPEE_SCALE),
        volume=row.whole("volume"),
    )


def market_status_from(payload: Body) -> tuple[MarketStatus, ...]:
    """Read the state of every market; rows that cannot be read are left out while there are others."""
    statuses, unread = [], None
    for fields in _rows(payload, "marketStatus"):
        try:
            row = BrokerRow("market status row", fields)
            exchange, segment = row.whole("exchange"), row.whole("segment")
            statuses.append(MarketStatus(exchange, segment, row.words("market_type"), row.identifier("status")))
        except DataError as error:
            unread = error
    if unread is not None and not statuses:
        raise unread
    return tuple(statuses)


def candles_from(payload: Body, symbol: str) -> tuple[Candle, ...]:
    """Read history rows `[epoch, open, high, low, close, volume]` in the order they came; check them afterwards."""
    return tuple(_candle_from_row(row, symbol) for row in _rows(payload, "candles"))


def _candle_from_row(row: object, symbol: str) -> Candle:
    if not isinstance(row, list) or len(row) < len(_CANDLE_FIELDS):
        raise DataError(f"history of {symbol}: expected rows of {', '.join(_CANDLE_FIELDS)}; got {shown(row)}")
    kind = f"history of {symbol}, row {shown(row[0])}"
    fields = BrokerRow(kind, dict(zip(_CANDLE_FIELDS, row, strict=False)))
    try:
        return Candle(
            start=from_epoch_seconds(_second(fields)),
            open=fields.units("open", RUPEE_SCALE),
            high=fields.units("high", RUPEE_SCALE),
            low=fields.units("low", RUPEE_SCALE),
            close=fields.units("close", RUPEE_SCALE),
            volume=fields.whole("volume"),
        )
    except ValueError as error:
        raise DataError(f"{kind}: {error}") from None


def _second(fields: BrokerRow) -> int:
    """Return when a candle starts; unlike a quote it has a time, or it is none."""
    second = fields.epoch("epoch")
    if not second:
        raise fields.refuse("epoch", "epoch seconds")
    return second


def _rows(payload: Body, name: str) -> Iterable[Any]:
    return BrokerRow("answer", payload).rows(name)


def _facts(payload: Body, name: str, convert: Callable[[object], _Fact], symbols: Collection[str]) -> tuple[_Fact, ...]:
    """Read the rows of a book: an unreadable one that may be ours spoils the reading, one of others is left out.

    A row that stands there twice is one fact: what it says would be counted twice.
    """
    facts = []
    for fields in _rows(payload, name):
        try:
            facts.append(convert(fields))
        except DataError as error:
            if not _is_of_others(fields, symbols):
                raise
            logger.debug("a row of somebody else is left out: %s", error)
    return tuple(dict.fromkeys(facts))


def _is_of_others(fields: object, symbols: Collection[str]) -> bool:
    if not isinstance(fields, dict):
        return False
    symbol, tag = fields.get("symbol"), fields.get("orderTag")
    is_tag = isinstance(tag, str | int | float)
    return (isinstance(symbol, str) and symbol not in symbols) or (is_tag and not is_ours(_own_tag(str(tag))))


def _own_tag(text: str) -> str:
    if is_ours(text):
        return text  # without the prefix, but nobody else writes it: an order of ours must never look like another's
    tag = text.removeprefix(_USER_TAG)
    return tag if text.startswith(_USER_TAG) and tag != _NO_TAG else ""


def _trade_number(broker_id: str, number: str) -> str:
    # The exchange's number is unique for a symbol and day, not for an account; with the order id it is.
    return number if number.startswith(f"{broker_id}-") else f"{broker_id}-{number}"


def _status(code: int, *, is_complete: bool) -> OrderStatus:
    """Return a status; a traded order of which a part has not traded has none that means anything.

    Taken for an end it would leave a position without its stop in our eyes, and a second one would be sent beside it.
    """
    status = OrderStatus(code) if code in _STATUS_CODES else OrderStatus.UNKNOWN
    return OrderStatus.UNKNOWN if status is OrderStatus.FILLED and not is_complete else status


def _choice(row: BrokerRow, name: str, choices: type[_Code]) -> _Code:
    code = row.signed(name)
    try:
        return choices(code)
    except ValueError:
        raise row.refuse(name, f"one of {', '.join(str(choice.value) for choice in choices)}") from None
