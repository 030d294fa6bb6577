"""The columns of a Parquet file, of which numbers and times are taken without pandas.

pandas takes longer to import than all else that reads a file. What is typed as a number or a time is what it says;
text, gaps and all else are still worked out by pandas, a column when it is asked for.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from core.errors import DataError, one_line
from features.columns import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    Cells: TypeAlias = "pd.Series[Any]"

_NANOSECONDS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_LAST_INSTANT = 2**63 - 1
_ZONES = (None, "UTC", "Asia/Kolkata")
"""Zones whose names need no looking up."""


class Moments(NamedTuple):
    """A column of times."""

    digits: IntArray
    """Nanoseconds since the epoch."""
    zone: str | None
    """As the file names it; None where the digits are a wall clock's that it does not tell."""


class ParquetColumns(Mapping[str, "Cells"]):
    """A file's columns by name. Each column must have a name of its own."""

    def __init__(self, path: Path, table: "pa.Table") -> None:
        self._path = path
        self._table = table

    def __getitem__(self, name: str) -> "Cells":
        """Return a column for pandas. Raises `DataError` for one that it cannot hold."""
        import pyarrow as pa  # noqa: PLC0415 - a tenth of a second that only those who read Parquet pay for

        try:
            cells: Cells = self._table.select([name]).to_pandas(ignore_metadata=True)[name]
        except (ValueError, pa.ArrowException) as error:
            raise unreadable(self._path, error) from None
        return cells

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.column_names)

    def __len__(self) -> int:
        return len(self._table.column_names)

    @property
    def rows(self) -> int:
        """How many cells each column has."""
        return int(self._table.num_rows)

    def numbers(self, name: str) -> FloatArray | None:
        """Return a column of numbers; None where it has a gap or is of something else."""
        import pyarrow as pa  # noqa: PLC0415 - see __getitem__

        column = self._table[name]
        numbers = None if pa.types.is_timestamp(column.type) else flat(column)
        return None if numbers is None else numbers.astype(np.float64)

    def moments(self, name: str) -> Moments | None:
        """Return a column of times; None for others, and for a gap, a time beyond 64 bits or a zone like +05:30."""
        import pyarrow as pa  # noqa: PLC0415 - see __getitem__

        column = self._table[name]
        if not pa.types.is_timestamp(column.type) or column.type.tz not in _ZONES:
            return None
        counts, digits = flat(column), _NANOSECONDS[column.type.unit]
        if counts is None or np.abs(counts).max(initial=0) > _LAST_INSTANT // digits:
            return None
        return Moments(counts * digits, column.type.tz)


def flat(column: "pa.ChunkedArray") -> Any:
    """Return the numbers of a column, of times their counts since the epoch; None for gaps and all other types.

    Arrow's own way to an array imports pandas, to ask whether it is needed.
    """
    import pyarrow as pa  # noqa: PLC0415 - see ParquetColumns.__getitem__

    are_times = pa.types.is_timestamp(column.type)
    are_numbers = are_times or pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if column.null_count or not are_numbers:
        return None
    cells = column.combine_chunks()
    return np.from_dlpack(cells.view(pa.int64()) if are_times else cells)


def unreadable(path: Path, error: Exception) -> DataError:
    """Return the refusal of a file that is not Parquet, or is damaged."""
    return DataError(f"{path}: not readable as Parquet ({one_line(error)}); write or fetch it again")
