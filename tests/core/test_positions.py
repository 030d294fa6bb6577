from dataclasses import replace

import pytest

from core.market import Side
from core.positions import Trade

LONG = Trade(
    symbol="NSE:SBIN-EQ",
    side=Side.BUY,
    quantity=30,
    entry_at=1,
    entry_value=10 * 80_000 + 20 * 80_005,
    exit_at=2,
    exit_value=30 * 80_100,
    exit_reason="target",
    charges=1_500,
    stop=79_700,
    target=80_100,
    probability=0.61,
)


def test_a_long_earns_what_it_sold_for_less_what_it_paid() -> None:
    assert LONG.gross == 30 * 80_100 - 10 * 80_000 - 20 * 80_005 == 2_900
    assert LONG.net == 1_400


def test_a_short_earns_when_the_price_falls() -> None:
    short = replace(LONG, side=Side.SELL)

    assert short.gross == -2_900
    assert short.net == -4_400


def test_average_prices_are_only_for_showing() -> None:
    assert LONG.entry_price == pytest.approx(80_003.333, abs=0.001)
    assert LONG.exit_price == 80_100


@pytest.mark.parametrize("field", ["quantity", "entry_value", "exit_value"])
def test_a_trade_of_nothing_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match="impossible trade in NSE:SBIN-EQ"):
        replace(LONG, **{field: 0})


def test_a_trade_cannot_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        replace(LONG, exit_at=0)
