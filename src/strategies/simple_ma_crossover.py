"""Go with the crossing of two simple moving averages: long when the fast one rises above the slow one, short below.

The feature `sma_gap_n` is the average over n candles divided by the close, less 1. Both gaps of a row share the close,
so the fast average lies above the slow one exactly when its gap does.
"""

from dataclasses import dataclass

from core.errors import ConfigurationError
from core.signals import Direction, FeatureRow, Needs, Signal


@dataclass(frozen=True, slots=True)
class SimpleMaCrossover:
    """Fires on the crossing only, not while one average stays above the other."""

    fast: int = 9
    """Candles in the fast average."""
    slow: int = 21
    """Candles in the slow average."""
    name: str = "simple_ma_crossover"

    def __post_init__(self) -> None:
        if not 1 <= self.fast < self.slow:
            raise ConfigurationError(
                f"strategy.params: fast {self.fast} and slow {self.slow}; fast must be at least 1 and below slow"
            )

    @property
    def needs(self) -> Needs:
        """Both averages' gaps."""
        return Needs(features=(f"sma_gap_{self.fast}", f"sma_gap_{self.slow}"))

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        """Compare the averages before and after the newest candle."""
        spread, spread_before = self._spread(now), self._spread(before)
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
            reason=f"{self.fast}-candle average {verb} the {self.slow}-candle one by {abs(spread):.3%} of price",
        )

    def _spread(self, row: FeatureRow) -> float:
        return row[f"sma_gap_{self.fast}"] - row[f"sma_gap_{self.slow}"]
