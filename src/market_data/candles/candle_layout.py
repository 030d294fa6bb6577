"""Which column of a file is what: by its name in the dialects people meet, by its rows where there is no header.

Exchanges, brokers and libraries each name the same six columns in their own way. What a name does not tell, and the
rows do not prove, is asked for: a file with open and close exchanged would train a model on nonsense.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from core.errors import DataError
from market_data.candles.candle_table import Table

_NAMES: Mapping[str, tuple[str, ...]] = {
    "timestamp": ("timestamp", "datetime", "ts", "epoch", "opentime", "starttime", "bartime", "dt", "index", ""),
    "date": ("date", "tradedate", "tradingdate", "date1", "traddt", "bizdt", "dateyyyymmdd", "dtyyyymmdd", "day"),
    "time": ("time", "tradetime", "timehhmmss"),
    "open": ("open", "o", "openprice", "opnpric", "into"),
    "high": ("high", "h", "highprice", "hghpric", "inth"),
    "low": ("low", "l", "lowprice", "lwpric", "intl"),
    "close": ("close", "c", "closeprice", "clspric", "intc"),
    "volume": (
        "volume",
        "vol",
        "v",
        "tottrdqty",
        "ttltrdqnty",
        "ttltradgvol",
        "totaltradedquantity",
        "tradedquantity",
        "quantity",
        "qty",
        "sharestraded",
        "intv",
    ),
    "symbol": ("symbol", "ticker", "tckrsymb", "tradingsymbol", "instrument", "scrip"),
    "series": ("series", "sctysrs"),
}
"""Names as letters and digits only, in small letters; the first that a file has wins."""
_PRICES = ("open", "high", "low", "close")
_PANDAS_INDEX = "indexlevel0"
_WHOLE_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?(?: ?[AaPp][Mm])?")
_MOMENT = re.compile(r"\d{1,4}[-/. ]\w{2,3}[-/. ]\d{2,4}\b.*|\d{9,19}")
_SAMPLE = 500
"""Rows by which a column without a name is told from others."""
_NEARLY_ALL = 0.99
"""Share of the rows in which four columns must fit as open, high, low and close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The names of the columns that hold what a candle is made of; None for what the file lacks."""

    open: str
    high: str
    low: str
    close: str
    timestamp: str | None = None
    """Date and time in one column."""
    date: str | None = None
    """The date alone, or all there is of a daily file."""
    time: str | None = None
    """The time of the day beside `date`, or all of it where there is neither."""
    volume: str | None = None
    symbol: str | None = None
    series: str | None = None

    def __str__(self) -> str:
        """One line for people: `timestamp=Date open=O ...`."""
        pairs = ((field.name, getattr(self, field.name)) for field in fields(self))
        return " ".join(f"{role}={name}" for role, name in sorted(pairs, key=_by_role) if name is not None)

    @property
    def moments(self) -> tuple[str, str | None]:
        """The column that holds the moment, or the date, and the column with the time of the day beside it, if any."""
        if self.timestamp is not None:
            return self.timestamp, None
        if self.date is not None:
            return self.date, self.time
        return self.time or "", None


def layout_of(table: Table, wished: Mapping[str, str]) -> tuple[Layout, str]:
    """Return where a file has what, and why that is so. `wished` names columns by role, and wins.

    Raises `DataError` that names the role nobody found and the columns there are.
    """
    _check(table, wished)
    if table.has_header:
        found, why = _by_names(table, wished), "by their names"
    else:
        found, why = _by_rows(table, wished), "by their rows: there is no header"
    found = {role: name for role, name in found.items() if name not in wished.values()} | dict(wished)
    spare = {"timestamp"} if wished.keys() & {"date", "time"} and "timestamp" not in wished else {"date", "time"}
    if "timestamp" in found:
        found = {role: name for role, name in found.items() if role not in spare}
    if not found.keys() & {"timestamp", "date", "time"}:
        raise _lacking(table, "timestamp")
    for role in _PRICES:
        if role not in found:
            raise _lacking(table, role)
    return Layout(**found), why


def time_columns(table: Table) -> tuple[str, str | None]:
    """Return the column that holds the moment, and the one with the time of day beside it, by their names alone.

    Raises `DataError` when there is none.
    """
    found = _by_names(table, {}) if table.has_header else {}
    if "timestamp" in found:
        return found["timestamp"], None
    if "date" in found:
        return found["date"], found.get("time")
    if "time" not in found:
        raise _lacking(table, "timestamp")
    return found["time"], None


def _check(table: Table, wished: Mapping[str, str]) -> None:
    for role, name in wished.items():
        if role not in _NAMES:
            raise DataError(f"--columns {role}={name}: there is no {role!r}; known are {', '.join(_NAMES)}")
        if name not in table.columns:
            raise DataError(f"--columns {role}={name}: {table.path} has {', '.join(table.columns)}")


def _by_names(table: Table, wished: Mapping[str, str]) -> dict[str, str]:
    plain: dict[str, list[str]] = {}
    for name in table.columns:
        key = re.sub(r"[^a-z0-9]", "", name.lower())
        plain.setdefault("" if key == _PANDAS_INDEX else key, []).append(name)
    found = {}
    for role, names in _NAMES.items():
        known = next((plain[name] for name in names if name in plain), [])
        if len(known) > 1 and role not in wished:
            raise DataError(
                f"{table.path}: {' and '.join(known)} may both be {role}; rename one, or say which: "
                f"`fyersbot import-data` takes --columns {role}={known[0]}"
            )
        if known:
            found[role] = known[0]
    if "timestamp" in found and not found["timestamp"].strip() and found.keys() & {"date", "time"}:
        del found["timestamp"]  # the row numbers that pandas writes in front
    return found


def _by_rows(table: Table, wished: Mapping[str, str]) -> dict[str, str]:
    """Tell the columns of a file without a header apart by what stands in them."""
    found: dict[str, str] = {}
    numbers: list[str] = []
    for name, cells in table.columns.items():
        sample = [str(cell).strip() for cell in cells.head(_SAMPLE)]
        if "time" not in found and all(map(_CLOCK.fullmatch, sample)):
            found["time"] = name
        elif "date" not in found and _are_moments(sample):  # a later column of long numbers is a volume
            found["date"] = name
        elif np.isfinite(table.numbers(name)).all():
            numbers.append(name)
        elif len(set(sample)) == 1:
            found.setdefault("symbol", name)
    if not set(_PRICES) <= wished.keys():
        if len(numbers) not in {4, 5, 6} or not _are_prices(table, numbers[:4]):
            raise DataError(
                f"{table.path}: it has no header, and its rows do not prove which column is what; write one above them "
                "(timestamp,open,high,low,close,volume), or `fyersbot import-data` takes "
                "--columns timestamp=1,open=2,high=3,low=4,close=5,volume=6 with the places there are"
            )
        found |= dict(zip((*_PRICES, "volume"), numbers, strict=False))
    return found


def _are_moments(sample: Sequence[str]) -> bool:
    return all(map(_WHOLE_DAY.fullmatch, sample)) or all(map(_MOMENT.fullmatch, sample))


def _are_prices(table: Table, names: Sequence[str]) -> bool:
    """Whether four columns are open, high, low and close in that order: a candle opens near where the last closed."""
    opens, highs, lows, closes = (table.numbers(name) for name in names)
    fits = (lows <= np.minimum(opens, closes)) & (np.maximum(opens, closes) <= highs)
    forwards = np.abs(opens[1:] - closes[:-1]).sum()
    backwards = np.abs(closes[1:] - opens[:-1]).sum()
    return bool(fits.mean() > _NEARLY_ALL and 2 * forwards < backwards)


def _lacking(table: Table, role: str) -> DataError:
    return DataError(
        f"{table.path}: no column for {role}; it has {', '.join(table.columns)}; rename that column to {role}, or say "
        f"which it is: `fyersbot import-data` takes --columns {role}=NAME"
    )


def _by_role(pair: tuple[str, str | None]) -> int:
    return list(_NAMES).index(pair[0])
