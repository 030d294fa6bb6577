"""Rows of the books in FYERS' shapes."""

import json
import os
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from core.instants import instant_at
from core.market import Instrument, Side
from core.orders import OrderStatus, OrderType, Validity
from simulator import messages, rows
from simulator.books import ExchangeOrder, FundsRow, HoldingRow, PositionRow, Trade

SHARE = Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=5)
PLACED = instant_at(date(2026, 11, 20), time(10, 31, 2))
ORDER = ExchangeOrder(
    broker_id="26112000000017",
    fyers_id="5e1c0d1e-7b44-4c1f-9a53-0a5a3f1d2c11",
    exchange_id="1100000001089350",
    number=17,
    symbol="NSE:SBIN-EQ",
    side=Side.BUY,
    type=OrderType.LIMIT,
    quantity=25,
    limit_price=81_240,
    trigger_price=0,
    product="INTRADAY",
    validity=Validity.DAY,
    tag="1:bot7f3a91",
    placed_at=PLACED,
    changed_at=PLACED,
    status=OrderStatus.PENDING,
    filled=10,
    filled_value=812_350,
)
TRADE = Trade(
    trade_number="26112000000017-1",
    broker_id="26112000000017",
    exchange_id="1100000001089350",
    symbol="NSE:SBIN-EQ",
    side=Side.BUY,
    type=OrderType.LIMIT,
    product="INTRADAY",
    quantity=10,
    price=81_235,
    at=PLACED,
    tag="1:bot7f3a91",
)
POSITION = PositionRow(
    symbol="NSE:SBIN-EQ",
    product="INTRADAY",
    number=1,
    day_buy_quantity=2,
    day_buy_value=161_700,
    day_sell_quantity=1,
    day_sell_value=81_000,
    open_cost=80_850,
    realised=150,
    ltp=80_860,
)


@pytest.fixture(scope="module")
def documented() -> dict:
    folder = os.environ.get("NSE_DATA_DIR")
    path = Path(folder or ".") / "fyers" / "documentation_examples.json"
    if folder is None or not path.exists():
        pytest.skip("NSE_DATA_DIR does not lead to fyers/documentation_examples.json")
    return json.loads(path.read_text())


def test_an_order_row_has_exactly_the_documented_fields(documented) -> None:
    example = documented["rest_orderbook"]["orderBook"][0]
    assert set(rows.order_row(ORDER, SHARE, None, "XS00001")) == set(example)


def test_a_position_message_becomes_the_documented_fields_and_no_others(documented) -> None:
    sdk_names = {"buy_avg", "buy_qty", "buy_val", "sell_avg", "sell_qty", "sell_val", "net_avg", "net_qty"}
    told = messages.position_message(POSITION, SHARE)["positions"]
    assert sdk_names <= set(told)
    assert len(documented["ws_position"]["positions"]) <= len(messages._POSITION_NAMES)


def test_a_partly_filled_order_shows_its_average_so_far() -> None:
    row = rows.order_row(ORDER, SHARE, None, "XS00001")
    assert (row["status"], row["filledQty"], row["remainingQuantity"], row["tradedPrice"]) == (6, 10, 15, 812.35)
    assert (row["limitPrice"], row["stopPrice"], row["type"], row["side"]) == (812.4, 0.0, 1, 1)
    assert row["orderDateTime"] == "20-Nov-2026 10:31:02"
    assert row["orderNumStatus"] == "26112000000017:6"
    assert (row["exchange"], row["segment"], row["ex_sym"]) == (10, 10, "SBIN")


def test_a_trade_row_is_one_fill() -> None:
    row = rows.trade_row(TRADE, 3, SHARE, "XS00001")
    assert (row["tradedQty"], row["tradePrice"], row["tradeValue"]) == (10, 812.35, 8_123.5)
    assert (row["tradeNumber"], row["orderNumber"], row["row"]) == ("26112000000017-1", "26112000000017", 3)


def test_net_average_of_a_position_is_not_its_entry_price() -> None:
    row = rows.position_row(POSITION, SHARE)
    assert (row["netQty"], row["qty"], row["side"]) == (1, 1, 1)
    assert (row["buyAvg"], row["avgPrice"], row["netAvg"]) == (808.5, 808.5, 807.0)
    assert (row["realized_profit"], row["unrealized_profit"], row["pl"]) == (1.5, 0.1, 1.6)
    assert row["id"] == "NSE:SBIN-EQ-INTRADAY"


def test_a_closed_position_has_no_side_and_no_average() -> None:
    closed = replace(POSITION, day_sell_quantity=2, day_sell_value=162_000, open_cost=0)
    row = rows.position_row(closed, SHARE)
    assert (row["netQty"], row["side"], row["avgPrice"], row["netAvg"]) == (0, 0, 0.0, 0.0)
    overall = rows.positions_overall([closed, POSITION])
    assert (overall["count_total"], overall["count_open"]) == (2, 1)


def test_a_short_position_is_negative_and_averaged_on_its_sales() -> None:
    short = PositionRow(
        symbol="NSE:SBIN-EQ", product="INTRADAY", number=1, day_sell_quantity=4, day_sell_value=323_000, ltp=80_700
    )
    row = rows.position_row(replace(short, open_cost=-323_000), SHARE)
    assert (row["netQty"], row["side"], row["avgPrice"], row["unrealized_profit"]) == (-4, -1, 807.5, 2.0)


def test_funds_tell_available_apart_from_total() -> None:
    listed = rows.fund_rows(FundsRow(opening=10_000_000, realised=-50_000, utilised=2_000_000))
    by_id = {row["id"]: row["equityAmount"] for row in listed}
    assert (by_id[1], by_id[2], by_id[4], by_id[9], by_id[10]) == (99_500.0, 20_000.0, -500.0, 100_000.0, 79_500.0)


def test_holdings_add_up() -> None:
    holding = HoldingRow(symbol="NSE:SBIN-EQ", quantity=10, cost=800_000, ltp=81_000)
    row = rows.holding_row(holding, 1, SHARE)
    assert (row["costPrice"], row["marketVal"], row["pl"]) == (800.0, 8_100.0, 100.0)
    assert rows.holdings_overall([holding])["pnl_perc"] == 1.25
    assert rows.holdings_overall([])["pnl_perc"] == 0.0


def test_a_socket_order_leaves_out_zeros_but_not_its_flags() -> None:
    told = messages.order_message(replace(ORDER, filled=0, filled_value=0), SHARE, "XS00001")["orders"]
    assert {"qty_filled", "price_traded", "price_stop", "oms_msg"}.isdisjoint(told)
    assert (told["instrument"], told["offline_flag"]) == (0, False)
    assert (told["org_ord_status"], told["ord_status"]) == (6, 20)


def test_a_socket_trade_writes_its_time_another_way() -> None:
    told = messages.trade_message(TRADE, SHARE, "XS00001")["trades"]
    assert told["fill_time"] == "20-11-2026 10:31:02"
    assert told["id_fill"] == "26112000000017-1"


def test_a_socket_position_has_no_last_price_and_no_zeros() -> None:
    told = messages.position_message(POSITION, SHARE)["positions"]
    assert {"ltp", "cf_buy_qty", "cf_sell_qty"}.isdisjoint(told)
    assert (told["net_qty"], told["buy_avg"], told["pl_realized"]) == (1, 808.5, 1.5)
