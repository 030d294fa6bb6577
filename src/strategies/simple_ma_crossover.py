"""Go with the crossing of two simple moving averages: long when the fast one rises above the slow one, short below."""

from dataclasses import dataclass

import numpy as np

from core.errors import ConfigurationError
from core.signals import Direction, FeatureRow, Needs, Signal
from features.batch import FeatureTable
from features.columns import CandleColumns
from strategies.base_strategy import SignalColumns, check_parameters, parameter
from strategies.batch import crossings


@dataclass(frozen=True, slots=True)
class SimpleMaCrossover:
    """Fires on the crossing only, not while one average stays above the other."""

    fast: int = parameter(9, low=2, high=499, step=1, unit="candles")
    """Candles in the fast average."""
    slow: int = parameter(21, low=3, high=500, step=1, unit="candles")
    """Candles in the slow average."""
    name: str = "simple_ma_crossover"

    def __post_init__(self) -> None:
        check_parameters(self)
        if self.fast >= self.slow:
            raise ConfigurationError(f"strategy.params: fast {self.fast} and slow {self.slow}; fast must be below slow")

    @property
    def needs(self) -> Needs:
        """The fast average divided by the slow one, less 1."""
        return Needs(features=(self._spread,))

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        """Compare the averages before and after the newest candle."""
        spread, spread_before = now[self._spread], before[self._spread]
        if spread_before <= 0 < spread:
            direction, verb = Direction.LONG, "rose above"
        elif spread < 0 <= spread_before:
            direction, verb = Direction.SHORT, "fell below"
        else:
            return None
        return Signal(
            symbol=now.symbol,
            at=now.closed_at,
            direction=direction,
            probability=1.0,
            source=self.name,
            reason=f"{self.fast}-candle average {verb} the {self.slow}-candle one by {abs(spread):.3%}",
        )

    def signals(self, table: FeatureTable, candles: CandleColumns, symbol: str) -> SignalColumns:  # noqa: ARG002
        """Answer as `on_data` does, for every candle at once."""
        spread = table.values[:, table.specification.columns[self._spread]]
        before = np.concatenate(([0.0], spread[:-1]))
        return crossings(table, up=(before <= 0) & (spread > 0), down=(spread < 0) & (before >= 0))

    @property
    def _spread(self) -> str:
        return f"sma_spread_{self.fast}_{self.slow}"
