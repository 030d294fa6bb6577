"""The candles of a recorded day: those that the bot decided on, and those that are official by now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from core import events
from core.instants import Instant
from core.market import Candle
from trading.event_log import Row

Series: TypeAlias = dict[Instant, Candle]
"""Candles of one symbol by their starts."""
_KINDS = frozenset({events.HistoryArrived.__name__, events.CandleBuilt.__name__})


@dataclass(slots=True)
class DayCandles:
    """Candles by symbol, warm-up included."""

    decided_on: dict[str, Series] = field(default_factory=dict)
    """The first that the bot had of each: its own, or what the broker's history first said."""
    official: dict[str, Series] = field(default_factory=dict)
    """The newest word of the broker's history, else our own."""

    @property
    def as_decided(self) -> dict[str, Sequence[Candle]]:
        """Those that the bot had, in order of time; where it had none, the official one."""
        return {
            symbol: _in_order({**series, **self.decided_on.get(symbol, {})}) for symbol, series in self.official.items()
        }

    @property
    def as_official(self) -> dict[str, Sequence[Candle]]:
        """The official ones, in order of time."""
        return {symbol: _in_order(series) for symbol, series in self.official.items()}

    def revise(self, revised: Mapping[str, Sequence[Candle]]) -> None:
        """Take candles from elsewhere for the official ones; those before the oldest that the bot had are not used."""
        for symbol, candles in revised.items():
            series = self.official.get(symbol)
            if series:
                first = min(series)
                series |= {candle.start: candle for candle in candles if candle.start >= first}


def candles_in(rows: Iterable[Row]) -> DayCandles:
    """Return the candles that the rows of a day hold."""
    found = DayCandles()
    for row in rows:
        event = row.event if row.kind in _KINDS else None
        match event:
            case events.CandleBuilt(symbol=symbol, candle=candle):
                found.decided_on.setdefault(symbol, {}).setdefault(candle.start, candle)
                found.official.setdefault(symbol, {}).setdefault(candle.start, candle)
            case events.HistoryArrived(symbol=symbol, candles=candles):
                for candle in candles:
                    found.decided_on.setdefault(symbol, {}).setdefault(candle.start, candle)
                    found.official.setdefault(symbol, {})[candle.start] = candle
            case _:
                pass
    return found


def _in_order(series: Series) -> Sequence[Candle]:
    return [series[start] for start in sorted(series)]
