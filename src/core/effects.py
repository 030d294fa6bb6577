"""The decisions that ask something of the broker: carried out once they are on disk, and answered by an input."""

from dataclasses import dataclass
from typing import TypeAlias

from core.instants import Instant
from core.orders import OrderChange, OrderIntent, Product
from core.signals import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryWanted:
    """Fetch the candles of a symbol after `after`, waiting for the one that starts at `due`."""

    at: Instant
    symbol: str
    after: Instant
    due: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksWanted:
    """Read the three books."""

    at: Instant
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FundsWanted:
    """Read the money and the profile at the broker."""

    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPlan:
    """What an entry is meant to become, fixed before it is sent."""

    direction: Direction
    probability: float
    atr: float
    stop_atr: float
    target_atr: float
    full_quantity: int = 0
    """Shares it would have had but for drift; 0 where drift has taken none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntended:
    """Send this order, once."""

    at: Instant
    intent: OrderIntent
    plan: EntryPlan | None = None
    """Set for entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeIntended:
    """Give a resting order new values."""

    at: Instant
    change: OrderChange


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelIntended:
    """Cancel a resting order."""

    at: Instant
    tag: str
    broker_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionExitIntended:
    """Ask the broker to close a position itself, the last rung of the exit ladder."""

    at: Instant
    symbol: str
    product: Product
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterCancelIntended:
    """Cancel the order that the broker made when it was asked to close a position, and that does not fill."""

    at: Instant
    symbol: str
    broker_id: str
    why: str


Effect: TypeAlias = (
    HistoryWanted
    | BooksWanted
    | FundsWanted
    | OrderIntended
    | ChangeIntended
    | CancelIntended
    | PositionExitIntended
    | CounterCancelIntended
)
