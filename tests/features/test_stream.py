import math
from dataclasses import replace

import pytest

from core.errors import DataError
from core.instants import MINUTE, ist_text
from core.market import Timeframe
from features.specification import FeatureSpecification
from features.stream import FeatureStream


@pytest.fixture
def stream_of(every_day):
    def made(*names, timeframe=Timeframe.M5):
        return FeatureStream(FeatureSpecification.of(names), "NSE:SBIN-EQ", timeframe, every_day)

    return made


def test_the_first_row_comes_with_the_last_candle_of_the_warm_up(make_walk, stream_of):
    stream = stream_of("sma_gap_50", "open_gap")
    rows = [stream.update(candle) for candle in make_walk(days=3).candles()]

    warm_up = stream.specification.warm_up(Timeframe.M5)

    assert warm_up == 76
    assert rows[: warm_up - 1] == [None] * 75
    assert rows[warm_up - 1] is not None


def test_a_row_knows_its_candle_and_when_it_closed(make_walk, stream_of):
    stream = stream_of("return_1")
    candles = make_walk(days=1).candles()
    row = [stream.update(candle) for candle in candles][-1]

    assert row.candle == candles[-1]
    assert row.closed_at == candles[-1].start + 5 * MINUTE
    assert row.symbol == "NSE:SBIN-EQ"
    assert row["return_1"] == pytest.approx(candles[-1].close / candles[-2].close - 1, rel=1e-9)
    assert row.atr > 0


@pytest.mark.parametrize(
    ("timeframe", "minutes", "per_day", "length"),
    [(Timeframe.M60, 60, 7, 15), (Timeframe.M15, 15, 25, 15)],
)
def test_the_last_candle_of_a_session_closes_with_it(make_walk, stream_of, timeframe, minutes, per_day, length):
    candles = make_walk(days=5, per_day=per_day, minutes=minutes).candles()
    stream = stream_of("return_1", timeframe=timeframe)
    row = [stream.update(candle) for candle in candles][-1]

    assert ist_text(row.closed_at) == "2024-01-05 15:30:00"
    assert row.closed_at == candles[-1].start + length * MINUTE


def test_a_daily_candle_closes_with_its_session_and_not_the_next_morning(make_walk, stream_of):
    walk = make_walk(days=30, per_day=1)
    stamps = replace(walk, starts=walk.starts - 225 * MINUTE)
    stream = stream_of("return_1", timeframe=Timeframe.D)
    row = [stream.update(candle) for candle in stamps.candles()][-1]

    assert ist_text(row.candle.start) == "2024-01-30 05:30:00"
    assert ist_text(row.closed_at) == "2024-01-30 15:30:00"


def test_a_candle_on_a_day_without_trading_is_refused_and_changes_nothing(make_walk, every_day):
    class NoThird:
        def trading_day(self, day):
            return None if day.day == 3 else every_day.trading_day(day)

    candles = make_walk(days=4).candles()
    specification = FeatureSpecification.of(("rsi_14", "open_gap"))
    disturbed, calm = (FeatureStream(specification, "NSE:SBIN-EQ", Timeframe.M5, NoThird()) for _ in range(2))
    for candle in candles[:150]:
        assert disturbed.update(candle) == calm.update(candle)
    with pytest.raises(DataError, match="candle 2024-01-03 09:15:00 lies on a day without trading"):
        disturbed.update(candles[150])

    assert [disturbed.update(each) for each in candles[225:]] == [calm.update(each) for each in candles[225:]]


def test_a_candle_given_twice_is_refused_and_changes_nothing(make_walk, stream_of):
    candles = make_walk(days=2).candles()
    disturbed, calm = stream_of("rsi_14", "mfi_14"), stream_of("rsi_14", "mfi_14")
    for candle in candles[:40]:
        disturbed.update(candle)
        calm.update(candle)
    with pytest.raises(DataError, match="2024-01-01 12:30:00 does not come after 2024-01-01 12:30:00"):
        disturbed.update(candles[39])

    assert [disturbed.update(each) for each in candles[40:]] == [calm.update(each) for each in candles[40:]]


@pytest.mark.hazard("M4")
def test_a_locked_price_has_no_row_instead_of_a_filler(locked, stream_of):
    stream = stream_of()

    assert [stream.update(candle) for candle in locked.candles()] == [None] * len(locked)


@pytest.mark.hazard("M4")
def test_no_row_ever_holds_nan_or_infinity(wild, stream_of):
    stream = stream_of()
    rows = [row for row in map(stream.update, wild.candles()) if row is not None]

    assert len(rows) > 500
    assert all(math.isfinite(value) for row in rows for value in row.values)
    assert all(row.atr > 0 for row in rows)
