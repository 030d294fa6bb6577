"""Recorded ticks laid to the bars that they made, where there are any: a bar with its ticks tells what came first."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from backtest.bars import SymbolBars, packed
from core.errors import DataError
from core.instants import Instant
from features.columns import IntArray
from market_data.days import number_of
from market_data.ticks.tick_files import TickColumns

_NO_TICKS = np.empty((2, 0), dtype=np.int64)


class TickSource(Protocol):
    """Where recorded ticks come from."""

    def days(self, symbol: str) -> Sequence[date]:
        """Return the days of which there are ticks of a symbol."""
        ...

    def read_ticks(self, symbol: str, day: date) -> TickColumns:
        """Return a symbol's ticks of one of its days, in the order they were heard. Raises `DataError`."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class BarTicks:
    """The ticks of one symbol, by bar."""

    firsts: IntArray
    """Of each bar: the place of its first tick."""
    ends: IntArray
    """The place behind its last."""
    at: "array[int]"
    """The exchange's time of each tick, in order."""
    prices: "array[int]"
    """Last traded price, in units."""
    sessions: int
    """How many sessions of the bars have ticks."""

    def of(self, row: int) -> Sequence[tuple[Instant, int]]:
        """Return time and price of the ticks of a bar, in order; none where nothing was recorded."""
        place = slice(int(self.firsts[row]), int(self.ends[row]))
        return tuple(zip(self.at[place], self.prices[place], strict=True))


def ticks_of(bars: SymbolBars, source: TickSource) -> BarTicks:
    """Read the ticks of the sessions that are walked. Raises `DataError` for damaged ones and another unit of price."""
    symbol, sessions = bars.instrument.symbol, set(bars.sessions.days.tolist())
    days = [day for day in source.days(symbol) if number_of(day) in sessions]
    parts = [_NO_TICKS, *(_traded(source.read_ticks(symbol, day), bars) for day in days)]
    at, prices = np.concatenate(parts, axis=1)
    order = np.argsort(at, kind="stable")  # heard late within the exchange's second counts as heard in it
    at, prices = at[order], prices[order]
    firsts, ends = np.searchsorted(at, bars.candles.starts), np.searchsorted(at, bars.sessions.closed_at)
    used = np.unique(bars.sessions.days[ends > firsts])
    return BarTicks(firsts, ends, packed(at), packed(prices), len(used))


def notes_on_ticks(symbols: Sequence[SymbolBars], ticks: Sequence[BarTicks]) -> Iterator[str]:
    """Say of each symbol in how many sessions its ticks were watched, and in how many there were none."""
    for bars, found in zip(symbols, ticks, strict=True):
        total = len(np.unique(bars.sessions.days))
        yield (
            f"{bars.instrument.symbol}: ticks in {found.sessions:,} of {total:,} sessions, candles alone in "
            f"{total - found.sessions:,}"
        )


def _traded(ticks: TickColumns, bars: SymbolBars) -> IntArray:
    """Return times and prices of the ticks of a day that have a price, as two rows."""
    instrument = bars.instrument
    if ticks.scale != instrument.scale:
        raise DataError(
            f"{instrument.symbol}: its ticks have {ticks.scale} digits behind the point, its candles "
            f"{instrument.scale}; run it without --ticks"
        )
    return np.stack((ticks.at, ticks.ltp))[:, ticks.ltp > 0]
