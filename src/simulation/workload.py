"""A strategy that has many wishes, and candles that come fast: what makes a short session worth attacking."""

from core.instants import Instant
from core.market import Candle
from core.signals import Direction, FeatureRow, Needs, Signal
from simulation.dice import draw
from simulation.setting import CANDLE, PRICES

_WISHES = 0.8
"""Share of the candles after which the oracle wants a position."""
_RANGE_PPM = 1_000
"""Average true range, in millionths of the price: the stop lies two in a thousand away."""


class Oracle:
    """Signals that follow from the seed. Implements `core.signals.SignalProvider`."""

    name = "oracle"
    needs = Needs(features=())

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:  # noqa: ARG002 - it knows already
        """Wish for a position, or not."""
        place = now.candle.start // CANDLE
        if draw(self._seed, f"wish {now.symbol}", place) > _WISHES:
            return None
        is_long = draw(self._seed, f"way {now.symbol}", place) < 0.5
        return Signal(
            symbol=now.symbol,
            at=now.closed_at,
            direction=Direction.LONG if is_long else Direction.SHORT,
            probability=1.0,
            source=self.name,
            reason="the oracle wishes it",
        )


class Rows:
    """A feature stream without features. Implements `core.ports.RowStream`."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol

    def update(self, candle: Candle) -> FeatureRow:
        """Make a row of a candle."""
        return FeatureRow(
            symbol=self._symbol,
            candle=candle,
            closed_at=candle.start + CANDLE,
            columns={},
            values=(),
            atr=PRICES[self._symbol] * _RANGE_PPM / 1_000_000,
        )


def candles(symbol: str, after: Instant, last: Instant) -> tuple[Candle, ...]:
    """Return the candles that start later than `after`, up to `last`: three at most, of no particular price."""
    price = PRICES[symbol]
    newest = last // CANDLE * CANDLE
    starts = [start for start in (newest - 2 * CANDLE, newest - CANDLE, newest) if start > after]
    return tuple(Candle(start, price, price, price, price, 0) for start in starts)
