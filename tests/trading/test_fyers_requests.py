import json
from datetime import date

import pytest

from core.errors import InvariantError
from core.market import Side, Timeframe
from core.orders import (
    OrderChange,
    OrderIntent,
    OrderType,
    Product,
    Purpose,
)
from core.tags import order_tag
from trading import fyers_requests

OUR_TAG = order_tag(date(2026, 11, 20), "A1", 1, 1, Purpose.ENTRY)


@pytest.mark.hazard("S11", "S19")
def test_an_order_leaves_in_rupees_with_its_tag():
    intent = OrderIntent(
        tag="QABC",
        symbol="NSE:M&M-EQ",
        side=Side.SELL,
        quantity=25,
        type=OrderType.STOP_LIMIT,
        limit_price=81_235,
        trigger_price=81_640,
        product=Product.INTRADAY,
        purpose=Purpose.STOP,
        reason="protect",
    )

    assert json.loads(json.dumps(fyers_requests.order_request(intent))) == {
        "symbol": "NSE:M&M-EQ",
        "qty": 25,
        "type": 4,
        "side": -1,
        "productType": "INTRADAY",
        "limitPrice": 812.35,
        "stopPrice": 816.4,
        "validity": "DAY",
        "disclosedQty": 0,
        "offlineOrder": False,
        "orderTag": "QABC",
        "isSliceOrder": False,
    }


def test_a_change_states_every_value():
    change = OrderChange(
        tag="QABC",
        broker_id="26112000000017",
        symbol="NSE:SBIN-EQ",
        type=OrderType.LIMIT,
        quantity=25,
        limit_price=81_235,
        trigger_price=0,
        reason="exit",
    )

    assert fyers_requests.change_request(change) == {
        "id": "26112000000017",
        "type": 1,
        "qty": 25,
        "limitPrice": 812.35,
        "stopPrice": 0.0,
    }


@pytest.mark.parametrize(("symbol", "product"), [("", "INTRADAY"), ("NSE:SBIN-EQ", ""), ("", "")])
def test_an_exit_that_names_no_position_cannot_be_made(symbol, product):
    with pytest.raises(InvariantError):
        fyers_requests.exit_request(symbol, product)
    assert fyers_requests.exit_request("NSE:SBIN-EQ", "CNC") == {"id": "NSE:SBIN-EQ-CNC"}


def test_a_cancel_without_an_id_cannot_be_made():
    with pytest.raises(InvariantError):
        fyers_requests.cancel_request("")


def test_a_history_query_asks_for_whole_days():
    request = fyers_requests.history_request("NSE:M&M-EQ", Timeframe.M5, date(2026, 11, 18), date(2026, 11, 20))

    assert (request["resolution"], request["range_from"], request["range_to"]) == ("5", "2026-11-18", "2026-11-20")


@pytest.mark.parametrize(
    ("symbol", "flag"), [("NSE:SBIN-EQ", "1"), ("NSE:NIFTY26JANFUT", "0"), ("MCX:CRUDEOIL26JANFUT", "0")]
)
def test_of_a_future_its_own_candles_are_asked_for_and_not_those_of_the_months_before(symbol: str, flag: str):
    request = fyers_requests.history_request(symbol, Timeframe.M5, date(2026, 11, 18), date(2026, 11, 20))

    assert request["cont_flag"] == flag
