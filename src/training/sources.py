"""Where training candles come from: a generated market, or a parquet file of one's own."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import DataError
from core.instants import instant_at, ist_text
from core.market import Timeframe
from core.ports import Calendar
from features.columns import CandleColumns, FloatArray, IntArray
from simulator.generator import GeneratedMarket
from simulator.listings import nse_tick
from simulator.tape_file import LARGEST_PRICE, LARGEST_VOLUME, symbol_named_by
from training.dataset import History

if TYPE_CHECKING:
    import pyarrow as pa

FEWEST_STEPS, KEEPING_SHARE = 5, 0.8
"""A session with at least so many steps, of which such a share are of another timeframe, is of that timeframe."""
_PRICES = ("open", "high", "low", "close")
_COLUMNS = ("timestamp", *_PRICES, "volume")
_UNITS_PER_RUPEE = 100


def generated(
    symbols: Sequence[str], timeframe: Timeframe, first: date, last: date, seed: int, calendar: Calendar
) -> list[History]:
    """Make the candles of a seeded market from one date to another, both included.

    Raises `DataError` where there is no trading between them.
    """
    market = GeneratedMarket(calendar, seed, symbols)
    start, end = instant_at(first, time()), instant_at(last + timedelta(days=1), time())
    histories = []
    for symbol in symbols:
        candles = market.candles(symbol, timeframe, start, end, end)
        if not candles:
            raise DataError(f"there is no trading from {first} to {last}; give another --timerange")
        histories.append(History(symbol, market.instruments[symbol].tick, CandleColumns.of(candles)))
    return histories


def from_parquet(path: Path, symbol: str) -> History:
    """Read one symbol's candles: `timestamp` (start of the bar, with zone), open, high, low, close, volume, in rupees.

    Raises `DataError` that names the file and the column or row at fault. Nothing is repaired.
    """
    import pyarrow as pa  # noqa: PLC0415 - only those who train on a file pay for it
    import pyarrow.compute  # noqa: PLC0415

    table = _table(path)
    _check_types(path, table.schema)
    missing = [name for name in table.column_names if table[name].null_count]
    if missing:
        raise DataError(f"{path}: empty cells in {', '.join(missing)}; remove those rows")
    kind = table.schema.field("timestamp").type
    try:
        starts = pa.compute.cast(table["timestamp"], pa.timestamp("ns", kind.tz)).to_numpy().astype(np.int64)
    except pa.ArrowInvalid:
        raise DataError(f"{path}: column timestamp holds times outside 1677 to 2262; remove those rows") from None
    opens, highs, lows, closes = (_units(path, name, table[name].to_numpy()) for name in _PRICES)
    volumes = _bounded(path, "volume", table["volume"].to_numpy(), LARGEST_VOLUME).astype(np.int64)
    try:
        candles = CandleColumns(starts, opens, highs, lows, closes, volumes)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    if not len(candles):
        raise DataError(f"{path}: no rows")
    return History(symbol, nse_tick(int(np.median(candles.closes))), candles)


def symbol_of(path: Path) -> str:
    """Return the ticker that a file name in our manner stands for: `NSE_SBIN-EQ_5m.parquet` is NSE:SBIN-EQ.

    Raises `DataError` for a name that tells none.
    """
    symbol = symbol_named_by(path)
    if symbol is None:
        raise DataError(f"{path}: the name does not tell the symbol; name it like NSE_SBIN-EQ_5m.parquet")
    return symbol


def timeframe_of(candles: CandleColumns) -> Timeframe:
    """Return the timeframe of candles. Raises `DataError` for a length that is none of ours, and for a mixture."""
    if len(candles) < 2:
        raise DataError("one candle has no timeframe; give more")
    step = int(np.median(np.diff(candles.starts)))
    found = next((each for each in Timeframe if each.duration == step), None)
    if found is None:
        known = ", ".join(each.value for each in Timeframe)
        at = ist_text(int(candles.starts[0]))
        raise DataError(f"candles from {at} on are {step / 60e9:g} minutes apart; known timeframes are {known}")
    _refuse_others(candles, found)
    return found


def _refuse_others(candles: CandleColumns, timeframe: Timeframe) -> None:
    """Refuse candles closer together than their timeframe allows, and sessions that keep to a longer one."""
    steps, days = np.diff(candles.starts), candles.days()
    too_close = np.flatnonzero(steps < timeframe.duration)
    if len(too_close):
        row = int(too_close[0]) + 1
        raise _mixed(candles, row, f"{steps[row - 1] / 60e9:g} minutes after the one before", timeframe)
    session = np.cumsum(np.diff(days, prepend=days[:1]) != 0)
    within = session[1:] == session[:-1]
    number = np.bincount(session[1:][within], minlength=int(session[-1]) + 1)
    for longer in (each for each in Timeframe if timeframe.duration < each.duration < Timeframe.D.duration):
        keeping = np.bincount(session[1:][within & (steps == longer.duration)], minlength=len(number))
        others = np.flatnonzero((number >= FEWEST_STEPS) & (keeping >= KEEPING_SHARE * number))
        if len(others):
            row = int(np.searchsorted(session, others[0]))
            raise _mixed(candles, row, f"the first of a session of {longer.value} candles", timeframe)


def _mixed(candles: CandleColumns, row: int, what: str, timeframe: Timeframe) -> DataError:
    at = ist_text(int(candles.starts[row]))
    return DataError(f"the candle at {at} is {what}, most are {timeframe.value} candles; give one timeframe to a file")


def _table(path: Path) -> "pa.Table":
    """Read the columns of candles. Raises `DataError` for a file that is no parquet file or lacks one of them."""
    import pyarrow as pa  # noqa: PLC0415 - see from_parquet
    import pyarrow.parquet  # noqa: PLC0415

    if path.suffix != ".parquet":
        raise DataError(f"{path}: training takes parquet files (.parquet); save the candles as one")
    try:
        there = pa.parquet.read_schema(path).names
        for name in _COLUMNS:
            if there.count(name) != 1:
                what = "no column" if name not in there else "more than one column"
                raise DataError(f"{path}: {what} {name!r}; it has {', '.join(there)}")
        return pa.parquet.read_table(path, columns=list(_COLUMNS))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; give a parquet file of candles") from None
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: not readable as candles ({' '.join(str(error).split())})") from error


def _check_types(path: Path, schema: "pa.Schema") -> None:
    import pyarrow as pa  # noqa: PLC0415 - see from_parquet

    kind = schema.field("timestamp").type
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        raise DataError(f"{path}: timestamp is {kind}; it must be a time with zone, for example Asia/Kolkata")
    for name in _COLUMNS[1:]:
        kind = schema.field(name).type
        if not pa.types.is_integer(kind) and not pa.types.is_floating(kind):
            raise DataError(f"{path}: column {name} is {kind}; it must be integer or floating")


def _units(path: Path, name: str, rupees: FloatArray | IntArray) -> IntArray:
    units: IntArray = np.rint(_bounded(path, name, rupees, LARGEST_PRICE) * _UNITS_PER_RUPEE).astype(np.int64)
    return units


def _bounded(path: Path, name: str, values: FloatArray | IntArray, limit: int) -> FloatArray:
    """Return numbers that can be counted with. Raises `DataError` for NaN, infinity and what no market shows."""
    numbers: FloatArray = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise DataError(f"{path}: column {name} holds NaN or infinity; remove those rows")
    beyond = np.flatnonzero(np.abs(numbers) > limit)
    if len(beyond):
        first = int(beyond[0])
        raise DataError(f"{path}: column {name} holds {numbers[first]:g} in row {first}, beyond {limit}; remove it")
    return numbers
