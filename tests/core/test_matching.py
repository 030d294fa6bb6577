import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.matching import is_triggered, limit_fill

BUY, SELL = 1, -1


@pytest.mark.parametrize(
    ("side", "limit", "bar", "price"),
    [
        (BUY, 100, (99, 105, 98), 99),
        (BUY, 100, (103, 105, 100), 100),
        (BUY, 100, (103, 105, 101), 0),
        (SELL, 100, (101, 102, 95), 101),
        (SELL, 100, (97, 100, 95), 100),
        (SELL, 100, (97, 99, 95), 0),
    ],
)
def test_a_limit_order_trades_at_a_better_open_or_at_its_limit_or_not_at_all(
    side: int, limit: int, bar: tuple[int, int, int], price: int
) -> None:
    assert limit_fill(side, limit, *bar) == price


@pytest.mark.parametrize(
    ("side", "trigger", "high", "low", "touched"),
    [
        (BUY, 100, 100, 97, True),
        (BUY, 100, 99, 97, False),
        (SELL, 100, 103, 100, True),
        (SELL, 100, 103, 101, False),
    ],
)
def test_a_stop_is_triggered_when_the_price_reaches_it_from_its_side(
    side: int, trigger: int, high: int, low: int, touched: bool
) -> None:
    assert is_triggered(side, trigger, high, low) is touched


PRICES = st.integers(1, 10_000)
SIDES = st.sampled_from([BUY, SELL])


@st.composite
def bars(draw: st.DrawFn) -> tuple[int, int, int]:
    open_, one, two = draw(PRICES), draw(PRICES), draw(PRICES)
    return open_, max(open_, one, two), min(open_, one, two)


@given(side=SIDES, limit=PRICES, bar=bars())
def test_a_limit_fill_is_inside_the_bar_and_no_worse_than_the_limit(
    side: int, limit: int, bar: tuple[int, int, int]
) -> None:
    price = limit_fill(side, limit, *bar)

    reachable = bar[2] <= limit if side == BUY else bar[1] >= limit
    assert (price != 0) == reachable
    if price:
        assert bar[2] <= price <= bar[1]
        assert side * price <= side * limit


@given(side=SIDES, limit=PRICES, quote=PRICES)
def test_a_quote_fills_at_itself_or_not_at_all(side: int, limit: int, quote: int) -> None:
    assert limit_fill(side, limit, quote, quote, quote) in (0, quote)
