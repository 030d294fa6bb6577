"""Candles with what the calendar says of each, worked out once: neither engine asks for a date again."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import overload

import numpy as np

from core.errors import DataError
from core.instants import ist_date, ist_text
from core.market import Instrument, Timeframe
from core.ports import Calendar
from core.sessions import TradingDay
from features.batch import FeatureTable, compute
from features.columns import BoolArray, CandleColumns, FloatArray, IntArray
from features.specification import FeatureSpecification


@dataclass(frozen=True, slots=True, eq=False)
class SessionRows:
    """What the session of each candle says of it; one entry a candle."""

    days: IntArray
    """Date in India, as days since 1970-01-01."""
    closed_at: IntArray
    """When the candle was known."""
    may_enter: BoolArray
    """Whether an intraday position may be opened in it."""
    squares_off: BoolArray
    """Whether intraday positions leave at its open."""
    is_last: BoolArray
    """Whether it is the last of its session that there is."""
    follows: BoolArray
    """Whether it starts when the one before it closed: no hole and no night between them."""
    close_before: IntArray
    """Last close of the session before; 0 in the first session there is."""
    calendar: Mapping[int, TradingDay]
    """The session of each of the days."""


@dataclass(frozen=True, slots=True, eq=False)
class SymbolBars:
    """One symbol, ready to be walked."""

    instrument: Instrument
    candles: CandleColumns
    sessions: SessionRows
    features: FeatureTable

    def __len__(self) -> int:
        return len(self.candles)


def prepared(
    instrument: Instrument,
    candles: CandleColumns,
    timeframe: Timeframe,
    specification: FeatureSpecification,
    calendar: Calendar,
    first: int = 0,
) -> SymbolBars:
    """Work out sessions and features of one symbol; rows before `first` only warm up the features.

    Raises `DataError` for a candle at a time without trading, or when there is none.
    """
    if first >= len(candles):
        raise DataError(f"{instrument.symbol}: no candles in the range; download them, or give another range")
    walked = candles.slice(first, len(candles)) if first else candles
    sessions = session_rows(instrument.symbol, walked, timeframe, calendar)
    table = compute(specification, candles)
    features = FeatureTable(specification, table.values[first:], table.valid[first:], table.atr[first:])
    return SymbolBars(instrument, walked, sessions, features)


def session_rows(symbol: str, candles: CandleColumns, timeframe: Timeframe, calendar: Calendar) -> SessionRows:
    """Return what the calendar says of each candle. Raises `DataError` for one that starts outside a session."""
    rows, days = len(candles), candles.days()
    closed_at, close_before = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)
    sessions: dict[int, TradingDay] = {}
    may_enter, squares_off, is_last, follows = (np.zeros(rows, dtype=np.bool_) for _ in range(4))
    cuts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), rows]
    for first, last in pairwise(cuts):
        starts = candles.starts[first:last]
        day = sessions[int(days[first])] = _session(symbol, starts, timeframe, calendar)
        closes = [day.candle_close(start, timeframe) for start in starts.tolist()]
        closed_at[first:last] = closes
        may_enter[first:last] = starts < day.no_entry_after
        squares_off[first:last] = starts >= day.square_off
        follows[first + 1 : last] = starts[1:] == np.array(closes[:-1])
        is_last[last - 1] = True
        close_before[first:last] = candles.closes[first - 1] if first else 0
    return SessionRows(days, closed_at, may_enter, squares_off, is_last, follows, close_before, sessions)


def in_order_of_time(symbols: Sequence[SymbolBars]) -> tuple[IntArray, IntArray]:
    """Return symbol and row of every candle, by start and then by place of the symbol: the order in which both walk."""
    places = np.concatenate([np.full(len(each), place, dtype=np.int64) for place, each in enumerate(symbols)])
    rows = np.concatenate([np.arange(len(each), dtype=np.int64) for each in symbols])
    starts = np.concatenate([each.candles.starts for each in symbols])
    order = np.lexsort((places, starts))
    return places[order], rows[order]


@overload
def packed(column: IntArray) -> "array[int]": ...


@overload
def packed(column: FloatArray) -> "array[float]": ...


def packed(column: IntArray | FloatArray) -> "array[int] | array[float]":
    """Return a column in eight bytes an entry, of which single ones are read faster than of an array of numpy."""
    if column.dtype == np.float64:
        return array("d", column.tobytes())
    return array("q", column.tobytes())


def _session(symbol: str, starts: IntArray, timeframe: Timeframe, calendar: Calendar) -> TradingDay:
    day = calendar.trading_day(ist_date(int(starts[0])))
    if day is None:
        raise DataError(f"{symbol}: candle {ist_text(int(starts[0]))} lies on a day without trading; clean the data")
    if timeframe is not Timeframe.D:
        outside = starts[(starts < day.open) | (starts >= day.close)]
        if len(outside):
            raise DataError(f"{symbol}: candle {ist_text(int(outside[0]))} lies outside the session; clean the data")
    return day
