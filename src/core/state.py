"""What the bot knows: the fold of its events. `apply` only records; it never decides.

Recovery, the live view and the reports all read this one fold. Restart is: apply every event of the log again.
"""

from dataclasses import dataclass, field
from enum import Enum

from core import events
from core.events import EntryPlan, FeedState, Phase, SafetyLevel, Verb
from core.instants import SECOND, Instant
from core.market import Side
from core.orders import (
    Books,
    OrderChange,
    OrderIntent,
    OrderReport,
    OrderStatus,
    OrderType,
    OutcomeKind,
    Product,
    Purpose,
)
from core.positions import Trade
from core.sessions import TradingDay
from core.signals import Direction
from core.tags import purpose_of

_ORDER_NEWS = (
    events.OrderReported,
    events.BooksRead,
    events.OutcomeArrived,
    events.OrderIntended,
    events.OrderAbsent,
    events.Booted,
)


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
    type: OrderType = OrderType.LIMIT
    quantity: int = 0
    limit_price: int = 0
    trigger_price: int = 0
    change: OrderChange | None = None
    """A change on its way: not yet seen in the books."""
    change_at: Instant = 0
    cancel_at: Instant = 0
    """When a cancel was asked for; 0 for never."""
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


@dataclass(slots=True)
class BotState:
    """The whole fold."""

    boot: int = 0
    log_id: str = ""
    mode: str = ""
    account: str = ""
    day: TradingDay | None = None
    phase: Phase | None = None
    level: SafetyLevel = SafetyLevel.RUN
    level_why: str = ""
    reconciled: bool = False
    """Whether the books were read and agreed since this process started, or since the last doubt."""
    access: bool = True
    """Whether the token works."""
    stopping: bool = False
    orders: dict[str, TrackedOrder] = field(default_factory=dict)
    """Our orders of the day by tag."""
    orders_today: int = 0
    positions: dict[str, OpenPosition] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    """Closed trades of the day."""
    blocked: dict[str, str] = field(default_factory=dict)
    decided: dict[str, events.Decided] = field(default_factory=dict)
    """The newest word of the strategy on each symbol."""
    signals_today: int = 0
    """Long and short signals of the day."""
    queued: dict[str, events.Decided] = field(default_factory=dict)
    """The newest directional signals; after the close, what the next open enters on."""
    feeds: dict[str, FeedState] = field(default_factory=dict)
    books: Books | None = None
    books_at: Instant = 0
    flat_verified: bool = False
    realised: int = 0
    """Net profit of the day's closed trades, in units."""

    def apply(self, event: events.Event) -> None:
        """Record one event."""
        self._change(event)
        if isinstance(event, _ORDER_NEWS):
            self._watch_protection(event.at)

    def _change(self, event: events.Event) -> None:  # noqa: C901, PLR0915 - one flat table
        match event:
            case events.OrderReported(report=report, at=at):
                self._hear_order(report, at)
            case events.BooksRead(books=books, asked_at=asked_at, at=at):
                self._read_books(books, asked_at, at)
            case events.BooksUnchanged(asked_at=asked_at):
                self.books_at = asked_at
                self._count_absences(asked_at)
            case events.OutcomeArrived():
                self._hear_outcome(event)
            case events.OrderIntended(intent=intent, at=at, plan=plan):
                self.orders[intent.tag] = TrackedOrder(intent=intent, sent_at=at, plan=plan)
                self.orders_today += 1
                if intent.purpose is Purpose.ENTRY:
                    self.queued.pop(intent.symbol, None)
            case events.EntryRefused(symbol=symbol):
                self.queued.pop(symbol, None)
            case events.ChangeIntended(change=change, at=at):
                order = self.orders[change.tag]
                order.change, order.change_at = change, at
                self.orders_today += 1
            case events.CancelIntended(tag=tag, at=at):
                self.orders[tag].cancel_at = at
                self.orders_today += 1
            case events.PositionExitIntended():
                self.orders_today += 1
            case events.OrderAbsent(tag=tag):
                self.orders[tag].state = OrderState.ABSENT
            case events.LevelsSet(symbol=symbol, stop=stop, target=target):
                self.positions[symbol].stop, self.positions[symbol].target = stop, target
            case events.ExitDecided(symbol=symbol, reason=reason):
                position = self.positions[symbol]
                position.exit_reason = position.exit_reason or reason
                position.exit_steps += 1
            case events.TradeClosed(trade=trade):
                self.trades.append(trade)
                self.realised += trade.net
                self.positions.pop(trade.symbol, None)
            case events.Decided(symbol=symbol):
                self.decided[symbol] = event
                self.signals_today += event.direction is not Direction.NONE
                self.queued.pop(symbol, None)
                if event.direction is not Direction.NONE:
                    self.queued[symbol] = event
            case events.PositionAdopted():
                self._adopt(event)
            case events.SymbolBlocked(symbol=symbol, why=why):
                self.blocked[symbol] = why
            case events.LevelChanged(level=level, why=why):
                self.level, self.level_why = level, why
            case events.Reconciled():
                self.reconciled = True
            case events.FeedChanged(feed=feed, state=feed_state):
                self.feeds[feed] = feed_state
            case events.AccessChanged(valid=valid):
                self.access = valid
            case events.FlatVerified():
                self.flat_verified = True
            case events.PhaseReached(phase=phase):
                self.phase = phase
            case events.DayBegan(day=day):
                self._begin_day(day)
            case events.Booted():
                self._boot(event)
            case events.CommandGiven(command=command):
                self.stopping = self.stopping or command is events.Command.STOP
            case _:
                pass

    def order_by_broker_id(self, broker_id: str) -> TrackedOrder | None:
        """Return our order with a broker's id, if we know it."""
        return next((order for order in self.orders.values() if order.broker_id == broker_id), None)

    def live_orders(self, symbol: str, *purposes: Purpose) -> list[TrackedOrder]:
        """Return our orders of a symbol that may still trade, of the given purposes or of all."""
        return [
            order
            for order in self.orders.values()
            if order.intent.symbol == symbol
            and order.state.is_live
            and (not purposes or order.intent.purpose in purposes)
        ]

    def exit_order(self, symbol: str) -> TrackedOrder | None:
        """Return the one live order that reduces the position of a symbol: its stop, or the exit it was turned into."""
        return next(iter(self.live_orders(symbol, Purpose.STOP, Purpose.EXIT)), None)

    def has_decided(self, symbol: str, candle: Instant) -> bool:
        """Whether the strategy has already spoken on a candle."""
        decided = self.decided.get(symbol)
        return decided is not None and decided.candle >= candle

    @property
    def is_flat(self) -> bool:
        """Whether we hold nothing and nothing of ours may still trade."""
        return not self.positions and not any(order.state.is_live for order in self.orders.values())

    # --- orders -------------------------------------------------------------------------------------------------

    def _hear_outcome(self, event: events.OutcomeArrived) -> None:
        order = self.orders.get(event.tag)
        if order is None or event.verb is Verb.EXIT:
            return
        outcome = event.outcome
        if event.verb is Verb.PLACE:
            order.broker_id = order.broker_id or outcome.broker_id
            order.message = outcome.message
            if order.state in {OrderState.SENT, OrderState.UNKNOWN}:
                order.state = {
                    OutcomeKind.ACK: OrderState.WORKING,
                    OutcomeKind.REJECTED: OrderState.REJECTED,
                    OutcomeKind.NOT_SENT: OrderState.NOT_SENT,
                    OutcomeKind.UNKNOWN: OrderState.UNKNOWN,
                }[outcome.kind]
        elif event.verb is Verb.MODIFY and outcome.kind in {OutcomeKind.REJECTED, OutcomeKind.NOT_SENT}:
            order.change = None
            order.message = outcome.message
        elif event.verb is Verb.CANCEL and outcome.kind in {OutcomeKind.REJECTED, OutcomeKind.NOT_SENT}:
            order.cancel_at = 0
            order.message = outcome.message

    def _hear_order(self, report: OrderReport, at: Instant) -> None:
        """Merge what the broker says of one order: filled quantity only grows, a terminal state stays."""
        order = self.orders.get(report.tag) or self.order_by_broker_id(report.broker_id)
        if order is None:
            return
        order.broker_id = order.broker_id or report.broker_id
        if report.filled > order.filled:
            self._fill(order, report.filled - order.filled, report.filled_value - order.filled_value, at)
            order.filled, order.filled_value = report.filled, report.filled_value
        if order.state.is_live:
            order.state = _STATE_OF_STATUS.get(report.status, OrderState.WORKING)
            order.message = report.message or order.message
        if report.status is OrderStatus.PENDING:
            order.type, order.quantity = report.type, report.quantity
            order.limit_price, order.trigger_price = report.limit_price, report.trigger_price
        if order.change is not None and _shows(report, order.change):
            order.change = None

    def _fill(self, order: TrackedOrder, quantity: int, value: int, at: Instant) -> None:
        intent = order.intent
        position = self.positions.get(intent.symbol)
        if intent.purpose is Purpose.ENTRY:
            if position is None:
                position = OpenPosition(
                    symbol=intent.symbol,
                    side=intent.side,
                    product=intent.product,
                    opened_at=at,
                    plan=order.plan,
                    unprotected_since=at,
                )
                self.positions[intent.symbol] = position
            position.entry_filled += quantity
            position.entry_value += value
        elif position is not None:
            position.exit_filled += quantity
            position.exit_value += value
        if position is not None:
            position.last_fill_at = at

    def _watch_protection(self, at: Instant) -> None:
        """Note since when each position is without a confirmed order at the broker that would close all of it."""
        for position in self.positions.values():
            order = self.exit_order(position.symbol)
            covered = order is not None and order.state is OrderState.WORKING and order.remaining >= position.quantity
            if covered or not position.quantity:
                position.unprotected_since = 0
            elif not position.unprotected_since:
                position.unprotected_since = at

    # --- books --------------------------------------------------------------------------------------------------

    def _read_books(self, books: Books, asked_at: Instant, at: Instant) -> None:
        self.books, self.books_at = books, asked_at
        for report in books.orders:
            self._hear_order(report, at)
            self._forget_change_without_effect(report, asked_at)
        self._use_exact_values(books)
        self._count_absences(asked_at)

    def _forget_change_without_effect(self, report: OrderReport, asked_at: Instant) -> None:
        """An acknowledged change that the book does not show never happened: the book is the truth."""
        order = self.orders.get(report.tag)
        if order is not None and order.change is not None and asked_at > order.change_at + CHANGE_VISIBLE_AFTER:
            order.change = None

    def _use_exact_values(self, books: Books) -> None:
        """Replace average-based values by the sums of the trade book, where it has every fill of an order."""
        sums: dict[str, tuple[int, int]] = {}
        for fill in books.fills:
            quantity, value = sums.get(fill.broker_id, (0, 0))
            sums[fill.broker_id] = quantity + fill.quantity, value + fill.quantity * fill.price
        for order in self.orders.values():
            quantity, value = sums.get(order.broker_id, (0, 0))
            if not order.filled or quantity != order.filled or value == order.filled_value:
                continue
            position = self.positions.get(order.intent.symbol)
            if position is not None:
                if order.intent.purpose is Purpose.ENTRY:
                    position.entry_value += value - order.filled_value
                else:
                    position.exit_value += value - order.filled_value
            order.filled_value = value

    def _count_absences(self, asked_at: Instant) -> None:
        seen = {report.tag for report in self.books.orders} if self.books else set()
        for order in self.orders.values():
            if order.state is OrderState.UNKNOWN and order.intent.tag not in seen and asked_at > order.sent_at:
                order.absent_reads += 1
                order.last_absent_read = asked_at

    # --- beginnings ---------------------------------------------------------------------------------------------

    def _boot(self, event: events.Booted) -> None:
        self.boot, self.log_id, self.mode, self.account = event.boot, event.log_id, event.mode, event.account
        self.reconciled = False
        self.stopping = False
        self.books = None
        self.feeds.clear()
        for order in self.orders.values():
            if order.state is OrderState.SENT:
                order.state = OrderState.UNKNOWN

    def _begin_day(self, day: TradingDay) -> None:
        if self.day is not None and self.day.date == day.date:
            return
        self.day = day
        self.phase = None
        self.orders.clear()
        self.trades.clear()
        self.blocked.clear()
        self.orders_today = self.signals_today = self.realised = 0
        self.flat_verified = False
        self.reconciled = False
        for position in self.positions.values():
            position.unprotected_since = position.unprotected_since or day.open

    def _adopt(self, event: events.PositionAdopted) -> None:
        position = OpenPosition(
            symbol=event.symbol,
            side=Side.BUY if event.quantity > 0 else Side.SELL,
            product=event.product,
            opened_at=event.at,
            plan=None,
            stop=event.stop,
            target=event.target,
            entry_filled=abs(event.quantity),
            entry_value=event.entry_value,
            last_fill_at=event.at,
            unprotected_since=0 if event.stop_order else event.at,
        )
        self.positions[event.symbol] = position
        report = event.stop_order
        if report is not None:
            intent = OrderIntent(
                tag=report.tag,
                symbol=report.symbol,
                side=report.side,
                quantity=report.quantity,
                type=report.type,
                limit_price=report.limit_price,
                trigger_price=report.trigger_price,
                product=event.product,
                purpose=purpose_of(report.tag),
                reason="found at the broker",
            )
            order = TrackedOrder(intent=intent, sent_at=event.at, state=OrderState.WORKING)
            order.broker_id, order.filled, order.filled_value = report.broker_id, report.filled, report.filled_value
            self.orders[report.tag] = order


def _shows(report: OrderReport, change: OrderChange) -> bool:
    """Whether the book shows the values we asked for."""
    return (
        report.type is change.type
        and report.quantity == change.quantity
        and report.limit_price == change.limit_price
        and report.trigger_price == change.trigger_price
    )
