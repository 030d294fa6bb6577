"""What every stream of feature rows promises: the live one, and the batch path asked for its newest row.

The batch path is no stream; here it is made one that computes its whole past anew at every candle. What both keep is
what training may rely on: the rows it learned from are the rows that come live.
"""

import math
from datetime import timedelta

import numpy as np
import pytest

from core.errors import DataError
from core.instants import MINUTE, ist_date
from core.market import Candle, Timeframe
from core.ports import RowStream
from core.signals import FeatureRow
from features.batch import compute
from features.columns import CandleColumns
from features.specification import FeatureSpecification
from features.stream import FeatureStream
from training.sources import generated

from .conftest import TUESDAY, WeekdayCalendar

SBIN = "NSE:SBIN-EQ"
NAMES = ("return_3", "ema_gap_9", "rsi_14", "mfi_14", "vwap_gap", "open_gap")
SPECIFICATION = FeatureSpecification.of(NAMES)
WARM_UP = SPECIFICATION.warm_up(Timeframe.M5)
CALENDAR = WeekdayCalendar()


class Recomputed:
    """The batch path as a stream."""

    def __init__(self) -> None:
        self._candles: list[Candle] = []

    def update(self, candle: Candle) -> FeatureRow | None:
        columns = CandleColumns.of([*self._candles, candle])
        self._candles.append(candle)
        table = compute(SPECIFICATION, columns)
        if not table.valid[-1]:
            return None
        session = CALENDAR.trading_day(ist_date(candle.start))
        closed_at = session.candle_close(candle.start, Timeframe.M5)
        values = tuple(table.values[-1].tolist())
        return FeatureRow(SBIN, candle, closed_at, SPECIFICATION.columns, values, float(table.atr[-1]))


@pytest.fixture(scope="module")
def candles() -> tuple[Candle, ...]:
    """Three sessions of 75 candles; of the last but one a few in which nothing traded."""
    [history] = generated((SBIN,), Timeframe.M5, TUESDAY, TUESDAY + timedelta(days=2), 5, CALENDAR)
    quiet = [
        Candle(each.start, each.open, each.open, each.open, each.open, 0) if 100 <= place < 120 else each
        for place, each in enumerate(history.candles.candles())
    ]
    return tuple(quiet)


def live() -> RowStream:
    return FeatureStream(SPECIFICATION, SBIN, Timeframe.M5, CALENDAR)


class RowStreamContract:
    """Subclasses provide the fixture `stream`, fresh, of `SPECIFICATION` at 5 minutes."""

    def test_the_first_row_comes_with_the_last_candle_of_the_warm_up(self, stream: RowStream, candles):
        rows = [stream.update(candle) for candle in candles[:WARM_UP]]

        assert rows[:-1] == [None] * (WARM_UP - 1)
        assert rows[-1] is not None

    @pytest.mark.hazard("M4")
    def test_a_row_is_complete_and_knows_its_candle_and_when_it_closed(self, stream: RowStream, candles):
        rows = [row for row in map(stream.update, candles) if row is not None]

        assert len(rows) > 100
        for row in rows:
            assert tuple(row.columns) == NAMES
            assert len(row.values) == len(NAMES)
            assert all(math.isfinite(value) for value in row.values)
            assert row.atr > 0
            assert row.closed_at == row.candle.start + 5 * MINUTE
            assert row.symbol == SBIN

    def test_where_a_feature_has_no_value_there_is_no_row_and_no_filler(self, stream: RowStream, candles):
        rows = [stream.update(candle) for candle in candles]

        assert rows[119] is None, "no money flowed in fourteen candles"
        assert rows[-1] is not None

    def test_a_candle_out_of_order_is_refused_and_changes_nothing(self, stream: RowStream, candles):
        calm = live()
        for candle in candles[:90]:
            assert bits(stream.update(candle)) == bits(calm.update(candle))
        for wrong in (candles[89], candles[40]):
            with pytest.raises(DataError, match="2026-01-0"):
                stream.update(wrong)

        assert bits(stream.update(candles[90])) == bits(calm.update(candles[90]))

    def test_a_gap_in_the_candles_is_no_error(self, stream: RowStream, candles):
        rows = [stream.update(candle) for candle in (*candles[:90], *candles[95:98])]

        assert rows[-1] is not None
        assert rows[-1].candle == candles[97]

    def test_it_gives_the_rows_of_the_batch_path_to_the_bit(self, stream: RowStream, candles):
        table = compute(SPECIFICATION, CandleColumns.of(candles))

        for place, candle in enumerate(candles):
            row = stream.update(candle)
            assert (row is not None) == table.valid[place]
            if row is not None:
                assert bits(row) == table.values[place].tobytes()
                assert row.atr == table.atr[place]


def bits(row: FeatureRow | None) -> bytes | None:
    return None if row is None else np.array(row.values).tobytes()


class TestFeatureStream(RowStreamContract):
    @pytest.fixture
    def stream(self) -> RowStream:
        return live()


class TestBatchPath(RowStreamContract):
    @pytest.fixture
    def stream(self) -> RowStream:
        return Recomputed()
