"""A recorded file made fit to play: read, judged row by row, and counted, so that nothing is dropped in silence.

Recorded data are never clean (chunks twice, rows out of order, impossible bars, bars after the close). What has one
honest reading is repaired and counted in the report; what has two is a `DataError` that names file, column and row.
Columns: `timestamp` (start of the bar; without a zone it is taken as IST) with `open, high, low, close, volume` for
candles, or with `price` or `last_price` and optionally `volume_traded` (cumulative) and `Symbol` for ticks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from core.errors import DataError
from core.instants import MINUTE, ist_text
from core.market import Timeframe
from features.columns import IntArray

if TYPE_CHECKING:
    import pandas as pd

FloatArray: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.float64]]"

_NAME = re.compile(r"(?P<exchange>[A-Z]+)_(?P<ticker>[A-Z0-9&-]+-(?:EQ|INDEX|BE|SM))_(?P<interval>\d+[a-z])")
_INTERVALS = {"1m": Timeframe.M1, "3m": Timeframe.M3, "5m": Timeframe.M5, "15m": Timeframe.M15, "60m": Timeframe.M60}
_DAILY = "1d"
_PAISE = 100
LARGEST_PRICE = 10_000_000
"""Rupees; some 60 times the dearest share there has been."""
LARGEST_VOLUME = 10**12
"""Shares."""
_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeReport:
    """What was done to a file's rows before they were played."""

    path: Path
    read: int
    kept: int
    sessions: int
    duplicates: int = 0
    """Rows that repeat another one; one of each was kept."""
    unsorted: int = 0
    """Rows that stood earlier than the row before them; they were put in order."""
    impossible: int = 0
    """Rows without a price, at or below 0, or with open or close outside high and low."""
    outside: int = 0
    """Rows outside their session, off its grid, or on a day whose hours make no sense."""

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"{self.path.name}: {self.kept} of {self.read} rows in {self.sessions} sessions; dropped: "
            f"{self.duplicates} duplicate, {self.impossible} impossible, {self.outside} outside the session; "
            f"{self.unsorted} put in order"
        )


@dataclass(frozen=True, slots=True, eq=False)
class TapeRows:
    """Rows in time order, as columns in units. For ticks the four prices are one, and volume is cumulative."""

    at: IntArray
    open: IntArray
    high: IntArray
    low: IntArray
    close: IntArray
    volume: IntArray

    def picked(self, which: "IntArray | slice | np.ndarray[tuple[int], np.dtype[np.bool_]]") -> "TapeRows":
        """Some of the rows."""
        at, open_, high, low, close, volume = (column[which] for column in self.columns)
        return TapeRows(at, open_, high, low, close, volume)

    def with_trade_volumes(self) -> "TapeRows":
        """Rows of one day with the shares of each tick instead of a cumulative volume; a late row adds none."""
        running = np.maximum.accumulate(self.volume)
        return replace(self, volume=np.diff(running, prepend=running[:1]))

    @property
    def columns(self) -> tuple[IntArray, ...]:
        """All columns, time first."""
        return self.at, self.open, self.high, self.low, self.close, self.volume


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A file as read: what it is of, its clean rows and what cleaning counted."""

    symbol: str
    timeframe: Timeframe | None
    """Length of its candles; None for ticks."""
    rows: TapeRows
    read: int
    duplicates: int
    unsorted: int
    impossible: int


def read_recording(path: Path, symbol: str | None, timeframe: Timeframe | None) -> Recording:
    """Read and clean a file. `symbol` and `timeframe` override what its name says.

    Raises `DataError` for a file that cannot be read, lacks a column, contradicts itself, or does not tell its symbol.
    """
    frame = _frame(path)
    name = _NAME.match(path.name)
    symbol = symbol or symbol_named_by(path)
    frame = _of_symbol(path, frame, symbol)
    if symbol is None:
        raise DataError(f"{path}: the name does not tell the symbol; name it like NSE_SBIN-EQ_5m{path.suffix}")
    is_candles = "open" in frame.columns
    rows = _candle_rows(path, frame) if is_candles else _tick_rows(path, frame)
    possible = (
        (rows.low > 0)
        & (rows.low <= np.minimum(rows.open, rows.close))
        & (rows.high >= np.maximum(rows.open, rows.close))
        & (rows.volume >= 0)
    )
    rows = rows.picked(possible)
    unsorted = int(np.count_nonzero(np.diff(rows.at) < 0))
    rows = rows.picked(np.argsort(rows.at, kind="stable"))
    kept = _without_repeats(path, rows, may_differ=not is_candles)
    if not len(kept.at):
        raise DataError(f"{path}: no usable row among {len(frame)}; columns are {', '.join(frame.columns)}")
    if is_candles and timeframe is None:
        timeframe = _timeframe(path, name["interval"] if name else "", kept.at)
    return Recording(
        symbol=symbol,
        timeframe=timeframe if is_candles else None,
        rows=kept,
        read=len(frame),
        duplicates=len(rows.at) - len(kept.at),
        unsorted=unsorted,
        impossible=int(np.count_nonzero(~possible)),
    )


def symbol_named_by(path: Path) -> str | None:
    """Return the ticker that a file's name tells: `NSE_SBIN-EQ_5m.csv` is of NSE:SBIN-EQ; None for any other name."""
    name = _NAME.match(path.name)
    return f"{name['exchange']}:{name['ticker']}" if name else None


def _frame(path: Path) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415 - a generated market must start without pandas

    if path.is_dir() or not path.exists():
        what = "it is a folder" if path.is_dir() else "No such file"
        raise DataError(f"cannot read the tape {path}: {what}; it must be a parquet or CSV file that exists")
    try:
        frame: pd.DataFrame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"cannot read the tape {path}: {reason}; it must be a parquet or CSV file") from error
    frame.columns = frame.columns.astype(str).str.strip().str.lower()
    if "timestamp" not in frame.columns:
        raise DataError(f"{path}: no column 'timestamp'; it has {', '.join(frame.columns)}")
    return frame


def _of_symbol(path: Path, frame: "pd.DataFrame", symbol: str | None) -> "pd.DataFrame":
    """Keep the rows of one symbol where a file holds several, by the start of its ticker."""
    if "symbol" not in frame.columns:
        return frame
    names = sorted(frame["symbol"].astype(str).unique())
    meant = [name for name in names if symbol and symbol.partition(":")[2].startswith(name)]
    if not meant:
        raise DataError(
            f"{path}: column 'symbol' holds {', '.join(names)}; give the symbol to play, like NSE:{names[0]}-EQ"
        )
    kept: pd.DataFrame = frame[frame["symbol"] == max(meant, key=len)]
    return kept


def _instants(path: Path, frame: "pd.DataFrame") -> IntArray:
    import pandas as pd  # noqa: PLC0415 - see _frame

    try:
        moments = pd.to_datetime(frame["timestamp"])
        if moments.dt.tz is None:
            moments = moments.dt.tz_localize("Asia/Kolkata")
        return np.asarray(moments.dt.tz_convert("UTC").dt.as_unit("ns"), dtype="datetime64[ns]").astype(np.int64)
    except (ValueError, TypeError, AttributeError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{path}: column 'timestamp' is not readable as time: {reason}") from error


def _units(path: Path, frame: "pd.DataFrame", column: str) -> IntArray:
    """A price column in paise; what is not a number, or beyond any price, becomes 0, which no price is."""
    return np.rint(_within(_numbers(path, frame, column), LARGEST_PRICE, otherwise=0) * _PAISE).astype(np.int64)


def _within(numbers: FloatArray, limit: int, *, otherwise: int) -> FloatArray:
    """Numbers of which each NaN, infinity or size beyond the limit is replaced: as whole numbers they would be any."""
    return np.where(np.abs(numbers) <= limit, numbers, otherwise)


def _numbers(path: Path, frame: "pd.DataFrame", column: str) -> FloatArray:
    if column not in frame.columns:
        raise DataError(f"{path}: no column {column!r}; it has {', '.join(frame.columns)}")
    try:
        return frame[column].to_numpy(dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise DataError(f"{path}: column {column!r} is not numeric: {error}") from error


def _candle_rows(path: Path, frame: "pd.DataFrame") -> TapeRows:
    open_, high, low, close = (_units(path, frame, column) for column in _PRICES)
    volume = _within(_numbers(path, frame, "volume"), LARGEST_VOLUME, otherwise=-1).astype(np.int64)
    return TapeRows(_instants(path, frame), open_, high, low, close, volume)


def _tick_rows(path: Path, frame: "pd.DataFrame") -> TapeRows:
    column = next((name for name in ("price", "last_price") if name in frame.columns), "")
    if not column:
        raise DataError(
            f"{path}: neither candles (open, high, low, close, volume) nor ticks (price or last_price): "
            f"it has {', '.join(frame.columns)}"
        )
    price = _units(path, frame, column)
    volume = np.zeros(len(price), dtype=np.int64)
    if "volume_traded" in frame.columns:
        volume = _within(_numbers(path, frame, "volume_traded"), LARGEST_VOLUME, otherwise=0).astype(np.int64)
    return TapeRows(_instants(path, frame), price, price, price, price, volume)


def _without_repeats(path: Path, rows: TapeRows, *, may_differ: bool) -> TapeRows:
    """Keep one of equal rows. Two candles with one time and different values are a contradiction; ticks may be two."""
    same_time = np.diff(rows.at) == 0
    same = same_time & np.all([np.diff(column) == 0 for column in rows.columns], axis=0)
    conflict = same_time & ~same
    if conflict.any() and not may_differ:
        place = int(np.flatnonzero(conflict)[0])
        names: Sequence[str] = ("timestamp", *_PRICES, "volume")
        column = next(
            name for name, values in zip(names, rows.columns, strict=True) if values[place] != values[place + 1]
        )
        at = ist_text(int(rows.at[place]))
        raise DataError(f"{path}: two different rows at {at}, in column {column!r}; remove the wrong one")
    return rows.picked(np.concatenate(([True], ~same)) if len(rows.at) else np.zeros(0, dtype=bool))


def _timeframe(path: Path, interval: str, at: IntArray) -> Timeframe:
    if interval == _DAILY:
        return Timeframe.D
    if interval in _INTERVALS:
        return _INTERVALS[interval]
    steps, counts = np.unique(np.diff(at), return_counts=True)
    usual = int(steps[np.argmax(counts)]) if len(steps) else 0
    found = next((frame for frame in Timeframe if frame.duration == usual), None)
    if found is None:
        raise DataError(f"{path}: rows are {usual / MINUTE:g} minutes apart, which is no timeframe; give it")
    return found
