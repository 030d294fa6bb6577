"""What is there to judge? The series of the archive, and the tables of files, each with a way to read its rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeAlias

import numpy as np

from core.errors import DataError
from core.market import Timeframe
from features.columns import CandleColumns
from market_data.candles.candle_admission import UNITS_PER_RUPEE
from market_data.candles.candle_files import candles_of_all, prove, read_raw
from market_data.candles.candle_kinds import holds_candles
from market_data.candles.candle_names import name_of, series_named
from market_data.candles.candle_store import CandleStore, Holding, Series
from market_data.candles.candle_table import ENDINGS, NoCandlesError, Table, read_table
from market_data.candles.raw_candles import RawCandles
from market_data.days import Days
from market_data.quality.cleaning import CHANGES
from market_data.quality.judgement import Subject
from market_data.quality.tick_table import (
    ContractCandles,
    Owners,
    Ticks,
    are_ticks,
    owners_of,
    read_ticks,
    subject_name,
    without_names,
)

_A_CONTRACT = "NSE:NIFTY26JAN25000CE"
"""One that keeps the hours of all futures and options."""

MOST_KEPT = 5_000_000
"""Candles that are kept from the finding of a file's series to its judgement, some 50 bytes each; of more it is read
again, so that a folder of any size fits into memory."""

Rows: TypeAlias = RawCandles | ContractCandles | Ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which series, and over which days; nothing said: all."""

    symbols: tuple[str, ...] = ()
    timeframe: Timeframe | None = None
    first: date | None = None
    last: date | None = None

    def wants(self, series: Series | Subject) -> bool:
        """Whether a series is asked for."""
        return (not self.symbols or series.symbol in self.symbols) and self.timeframe in {None, series.timeframe}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not judged, each with the reason."""

    skipped: tuple[str, ...] = ()
    """Files in folders that hold something else than candles, and series without rows in the days asked for."""
    unread: tuple[str, ...] = ()
    """Files and series that should have been judged and could not be read."""


NOTHING_LEFT_OUT = LeftOut()


@dataclass(frozen=True, slots=True)
class Source:
    """A series that can be read."""

    series: Series | Subject
    name: str
    read: Callable[[], Rows]
    known: tuple[Days, ...] | None = None
    """Days that were asked for, of the archive; None: whatever a file holds."""
    path: Path | None = None
    """The file, where it is one."""
    vendor: str = ""
    market: str = ""
    """A symbol of the market whose hours count, where the series' own does not tell it."""


def archive_sources(store: CandleStore, wish: Wish, strays: Sequence[str] = ()) -> tuple[list[Source], LeftOut]:
    """Return the wanted series of the archive, and those of which a file cannot be read.

    `strays` are lines about what lies in the archive and is none of its series; they are told as skipped.
    Raises `DataError` for a symbol it does not have, and when none can be read.
    """
    holdings = [each for each in store.holdings() if wish.wants(each.series)]
    absent = [symbol for symbol in wish.symbols if symbol not in {each.series.symbol for each in holdings}]
    if absent or not holdings:
        what = f"no candles of {', '.join(absent)}" if absent else "no candles"
        of = f" in {wish.timeframe.value}" if wish.timeframe else ""
        raise DataError(
            f"{what}{of} in the archive; `fyersbot download-data` fetches them, --data judges files of your own"
            f"{_besides(strays)}"
        )
    sources = [_archived(store, each, wish) for each in holdings if not each.error]
    unread = tuple(each.error for each in holdings if each.error)
    if not sources:
        raise DataError(unread[0])
    return sources, LeftOut(tuple(strays), unread)


def file_sources(paths: Sequence[Path], wish: Wish) -> tuple[list[Source], LeftOut]:
    """Return the wanted series of files and folders, and the files that are left out.

    A file whose name tells its series is read when it is judged, any other at once. Raises `DataError` when nothing
    is left to judge.
    """
    sources, skipped, unread, shelf = list[Source](), list[str](), list[str](), _Shelf()
    for path in paths:
        for file in _files_in(path) if path.is_dir() else [path]:
            try:
                sources += _filed(file, shelf)
            except NoCandlesError as error:
                (unread if file == path else skipped).append(str(error))
            except DataError as error:
                unread.append(str(error))
    wanted = [each for each in sources if wish.wants(each.series)]
    if not wanted:
        where = ", ".join(map(str, paths))
        nothing = f"{where}: no file of the candles asked for; read are {', '.join(ENDINGS)}{_besides(skipped)}"
        raise DataError(unread[0] if unread else nothing)
    return wanted, LeftOut(tuple(skipped), tuple(unread))


def _besides(skipped: Sequence[str]) -> str:
    return f"; skipped {len(skipped)}, the first: {skipped[0]}" if skipped else ""


def _archived(store: CandleStore, holding: Holding, wish: Wish) -> Source:
    known = holding.known
    days = Days(wish.first or known[0].first, max(wish.last or known[-1].last, wish.first or known[0].first))
    return Source(holding.series, str(holding.series), lambda: _in_rupees(store.read(holding.series, days)), known)


def _files_in(folder: Path) -> list[Path]:
    """Return the files that may hold candles; hidden ones and lists of what a cleaning changed do not."""
    named = (path for path in folder.rglob("*") if path.name.lower().endswith(ENDINGS))
    wanted = (path for path in named if not path.name.startswith(".") and not path.name.endswith(CHANGES))
    return sorted(path for path in wanted if path.is_file())


class _Shelf:
    """Candles that were read to find out whose they are, until they are judged; as many as there is room for."""

    def __init__(self) -> None:
        self._room = MOST_KEPT

    def reader(self, path: Path, candles: RawCandles) -> Callable[[], RawCandles]:
        """Return what gives the candles of a file: those at hand, or the file's once more."""
        if len(candles) > self._room:
            return lambda: read_raw(path)
        self._room -= len(candles)
        return lambda: candles


def _filed(path: Path, shelf: _Shelf) -> list[Source]:
    named, series = name_of(path), series_named(path)
    vendor = named.vendor if named else ""
    if series is not None:
        return [Source(series, path.name, lambda: read_raw(path), path=path, vendor=vendor)]
    table = read_table(path)
    try:
        proven = prove(table)
    except NoCandlesError as error:
        return list(_tabled(table, error))
    return [Source(proven.series, path.name, shelf.reader(path, proven.candles), path=path, vendor=vendor)]


def _tabled(table: Table, why: NoCandlesError) -> Iterator[Source]:
    """Yield what a table holds that is not the candles of one symbol. Raises `why` for one that nobody can judge."""
    owners = owners_of(table)
    if owners is not None and holds_candles(table):
        timeframe, candles = candles_of_all(without_names(table))
        if owners.are_many:
            yield _crowd(table, owners, ContractCandles(candles, timeframe, owners.places))
            return
        for place, symbol in enumerate(owners.names):
            yield _part(table, owners, Series(symbol, timeframe), candles.rows(owners.places == place))
    elif are_ticks(table):
        ticks = read_ticks(table)
        if owners is not None and owners.are_many:
            yield _crowd(table, owners, ticks)
        elif owners is None or len(owners.names) == 1:
            named = name_of(table.path)
            symbol = named.symbol if named else subject_name(table)
            yield Source(Subject(symbol, "ticks"), table.path.name, lambda: ticks)
        else:
            for place, symbol in enumerate(owners.names):
                yield _part(table, owners, Subject(symbol, "ticks"), ticks.rows(owners.places == place))
    else:
        raise why


def _crowd(table: Table, owners: Owners, rows: ContractCandles | Ticks) -> Source:
    what = "contracts" if owners.are_contracts else "symbols"
    subject = Subject(subject_name(table), f"{len(owners.names)} {what}")
    return Source(subject, table.path.name, lambda: rows, market=_market(owners))


def _part(table: Table, owners: Owners, series: Series | Subject, rows: Rows) -> Source:
    name = f"{table.path.name} {series.symbol}"
    return Source(series, name, lambda: rows, vendor=table.path.name, market=_market(owners))


def _market(owners: Owners) -> str:
    return _A_CONTRACT if owners.are_contracts else ""


def _in_rupees(candles: CandleColumns) -> RawCandles:
    prices = (candles.opens, candles.highs, candles.lows, candles.closes)
    opens, highs, lows, closes = (column / UNITS_PER_RUPEE for column in prices)
    return RawCandles(candles.starts, opens, highs, lows, closes, candles.volumes.astype(np.float64))
