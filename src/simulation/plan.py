"""What goes wrong in a simulated session, written down so that it can be played again, in part or whole.

A fault is the n-th chance of its kind. Whether a chance strikes follows from the seed, the kind and n alone, so that
taking one fault out of a plan leaves every other where it was.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class FaultKind(Enum):
    """What can go wrong, or be done to the bot from outside."""

    __hash__ = object.__hash__  # asked for at every chance; the one of `Enum` is written in Python

    REQUEST_REFUSED = "request_refused"
    """The connection fails before the first byte has left."""
    REQUEST_LOST = "request_lost"
    """The bytes leave and never arrive; the bot waits in vain."""
    REQUEST_LATE = "request_late"
    """The broker carries the request out seconds later, often after the bot has given up on it."""
    REQUEST_ZOMBIE = "request_zombie"
    """The broker carries the request out a minute later, when the bot has called its order absent."""
    RESPONSE_LOST = "response_lost"
    """The broker carries the request out; the connection is reset before the answer."""
    RESPONSE_SLOW = "response_slow"
    """The answer takes seconds, often longer than the bot waits."""
    RESPONSE_HTML = "response_html"
    """HTTP 200 with a page instead of JSON, whether or not the request was carried out."""
    RESPONSE_TRUNCATED = "response_truncated"
    """The answer ends in the middle."""
    RESPONSE_5XX = "response_5xx"
    """A gateway error, whether or not the request was carried out."""
    NOT_ACKNOWLEDGED = "not_acknowledged"
    """Code 201: sent, not acknowledged, with an id."""
    RATE_LIMITED = "rate_limited"
    """HTTP 429 with Retry-After; the request is not carried out."""
    TOKEN_DEATH = "token_death"  # noqa: S105 - no secret
    """The access token dies; a person signs in again later."""
    ADDRESS_BLOCKED = "address_blocked"
    """Orders are refused with 403 for a while; reads work."""

    BOOK_STALE = "book_stale"
    """The books are shown as they were some seconds ago."""
    BOOK_PARTIAL = "book_partial"
    """One of the three books lacks its newest rows."""
    BOOK_EMPTY = "book_empty"
    """One of the three books comes back whole and empty."""
    BOOK_FAILED = "book_failed"
    """One of the three reads fails."""
    HISTORY_FAILED = "history_failed"
    """The candle that is waited for does not come."""

    ORDER_SOCKET_DROP = "order_socket_drop"
    """The order socket is cut; what happens until it is back is never told."""
    ORDER_SOCKET_DUPLICATE = "order_socket_duplicate"
    """A message is told twice, the second time seconds later."""
    ORDER_SOCKET_LATE = "order_socket_late"
    """A message comes seconds late, after newer ones."""
    ORDER_SOCKET_STALL = "order_socket_stall"
    """The order socket stays open and says nothing."""
    FEED_STALL = "feed_stall"
    """No price of any symbol for a while."""
    FEED_CORRUPT = "feed_corrupt"
    """A price that cannot be: zero, a hundredfold, or beyond the bands."""
    FEED_DUPLICATE = "feed_duplicate"
    """A price is told twice."""
    FEED_LATE = "feed_late"
    """A price comes seconds late, after newer ones."""
    FEED_SWAPPED = "feed_swapped"
    """The price of one symbol arrives under the name of another."""

    PARTIAL_FILL = "partial_fill"
    """The market takes a part of an order; the rest waits for the next price."""
    NO_FILL = "no_fill"
    """A market order with price protection finds no other side and rests."""
    REJECT_MARGIN = "reject_margin"
    """An order is refused for want of money."""
    REJECT_STOP = "reject_stop"
    """A stop is refused: its trigger is through the market."""
    MODIFY_WITHOUT_EFFECT = "modify_without_effect"
    """A modification is acknowledged and changes nothing."""
    MODIFY_RACE = "modify_race"
    """The order that is modified triggers and fills a moment before."""
    GAP_MOVE = "gap_move"
    """The price jumps through stops and targets."""
    CIRCUIT_LOCK = "circuit_lock"
    """The price is at its band, without orders on the other side."""

    MANUAL_ORDER = "manual_order"
    """A person trades a symbol of the bot in the broker's own program."""
    MANUAL_CANCEL = "manual_cancel"
    """A person cancels an order of the bot."""
    BROKER_SQUARE_OFF = "broker_square_off"
    """The broker's risk desk closes everything early."""
    CONVERSION = "conversion"
    """A person converts a position to delivery."""

    DISK_FULL = "disk_full"
    """The event log cannot be written; the process ends and is started again later."""
    CLOCK_STEP = "clock_step"
    """The machine's clock is set, forward or back."""
    PAUSE = "pause"
    """The process stands still for seconds, as a suspended machine does."""
    KILL = "kill"
    """The process dies at a random moment and is started again."""

    COMMAND = "command"
    """The operator halts, flattens or resumes; part of the workload, not a fault."""


class FaultClass(Enum):
    """How bad a session was, which decides what is asked of the bot."""

    NONE = "none"
    ONE = "one"
    MIX = "mix"


@dataclass(frozen=True, slots=True)
class Fault:
    """One chance that strikes: the `use`-th of its kind in the session, from 1."""

    kind: FaultKind
    use: int


@dataclass(frozen=True, slots=True)
class Crash:
    """The process dies exactly at its `write`-th durable append of the session, from 1."""

    write: int
    before: bool
    """Before: nothing of the append is kept. After: all of it is, and nothing was acted on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One session: the seed draws prices, wishes and delays, and the faults unless they are given."""

    seed: int
    minutes: int = 10
    """Virtual minutes of the safety phase; 120 virtual seconds without faults follow."""
    faults: tuple[Fault, ...] | None = None
    """None: drawn from the seed. Otherwise exactly these strike."""
    kinds: frozenset[FaultKind] | None = None
    """Where faults are drawn: only of these kinds. None: of a random subset of all."""
    often: float = 1.0
    """How many times their usual rate the `kinds` strike; means nothing without them."""
    crash: Crash | None = None
    on_disk: bool = False
    """Whether the event log is a real SQLite file in a temporary folder."""


def fault_class(fired: Iterable[Fault]) -> FaultClass:
    """Say how bad a session was by what struck in it; the operator's commands are no faults."""
    count = sum(fault.kind is not FaultKind.COMMAND for fault in fired)
    return FaultClass.NONE if not count else FaultClass.ONE if count == 1 else FaultClass.MIX
