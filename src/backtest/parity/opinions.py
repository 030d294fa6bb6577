"""What the strategy says of each candle of a day, asked with candles of one origin."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.instants import Instant
from core.market import Candle, Timeframe
from core.ports import RowStream
from core.sessions import TradingDay
from core.signals import Direction, FeatureRow, SignalProvider


class Key(NamedTuple):
    """Names a decision: of which candle of which symbol it was made."""

    symbol: str
    candle: Instant
    """Its start."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the strategy said, with the numbers it saw."""

    direction: Direction
    probability: float
    reason: str
    features: tuple[float, ...]
    atr: float
    """In units."""

    def saw_the_same(self, other: "Opinion") -> bool:
        """Whether another opinion was formed on equal numbers."""
        return (self.features, self.atr) == (other.features, other.atr)


def opinions_on(
    candles: Mapping[str, Sequence[Candle]],
    day: TradingDay,
    timeframe: Timeframe,
    provider: SignalProvider,
    stream_for: Callable[[str], RowStream],
) -> dict[Key, Opinion]:
    """Return what the strategy says of the day's candles; those before it, by symbol too, warm the features up.

    The features run through without a break, as in a backtest. Raises `StrategyError` when the strategy fails.
    """
    found: dict[Key, Opinion] = {}
    for symbol, bars in candles.items():
        stream = stream_for(symbol)
        before: FeatureRow | None = None
        for candle in bars:
            now = stream.update(candle)
            if now is not None and before is not None and day.has_candle(candle.start, timeframe):
                found[Key(symbol, candle.start)] = _opinion(provider, now, before)
            before = now
    return found


def _opinion(provider: SignalProvider, now: FeatureRow, before: FeatureRow) -> Opinion:
    signal = provider.on_data(now, before)
    return Opinion(
        direction=signal.direction if signal else Direction.NONE,
        probability=signal.probability if signal else 0.0,
        reason=signal.reason if signal else "no signal",
        features=tuple(float(value) for value in now.values),
        atr=now.atr,
    )
