"""What a file of candles is of, told by its name: `NSE_SBIN-EQ_5m_fyers.parquet` is NSE:SBIN-EQ in 5m from fyers."""

import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import DataError
from core.market import Timeframe
from market_data.candles.candle_store import Series

_NAME = re.compile(r"(?P<exchange>[A-Z]+)_(?P<ticker>[A-Z0-9&_-]+)_(?P<interval>\d+[a-z])(?:_(?P<vendor>[\w-]+))?")
_INTERVALS = {"1d": Timeframe.D} | {each.value: each for each in Timeframe if each is not Timeframe.D}


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file whose name says what it holds."""

    series: Series
    vendor: str
    """Who it came from; empty where the name does not say."""


def named_file(path: Path) -> NamedFile:
    """Read a file's name. Raises `DataError` for one that does not tell symbol and timeframe."""
    found = _NAME.fullmatch(path.name.partition(".")[0])
    timeframe = _INTERVALS.get(found["interval"]) if found else None
    if found is None or timeframe is None:
        known = ", ".join(_INTERVALS)
        raise DataError(
            f"{path}: the name does not tell symbol and timeframe; name it like NSE_SBIN-EQ_5m{path.suffix} ({known})"
        )
    return NamedFile(Series(f"{found['exchange']}:{found['ticker']}", timeframe), found["vendor"] or "")
