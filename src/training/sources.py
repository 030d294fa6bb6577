"""Where training candles come from: a generated market, or a parquet file of one's own."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from pathlib import Path

import numpy as np

from core.errors import DataError
from core.instants import instant_at, ist_text
from core.market import Timeframe
from core.ports import Calendar
from features.columns import CandleColumns, FloatArray, IntArray
from simulator.generator import GeneratedMarket
from simulator.listings import nse_tick
from training.dataset import History

_PRICES = ("open", "high", "low", "close")
_UNITS_PER_RUPEE = 100


def generated(
    symbols: Sequence[str], timeframe: Timeframe, first: date, last: date, seed: int, calendar: Calendar
) -> list[History]:
    """Make the candles of a seeded market from one date to another, both included."""
    market = GeneratedMarket(calendar, seed, symbols)
    start, end = instant_at(first, time()), instant_at(last + timedelta(days=1), time())
    histories = []
    for symbol in symbols:
        candles = market.candles(symbol, timeframe, start, end, end)
        histories.append(History(symbol, market.instruments[symbol].tick, CandleColumns.of(candles)))
    return histories


def from_parquet(path: Path, symbol: str) -> History:
    """Read one symbol's candles: `timestamp` (start of the bar, with zone), open, high, low, close, volume, in rupees.

    Raises `DataError` that names the file and the column or row at fault. Nothing is repaired.
    """
    import pyarrow as pa  # noqa: PLC0415 - only those who train on a file pay for it
    import pyarrow.compute  # noqa: PLC0415
    import pyarrow.parquet  # noqa: PLC0415

    try:
        table = pa.parquet.read_table(path, columns=["timestamp", *_PRICES, "volume"])
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; give a parquet file of candles") from None
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: not readable as candles ({' '.join(str(error).split())})") from error
    kind = table.schema.field("timestamp").type
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        raise DataError(f"{path}: timestamp is {kind}; it must be a time with zone, for example Asia/Kolkata")
    missing = [name for name in table.column_names if table[name].null_count]
    if missing:
        raise DataError(f"{path}: empty cells in {', '.join(missing)}; remove those rows")
    starts = pa.compute.cast(table["timestamp"], pa.timestamp("ns", kind.tz)).to_numpy().astype(np.int64)
    opens, highs, lows, closes = (_units(path, name, table[name].to_numpy()) for name in _PRICES)
    volumes = table["volume"].to_numpy().astype(np.int64)
    try:
        candles = CandleColumns(starts, opens, highs, lows, closes, volumes)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    if not len(candles):
        raise DataError(f"{path}: no rows")
    return History(symbol, nse_tick(int(np.median(candles.closes))), candles)


def symbol_of(path: Path) -> str:
    """Return the ticker that a file name in our manner stands for: `NSE_SBIN-EQ_5m.parquet` is NSE:SBIN-EQ."""
    parts = path.stem.split("_")
    return f"{parts[0]}:{parts[1]}" if len(parts) > 1 else path.stem


def timeframe_of(candles: CandleColumns) -> Timeframe:
    """Return the timeframe that most candles keep to. Raises `DataError` for a length that is none of ours."""
    if len(candles) < 2:
        raise DataError("one candle has no timeframe; give more")
    step = int(np.median(np.diff(candles.starts)))
    found = next((each for each in Timeframe if each.duration == step), None)
    if found is None:
        known = ", ".join(each.value for each in Timeframe)
        at = ist_text(int(candles.starts[0]))
        raise DataError(f"candles from {at} on are {step / 60e9:g} minutes apart; known timeframes are {known}")
    return found


def _units(path: Path, name: str, rupees: FloatArray) -> IntArray:
    if not np.isfinite(rupees).all():
        raise DataError(f"{path}: column {name} holds NaN or infinity; remove those rows")
    units: IntArray = np.rint(rupees * _UNITS_PER_RUPEE).astype(np.int64)
    return units
