"""What does an event change? One table for each part of what the bot knows, and nowhere a decision.

Recovery, the live view and the reports all read this one fold. Restart is: apply every event of the log again. What
takes more than a line is told by `core.order_news`, `core.position_news`, `core.book_reading` and `core.beginnings`.
"""

from core import events
from core.beginnings import begin_day, boot
from core.book_reading import read_books
from core.drift_state import DriftState
from core.events import SafetyLevel
from core.order_news import count_verb, hear_order, hear_outcome
from core.order_states import OrderNews
from core.orders import Purpose
from core.position_news import watch_protection
from core.signals import Direction
from core.state import BotState
from core.tracking import TrackedOrder, adopted_position

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


def apply(state: BotState, event: events.Event) -> None:
    """Record one event. It only records; it never decides."""
    state.seq += 1
    read_before = state.books_at
    if event.at > state.last_at:  # what one step decides happens at one instant, in which no time passes
        state.meter.advance(state.last_at, event.at, state.day, state.positions.values())
    _change_orders(state, event)
    _change_positions(state, event)
    _change_run(state, event)
    _change_doubts(state, event)
    state.candles.hear(event)
    state.drift.hear(event, state.day)
    if isinstance(event, _ORDER_NEWS):
        is_reading = isinstance(event, events.BooksRead | events.BooksUnchanged)
        watch_protection(state, event.at, read_before if is_reading else event.at)
    state.last_at = max(state.last_at, event.at)


def _change_orders(state: BotState, event: events.Event) -> None:
    """Our orders, and what the broker says of them."""
    match event:
        case events.OrderReported(report=report, at=at):
            hear_order(state, report, at)
        case events.BooksRead(books=books, asked_at=asked_at, at=at):
            read_books(state, books, asked_at, at)
        case events.BooksUnchanged(asked_at=asked_at, at=at) if state.books is not None:
            read_books(state, state.books, asked_at, at)
        case events.BooksFailed():
            state.books_failed = True
        case events.OutcomeArrived():
            hear_outcome(state, event)
        case events.OrderIntended(intent=intent, at=at, plan=plan):
            state.track(TrackedOrder(intent=intent, sent_at=at, plan=plan))
            count_verb(state, at)
            if intent.purpose is Purpose.ENTRY:
                state.queued.pop(intent.symbol, None)
        case events.ChangeIntended(change=change, at=at):
            state.orders[change.tag].ask_change(change, at)
            count_verb(state, at)
        case events.CancelIntended(tag=tag, at=at):
            state.orders[tag].cancel_at = at
            count_verb(state, at)
        case events.PositionExitIntended(symbol=symbol, at=at):
            state.positions[symbol].ask_the_broker(state.orders_of_others(symbol), at)
            count_verb(state, at)
        case events.CounterCancelIntended(symbol=symbol, at=at):
            state.positions[symbol].counter_cancel_at = at
            count_verb(state, at)
        case events.OrderAbsent(tag=tag, at=at):
            state.orders[tag].hear(OrderNews.DISPROVED, at)
        case _:
            pass


def _change_positions(state: BotState, event: events.Event) -> None:
    """Symbols: the word of the strategy, and the position from its levels to its trade."""
    match event:
        case events.EntryRefused(symbol=symbol):
            state.queued.pop(symbol, None)
        case events.LevelsSet(symbol=symbol, stop=stop, target=target):
            position = state.positions[symbol]
            position.stop, position.target = stop, target
            position.first_stop = position.first_stop or stop
        case events.ExitDecided(symbol=symbol, reason=reason):
            position = state.positions[symbol]
            position.exit_reason = position.exit_reason or reason
            position.exit_steps += 1
        case events.TradeClosed(trade=trade):
            state.trades.append(trade)
            state.realised += trade.net
            state.positions.pop(trade.symbol, None)
        case events.Decided(symbol=symbol):
            state.decided[symbol] = event
            state.signals_today += event.direction is not Direction.NONE
            state.queued.pop(symbol, None)
            if event.direction is not Direction.NONE:
                state.queued[symbol] = event
        case events.PositionAdopted():
            _adopt(state, event)
        case events.PositionAdjusted(symbol=symbol, quantity=quantity, value=value, at=at):
            position = state.positions[symbol]
            position.exit_filled += quantity
            position.exit_value += value
            position.closed_elsewhere += quantity
            position.last_fill_at = at
            if not position.quantity:
                position.exit_reason = position.exit_reason or "closed_at_broker"
        case events.PositionRekeyed(symbol=symbol, product=product):
            state.positions[symbol].product = product
        case events.SymbolBlocked(symbol=symbol, why=why):
            state.blocked[symbol] = why
        case events.SymbolUnblocked(symbol=symbol):
            state.blocked.pop(symbol, None)
        case _:
            pass


def _change_run(state: BotState, event: events.Event) -> None:
    """The process, its day and its connections."""
    match event:
        case events.LevelChanged(level=level, why=why):
            state.level, state.level_why = level, why
            state.flattened = False
            if level is SafetyLevel.RUN:
                state.unresolved.clear()
        case events.FlattenChecked(is_flat=is_flat):
            state.flattened = is_flat
        case events.Reconciled():
            state.reconciled = True
        case events.FeedChanged(feed=feed, state=feed_state):
            state.feeds[feed] = feed_state
        case events.AccessChanged(valid=valid):
            state.reconciled = state.reconciled and not valid  # much may have happened while nobody could look
            state.access = valid
        case events.FlatVerified():
            state.flat_verified = True
        case events.PhaseReached(phase=phase):
            state.phase = phase
        case events.DayBegan(day=day):
            begin_day(state, day)
        case events.Booted():
            boot(state, event)
        case events.DeskSet(model_sha256=model):
            if model and model != state.drift.model:
                _change_model(state, model)
            state.drift.is_used = bool(model)
        case events.CommandGiven(command=command, key=key):
            if key:
                state.obeyed.add(key)
            state.closing = state.closing or command is events.Command.STOP_FLAT
            state.stopping = state.stopping or state.closing or command is events.Command.STOP
        case _:
            pass


def _change_model(state: BotState, model: str) -> None:
    """Let another model take its place; what is known of one that comes back is still known."""
    if state.drift.model:
        state.former_drift[state.drift.model] = state.drift
    state.drift = state.former_drift.pop(model, DriftState(model))


def _change_doubts(state: BotState, event: events.Event) -> None:
    """What stands in the way of entries besides the level: doubts, money and health."""
    match event:
        case events.FundsRead():
            state.funds = event
        case events.LossRestored(amount=amount):
            state.realised += amount
            state.loss_restored = True
        case events.Alarm(code=code, message=message, key=key):
            _hear_alarm(state, code, message, key)
        case (
            events.ConditionChanged(condition=condition, holds=True, why=why)
            | events.DoubtChanged(condition=condition, holds=True, why=why)
        ):
            state.conditions[condition] = why
            _note_gap_or_rate(state, event)
        case events.ConditionChanged(condition=condition) | events.DoubtChanged(condition=condition):
            state.conditions.pop(condition, None)
        case _:
            pass


def _adopt(state: BotState, event: events.PositionAdopted) -> None:
    state.positions[event.symbol] = adopted_position(event)
    if event.stop_order is not None:
        hear_order(state, event.stop_order, event.at)


def _hear_alarm(state: BotState, code: str, message: str, key: str) -> None:
    state.rung.add((code, key))
    if code == events.STRATEGY_FAILED:
        state.strategy_fault = message
    elif code == events.SOFT_LOSS_LIMIT:
        state.soft_loss_hit = True


def _note_gap_or_rate(state: BotState, event: events.Event) -> None:
    """Note what two doubts of the process change besides: a gap makes the books old, and a refusal is counted."""
    match event:
        case events.ConditionChanged(condition=events.Condition.GAP, at=at):
            state.reconciled, state.doubted_at = False, at
        case events.ConditionChanged(condition=events.Condition.RATE, at=at):
            state.activity.count_refusal(at)
        case _:
            pass
