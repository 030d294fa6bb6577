"""What is checked: a strategy that can be made anew at will, its features, and the candles it is asked about."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from core.instants import ist_date
from core.market import Timeframe
from core.ports import Calendar
from core.signals import FeatureRow, SignalProvider
from features.batch import FeatureTable, compute
from features.columns import CandleColumns, IntArray
from features.specification import FeatureSpecification
from features.stream import FeatureStream


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is tried; the report says what it came to."""

    every_row: int = 300
    """So many rows from the first decision on are all cut at."""
    other_rows: int = 150
    """Of the later ones so many, at even distances."""
    futures: int = 16
    """Rows after which other futures are tried."""
    every_label: int = 40
    """So many rows from the first label's end on are all tried."""
    label_futures: int = 20
    """Besides, so many at even distances."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """A strategy on the candles of one symbol."""

    make: Callable[[], SignalProvider]
    """Makes the strategy anew, so that nothing it kept can help it."""
    specification: FeatureSpecification
    symbol: str
    timeframe: Timeframe
    calendar: Calendar
    candles: CandleColumns
    history_candles: int
    """Closed candles that live trading starts from."""
    effort: Effort = Effort()
    forget: Callable[[], None] = lambda: None
    """Drops what outlives a strategy that is made anew: the modules that its file brought along."""

    @cached_property
    def table(self) -> FeatureTable:
        """Features of all candles at once."""
        return compute(self.specification, self.candles)

    @cached_property
    def asked(self) -> list[int]:
        """Rows at which the strategy is asked: the candle and the one before it have features."""
        return asked_rows(self.table)

    def with_candles(self, candles: CandleColumns) -> "Subject":
        """Return the same on other candles."""
        return replace(self, candles=candles)

    def stream(self) -> FeatureStream:
        """Return the live features, from their beginning."""
        return FeatureStream(self.specification, self.symbol, self.timeframe, self.calendar)

    def live_rows(self) -> list[FeatureRow | None]:
        """Return the rows that live trading would see, one entry a candle."""
        stream = self.stream()
        return [stream.update(each) for each in self.candles.candles()]

    def row_of(self, table: FeatureTable, candles: CandleColumns, row: int) -> FeatureRow | None:
        """Return one row of a table, its values a view as a backtest would pass them on; None where it has none."""
        if not table.valid[row]:
            return None
        closed_at = int(self.closes[row])
        values = table.values[row]
        return FeatureRow(
            self.symbol, candles.candle(row), closed_at, table.specification.columns, values, float(table.atr[row])
        )

    @cached_property
    def closes(self) -> IntArray:
        """When each candle was known; rows of a part of the candles have the same."""
        starts, sessions = self.candles.starts.tolist(), {}
        closes = []
        for day, start in zip(self.candles.days().tolist(), starts, strict=True):
            if day not in sessions:
                sessions[day] = self.calendar.trading_day(ist_date(start))
            session = sessions[day]
            closes.append(session.candle_close(start, self.timeframe) if session else start)
        return np.array(closes, dtype=np.int64)


def asked_rows(table: FeatureTable) -> list[int]:
    """Return the rows of a table that have a row before them."""
    both = table.valid[1:] & table.valid[:-1]
    rows: list[int] = (np.flatnonzero(both) + 1).tolist()
    return rows


def head(table: FeatureTable, rows: int) -> FeatureTable:
    """Return a copy of a table's first rows, behind which there is nothing."""
    return FeatureTable(
        table.specification, table.values[:rows].copy(), table.valid[:rows].copy(), table.atr[:rows].copy()
    )


def spliced(known: FeatureTable, later: FeatureTable, first: int) -> FeatureTable:
    """Return the rows before `first` of one table and the others of another."""
    return FeatureTable(
        known.specification,
        np.concatenate([known.values[:first], later.values[first:]]),
        np.concatenate([known.valid[:first], later.valid[first:]]),
        np.concatenate([known.atr[:first], later.atr[first:]]),
    )
