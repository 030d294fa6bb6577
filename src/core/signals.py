"""From features to a wish: feature rows, signals, and what a strategy has to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from core.instants import Instant
from core.market import Candle, Side


class Direction(Enum):
    """The position to be in; the values are the classes of a model: 0 none, 1 long, 2 short."""

    NONE = 0
    LONG = 1
    SHORT = 2

    @property
    def side(self) -> Side:
        """The side that opens this position. Raises `ValueError` for NONE."""
        match self:
            case Direction.LONG:
                return Side.BUY
            case Direction.SHORT:
                return Side.SELL
            case Direction.NONE:
                raise ValueError("no position has no side")


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """The complete features of one closed candle. A row with a gap in it does not exist: never NaN, never a filler."""

    symbol: str
    candle: Candle
    closed_at: Instant
    """When the candle closed, which is when the row became knowable."""
    columns: Mapping[str, int]
    """Feature name to its place in `values`; shared by all rows of a pipeline."""
    values: Sequence[float]
    """The features in the order of the pipeline's specification."""
    atr: float
    """Average true range in price units, for stops and sizing; not a model feature, because it is not scale-free."""

    def __getitem__(self, name: str) -> float:
        """Return one feature by name. Raises `KeyError` that lists the names there are."""
        place = self.columns.get(name)
        if place is None:
            raise KeyError(f"no feature {name!r}; this pipeline has {', '.join(self.columns)}")
        return float(self.values[place])


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What a strategy wants after a candle: a direction, how sure it is, and why."""

    symbol: str
    at: Instant
    """Close of the candle it was made from."""
    direction: Direction
    probability: float
    """Confidence in `direction`, 0 to 1; rules without a probability say 1.0."""
    source: str
    """Name of the provider."""
    reason: str
    """One line for the log and the report."""
    novelty: float = 0.0
    """How far the row is from those the provider knows, in deviations of theirs; 0 where it does not measure."""
    withheld: Direction = Direction.NONE
    """What it would have wanted but for its own caution: followed on paper, so that caution has a price."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a provider asks of the pipeline; checked before the market opens."""

    features: tuple[str, ...]
    """Names it reads. Empty means: all of the default specification."""
    warm_up: int = 0
    """Closed candles it needs beyond the pipeline's own warm-up."""


class SignalProvider(Protocol):
    """All a strategy has to be. It holds no memory, no clock and no broker: memory belongs to features."""

    @property
    def name(self) -> str:
        """Short name for logs and reports."""
        ...

    @property
    def needs(self) -> Needs:
        """Features and warm-up."""
        ...

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        """Look at the newest row and the one before it; return a signal, or None for no opinion."""
        ...


@dataclass(frozen=True, slots=True)
class Prediction:
    """A classifier's answer for one row."""

    direction: Direction
    probabilities: tuple[float, float, float]
    """Probability of none, long, short, in this order."""


Parameters = Mapping[str, Any]
"""What a config file gives a strategy under `strategy.params`; each strategy checks its own."""
