"""What do we have, and is it any good? Every series of the archive, or of files of one's own, judged and compared."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, groupby
from pathlib import Path
from typing import TypeAlias

import numpy as np

from core.errors import DataError
from core.market import Timeframe
from features.columns import CandleColumns
from market_data.candles.candle_admission import UNITS_PER_RUPEE
from market_data.candles.candle_files import read_proven, read_raw
from market_data.candles.candle_names import name_of, series_named
from market_data.candles.candle_store import CandleStore, Holding, Series
from market_data.candles.candle_table import ENDINGS, NoCandlesError
from market_data.candles.raw_candles import RawCandles
from market_data.days import Days, days_of, ist_days, number_of
from market_data.quality.cleaning import CHANGES
from market_data.quality.findings import Weight
from market_data.quality.judgement import Judgement, examine
from market_data.quality.peers import beside_their_peers
from market_data.quality.session_grid import TradingHours
from market_data.quality.vendor_comparison import Comparison, compare, compare_closes


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which series, and over which days; nothing said: all."""

    symbols: tuple[str, ...] = ()
    timeframe: Timeframe | None = None
    first: date | None = None
    last: date | None = None

    def wants(self, series: Series) -> bool:
        """Whether a series is asked for."""
        return (not self.symbols or series.symbol in self.symbols) and self.timeframe in {None, series.timeframe}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not judged, each with the reason."""

    skipped: tuple[str, ...] = ()
    """Files in folders that hold something else than candles, and series without rows in the days asked for."""
    unread: tuple[str, ...] = ()
    """Files and series that should have been judged and could not be read."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was found."""

    judgements: tuple[Judgement, ...]
    comparisons: tuple[Comparison, ...]
    left_out: LeftOut = LeftOut()

    def number(self, weight: Weight) -> int:
        """Return how many findings of a weight there are in all."""
        return sum(len(each.of_weight(weight)) for each in self.judgements)


@dataclass(frozen=True, slots=True)
class Source:
    """A series that can be read."""

    series: Series
    name: str
    read: Callable[[], RawCandles]
    known: tuple[Days, ...] | None = None
    """Days that were asked for, of the archive; None: whatever a file holds."""
    path: Path | None = None
    """The file, where it is one."""
    vendor: str = ""


Progress: TypeAlias = Callable[[str], None]
"""Told the name of the series that is judged next."""


def archive_sources(store: CandleStore, wish: Wish) -> list[Source]:
    """Return the wanted series of the archive. Raises `DataError` for a symbol it does not have."""
    holdings = [each for each in store.holdings() if wish.wants(each.series)]
    absent = [symbol for symbol in wish.symbols if symbol not in {each.series.symbol for each in holdings}]
    if absent or not holdings:
        what = f"no candles of {', '.join(absent)}" if absent else "no candles"
        of = f" in {wish.timeframe.value}" if wish.timeframe else ""
        raise DataError(
            f"{what}{of} in the archive; `fyersbot download-data` fetches them, --data judges files of your own"
        )
    return [_archived(store, each, wish) for each in holdings]


def file_sources(paths: Sequence[Path], wish: Wish) -> tuple[list[Source], LeftOut]:
    """Return the wanted series of files and folders, and the files that are left out.

    A file whose name tells its series is read when it is judged, any other at once. Raises `DataError` when nothing
    is left to judge.
    """
    sources, skipped, unread = list[Source](), list[str](), list[str]()
    for path in paths:
        for file in _files_in(path) if path.is_dir() else [path]:
            try:
                sources.append(_filed(file))
            except NoCandlesError as error:
                (unread if file == path else skipped).append(str(error))
            except DataError as error:
                unread.append(str(error))
    wanted = [each for each in sources if wish.wants(each.series)]
    if not wanted:
        where = ", ".join(map(str, paths))
        besides = f"; skipped {len(skipped)}, the first: {skipped[0]}" if skipped else ""
        nothing = f"{where}: no file of the candles asked for; read are {', '.join(ENDINGS)}{besides}"
        raise DataError(unread[0] if unread else nothing)
    return wanted, LeftOut(tuple(skipped), tuple(unread))


def coverage_of(
    sources: Sequence[Source],
    calendar: TradingHours,
    wish: Wish,
    left_out: LeftOut = LeftOut(),
    progress: Progress = lambda _name: None,
) -> Coverage:
    """Judge every source, and compare those of the same symbol; what cannot be read is named and the rest judged.

    Raises `DataError` when no row is left to judge.
    """
    judged: list[tuple[Source, Judgement]] = []
    comparisons: list[Comparison] = []
    skipped, unread = list(left_out.skipped), list(left_out.unread)
    ordered = sorted(sources, key=lambda each: (each.series.symbol, each.series.timeframe.minutes, each.name))
    for _, group in groupby(ordered, key=lambda each: each.series.symbol):
        clean: list[tuple[Source, RawCandles]] = []
        for source in group:
            progress(source.name)
            try:
                raw = source.read()
            except DataError as error:
                unread.append(str(error))
                continue
            days = _days_to_judge(source, wish, raw)
            if days is None:
                skipped.append(f"{source.name}: no rows in the days asked for")
                continue
            judgement, candles = examine(raw, source.series, source.name, calendar, days, source.known)
            judged.append((source, judgement))
            clean.append((source, candles))
        comparisons += _compared(clean)
    if not judged:
        raise DataError(unread[0] if unread else f"nothing to judge: {skipped[-1] if skipped else 'no series'}")
    return Coverage(_beside_their_peers(judged), tuple(comparisons), LeftOut(tuple(skipped), tuple(unread)))


def _beside_their_peers(judged: Sequence[tuple[Source, Judgement]]) -> tuple[Judgement, ...]:
    """Hold series of one vendor and timeframe against each other, and keep their order."""
    groups: dict[tuple[str, Timeframe], list[int]] = {}
    for place, (source, _) in enumerate(judged):
        groups.setdefault((source.vendor, source.series.timeframe), []).append(place)
    noted: dict[int, Judgement] = {}
    for places in groups.values():
        noted |= zip(places, beside_their_peers([judged[place][1] for place in places]), strict=True)
    return tuple(noted[place] for place in range(len(judged)))


def _days_to_judge(source: Source, wish: Wish, raw: RawCandles) -> Days | None:
    """Return the days asked for, else those the source covers; None when no row lies in them."""
    if not len(raw):
        return None
    covered = days_of(raw.starts)
    if source.known:
        covered = Days(source.known[0].first, source.known[-1].last)
    first, last = wish.first or covered.first, wish.last or covered.last
    if last < first:
        return None
    days = ist_days(raw.starts)
    begin, end = number_of(first), number_of(last)
    return Days(first, last) if ((days >= begin) & (days <= end)).any() else None


def _compared(clean: Sequence[tuple[Source, RawCandles]]) -> Iterator[Comparison]:
    """Compare series of one symbol: those of the same timeframe, and daily ones with those within the day."""
    for (one, mine), (other, theirs) in combinations(clean, 2):
        found = None
        if one.series == other.series:
            found = compare(one.name, mine, other.name, theirs)
        elif other.series.timeframe is Timeframe.D:
            found = compare_closes(other.name, theirs, one.name, mine)
        if found is not None:
            yield found


def _archived(store: CandleStore, holding: Holding, wish: Wish) -> Source:
    known = holding.known
    days = Days(wish.first or known[0].first, max(wish.last or known[-1].last, wish.first or known[0].first))
    return Source(holding.series, str(holding.series), lambda: _in_rupees(store.read(holding.series, days)), known)


def _files_in(folder: Path) -> list[Path]:
    """Return the files that may hold candles; hidden ones and lists of what a cleaning changed do not."""
    named = (path for path in folder.rglob("*") if path.name.lower().endswith(ENDINGS))
    wanted = (path for path in named if not path.name.startswith(".") and not path.name.endswith(CHANGES))
    return sorted(path for path in wanted if path.is_file())


def _filed(path: Path) -> Source:
    name = name_of(path)
    series = series_named(path) or read_proven(path).series
    return Source(series, path.name, lambda: read_raw(path), path=path, vendor=name.vendor if name else "")


def _in_rupees(candles: CandleColumns) -> RawCandles:
    prices = (candles.opens, candles.highs, candles.lows, candles.closes)
    opens, highs, lows, closes = (column / UNITS_PER_RUPEE for column in prices)
    return RawCandles(candles.starts, opens, highs, lows, closes, candles.volumes.astype(np.float64))
