import numpy as np
import pytest

from core.errors import DataError
from core.market import Candle
from features.columns import CandleColumns, Column


def test_candles_survive_the_way_to_columns_and_back(wild):
    candles = wild.candles()
    again = CandleColumns.of(candles)

    assert again.candles() == candles
    assert again.candle(17) == candles[17]
    assert len(again) == len(candles)


def test_an_empty_history_has_columns_of_no_rows():
    assert len(CandleColumns.of([])) == 0


def test_rows_out_of_order_are_refused_by_row_and_time(wild):
    candles = list(wild.candles()[:10])
    candles[4], candles[5] = candles[5], candles[4]

    with pytest.raises(DataError, match=r"candle 5 of 10 at 2024-01-01 09:35:00 .* sort the rows"):
        CandleColumns.of(candles)


def test_a_duplicate_row_is_refused(wild):
    candles = list(wild.candles()[:10])

    with pytest.raises(DataError, match="candle 3 of 11"):
        CandleColumns.of([*candles[:3], candles[2], *candles[3:]])


def test_a_high_below_the_close_is_refused(wild):
    highs = wild.highs.copy()
    highs[7] = wild.lows[7] - 5

    with pytest.raises(DataError, match="candle 7 of"):
        CandleColumns(wild.starts, wild.opens, highs, wild.lows, wild.closes, wild.volumes)


def test_columns_of_different_lengths_are_refused(wild):
    with pytest.raises(DataError, match="different lengths"):
        CandleColumns(wild.starts, wild.opens[:-1], wild.highs, wild.lows, wild.closes, wild.volumes)


def test_prices_are_the_units_themselves_and_typical_is_their_whole_sum(wild):
    assert wild.prices(Column.CLOSE).tolist() == [float(each) for each in wild.closes]
    assert wild.prices(Column.TYPICAL).tolist() == [float(each) for each in wild.highs + wild.lows + wild.closes]


def test_days_change_at_midnight_in_india():
    before = Candle(1_704_133_799_000_000_000, 100, 100, 100, 100, 0)
    after = Candle(1_704_133_800_000_000_000, 100, 100, 100, 100, 0)

    days = CandleColumns.of([before, after]).days()

    assert np.diff(days).tolist() == [1]
