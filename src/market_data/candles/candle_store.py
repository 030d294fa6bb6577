"""Where candles are kept: a narrow port, so that a database can follow behind it, and its twin in memory.

A series is one symbol in one timeframe. It is written day by day, and a day is written whole: what a put says about
its days is all there is, so a day without candles is known to have none and need not be asked for again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from core.errors import DataError
from core.instants import ist_date
from core.market import Timeframe
from features.columns import CandleColumns
from market_data.days import Days, joined, number_of


@dataclass(frozen=True, slots=True)
class Series:
    """What a run of candles is of."""

    symbol: str
    timeframe: Timeframe

    def __str__(self) -> str:
        return f"{self.symbol} {self.timeframe.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What is kept of a series."""

    series: Series
    candles: int
    first: int | None
    """Start of the oldest candle; None where there is none."""
    last: int | None
    known: tuple[Days, ...]
    """Days whose candles, or whose lack of them, are known: apart, oldest first."""
    error: str = ""
    """Why a file of it cannot be read; then nothing else is known of it."""


Runs: TypeAlias = Sequence[tuple[Days, CandleColumns]]
"""Days, and all candles of them."""


class CandleStore(Protocol):
    """Closed candles of the past. Many processes may read while one writes a series; a write is whole or not at all."""

    def put(self, series: Series, days: Days, candles: CandleColumns) -> None:
        """Write some days: these candles and no others. What was known of the days before is replaced.

        Raises `DataError` for a candle outside the days, `StorageError` when the disk refuses: then all is as it was.
        """
        ...

    def put_all(self, series: Series, runs: Runs) -> None:
        """Write several runs of days as `put` writes one: all of them, or none."""
        ...

    def read(self, series: Series, days: Days) -> CandleColumns:
        """Return the candles of some days, oldest first; none for days nobody has written. Raises `DataError`."""
        ...

    def known(self, series: Series) -> tuple[Days, ...]:
        """Return the days that have been written, as ranges that do not touch, oldest first. Raises `DataError`."""
        ...

    def holdings(self) -> tuple[Holding, ...]:
        """Return what is there, by series, one that cannot be read with its error. Raises `DataError`."""
        ...


class MemoryCandleStore:
    """The twin for tests and for data that is only passed through."""

    def __init__(self) -> None:
        self._candles: dict[Series, CandleColumns] = {}
        self._known: dict[Series, tuple[Days, ...]] = {}

    def put(self, series: Series, days: Days, candles: CandleColumns) -> None:
        """Write some days. Raises `DataError` for a candle outside them."""
        self.put_all(series, ((days, candles),))

    def put_all(self, series: Series, runs: Runs) -> None:
        """Write several runs of days. Raises `DataError` for a candle outside its days."""
        after, known = self._candles.get(series, empty()), [*self._known.get(series, ())]
        for days, candles in runs:
            after = merged(after, days, candles)
            known.append(days)
        self._candles[series], self._known[series] = after, joined(known)

    def read(self, series: Series, days: Days) -> CandleColumns:
        """Return the candles of some days."""
        return within(self._candles.get(series, empty()), days)

    def known(self, series: Series) -> tuple[Days, ...]:
        """Return the days that have been written."""
        return self._known.get(series, ())

    def holdings(self) -> tuple[Holding, ...]:
        """Return what is there, by series."""
        return tuple(
            holding_of(series, self._candles[series], self._known[series]) for series in sorted_by_name(self._known)
        )


def sorted_by_name(series: Sequence[Series] | dict[Series, tuple[Days, ...]]) -> list[Series]:
    """Return series by symbol and then from the shortest candle to the longest."""
    return sorted(series, key=lambda each: (each.symbol, each.timeframe.minutes))


def holding_of(series: Series, candles: CandleColumns, known: tuple[Days, ...]) -> Holding:
    """Return what is kept of a series whose candles are all at hand."""
    count = len(candles)
    first, last = (int(candles.starts[0]), int(candles.starts[-1])) if count else (None, None)
    return Holding(series=series, candles=count, first=first, last=last, known=known)


def empty() -> CandleColumns:
    """Return no candles."""
    return CandleColumns(*(np.empty(0, dtype=np.int64) for _ in range(6)))


def within(candles: CandleColumns, days: Days) -> CandleColumns:
    """Return the candles that start on some days."""
    first, last = number_of(days.first), number_of(days.last)
    numbers = candles.days()
    return candles.slice(int(np.searchsorted(numbers, first)), int(np.searchsorted(numbers, last, side="right")))


def merged(old: CandleColumns, days: Days, new: CandleColumns) -> CandleColumns:
    """Return `old` with some days replaced. Raises `DataError` for a new candle outside those days."""
    first, last = number_of(days.first), number_of(days.last)
    if len(new) and not (first <= int(new.days()[0]) and int(new.days()[-1]) <= last):
        outside = new.starts[0] if int(new.days()[0]) < first else new.starts[-1]
        raise DataError(f"a candle of {ist_date(int(outside))} was given for the days {days.first} to {days.last}")
    numbers = old.days()
    before = old.slice(0, int(np.searchsorted(numbers, first)))
    after = old.slice(int(np.searchsorted(numbers, last, side="right")), len(old))
    return joined_candles([before, new, after])


def joined_candles(parts: Sequence[CandleColumns]) -> CandleColumns:
    """Put runs of candles one behind the other. Raises `DataError` when they overlap."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return empty()
    return CandleColumns(*map(np.concatenate, zip(*(part.columns for part in parts), strict=True)))
