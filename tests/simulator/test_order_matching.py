from datetime import date

import pytest

from core.market import Instrument, Side
from core.orders import OrderType
from simulator.books import ExchangeOrder, PlaceRequest
from simulator.exchange_rules import ExchangeRules
from simulator.market import Quote
from simulator.order_life import acknowledged, new_order
from simulator.order_matching import fill_price, protected_limit, shares_for_us, triggered, working_order

SBIN = Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=5, lower_band=64_000, upper_band=80_500)
RULES = ExchangeRules()
QUOTE = Quote("NSE:SBIN-EQ", 1, 80_000, 1, 1, 79_995, 80_000, 100, 60, 80_000, 80_000, 80_000, 80_000, 80_000, 9, 9)


@pytest.mark.parametrize(
    ("side", "ltp", "limit"),
    [(Side.BUY, 70_010, 70_710), (Side.SELL, 70_010, 69_310), (Side.BUY, 80_000, 80_500), (Side.SELL, 64_100, 64_000)],
)
def test_a_market_order_is_protected_one_percent_away_inside_the_band(side: Side, ltp: int, limit: int) -> None:
    assert protected_limit(side, ltp, SBIN, 100) == limit


def test_between_half_and_all_of_the_shares_on_display_are_there_for_us() -> None:
    drawn = {shares_for_us(QUOTE._replace(at=at), Side.SELL, RULES) for at in range(500)}
    assert min(drawn) == 50
    assert max(drawn) == 100
    assert shares_for_us(QUOTE, Side.BUY, ExchangeRules(least_share_percent=100)) == 60


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


@pytest.mark.parametrize(
    ("side", "limit", "price"),
    [
        (Side.BUY, 80_000, 80_000),
        (Side.BUY, 80_050, 80_000),
        (Side.BUY, 79_995, 0),
        (Side.SELL, 79_900, 79_995),
        (Side.SELL, 80_000, 0),
    ],
)
def test_a_limit_order_trades_at_the_touch_or_not_at_all(side: Side, limit: int, price: int) -> None:
    assert fill_price(order(OrderType.LIMIT, side, limit), QUOTE) == price


def test_nothing_trades_against_an_empty_side() -> None:
    assert fill_price(order(OrderType.MARKET, Side.BUY), QUOTE._replace(ask=0, ask_size=0)) == 0


@pytest.mark.parametrize(("ltp", "limit"), [(80_095, 0), (80_100, 80_500), (80_200, 80_500)])
def test_a_stop_wakes_on_the_last_price(ltp: int, limit: int) -> None:
    stop = order(OrderType.STOP, Side.BUY, trigger=80_100)
    assert fill_price(stop, QUOTE) == 0
    assert triggered(stop, QUOTE._replace(ltp=ltp), SBIN, RULES).working_limit == limit


def test_a_stop_limit_wakes_to_its_own_limit() -> None:
    stop = order(OrderType.STOP_LIMIT, Side.SELL, limit=79_700, trigger=79_900)
    woken = triggered(stop, QUOTE._replace(ltp=79_900), SBIN, RULES)
    assert woken.working_limit == 79_700
    assert triggered(woken, QUOTE._replace(ltp=79_000), SBIN, RULES) is woken
