"""What the bot knows of one order and of one position: parts of the fold, changed by events only."""

from dataclasses import dataclass, replace

from core.events import EntryPlan, PositionAdopted, Verb
from core.instants import SECOND, Instant
from core.market import Side
from core.order_states import NEWS_OF_OUTCOME, NEWS_OF_STATUS, SETTLED, THOUGHT_DEAD, OrderNews, OrderState, next_state
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
END_VISIBLE_AFTER = 10 * SECOND
"""A complete reading begun this long after an end must show it: twice as long as a book may lag."""


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
    answered_at: Instant = 0
    """When the answer to sending it came; 0 before."""
    ended_at: Instant = 0
    """When we last heard that it had ended; 0 before."""
    unknown_since: Instant = 0
    """When its fate became unknown; 0 while it is known."""
    changes: int = 0
    """How often new values were asked for; brokers count that, too."""
    vain_changes: int = 0
    """Changes in a row that the broker acknowledged and the book does not show."""
    change_acked: bool = False
    came_back: bool = False
    """Whether it was held for dead and was there after all."""
    filled_late: bool = False
    """Whether it traded on after its end."""
    strange_status: bool = False
    """Whether the broker gave it a status we do not know."""
    was_found: bool = False
    """Whether the broker's books knew it and this log did not."""
    twin_of: str = ""
    """Tag of our order whose tag this second order at the broker carries; empty for nearly every order."""

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

    @property
    def most(self) -> int:
        """Quantity it can have traded by now at most, with the change that is on its way."""
        return max(self.quantity, self.filled, self.change.quantity if self.change is not None else 0)

    @property
    def is_settled(self) -> bool:
        """Whether it has ended for good: no word but of a further fill can change what we know of it."""
        return self.state in SETTLED

    def can_reduce(self, position: "OpenPosition") -> bool:
        """Whether it may serve as the position's stop or exit."""
        return self.state.is_live and self.state is not OrderState.ZOMBIE and self.intent.product is position.product

    def is_confirmed_for(self, position: "OpenPosition") -> bool:
        """Whether the broker has confirmed it and it may serve the position."""
        return self.state is OrderState.WORKING and self.can_reduce(position)

    def covers(self, position: "OpenPosition") -> bool:
        """Whether the broker has confirmed it and it would close all of the position."""
        return self.is_confirmed_for(position) and self.remaining >= position.quantity

    def hear(self, news: OrderNews, at: Instant) -> None:
        """Go where the news leads. Raises `InvariantError` for news that only a bug of ours can bring about."""
        before, self.state = self.state, next_state(self.state, news)
        if (before in THOUGHT_DEAD and self.state is OrderState.FILLED) or self._rose(before):
            self.came_back = True
        if before.is_live and not self.state.is_live:
            self.ended_at = at
        if self.state is not OrderState.UNKNOWN:
            self.unknown_since = 0
        elif before is not OrderState.UNKNOWN:
            self.unknown_since = at

    def hear_outcome(self, verb: Verb, outcome: Outcome, at: Instant) -> None:
        """Take the answer to one of our calls."""
        self.message = outcome.message
        failed = outcome.kind in {OutcomeKind.REJECTED, OutcomeKind.NOT_SENT}
        match verb:
            case Verb.PLACE:
                self.broker_id = self.broker_id or outcome.broker_id
                self.rejection, self.answered_at = outcome.rejection, at
                self.hear(NEWS_OF_OUTCOME[outcome.kind], at)
            case Verb.MODIFY if failed:
                self.change = None
                self.change_refused_at = at
            case Verb.MODIFY:
                self.change_at = at  # only from here on can the book be expected to show it
                self.change_acked = outcome.kind is OutcomeKind.ACK
            case Verb.CANCEL if outcome.kind is OutcomeKind.NOT_SENT:
                self.cancel_at = 0
            case _:
                pass

    def hear_report(self, report: OrderReport, at: Instant, read_at: Instant = 0) -> None:
        """Merge what the broker says, fills apart; `read_at` is when the reading was begun that says it."""
        self.broker_id = self.broker_id or report.broker_id
        news = NEWS_OF_STATUS[report.status]
        if self.state.is_live or self.state in THOUGHT_DEAD:
            self.message = report.message or self.message
        if self.is_belied(report, read_at):
            news = OrderNews.LISTED
        self.strange_status = self.strange_status or (news is OrderNews.STRANGE and self.state.is_live)
        self.hear(news, at)
        if report.status is OrderStatus.PENDING and report.filled == self.filled:
            self.type, self.quantity = report.type, report.quantity
            self.limit_price, self.trigger_price = report.limit_price, report.trigger_price
        if self.change is not None and _shows(report, self.change):
            self.change, self.vain_changes = None, 0

    def is_belied(self, report: OrderReport, read_at: Instant) -> bool:
        """Whether a reading, begun well after the broker refused the order or said that it had ended, shows it live."""
        if NEWS_OF_STATUS[report.status] is not OrderNews.LIVE or not read_at:
            return False
        refused = self.rejection is not None and read_at > self.answered_at + CHANGE_VISIBLE_AFTER
        return refused or bool(self.ended_at and read_at > self.ended_at + END_VISIBLE_AFTER)

    def _rose(self, before: OrderState) -> bool:
        return not before.is_live and self.state is OrderState.ZOMBIE

    def hear_trade(self, broker_id: str, at: Instant) -> None:
        """Take a trade with our tag as a sight of the order, which the order book may be late to show."""
        self.broker_id = self.broker_id or broker_id
        self.hear(OrderNews.TRADED, at)

    def note_fill(self) -> None:
        """Note that it has filled further, which an order that has ended should not."""
        if self.state in THOUGHT_DEAD:
            self.came_back = True
        elif not self.state.is_live:
            self.filled_late = True

    def ask_change(self, change: OrderChange, at: Instant) -> None:
        """Note that new values are asked for."""
        self.change, self.change_at, self.change_acked = change, at, False
        self.changes += 1

    def twin(self, report: OrderReport, at: Instant) -> "TrackedOrder":
        """Return the second order at the broker that carries our tag, tracked under a key of its own."""
        intent = replace(
            self.intent,
            tag=f"{self.intent.tag}~{report.broker_id}",
            side=report.side,
            quantity=report.quantity,
            type=report.type,
            limit_price=report.limit_price,
            trigger_price=report.trigger_price,
        )
        twin_of = self.intent.tag
        return TrackedOrder(intent=intent, sent_at=at, plan=self.plan, broker_id=report.broker_id, twin_of=twin_of)

    def forget_change_without_effect(self, asked_at: Instant) -> None:
        """Give up a change that a reading, begun late enough, did not show: the book is the truth."""
        if self.change is not None and asked_at > self.change_at + CHANGE_VISIBLE_AFTER:
            self.change = None
            self.vain_changes += self.change_acked


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
    broker_exit_step: int = 0
    """The rung on which that was."""
    others_before: frozenset[str] = frozenset()
    """Ids of the orders of others in the symbol that were known then: none of them is the broker's answer."""
    counter_orders: frozenset[str] = frozenset()
    """Ids of orders of others that would close it and were first seen, still open, after that."""
    counter_cancel_at: Instant = 0
    """When one of these was last asked to be cancelled; 0 for never."""
    unprotected_since: Instant = 0
    """When it last became without a confirmed stop at the broker; 0 while protected."""
    first_stop: int = 0
    """Where the stop was to begin with; a trailing one has moved since."""
    closed_elsewhere: int = 0
    """Shares of it that left by no order of ours."""

    @property
    def quantity(self) -> int:
        """Shares still held."""
        return self.entry_filled - self.exit_filled

    def profit_at(self, price: int) -> int:
        """Profit before charges with what is still held valued at a price, in units."""
        return self.side.sign * (self.exit_value + self.quantity * price - self.entry_value)

    @property
    def signed_quantity(self) -> int:
        """Shares still held, negative for a short."""
        return self.side.sign * self.quantity

    def ask_the_broker(self, others: frozenset[str], at: Instant) -> None:
        """Note that the broker is asked to close it; `others` are the orders that are not its answer."""
        self.broker_exit_at, self.broker_exit_step, self.others_before = at, self.exit_steps, others
        self.counter_orders, self.counter_cancel_at = frozenset(), 0

    def forget_the_broker(self) -> None:
        """Note that nothing can come any more of asking the broker."""
        self.broker_exit_at = self.broker_exit_step = self.counter_cancel_at = 0
        self.others_before = self.counter_orders = frozenset()

    def hear_of_others(self, report: OrderReport) -> None:
        """Take note of an order of somebody else that may be the broker's answer."""
        is_new = self.broker_exit_at and not report.status.is_terminal and report.broker_id not in self.others_before
        if is_new and self.is_closed_by(report):
            self.counter_orders |= {report.broker_id}

    def is_closed_by(self, report: OrderReport) -> bool:
        """Whether fills of an order leave less of it. What somebody trades for keeps is a position of its own."""
        is_for_keeps = report.product == Product.CNC.value and self.product is not Product.CNC
        return report.symbol == self.symbol and report.side is self.side.opposite and not is_for_keeps


def adopted_position(event: PositionAdopted) -> OpenPosition:
    """Return a position as it was found at the broker."""
    return OpenPosition(
        symbol=event.symbol,
        side=Side.BUY if event.quantity > 0 else Side.SELL,
        product=event.product,
        opened_at=event.at,
        plan=None,
        stop=event.stop,
        target=event.target,
        first_stop=event.stop,
        entry_filled=abs(event.quantity),
        entry_value=event.entry_value,
        last_fill_at=event.at,
    )


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
        was_found=True,
    )


def _shows(report: OrderReport, change: OrderChange) -> bool:
    """Whether the book shows the values we asked for."""
    return (
        report.type is change.type
        and report.quantity == change.quantity
        and report.limit_price == change.limit_price
        and report.trigger_price == change.trigger_price
    )
