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
from typing import TYPE_CHECKING, Any, TypeAlias

from core.errors import DataError, one_line
from features.columns import FloatArray
from market_data.archive_files import ABOUT

if TYPE_CHECKING:
    import pandas as pd

    Cells: TypeAlias = "pd.Series[Any]"

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SAMPLE_LINES = 50
_LEAST_COLUMNS = 5
_NUMBER = re.compile(r"-?[\d,.:/ -]+")
_GROUPED = r"^-?\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d*)?$"
_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".parquet")


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The columns of a file. Without a header they are named by their place, from `1` on."""

    path: Path
    columns: "Mapping[str, Cells]"
    has_header: bool
    form: str
    """For people: `CSV, separated by commas, with a header`."""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def rows(self, which: "Cells") -> "Table":
        """Return some of the rows, by mask."""
        picked = {name: cells[which].reset_index(drop=True) for name, cells in self.columns.items()}
        return Table(self.path, picked, self.has_header, self.form)

    def numbers(self, name: str) -> FloatArray:
        """Return a column as numbers, NaN where a cell has no digit. A comma may group thousands, also the Indian way.

        Raises `DataError` for digits that are no number, as `601,50` or `Rs 600`: NaN would hide what is wrong.
        """
        import pandas as pd  # noqa: PLC0415 - half a second that only those who read files pay for

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


def read_table(path: Path) -> Table:
    """Read a CSV (also `.csv.gz`) or Parquet file. Raises `DataError` that names the file and what is wrong with it."""
    if path.is_dir() or not path.exists():
        what = "it is a folder" if path.is_dir() else "there is no such file"
        raise DataError(f"{path}: {what}; give a CSV or Parquet file of candles")
    if not path.name.lower().endswith(_ENDINGS):
        raise DataError(f"{path}: read are {', '.join(_ENDINGS)}; name the file after what it is")
    table = _parquet(path) if path.name.lower().endswith(".parquet") else _csv(path)
    if not table.columns or not len(table):
        raise DataError(f"{path}: no rows")
    return table


def _parquet(path: Path) -> Table:
    import pyarrow as pa  # noqa: PLC0415 - see Table.numbers
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        # ParquetFile, not read_table: the latter makes columns of folders named key=value above the file.
        with pq.ParquetFile(path) as file:
            is_ours = ABOUT in (file.metadata.metadata or {})
            frame: pd.DataFrame = file.read().to_pandas(ignore_metadata=True)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(f"{path}: not readable as Parquet ({one_line(error)}); write or fetch it again") from None
    if is_ours:
        raise DataError(
            f"{path}: is a file of the archive, in paise; it is in a store already: give the file it came from"
        )
    _refuse_repeats(path, list(frame.columns))
    return Table(path, {str(name): frame[name] for name in frame.columns}, has_header=True, form="Parquet")


def _csv(path: Path) -> Table:
    import pandas as pd  # noqa: PLC0415 - see Table.numbers

    text = _text(path)
    separator, sample = _dialect(path, text)
    has_header = not any(_NUMBER.fullmatch(cell.strip()) for cell in sample[0] if cell.strip())
    names = [cell.strip() for cell in sample[0]] if has_header else [str(1 + place) for place in range(len(sample[0]))]
    _refuse_repeats(path, names)
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            header=None,
            names=names,
            skiprows=1 if has_header else 0,
            dtype=str,
            keep_default_na=False,
            skipinitialspace=True,
            index_col=False,
            on_bad_lines="error",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataError(f"{path}: not readable as CSV ({one_line(error)}); mend that line") from None
    form = f"CSV, separated by {_SEPARATORS[separator]}, {'with' if has_header else 'without'} a header"
    return Table(path, {name: frame[name] for name in names}, has_header, form)


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
        raise DataError(f"{path}: {_why_no_table(head[:_SAMPLE_LINES])}")
    return best[1], best[2]


def _why_no_table(lines: Sequence[str]) -> str:
    """Return what keeps lines from being a table: one that differs from the others, where there is one."""
    for separator, name in _SEPARATORS.items():
        widths = {at: line.count(separator) + 1 for at, line in enumerate(lines) if line.strip()}
        counts = Counter(widths.values())
        usual, often = counts.most_common(1)[0] if counts else (0, 0)
        if usual >= _LEAST_COLUMNS and often < len(widths) < 2 * often:
            odd = next(at for at, width in widths.items() if width != usual)
            return (
                f"line {odd + 1} splits into {widths[odd]}, most lines into {usual}, by {name}: "
                f"{lines[odd][:40]!r}; mend or remove it"
            )
    if not any(line.strip() for line in lines):
        return "no rows"
    return (
        f"no separator splits every line into {_LEAST_COLUMNS} columns or more; tried are "
        f"{', '.join(_SEPARATORS.values())}; one header at most, and nothing above it"
    )


def _refuse_repeats(path: Path, names: Sequence[object]) -> None:
    repeated = sorted({str(name) for name in names if list(names).count(name) > 1})
    if repeated:
        raise DataError(f"{path}: more than one column is called {', '.join(map(repr, repeated))}; rename them")
