"""What comes in: everything from outside that the kernel may know, one frozen fact each.

Feed only these to a fresh kernel and it must decide the same again.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from core.instants import Instant
from core.market import Candle, CandleSource, Instrument
from core.orders import Books, OrderReport, Outcome
from core.rules import TradingRules
from core.sessions import TradingDay


class Phase(Enum):
    """A moment of the trading day, from the timetable."""

    PRE_OPEN = "pre_open"
    OPEN = "open"
    NO_ENTRY = "no_entry"
    SQUARE_OFF = "square_off"
    FLAT_CHECK = "flat_check"
    CLOSE = "close"


class Deadline(Enum):
    """What the kernel sets itself a time for."""

    __hash__ = object.__hash__

    BOOKS = "books"
    """The books are read."""
    SETTLE = "settle"
    """A symbol takes its next step."""
    CHASE = "chase"
    """An exit that has not filled goes one rung further."""
    PROTECT = "protect"
    """A position without a stop at the broker has to go."""
    DOUBT = "doubt"
    """A doubt that nothing has renewed ends; the key names it."""
    FUNDS = "funds"
    """The money at the broker is read."""
    FLATTEN = "flatten"
    """A forced exit of everything that is not proven yet calls for a person."""
    SWEEP = "sweep"
    """The books are looked through once more after it was; the key tells the times apart."""


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
    EXIT_ONLY = "exit_only"
    """Take no entries; unlike HALT a level above the doubts and faults that stop entries."""
    RESUME = "resume"
    """Lift a latch: back to RUN, if nothing is at stake."""


DATA_FEED = "data"
"""Name of the feed that brings prices."""


class FeedState(Enum):
    """How a feed is doing."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    DOWN = "down"
    AUTH_REFUSED = "auth_refused"


class Condition(Enum):
    """A doubt that stops entries for as long as it holds, and no longer. Exits and stops go on."""

    __hash__ = object.__hash__

    CLOCK = "clock"
    """The clock stepped, or differs from the broker's."""
    GAP = "gap"
    """The process stood still for seconds: every price is stale, and the books are read anew."""
    DISK = "disk"
    """The disk is nearly full."""
    CRASH_LOOP = "crash_loop"
    """Too many starts in a short time."""
    RATE = "rate"
    """The broker said that we call too often."""
    FEED = "feed"
    """Prices do not come in, or only just do so again."""
    UNPROTECTED = "unprotected"
    """A position has no order at the broker that would close it, and has had none for too long."""
    MARKET = "market"
    """The broker says of the market's session something else than the calendar."""


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
    is_rehearsal: bool = False
    """Whether every endpoint was this machine, so that no real money was at stake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSet:
    """What the kernel of this run was built from, right after `Booted`: with it a fresh one can be built alike.

    The candles that warm it up follow as `HistoryArrived`, rows included.
    """

    at: Instant
    rules: TradingRules
    instruments: tuple[Instrument, ...]
    strategy: str
    """Name of the strategy, as the settings have it."""
    params: str
    """Its parameters, as a JSON object."""
    strategy_sha256: str
    """Of a user's own strategy file; empty for one that comes with the bot."""
    model: str
    """Folder of the model's version; empty for a strategy that takes none."""
    model_sha256: str
    """Of the model's manifest, which vouches for its files."""
    features_sha256: str
    """Of names, order and parameters of the features."""
    history: str
    """Where the candles come from."""
    warm_up: int
    """Closed candles that are asked for to warm the features."""
    candles: CandleSource = CandleSource.HISTORY
    """What is decided on."""


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
class PricesPassedOver:
    """Prices of the candle that is due, or of the next one, made room for newer ones because the bot fell behind."""

    at: Instant
    count: int
    """How many, about."""


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
    token_refused: bool = False
    """Whether it failed because the broker refuses the token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired:
    """A deadline that the kernel set has passed."""

    at: Instant
    name: Deadline
    key: str
    """The symbol, or the doubt; empty for books and funds."""


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
    key: str = ""
    """Names one command of an operator, so that none is obeyed twice; empty for what the bot tells itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FundsRead:
    """The money at the broker, and whose it is."""

    at: Instant
    asked_at: Instant
    """When the reads were begun; what was entered later is not in them."""
    available: int
    """What can back a new order, in units."""
    account: str
    """Id of the profile that the token opens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionChanged:
    """The process around the kernel found a reason to doubt, or found it gone.

    A start ends every doubt of the process before it, but for RATE, which is the broker's: the new process says what
    it still finds. The kernel itself ends GAP, once the books agree, and RATE, when the broker has had its rest.
    """

    at: Instant
    condition: Condition
    holds: bool
    why: str


Input: TypeAlias = (
    Booted
    | DeskSet
    | DayBegan
    | PhaseReached
    | CandleDue
    | HistoryArrived
    | HistoryFailed
    | TickActed
    | PricesPassedOver
    | OutcomeArrived
    | OrderReported
    | BooksRead
    | BooksUnchanged
    | BooksFailed
    | TimerFired
    | FeedChanged
    | AccessChanged
    | CommandGiven
    | ConditionChanged
    | FundsRead
)
