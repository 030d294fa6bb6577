"""Ticks of one symbol and one day in a Parquet file: whole numbers, packed by their differences.

A file is written in parts, so that a day of any size needs little memory, and carries what it must contain: how many
ticks, and a checksum of each column. Whoever has written one reads it back before the source is given up. Any tool
that reads Parquet reads the folder `historical_ticks`, where month and symbol are columns by the names of the folders.
"""

import json
import os
import zlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import DataError, StorageError, one_line
from core.instants import Instant
from features.columns import IntArray
from market_data.archive_files import ABOUT, about_of, not_ours
from market_data.ticks.live_ticks import MICROSECOND

_LAYOUT = 1
_TIMES = ("received", "at")
_VALUES = ("ltp", "bid", "ask", "volume")
COLUMNS = (*_TIMES, *_VALUES)


@dataclass(frozen=True, slots=True, eq=False)
class TickColumns:
    """Ticks of one symbol, in the order they were heard."""

    scale: int
    """Decimal digits of a price unit: 2 means one unit is a paisa."""
    received: IntArray
    """When the bot heard each, in nanoseconds since 1970, to the microsecond."""
    at: IntArray
    """The exchange's time, the same way; FYERS gives whole seconds."""
    ltp: IntArray
    """Last price, in units."""
    bid: IntArray
    """Best bid, in units; 0 when there was none."""
    ask: IntArray
    volume: IntArray
    """Shares traded since the open of the day: cumulative."""

    def __len__(self) -> int:
        return len(self.received)


@dataclass(frozen=True, slots=True)
class About:
    """What a file says of itself."""

    symbol: str
    day: date
    scale: int
    recording: Instant
    """Which recording of the day it is a copy of, whole; see `live_ticks.LiveDay`."""
    lost: int
    """Ticks of all symbols together that this recording could not keep."""
    ticks: int = 0
    checksums: tuple[int, ...] = (0,) * len(COLUMNS)
    """CRC-32 of each column's values as 64-bit little-endian numbers."""


class TickFileWriter:
    """One file while it is being written."""

    def __init__(self, path: Path, about: About) -> None:
        """Create the file. Raises `StorageError`, as everything here does."""
        import pyarrow as pa  # noqa: PLC0415 - a tenth of a second that only those who touch the archive pay for
        import pyarrow.parquet as pq  # noqa: PLC0415

        self.path = path
        self.about = about
        self._refusals = (OSError, pa.ArrowException)
        time = pa.timestamp("us", tz="Asia/Kolkata")
        self._schema = pa.schema([*((name, time) for name in _TIMES), *((name, pa.int64()) for name in _VALUES)])
        try:
            self._writer = pq.ParquetWriter(
                path,
                self._schema,
                compression="zstd",
                use_dictionary=False,
                column_encoding=dict.fromkeys(COLUMNS, "DELTA_BINARY_PACKED"),
                write_page_checksum=True,
            )
        except self._refusals as error:
            raise _unwritable(path, error) from error

    def add(self, rows: IntArray) -> None:
        """Write ticks behind those before: a row a tick, columns as in `COLUMNS`, times in microseconds."""
        import pyarrow as pa  # noqa: PLC0415 - see TickFileWriter.__init__

        columns = [np.ascontiguousarray(column) for column in rows.T]
        before = self.about
        sums = tuple(zlib.crc32(column.data, old) for column, old in zip(columns, before.checksums, strict=True))
        arrays = [pa.array(column).cast(field.type) for column, field in zip(columns, self._schema, strict=True)]
        try:
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        except self._refusals as error:
            raise _unwritable(self.path, error) from error
        self.about = About(
            before.symbol, before.day, before.scale, before.recording, before.lost, before.ticks + len(rows), sums
        )

    def seal(self) -> None:
        """Write the end, with what the file must contain, and wait for the disk."""
        try:
            self._writer.add_key_value_metadata({ABOUT.decode(): json.dumps(_to_json(self.about))})
            self._writer.close()
            handle = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except self._refusals as error:
            raise _unwritable(self.path, error) from error

    def abandon(self) -> None:
        """Close a file that is not to be finished. Never raises for what the disk refuses."""
        try:
            self._writer.close()
        except self._refusals:
            return


class TickFile:
    """One file of ticks as a source of them; see `TickArchive` for a whole folder."""

    def __init__(self, path: Path) -> None:
        """Read what the file says of itself. Raises `DataError` for one that is none of ours."""
        self._path = path
        self.about = read_about(path)

    def days(self, symbol: str) -> tuple[date, ...]:
        """Return the day of the file, for its symbol."""
        return (self.about.day,) if symbol == self.about.symbol else ()

    def read_ticks(self, symbol: str, day: date) -> TickColumns:
        """Return the ticks of the file. Raises `DataError` for another symbol or day, and for a damaged file."""
        return read_file(self._path, symbol, day)


def is_tick_file(path: Path) -> bool:
    """Whether a file says of itself that it holds ticks."""
    if not path.is_file():
        return False
    try:
        read_about(path)
    except DataError:
        return False
    return True


def read_about(path: Path) -> About:
    """Return what a file says of itself, from its end alone. Raises `DataError` for one that is none of ours."""
    import pyarrow as pa  # noqa: PLC0415 - see TickFileWriter
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        return _from_json(about_of(pq.read_metadata(path).metadata, path))
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None
    except (KeyError, TypeError, ValueError):
        raise not_ours(path) from None


def read_file(path: Path, symbol: str, day: date) -> TickColumns:
    """Return the ticks of a file; its pages are checked for damage on the way.

    Raises `DataError` for a file that cannot be read, is damaged, or is of another symbol or day.
    """
    about = read_about(path)
    if (about.symbol, about.day) != (symbol, day):
        raise DataError(f"{path}: says it is {about.symbol} of {about.day}, expected {symbol} of {day}; move it away")
    received, at, *values = _columns(path)
    if len(received) != about.ticks:
        raise DataError(f"{path}: has {len(received)} ticks, says it has {about.ticks}; it is damaged, move it away")
    return TickColumns(about.scale, received * MICROSECOND, at * MICROSECOND, *values)


def verify_file(path: Path, about: About) -> None:
    """Read a file back and compare it with what went in. Raises `DataError` for any difference."""
    if read_about(path) != about:
        raise DataError(f"{path}: does not say of itself what was written")
    columns = _columns(path)
    if len(columns[0]) != about.ticks or tuple(zlib.crc32(column.data) for column in columns) != about.checksums:
        raise DataError(f"{path}: its {len(columns[0])} ticks are not the {about.ticks} that were written")


def _columns(path: Path) -> list[IntArray]:
    """Return the columns as they are in the file, times in microseconds. Raises `DataError`."""
    import pyarrow as pa  # noqa: PLC0415 - see TickFileWriter
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with pq.ParquetFile(path, memory_map=True, page_checksum_verification=True) as file:
            table = file.read(list(COLUMNS), use_threads=False)
        return [table[name].cast(pa.int64()).to_numpy() for name in COLUMNS]
    except (OSError, KeyError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None


def _to_json(about: About) -> dict[str, Any]:
    return {
        "layout": _LAYOUT,
        "symbol": about.symbol,
        "day": about.day.isoformat(),
        "scale": about.scale,
        "recording": about.recording,
        "lost": about.lost,
        "ticks": about.ticks,
        "checksums": dict(zip(COLUMNS, about.checksums, strict=True)),
    }


def _from_json(content: dict[str, Any]) -> About:
    """Raises `KeyError`, `TypeError` or `ValueError` for what `_to_json` does not make."""
    if content["layout"] != _LAYOUT:
        raise ValueError(f"layout {content['layout']}")
    return About(
        symbol=str(content["symbol"]),
        day=date.fromisoformat(content["day"]),
        scale=int(content["scale"]),
        recording=int(content["recording"]),
        lost=int(content["lost"]),
        ticks=int(content["ticks"]),
        checksums=tuple(int(content["checksums"][name]) for name in COLUMNS),
    )


def _unwritable(path: Path, error: Exception) -> StorageError:
    return StorageError(f"{path} cannot be written: {one_line(error)}")


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}: cannot be read ({one_line(error)}); move it away")
