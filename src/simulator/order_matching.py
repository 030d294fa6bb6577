"""How one order meets one quote: trigger, price, and how many shares are there for it. Facts in, facts out."""

import zlib
from dataclasses import replace

from core.market import Instrument, Rounding, Side
from core.matching import is_triggered, limit_fill
from core.orders import OrderType
from simulator.books import ExchangeOrder
from simulator.exchange_rules import ExchangeRules
from simulator.market import Quote

_BASIS_POINTS = 10_000


def protected_limit(side: Side, ltp: int, instrument: Instrument, protection_bp: int) -> int:
    """The limit a market order gets: a little beyond the last price, inside the band, on the tick grid."""
    price = ltp * (_BASIS_POINTS + side.value * protection_bp) / _BASIS_POINTS
    rounding = Rounding.DOWN if side is Side.BUY else Rounding.UP
    return instrument.clamp(instrument.round_price(price, rounding))


def shares_for_us(quote: Quote, side: Side, rules: ExchangeRules) -> int:
    """How many of the shares on display are still there when our order arrives: a seeded draw, one per quote."""
    displayed = quote.ask_size if side is Side.BUY else quote.bid_size
    draw = zlib.crc32(f"{rules.seed} {quote.symbol} {quote.at}".encode()) % (101 - rules.least_share_percent)
    return -(-displayed * (rules.least_share_percent + draw) // 100)


def working_order(order: ExchangeOrder, ltp: int, instrument: Instrument, rules: ExchangeRules) -> ExchangeOrder:
    """Give an accepted order the limit it is matched at; a stop gets none before its trigger."""
    match order.type:
        case OrderType.LIMIT:
            return replace(order, working_limit=order.limit_price)
        case OrderType.MARKET:
            limit = protected_limit(order.side, ltp, instrument, rules.market_protection_bp)
            return replace(order, working_limit=limit)
        case OrderType.STOP | OrderType.STOP_LIMIT:
            return order


def triggered(order: ExchangeOrder, quote: Quote, instrument: Instrument, rules: ExchangeRules) -> ExchangeOrder:
    """Activate a stop whose trigger the last price has touched: from now on it works as its market or limit order."""
    if order.working_limit or not is_triggered(order.side.value, order.trigger_price, quote.ltp, quote.ltp):
        return order
    limit = order.limit_price or protected_limit(order.side, quote.ltp, instrument, rules.market_protection_bp)
    return replace(order, working_limit=limit, changed_at=max(order.changed_at, quote.at), message="Triggered")


def fill_price(order: ExchangeOrder, quote: Quote) -> int:
    """Price at which a working order trades against the touch, 0 if it does not."""
    touch = quote.ask if order.side is Side.BUY else quote.bid
    if not touch or not order.working_limit:
        return 0
    return limit_fill(order.side.value, order.working_limit, touch, touch, touch)
