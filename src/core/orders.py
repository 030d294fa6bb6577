"""Orders as the bot and the broker speak of them. Enum values are FYERS' codes where FYERS has one."""

from dataclasses import dataclass
from enum import Enum

from core.instants import Instant
from core.market import Side


class OrderType(Enum):
    """How an order meets the market."""

    __hash__ = object.__hash__

    LIMIT = 1
    MARKET = 2
    STOP = 3
    """SL-M: becomes a market order when the trigger is touched."""
    STOP_LIMIT = 4
    """SL-L: becomes a limit order when the trigger is touched."""


class Product(Enum):
    """What the broker does with the position at the end of the day."""

    INTRADAY = "INTRADAY"
    CNC = "CNC"
    MARGIN = "MARGIN"


class Validity(Enum):
    """How long an order rests."""

    DAY = "DAY"
    IOC = "IOC"


class OrderStatus(Enum):
    """The broker's word on an order. UNKNOWN is a code we have never seen; it is never taken for closed."""

    __hash__ = object.__hash__

    UNKNOWN = 0
    CANCELLED = 1
    FILLED = 2
    UNUSED = 3
    TRANSIT = 4
    REJECTED = 5
    PENDING = 6
    EXPIRED = 7

    @property
    def is_terminal(self) -> bool:
        """Whether the broker will not work on the order any more."""
        return self in _TERMINAL


_TERMINAL = frozenset({OrderStatus.CANCELLED, OrderStatus.FILLED, OrderStatus.REJECTED, OrderStatus.EXPIRED})


class Purpose(Enum):
    """Why we send an order; the letter stands in its tag."""

    ENTRY = "E"
    STOP = "S"
    EXIT = "X"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntent:
    """An order we have decided to send: written down before a byte leaves, sent at most once."""

    tag: str
    """Our key in the broker's books: 1 to 30 characters of A-Z and 0-9, unique for the account and day."""
    symbol: str
    side: Side
    quantity: int
    type: OrderType
    limit_price: int = 0
    """In units; 0 for MARKET and STOP."""
    trigger_price: int = 0
    """In units; 0 unless STOP or STOP_LIMIT."""
    product: Product
    validity: Validity = Validity.DAY
    purpose: Purpose
    reason: str
    """One line for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChange:
    """New absolute values for a resting order; sending the same change again changes nothing."""

    tag: str
    broker_id: str
    symbol: str
    type: OrderType
    quantity: int
    """The new total, filled part included."""
    limit_price: int
    trigger_price: int
    reason: str


class OutcomeKind(Enum):
    """What a call that changes orders came to. Only a proof of refusal makes REJECTED."""

    __hash__ = object.__hash__

    ACK = "ack"
    """The broker took it and gave an id."""
    REJECTED = "rejected"
    """The broker said no, in words we decoded ourselves."""
    NOT_SENT = "not_sent"
    """It failed before the first byte of the request left; the broker cannot have it."""
    UNKNOWN = "unknown"
    """Anything else: time-out, reset, 5xx, unreadable body. The books decide; it is never sent again."""


class RejectionKind(Enum):
    """Why the broker said no, as far as the bot acts differently."""

    ORDER = "order"
    AUTHENTICATION = "authentication"
    FORBIDDEN = "forbidden"
    """HTTP 403 on an order while reads work: the address is not whitelisted."""
    RATE = "rate"


CALLER_REFUSALS = frozenset({RejectionKind.AUTHENTICATION, RejectionKind.FORBIDDEN, RejectionKind.RATE})
"""Refusals of the caller, not of what was asked: asked again later, it may be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answer to place, modify, cancel or exit."""

    kind: OutcomeKind
    broker_id: str = ""
    rejection: RejectionKind | None = None
    """Set when `kind` is REJECTED."""
    code: int = 0
    """FYERS' code, or 0."""
    message: str = ""
    """The broker's words, control characters removed, at most 300 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """One order as the broker's book or order socket shows it. Idempotent: applying it twice changes nothing."""

    broker_id: str
    tag: str
    """Our tag with the broker's `1:` prefix removed; empty for an order that carries no user tag."""
    symbol: str
    side: Side
    type: OrderType
    product: str
    quantity: int
    filled: int
    filled_value: int
    """Sum of price times quantity over the fills, in units; exact as far as the broker's average allows."""
    limit_price: int
    trigger_price: int
    status: OrderStatus
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One trade of one order, keyed by the exchange's trade number."""

    trade_number: str
    broker_id: str
    tag: str
    symbol: str
    side: Side
    product: str
    quantity: int
    price: int
    """In units."""
    at: Instant
    """The exchange's time, to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPosition:
    """One row of the broker's position book for the day."""

    symbol: str
    product: str
    net_quantity: int
    """Positive long, negative short."""
    buy_quantity: int
    buy_value: int
    """In units, as is `sell_value`."""
    sell_quantity: int
    sell_value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Funds:
    """Money at the broker, in units (paise)."""

    available: int
    """What can back a new order."""
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Whose account a token opens."""

    account_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Books:
    """One complete reading of the broker's books; evidence only if every part arrived whole."""

    orders: tuple[OrderReport, ...]
    fills: tuple[Fill, ...]
    positions: tuple[BrokerPosition, ...]

    @property
    def trades(self) -> tuple[Fill, ...]:
        """The trades of the day, each once: a row that a book lists twice is one trade."""
        return tuple({(fill.broker_id, fill.trade_number): fill for fill in self.fills}.values())
