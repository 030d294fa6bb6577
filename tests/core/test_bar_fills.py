import pytest

from core.bar_fills import available, entry_fill, fill_cost, is_corporate_action, is_locked, worsened

BUY, SELL = 1, -1


@pytest.mark.parametrize(
    ("spread", "slippage", "share", "cost"),
    [
        (0, 0, 0.0, 0),
        (1, 0, 0.0, 5),  # half a tick, rounded up
        (2, 0, 0.0, 5),
        (3, 0, 0.0, 10),
        (1, 2, 0.0, 15),
        (0, 0, 0.001, 60),  # of 60,000: 12 ticks exactly
        (0, 0, 0.00101, 65),  # 12.12 ticks
    ],
)
def test_a_fill_costs_half_the_spread_and_slippage_in_whole_ticks(
    spread: int, slippage: int, share: float, cost: int
) -> None:
    assert fill_cost(60_000, spread, slippage, share, 5) == cost


def test_a_buy_pays_more_and_never_more_than_its_limit() -> None:
    assert worsened(BUY, 100, 10, 0, 5) == 110
    assert worsened(BUY, 100, 10, 105, 5) == 105


def test_a_sale_gets_less_and_never_less_than_its_limit_or_a_tick() -> None:
    assert worsened(SELL, 100, 10, 0, 5) == 90
    assert worsened(SELL, 100, 10, 95, 5) == 95
    assert worsened(SELL, 10, 20, 0, 5) == 5


@pytest.mark.parametrize(
    ("side", "limit", "bar", "fill"),
    [
        (BUY, 105, (100, 120, 90), (101, False)),
        (BUY, 100, (100, 120, 90), (100, False)),  # the cost ends at the limit
        (BUY, 100, (110, 120, 90), (100, True)),  # at its own limit it costs nothing
        (BUY, 100, (110, 120, 105), (0, False)),
        (BUY, 0, (110, 120, 105), (111, False)),
        (SELL, 95, (100, 120, 90), (99, False)),
        (SELL, 105, (100, 120, 90), (105, True)),
        (SELL, 105, (100, 104, 90), (0, False)),
    ],
)
def test_an_entry_fills_at_the_open_or_at_its_limit_inside_the_bar(
    side: int, limit: int, bar: tuple[int, int, int], fill: tuple[int, bool]
) -> None:
    assert entry_fill(side, limit, *bar, 1, 1) == fill


@pytest.mark.parametrize(
    ("wanted", "volume", "share", "lot", "got"),
    [
        (100, 1_000, 0.0, 1, 100),
        (100, 1_000, 0.05, 1, 50),
        (100, 1_000, 0.5, 1, 100),
        (100, 1_000, 0.05, 15, 45),
        (100, 0, 0.1, 1, 0),
        (30, 30, 0.1, 1, 3),  # 30 * 0.1 is a little more than 3 in floats
        (100, 290, 0.1, 1, 29),  # and 290 * 0.1 a little less than 29
    ],
)
def test_a_fill_takes_a_share_of_the_volume_in_whole_lots(
    wanted: int, volume: int, share: float, lot: int, got: int
) -> None:
    assert available(wanted, volume, share, lot) == got


@pytest.mark.parametrize("percent", [2, 5, 10, 20])
def test_a_bar_of_one_price_at_a_limit_of_the_day_is_locked_for_the_side_that_pushes(percent: int) -> None:
    up, down = 10_000 + 100 * percent, 10_000 - 100 * percent

    assert is_locked(BUY, up, up, up, 10_000, 5)
    assert is_locked(BUY, up - 5, up - 5, up - 5, 10_000, 5)
    assert not is_locked(BUY, up - 10, up - 10, up - 10, 10_000, 5)
    assert not is_locked(SELL, up, up, up, 10_000, 5)
    assert is_locked(SELL, down, down, down, 10_000, 5)
    assert not is_locked(BUY, down, down, down, 10_000, 5)


def test_a_bar_with_a_range_or_without_a_close_before_is_not_locked() -> None:
    assert not is_locked(BUY, 10_500, 10_505, 10_500, 10_000, 5)
    assert not is_locked(BUY, 10_500, 10_500, 10_500, 0, 5)


@pytest.mark.parametrize(
    ("open_", "found"), [(7_500, False), (7_499, True), (12_500, False), (12_501, True), (10_000, False)]
)
def test_a_night_beyond_every_band_is_a_corporate_action(open_: int, found: bool) -> None:
    assert is_corporate_action(open_, 10_000) is found
    assert not is_corporate_action(open_, 0)
