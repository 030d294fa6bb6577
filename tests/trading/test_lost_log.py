"""What orders came to that the log does not know, from the broker's book alone."""

import pytest

from core.charges import ChargeRates
from core.market import Side
from core.orders import OrderReport, OrderStatus, OrderType
from trading.lost_log import result_of

BUY, SELL = Side.BUY, Side.SELL
FREE = ChargeRates(
    brokerage=0, brokerage_cap=0, stt_buy=0, stt_sell=0, exchange=0, sebi=0, ipft=0, stamp_buy=0, gst_percent=0
)


def filled(number: int, side: Side, quantity: int, price: int, symbol: str = "NSE:SBIN-EQ") -> OrderReport:
    return OrderReport(
        broker_id=str(number),
        tag="",
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


@pytest.mark.hazard("P12")
@pytest.mark.parametrize(
    ("orders", "result"),
    [
        ([filled(1, BUY, 100, 1_000), filled(2, SELL, 100, 980)], -2_000),
        ([filled(1, SELL, 100, 980), filled(2, BUY, 100, 1_000)], -2_000),
        ([filled(1, BUY, 100, 1_000), filled(2, SELL, 100, 980), filled(3, BUY, 100, 900)], -2_000),
        ([filled(1, BUY, 100, 980), filled(2, SELL, 150, 1_000), filled(3, BUY, 50, 1_010)], 1_500),
        ([filled(1, BUY, 100, 1_000), filled(2, BUY, 100, 1_100), filled(3, SELL, 50, 1_000)], -2_500),
        ([filled(1, BUY, 100, 1_000), filled(2, SELL, 100, 900, "NSE:INFY-EQ")], 0),
        ([filled(9, BUY, 1, 1_000), filled(10, SELL, 1, 900), filled(11, BUY, 1, 100)], -100),
    ],
    ids=["long", "short", "then open", "turned around", "average", "two symbols", "ids are numbers"],
)
def test_a_round_trip_counts_and_what_is_open_does_not(orders, result):
    assert result_of(orders, FREE) == result
    assert result_of(orders[::-1], FREE) == result


def test_charges_count_for_what_is_open_too():
    dear = ChargeRates(
        brokerage=3_000,
        brokerage_cap=2_000,
        stt_buy=0,
        stt_sell=2_500,
        exchange=297,
        sebi=10,
        ipft=10,
        stamp_buy=300,
        gst_percent=18,
    )
    assert result_of([filled(1, BUY, 100, 100_000)], dear) < 0
