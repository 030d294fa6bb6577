"""A table that is no single candle series: whose rows are they, and which columns are prices, bids, asks and counts?

A recorder writes one row a tick, a second or a snapshot of an option chain; an exchange writes one row a contract and
day. Both are read by the names of their columns, and what those do not tell is not judged.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from core.errors import DataError
from core.instants import DAY
from core.market import Timeframe
from features.columns import IST_OFFSET, BoolArray, FloatArray, IntArray
from market_data.candles.candle_layout import time_columns
from market_data.candles.candle_table import NoCandlesError, Table
from market_data.candles.candle_times import order_of_dates, stamps_of, zone_of
from market_data.candles.raw_candles import RawCandles

if TYPE_CHECKING:
    import pandas as pd

    Cells: TypeAlias = "pd.Series[Any]"

Columns: TypeAlias = Mapping[str, FloatArray]
"""Numbers by the name of their column."""

_SYMBOLS = frozenset(
    {"symbol", "ticker", "tckrsymb", "tradingsymbol", "instrument", "scrip", "contract", "fininstrmnm", "indexname"}
)
_CONTRACTS = frozenset({"expiry", "expirydate", "xprydt", "strike", "strikeprice", "strkpric", "optiontype", "optntp"})
_NAMING = _SYMBOLS | _CONTRACTS | {"series", "sctysrs"}
_SIDE = re.compile(r"^(?:calls?|puts?|ce|pe)_")
_PRICE = re.compile(r"price|last_?(?:traded_?)?price|ltp|last")
_QUOTE = re.compile(r"(?:^|_)(?:best_?)?(bid|ask)(?!.*(?:qty|quant|size|vol|order|iv))")
_COUNT = re.compile(r"(?:oi|open_?interest|volume(?:_traded)?|qty|quantity)_?\d*$")
_MOST_SERIES = 20
"""Series of one table that are judged each for itself, however few rows they have."""
_FEW_ROWS = 20


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ticks:
    """Rows in the order of their file."""

    times: IntArray
    """When each was seen, in nanoseconds since the epoch."""
    prices: Columns
    """Last prices in rupees; 0 where nothing was traded."""
    bids: Columns = field(default_factory=dict)
    asks: Columns = field(default_factory=dict)
    counts: Columns = field(default_factory=dict)
    """What comes in whole numbers: contracts, shares."""
    repeated: BoolArray
    """Which rows are there before with the same time and the same values in every column."""

    def __len__(self) -> int:
        return len(self.times)

    def rows(self, which: BoolArray) -> "Ticks":
        """Return some of the rows, by mask."""
        groups = (self.prices, self.bids, self.asks, self.counts)
        prices, bids, asks, counts = ({name: each[which] for name, each in group.items()} for group in groups)
        times, repeated = self.times[which], self.repeated[which]
        return Ticks(times=times, prices=prices, bids=bids, asks=asks, counts=counts, repeated=repeated)

    @property
    def fingerprint(self) -> str:
        """The same for rows that differ in nothing but the date."""
        times = (self.times + IST_OFFSET) % DAY
        return sha256(b"".join(each.tobytes() for each in chain([times], self.prices.values()))).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class ContractCandles:
    """Candles of many contracts or shares, with a handful of rows each, in the order of their file."""

    candles: RawCandles
    timeframe: Timeframe
    owners: IntArray
    """For each row the number of its contract."""

    def rows(self, which: BoolArray) -> "ContractCandles":
        """Return some of the rows, by mask."""
        return ContractCandles(self.candles.rows(which), self.timeframe, self.owners[which])


@dataclass(frozen=True, slots=True, eq=False)
class Owners:
    """Whose the rows of a table are."""

    places: IntArray
    """For each row the place of its owner in `names`."""
    names: tuple[str, ...]
    are_contracts: bool
    """Whether strikes or expiries tell them apart."""

    @property
    def are_many(self) -> bool:
        """Whether they are a chain or a whole market, where one judgement each would say nothing."""
        have_few_rows = len(self.places) < _FEW_ROWS * len(self.names)
        return len(self.names) > _MOST_SERIES and (self.are_contracts or have_few_rows)


def owners_of(table: Table) -> Owners | None:
    """Return whose the rows are, by the columns that name symbols and contracts; None where no column does."""
    import pandas as pd  # noqa: PLC0415 - half a second that only those who read files pay for

    naming = _naming(table)
    if not naming:
        return None
    varying = [name for name in naming if table.columns[name].nunique() > 1] or naming[:1]
    parts = [table.columns[name].astype(str).fillna("").str.strip() for name in varying]
    texts: Cells = reduce(lambda left, right: left + " " + right, parts)
    places, names = pd.factorize(texts)
    are_contracts = any(_plain(name) in _CONTRACTS for name in varying)
    return Owners(places.astype(np.int64), tuple(map(str, names)), are_contracts)


def without_names(table: Table) -> Table:
    """Return the table without the columns that say whose its rows are."""
    naming = set(_naming(table))
    kept = {name: cells for name, cells in table.columns.items() if name not in naming}
    return Table(table.path, kept, table.has_header, table.form, table.separator)


def subject_name(table: Table) -> str:
    """Return the one symbol that all rows name, else nothing."""
    for name in table.columns:
        if _plain(name) in _SYMBOLS and table.columns[name].nunique() == 1:
            return str(table.columns[name].iloc[0]).strip()
    return ""


def are_ticks(table: Table) -> bool:
    """Whether a table has a column of times and one of last prices."""
    try:
        time_columns(table)
    except DataError:
        return False
    return any(_is_price(name) for name in table.columns)


def read_ticks(table: Table) -> Ticks:
    """Read a table of ticks. Raises `DataError` for times that cannot be told and cells that are no number."""
    import pandas as pd  # noqa: PLC0415 - see owners_of

    def numbers(names: list[str]) -> Columns:
        return {name: table.numbers(name) for name in names}

    quotes = {name: found[1] for name in table.columns if (found := _QUOTE.search(name.lower()))}
    return Ticks(
        times=_times(table),
        prices=numbers([name for name in table.columns if _is_price(name)]),
        bids=numbers([name for name, side in quotes.items() if side == "bid"]),
        asks=numbers([name for name, side in quotes.items() if side == "ask"]),
        counts=numbers([name for name in table.columns if _COUNT.search(name.lower())]),
        repeated=pd.DataFrame(dict(table.columns)).duplicated().to_numpy(dtype=np.bool_),
    )


def _times(table: Table) -> IntArray:
    first, second = time_columns(table)
    cells, times = table.columns[first], table.columns[second] if second else None
    try:
        order, is_asked = order_of_dates(cells)
        stamps = stamps_of(cells, times, order) if order or not is_asked else None
    except DataError as error:
        raise DataError(f"{table.path}: {error}") from None
    if stamps is None:
        raise DataError(f"{table.path}: {first!r} may have the day or the month first; write dates as 2024-01-31")
    if stamps.are_dates:
        raise NoCandlesError(f"{table.path}: prices of days without a time; there is nothing here to judge them by")
    zone, why = zone_of(stamps, Timeframe.M1)
    if zone is None:
        raise DataError(f"{table.path}: zone not proven by the rows ({why}); write times with their offset, as +05:30")
    return stamps.instants(zone)


def _naming(table: Table) -> list[str]:
    return [name for name in table.columns if _plain(name) in _NAMING]


def _is_price(name: str) -> bool:
    return _PRICE.fullmatch(_SIDE.sub("", name.strip().lower())) is not None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
