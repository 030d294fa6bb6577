"""A Parquet file gives the same candles, clues and refusals whether or not pandas has a hand in it."""

from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import DataError
from core.instants import MINUTE, instant_at
from features.columns import IST_OFFSET, CandleColumns
from market_data.candles.candle_files import CandleFile, Wishes, read_candles
from market_data.candles.candle_times import Labels, Zone
from market_data.candles.parquet_columns import ParquetColumns


def session() -> CandleColumns:
    """Two whole sessions of five-minute candles, of prices that go up and down."""
    days = date(2024, 1, 15), date(2024, 1, 16)
    starts = np.concatenate([instant_at(day, time(9, 15)) + 5 * MINUTE * np.arange(75) for day in days])
    opens = 60_000 + 7 * (np.arange(len(starts)) % 40)
    closes = np.roll(opens, -1)
    highs, lows = np.maximum(opens, closes) + 3, np.minimum(opens, closes) - 3
    return CandleColumns(starts, opens, highs, lows, closes, 100 + np.arange(len(starts)))


ROWS = session()


def columns(**changed: Any) -> pa.Table:
    """A table of candles in the types that we write, some of them changed."""
    rupees = {name: getattr(ROWS, f"{name}s") / 100 for name in ("open", "high", "low", "close")}
    starts = pa.array(ROWS.starts, pa.timestamp("ns", "Asia/Kolkata"))
    return pa.table({"timestamp": starts, **rupees, "volume": ROWS.volumes} | changed)


def stamps(unit: str, zone: str | None, offset: int = 0) -> pa.Array:
    sizes = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
    return pa.array((ROWS.starts + offset) // sizes[unit], pa.timestamp(unit, zone))


def in_the_year_3000(unit: str) -> pa.Array:
    """Times that 64 bits of nanoseconds do not hold."""
    sizes = {"s": 1, "ms": 10**3, "us": 10**6}
    return pa.array([(32_503_680_000 + 300 * row) * sizes[unit] for row in range(len(ROWS))], pa.timestamp(unit))


def with_gap(column: np.ndarray, kind: pa.DataType) -> pa.Array:
    return pa.array([None, *column[1:].tolist()], kind)


TABLES = {
    "ours": columns(),
    **{f"times in {unit}": columns(timestamp=stamps(unit, "Asia/Kolkata")) for unit in ("s", "ms", "us")},
    **{f"the year 3000 in {unit}": columns(timestamp=in_the_year_3000(unit)) for unit in ("s", "ms", "us")},
    "utc": columns(timestamp=stamps("us", "UTC")),
    "no zone": columns(timestamp=stamps("ns", None, IST_OFFSET)),
    "no zone, digits of utc": columns(timestamp=stamps("ns", None)),
    "an offset": columns(timestamp=stamps("ms", "+05:30")),
    "epoch seconds": columns(timestamp=ROWS.starts // 10**9),
    "texts": columns(timestamp=[f"{each:%Y-%m-%d %H:%M:%S}" for each in pd.to_datetime(ROWS.starts + IST_OFFSET)]),
    "small numbers": columns(close=pa.array(np.round(ROWS.closes / 100), pa.int16()), volume=pa.array(ROWS.volumes)),
    "floats of 32 bits": columns(open=pa.array(ROWS.opens / 100, pa.float32())),
    "decimals": columns(volume=pa.array(ROWS.volumes).cast(pa.decimal128(24, 2))),
    "prices as texts": columns(close=[f"{each / 100:.2f}" for each in ROWS.closes]),
    "a symbol in every row": columns(symbol=["NSE:SBIN-EQ"] * len(ROWS)),
    "a price without a number": columns(close=with_gap(ROWS.closes / 100, pa.float64())),
    "a volume that is missing": columns(volume=with_gap(ROWS.volumes, pa.int64())),
    "a time that is missing": columns(timestamp=with_gap(ROWS.starts, pa.timestamp("ns"))),
    "a price that is no number": columns(close=["Rs 600", *(f"{each / 100:.2f}" for each in ROWS.closes[1:])]),
    "no column of closes": columns().drop_columns(["close"]),
    "no rows": columns().slice(0, 0),
}
WISHES = (Wishes(), Wishes(labels=Labels.START), Wishes(zone=Zone.UTC), Wishes(labels=Labels.END, zone=Zone.INDIA))


def understood(path: Path, wishes: Wishes) -> tuple[Any, ...] | str:
    """What is found out about a file, or why it is refused."""
    try:
        file: CandleFile = read_candles(path, wishes)
    except DataError as error:
        return str(error)
    found = file.candles.columns if file.candles is not None else ()
    return file.clues, file.symbol, file.timeframe, *((each.dtype, each.tolist()) for each in found)


@pytest.mark.parametrize("wishes", WISHES)
@pytest.mark.parametrize("name", TABLES)
def test_a_file_is_understood_as_pandas_alone_understands_it(
    name: str, wishes: Wishes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "NSE_SBIN-EQ_5m.parquet"
    pq.write_table(TABLES[name], path, row_group_size=40)  # more than one piece to a column
    ours = understood(path, wishes)
    for method in ("numbers", "moments"):
        monkeypatch.setattr(ParquetColumns, method, lambda *_: None)

    assert str(ours) == str(understood(path, wishes))


def test_what_is_typed_is_taken_as_it_is(tmp_path: Path) -> None:
    found = ParquetColumns(tmp_path, columns(timestamp=stamps("ms", "UTC")))

    assert found.moments("timestamp") is not None
    assert all(found.numbers(name) is not None for name in ("open", "high", "low", "close", "volume"))
    assert found.numbers("timestamp") is None
    assert found.moments("volume") is None


def test_a_time_that_no_market_has_seen_is_refused_by_its_row(tmp_path: Path) -> None:
    path = tmp_path / "NSE_SBIN-EQ_5m.parquet"
    pq.write_table(columns(timestamp=in_the_year_3000("s")), path)

    with pytest.raises(DataError, match=r"row 1: 3000-01-01 .* is no time of a market"):
        read_candles(path, Wishes())
