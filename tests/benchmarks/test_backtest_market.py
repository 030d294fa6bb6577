"""The market that backtesters are compared on: seeded, on real session dates, and shaped like one."""

from datetime import date
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from core.instants import ist_date, ist_datetime
from core.market import Timeframe
from market_data.calendar import NseCalendar
from training.sources import from_parquet, timeframe_of

SESSIONS = 60


@pytest.fixture
def market() -> ModuleType:
    return import_module("backtest_market")


@pytest.fixture
def calendar(market: ModuleType, tmp_path: Path) -> NseCalendar:
    calendar: NseCalendar = market.like_sessions(tmp_path)
    return calendar


def test_the_same_seed_makes_the_same_candles_and_another_makes_others(
    market: ModuleType, calendar: NseCalendar
) -> None:
    first, again = (market.made_candles(3, calendar) for _ in range(2))
    other = market.made_candles(3, calendar, seed=8)
    assert np.array_equal(first.closes, again.closes)
    assert np.array_equal(first.volumes, again.volumes)
    assert not np.array_equal(first.closes, other.closes)


def test_every_candle_lies_in_a_session_of_the_calendar(market: ModuleType, calendar: NseCalendar) -> None:
    candles = market.made_candles(SESSIONS, calendar)
    assert len(candles) == SESSIONS * 375
    for first in range(0, len(candles), 375):
        day = calendar.trading_day(ist_date(int(candles.starts[first])))
        assert day is not None
        assert day.candle_closes(Timeframe.M1)[0] == candles.starts[first + 1] == candles.starts[first] + 60 * 10**9
        assert day.close == candles.starts[first + 374] + 60 * 10**9


def test_the_dates_are_those_of_nse_without_its_special_sessions(market: ModuleType, calendar: NseCalendar) -> None:
    dates, real = market.session_dates(SESSIONS, calendar), NseCalendar()
    assert dates[-1] == date(2025, 12, 31)
    assert date(2025, 12, 25) not in dates  # Christmas
    assert date(2025, 10, 21) not in dates  # an hour of Muhurat trading only
    assert all(real.trading_day(day) is not None for day in dates)


def test_twenty_years_of_sessions_can_be_made(market: ModuleType, calendar: NseCalendar) -> None:
    dates = market.session_dates(20 * market.SESSIONS_A_YEAR, calendar)
    assert len(dates) == 5_000
    assert dates[0].year == 2005


def test_positions_leave_at_a_quarter_past_three(market: ModuleType, calendar: NseCalendar) -> None:
    day = calendar.trading_day(date(2025, 12, 31))
    assert day is not None
    assert ist_datetime(day.square_off).strftime("%H:%M") == "15:15"


def test_prices_lie_on_the_tick_grid_and_move_most_at_both_ends_of_a_session(
    market: ModuleType, calendar: NseCalendar
) -> None:
    candles = market.made_candles(SESSIONS, calendar)
    for column in (candles.opens, candles.highs, candles.lows, candles.closes):
        assert not (column % market.TICK).any()
    spans = (candles.highs - candles.lows).reshape(SESSIONS, 375).mean(axis=0)
    assert spans[:15].mean() > 1.5 * spans[180:195].mean()
    assert spans[-15:].mean() > 1.2 * spans[180:195].mean()


def test_a_session_opens_away_from_the_close_before(market: ModuleType, calendar: NseCalendar) -> None:
    candles = market.made_candles(SESSIONS, calendar)
    jumps = np.abs(candles.opens[1:] - candles.closes[:-1])
    over_night = np.zeros(len(jumps), dtype=np.bool_)
    over_night[374::375] = True
    assert jumps[over_night].mean() > 5 * jumps[~over_night].mean()


def test_a_saved_file_reads_back_as_the_same_candles(market: ModuleType, calendar: NseCalendar, tmp_path: Path) -> None:
    candles = market.made_candles(2, calendar)
    market.save_candles(tmp_path / "NSE_SBIN-EQ_1m.parquet", candles)
    history = from_parquet(tmp_path / "NSE_SBIN-EQ_1m.parquet", "NSE:SBIN-EQ")
    assert history.tick == market.TICK
    assert timeframe_of(history.candles) is Timeframe.M1
    for name in ("starts", "opens", "highs", "lows", "closes", "volumes"):
        assert np.array_equal(getattr(history.candles, name), getattr(candles, name))
