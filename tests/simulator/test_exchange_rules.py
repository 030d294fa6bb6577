from dataclasses import replace
from datetime import date, time

import pytest

from core.instants import MINUTE, instant_at
from core.market import Instrument, Side
from core.orders import OrderType
from core.ports import Calendar
from simulator.books import PlaceRequest
from simulator.exchange_rules import ExchangeRules, not_allowed_now, wrong_request

SBIN = Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=5)
NIFTY = Instrument(symbol="NSE:NIFTY50-INDEX", token="101000000026000", tick=5)
FUTURE = Instrument(symbol="NSE:NIFTY26JANFUT", token="101126012753001", tick=10, lot=65)
GOOD = PlaceRequest(
    symbol="NSE:SBIN-EQ",
    side=Side.BUY,
    type=OrderType.LIMIT,
    quantity=10,
    limit_price=80_000,
    product="INTRADAY",
    tag="a1",
)
TUESDAY, EVENING = date(2026, 1, 6), date(2026, 1, 31)
RULES = ExchangeRules()


def test_a_good_request_passes() -> None:
    assert wrong_request(GOOD, SBIN) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"quantity": 0}, "qty: 0"),
        ({"quantity": -5}, "qty: -5"),
        ({"limit_price": 80_001}, "not a multiple of the tick 0.05"),
        ({"limit_price": 0}, "limitPrice: must be above 0"),
        ({"trigger_price": 80_000}, "stopPrice: must be 0"),
        ({"type": OrderType.MARKET}, "limitPrice: must be 0"),
        ({"type": OrderType.STOP, "limit_price": 0}, "stopPrice: must be above 0"),
        ({"type": OrderType.STOP_LIMIT, "trigger_price": 80_100}, "may not be below stopPrice"),
        ({"type": OrderType.STOP_LIMIT, "side": Side.SELL, "trigger_price": 79_900}, "may not be above stopPrice"),
        ({"product": "MARGIN"}, "productType: 'MARGIN'"),
        ({"product": "XYZ"}, "productType: 'XYZ'"),
        ({"offline": True}, "offlineOrder"),
        ({"disclosed": 11}, "disclosedQty: 11"),
        ({"tag": "with space"}, "orderTag: Only alphanumeric"),
        ({"tag": "a" * 31}, "orderTag"),
    ],
)
def test_nonsense_is_refused_with_the_name_of_the_field(change: dict[str, object], words: str) -> None:
    assert words in wrong_request(replace(GOOD, **change), SBIN)  # type: ignore[arg-type]


def test_an_index_cannot_be_traded() -> None:
    assert "is an index" in wrong_request(replace(GOOD, symbol=NIFTY.symbol), NIFTY)


def test_a_derivative_trades_in_lots_and_on_margin() -> None:
    good = replace(GOOD, symbol=FUTURE.symbol, quantity=130, product="MARGIN")
    assert wrong_request(good, FUTURE) == ""
    for bad, words in ((replace(good, quantity=100), "lot size 65"), (replace(good, product="CNC"), "productType")):
        assert words in wrong_request(bad, FUTURE)


def test_the_square_off_starts_at_a_quarter_past_three_or_before_an_odd_close(calendar: Calendar) -> None:
    usual, evening = calendar.trading_day(TUESDAY), calendar.trading_day(EVENING)
    assert usual is not None
    assert evening is not None
    assert RULES.square_off_at(usual) == instant_at(TUESDAY, time(15, 15))
    assert RULES.square_off_at(evening) == evening.close - 15 * MINUTE


def test_intraday_ends_with_the_square_off_and_everything_with_the_close(calendar: Calendar) -> None:
    session = calendar.trading_day(TUESDAY)
    assert session is not None
    half_past, close = instant_at(TUESDAY, time(15, 20)), session.close
    assert not_allowed_now("INTRADAY", session, RULES, session.open) == ""
    assert "square-off" in not_allowed_now("INTRADAY", session, RULES, half_past)
    assert not_allowed_now("CNC", session, RULES, half_past) == ""
    assert "closed" in not_allowed_now("CNC", session, RULES, close)
    assert "closed" in not_allowed_now("CNC", None, RULES, half_past)
