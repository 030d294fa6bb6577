"""What do we have, and is it any good? Every series of the archive, or of files of one's own, judged and compared."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import NamedTuple, TypeAlias

from core.errors import DataError
from core.market import Timeframe
from features.columns import IntArray
from market_data.candles.candle_store import Series
from market_data.candles.raw_candles import RawCandles
from market_data.days import Days, are_on, days_of
from market_data.quality.contract_checks import judge_contracts
from market_data.quality.findings import Weight
from market_data.quality.judgement import Judgement, Subject, examine
from market_data.quality.peers import beside_their_peers
from market_data.quality.sources import NOTHING_LEFT_OUT, LeftOut, Rows, Source, Wish
from market_data.quality.tick_checks import Originals, judge_ticks
from market_data.quality.tick_table import ContractCandles, Ticks
from market_data.quality.vendor_comparison import Comparison, compare, compare_closes
from market_data.trading_hours import HoursOf, TradingHours


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was found."""

    judgements: tuple[Judgement, ...]
    comparisons: tuple[Comparison, ...]
    left_out: LeftOut = NOTHING_LEFT_OUT

    def number(self, weight: Weight) -> int:
        """Return how many findings of a weight there are in all."""
        return sum(len(each.of_weight(weight)) for each in self.judgements)


class _Clean(NamedTuple):
    """Candles of one source that others of its symbol may be compared with."""

    series: Series
    name: str
    candles: RawCandles


Progress: TypeAlias = Callable[[str], None]
"""Told the name of the series that is judged next."""


def coverage_of(
    sources: Sequence[Source],
    hours_of: HoursOf,
    wish: Wish,
    left_out: LeftOut = NOTHING_LEFT_OUT,
    progress: Progress = lambda _name: None,
) -> Coverage:
    """Judge every source, and compare those of the same symbol; what cannot be read is named and the rest judged.

    Raises `DataError` when no row is left to judge.
    """
    judged: list[tuple[Source, Judgement]] = []
    comparisons: list[Comparison] = []
    originals = Originals()
    skipped, unread = list(left_out.skipped), list(left_out.unread)
    for _, group in groupby(sorted(sources, key=_order), key=lambda each: each.series.symbol):
        clean: list[_Clean] = []
        for source in group:
            progress(source.name)
            try:
                rows = source.read()
            except DataError as error:
                unread.append(str(error))
                continue
            days = _days_to_judge(source, wish, _times(rows))
            if days is None:
                skipped.append(f"{source.name}: no rows in the days asked for")
                continue
            hours = hours_of(source.market or source.series.symbol)
            judgement, comparable = _judged(source, rows, hours, days, originals)
            judged.append((source, judgement))
            clean += comparable
        comparisons += _compared(clean)
    if not judged:
        raise DataError(unread[0] if unread else f"nothing to judge: {skipped[-1] if skipped else 'no series'}")
    return Coverage(_beside_their_peers(judged), tuple(comparisons), LeftOut(tuple(skipped), tuple(unread)))


def _order(source: Source) -> tuple[str, int, str]:
    timeframe = source.series.timeframe
    return source.series.symbol, timeframe.minutes if timeframe else 0, source.name


def _judged(
    source: Source, rows: Rows, hours: TradingHours, days: Days, originals: Originals
) -> tuple[Judgement, list[_Clean]]:
    """Judge one source; return with it the candles that others may be compared with, if it has such."""
    match rows, source.series:
        case RawCandles(), Series() as series:
            judgement, candles = examine(rows, series, source.name, hours, days, source.known)
            return judgement, [_Clean(series, source.name, candles)]
        case (ContractCandles() as contracts, Subject() as subject):
            contracts = contracts.rows(are_on(_times(contracts), days))
            return judge_contracts(contracts, subject, source.name, hours, days), []
        case (Ticks() as ticks, Subject() as subject):
            ticks = ticks.rows(are_on(_times(ticks), days))
            return originals.marked(ticks, judge_ticks(ticks, subject, source.name, hours, days)), []
        case _:
            raise TypeError(f"{source.name}: these rows are not of {source.series}")


def _times(rows: Rows) -> IntArray:
    match rows:
        case RawCandles():
            return rows.starts
        case ContractCandles():
            return rows.candles.starts
        case Ticks():
            return rows.times


def _beside_their_peers(judged: Sequence[tuple[Source, Judgement]]) -> tuple[Judgement, ...]:
    """Hold candles of one vendor and timeframe against each other, and keep the order of all."""
    groups: dict[tuple[str, Timeframe], list[int]] = {}
    for place, (source, _) in enumerate(judged):
        if source.series.timeframe is not None:
            groups.setdefault((source.vendor, source.series.timeframe), []).append(place)
    noted = {place: judgement for place, (_, judgement) in enumerate(judged)}
    for places in groups.values():
        noted |= zip(places, beside_their_peers([judged[place][1] for place in places]), strict=True)
    return tuple(noted[place] for place in range(len(judged)))


def _days_to_judge(source: Source, wish: Wish, times: IntArray) -> Days | None:
    """Return the days asked for, else those the source covers; None when no row lies in them."""
    if not len(times):
        return None
    covered = days_of(times)
    if source.known:
        covered = Days(source.known[0].first, source.known[-1].last)
    first, last = wish.first or covered.first, wish.last or covered.last
    if last < first:
        return None
    days = Days(first, last)
    return days if are_on(times, days).any() else None


def _compared(clean: Sequence[_Clean]) -> Iterator[Comparison]:
    """Compare series of one symbol: those of the same timeframe, and daily ones with those within the day."""
    for (one, name, mine), (other, another, theirs) in combinations(clean, 2):
        found = None
        if one == other:
            found = compare(name, mine, another, theirs)
        elif other.timeframe is Timeframe.D:
            found = compare_closes(another, theirs, name, mine)
        if found is not None:
            yield found
