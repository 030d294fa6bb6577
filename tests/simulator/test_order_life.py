from dataclasses import replace
from datetime import date

import pytest

from core.market import Instrument, Side
from core.orders import OrderStatus, OrderType
from simulator.account import position_after
from simulator.books import ExchangeOrder, ModifyRequest, PlaceRequest, PositionRow
from simulator.exchange_rules import ExchangeRules
from simulator.market import Quote
from simulator.order_life import acknowledged, changed, closing_request, filled, new_order
from simulator.order_matching import triggered, working_order

SBIN = Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=5, lower_band=64_000, upper_band=80_500)
RULES = ExchangeRules()
QUOTE = Quote("NSE:SBIN-EQ", 1, 80_000, 1, 1, 79_995, 80_000, 100, 60, 80_000, 80_000, 80_000, 80_000, 80_000, 9, 9)


def order(order_type: OrderType, side: Side, limit: int = 0, trigger: int = 0) -> ExchangeOrder:
    request = PlaceRequest(
        symbol=SBIN.symbol,
        side=side,
        type=order_type,
        quantity=10,
        limit_price=limit,
        trigger_price=trigger,
        product="CNC",
    )
    return acknowledged(working_order(new_order(request, date(2026, 1, 6), 1, "ITS", 1), 80_000, SBIN, RULES))


def test_ids_follow_from_the_day_and_the_place_in_its_book() -> None:
    request = PlaceRequest(symbol=SBIN.symbol, side=Side.BUY, type=OrderType.MARKET, quantity=1, product="CNC", tag="a")
    first, again, next_ = (new_order(request, date(2026, 1, 6), number, "ITS", 1) for number in (17, 17, 18))
    assert first == again
    assert first.broker_id == "26010600000017"
    assert first.fyers_id != next_.fyers_id
    assert (first.exchange_id, first.status, first.tag) == ("", OrderStatus.TRANSIT, "1:a")
    assert acknowledged(first).exchange_id == "1126010600000017"


def test_the_last_fill_completes_an_order() -> None:
    buy = order(OrderType.LIMIT, Side.BUY, 80_000)
    part, first = filled(buy, 4, 79_990, at=2, count=1)
    whole, second = filled(part, 6, 80_000, at=3, count=2)
    assert (part.status, part.remaining, whole.status, whole.remaining) == (
        OrderStatus.PENDING,
        6,
        OrderStatus.FILLED,
        0,
    )
    assert whole.filled_value == first.value + second.value == 4 * 79_990 + 6 * 80_000
    assert (first.trade_number, second.trade_number) == ("26010600000001-1", "26010600000001-2")


@pytest.mark.parametrize(("opening", "closing"), [(Side.BUY, Side.SELL), (Side.SELL, Side.BUY)])
def test_a_position_is_closed_from_the_other_side(opening: Side, closing: Side) -> None:
    row = position_after(PositionRow(symbol=SBIN.symbol, product="INTRADAY", number=1), opening, 7, 700)
    request = closing_request(row)
    assert (request.side, request.quantity, request.product) == (closing, 7, "INTRADAY")


def test_a_modify_keeps_what_it_does_not_name_and_drops_what_the_type_does_not_have() -> None:
    stop = order(OrderType.STOP_LIMIT, Side.SELL, limit=79_700, trigger=79_900)
    request = ModifyRequest(broker_id=stop.broker_id, type=OrderType.LIMIT, limit_price=79_990)
    limit = changed(stop, request, 80_000, SBIN, RULES, at=2)
    assert (limit.type, limit.limit_price, limit.trigger_price, limit.working_limit) == (
        OrderType.LIMIT,
        79_990,
        0,
        79_990,
    )
    larger = changed(stop, ModifyRequest(broker_id=stop.broker_id, quantity=20), 80_000, SBIN, RULES, at=2)
    assert larger == replace(stop, quantity=20, changed_at=2)


def test_a_woken_stop_that_gets_a_new_limit_stays_awake() -> None:
    stop = order(OrderType.STOP_LIMIT, Side.SELL, limit=79_700, trigger=79_900)
    woken = triggered(stop, QUOTE._replace(ltp=79_900), SBIN, RULES)
    again = changed(woken, ModifyRequest(broker_id=stop.broker_id, limit_price=79_500), 79_800, SBIN, RULES, at=2)
    assert again.working_limit == 79_500


def test_a_stop_turned_into_a_market_order_works_at_once() -> None:
    stop = order(OrderType.STOP, Side.SELL, trigger=79_900)
    market = changed(stop, ModifyRequest(broker_id="x", type=OrderType.MARKET), 80_000, SBIN, RULES, at=2)
    assert (market.trigger_price, market.working_limit) == (0, 79_200)
