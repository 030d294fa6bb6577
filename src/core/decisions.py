"""What goes out: everything the kernel decides, one frozen fact each. What it asks of the broker: `core.effects`."""

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TypeAlias

from core.drift import DriftStep, Finding
from core.effects import Effect
from core.inputs import Condition
from core.instants import Instant
from core.market import Candle
from core.orders import OrderReport, Product
from core.positions import Trade
from core.signals import Direction

STRATEGY_FAILED = "STRATEGY_FAILED"
SOFT_LOSS_LIMIT = "SOFT_LOSS_LIMIT"
"""Codes of alarms that the state remembers."""


class SafetyLevel(Enum):
    """How much the bot may do; higher is safer. Latched: only what raised it, or an operator, lowers it."""

    RUN = 0
    NO_ENTRY = 1
    EXIT_ONLY = 2
    FLATTEN = 3
    FREEZE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleBuilt:
    """A candle made of the prices seen, whole: it is decided on, and compared with the broker's when that arrives."""

    at: Instant
    symbol: str
    candle: Candle
    tick: int
    """The instrument's price step: what differs by no more is as good as equal."""
    ticks: int
    """Prices in it."""
    late: int
    """Prices that came too late for the candles before it, since the last of those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleDoubted:
    """The prices seen do not make a candle that may be decided on: the broker's is, should it arrive in time."""

    at: Instant
    symbol: str
    start: Instant
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the strategy said about one closed candle, none included, with the numbers it saw."""

    at: Instant
    symbol: str
    candle: Instant
    """Start of the candle."""
    direction: Direction
    probability: float
    source: str
    reason: str
    features: tuple[float, ...]
    atr: float
    """Average true range in price units, from which stop, target and size follow."""
    novelty: float = 0.0
    """How far the features were from those of the training; 0 where nobody measures."""
    withheld: Direction = Direction.NONE
    """What the strategy would have said but for its caution; NONE where that changed nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRefused:
    """The gatekeeper, or sizing, said no; `code` names the rule."""

    at: Instant
    symbol: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAbsent:
    """Two complete readings, late enough, did not show an order of unknown outcome: it does not exist."""

    at: Instant
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelsSet:
    """Stop and target of a position, in units."""

    at: Instant
    symbol: str
    stop: int
    target: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitDecided:
    """A position has to go."""

    at: Instant
    symbol: str
    reason: str
    price: int
    """The price that made us decide, in units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeClosed:
    """A position is verified flat in the books; the trade with exact prices and charges."""

    at: Instant
    trade: Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionAdopted:
    """A position found at the broker that carries our tags but not in our log: managed from here on."""

    at: Instant
    symbol: str
    product: Product
    quantity: int
    """Signed: positive long."""
    entry_value: int
    stop: int
    target: int
    stop_order: OrderReport | None
    """The resting stop found with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionAdjusted:
    """Shares of ours were closed outside the bot, by a person or by the broker; the books are the evidence."""

    at: Instant
    symbol: str
    quantity: int
    """Shares that are gone; negative for shares sold beyond what was held that have been brought back."""
    value: int
    """What they fetched, in units; negative for what bringing them back cost."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRekeyed:
    """The broker, or its owner, converted a position to another product; it is ours as before."""

    at: Instant
    symbol: str
    product: Product
    """What it is held under now."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolBlocked:
    """No entries in a symbol: somebody else's position or order is in it, or the books contradict our fills."""

    at: Instant
    symbol: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolUnblocked:
    """The cause of a block is gone: readings of the books leave nothing to explain in the symbol."""

    at: Instant
    symbol: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChanged:
    """The safety level was raised or lowered."""

    at: Instant
    level: SafetyLevel
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """The books agree with our state: entries may begin, or go on."""

    at: Instant
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatVerified:
    """At the flat check the books showed no position and no live order of ours."""

    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something a person must look at."""

    at: Instant
    code: str
    message: str
    key: str = ""
    """What it is about, where it rings once a day for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtChanged:
    """The kernel itself doubts, or does so no more; to the state the same as `ConditionChanged`."""

    at: Instant
    condition: Condition
    holds: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlattenChecked:
    """After a forced exit of everything: two readings, apart, showed nothing of ours; or a later one did again."""

    at: Instant
    is_flat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRestored:
    """Orders of ours that the log does not know have lost money today: counted once, as if it knew them."""

    at: Instant
    amount: int
    """Negative, in units, charges included."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftMeasured:
    """A session, or a trade, was held against what the model promised."""

    at: Instant
    session: date | None
    """The session that was judged; None for a trade."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftStepChanged:
    """Evidence of drift has reached a step, or an operator has lifted it; latched, over restarts and days."""

    at: Instant
    step: DriftStep
    why: str


Decision: TypeAlias = (
    Effect
    | CandleBuilt
    | CandleDoubted
    | Decided
    | EntryRefused
    | OrderAbsent
    | LevelsSet
    | ExitDecided
    | TradeClosed
    | PositionAdopted
    | PositionAdjusted
    | PositionRekeyed
    | SymbolBlocked
    | LevelChanged
    | Reconciled
    | FlatVerified
    | Alarm
    | DoubtChanged
    | FlattenChecked
    | LossRestored
    | SymbolUnblocked
    | DriftMeasured
    | DriftStepChanged
)
