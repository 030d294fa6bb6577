"""Candles with what the calendar says of each, worked out once: neither engine asks for a date again."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, overload

import numpy as np

from core.errors import DataError
from core.instants import Instant, ist_date, ist_text
from core.market import Instrument, Timeframe
from core.ports import Calendar
from core.sessions import TradingDay
from features.batch import FeatureTable, compute
from features.columns import BoolArray, CandleColumns, FloatArray, IntArray
from features.specification import FeatureSpecification
from market_data.days import date_of


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
    """Last close of the session before; 0 where none is known."""
    calendar: Mapping[int, TradingDay]
    """The session of each of the days."""


def days_of(sessions: Iterable[SessionRows]) -> tuple[date, ...]:
    """Return the days with candles of any of some symbols, in order."""
    days = np.unique(np.concatenate([each.days for each in sessions]))
    return tuple(date_of(day) for day in days.tolist())


@dataclass(frozen=True, slots=True, eq=False)
class Lead:
    """The candle before a range, with those of the range behind it: a decision on the first of these compares two."""

    candles: CandleColumns
    features: FeatureTable
    closed_at: Instant
    """When the candle before the range was known."""
    complete: int
    """Rows before the range from the first that has all features."""

    @classmethod
    def of(cls, candles: CandleColumns, table: FeatureTable, first: int, closed_at: Instant) -> "Lead | None":
        """Take a history whose range begins with the row `first`; None where nothing comes before that."""
        if not first:
            return None
        valid = table.valid[:first]
        return cls(
            candles=candles.slice(first - 1, len(candles)),
            features=_rows_from(table, first - 1),
            closed_at=closed_at,
            complete=first - int(np.argmax(valid)) if valid.any() else 0,
        )


@dataclass(frozen=True, slots=True, eq=False)
class SymbolBars:
    """One symbol, ready to be walked."""

    instrument: Instrument
    candles: CandleColumns
    sessions: SessionRows
    features: FeatureTable
    lead: Lead | None = None
    """What comes before; None where nothing does."""

    @classmethod
    def of(
        cls,
        instrument: Instrument,
        candles: CandleColumns,
        sessions: SessionRows,
        table: FeatureTable,
        lead_closed_at: Instant,
    ) -> "SymbolBars":
        """Take a history with its features, of which the last candles, those of `sessions`, are walked."""
        first = len(candles) - len(sessions.days)
        lead = Lead.of(candles, table, first, lead_closed_at)
        return cls(instrument, candles.slice(first, len(candles)), sessions, _rows_from(table, first), lead)

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
    sessions = sessions_from(instrument.symbol, candles, first, timeframe, calendar)
    lead_closed_at = known_at(instrument.symbol, candles, first - 1, timeframe, calendar) if first else 0
    return SymbolBars.of(instrument, candles, sessions, compute(specification, candles), lead_closed_at)


def sessions_from(
    symbol: str, candles: CandleColumns, first: int, timeframe: Timeframe, calendar: Calendar
) -> SessionRows:
    """Return what the calendar says of the candles from a session's first on. Raises as `session_rows` does."""
    close_before = int(candles.closes[first - 1]) if first else 0
    return session_rows(symbol, candles.slice(first, len(candles)), timeframe, calendar, close_before)


def known_at(symbol: str, candles: CandleColumns, row: int, timeframe: Timeframe, calendar: Calendar) -> Instant:
    """Return when one candle was known. Raises `DataError` for one on a day without trading."""
    start = int(candles.starts[row])
    return _session(symbol, start, calendar).candle_close(start, timeframe)


def session_rows(
    symbol: str, candles: CandleColumns, timeframe: Timeframe, calendar: Calendar, close_before: int = 0
) -> SessionRows:
    """Return what the calendar says of each candle; `close_before` is the last close before them, 0 for none.

    Raises `DataError` for a candle that starts outside a session.
    """
    starts, days = candles.starts, candles.days()
    begins = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
    lengths = np.diff(begins, append=len(days))
    sessions = {int(days[row]): _session(symbol, int(starts[row]), calendar) for row in begins.tolist()}
    of_candle = _repeated(list(sessions.values()), lengths)
    if timeframe is not Timeframe.D:
        _check_inside(symbol, starts, of_candle)
    closed_at = _closes(starts, timeframe, of_candle, begins, sessions)
    follows, is_last = np.zeros(len(days), dtype=np.bool_), np.zeros(len(days), dtype=np.bool_)
    follows[1:] = starts[1:] == closed_at[:-1]
    follows[begins] = False
    is_last[begins + lengths - 1] = True
    return SessionRows(
        days=days,
        closed_at=closed_at,
        may_enter=starts < of_candle.no_entry_after,
        squares_off=starts >= of_candle.square_off,
        is_last=is_last,
        follows=follows,
        close_before=np.repeat(np.append(close_before, candles.closes[begins[1:] - 1]), lengths),
        calendar=sessions,
    )


def in_order_of_time(symbols: Sequence[SymbolBars]) -> tuple[IntArray, IntArray]:
    """Return symbol and row of every candle, by start and then by place of the symbol, as both engines walk them."""
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


def _rows_from(table: FeatureTable, first: int) -> FeatureTable:
    return FeatureTable(table.specification, table.values[first:], table.valid[first:], table.atr[first:])


class _Hours(NamedTuple):
    """Instants of the session of each candle, as `core.sessions.TradingDay` names them."""

    open: IntArray
    close: IntArray
    no_entry_after: IntArray
    square_off: IntArray


def _repeated(sessions: Sequence[TradingDay], lengths: IntArray) -> _Hours:
    rows = [(each.open, each.close, each.no_entry_after, each.square_off) for each in sessions]
    return _Hours(*np.repeat(np.array(rows, dtype=np.int64), lengths, axis=0).T)


def _closes(
    starts: IntArray, timeframe: Timeframe, hours: _Hours, begins: IntArray, sessions: Mapping[int, TradingDay]
) -> IntArray:
    """Return `TradingDay.candle_close` of every candle; it is asked itself where there is more to it than the end."""
    is_daily = timeframe is Timeframe.D
    closed_at = hours.close.copy() if is_daily else np.minimum(starts + timeframe.duration, hours.close)
    for day, first, last in zip(sessions.values(), begins.tolist(), [*begins[1:].tolist(), len(starts)], strict=True):
        if is_daily or day.breaks:
            closed_at[first:last] = [day.candle_close(start, timeframe) for start in starts[first:last].tolist()]
    return closed_at


def _session(symbol: str, start: int, calendar: Calendar) -> TradingDay:
    day = calendar.trading_day(ist_date(start))
    if day is None:
        raise DataError(f"{symbol}: candle {ist_text(start)} lies on a day without trading; clean the data")
    return day


def _check_inside(symbol: str, starts: IntArray, hours: _Hours) -> None:
    outside = np.flatnonzero((starts < hours.open) | (starts >= hours.close))
    if len(outside):
        raise DataError(
            f"{symbol}: candle {ist_text(int(starts[outside[0]]))} lies outside the session; clean the data"
        )
