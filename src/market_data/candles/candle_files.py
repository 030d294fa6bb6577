"""A user's own file of candles, read: each guess about it is told with its reason, or a question.

Exports differ in separator, column names, date order, zone and in whether a candle is named by its start or its end.
Read wrongly, each of these gives candles that look right and are not. So nothing is taken on trust: what the rows
prove is shown with the proof, what they do not prove is asked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TypeVar

import numpy as np

from core.errors import DataError
from core.market import Timeframe
from features.columns import IntArray
from market_data.candles.candle_kinds import require_candles
from market_data.candles.candle_layout import Layout, layout_of
from market_data.candles.candle_names import EXAMPLE, name_of
from market_data.candles.candle_store import Series
from market_data.candles.candle_table import NoCandlesError, Table, read_table
from market_data.candles.candle_times import (
    DateOrder,
    Labels,
    Stamps,
    Zone,
    labels_of,
    order_of_dates,
    stamps_of,
    starts_of,
    timeframe_of,
    typed_stamps,
    zone_of,
)
from market_data.candles.raw_candles import RawCandles

Choice = TypeVar("Choice", bound=Enum)

_TICKER = re.compile(r"[A-Z]+:[A-Z0-9&_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user says about a file: what its rows leave open, never what they disprove."""

    symbol: str | None = None
    timeframe: Timeframe | None = None
    zone: Zone | None = None
    labels: Labels | None = None
    dates: DateOrder | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    """Names of columns by what they hold, where the names do not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """One thing that was found out about a file, or could not be."""

    what: str
    value: str | None
    """None: the file does not tell."""
    why: str
    option: str = ""
    """The option that decides it."""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleFile:
    """A file as it was understood."""

    path: Path
    clues: tuple[Clue, ...]
    symbol: str | None = None
    timeframe: Timeframe | None = None
    candles: RawCandles | None = None
    """None while a question is open that the times depend on."""

    @property
    def questions(self) -> tuple[Clue, ...]:
        """What the file leaves open."""
        return tuple(clue for clue in self.clues if clue.value is None)


@dataclass(frozen=True, slots=True)
class ProvenFile:
    """A file that told without a question what it holds."""

    series: Series
    table: Table
    candles: RawCandles
    """A row for each of the table, in its order."""


def read_proven(path: Path) -> ProvenFile:
    """Read a file whose name or rows prove how to read it; labels that fit both ways are taken for starts.

    Raises `NoCandlesError` for a file of something else, and `DataError` for one that cannot be read or leaves open
    how.
    """
    return prove(read_table(path))


def prove(table: Table) -> ProvenFile:
    """Return the candles of one symbol that a table holds. Raises what `read_proven` does."""
    require_candles(table)
    found, timeframe, candles = _proven(table)
    if found.symbol is None or len(candles) != len(table):
        why = next(clue.why for clue in found.clues if clue.what == "symbol")
        raise NoCandlesError(
            f"{table.path}: not the candles of one symbol: {why}; split it, or name it like {EXAMPLE}.csv"
        )
    return ProvenFile(Series(found.symbol, timeframe), table, candles)


def candles_of_all(table: Table) -> tuple[Timeframe, RawCandles]:
    """Return the candles of a table, whosever they are, a row for each of its rows.

    Raises `DataError` for a table that has no columns of candles or leaves open how to read it.
    """
    _, timeframe, candles = _proven(table)
    return timeframe, candles


def _proven(table: Table) -> tuple[CandleFile, Timeframe, RawCandles]:
    found = _understood(table, Wishes())
    if found.candles is None and "labels" in {question.what for question in found.questions}:
        found = _understood(table, Wishes(labels=Labels.START))
    if found.candles is None or found.timeframe is None:
        question = found.questions[-1]
        raise DataError(
            f"{table.path}: {question.what} not proven by the rows ({question.why}); `fyersbot import-data` takes "
            f"{question.option}"
        )
    return found, found.timeframe, found.candles


def read_raw(path: Path) -> RawCandles:
    """Read the candles of a file. Raises what `read_proven` does."""
    return read_proven(path).candles


def read_candles(path: Path, wishes: Wishes) -> CandleFile:
    """Find out how a file is written, and read it as far as that goes. Raises `DataError` with the remedy."""
    return _understood(read_table(path), wishes)


def _understood(table: Table, wishes: Wishes) -> CandleFile:
    path = table.path
    layout, why = layout_of(table, wishes.columns)
    clues = [
        Clue(what="file", value=table.form, why=f"{len(table)} rows"),
        Clue(what="columns", value=str(layout), why=why, option="--columns"),
    ]
    symbol, clue, table = _symbol(table, layout, wishes.symbol)
    clues.append(clue)
    try:
        stamps, clue = _stamps(table, layout, wishes.dates)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    clues.append(clue)
    if stamps is None:
        return CandleFile(path=path, clues=tuple(clues), symbol=symbol)
    timeframe, starts, more = _starts(path, stamps, wishes)
    candles = None if starts is None else _candles(table, layout, starts)
    clues += more
    if layout.volume is None:
        clues.append(Clue(what="volume", value="0 throughout", why="there is no such column", option="--columns"))
    return CandleFile(path=path, clues=tuple(clues), symbol=symbol, timeframe=timeframe, candles=candles)


def _symbol(table: Table, layout: Layout, wished: str | None) -> tuple[str | None, Clue, Table]:
    """Return of what the candles are, and the rows that are of it where a file holds several symbols."""
    name = name_of(table.path)
    by_name = name.symbol if name else None

    def found(symbol: str | None, why: str) -> Clue:
        return Clue(what="symbol", value=symbol, why=why, option="--symbol NSE:SBIN-EQ")

    if layout.symbol is None:
        symbol, why = (wished, "given") if wished else (by_name, "by the name of the file")
        return symbol, found(symbol, why if symbol else "neither the file nor its name tells it"), table
    names = table.columns[layout.symbol].astype(str).str.strip()
    series = table.columns[layout.series].astype(str).str.strip() if layout.series else None
    there, kinds = sorted(set(names)), set() if series is None else set(series)
    symbol = wished or (by_name if len(there) == 1 else None)
    if symbol is None and len(there) == 1:
        symbol = _full_ticker(there[0], kinds)
    if symbol is None:
        told = f"column {layout.symbol!r} holds {', '.join(there[:3])}" + (", ..." if len(there) > 3 else "")
        return None, found(None, told), table
    ticker = symbol.partition(":")[2]
    full = names if series is None else names + "-" + series
    is_its = (names == symbol) | (full == ticker) | ((series is None) & (names == ticker.rpartition("-")[0]))
    if not is_its.any():
        raise DataError(f"{table.path}: column {layout.symbol!r} has no row of {symbol}; it holds {there[0]}, ...")
    return symbol, found(symbol, f"{int(is_its.sum())} of {len(table)} rows, by {layout.symbol!r}"), table.rows(is_its)


def _full_ticker(name: str, series: set[str]) -> str | None:
    """Return the FYERS ticker that the one name in a file stands for, where it tells exchange or series."""
    if _TICKER.fullmatch(name):
        return name
    return f"NSE:{name}-{next(iter(series))}" if len(series) == 1 else None


def _stamps(table: Table, layout: Layout, wished: DateOrder | None) -> tuple[Stamps | None, Clue]:
    first, second = layout.moments
    moments = None if second else table.moments(first)
    if moments is not None:
        stamps = typed_stamps(moments)
        return stamps, Clue(what="dates", value=stamps.form, why="by the rows")
    order, is_asked = order_of_dates(table.columns[first])
    if is_asked and wished is not None and order not in {None, wished}:
        raise DataError(f"column {first!r} has dates that are not {wished.value}; leave out --dates")
    order = order or wished
    if is_asked and order is None:
        choices = tuple(each.value for each in DateOrder)
        why = f"{table.columns[first].iloc[0]!r} may be either, and no row has a number above 12"
        return None, Clue(what="dates", value=None, why=why, option="--dates", choices=choices)
    stamps = stamps_of(table.columns[first], table.columns[second] if second else None, order)
    how = f", {order.value}" if is_asked and order else ""
    why = "given" if is_asked and wished else "by the rows"
    return stamps, Clue(what="dates", value=stamps.form + how, why=why, option="--dates" if is_asked else "")


def _starts(path: Path, stamps: Stamps, wishes: Wishes) -> tuple[Timeframe | None, IntArray | None, list[Clue]]:
    """Return the timeframe and the start of each candle, as far as both are known, and what was found out."""
    timeframe, clue = _timeframe(path, stamps, wishes.timeframe)
    clues = [clue]
    if timeframe is None:
        return None, None, clues
    proven, why = zone_of(stamps, timeframe)
    if wishes.zone is not None and stamps.is_certain:
        raise DataError(f"{path}: its times carry their zone; leave out --zone")
    zone, clue = _chosen(path, "zone", wishes.zone, proven, why, Zone)
    clues.append(replace(clue, value="as written") if stamps.is_certain else clue)
    if zone is None:
        return timeframe, None, clues
    instants = stamps.instants(zone)
    proven_labels, why = labels_of(instants, timeframe)
    labels, clue = _chosen(path, "labels", wishes.labels, proven_labels, why, Labels)
    clues.append(clue)
    return timeframe, None if labels is None else starts_of(instants, timeframe, labels), clues


def _timeframe(path: Path, stamps: Stamps, wished: Timeframe | None) -> tuple[Timeframe | None, Clue]:
    by_step = timeframe_of(stamps)
    name = name_of(path)
    by_name = name.timeframe if name else None
    if wished is not None and by_step is not None and wished is not by_step:
        raise DataError(f"{path}: most rows are {by_step.value} apart, not {wished.value}; leave out --timeframe")
    if wished is None and by_step is not None and by_name is not None and by_step is not by_name:
        raise DataError(f"{path}: most rows are {by_step.value} apart, its name says {by_name.value}; rename it")
    timeframe = wished or by_step or by_name
    why = "given" if wished else "by the usual step between rows" if by_step else "by the name of the file"
    if timeframe is None:
        why = "no usual step between rows that is a timeframe of ours"
    choices = tuple(each.value for each in Timeframe)
    value = timeframe.value if timeframe else None
    return timeframe, Clue(what="timeframe", value=value, why=why, option="--timeframe", choices=choices)


def _chosen(
    path: Path, what: str, wished: Choice | None, proven: Choice | None, why: str, kind: type[Choice]
) -> tuple[Choice | None, Clue]:
    if wished is not None and proven is not None and wished is not proven:
        raise DataError(f"{path}: {what} is {proven.value} and not {wished.value} ({why}); leave out --{what}")
    chosen = wished or proven
    choices = tuple(str(each.value) for each in kind)
    value = str(chosen.value) if chosen else None
    told = f"given; {why}" if wished else why
    return chosen, Clue(what=what, value=value, why=told, option=f"--{what}", choices=choices)


def _candles(table: Table, layout: Layout, starts: IntArray) -> RawCandles:
    opens, highs, lows, closes = map(table.numbers, (layout.open, layout.high, layout.low, layout.close))
    volumes = np.zeros(len(starts)) if layout.volume is None else table.numbers(layout.volume)
    return RawCandles(starts, opens, highs, lows, closes, volumes)
