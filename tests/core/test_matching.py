import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.matching import is_triggered, limit_fill, stop_fill

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
    ("side", "trigger", "bar", "price"),
    [
        (BUY, 100, (98, 100, 97), 100),
        (BUY, 100, (103, 105, 101), 103),
        (BUY, 100, (98, 99, 97), 0),
        (SELL, 100, (102, 103, 100), 100),
        (SELL, 100, (97, 99, 95), 97),
        (SELL, 100, (102, 103, 101), 0),
    ],
)
def test_a_stop_market_order_trades_at_its_trigger_and_a_gap_at_the_open(
    side: int, trigger: int, bar: tuple[int, int, int], price: int
) -> None:
    assert stop_fill(side, trigger, 0, *bar) == price


@pytest.mark.parametrize(
    ("side", "trigger", "limit", "bar", "price"),
    [
        (BUY, 100, 102, (98, 101, 97), 100),
        (BUY, 100, 102, (101, 105, 99), 101),
        (BUY, 100, 102, (104, 106, 102), 102),
        (BUY, 100, 102, (104, 106, 103), 0),
        (SELL, 100, 98, (102, 103, 99), 100),
        (SELL, 100, 98, (99, 101, 95), 99),
        (SELL, 100, 98, (96, 98, 94), 98),
        (SELL, 100, 98, (96, 97, 94), 0),
        (SELL, 100, 98, (102, 103, 101), 0),
    ],
)
def test_a_stop_limit_order_waits_for_its_limit_after_a_gap(
    side: int, trigger: int, limit: int, bar: tuple[int, int, int], price: int
) -> None:
    assert stop_fill(side, trigger, limit, *bar) == price


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


@given(side=SIDES, trigger=PRICES, bar=bars())
def test_a_stop_market_fill_is_inside_the_bar_and_at_the_trigger_or_beyond(
    side: int, trigger: int, bar: tuple[int, int, int]
) -> None:
    price = stop_fill(side, trigger, 0, *bar)

    assert (price != 0) == is_triggered(side, trigger, bar[1], bar[2])
    if price:
        assert bar[2] <= price <= bar[1]
        assert side * price >= side * trigger


@given(side=SIDES, trigger=PRICES, room=st.integers(0, 500), bar=bars())
def test_a_stop_limit_fill_keeps_inside_the_bar_and_its_limit(
    side: int, trigger: int, room: int, bar: tuple[int, int, int]
) -> None:
    limit = max(1, trigger + side * room)
    price = stop_fill(side, trigger, limit, *bar)

    if price:
        assert is_triggered(side, trigger, bar[1], bar[2])
        assert bar[2] <= price <= bar[1]
        assert side * price <= side * limit


@given(side=SIDES, trigger=PRICES, limit=PRICES, quote=PRICES)
def test_a_quote_fills_at_itself_or_not_at_all(side: int, trigger: int, limit: int, quote: int) -> None:
    assert limit_fill(side, limit, quote, quote, quote) in (0, quote)
    assert stop_fill(side, trigger, limit, quote, quote, quote) in (0, quote)
