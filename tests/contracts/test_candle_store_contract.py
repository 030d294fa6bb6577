"""What every candle store promises."""

from datetime import date, time, timedelta

import numpy as np
import pytest

from core.errors import DataError
from core.instants import MINUTE, instant_at
from core.market import Timeframe
from features.columns import CandleColumns
from market_data.candles.candle_store import CandleStore, MemoryCandleStore, Series
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days

SBIN = Series("NSE:SBIN-EQ", Timeframe.M1)
M_AND_M = Series("NSE:M&M-EQ", Timeframe.M5)
NEW_YEAR = Days(date(2024, 12, 30), date(2025, 1, 3))


def candles(days: Days, per_day: int = 3, price: int = 80_000) -> CandleColumns:
    """Some candles at the open of every one of the days."""
    starts = np.array(
        [instant_at(day, time(9, 15)) + number * MINUTE for day in days for number in range(per_day)], dtype=np.int64
    )
    flat = np.full(len(starts), price, dtype=np.int64)
    return CandleColumns(starts, flat, flat + 5, flat - 5, flat, starts // MINUTE % 1_000)


def same(one: CandleColumns, other: CandleColumns) -> bool:
    return one.candles() == other.candles()


@pytest.fixture(params=["memory", "parquet"])
def store(request: pytest.FixtureRequest, tmp_path) -> CandleStore:
    return MemoryCandleStore() if request.param == "memory" else ParquetCandleStore(tmp_path)


def test_what_was_put_is_read_back_to_the_unit_and_across_a_new_year(store: CandleStore):
    given = candles(NEW_YEAR)
    store.put(SBIN, NEW_YEAR, given)
    assert same(store.read(SBIN, NEW_YEAR), given)
    assert store.known(SBIN) == (NEW_YEAR,)


def test_only_the_days_asked_for_are_read(store: CandleStore):
    store.put(SBIN, NEW_YEAR, candles(NEW_YEAR))
    part = Days(date(2024, 12, 31), date(2025, 1, 1))
    assert same(store.read(SBIN, part), candles(part))


def test_days_that_nobody_wrote_are_empty_and_not_known(store: CandleStore):
    assert not len(store.read(SBIN, NEW_YEAR))
    assert store.known(SBIN) == ()
    assert store.holdings() == ()


def test_a_day_without_candles_is_known_to_have_none(store: CandleStore):
    store.put(SBIN, NEW_YEAR, candles(Days(NEW_YEAR.first, NEW_YEAR.first)))
    assert store.known(SBIN) == (NEW_YEAR,)


def test_a_day_that_is_written_again_replaces_what_was_there_and_leaves_its_neighbours(store: CandleStore):
    store.put(SBIN, NEW_YEAR, candles(NEW_YEAR))
    again = Days(date(2025, 1, 1), date(2025, 1, 1))
    store.put(SBIN, again, candles(again, per_day=1, price=90_000))
    read = store.read(SBIN, NEW_YEAR)
    assert len(read) == 4 * 3 + 1
    assert sorted(set(read.closes.tolist())) == [80_000, 90_000]


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_candle_outside_its_days_is_refused_and_nothing_is_written(store: CandleStore, shift: int):
    store.put(SBIN, NEW_YEAR, candles(NEW_YEAR))
    moved = Days(NEW_YEAR.first + timedelta(days=shift), NEW_YEAR.last + timedelta(days=shift))
    with pytest.raises(DataError, match="was given for the days"):
        store.put(SBIN, NEW_YEAR, candles(moved, price=90_000))
    assert same(store.read(SBIN, NEW_YEAR), candles(NEW_YEAR))


def test_several_runs_are_written_like_one_and_the_days_between_them_stay_unknown(store: CandleStore):
    first, last = Days(date(2024, 12, 30), date(2025, 1, 2)), Days(date(2025, 1, 6), date(2025, 1, 7))
    store.put_all(SBIN, [(first, candles(first)), (last, candles(last))])
    assert store.known(SBIN) == (first, last)
    assert same(store.read(SBIN, first), candles(first))
    assert same(store.read(SBIN, last), candles(last))


def test_of_several_runs_none_is_written_when_one_is_refused(store: CandleStore):
    first, last = Days(date(2025, 1, 1), date(2025, 1, 2)), Days(date(2025, 1, 6), date(2025, 1, 7))
    with pytest.raises(DataError, match="a candle of 2025-01-01 was given for the days 2025-01-06 to 2025-01-07"):
        store.put_all(SBIN, [(first, candles(first)), (last, candles(first))])
    assert store.known(SBIN) == ()


def test_series_do_not_touch_each_other_and_are_listed_by_symbol(store: CandleStore):
    one_day = Days(date(2025, 1, 1), date(2025, 1, 1))
    store.put(SBIN, NEW_YEAR, candles(NEW_YEAR))
    store.put(M_AND_M, one_day, candles(one_day, per_day=0))
    assert same(store.read(SBIN, NEW_YEAR), candles(NEW_YEAR))
    first, second = store.holdings()
    assert (first.series, first.candles, first.first, first.known) == (M_AND_M, 0, None, (one_day,))
    given = candles(NEW_YEAR)
    assert (second.series, second.candles, second.known) == (SBIN, 15, (NEW_YEAR,))
    assert (second.first, second.last) == (given.starts[0], given.starts[-1])


def test_ranges_that_touch_become_one(store: CandleStore):
    for day in (3, 1, 2, 7):
        days = Days(date(2025, 1, day), date(2025, 1, day))
        store.put(SBIN, days, candles(days))
    assert store.known(SBIN) == (
        Days(date(2025, 1, 1), date(2025, 1, 3)),
        Days(date(2025, 1, 7), date(2025, 1, 7)),
    )


def test_days_in_the_wrong_order_are_refused():
    with pytest.raises(DataError, match="comes before the first"):
        Days(date(2025, 1, 2), date(2025, 1, 1))
