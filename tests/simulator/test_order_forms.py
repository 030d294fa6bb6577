"""Bodies of order calls: what is read, and which parameter a refusal names."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.market import Instrument, Side
from core.orders import OrderType, Validity
from simulator import order_forms
from simulator.books import ConvertRequest, ExitRequest, ModifyRequest, PlaceRequest
from simulator.replies import Refusal

SHARE = Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=5)
find = {"NSE:SBIN-EQ": SHARE}.get
DOCUMENTED = {
    "symbol": "NSE:SBIN-EQ",
    "qty": 25,
    "type": 1,
    "side": 1,
    "productType": "INTRADAY",
    "limitPrice": 812.4,
    "stopPrice": 0,
    "validity": "DAY",
    "disclosedQty": 0,
    "offlineOrder": False,
    "orderTag": "bot7f3a91",
    "isSliceOrder": False,
}


def refusal_of(read: Callable[[], object]) -> dict[str, Any]:
    with pytest.raises(Refusal) as refused:
        read()
    response = refused.value.response()
    assert isinstance(response.body, bytes)
    body = json.loads(response.body)
    assert isinstance(body, dict)
    return {"status": response.status, **body}


def test_the_documented_order_is_read_in_whole_units() -> None:
    assert order_forms.place_request(DOCUMENTED, find, "APP-100") == PlaceRequest(
        symbol="NSE:SBIN-EQ",
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=25,
        limit_price=81_240,
        trigger_price=0,
        product="INTRADAY",
        validity=Validity.DAY,
        tag="bot7f3a91",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("qty", 0),
        ("qty", "25"),
        ("qty", True),
        ("qty", 2.5),
        ("type", 5),
        ("type", None),
        ("side", 0),
        ("productType", "BO"),
        ("limitPrice", -1),
        ("limitPrice", "812"),
        ("limitPrice", 812.403),
        ("stopPrice", True),
        ("validity", "GTC"),
        ("disclosedQty", -1),
        ("offlineOrder", "maybe"),
        ("orderTag", "Untagged"),
        ("orderTag", "app-100"),
        ("orderTag", 7),
        ("isSliceOrder", True),
        ("stopLoss", 3),
        ("quantity", 25),
    ],
)
def test_a_wrong_field_is_refused_with_its_name(name: str, value: object) -> None:
    refusal = refusal_of(lambda: order_forms.place_request({**DOCUMENTED, name: value}, find, "APP-100"))
    assert (refusal["status"], refusal["s"], refusal["code"]) == (400, "error", -50)
    assert refusal["message"].startswith(f"{name}: ")


@pytest.mark.parametrize("missing", ["qty", "type", "side", "productType", "validity"])
def test_a_missing_field_is_refused_with_its_name(missing: str) -> None:
    body = {name: value for name, value in DOCUMENTED.items() if name != missing}
    refusal = refusal_of(lambda: order_forms.place_request(body, find, "APP-100"))
    assert refusal["message"].startswith(f"{missing}: ")


@pytest.mark.parametrize("symbol", ["NSE:NOPE-EQ", None, 3])
def test_an_unknown_symbol_has_a_code_of_its_own(symbol: object) -> None:
    refusal = refusal_of(lambda: order_forms.place_request({**DOCUMENTED, "symbol": symbol}, find, "APP-100"))
    assert (refusal["code"], refusal["message"]) == (-300, "Invalid symbol provided")


def test_a_body_that_is_no_object_is_refused() -> None:
    assert refusal_of(lambda: order_forms.place_request([], find, "APP-100"))["code"] == -50  # type: ignore[arg-type]


def test_a_change_keeps_what_it_does_not_name() -> None:
    wish = order_forms.modify_request({"id": "26010600000001", "limitPrice": 800.05}, lambda _: SHARE)
    assert wish == ModifyRequest(broker_id="26010600000001", limit_price=80_005)


def test_a_change_of_an_unknown_order_is_left_to_the_exchange() -> None:
    wish = order_forms.modify_request({"id": "1", "limitPrice": 800.05}, lambda _: None)
    assert wish == ModifyRequest(broker_id="1")


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": 7}])
def test_an_order_call_without_an_id_is_refused(body: dict[str, object]) -> None:
    assert refusal_of(lambda: order_forms.order_id(body))["message"].startswith("id: ")


@pytest.mark.parametrize(
    ("body", "wish"),
    [
        ({}, ExitRequest()),
        ({"exit_all": 1}, ExitRequest()),
        ({"id": "NSE:SBIN-EQ-INTRADAY"}, ExitRequest(ids=("NSE:SBIN-EQ-INTRADAY",))),
        ({"id": ["a", "b"]}, ExitRequest(ids=("a", "b"))),
        (
            {"segment": [10], "side": [1, -1], "productType": ["INTRADAY"]},
            ExitRequest(segments=(10,), sides=(1, -1), products=("INTRADAY",)),
        ),
        ({"pending_orders_cancel": 1, "id": "a"}, ExitRequest(ids=("a",), cancel_pending=True)),
    ],
)
def test_an_exit_is_read_with_its_filters_and_without_any_means_everything(
    body: dict[str, object], wish: ExitRequest
) -> None:
    assert order_forms.exit_request(body) == wish


@pytest.mark.parametrize("symbol", ["NSE:SBIN-EQ", "NSE:SBIN-EQ-INTRADAY"])
def test_a_conversion_takes_a_ticker_or_a_position_id(symbol: str) -> None:
    body = {"symbol": symbol, "positionSide": 1, "convertQty": 5, "convertFrom": "INTRADAY", "convertTo": "CNC"}
    assert order_forms.convert_request({**body, "overnight": 0}, find) == ConvertRequest(
        symbol="NSE:SBIN-EQ", side=Side.BUY, quantity=5, product_from="INTRADAY", product_to="CNC"
    )


def test_a_conversion_to_a_product_that_is_gone_is_refused() -> None:
    body = {"symbol": "NSE:SBIN-EQ", "positionSide": 1, "convertQty": 5, "convertFrom": "INTRADAY", "convertTo": "BO"}
    assert refusal_of(lambda: order_forms.convert_request(body, find))["message"].startswith("convertTo: ")
