"""What a strategy says after each closed bar: asked bar by bar as live, or looked up where it was asked beforehand."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

import numpy as np

from backtest.bars import SymbolBars
from core.signals import FeatureRow, Signal, SignalProvider

Ask: TypeAlias = Callable[[int], Signal | None]
"""Told the row of a bar that has closed, returns what the strategy wants after it."""


class SignalSource(Protocol):
    """Where the signals of a run come from."""

    def of(self, bars: SymbolBars) -> Ask:
        """Return the answers for one symbol, asked in order of the rows. Those may raise `StrategyError`."""
        ...


class EveryBar:
    """Asks a strategy after every bar that has a complete row of features, and so has the bar before it, as live."""

    def __init__(self, provider: SignalProvider) -> None:
        self._provider = provider

    def of(self, bars: SymbolBars) -> Ask:
        """Return what asks the strategy about one symbol."""
        first_row = first_decision(bars, self._provider)
        valid = bars.features.valid.tobytes()
        row_at, on_data = feature_rows(bars), self._provider.on_data
        newest: tuple[int, FeatureRow | None] = -1, None

        def ask(row: int) -> Signal | None:
            nonlocal newest
            if row < first_row or not (valid[row] and valid[row - 1]):
                return None
            kept, before = newest
            if before is None or kept != row - 1:
                before = row_at(row - 1)
            now = row_at(row)
            newest = row, now
            return on_data(now, before)

        return ask


class GivenSignals:
    """Signals that are known beforehand, by symbol and row."""

    def __init__(self, signals: Mapping[str, Mapping[int, Signal]]) -> None:
        self._signals = signals

    def of(self, bars: SymbolBars) -> Ask:
        """Return what looks up the signals of one symbol."""
        return self._signals.get(bars.instrument.symbol, {}).get


def first_decision(bars: SymbolBars, provider: SignalProvider) -> int:
    """Return the first row that a strategy is asked about: after its own warm-up, and it compares two rows."""
    valid = bars.features.valid
    first_row = int(np.argmax(valid)) if valid.any() else len(bars)
    return first_row + provider.needs.warm_up + 1


def feature_rows(bars: SymbolBars) -> Callable[[int], FeatureRow]:
    """Return what makes the row of a bar, equal to the one that the live stream makes."""
    symbol, columns = bars.instrument.symbol, bars.features.specification.columns
    values, atr, closed_at = bars.features.values, bars.features.atr, bars.sessions.closed_at
    candle = bars.candles.candle

    def row_at(row: int) -> FeatureRow:
        features = tuple(values[row].tolist())
        return FeatureRow(symbol, candle(row), int(closed_at[row]), columns, features, float(atr[row]))

    return row_at
