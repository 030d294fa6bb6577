"""Everything that can happen. Inputs come from outside, decisions from us; both are written before anything acts.

Fold all events and you have the state. Feed only the inputs to a fresh kernel and it must decide the same again.
Ticks are not events: a tick that causes a decision is recorded as `TickActed`.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from core.instants import Instant
from core.market import Candle
from core.orders import Books, OrderChange, OrderIntent, OrderReport, Outcome, Product
from core.positions import Trade
from core.sessions import TradingDay
from core.signals import Direction


class SafetyLevel(Enum):
    """How much the bot may do; higher is safer. Latched: only what raised it, or an operator, lowers it."""

    RUN = 0
    NO_ENTRY = 1
    EXIT_ONLY = 2
    FLATTEN = 3
    FREEZE = 4


class Phase(Enum):
    """A moment of the trading day, from the timetable."""

    PRE_OPEN = "pre_open"
    OPEN = "open"
    NO_ENTRY = "no_entry"
    SQUARE_OFF = "square_off"
    FLAT_CHECK = "flat_check"
    CLOSE = "close"


class Verb(Enum):
    """The calls that change orders at the broker."""

    PLACE = "place"
    MODIFY = "modify"
    CANCEL = "cancel"
    EXIT = "exit"


class Command(Enum):
    """What an operator can ask of a running bot."""

    STOP = "stop"
    """End gracefully; open positions keep their resting stop."""
    STOP_FLAT = "stop_flat"
    """End gracefully with everything closed. Unlike FLATTEN it latches nothing: the next start trades again."""
    FLATTEN = "flatten"
    """Close everything, then take no entries."""
    HALT = "halt"
    """Take no entries."""
    RESUME = "resume"
    """Lift a latch."""


class FeedState(Enum):
    """How a feed is doing."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    DOWN = "down"
    AUTH_REFUSED = "auth_refused"


# --- inputs -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Booted:
    """A process took over this log; the first event of every run."""

    at: Instant
    boot: int
    """Number of this start in the log, from 1; part of every order tag."""
    log_id: str
    """Two characters made once when the log was created; part of every order tag."""
    mode: str
    account: str
    version: str
    config_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBegan:
    """The session that everything from here on belongs to."""

    at: Instant
    day: TradingDay


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseReached:
    """The timetable reached a moment of the day."""

    at: Instant
    phase: Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleDue:
    """A candle of the decision timeframe has just closed; its history is asked for."""

    at: Instant
    start: Instant
    """Start of the candle that closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryArrived:
    """Closed candles of one symbol that the kernel has not seen yet, oldest first; may be empty."""

    at: Instant
    symbol: str
    candles: tuple[Candle, ...]
    due: Instant
    """Start of the candle that was waited for; 0 during warm-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFailed:
    """The candle that was waited for did not come in time, or the answer was unusable: no decision."""

    at: Instant
    symbol: str
    due: Instant
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TickActed:
    """A tick that made the kernel decide something."""

    at: Instant
    symbol: str
    ltp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeArrived:
    """The answer to one of our calls."""

    at: Instant
    verb: Verb
    tag: str
    """Tag of the order concerned; the symbol for EXIT."""
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReported:
    """The order socket told us about an order, ours or not."""

    at: Instant
    report: OrderReport


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksRead:
    """A complete reading of order book, trade book and positions."""

    at: Instant
    asked_at: Instant
    """When the first of the reads was begun; what happened later may be missing."""
    books: Books


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksUnchanged:
    """A complete reading equal to the last one recorded."""

    at: Instant
    asked_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksFailed:
    """A reading that could not be completed. It is evidence of nothing."""

    at: Instant
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired:
    """A deadline that the kernel set has passed."""

    at: Instant
    name: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedChanged:
    """A feed changed its state."""

    at: Instant
    feed: str
    state: FeedState


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChanged:
    """The token died, or a new one works."""

    at: Instant
    valid: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandGiven:
    """An operator, or a signal to the process, asked for something."""

    at: Instant
    command: Command
    why: str


# --- decisions --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryWanted:
    """Effect: fetch the candles of a symbol after `after`, waiting for the one that starts at `due`."""

    at: Instant
    symbol: str
    after: Instant
    due: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksWanted:
    """Effect: read the three books."""

    at: Instant
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


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRefused:
    """The gatekeeper, or sizing, said no; `code` names the rule."""

    at: Instant
    symbol: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPlan:
    """What an entry is meant to become, fixed before it is sent."""

    direction: Direction
    probability: float
    atr: float
    stop_atr: float
    target_atr: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntended:
    """Effect: send this order, once."""

    at: Instant
    intent: OrderIntent
    plan: EntryPlan | None = None
    """Set for entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeIntended:
    """Effect: give a resting order new values."""

    at: Instant
    change: OrderChange


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelIntended:
    """Effect: cancel a resting order."""

    at: Instant
    tag: str
    broker_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionExitIntended:
    """Effect: ask the broker to close a position itself, the last rung of the exit ladder."""

    at: Instant
    symbol: str
    product: Product
    why: str


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
    """Shares that are gone."""
    value: int
    """What they fetched, in units."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolBlocked:
    """No entries in a symbol: somebody else's position or order is in it, or the books contradict our fills."""

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


Input: TypeAlias = (
    Booted
    | DayBegan
    | PhaseReached
    | CandleDue
    | HistoryArrived
    | HistoryFailed
    | TickActed
    | OutcomeArrived
    | OrderReported
    | BooksRead
    | BooksUnchanged
    | BooksFailed
    | TimerFired
    | FeedChanged
    | AccessChanged
    | CommandGiven
)
Decision: TypeAlias = (
    HistoryWanted
    | BooksWanted
    | Decided
    | EntryRefused
    | OrderIntended
    | ChangeIntended
    | CancelIntended
    | PositionExitIntended
    | OrderAbsent
    | LevelsSet
    | ExitDecided
    | TradeClosed
    | PositionAdopted
    | PositionAdjusted
    | SymbolBlocked
    | LevelChanged
    | Reconciled
    | FlatVerified
    | Alarm
)
Event: TypeAlias = Input | Decision
