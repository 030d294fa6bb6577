"""Symbol masters of the past in Parquet: one file a year of each segment, every contract once for as long as it lasts.

A year of daily masters of the largest segment is some megabytes instead of hundreds (docs/decisions/0019). A file is
replaced in one step and says itself which days it knows. Any tool that reads Parquet reads the folder `symbol_master`:
a row stood in the masters from `first` to `last`; prices are whole units of 10^-2 rupee, in NSE_CD of 10^-4.
"""

import json
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from core.errors import DataError, one_line
from market_data.archive_files import ABOUT, about_of, not_ours, require_folders, writing_in
from market_data.symbols.contract import FACTS, Contract
from market_data.symbols.contract_versions import COLUMNS, no_versions, with_master
from market_data.symbols.symbol_archive import count_before, refuse_half
from runtime.atomic_files import open_atomically

TABLE = "symbol_master"
_LAYOUT = 1
_PIECE = 32_768
"""Rows that are read for the first question about one ticker."""


@dataclass(frozen=True, slots=True)
class _Year:
    """What one file holds."""

    versions: Any
    days: tuple[date, ...]


class _Index:
    """A year that is asked for single tickers: sorted by them, so that only the pieces around one are read and kept."""

    def __init__(self, path: Path, segment: str) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 - see ParquetSymbolArchive.versions

        self._path = path
        with _readable(path):
            self._file = pq.ParquetFile(path)  # stays open: when the file is replaced, this is still the old one
        about = self._file.metadata
        list(_days_of(about.metadata, path, segment))
        bounds = [about.row_group(number).column(0).statistics for number in range(about.num_row_groups)]
        self._lowest, self._highest = [each.min for each in bounds], [each.max for each in bounds]
        self._pieces: dict[int, dict[str, Any]] = {}

    def contract(self, symbol: str, as_of: date) -> Contract | None:
        """Return the newest version that begins no later than a date. Raises `DataError`."""
        for number in reversed(range(len(self._lowest))):  # the versions of one ticker may go over into the next piece
            if self._lowest[number] <= symbol <= self._highest[number]:
                found = self._newest(self._piece(number), symbol, as_of)
                if found is not None:
                    return found
        return None

    def _newest(self, columns: dict[str, Any], symbol: str, as_of: date) -> Contract | None:
        symbols, first, found = columns["symbol"], columns["first"], None
        for row in range(bisect_left(range(len(symbols)), symbol, key=lambda row: str(symbols[row])), len(symbols)):
            if str(symbols[row]) != symbol or first[row].as_py() > as_of:
                break
            found = row
        return None if found is None else Contract(**{name: columns[name][found].as_py() for name in FACTS})

    def _piece(self, number: int) -> dict[str, Any]:
        if number not in self._pieces:
            with _readable(self._path):
                table = self._file.read_row_group(number, list(COLUMNS), use_threads=False)
                table = table.replace_schema_metadata(None).cast(no_versions().schema)
            self._pieces[number] = {name: table[name].combine_chunks() for name in COLUMNS}
        return self._pieces[number]


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say of a file that cannot be read which one it is. Raises `DataError`."""
    import pyarrow as pa  # noqa: PLC0415 - see ParquetSymbolArchive.versions

    try:
        yield
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise DataError(
            f"{path}: cannot be read ({one_line(error)}); move it away and import its masters again"
        ) from None


class ParquetSymbolArchive:
    """The port `SymbolArchive` over a folder."""

    def __init__(self, archive: Path) -> None:
        """`archive` is the folder of the whole archive; the masters are its table `symbol_master`."""
        self._root = archive / TABLE
        self._indices: dict[Path, tuple[tuple[int, int], _Index]] = {}

    def put(self, segment: str, day: date, contracts: Any, *, force: bool = False) -> None:
        """Keep a day's master.

        Raises `DataError` for none at all or far fewer contracts than before unless `force`, `StorageError` when the
        disk refuses or another process has been writing this segment for a minute.
        """
        folder = self._folder(segment)
        with writing_in(folder):
            path = folder / f"{day.year:04}.parquet"
            old = _read(path, segment) if path.exists() else _Year(no_versions(), ())
            refuse_half(segment, day, contracts.num_rows, self._count_before(segment, day, old), force=force)
            _write(path, segment, _Year(*with_master(old.versions, old.days, day, contracts)))

    def days(self, segment: str) -> tuple[date, ...]:
        """Return the days whose masters are kept. Raises `DataError` that names a strange file."""
        return tuple(day for path in self._files(segment) for day in _days(path, segment))

    def size(self, segment: str) -> int:
        """Return the bytes that a segment's masters take on the disk."""
        return sum(path.stat().st_size for path in self._files(segment))

    def contract(self, segment: str, symbol: str, as_of: date) -> Contract | None:
        """Return a contract as of a date. Raises `DataError` that names a file which cannot be read."""
        for path in reversed(self._files(segment)):
            if int(path.stem) <= as_of.year:
                found = self._index(path, segment).contract(symbol, as_of)
                if found is not None:
                    return found
        return None

    def versions(self, segment: str) -> Any:
        """Return all there is. Raises `DataError` that names a file which cannot be read."""
        import pyarrow as pa  # noqa: PLC0415 - a tenth of a second that only those who touch the archive pay for

        years = [_read(path, segment).versions for path in self._files(segment)]
        order = [("symbol", "ascending"), ("first", "ascending")]
        return years[0] if len(years) == 1 else pa.concat_tables([no_versions(), *years]).sort_by(order)

    def _count_before(self, segment: str, day: date, year: _Year) -> int:
        if any(each < day for each in year.days):
            return count_before(year.versions, year.days, day)
        for path in reversed(self._files(segment)):
            if int(path.stem) < day.year:
                older = _read(path, segment)
                return count_before(older.versions, older.days, day)
        return 0

    def _index(self, path: Path, segment: str) -> _Index:
        """Return a year's index; one that was replaced since is read again."""
        facts = path.stat()
        stamp = (facts.st_mtime_ns, facts.st_ino)
        known = self._indices.get(path)
        if known is None or known[0] != stamp:
            known = stamp, _Index(path, segment)
            self._indices[path] = known
        return known[1]

    def _folder(self, segment: str) -> Path:
        return self._root / f"segment={segment}"

    def _files(self, segment: str) -> list[Path]:
        """Return the file of each year, oldest first. Raises `DataError` if a file lies in place of a folder."""
        require_folders(self._root.parent, self._root)
        return sorted(self._folder(segment).glob("[0-9][0-9][0-9][0-9].parquet"))


def _write(path: Path, segment: str, year: _Year) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - see ParquetSymbolArchive.versions

    about = {"layout": _LAYOUT, "segment": segment, "days": [day.isoformat() for day in year.days]}
    with open_atomically(path) as file:
        pq.write_table(
            year.versions.replace_schema_metadata({ABOUT: json.dumps(about)}),
            file,
            compression="zstd",
            row_group_size=_PIECE,
            use_dictionary=["session", "option", "underlying", "underlying_token", "isin"],
        )


def _read(path: Path, segment: str) -> _Year:
    import pyarrow.parquet as pq  # noqa: PLC0415 - see ParquetSymbolArchive.versions

    with _readable(path), pq.ParquetFile(path) as file:
        days = tuple(_days_of(file.metadata.metadata, path, segment))
        versions = file.read(list(COLUMNS), use_threads=False).replace_schema_metadata(None)
        return _Year(versions.cast(no_versions().schema).combine_chunks(), days)


def _days(path: Path, segment: str) -> tuple[date, ...]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - see ParquetSymbolArchive.versions

    with _readable(path):
        return tuple(_days_of(pq.read_metadata(path).metadata, path, segment))


def _days_of(metadata: dict[bytes, bytes] | None, path: Path, segment: str) -> Iterator[date]:
    """Read which days a file knows. Raises `DataError` for a file of something else."""
    about = about_of(metadata, path)
    try:
        of, days = (about["segment"], about["layout"]), [date.fromisoformat(day) for day in about["days"]]
    except (KeyError, TypeError, ValueError):
        raise not_ours(path) from None
    if of != (segment, _LAYOUT):
        said = "{} in layout {}".format(*of)
        raise DataError(f"{path}: says it is {said}, expected {segment} in layout {_LAYOUT}; move it away")
    return iter(days)
