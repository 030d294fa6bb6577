from dataclasses import replace
from datetime import time

import pytest

from core.instants import MINUTE, instant_at
from core.market import Timeframe
from core.sessions import TradingDay


def test_the_market_is_open_from_its_open_until_just_before_its_close(day: TradingDay) -> None:
    assert not day.is_open(day.open - 1)
    assert day.is_open(day.open)
    assert day.is_open(day.close - 1)
    assert not day.is_open(day.close)


def test_entries_end_before_the_market_does(day: TradingDay) -> None:
    assert day.entries_allowed(day.open)
    assert day.entries_allowed(day.no_entry_after - 1)
    assert not day.entries_allowed(day.no_entry_after)
    assert not day.entries_allowed(day.open - 1)


@pytest.mark.parametrize(
    ("timeframe", "count", "first", "last_but_one"),
    [
        (Timeframe.M1, 375, time(9, 16), time(15, 29)),
        (Timeframe.M5, 75, time(9, 20), time(15, 25)),
        (Timeframe.M15, 25, time(9, 30), time(15, 15)),
        (Timeframe.M60, 7, time(10, 15), time(15, 15)),
    ],
)
def test_candles_are_anchored_at_the_open_and_the_last_ends_at_the_close(
    day: TradingDay, timeframe: Timeframe, count: int, first: time, last_but_one: time
) -> None:
    closes = day.candle_closes(timeframe)

    assert len(closes) == count
    assert closes[0] == instant_at(day.date, first)
    assert closes[-2:] == (instant_at(day.date, last_but_one), day.close)


def test_a_daily_candle_closes_with_the_market(day: TradingDay) -> None:
    assert day.candle_closes(Timeframe.D) == (day.close,)


def test_a_daily_candle_waits_for_the_closing_auction(day: TradingDay) -> None:
    auctioned = replace(day, closing_price_at=day.close + 20 * MINUTE)

    assert auctioned.candle_closes(Timeframe.D) == (day.close + 20 * MINUTE,)
    assert auctioned.candle_closes(Timeframe.M5) == day.candle_closes(Timeframe.M5)


@pytest.mark.parametrize(
    ("timeframe", "start", "close"),
    [
        (Timeframe.M5, time(15, 25), time(15, 30)),
        (Timeframe.M60, time(14, 15), time(15, 15)),
        (Timeframe.M60, time(15, 15), time(15, 30)),
        (Timeframe.D, time(5, 30), time(15, 30)),
    ],
)
def test_a_candle_is_known_at_its_end_or_when_the_session_ends(
    day: TradingDay, timeframe: Timeframe, start: time, close: time
) -> None:
    assert day.candle_close(instant_at(day.date, start), timeframe) == instant_at(day.date, close)


def test_a_closing_price_from_before_the_close_is_refused(day: TradingDay) -> None:
    with pytest.raises(ValueError, match="its closing price comes before its close"):
        replace(day, closing_price_at=day.close - 1)


def test_an_instant_belongs_to_the_candle_that_began_last(day: TradingDay) -> None:
    start = instant_at(day.date, time(10, 15))

    assert day.candle_start(start, Timeframe.M60) == start
    assert day.candle_start(start + 59 * MINUTE, Timeframe.M60) == start
    assert day.candle_start(start - 1, Timeframe.M60) == day.open


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("no_entry_after", "open"),
        ("square_off", "open"),
        ("flat_by", "square_off"),
        ("close", "square_off"),
    ],
)
def test_a_day_whose_times_are_out_of_order_is_refused(day: TradingDay, field: str, other: str) -> None:
    with pytest.raises(ValueError, match="session of 2026-01-06 is out of order"):
        replace(day, **{field: getattr(day, other)})
