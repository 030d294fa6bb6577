"""Where the candles of a backtest come from: the store, a file, or a folder of files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from core.errors import ConfigurationError, DataError
from core.instants import Instant, ist_date
from core.market import Timeframe, is_index
from core.ports import Calendar
from features.columns import CandleColumns
from market_data.candles.candle_admission import admit
from market_data.candles.candle_files import Wishes, read_candles
from market_data.candles.candle_names import EXAMPLE, name_of
from market_data.candles.candle_store import CandleStore, Series, joined_candles
from market_data.candles.candle_times import Labels
from market_data.candles.import_data import notes_of
from market_data.days import Days, number_of

_WARM_UP = timedelta(days=120)
"""Time before the range that is read from the store to warm up the features: 500 candles and more."""
_WARM_UP_DAILY = timedelta(days=1_100)
"""The same for daily candles."""
_LONGEST_PAUSE = timedelta(days=7)
"""No weekend with holidays around it is longer: where a range has none for so long at an end, candles are missing."""
_ENDINGS = (".parquet", ".csv", ".csv.gz")
_FIRST_DAY = date(1990, 1, 1)
_LAST_DAY = date(2199, 12, 31)
_REMEDIES = {
    "symbol": f"give --symbols NSE:SBIN-EQ, or name the file like {EXAMPLE}.csv",
    "timeframe": f"give --timeframe 5m, or name the file like {EXAMPLE}.csv",
}
"""What a backtest can be told of what a file leaves open; the rest only `import-data` can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Days from one to another, both included; an open end takes all there is."""

    first: date = _FIRST_DAY
    last: date = _LAST_DAY

    @classmethod
    def of(cls, written: str | None) -> "Range":
        """Read `20230901-20240328`, `20230901-` or `-20240328`. Raises `ConfigurationError`."""
        if written is None:
            return cls()
        first, dash, last = written.partition("-")
        begins, ends = _day(first, _FIRST_DAY), _day(last, _LAST_DAY)
        if begins is None or ends is None or not dash or not (first or last):
            raise ConfigurationError(
                f"--timerange {written}: give two dates as 20230901-20240328, or one of them and the dash"
            )
        found = cls(first=begins, last=ends)
        if found.last < found.first:
            raise ConfigurationError(f"--timerange {written}: ends before it begins; swap the dates")
        return found

    def __str__(self) -> str:
        if (self.first, self.last) == (_FIRST_DAY, _LAST_DAY):
            return "of any day"
        first = "" if self.first == _FIRST_DAY else f"from {self.first} "
        return f"{first}to {self.last}" if self.last != _LAST_DAY else f"{first}on"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sourced:
    """The candles of one symbol, and what was done to them."""

    series: Series
    candles: CandleColumns
    first: int = 0
    """The first row of the range; those before it warm up the features."""
    notes: tuple[str, ...] = ()
    """What was left out or mended, one line each."""

    def within(self, span: Range) -> "Sourced":
        """Return the range with what lies before it. Raises `DataError` when nothing lies in it."""
        days = self.candles.days()
        first = int(np.searchsorted(days, number_of(span.first)))
        last = int(np.searchsorted(days, number_of(span.last), side="right"))
        if first >= last:
            begins, ends = (ist_date(int(self.candles.starts[row])) for row in (0, -1))
            raise DataError(f"{self.series}: no candles {span}; there are some from {begins} to {ends}")
        begins, ends = (ist_date(int(self.candles.starts[row])) for row in (first, last - 1))
        notes, symbol = self.notes, self.series.symbol
        if span.first != _FIRST_DAY and begins - span.first > _LONGEST_PAUSE:
            notes += (f"{symbol}: the candles begin on {begins}, the range on {span.first}",)
        if span.last != _LAST_DAY and span.last - ends > _LONGEST_PAUSE:
            notes += (f"{symbol}: the candles end on {ends}, the range on {span.last}",)
        return replace(self, candles=self.candles.slice(0, last), first=first, notes=notes)


def from_store(store: CandleStore, symbols: Sequence[str], timeframe: Timeframe, span: Range) -> list[Sourced]:
    """Read the candles of some symbols. Raises `DataError` for one that has none in the range."""
    warm_up = _WARM_UP_DAILY if timeframe is Timeframe.D else _WARM_UP
    since = max(span.first, _FIRST_DAY + warm_up) - warm_up
    found = []
    for symbol in symbols:
        series = Series(symbol, timeframe)
        candles = store.read(series, Days(since, span.last))
        if not len(candles):
            raise DataError(
                f"{series}: the store has no candles {span}; `fyersbot download-data` or `fyersbot import-data` brings "
                "them in, or give a file with --data"
            )
        found.append(Sourced(series=series, candles=candles).within(span))
    return found


def from_path(
    path: Path, symbols: Sequence[str], timeframe: Timeframe | None, span: Range, calendar: Calendar, now: Instant
) -> list[Sourced]:
    """Read a file, or the files of a folder: symbol, timeframe and range are theirs unless given.

    What lies outside the sessions, or is there twice, is left out and noted. Raises `DataError` for what no market
    makes, and for files that do not say what they are or do not fit together, `ConfigurationError` for a symbol that a
    file is not of.
    """
    import pyarrow as pa  # noqa: PLC0415 - a run from the store imports it later, or not at all

    files = list(_files_in(path, symbols, timeframe)) if path.is_dir() else [path]
    wished = None if path.is_dir() else symbol_given(path, symbols)
    found = [_from_file(file, wished, timeframe, calendar, now).within(span) for file in files]
    pa.default_memory_pool().release_unused()  # Arrow would keep the memory for later files
    lengths = sorted({each.series.timeframe.value for each in found})
    if len(lengths) > 1:
        raise DataError(f"{path}: files of different timeframes ({', '.join(lengths)}); choose one with --timeframe")
    return found


def symbol_given(path: Path, symbols: Sequence[str]) -> str | None:
    """Return the symbol that a file is said to be of; None where nothing is said.

    Raises `ConfigurationError` for several, and for one that the name of the file contradicts.
    """
    if len(symbols) > 1:
        raise ConfigurationError(f"--symbols: {path} is one file; give one symbol, or a folder of files")
    named = name_of(path)
    if symbols and named is not None and named.symbol != symbols[0]:
        raise ConfigurationError(
            f"--symbols {symbols[0]}: by its name {path} is of {named.symbol}; leave out --symbols, give a file of "
            f"{symbols[0]}, or rename this one"
        )
    return symbols[0] if symbols else None


def _from_file(
    path: Path, symbol: str | None, timeframe: Timeframe | None, calendar: Calendar, now: Instant
) -> Sourced:
    wishes = Wishes(symbol=symbol, timeframe=timeframe)
    file = read_candles(path, wishes)
    if [question.what for question in file.questions] == ["labels"]:
        file = read_candles(path, replace(wishes, labels=Labels.START))
    if file.symbol is None or file.timeframe is None or file.candles is None:
        question = file.questions[0]
        remedy = _REMEDIES.get(question.what, f"`fyersbot import-data` takes {question.option}")
        raise DataError(f"{path}: {question.what} is left open ({question.why}); {remedy}")
    series = Series(file.symbol, file.timeframe)
    admitted = admit(path, series, file.candles, calendar, now)
    candles = joined_candles([part for _, part in admitted.runs])
    return Sourced(series=series, candles=candles, notes=tuple(f"{path.name}: {note}" for note in notes_of(admitted)))


def _files_in(folder: Path, symbols: Sequence[str], timeframe: Timeframe | None) -> Iterator[Path]:
    """Yield the files of the wished series by their names; without a wish those of all shares."""
    chosen: dict[str, list[Path]] = {symbol: [] for symbol in symbols}
    for path in sorted(folder.iterdir()):
        name = name_of(path) if path.name.lower().endswith(_ENDINGS) else None
        if name is None or (timeframe is not None and name.timeframe not in {timeframe, None}):
            continue
        if name.symbol in chosen or (not symbols and not is_index(name.symbol)):
            chosen.setdefault(name.symbol, []).append(path)
    if not chosen:
        wanted = f" of {timeframe.value} candles" if timeframe else ""
        raise DataError(f"{folder}: no file{wanted} that is named like NSE_SBIN-EQ_5m.parquet")
    for symbol, paths in chosen.items():
        if not paths:
            raise DataError(f"{folder}: no file of {symbol}; name it like NSE_SBIN-EQ_5m.parquet")
        # Of one series from several vendors the file without a vendor in its name counts.
        own = [path for path in paths if (name := name_of(path)) is not None and not name.vendor] or paths
        if len(own) > 1:
            names = ", ".join(path.name for path in own)
            raise DataError(f"{folder}: {symbol} has several files ({names}); choose with --timeframe, or give one")
        yield own[0]


def _day(digits: str, nothing: date) -> date | None:
    """Read a date of eight digits; None for what is none."""
    if not digits:
        return nothing
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) if len(digits) == 8 else None
    except ValueError:
        return None
