"""What a strategy says after each closed bar: asked bar by bar as live, or looked up where it was asked beforehand."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from backtest.bars import SymbolBars, packed
from core.market import Candle
from core.signals import Direction, FeatureRow, Signal, SignalProvider
from features.columns import BoolArray
from strategies.base_strategy import SignalColumns
from strategies.guarded import signals_at_once

Ask: TypeAlias = Callable[[int], Signal | None]
"""Told the row of a bar that has closed, returns what the strategy wants after it."""

_ROWS_AT_ONCE = 512
"""Rows of features that are turned into lists together: a row by itself costs several times as much."""


class Answers(NamedTuple):
    """What a strategy says about one symbol."""

    rows: BoolArray
    """After which bars it may have something to say; of the others it need not be asked."""
    ask: Ask
    """To be asked in order of the rows. It may raise `StrategyError`."""


class SignalSource(Protocol):
    """Where the signals of a run come from."""

    def of(self, bars: SymbolBars) -> Answers:
        """Return the answers for one symbol. Raises `StrategyError`."""
        ...


class EveryBar:
    """Asks a strategy after every bar that has a complete row of features, and so has the bar before it, as live."""

    def __init__(self, provider: SignalProvider) -> None:
        self._provider = provider

    def of(self, bars: SymbolBars) -> Answers:
        """Return what asks the strategy about one symbol."""
        first_row = first_decision(bars, self._provider)
        rows = bars.features.valid.copy()
        rows[:first_row] = False
        valid = bars.features.valid.tobytes()
        row_at, on_data = feature_rows(bars), self._provider.on_data
        newest: tuple[int, FeatureRow | None] = -1, _lead_row(bars)

        def ask(row: int) -> Signal | None:
            nonlocal newest
            if row < first_row or not valid[row]:
                return None
            kept, before = newest
            if kept != row - 1:
                before = row_at(row - 1) if valid[row - 1] else None
            if before is None:
                return None
            now = row_at(row)
            newest = row, now
            return on_data(now, before)

        return Answers(rows, ask)


class OneByOne:
    """Asks a strategy about the bars of a symbol as far as they are wanted, and keeps what it said."""

    def __init__(self, bars: SymbolBars, provider: SignalProvider) -> None:
        self._ask = EveryBar(provider).of(bars).ask
        self._next = first_decision(bars, provider)
        self._said = SignalColumns(np.zeros(len(bars), dtype=np.int8), np.zeros(len(bars)))

    def until(self, end: int) -> SignalColumns:
        """Return what it says of the rows before `end`, and of later ones, unless they were asked for, nothing."""
        directions, probabilities = self._said.directions, self._said.probabilities
        for row in range(self._next, end):
            signal = self._ask(row)
            if signal is not None:
                directions[row], probabilities[row] = signal.direction.value, signal.probability
        self._next = max(self._next, end)
        return self._said


class AtOnce:
    """Asks a strategy about all bars of a symbol at once, if it can be; the fast engine does no other.

    For a strategy whose words are known to be the same bar by bar: `fyersbot check-strategy` proves it of any.
    """

    def __init__(self, provider: SignalProvider) -> None:
        self._provider = provider

    def of(self, bars: SymbolBars) -> Answers:
        """Return what looks up the signals of one symbol."""
        columns = columns_of(bars, self._provider)
        directions, probabilities = columns.directions.tobytes(), packed(columns.probabilities)
        symbol, source, closed_at = bars.instrument.symbol, self._provider.name, packed(bars.sessions.closed_at)

        def ask(row: int) -> Signal | None:
            direction, probability = Direction(directions[row]), probabilities[row]
            return Signal(
                symbol=symbol,
                at=closed_at[row],
                direction=direction,
                probability=probability,
                source=source,
                reason="",
            )

        return Answers(columns.directions != Direction.NONE.value, ask)


class GivenSignals:
    """Signals that are known beforehand, by symbol and row."""

    def __init__(self, signals: Mapping[str, Mapping[int, Signal]]) -> None:
        self._signals = signals

    def of(self, bars: SymbolBars) -> Answers:
        """Return what looks up the signals of one symbol."""
        signals = self._signals.get(bars.instrument.symbol, {})
        rows = np.zeros(len(bars), dtype=np.bool_)
        rows[list(signals)] = True
        return Answers(rows, signals.get)


def columns_of(bars: SymbolBars, provider: SignalProvider) -> SignalColumns:
    """Return what a strategy says after every bar of a symbol, asked at once if it can be, else bar by bar.

    Raises `StrategyError`.
    """
    first, asked = first_decision(bars, provider), bars.lead or bars
    answers = signals_at_once(provider, asked.features, asked.candles, bars.instrument.symbol)
    if answers is None:
        return OneByOne(bars, provider).until(len(bars))
    directions = np.array(answers.directions[-len(bars) :], dtype=np.int8)
    directions[:first] = Direction.NONE.value
    return SignalColumns(directions, np.asarray(answers.probabilities[-len(bars) :], dtype=np.float64))


def first_decision(bars: SymbolBars, provider: SignalProvider) -> int:
    """Return the first row that a strategy is asked about: after its own warm-up, and it compares two rows.

    Rows before the range count for both.
    """
    needed = provider.needs.warm_up + 1
    if bars.lead is not None and bars.lead.complete:
        return max(0, needed - bars.lead.complete)
    valid = bars.features.valid
    first_row = int(np.argmax(valid)) if valid.any() else len(bars)
    return first_row + needed


def _lead_row(bars: SymbolBars) -> FeatureRow | None:
    """Return the row of the candle before the range; None where there is none."""
    lead = bars.lead
    if lead is None or not lead.features.valid[0]:
        return None
    values, atr = tuple(lead.features.values[0].tolist()), float(lead.features.atr[0])
    columns = lead.features.specification.columns
    return FeatureRow(bars.instrument.symbol, lead.candles.candle(0), lead.closed_at, columns, values, atr)


def feature_rows(bars: SymbolBars) -> Callable[[int], FeatureRow]:
    """Return what makes the row of a bar, equal to the one that the live stream makes."""
    symbol, columns = bars.instrument.symbol, bars.features.specification.columns
    candles, values, atr = bars.candles, bars.features.values, packed(bars.features.atr)
    starts, opens, highs, lows = map(packed, (candles.starts, candles.opens, candles.highs, candles.lows))
    closes, volumes, closed_at = map(packed, (candles.closes, candles.volumes, bars.sessions.closed_at))
    block_begin, block = 0, values[:0].tolist()

    def row_at(row: int) -> FeatureRow:
        nonlocal block_begin, block
        place = row - block_begin
        if not 0 <= place < len(block):
            block_begin, place = row, 0
            block = values[row : row + _ROWS_AT_ONCE].tolist()
        candle = Candle(starts[row], opens[row], highs[row], lows[row], closes[row], volumes[row])
        return FeatureRow(symbol, candle, closed_at[row], columns, tuple(block[place]), atr[row])

    return row_at
