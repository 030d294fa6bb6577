"""What the bot knows of one order and of one position: parts of the fold, changed by events only."""

from dataclasses import dataclass
from enum import Enum

from core.events import EntryPlan, Verb
from core.instants import SECOND, Instant
from core.market import Side
from core.orders import (
    OrderChange,
    OrderIntent,
    OrderReport,
    OrderStatus,
    OrderType,
    Outcome,
    OutcomeKind,
    Product,
    RejectionKind,
)
from core.tags import is_ours, purpose_of

_OUR_PRODUCTS = frozenset(product.value for product in Product)
CHANGE_VISIBLE_AFTER = 2 * SECOND
"""A complete reading begun this long after a change must show it."""


class OrderState(Enum):
    """Where one of our orders is in its life."""

    SENT = "sent"
    """Written down and handed to the wire; no answer yet."""
    UNKNOWN = "unknown"
    """The answer proves nothing; the books will."""
    WORKING = "working"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    NOT_SENT = "not_sent"
    ABSENT = "absent"
    """The books showed, late enough and twice, that it does not exist."""

    @property
    def is_live(self) -> bool:
        """Whether it may still trade."""
        return self in {OrderState.SENT, OrderState.UNKNOWN, OrderState.WORKING}


_THOUGHT_MISSING = frozenset({OrderState.ABSENT, OrderState.NOT_SENT})
"""Verdicts that a sight of the order overturns."""
IN_THE_BOOK = frozenset({OrderState.WORKING, OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED})
"""States in which a complete order book must list the order."""
_STATE_OF_OUTCOME = {
    OutcomeKind.ACK: OrderState.WORKING,
    OutcomeKind.REJECTED: OrderState.REJECTED,
    OutcomeKind.NOT_SENT: OrderState.NOT_SENT,
    OutcomeKind.UNKNOWN: OrderState.UNKNOWN,
}
_STATE_OF_STATUS = {
    OrderStatus.FILLED: OrderState.FILLED,
    OrderStatus.CANCELLED: OrderState.CANCELLED,
    OrderStatus.REJECTED: OrderState.REJECTED,
    OrderStatus.EXPIRED: OrderState.EXPIRED,
}


@dataclass(slots=True)
class TrackedOrder:
    """One of our orders and everything heard about it."""

    intent: OrderIntent
    sent_at: Instant
    plan: EntryPlan | None = None
    state: OrderState = OrderState.SENT
    broker_id: str = ""
    filled: int = 0
    filled_value: int = 0
    last_fill_at: Instant = 0
    type: OrderType = OrderType.LIMIT
    quantity: int = 0
    limit_price: int = 0
    trigger_price: int = 0
    change: OrderChange | None = None
    """A change on its way: not yet seen in the books."""
    change_at: Instant = 0
    change_refused_at: Instant = 0
    """When the broker last said no to a change; 0 for never."""
    cancel_at: Instant = 0
    """When a cancel was asked for; 0 for never."""
    rejection: RejectionKind | None = None
    """How the broker's answer refused it; None also when only the book says so."""
    absent_reads: int = 0
    last_absent_read: Instant = 0
    message: str = ""

    def __post_init__(self) -> None:
        """Start with the values we sent."""
        self.type = self.intent.type
        self.quantity = self.intent.quantity
        self.limit_price = self.intent.limit_price
        self.trigger_price = self.intent.trigger_price

    @property
    def remaining(self) -> int:
        """Quantity that may still trade."""
        return self.quantity - self.filled if self.state.is_live else 0

    def hear_outcome(self, verb: Verb, outcome: Outcome, at: Instant) -> None:
        """Take the answer to one of our calls; only a book or report moves it on from UNKNOWN or WORKING."""
        self.message = outcome.message
        failed = outcome.kind in {OutcomeKind.REJECTED, OutcomeKind.NOT_SENT}
        match verb:
            case Verb.PLACE:
                self.broker_id = self.broker_id or outcome.broker_id
                self.rejection = outcome.rejection
                if self.state in {OrderState.SENT, OrderState.UNKNOWN}:
                    self.state = _STATE_OF_OUTCOME[outcome.kind]
            case Verb.MODIFY if failed:
                self.change = None
                self.change_refused_at = at
            case Verb.MODIFY:
                self.change_at = at  # only from here on can the book be expected to show it
            case Verb.CANCEL if outcome.kind is OutcomeKind.NOT_SENT:
                self.cancel_at = 0
            case _:
                pass

    def hear_report(self, report: OrderReport) -> None:
        """Merge what the broker says, fills apart: a terminal state stays, but a sighting overturns absence."""
        self.broker_id = self.broker_id or report.broker_id
        if self.state.is_live or self.state in _THOUGHT_MISSING:
            self.state = _STATE_OF_STATUS.get(report.status, OrderState.WORKING)
            self.message = report.message or self.message
        if report.status is OrderStatus.PENDING and report.filled == self.filled:
            self.type, self.quantity = report.type, report.quantity
            self.limit_price, self.trigger_price = report.limit_price, report.trigger_price
        if self.change is not None and _shows(report, self.change):
            self.change = None

    def hear_fill(self, broker_id: str) -> None:
        """Take a trade with our tag as a sight of the order, which the order book may be late to show."""
        self.broker_id = self.broker_id or broker_id
        if self.state in _THOUGHT_MISSING or self.state in {OrderState.SENT, OrderState.UNKNOWN}:
            self.state = OrderState.WORKING

    def forget_change_without_effect(self, asked_at: Instant) -> None:
        """Give up a change that a reading, begun late enough, did not show: the book is the truth."""
        if self.change is not None and asked_at > self.change_at + CHANGE_VISIBLE_AFTER:
            self.change = None


@dataclass(slots=True)
class OpenPosition:
    """A position from its first fill until it is verified flat."""

    symbol: str
    side: Side
    product: Product
    opened_at: Instant
    plan: EntryPlan | None
    stop: int = 0
    target: int = 0
    entry_filled: int = 0
    entry_value: int = 0
    exit_filled: int = 0
    exit_value: int = 0
    last_fill_at: Instant = 0
    exit_reason: str = ""
    """Set once it has to go."""
    exit_steps: int = 0
    """Rungs of the exit ladder used so far."""
    broker_exit_at: Instant = 0
    """When the broker was last asked to close it by itself; 0 for never."""
    unprotected_since: Instant = 0
    """When it last became without a confirmed stop at the broker; 0 while protected."""

    @property
    def quantity(self) -> int:
        """Shares still held."""
        return self.entry_filled - self.exit_filled

    def profit_at(self, price: int) -> int:
        """Profit before charges with what is still held valued at a price, in units."""
        sign = self.side.value
        return sign * (self.exit_value + self.quantity * price - self.entry_value)

    @property
    def signed_quantity(self) -> int:
        """Shares still held, negative for a short."""
        return self.side.value * self.quantity


def found_at_broker(report: OrderReport, at: Instant) -> TrackedOrder | None:
    """Return a working order that carries our tag as one of ours; None for any other.

    Such an order was left behind by a log that was lost. Its fills so far are not counted: adoption counts them.
    """
    if not is_ours(report.tag) or report.product not in _OUR_PRODUCTS or report.status is not OrderStatus.PENDING:
        return None
    intent = OrderIntent(
        tag=report.tag,
        symbol=report.symbol,
        side=report.side,
        quantity=report.quantity,
        type=report.type,
        limit_price=report.limit_price,
        trigger_price=report.trigger_price,
        product=Product(report.product),
        purpose=purpose_of(report.tag),
        reason="found at the broker",
    )
    return TrackedOrder(
        intent=intent,
        sent_at=at,
        state=OrderState.WORKING,
        broker_id=report.broker_id,
        filled=report.filled,
        filled_value=report.filled_value,
    )


def _shows(report: OrderReport, change: OrderChange) -> bool:
    """Whether the book shows the values we asked for."""
    return (
        report.type is change.type
        and report.quantity == change.quantity
        and report.limit_price == change.limit_price
        and report.trigger_price == change.trigger_price
    )
