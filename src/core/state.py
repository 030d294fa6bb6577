"""What the bot knows: the fold of its events. `apply` only records; it never decides.

Recovery, the live view and the reports all read this one fold. Restart is: apply every event of the log again.
"""

from dataclasses import dataclass, field

from core import events
from core.activity import Activity
from core.candle_quality import CandleQuality
from core.events import FeedState, Phase, SafetyLevel, Verb
from core.instants import MINUTE, Instant
from core.order_states import IN_THE_BOOK, SETTLED, OrderState, Signal
from core.orders import Books, OrderReport, OutcomeKind, Product, Purpose, RejectionKind
from core.positions import Trade
from core.protection_meter import ProtectionMeter
from core.sessions import TradingDay
from core.signals import Direction
from core.tags import is_ours
from core.tracking import OpenPosition, TrackedOrder, adopted_position, found_at_broker

START_WINDOW = 10 * MINUTE
"""How long a start is remembered; many within it are a crash loop."""
_ORDER_NEWS = (
    events.OrderReported,
    events.BooksRead,
    events.BooksUnchanged,
    events.OutcomeArrived,
    events.OrderIntended,
    events.OrderAbsent,
    events.PositionAdopted,
    events.PositionAdjusted,
    events.PositionRekeyed,
    events.Booted,
)


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
    closing: bool = False
    """Whether the bot ends with everything closed."""
    rung: set[tuple[str, str]] = field(default_factory=set)
    """Code and key of the day's alarms that ring once."""
    obeyed: set[str] = field(default_factory=set)
    """Keys of the operator's commands that were taken."""
    orders: dict[str, TrackedOrder] = field(default_factory=dict)
    """Our orders of the day by tag."""
    orders_today: int = 0
    positions: dict[str, OpenPosition] = field(default_factory=dict)
    carried: dict[str, int] = field(default_factory=dict)
    """Shares brought into this day by symbol, negative for a short."""
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
    books_failed: bool = False
    """Whether the newest attempt to read the books came to nothing."""
    flattened: bool = False
    """Whether, since FLATTEN was raised, two readings of the books have shown nothing of ours."""
    flat_verified: bool = False
    last_at: Instant = 0
    """When the newest event happened."""
    meter: ProtectionMeter = field(default_factory=ProtectionMeter)
    realised: int = 0
    """Net profit of the day's closed trades, in units."""
    conditions: dict[events.Condition, str] = field(default_factory=dict)
    """The doubts that hold, each with its reason."""
    activity: Activity = field(default_factory=Activity)
    """What we sent lately, and what became of it."""
    funds: events.FundsRead | None = None
    """The newest reading of the money at the broker since this process started."""
    strategy_fault: str = ""
    """What the strategy failed with since this process started; empty while it works."""
    soft_loss_hit: bool = False
    """Whether the soft loss limit was reached today; an operator may resume and is not asked again."""
    loss_restored: bool = False
    """Whether a loss that the log did not know was counted today."""
    doubted_at: Instant = 0
    """When the process last stood still: only books asked for since then are evidence."""
    starts: tuple[Instant, ...] = ()
    """When processes took over this log lately, oldest first, the present one included."""
    unsettled: dict[str, list[str]] = field(default_factory=dict)
    """Tags by symbol of our orders, oldest first, but for those that have ended for good: none of these lives again."""
    candles: CandleQuality = field(default_factory=CandleQuality)
    """How the candles that we made today compare with the broker's."""
    seq: int = field(default=0, compare=False)
    """How many events are in the fold: the number of the newest one in the log. Equal states know the same."""
    unresolved: dict[str, str] = field(default_factory=dict)
    """Orders by tag, each with its symbol, whose fate was unknown when their day ended; until an operator resumes."""

    def apply(self, event: events.Event) -> None:
        """Record one event."""
        self.seq += 1
        read_before = self.books_at
        if event.at > self.last_at:  # what one step decides happens at one instant, in which no time passes
            self.meter.advance(self.last_at, event.at, self.day, self.positions.values())
        self._change_orders(event)
        self._change_positions(event)
        self._change_run(event)
        self._change_doubts(event)
        self.candles.hear(event)
        if isinstance(event, _ORDER_NEWS):
            is_reading = isinstance(event, events.BooksRead | events.BooksUnchanged)
            self._watch_protection(event.at, read_before if is_reading else event.at)
        self.last_at = max(self.last_at, event.at)

    def _change_orders(self, event: events.Event) -> None:
        """Our orders, and what the broker says of them."""
        match event:
            case events.OrderReported(report=report, at=at):
                self._hear_order(report, at)
            case events.BooksRead(books=books, asked_at=asked_at, at=at):
                self._read_books(books, asked_at, at)
            case events.BooksUnchanged(asked_at=asked_at, at=at) if self.books is not None:
                self._read_books(self.books, asked_at, at)
            case events.BooksFailed():
                self.books_failed = True
            case events.OutcomeArrived():
                self._hear_outcome(event)
            case events.OrderIntended(intent=intent, at=at, plan=plan):
                self.track(TrackedOrder(intent=intent, sent_at=at, plan=plan))
                self._count_verb(at)
                if intent.purpose is Purpose.ENTRY:
                    self.queued.pop(intent.symbol, None)
            case events.ChangeIntended(change=change, at=at):
                self.orders[change.tag].ask_change(change, at)
                self._count_verb(at)
            case events.CancelIntended(tag=tag, at=at):
                self.orders[tag].cancel_at = at
                self._count_verb(at)
            case events.PositionExitIntended(symbol=symbol, at=at):
                self.positions[symbol].ask_the_broker(self._orders_of_others(symbol), at)
                self._count_verb(at)
            case events.CounterCancelIntended(symbol=symbol, at=at):
                self.positions[symbol].counter_cancel_at = at
                self._count_verb(at)
            case events.OrderAbsent(tag=tag, at=at):
                self.orders[tag].hear(Signal.DISPROVED, at)
            case _:
                pass

    def _change_positions(self, event: events.Event) -> None:
        """Symbols: the word of the strategy, and the position from its levels to its trade."""
        match event:
            case events.EntryRefused(symbol=symbol):
                self.queued.pop(symbol, None)
            case events.LevelsSet(symbol=symbol, stop=stop, target=target):
                position = self.positions[symbol]
                position.stop, position.target = stop, target
                position.first_stop = position.first_stop or stop
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
            case events.PositionAdjusted(symbol=symbol, quantity=quantity, value=value, at=at):
                position = self.positions[symbol]
                position.exit_filled += quantity
                position.exit_value += value
                position.last_fill_at = at
                if not position.quantity:
                    position.exit_reason = position.exit_reason or "closed_at_broker"
            case events.PositionRekeyed(symbol=symbol, product=product):
                self.positions[symbol].product = product
            case events.SymbolBlocked(symbol=symbol, why=why):
                self.blocked[symbol] = why
            case events.SymbolUnblocked(symbol=symbol):
                self.blocked.pop(symbol, None)
            case _:
                pass

    def _change_run(self, event: events.Event) -> None:
        """The process, its day and its connections."""
        match event:
            case events.LevelChanged(level=level, why=why):
                self.level, self.level_why = level, why
                self.flattened = False
                if level is SafetyLevel.RUN:
                    self.unresolved.clear()
            case events.FlattenChecked(is_flat=is_flat):
                self.flattened = is_flat
            case events.Reconciled():
                self.reconciled = True
            case events.FeedChanged(feed=feed, state=feed_state):
                self.feeds[feed] = feed_state
            case events.AccessChanged(valid=valid):
                self.reconciled = self.reconciled and not valid  # much may have happened while nobody could look
                self.access = valid
            case events.FlatVerified():
                self.flat_verified = True
            case events.PhaseReached(phase=phase):
                self.phase = phase
            case events.DayBegan(day=day):
                self._begin_day(day)
            case events.Booted():
                self._boot(event)
            case events.CommandGiven(command=command, key=key):
                if key:
                    self.obeyed.add(key)
                self.closing = self.closing or command is events.Command.STOP_FLAT
                self.stopping = self.stopping or self.closing or command is events.Command.STOP
            case _:
                pass

    def _change_doubts(self, event: events.Event) -> None:
        """What stands in the way of entries besides the level: doubts, money and health."""
        match event:
            case events.FundsRead():
                self.funds = event
            case events.LossRestored(amount=amount):
                self.realised += amount
                self.loss_restored = True
            case events.Alarm(code=code, message=message, key=key):
                self._hear_alarm(code, message, key)
            case (
                events.ConditionChanged(condition=condition, holds=True, why=why)
                | events.DoubtChanged(condition=condition, holds=True, why=why)
            ):
                self.conditions[condition] = why
                self._hear_of_the_process(event)
            case events.ConditionChanged(condition=condition) | events.DoubtChanged(condition=condition):
                self.conditions.pop(condition, None)
            case _:
                pass

    def order_by_broker_id(self, broker_id: str) -> TrackedOrder | None:
        """Return our order with a broker's id, if we know it."""
        if not broker_id:
            return None
        return next((order for order in self.orders.values() if order.broker_id == broker_id), None)

    def live_orders(self, symbol: str, *purposes: Purpose) -> list[TrackedOrder]:
        """Return our orders of a symbol that may still trade, of the given purposes or of all."""
        orders = [self.orders[tag] for tag in self.unsettled.get(symbol, ())]
        return [order for order in orders if order.state.is_live and (not purposes or order.intent.purpose in purposes)]

    @property
    def live_entries(self) -> list[TrackedOrder]:
        """Our orders of all symbols that may still open a position."""
        return [order for symbol in self.unsettled for order in self.live_orders(symbol, Purpose.ENTRY)]

    def exit_order(self, symbol: str) -> TrackedOrder | None:
        """Return the one live order that reduces the position of a symbol: its stop, or the exit it was turned into.

        One that is being cancelled, because it came back from the dead or has the wrong product, only where there is
        no other.
        """
        live = self.live_orders(symbol, Purpose.STOP, Purpose.EXIT)
        if len(live) > 1 and (position := self.positions.get(symbol)) is not None:
            live = [order for order in live if order.can_reduce(position)] or live
        return live[0] if live else None

    def has_decided(self, symbol: str, candle: Instant) -> bool:
        """Whether the strategy has already spoken on a candle."""
        decided = self.decided.get(symbol)
        return decided is not None and decided.candle >= candle

    def shares_at_broker(self, books: Books, symbol: str, product: Product) -> int:
        """Return what the books say of our position in a symbol, negative for a short.

        Shares carried over night may have moved from the position book to the holdings; then the row of the day shows
        only what was done today.
        """
        name = product.value
        net = sum(row.net_quantity for row in books.positions if row.symbol == symbol and row.product == name)
        position = self.positions.get(symbol)
        ours = position.signed_quantity if position else 0
        return net if net == ours else net + self.carried.get(symbol, 0)

    @property
    def is_flat(self) -> bool:
        """Whether we hold nothing and nothing of ours may still trade."""
        return not self.positions and not any(self.live_orders(symbol) for symbol in self.unsettled)

    @property
    def effective_level(self) -> SafetyLevel:
        """The safety level as it works: a doubt that holds is as good as NO_ENTRY, for as long as it holds."""
        return SafetyLevel.NO_ENTRY if self.level is SafetyLevel.RUN and self.conditions else self.level

    @property
    def effective_why(self) -> str:
        """Why the level is what it is, the doubts included."""
        doubts = [f"{condition.name}: {why}" for condition, why in self.conditions.items()]
        return "; ".join([self.level_why, *doubts] if self.level_why else doubts)

    # --- orders -------------------------------------------------------------------------------------------------

    def _hear_order(self, report: OrderReport, at: Instant, read_at: Instant = 0) -> TrackedOrder | None:
        """Merge what the broker says of one order: filled quantity only grows, a terminal state stays."""
        order = self._order_of(report, at)
        if order is None:
            found = found_at_broker(report, at)
            if found is None:
                self._hear_of_others(report)
                return None
            order = self.track(found)
        if report.filled > order.filled:
            self._fill(order, report.filled, report.filled_value, at)
        elif order.is_settled:
            return order  # each reading of the books says it again
        before = order.state
        order.hear_report(report, at, read_at)
        self.activity.changed(before, order.state, at)
        if order.is_settled and before not in SETTLED:
            self.unsettled[order.intent.symbol].remove(order.intent.tag)
        return order

    def track(self, order: TrackedOrder) -> TrackedOrder:
        """Take an order among ours."""
        intent = order.intent
        self.orders[intent.tag] = order
        self.unsettled.setdefault(intent.symbol, []).append(intent.tag)
        return order

    def _hear_outcome(self, event: events.OutcomeArrived) -> None:
        if event.outcome.rejection is RejectionKind.AUTHENTICATION:
            self.access = False
        if event.outcome.rejection is RejectionKind.RATE:
            self.activity.rate_limited(event.at)
        if event.verb is Verb.EXIT and event.outcome.kind is OutcomeKind.NOT_SENT and event.tag in self.positions:
            self.positions[event.tag].forget_the_broker()
        order = self.orders.get(event.tag)
        if order is not None and event.verb is not Verb.EXIT:
            before = order.state
            order.hear_outcome(event.verb, event.outcome, event.at)
            self.activity.changed(before, order.state, event.at)

    def _hear_of_others(self, report: OrderReport) -> None:
        position = self.positions.get(report.symbol)
        if position is not None and not is_ours(report.tag):
            position.hear_of_others(report)

    def _orders_of_others(self, symbol: str) -> frozenset[str]:
        """Return the ids of the orders of others in a symbol that the newest reading shows."""
        reports = self.books.orders if self.books else ()
        return frozenset(row.broker_id for row in reports if row.symbol == symbol and not is_ours(row.tag))

    def _hear_alarm(self, code: str, message: str, key: str) -> None:
        self.rung.add((code, key))
        if code == events.STRATEGY_FAILED:
            self.strategy_fault = message
        elif code == events.SOFT_LOSS_LIMIT:
            self.soft_loss_hit = True

    def _count_verb(self, at: Instant) -> None:
        self.orders_today += 1
        self.activity.sent(at)

    def _hear_of_the_process(self, event: events.Event) -> None:
        """Take what a doubt that the process reports means besides: nothing is believed after a gap."""
        match event:
            case events.ConditionChanged(condition=events.Condition.GAP, at=at):
                self.reconciled, self.doubted_at = False, at
            case events.ConditionChanged(condition=events.Condition.RATE, at=at):
                self.activity.rate_limited(at)
            case _:
                pass

    def _order_of(self, report: OrderReport, at: Instant) -> TrackedOrder | None:
        """Return our order that a report speaks of. An id is bound once: another id under our tag is another order."""
        tagged = self.orders.get(report.tag)
        if tagged is None:
            return None if report.tag else self.order_by_broker_id(report.broker_id)
        if not tagged.broker_id or not report.broker_id or report.broker_id == tagged.broker_id:
            return tagged
        twin = tagged.twin(report, at)
        return self.orders.get(twin.intent.tag) or self.track(twin)

    def _fill(self, order: TrackedOrder, filled: int, filled_value: int, at: Instant) -> None:
        """Raise what an order has filled to new totals, and the position with it."""
        intent = order.intent
        order.note_fill()
        quantity, value = filled - order.filled, filled_value - order.filled_value
        order.filled, order.filled_value, order.last_fill_at = filled, filled_value, at
        position = self.positions.get(intent.symbol)
        if position is None and intent.purpose is Purpose.ENTRY:
            position = OpenPosition(
                symbol=intent.symbol, side=intent.side, product=intent.product, opened_at=at, plan=order.plan
            )
            self.positions[intent.symbol] = position
        if position is None:
            return
        position.last_fill_at = at
        if intent.purpose is Purpose.ENTRY:
            position.entry_filled += quantity
            position.entry_value += value
        else:
            position.exit_filled += quantity
            position.exit_value += value

    def _watch_protection(self, at: Instant, known_at: Instant) -> None:
        """Note since when each position is without a confirmed order at the broker that would close all of it.

        What a reading shows may have happened since the one before, begun at `known_at`, but not before its entry was
        sent, and only time in which we could act counts.
        """
        for position in self.positions.values():
            order = self.exit_order(position.symbol)
            if (order is not None and order.covers(position)) or not position.quantity:
                position.unprotected_since = 0
            elif not position.unprotected_since:
                began = max((order.sent_at for order in self._entries_of(position)), default=position.opened_at)
                could_act = max(self.doubted_at, *self.starts[-1:], 0)
                position.unprotected_since = min(at, max(known_at, began, could_act))

    def _entries_of(self, position: OpenPosition) -> list[TrackedOrder]:
        return [
            order
            for order in self.orders.values()
            if order.intent.symbol == position.symbol and order.intent.purpose is Purpose.ENTRY and order.filled
        ]

    # --- books --------------------------------------------------------------------------------------------------

    def _read_books(self, books: Books, asked_at: Instant, at: Instant) -> None:
        self.books, self.books_at, self.books_failed = books, asked_at, False
        for report in books.orders:
            order = self._hear_order(report, at, asked_at)
            if order is not None and order.change is not None:
                order.forget_change_without_effect(asked_at)
        self._use_trade_book(books, at)
        self._count_absences(asked_at)

    def _use_trade_book(self, books: Books, at: Instant) -> None:
        """Take fills that the order book does not show yet, and exact values where the trade book has every fill."""
        sums: dict[str, tuple[int, int]] = {}
        for fill in books.trades:
            quantity, value = sums.get(fill.broker_id, (0, 0))
            sums[fill.broker_id] = quantity + fill.quantity, value + fill.quantity * fill.price
            traded = self.orders.get(fill.tag)
            if traded is not None and not traded.is_settled and traded.broker_id in {fill.broker_id, ""}:
                traded.hear_trade(fill.broker_id, at)
        for order in self.orders.values():
            if order.broker_id not in sums:
                continue
            quantity, value = sums[order.broker_id]
            if quantity > order.filled:
                self._fill(order, quantity, value, at)
            if not order.filled or quantity != order.filled or value == order.filled_value:
                continue
            position = self.positions.get(order.intent.symbol)
            if position is not None and order.last_fill_at >= position.opened_at:
                if order.intent.purpose is Purpose.ENTRY:
                    position.entry_value += value - order.filled_value
                else:
                    position.exit_value += value - order.filled_value
            order.filled_value = value

    def _count_absences(self, asked_at: Instant) -> None:
        """Count a reading as evidence of absence, but only one that lists every order it must."""
        reports = self.books.orders if self.books else ()
        ids = {report.broker_id for report in reports}
        if any(order.state in IN_THE_BOOK and order.broker_id not in ids for order in self.orders.values()):
            return
        seen = ids | {report.tag for report in reports} - {""}
        for order in self.orders.values():
            if order.state is not OrderState.UNKNOWN or asked_at <= order.sent_at:
                continue
            if order.intent.tag not in seen and order.broker_id not in seen:
                order.absent_reads += 1
                order.last_absent_read = asked_at

    # --- beginnings ---------------------------------------------------------------------------------------------

    def _boot(self, event: events.Booted) -> None:
        self.boot, self.log_id, self.mode, self.account = event.boot, event.log_id, event.mode, event.account
        self.starts = (*(at for at in self.starts if event.at - at < START_WINDOW), event.at)
        self.access = True  # nobody starts without a proven token
        self.reconciled = False
        self.stopping = self.closing = False
        self.books = None
        self.funds = None
        self.strategy_fault = ""
        self.feeds.clear()
        self.conditions = {held: why for held, why in self.conditions.items() if held is events.Condition.RATE}
        for order in self.orders.values():
            order.hear(Signal.RESTARTED, event.at)
        for position in self.positions.values():
            if position.unprotected_since:
                position.unprotected_since += event.at - self.last_at  # the deadline is for what we can act on

    def _begin_day(self, day: TradingDay) -> None:
        if self.day is not None and self.day.date == day.date:
            return
        self.day = day
        self.phase = None
        nobody_knows = (order for order in self.orders.values() if order.state in {OrderState.SENT, OrderState.UNKNOWN})
        self.unresolved |= {order.intent.tag: order.intent.symbol for order in nobody_knows}
        self.orders.clear()
        self.unsettled.clear()
        self.trades.clear()
        self.blocked.clear()
        self.rung.clear()
        self.meter.begin_day()
        self.candles = CandleQuality()
        self.orders_today = self.signals_today = self.realised = 0
        self.activity.begin_day()
        self.soft_loss_hit = self.loss_restored = False
        self.flat_verified = False
        self.reconciled = False
        self.carried = {symbol: position.signed_quantity for symbol, position in self.positions.items()}
        for position in self.positions.values():
            position.forget_the_broker()  # orders live for a day
            position.unprotected_since = day.open  # stop orders live for a day
            if position.product is Product.INTRADAY:
                position.product = Product.CNC  # what could not be squared off has become delivery

    def _adopt(self, event: events.PositionAdopted) -> None:
        self.positions[event.symbol] = adopted_position(event)
        if event.stop_order is not None:
            self._hear_order(event.stop_order, event.at)
