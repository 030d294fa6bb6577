"""A day's loss without its log, from the broker's order book alone."""

from dataclasses import replace

import pytest

from core.charges import ChargeRates
from core.market import Side
from core.orders import OrderReport, OrderStatus, OrderType
from trading.lost_log import result_of

FREE = ChargeRates(
    brokerage=0, brokerage_cap=0, stt_buy=0, stt_sell=0, exchange=0, sebi=0, ipft=0, stamp_buy=0, gst_percent=0
)
BUY, SELL = Side.BUY, Side.SELL


def order(side: Side, quantity: int, price: int, symbol: str = "NSE:SBIN-EQ") -> OrderReport:
    return OrderReport(
        broker_id="1",
        tag="t",
        symbol=symbol,
        side=side,
        type=OrderType.LIMIT,
        product="INTRADAY",
        quantity=quantity,
        filled=quantity,
        filled_value=quantity * price,
        limit_price=price,
        trigger_price=0,
        status=OrderStatus.FILLED,
    )


@pytest.mark.parametrize(
    ("orders", "result"),
    [
        ([], 0),
        ([order(BUY, 10, 100)], 0),
        ([order(BUY, 10, 100), order(SELL, 10, 90)], -100),
        ([order(SELL, 10, 90), order(BUY, 10, 100)], -100),
        ([order(BUY, 10, 100), order(SELL, 4, 90)], -40),
        ([order(BUY, 10, 100), order(SELL, 10, 90), order(SELL, 5, 50, "NSE:INFY-EQ")], -100),
        ([order(BUY, 10, 100), order(BUY, 10, 200), order(SELL, 20, 160)], 200),
    ],
)
def test_what_was_bought_and_sold_counts_and_what_is_open_does_not(orders, result):
    assert result_of(orders, FREE) == result


def test_every_order_bears_its_charges():
    rates = replace(FREE, stt_sell=2_500)
    assert result_of([order(BUY, 1_000, 10_000), order(SELL, 1_000, 10_000)], rates) < 0
