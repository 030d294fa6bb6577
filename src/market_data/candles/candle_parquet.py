"""Which Parquet files hold candles of one symbol: any other is named for what it is, by its columns alone."""

from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import DataError, one_line

if TYPE_CHECKING:
    import pyarrow as pa

PRICES = ("open", "high", "low", "close")
COLUMNS = ("timestamp", *PRICES, "volume")
_CONTRACT_COLUMNS = {"strkpric", "optntp", "xprydt", "strike", "option_type", "expiry"}


def read_table(path: Path) -> "pa.Table":
    """Read all columns of a parquet file of candles. Raises `DataError` for anything else, and says what it is."""
    import pyarrow as pa  # noqa: PLC0415 - a tenth of a second that only those who read files pay for
    import pyarrow.parquet as pq  # noqa: PLC0415

    require_candles(path)
    try:
        with pq.ParquetFile(path) as file:
            return file.read()
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None


def require_candles(path: Path) -> None:
    """Look at a file's columns alone. Raises `DataError` that says what it is when it holds no candles."""
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.parquet as pq  # noqa: PLC0415

    if path.suffix != ".parquet":
        raise DataError(f"{path}: candles are read from .parquet files; save it as one")
    try:
        names = pq.read_schema(path).names
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None
    _refuse_what_is_no_candle_file(path, names)


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}: not readable as parquet ({one_line(error)})")


def _refuse_what_is_no_candle_file(path: Path, names: list[str]) -> None:
    known = {name.lower() for name in names}
    missing = [name for name in COLUMNS if names.count(name) != 1]
    if known & _CONTRACT_COLUMNS:
        raise DataError(f"{path}: rows of many contracts (a bhavcopy), not candles of one symbol; split it by contract")
    if not missing:
        return
    if any(name.startswith(("calls_", "puts_")) for name in known):
        raise DataError(f"{path}: snapshots of an option chain, not candles; there is nothing here to judge it by")
    if "open" not in known and known & {"price", "last_price", "ltp"}:
        raise DataError(f"{path}: ticks (one price a row), not candles; make candles of them first")
    raise DataError(f"{path}: column {missing[0]!r} is missing or there twice; it has {', '.join(names)}")
