"""What a comparison of live and batch rows finds, feature by feature and decision by decision."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from backtest.parity.opinions import Key
from core.market import Candle
from core.signals import Direction

LIMIT = 1e-9
"""Difference, in deviations of the feature, up to which two numbers are the same."""


class Cause(Enum):
    """Where a difference comes from, found by putting one thing after the other right."""

    CODE = "code"
    """The batch makes another number of the very candles that the live features were fed."""
    CANDLES = "candles"
    """The official candles differ from those that the live features were fed."""
    WARM_UP = "warm_up"
    """The live features began at a later candle than the official history does."""
    STRATEGY = "strategy"
    """The strategy says otherwise of the very row that was recorded; only of decisions."""


class Difference(NamedTuple):
    """One number on both sides."""

    deviations: float
    key: Key
    live: float
    batch: float
    cause: Cause


@dataclass(slots=True)
class FeatureSkew:
    """One feature over the day."""

    name: str
    rows: int = 0
    beyond: Counter[Cause] = field(default_factory=Counter)
    """Rows that differ by more than `LIMIT`, by cause."""
    farthest: Difference | None = None
    """None where no two numbers differ."""


@dataclass(frozen=True, slots=True)
class DecisionChange:
    """A candle of which not every side says the same."""

    key: Key
    recorded: Direction
    of_live_row: Direction
    """What the strategy says today of the recorded row."""
    of_batch_row: Direction
    cause: Cause
    features: tuple[str, ...]
    """Those that differ, the farthest first; of the candle and of the one before it."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A candle of which only one side has a row."""

    key: Key
    is_live: bool
    """Whether it is the live side that has it."""
    cause: Cause


@dataclass(frozen=True, slots=True)
class Revision:
    """A candle that the official history has otherwise than the bot had it."""

    had: Candle | None
    """None where the bot had none."""
    official: Candle


@dataclass(slots=True)
class DaySkew:
    """Everything found on a day."""

    rows: int = 0
    features: dict[str, FeatureSkew] = field(default_factory=dict)
    changes: list[DecisionChange] = field(default_factory=list)
    unmatched: list[Unmatched] = field(default_factory=list)
    revisions: dict[Key, Revision] = field(default_factory=dict)
    filled: set[Key] = field(default_factory=set)
    """Candles that the official history lacks and that the batch took from the log."""

    @property
    def beyond(self) -> list[FeatureSkew]:
        """The features that differ by more than the limit, the farthest first."""
        named = [each for each in self.features.values() if each.beyond and each.farthest]
        return sorted(named, key=lambda each: each.farthest.deviations if each.farthest else 0, reverse=True)

    @property
    def is_sound(self) -> bool:
        """Whether every decision stands, and every number is the same."""
        return not (self.changes or self.unmatched or self.beyond)
