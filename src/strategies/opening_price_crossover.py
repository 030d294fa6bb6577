"""Go with the price as it leaves the session's opening price: long above a band around it, short below."""

from dataclasses import dataclass

import numpy as np

from core.instants import ist_date
from core.signals import Direction, FeatureRow, Needs, Signal
from features.batch import FeatureTable
from features.columns import CandleColumns
from strategies.base_strategy import SignalColumns, check_parameters, parameter
from strategies.batch import crossings


@dataclass(frozen=True, slots=True)
class OpeningPriceCrossover:
    """Fires on the candle that closes outside the band when the one before had not."""

    band: float = parameter(0.002, low=0.0, high=0.2, step=0.0005, unit="of the price")
    """Half width of the band, as a share of the opening price."""
    name: str = "opening_price_crossover"

    def __post_init__(self) -> None:
        check_parameters(self)

    @property
    def needs(self) -> Needs:
        """`open_gap`: the close divided by the session's first open, less 1."""
        return Needs(features=("open_gap",))

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        """Look for the crossing; a session begins at its own open, wherever the last one ended."""
        is_same_session = ist_date(now.candle.start) == ist_date(before.candle.start)
        gap, gap_before = now["open_gap"], before["open_gap"] if is_same_session else 0.0
        if gap_before <= self.band < gap:
            direction, verb = Direction.LONG, "above"
        elif gap < -self.band <= gap_before:
            direction, verb = Direction.SHORT, "below"
        else:
            return None
        return Signal(
            symbol=now.symbol,
            at=now.closed_at,
            direction=direction,
            probability=1.0,
            source=self.name,
            reason=f"price went {abs(gap):.3%} {verb} the opening price, beyond the band of {self.band:.3%}",
        )

    def signals(self, table: FeatureTable, candles: CandleColumns, symbol: str) -> SignalColumns:  # noqa: ARG002
        """Answer as `on_data` does, for every candle at once."""
        gap = table.values[:, table.specification.columns["open_gap"]]
        days = candles.days()
        before = np.where(days[1:] == days[:-1], gap[:-1], 0.0)
        before = np.concatenate(([0.0], before))
        return crossings(
            table, up=(before <= self.band) & (gap > self.band), down=(gap < -self.band) & (before >= -self.band)
        )
