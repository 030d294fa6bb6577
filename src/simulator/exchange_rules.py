"""What the broker and the exchange refuse, and in which words.

Two kinds: a request that makes no sense is refused on the spot (codes -50, -300) and leaves no trace; an order that
makes sense and is not allowed stands in the order book as rejected (code -99).
"""

import re
from dataclasses import dataclass
from datetime import time

from core.instants import MINUTE, Instant, instant_at
from core.market import Instrument, Side, is_index
from core.orders import OrderType, Product
from core.sessions import TradingDay
from simulator.books import ExchangeOrder, PlaceRequest

REJECTED = -99
INVALID_INPUT = -50
INVALID_ORDER_ID = -51
INVALID_POSITION_ID = -53
INVALID_SYMBOL = -300
NOTHING_TO_EXIT = -352

CASH = 10
DERIVATIVES = 11

_TAG = re.compile(r"[A-Za-z0-9]{1,30}")
_SQUARE_OFF_BEFORE_CLOSE = 15 * MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRules:
    """The settings of the broker model."""

    intraday_margin_percent: int = 20
    """Share of an INTRADAY or MARGIN position's value that is blocked: five times leverage."""
    market_protection_bp: int = 100
    """A market order becomes a limit order this far beyond the last price, in hundredths of a percent."""
    square_off: time = time(15, 15)
    """When the broker starts to close INTRADAY positions, IST."""
    least_share_percent: int = 50
    """Of the shares on display at least this share is there for us; the draw is seeded, one per quote."""
    seed: int = 0

    def square_off_at(self, session: TradingDay) -> Instant:
        """When the square-off starts: 15:15, or a quarter of an hour before the end of a session at other hours."""
        usual = instant_at(session.date, self.square_off)
        return usual if session.open < usual < session.close else session.close - _SQUARE_OFF_BEFORE_CLOSE


def segment_of(symbol: str) -> int:
    """FYERS' segment code of a symbol: 10 cash, 11 derivatives of shares and indices."""
    return CASH if symbol.endswith("-EQ") or is_index(symbol) else DERIVATIVES


def wrong_request(request: PlaceRequest, instrument: Instrument) -> str:
    """Why a request makes no sense, or nothing."""
    wrong = (
        _wrong_product(request, instrument)
        or wrong_quantity(request.quantity, instrument)
        or wrong_prices(request.type, request.limit_price, request.trigger_price, instrument, request.side)
    )
    if wrong:
        return wrong
    if request.offline:
        return "offlineOrder: after-market orders are not accepted from an algo"
    if not 0 <= request.disclosed <= request.quantity:
        return f"disclosedQty: {request.disclosed} is not between 0 and qty {request.quantity}"
    if request.tag and not _TAG.fullmatch(request.tag):
        return "orderTag: Only alphanumeric characters allowed"
    return ""


def wrong_quantity(quantity: int, instrument: Instrument) -> str:
    """Why a quantity makes no sense, or nothing."""
    if quantity <= 0 or quantity % instrument.lot:
        return f"qty: {quantity} is not a positive multiple of the lot size {instrument.lot}"
    return ""


def wrong_prices(order_type: OrderType, limit: int, trigger: int, instrument: Instrument, side: Side) -> str:
    """Why the prices do not fit the order type or the tick grid, or nothing."""
    needs_limit = order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT}
    needs_trigger = order_type in {OrderType.STOP, OrderType.STOP_LIMIT}
    for name, price, needed in (("limitPrice", limit, needs_limit), ("stopPrice", trigger, needs_trigger)):
        if needed != (price > 0):
            return f"{name}: must be {'above 0' if needed else '0'} for an order of type {order_type.value}"
        if price % instrument.tick:
            return (
                f"{name}: {instrument.rupees(price)} is not a multiple of the tick {instrument.rupees(instrument.tick)}"
            )
    if order_type is OrderType.STOP_LIMIT and side.value * (limit - trigger) < 0:
        beyond = "below" if side is Side.BUY else "above"
        return f"limitPrice: may not be {beyond} stopPrice"
    return ""


def not_allowed_now(product: str, session: TradingDay | None, rules: ExchangeRules, now: Instant) -> str:
    """Whether the market, or the square-off, is closed to a new order: the reason, or nothing."""
    if session is None or not session.is_open(now):
        return "RMS:Market is closed"
    if product == Product.INTRADAY.value and now >= rules.square_off_at(session):
        return "RMS:INTRADAY orders are not allowed after the square-off has started"
    return ""


def beyond_limits(order: ExchangeOrder, instrument: Instrument) -> str:
    """Whether an order reaches the freeze quantity or leaves the price band: the reason, or nothing."""
    if instrument.freeze is not None and order.quantity >= instrument.freeze:
        return f"RMS:Quantity {order.quantity} is not below the freeze quantity {instrument.freeze}"
    for price in (order.limit_price, order.trigger_price):
        if price and price != instrument.clamp(price):
            lower, upper = instrument.lower_band or 0, instrument.upper_band or 0
            return (
                f"RMS:Price {instrument.rupees(price)} is outside the circuit limits "
                f"{instrument.rupees(lower)} to {instrument.rupees(upper)}"
            )
    return ""


def wrong_trigger(order: ExchangeOrder, ltp: int) -> str:
    """Whether a stop would trigger at once, which the exchange refuses: the reason, or nothing."""
    if order.is_stop and not order.working_limit and order.side.value * (order.trigger_price - ltp) <= 0:
        required = "above" if order.side is Side.BUY else "below"
        return f"RMS:Trigger price must be {required} the last traded price"
    return ""


def _wrong_product(request: PlaceRequest, instrument: Instrument) -> str:
    if instrument.is_index:
        return f"symbol: {instrument.symbol} is an index and cannot be traded"
    allowed = {Product.INTRADAY.value, (Product.CNC if segment_of(instrument.symbol) == CASH else Product.MARGIN).value}
    if request.product not in allowed:
        return f"productType: {request.product!r} is not one of {', '.join(sorted(allowed))} for {instrument.symbol}"
    return ""
