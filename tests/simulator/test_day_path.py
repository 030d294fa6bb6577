from datetime import date, time

import numpy as np
import pytest

from core.instants import MINUTE, SECOND, instant_at
from core.market import Candle, Timeframe
from core.ports import Calendar
from core.sessions import TradingDay
from simulator.day_path import Bars, DayPath, no_touch, touch_around

DAY = date(2026, 1, 6)
OPEN = instant_at(DAY, time(9, 15))
BAND = (64_000, 96_000)


@pytest.fixture
def session(calendar: Calendar) -> TradingDay:
    found = calendar.trading_day(DAY)
    assert found is not None
    return found


def path(*rows: tuple[int, int, int]) -> DayPath:
    """Seconds after the open, last price and shares traded."""
    seconds, ltp, quantity = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    touch = no_touch(len(ltp))
    return DayPath(OPEN + seconds * SECOND, ltp, quantity, touch.bid, touch.ask, touch.bid_size, touch.ask_size)


def test_candles_are_anchored_at_the_open_and_a_gap_has_none(session: TradingDay) -> None:
    bars = path((0, 100, 1), (59, 110, 2), (60, 90, 3), (299, 95, 4), (900, 105, 5)).bars(session, Timeframe.M5)
    assert bars.candles() == [Candle(OPEN, 100, 110, 90, 95, 10), Candle(OPEN + 15 * MINUTE, 105, 105, 105, 105, 5)]


def test_longer_candles_are_the_same_made_from_quotes_or_from_shorter_ones(session: TradingDay) -> None:
    chance = np.random.default_rng(5)
    rows = zip(range(0, 22_500, 7), chance.integers(100, 200, 4_000), chance.integers(0, 9, 4_000), strict=False)
    made = path(*((second, int(price), int(shares)) for second, price, shares in rows))
    minutes = made.bars(session, Timeframe.M1)
    for timeframe in Timeframe:
        assert minutes.merged(session, timeframe).candles() == made.bars(session, timeframe).candles()


def test_a_day_without_quotes_has_no_candles_and_no_rows(session: TradingDay) -> None:
    nothing = path()
    assert nothing.bars(session, Timeframe.M5).candles() == []
    assert nothing.rows(100).shape == (0, 15)


def test_both_ends_of_a_part_belong_to_it() -> None:
    part = path((0, 100, 1), (5, 101, 1), (9, 102, 1)).between(OPEN + 5 * SECOND, OPEN + 9 * SECOND)
    assert part.ltp.tolist() == [101, 102]


def test_the_touch_surrounds_the_last_price_and_follows_its_moves() -> None:
    ltp = np.array([80_000, 80_005, 80_005, 79_990], dtype=np.int64)
    touch = touch_around(ltp, 5, BAND, np.random.default_rng(1))
    assert ((touch.bid <= ltp) & (ltp <= touch.ask) & (touch.bid < touch.ask)).all()
    assert touch.ask[1] == 80_005
    assert touch.bid[3] == 79_990


@pytest.mark.parametrize(("ltp", "empty"), [(96_000, "ask"), (64_000, "bid")])
def test_a_share_locked_at_its_band_has_nothing_on_the_far_side(ltp: int, empty: str) -> None:
    prices = np.full(50, ltp, dtype=np.int64)
    touch = touch_around(prices, 5, BAND, np.random.default_rng(1))
    price, size = getattr(touch, empty), getattr(touch, f"{empty}_size")
    assert (price == 0).any()
    assert ((price == 0) == (size == 0)).all()
    assert ((price == 0) | ((price >= BAND[0]) & (price <= BAND[1]))).all()


def test_no_bars_merge_to_no_bars(session: TradingDay) -> None:
    nothing = np.zeros(0, dtype=np.int64)
    empty = Bars(nothing, nothing, nothing, nothing, nothing, nothing)
    assert empty.merged(session, Timeframe.M15).candles() == []
