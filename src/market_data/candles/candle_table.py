"""A file of candles as named columns of cells, before anybody says what the columns mean.

Everybody's CSV is different: the separator is found by counting, a first line without numbers is a header. Cells of a
CSV stay text, so that nothing is guessed twice; cells of a Parquet file keep their type.
"""

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from core.errors import DataError, one_line
from features.columns import FloatArray, IntArray
from market_data.archive_files import ABOUT
from market_data.candles.parquet_columns import Moments, ParquetColumns, unreadable

if TYPE_CHECKING:
    import pandas as pd

    Cells: TypeAlias = "pd.Series[Any]"

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SAMPLE_LINES = 50
_LEAST_COLUMNS = 5
_NUMBER = re.compile(r"-?[\d,.:/ -]+")
_GROUPED = r"^-?\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d*)?$"
ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".parquet")
"""What files of candles are called, in small letters or large."""
_BEGINNINGS = {b"PAR1": "Parquet", b"\x1f\x8b": "packed with gzip"}
"""First bytes that tell what a file is, whatever it is called."""
_PLAIN = "neither Parquet nor packed with gzip"


class NoCandlesError(DataError):
    """A file that can be read and holds something else than candles of one symbol. It is named and left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The columns of a file. Without a header they are named by their place, from `1` on."""

    path: Path
    columns: "Mapping[str, Cells]"
    has_header: bool
    form: str
    """For people: `CSV, separated by commas, with a header`."""
    separator: str = ""
    """Of a CSV; a Parquet file has none."""

    def __len__(self) -> int:
        columns = self.columns
        return columns.rows if isinstance(columns, ParquetColumns) else len(next(iter(columns.values())))

    def rows(self, which: "Cells") -> "Table":
        """Return some of the rows, by mask."""
        picked = {name: cells[which].reset_index(drop=True) for name, cells in self.columns.items()}
        return Table(self.path, picked, self.has_header, self.form, self.separator)

    def numbers(self, name: str) -> FloatArray:
        """Return a column as numbers, NaN where a cell has no digit. A comma may group thousands, also the Indian way.

        Raises `DataError` for digits that are no number, as `601,50` or `Rs 600`: NaN would hide what is wrong.
        """
        typed = self.columns.numbers(name) if isinstance(self.columns, ParquetColumns) else None
        if typed is not None:
            return typed
        import pandas as pd  # noqa: PLC0415 - a third of a second that only those who read such files pay for

        cells = self.columns[name]
        if not pd.api.types.is_numeric_dtype(cells):
            text = cells.astype(str).str.strip()
            grouped = text.str.match(_GROUPED)
            cells = text.where(~grouped, text.str.replace(",", "", regex=False))
        numbers = pd.to_numeric(cells, errors="coerce")
        others = cells[numbers.isna()].astype(str)
        spoiled = others[others.str.contains(r"\d")]
        if len(spoiled):
            raise DataError(
                f"{self.path}: row {spoiled.index[0] + 1}: {name} is {spoiled.iloc[0][:40]!r}, which is no number; "
                "write figures alone, with a point before decimals"
            )
        return numbers.to_numpy(dtype="float64", na_value=float("nan"))

    def moments(self, name: str) -> Moments | None:
        """Return a column whose type says that it is of times; None for one that must be read as it is written."""
        return self.columns.moments(name) if isinstance(self.columns, ParquetColumns) else None


def read_table(path: Path) -> Table:
    """Read a CSV (also `.csv.gz`) or Parquet file. Raises `DataError` that names the file and what is wrong with it."""
    try:
        beginning = _beginning(path)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; give a CSV or Parquet file of candles") from None
    except IsADirectoryError:
        raise DataError(f"{path}: it is a folder; give a CSV or Parquet file of candles") from None
    except OSError as error:
        raise DataError(f"{path}: not readable ({error.strerror}); check the path and its permissions") from None
    name = path.name.lower()
    called = "Parquet" if name.endswith(".parquet") else "packed with gzip" if name.endswith(".gz") else _PLAIN
    remedy = f"read are {', '.join(ENDINGS)}; name the file after what it is"
    if not name.endswith(ENDINGS):
        raise DataError(f"{path}: {remedy}")
    if not beginning:
        raise DataError(f"{path}: no rows: the file is empty")
    if beginning != called:
        raise DataError(f"{path}: is {beginning} by its content; {remedy}")
    table = _parquet(path) if called == "Parquet" else _csv(path)
    if not table.columns or not len(table):
        raise DataError(f"{path}: no rows")
    return table


def write_rows(table: Table, which: IntArray, file: BinaryIO) -> None:
    """Write some rows of a table in another order, as its file has them: in the same columns, cells and packing."""
    import pandas as pd  # noqa: PLC0415 - see Table.numbers
    import pyarrow.parquet as pq  # noqa: PLC0415

    if not table.separator:
        with pq.ParquetFile(table.path) as source:
            pq.write_table(source.read().take(which), file, compression="zstd")
        return
    rows = pd.DataFrame(dict(table.columns)).iloc[which]
    content = rows.to_csv(sep=table.separator, header=table.has_header, index=False).encode()
    file.write(gzip.compress(content) if table.path.name.lower().endswith(".gz") else content)


def _beginning(path: Path) -> str:
    """Return what the first bytes of a file say it is; nothing for an empty file."""
    with path.open("rb") as file:
        first = file.read(4)
    return next((what for mark, what in _BEGINNINGS.items() if first.startswith(mark)), _PLAIN if first else "")


def _parquet(path: Path) -> Table:
    import pyarrow as pa  # noqa: PLC0415 - see Table.numbers
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        # ParquetFile, not read_table: the latter makes columns of folders named key=value above the file.
        with pq.ParquetFile(path) as file:
            is_ours = ABOUT in (file.metadata.metadata or {})
            table = file.read()
        pa.default_memory_pool().release_unused()  # what reading took, which pyarrow would keep for the next file
    except (OSError, ValueError, pa.ArrowException) as error:
        raise unreadable(path, error) from None
    if is_ours:
        raise NoCandlesError(
            f"{path}: is a file of the archive, in paise; it is in a store already: give the file it came from"
        )
    _refuse_repeats(path, table.column_names)
    return Table(path, ParquetColumns(path, table), has_header=True, form="Parquet")


def _csv(path: Path) -> Table:
    import pandas as pd  # noqa: PLC0415 - see Table.numbers

    text = _text(path)
    separator, sample = _dialect(path, text)
    has_header = not any(_NUMBER.fullmatch(cell.strip()) for cell in sample[0] if cell.strip())
    heads = _header_lines(sample) if has_header else 0
    names = [cell.strip() for cell in sample[0]] if has_header else [str(1 + place) for place in range(len(sample[0]))]
    if heads > 1:
        names[0] = sample[heads - 1][0].strip()
    _refuse_repeats(path, names)
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            header=None,
            names=names,
            skiprows=heads,
            dtype=str,
            keep_default_na=False,
            skipinitialspace=True,
            index_col=False,
            on_bad_lines="error",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataError(f"{path}: not readable as CSV ({one_line(error)}); mend that line") from None
    form = f"CSV, separated by {_SEPARATORS[separator]}, {'with' if has_header else 'without'} a header"
    return Table(path, {name: frame[name] for name in names}, has_header, form, separator)


def _header_lines(sample: Sequence[Sequence[str]]) -> int:
    """Return how many lines name the columns. Of several, as pandas writes them, the last names the first column alone.

    So are files of yfinance: `Price,Close,Open`, `Ticker,SBIN.NS,SBIN.NS`, `Datetime,,`.
    """
    for number, line in enumerate(sample[1:4], start=2):
        first, *others = (cell.strip() for cell in line)
        if any(map(str.isdigit, first)):
            break
        if first and not any(others):
            return number
    return 1


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if path.name.lower().endswith(".gz"):
            content = gzip.decompress(content)
        return content.decode("utf-8-sig").lstrip("\r\n")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: not readable as gzip ({one_line(error)}); fetch or pack it again") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: is no UTF-8 text; save it as CSV in UTF-8") from None
    except OSError as error:
        raise DataError(f"{path}: not readable ({error.strerror}); check the path and its permissions") from None


def _dialect(path: Path, text: str) -> tuple[str, list[list[str]]]:
    """Return the separator that splits the first lines into the most columns, as many in each, and those lines."""
    head = text[: 1 << 16].splitlines()
    lines = [line for line in head[:_SAMPLE_LINES] if line.strip()]
    best: tuple[int, str, list[list[str]]] = (0, ",", [])
    for separator in _SEPARATORS:
        try:
            rows = list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
        except csv.Error:
            continue
        widths = {len(row) for row in rows}
        if len(widths) == 1 and max(widths) > best[0]:
            best = max(widths), separator, rows
    if best[0] < _LEAST_COLUMNS:
        raise _no_table(path, head[:_SAMPLE_LINES])
    return best[1], best[2]


def _no_table(path: Path, lines: Sequence[str]) -> DataError:
    """Return what keeps lines from being a table: one that differs from the others, where there is one."""
    for separator, name in _SEPARATORS.items():
        widths = {at: line.count(separator) + 1 for at, line in enumerate(lines) if line.strip()}
        counts = Counter(widths.values())
        usual, often = counts.most_common(1)[0] if counts else (0, 0)
        if usual >= _LEAST_COLUMNS and often < len(widths) < 2 * often:
            odd = next(at for at, width in widths.items() if width != usual)
            return DataError(
                f"{path}: line {odd + 1} splits into {widths[odd]}, most lines into {usual}, by {name}: "
                f"{lines[odd][:40]!r}; mend or remove it"
            )
    if not any(line.strip() for line in lines):
        return DataError(f"{path}: no rows")
    return NoCandlesError(
        f"{path}: no separator splits every line into {_LEAST_COLUMNS} columns or more; tried are "
        f"{', '.join(_SEPARATORS.values())}; one header at most, and nothing above it"
    )


def _refuse_repeats(path: Path, names: Sequence[object]) -> None:
    repeated = sorted({str(name) for name in names if list(names).count(name) > 1})
    if repeated:
        raise DataError(f"{path}: more than one column is called {', '.join(map(repr, repeated))}; rename them")
