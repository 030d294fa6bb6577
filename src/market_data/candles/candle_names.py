"""What a file of candles is of, told by its name: `NSE_SBIN-EQ_5m_fyers.parquet` is NSE:SBIN-EQ in 5m from fyers."""

import re
from dataclasses import dataclass
from pathlib import Path

from core.market import Timeframe
from market_data.candles.candle_store import Series

_NAME = re.compile(
    r"(?P<exchange>[A-Z]+)_(?P<ticker>[A-Z0-9&_-]+)_(?P<interval>\d+[a-z]|D)(?![A-Za-z0-9])(?:_(?P<vendor>[\w-]+))?"
)
EXAMPLE = "NSE_SBIN-EQ_5m"
"""How a file of candles is best called, before its ending."""
_INTERVALS = {"1d": Timeframe.D} | {each.value: each for each in Timeframe}


@dataclass(frozen=True, slots=True)
class FileName:
    """What a name says."""

    symbol: str
    timeframe: Timeframe | None
    """None for an interval that is no timeframe of ours."""
    vendor: str
    """Who it came from; empty where the name does not say."""


def name_of(path: Path) -> FileName | None:
    """Read a file's name; None when it does not tell a symbol. What follows symbol, interval and vendor is ignored."""
    found = _NAME.match(path.name)
    if found is None:
        return None
    return FileName(f"{found['exchange']}:{found['ticker']}", _INTERVALS.get(found["interval"]), found["vendor"] or "")


def series_named(path: Path) -> Series | None:
    """Return what a file's name says it holds; None where it does not tell symbol and timeframe."""
    name = name_of(path)
    return Series(name.symbol, name.timeframe) if name and name.timeframe else None
