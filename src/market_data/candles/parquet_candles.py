"""Candles in Parquet files: whole numbers, packed by their differences, one file a year of each series.

Six and a half bytes a candle, and a year is read in three milliseconds (docs/decisions/0016). A file is replaced in
one step, so a reader sees the old year or the new one, and a crash leaves one of them. What days a file knows stands in
the file itself: it can never claim more than it holds. Any tool that reads Parquet reads the folder `historical_data`,
where symbol and timeframe are columns by the names of the folders.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from core.errors import DataError, one_line
from core.instants import MILLISECOND, instant_at
from features.columns import CandleColumns, IntArray
from market_data.archive_files import ABOUT, about_of, require_folders, writing_in
from market_data.candles.candle_folders import folder_of, series_in, strays_in, years_in
from market_data.candles.candle_store import Holding, Runs, Series, empty, merged, sorted_by_name, within
from market_data.candles.parquet_columns import flat
from market_data.days import Days, joined
from runtime.atomic_files import open_atomically

if TYPE_CHECKING:
    import pyarrow.parquet as pq

TABLE = "historical_data"
_LAYOUT = 1
_PRICES = ("open", "high", "low", "close")
_COLUMNS = ("timestamp", *_PRICES, "volume")
_LARGEST_PRICE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class _Year:
    """What one file holds: its columns as they are written, and the days it knows."""

    columns: tuple[IntArray, ...]
    """Starts in milliseconds, then prices and volumes; not checked yet, and of several widths."""
    known: tuple[Days, ...]


class ParquetCandleStore:
    """The port `CandleStore` over a folder."""

    def __init__(self, archive: Path) -> None:
        """`archive` is the folder of the whole archive; the candles are its table `historical_data`."""
        self._root = archive / TABLE

    def put(self, series: Series, days: Days, candles: CandleColumns) -> None:
        """Write some days. Raises what `put_all` does."""
        self.put_all(series, ((days, candles),))

    def put_all(self, series: Series, runs: Runs) -> None:
        """Write every year beside its old file, and only then put the new ones in their places.

        A disk that is full refuses before the first is replaced; a crash leaves each year whole, old or new. Raises
        `DataError` for a candle outside its days, `StorageError` when the disk refuses or another process has been
        writing this series for a minute.
        """
        years: dict[int, list[tuple[Days, CandleColumns]]] = {}
        for days, candles in runs:
            merged(empty(), days, candles)  # refuses what does not belong before anything is written
            top = int(candles.highs.max(initial=0))
            if top > _LARGEST_PRICE:
                raise DataError(f"{series}: a price of {top} units is above {_LARGEST_PRICE}; clean the data")
            for part in _by_year(days):
                years.setdefault(part.first.year, []).append((part, within(candles, part)))
        with writing_in(self._folder(series)), ExitStack() as replacements:
            for year in sorted(years, reverse=True):  # the last one written takes its place first
                self._put_year(series, year, years[year], replacements)

    def read(self, series: Series, days: Days) -> CandleColumns:
        """Return the candles of some days, oldest first. Raises `DataError` that names a file which cannot be read."""
        files = self._files(series)
        years = [_read(path, series) for year, path in files.items() if days.first.year <= year <= days.last.year]
        try:
            return _candles(years, days)
        except DataError as error:
            raise DataError(f"{self._folder(series)}: {error}") from None

    def known(self, series: Series) -> tuple[Days, ...]:
        """Return the days that have been written. Raises `DataError` that names a file which cannot be read."""
        return joined([days for path in self._files(series).values() for days in _known(_footer(path), path, series)])

    def holdings(self) -> tuple[Holding, ...]:
        """Return what is there, from the ends of the files alone; a strange or torn file is named in its series' error.

        Raises `DataError` for a file in place of the archive.
        """
        require_folders(self._root.parent, self._root)
        return tuple(self._held(series) for series in sorted_by_name(list(series_in(self._root))))

    def strays(self) -> tuple[str, ...]:
        """Return a line for each file and folder among the candles that is none of ours; they hinder nobody."""
        return tuple(strays_in(self._root))

    def _held(self, series: Series) -> Holding:
        try:
            return self._holding(series)
        except DataError as error:
            return Holding(series=series, candles=0, first=None, last=None, known=(), error=str(error))

    def _holding(self, series: Series) -> Holding:
        count, first, last, known = 0, None, None, list[Days]()
        for path in self._files(series).values():
            footer = _footer(path)
            known += _known(footer, path, series)
            if footer.num_rows:
                bounds = [footer.row_group(group).column(0).statistics for group in range(footer.num_row_groups)]
                count += footer.num_rows
                first = min(_instant(each.min) for each in bounds) if first is None else first
                last = max(_instant(each.max) for each in bounds)
        return Holding(series=series, candles=count, first=first, last=last, known=joined(known))

    def _folder(self, series: Series) -> Path:
        return folder_of(self._root, series)

    def _files(self, series: Series) -> dict[int, Path]:
        return years_in(self._folder(series))

    def _put_year(self, series: Series, year: int, runs: Runs, replacements: ExitStack) -> None:
        path = self._folder(series) / f"{year:04}.parquet"
        old = [_read(path, series)] if path.exists() else []
        known = [each for part in old for each in part.known]
        try:
            after = _candles(old, None)
            for days, candles in runs:
                after = merged(after, days, candles)
                known.append(days)
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
        _write(replacements.enter_context(open_atomically(path)), series, after, joined(known))


def _by_year(days: Days) -> Iterator[Days]:
    for year in range(days.first.year, days.last.year + 1):
        yield Days(max(days.first, date(year, 1, 1)), min(days.last, date(year, 12, 31)))


def _candles(years: Sequence[_Year], days: Days | None) -> CandleColumns:
    """Return the candles of some years, or only of some days of them; checked once, for each check costs a read."""
    if not years:
        return empty()
    # One block for all columns: large enough for the system to hand out in large pages, which halves the time.
    block = np.empty((len(_COLUMNS), sum(len(year.columns[0]) for year in years)), dtype=np.int64)
    for column, parts in zip(block, zip(*(year.columns for year in years), strict=True), strict=True):
        np.concatenate(parts, out=column)
    starts, opens, highs, lows, closes, volumes = block
    starts *= MILLISECOND
    part = slice(None)
    if days is not None:
        edges = instant_at(days.first, time()), instant_at(days.last + timedelta(days=1), time())
        part = slice(*np.searchsorted(starts, edges).tolist())
    return CandleColumns(starts[part], opens[part], highs[part], lows[part], closes[part], volumes[part])


def _write(file: BinaryIO, series: Series, candles: CandleColumns, known: tuple[Days, ...]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - a tenth of a second that only those who touch the archive pay for
    import pyarrow.parquet as pq  # noqa: PLC0415

    spans = [[days.first.isoformat(), days.last.isoformat()] for days in known]
    about = {"layout": _LAYOUT, "symbol": series.symbol, "timeframe": series.timeframe.value, "known": spans}
    columns = [
        pa.array(candles.starts // MILLISECOND, type=pa.timestamp("ms", tz="Asia/Kolkata")),
        *(pa.array(prices.astype(np.int32)) for prices in (candles.opens, candles.highs, candles.lows, candles.closes)),
        pa.array(candles.volumes),
    ]
    table = pa.table(dict(zip(_COLUMNS, columns, strict=True))).replace_schema_metadata({ABOUT: json.dumps(about)})
    pq.write_table(
        table,
        file,
        compression="snappy",
        use_dictionary=False,
        column_encoding=dict.fromkeys(_COLUMNS, "DELTA_BINARY_PACKED"),
        write_page_checksum=True,
    )
    file.flush()  # a full disk says so here, before any year is replaced


def _read(path: Path, series: Series) -> _Year:
    import pyarrow as pa  # noqa: PLC0415 - see _write
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with pq.ParquetFile(path, memory_map=True, page_checksum_verification=True) as file:
            known = _known(file.metadata, path, series)
            table = file.read(list(_COLUMNS), use_threads=False)
        columns = tuple(flat(table[name]) for name in _COLUMNS)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None
    if any(column is None or column.dtype.kind != "i" for column in columns):
        raise _unreadable(path, TypeError("a column holds something else than whole numbers"))
    return _Year(columns, known)


def _footer(path: Path) -> "pq.FileMetaData":
    import pyarrow as pa  # noqa: PLC0415 - see _write
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        return pq.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None


def _known(footer: "pq.FileMetaData", path: Path, series: Series) -> tuple[Days, ...]:
    """Return the days that a file says it knows. Raises `DataError` for a file that is of something else."""
    about = about_of(footer.metadata, path, "use `fyersbot import-data` for files of your own")
    of = about.get("symbol"), about.get("timeframe"), about.get("layout")
    if of != (series.symbol, series.timeframe.value, _LAYOUT):
        said = "{} {} in layout {}".format(*of)
        raise DataError(f"{path}: says it is {said}, expected {series} in layout {_LAYOUT}; move it away")
    try:
        known = tuple(Days(date.fromisoformat(first), date.fromisoformat(last)) for first, last in about["known"])
    except (KeyError, TypeError, ValueError):
        known = ()
    if not known:
        raise DataError(f"{path}: does not say what days it knows; move it away and download them again")
    return known


def _instant(stamp: Any) -> int:
    """Return the instant of a Parquet statistic, which is an aware datetime."""
    return int(stamp.timestamp() * 1_000) * MILLISECOND


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}: cannot be read ({one_line(error)}); move it away and download its year again")
