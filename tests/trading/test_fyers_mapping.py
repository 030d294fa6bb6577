import json
import os
from copy import deepcopy
from datetime import date, time
from pathlib import Path

import pytest

from core.errors import DataError
from core.instants import instant_at
from core.market import Candle, Side, Tick
from core.orders import (
    BrokerPosition,
    Fill,
    Funds,
    OrderReport,
    OrderStatus,
    OrderType,
    Profile,
    Purpose,
)
from core.tags import order_tag
from trading import fyers_mapping as mapping

OUR_TAG = order_tag(date(2026, 11, 20), "A1", 1, 1, Purpose.ENTRY)
BOOK_ROW = {
    "clientId": "XS00001",
    "id": "26112000000017",
    "qty": 25,
    "remainingQuantity": 15,
    "filledQty": 10,
    "limitPrice": 812.4,
    "stopPrice": 0,
    "tradedPrice": 812.35,
    "type": 1,
    "symbol": "NSE:SBIN-EQ",
    "message": "",
    "productType": "INTRADAY",
    "side": 1,
    "status": 6,
    "orderTag": f"1:{OUR_TAG}",
}
SOCKET_ORDER = {
    "id": "26112000000017",
    "ord_status": 20,
    "ord_type": 1,
    "ordertag": f"1:{OUR_TAG}",
    "org_ord_status": 6,
    "price_limit": 812.4,
    "price_traded": 812.35,
    "product_type": "INTRADAY",
    "qty": 25,
    "qty_filled": 10,
    "qty_remaining": 15,
    "symbol": "NSE:SBIN-EQ",
    "tran_side": 1,
}
REPORT = OrderReport(
    broker_id="26112000000017",
    tag=OUR_TAG,
    symbol="NSE:SBIN-EQ",
    side=Side.BUY,
    type=OrderType.LIMIT,
    product="INTRADAY",
    quantity=25,
    filled=10,
    filled_value=812_350,
    limit_price=81_240,
    trigger_price=0,
    status=OrderStatus.PENDING,
)
TRADE_ROW = {
    "orderDateTime": "20-Nov-2026 10:31:02",
    "orderNumber": "26112000000017",
    "side": -1,
    "productType": "INTRADAY",
    "tradedQty": 10,
    "tradePrice": 812.35,
    "tradeNumber": "52605023",
    "symbol": "NSE:SBIN-EQ",
    "orderTag": f"1:{OUR_TAG}",
}
FILL = Fill(
    trade_number="26112000000017-52605023",
    broker_id="26112000000017",
    tag=OUR_TAG,
    symbol="NSE:SBIN-EQ",
    side=Side.SELL,
    product="INTRADAY",
    quantity=10,
    price=81_235,
    at=instant_at(date(2026, 11, 20), time(10, 31, 2)),
)
POSITION_ROW = {
    "netQty": -10,
    "productType": "INTRADAY",
    "buyQty": 0,
    "buyVal": 0,
    "sellQty": 10,
    "sellVal": 8123.5,
    "symbol": "NSE:SBIN-EQ",
}


OURS = frozenset({"NSE:SBIN-EQ"})


def book(row: dict[str, object], **changes: object) -> dict[str, object]:
    return {"s": "ok", "orderBook": [{**row, **changes}]}


def test_an_order_of_the_book_becomes_a_report():
    assert mapping.orders_from(book(BOOK_ROW), OURS) == (REPORT,)


def test_the_order_socket_tells_the_same_story_in_other_words():
    assert mapping.order_from_socket(SOCKET_ORDER) == REPORT


@pytest.mark.hazard("O2")
def test_a_trade_of_the_book_becomes_a_fill_with_one_key():
    assert mapping.fills_from({"s": "ok", "tradeBook": [TRADE_ROW]}, OURS) == (FILL,)


def test_fields_that_are_zero_may_be_missing_on_the_socket():
    fresh = {name: value for name, value in SOCKET_ORDER.items() if name not in {"qty_filled", "price_traded"}}

    report = mapping.order_from_socket(fresh)

    assert (report.filled, report.filled_value, report.trigger_price) == (0, 0, 0)


@pytest.mark.hazard("O14")
@pytest.mark.parametrize("price", [0, None])
def test_a_fill_without_a_price_is_left_to_the_books(price):
    silent = {name: value for name, value in SOCKET_ORDER.items() if name != "price_traded"}

    with pytest.raises(DataError, match="price_traded"):
        mapping.order_from_socket(silent)
    with pytest.raises(DataError, match="price_traded"):
        mapping.order_from_socket({**silent, "price_traded": price})


@pytest.mark.parametrize("missing", ["id", "symbol", "tran_side", "ord_type", "org_ord_status", "qty", "product_type"])
def test_what_an_order_cannot_be_without_must_be_on_the_socket_or_mean_zero(missing):
    message = {name: value for name, value in SOCKET_ORDER.items() if name != missing}

    if missing == "org_ord_status":
        assert mapping.order_from_socket(message).status is OrderStatus.UNKNOWN
    else:
        with pytest.raises(DataError, match=missing):
            mapping.order_from_socket(message)


@pytest.mark.hazard("O14")
@pytest.mark.parametrize("name", [name for name in BOOK_ROW if name not in {"clientId", "remainingQuantity"}])
def test_an_odd_field_in_the_book_is_refused_by_name(name):
    with pytest.raises(DataError, match=f"order book row: field '{name}'"):
        mapping.orders_from(book(BOOK_ROW, **{name: [None]}), OURS)


@pytest.mark.parametrize(
    "name", [n for n in BOOK_ROW if n not in {"clientId", "remainingQuantity", "message", "orderTag"}]
)
def test_a_missing_field_in_the_book_is_refused_by_name(name):
    row = {key: value for key, value in BOOK_ROW.items() if key != name}

    with pytest.raises(DataError, match=f"order book row: field '{name}' is missing"):
        mapping.orders_from({"s": "ok", "orderBook": [row]}, OURS)


@pytest.mark.hazard("O13")
@pytest.mark.parametrize(
    ("code", "status"),
    [(status.value, status) for status in OrderStatus] + [(90, OrderStatus.UNKNOWN), (8, OrderStatus.UNKNOWN)],
)
def test_a_status_never_seen_is_unknown_and_not_closed(code, status):
    (report,) = mapping.orders_from(book(BOOK_ROW, status=code, filledQty=25), OURS)

    assert report.status is status


@pytest.mark.hazard("O3", "O13")
@pytest.mark.parametrize("filled", [0, 10, 24])
def test_a_traded_order_that_has_not_traded_whole_is_not_taken_for_closed(filled):
    (report,) = mapping.orders_from(book(BOOK_ROW, status=2, filledQty=filled), OURS)
    told = mapping.order_from_socket({**SOCKET_ORDER, "org_ord_status": 2, "qty_filled": filled})

    assert report.status is told.status is OrderStatus.UNKNOWN
    assert report.filled == told.filled == filled


@pytest.mark.hazard("O14")
def test_an_order_that_traded_more_than_it_has_is_refused():
    with pytest.raises(DataError, match="'filledQty' is 26; expected at most the 25"):
        mapping.orders_from(book(BOOK_ROW, filledQty=26), OURS)
    with pytest.raises(DataError, match="'qty_filled' is 26; expected at most the 25"):
        mapping.order_from_socket({**SOCKET_ORDER, "qty_filled": 26})


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("1:QABC", "QABC"),
        ("2:QABC", ""),
        ("2:Untagged", ""),
        ("1:Untagged", ""),
        ("Untagged", ""),
        ("", ""),
        ("QABC", ""),
        (OUR_TAG, OUR_TAG),
        (f"2:{OUR_TAG}", ""),
        (None, ""),
    ],
)
def test_only_a_user_tag_is_a_tag(text, tag):
    (report,) = mapping.orders_from(book(BOOK_ROW, orderTag=text), OURS)

    assert report.tag == tag


def test_the_value_of_an_average_price_is_a_whole_number():
    (report,) = mapping.orders_from(book(BOOK_ROW, filledQty=7, tradedPrice=812.357142857142), OURS)

    assert report.filled_value == 568_650


def test_words_of_the_broker_cannot_forge_a_log_line():
    (report,) = mapping.orders_from(book(BOOK_ROW, message="RMS:\n[CRITICAL] forged\x07" + "x" * 999), OURS)

    assert report.message.startswith("RMS: [CRITICAL] forged")
    assert len(report.message) == 300


@pytest.mark.hazard("S6")
@pytest.mark.parametrize(
    ("convert", "key"),
    [
        (mapping.orders_from, "orderBook"),
        (mapping.fills_from, "tradeBook"),
        (mapping.positions_from, "netPositions"),
    ],
)
def test_an_empty_book_may_be_empty_missing_or_null_but_nothing_else(convert, key):
    assert convert({"s": "ok", key: []}, OURS) == ()
    assert convert({"s": "ok"}, OURS) == ()
    assert convert({"s": "ok", key: None}, OURS) == ()
    with pytest.raises(DataError, match=key):
        convert({"s": "ok", key: {}}, OURS)
    with pytest.raises(DataError, match="row"):
        convert({"s": "ok", key: [None]}, OURS)


@pytest.mark.parametrize(
    ("convert", "key", "row"),
    [
        (mapping.orders_from, "orderBook", BOOK_ROW),
        (mapping.fills_from, "tradeBook", TRADE_ROW),
        (mapping.positions_from, "netPositions", POSITION_ROW),
    ],
)
def test_an_unreadable_row_of_a_symbol_that_is_not_traded_here_spoils_nothing(convert, key, row):
    odd = {**row, "symbol": "NFO:NIFTY", "productType": None}
    assert len(convert({"s": "ok", key: [odd, row]}, OURS)) == 1
    with pytest.raises(DataError, match="productType"):
        convert({"s": "ok", key: [{**row, "productType": None}]}, OURS)


@pytest.mark.hazard("O14")
@pytest.mark.parametrize(
    ("convert", "key", "row"),
    [(mapping.orders_from, "orderBook", BOOK_ROW), (mapping.fills_from, "tradeBook", TRADE_ROW)],
)
def test_an_unreadable_row_spoils_the_book_only_where_it_may_be_ours(convert, key, row):
    odd = {**row, "productType": None}
    assert len(convert({"s": "ok", key: [{**odd, "orderTag": "2:Untagged"}, row]}, OURS)) == 1
    for tag in (f"1:{OUR_TAG}", None, [5]):
        with pytest.raises(DataError, match=r"productType|orderTag"):
            convert({"s": "ok", key: [{**odd, "orderTag": tag}]}, OURS)


@pytest.mark.hazard("O14")
@pytest.mark.parametrize("tag", [20260106, 1.5, True])
def test_a_tag_that_somebody_else_wrote_as_no_text_does_not_spoil_a_book_or_a_message(tag):
    theirs = {"orderTag": tag}
    for convert, key, row in (
        (mapping.orders_from, "orderBook", BOOK_ROW),
        (mapping.fills_from, "tradeBook", TRADE_ROW),
    ):
        facts = convert({"s": "ok", key: [{**row, **theirs}, row, {**row, **theirs, "productType": None}]}, OURS)
        assert [fact.tag for fact in facts] == ["", OUR_TAG]
    assert mapping.order_from_socket({**SOCKET_ORDER, "ordertag": tag}).tag == ""


@pytest.mark.hazard("O2")
@pytest.mark.parametrize(
    ("convert", "key", "row"),
    [
        (mapping.orders_from, "orderBook", BOOK_ROW),
        (mapping.fills_from, "tradeBook", TRADE_ROW),
        (mapping.positions_from, "netPositions", POSITION_ROW),
    ],
)
def test_a_row_that_stands_in_a_book_twice_is_one_fact(convert, key, row):
    assert convert({"s": "ok", key: [row, dict(row)]}, OURS) == convert({"s": "ok", key: [row]}, OURS)


def test_a_position_keeps_summed_values():
    assert mapping.positions_from({"netPositions": [POSITION_ROW]}, OURS) == (
        BrokerPosition(
            symbol="NSE:SBIN-EQ",
            product="INTRADAY",
            net_quantity=-10,
            buy_quantity=0,
            buy_value=0,
            sell_quantity=10,
            sell_value=812_350,
        ),
    )


def test_funds_are_total_and_available_balance():
    rows = [
        {"id": 1, "title": "Total Balance", "equityAmount": 500_000.55, "commodityAmount": 0},
        {"id": 4, "title": "Realized Profit and Loss", "equityAmount": -12.5, "commodityAmount": 0},
        {"id": 10, "title": "Available Balance", "equityAmount": 123_456.7, "commodityAmount": 0},
    ]

    assert mapping.funds_from({"fund_limit": rows}) == Funds(available=12_345_670, total=50_000_055)
    with pytest.raises(DataError, match="id 10 is missing"):
        mapping.funds_from({"fund_limit": rows[:2]})


@pytest.mark.hazard("O14")
def test_an_odd_amount_that_nobody_asks_for_does_not_hide_the_funds():
    rows = [{"id": number, "equityAmount": 100 if number in {1, 10} else None} for number in range(1, 11)]

    assert mapping.funds_from({"fund_limit": rows}) == Funds(available=10_000, total=10_000)
    with pytest.raises(DataError, match="equityAmount"):
        mapping.funds_from({"fund_limit": [{**row, "equityAmount": None} for row in rows]})


def test_a_profile_names_the_account():
    assert mapping.profile_from({"data": {"fy_id": "XS00001", "name": "A N Other"}}) == Profile(
        account_id="XS00001", name="A N Other"
    )
    with pytest.raises(DataError, match="profile"):
        mapping.profile_from({"s": "ok"})


def test_quotes_leave_out_what_has_no_price():
    payload = {
        "d": [
            {
                "n": "NSE:SBIN-EQ",
                "s": "ok",
                "v": {"lp": 812.35, "bid": 812.3, "ask": 0, "volume": 9, "tt": "1795150862"},
            },
            {"n": "NSE:NOPE-EQ", "s": "error", "v": {"errmsg": "invalid symbol"}},
            {"n": "NSE:NEW-EQ", "s": "ok", "v": {"lp": 0, "volume": 0, "tt": 1795150862}},
        ]
    }

    assert mapping.quotes_from(payload) == {
        "NSE:SBIN-EQ": Tick("NSE:SBIN-EQ", 1_795_150_862 * 10**9, 81_235, 81_230, 0, 9)
    }


@pytest.mark.parametrize("said", [{}, {"tt": 0}, {"tt": "1795113000"}, {"tt": 1795132800}])
def test_a_quote_that_says_no_more_than_the_date_has_no_time(said):
    payload = {"d": [{"n": "NSE:SBIN-EQ", "s": "ok", "v": {"lp": 812.35, **said}}]}
    assert mapping.quotes_from(payload)["NSE:SBIN-EQ"].at == 0


def test_an_unreadable_quote_does_not_take_the_others_with_it():
    good = {"n": "NSE:SBIN-EQ", "s": "ok", "v": {"lp": 812.35, "tt": 1795150862}}
    odd = [
        {"n": "NSE:ITC-EQ", "s": "ok", "v": {"lp": None, "tt": 1795150862}},
        {"n": "NSE:LT-EQ", "s": "ok", "v": {"lp": 1, "tt": "x"}},
        {"n": "NSE:NOPE-EQ", "s": -300, "v": "Invalid symbol"},
        {"n": "NSE:NONE-EQ", "s": "ok", "v": None},
        "NSE:GONE-EQ",
        None,
    ]
    assert list(mapping.quotes_from({"d": [*odd, good]})) == ["NSE:SBIN-EQ"]


def test_one_market_that_cannot_be_read_does_not_hide_the_others():
    row = {"exchange": 10, "segment": 10, "market_type": "NORMAL", "status": "OPEN"}
    (status,) = mapping.market_status_from({"marketStatus": [{"exchange": "x"}, row, {**row, "status": None}]})
    assert status.status == "OPEN"
    with pytest.raises(DataError, match="exchange"):
        mapping.market_status_from({"marketStatus": [{"exchange": "x"}]})


def test_market_status_rows_are_typed():
    row = {"exchange": 10, "segment": 10, "market_type": "NORMAL", "status": "OPEN"}

    assert mapping.market_status_from({"marketStatus": [row]}) == (mapping.MarketStatus(10, 10, "NORMAL", "OPEN"),)


def test_a_history_row_becomes_a_candle():
    payload = {"s": "ok", "candles": [[1690848000, 620.2, 620.85, 610.6, 611.85, 13493453]]}

    assert mapping.candles_from(payload, "NSE:SBIN-EQ") == (
        Candle(1_690_848_000 * 10**9, 62_020, 62_085, 61_060, 61_185, 13_493_453),
    )


def test_a_history_whose_numbers_are_all_written_with_a_point_is_the_same():
    rows = [[1690848000, 620, 621, 610, 611, 13493453]]

    floats = [[float(value) for value in row] for row in rows]
    assert mapping.candles_from({"candles": floats}, "NSE:SBIN-EQ") == mapping.candles_from(
        {"candles": rows}, "NSE:SBIN-EQ"
    )


@pytest.mark.parametrize(
    "row",
    [
        [1690848000.5, 620.2, 620.85, 610.6, 611.85, 5],
        [1690848000, 620.2, 610.0, 610.6, 611.85, 5],
        [1690848000, 0, 0, 0, 0, 5],
        [1690848000, 620.2, 620.85, 610.6, None, 5],
        [1690848000, 620.2, 620.85, 610.6, "611.85", 5],
        [1690848000, 620.2, 620.85, 610.6, 611.85, -5],
        [None, 620.2, 620.85, 610.6, 611.85, 5],
        [1690848000, 620.2],
        {"t": 1690848000},
        None,
    ],
)
def test_an_impossible_history_row_is_refused_with_the_symbol(row):
    with pytest.raises(DataError, match="history of NSE:SBIN-EQ"):
        mapping.candles_from({"s": "ok", "candles": [row]}, "NSE:SBIN-EQ")


def test_no_data_is_no_candles():
    assert mapping.candles_from({"s": "no_data", "nextTime": 1694771940}, "NSE:SBIN-EQ") == ()


def test_the_documented_order_and_trades_can_be_read():
    folder = os.environ.get("NSE_DATA_DIR")
    if not folder:
        pytest.skip("NSE_DATA_DIR is not set: no recorded market data")
    examples = json.loads((Path(folder) / "fyers" / "documentation_examples.json").read_text())

    (report,) = mapping.orders_from(deepcopy(examples["rest_orderbook"]), OURS)

    assert (report.tag, report.status, report.side) == ("Ordertag", OrderStatus.FILLED, Side.SELL)
    assert (report.filled, report.filled_value) == (1, 695)


@pytest.mark.hazard("X9")
def test_a_refused_history_row_is_quoted_as_one_short_line():
    forged = "\u202e\n[2026-11-20 10:00:00.000] [CRITICAL] [trading] - forged" + "x" * 100_000
    for row in ([forged, 1, 1, 1, 1, 1], [[forged]], forged):
        with pytest.raises(DataError) as refused:
            mapping.candles_from({"candles": [row]}, "NSE:SBIN-EQ")
        assert len(str(refused.value)) < 300
        assert str(refused.value).isprintable()


@pytest.mark.hazard("O14")
@pytest.mark.parametrize("start", [0, None, 253_402_300_800, 10**12])
def test_a_candle_of_no_date_is_refused(start):
    with pytest.raises(DataError, match="'epoch'"):
        mapping.candles_from({"candles": [[start, 1, 1, 1, 1, 1]]}, "NSE:SBIN-EQ")
