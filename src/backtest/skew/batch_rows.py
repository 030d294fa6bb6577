"""The features of a run of candles computed at once, as training and backtests compute them, found by candle."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from core.instants import Instant
from core.market import Candle
from features.batch import compute
from features.columns import BoolArray, CandleColumns, FloatArray
from features.specification import FeatureSpecification
from market_data.candles.candle_store import joined_candles

ATR = "atr"
"""Name of the last column: the average true range, in units, from which stop, target and size follow."""


class BatchRows:
    """Rows of one symbol, the average true range in their last column."""

    def __init__(self, specification: FeatureSpecification, candles: CandleColumns) -> None:
        table = compute(specification, candles)
        self.candles = candles
        self.numbers: FloatArray = np.column_stack([table.values, table.atr])
        self.valid = table.valid
        self._places = {start: place for place, start in enumerate(candles.starts.tolist())}

    def has(self, start: Instant) -> bool:
        """Whether the candle and the one before it both have a row, without which no strategy is asked."""
        place = self._places.get(start, 0)
        return place > 0 and bool(self.valid[place] and self.valid[place - 1])

    def at(self, start: Instant) -> FloatArray:
        """Return the rows of the candle and of the one before it, one below the other; both must be there."""
        place = self._places[start]
        rows: FloatArray = self.numbers[[place, place - 1]]
        return rows

    def of(self, starts: Sequence[Instant]) -> FloatArray:
        """Return the rows of some candles; each must be there."""
        rows: FloatArray = self.numbers[[self._places[start] for start in starts]]
        return rows

    def candle_at(self, start: Instant) -> Candle:
        """Return the candle that starts at an instant."""
        return self.candles.candle(self._places[start])

    def candle_before(self, start: Instant) -> Candle:
        """Return the candle before it."""
        return self.candles.candle(self._places[start] - 1)


def deviations_of(
    batches: Iterable[BatchRows], specification: FeatureSpecification, reference: Mapping[str, float]
) -> FloatArray:
    """Return the unit of each column: the deviation of the model's training, else that of all rows that are given.

    1 where a column never moves.
    """
    rows = np.concatenate([batch.numbers[batch.valid] for batch in batches])
    own = rows.std(axis=0) if len(rows) else np.ones(len(specification.names) + 1)
    units = np.array([reference.get(name) or own[place] for place, name in enumerate((*specification.names, ATR))])
    never_moves: BoolArray = ~(units > 0)
    units[never_moves] = 1.0
    return units


def with_history(candles: CandleColumns, history: CandleColumns) -> CandleColumns:
    """Put what a history has from before some candles in front of them."""
    return joined_candles([history.slice(0, int(np.searchsorted(history.starts, candles.starts[0]))), candles])
