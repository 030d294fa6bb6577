"""The event log told to people: one line per event that matters, with its reason."""

import logging

from core import events
from core.events import SafetyLevel
from core.instants import ist_text
from core.orders import OutcomeKind
from core.signals import Direction

logger = logging.getLogger("trading.bot")


def tell(event: events.Event) -> None:
    """Write an event to the log, if a reader would want to know."""
    told = _line(event)
    if told is not None:
        logger.log(*told)


def _line(event: events.Event) -> tuple[int, str] | None:  # noqa: C901 - one flat table of events and their words
    match event:
        case events.Booted(boot=boot, mode=mode, account=account, version=version):
            return logging.INFO, f"Started. boot={boot}, version={version}, mode={mode}, account={account}"
        case events.DayBegan(day=day):
            return logging.INFO, f"Session {day.date}: open {ist_text(day.open)}, close {ist_text(day.close)}"
        case events.DeskSet(strategy=strategy, model=model, model_sha256=digest):
            return logging.INFO, f"Strategy {strategy}{f', model {model}, manifest {digest[:12]}' if model else ''}"
        case events.PhaseReached(phase=phase):
            return logging.INFO, f"Phase {phase.value}"
        case events.Decided(direction=direction) if direction is not Direction.NONE:
            return logging.INFO, f"Signal {event.symbol}: {direction.name} p={event.probability:.3f} ({event.reason})"
        case events.HistoryFailed(symbol=symbol, why=why):
            return logging.WARNING, f"Outdated history for {symbol}: {why}; no decision from it"
        case events.CandleDoubted(symbol=symbol, start=start, why=why):
            return logging.INFO, f"Candle {ist_text(start)} of {symbol} is left to the broker's history: {why}"
        case events.PricesPassedOver(count=count):
            return logging.WARNING, f"Fell behind: about {count} prices made room for newer ones"
        case events.EntryRefused(symbol=symbol, code=code, detail=detail):
            return logging.INFO, f"Entry refused {symbol}: {code}: {detail}"
        case events.OrderIntended(intent=intent):
            price = intent.trigger_price or intent.limit_price
            what = f"{intent.side.name} {intent.quantity} {intent.symbol} {intent.type.name} at {price / 100:.2f}"
            return logging.INFO, f"Order {intent.tag}: {what} ({intent.reason})"
        case events.ChangeIntended(change=change):
            price = change.trigger_price or change.limit_price
            what = f"{change.type.name} {change.quantity} at {price / 100:.2f}"
            return logging.INFO, f"Change {change.tag}: {what} ({change.reason})"
        case events.CancelIntended(tag=tag, why=why):
            return logging.INFO, f"Cancel {tag}: {why}"
        case events.OutcomeArrived(outcome=outcome) if outcome.kind is not OutcomeKind.ACK:
            words = f"{event.verb.value} {event.tag}: {outcome.kind.value} {outcome.code} {outcome.message}"
            return logging.WARNING, f"Not acknowledged: {words}"
        case events.LevelsSet(symbol=symbol, stop=stop, target=target):
            return logging.INFO, f"Levels {symbol}: stop {stop / 100:.2f}, target {target / 100:.2f}"
        case events.ExitDecided(symbol=symbol, reason=reason, price=price):
            return logging.INFO, f"Exit {symbol}: {reason} at {price / 100:.2f}"
        case events.DriftStepChanged(step=step, why=why):
            return logging.WARNING, f"Drift step {step.name}: {why}"
        case events.TradeClosed(trade=trade):
            money = f"gross {trade.gross / 100:.2f}, charges {trade.charges / 100:.2f}, net {trade.net / 100:.2f}"
            return logging.INFO, f"Closed {trade.symbol}: {trade.exit_reason}, {money}"
        case events.PositionExitIntended(symbol=symbol, why=why):
            return logging.WARNING, f"Asking the broker to close {symbol}: {why}"
        case events.CounterCancelIntended(symbol=symbol, broker_id=broker_id, why=why):
            return logging.WARNING, f"Cancel order {broker_id} of the broker in {symbol}: {why}"
        case events.LossRestored(why=why):
            return logging.WARNING, f"Counted into the day: {why}"
        case events.PositionAdjusted(why=why):
            return logging.WARNING, f"Position adjusted: {why}"
        case events.PositionAdopted(symbol=symbol, quantity=quantity):
            return logging.WARNING, f"Adopted {quantity} {symbol} found at the broker"
        case events.SymbolBlocked(symbol=symbol, why=why):
            return logging.ERROR, f"No entries in {symbol}: {why}"
        case events.SymbolUnblocked(symbol=symbol, why=why):
            return logging.INFO, f"Entries in {symbol} are allowed again: {why}"
        case events.LevelChanged(level=level, why=why):
            severity = logging.INFO if level is SafetyLevel.RUN else logging.ERROR
            return severity, f"Safety level {level.name}: {why}"
        case events.ConditionChanged() | events.DoubtChanged():
            words = f"Doubt {event.condition.name} {'holds, no entries' if event.holds else 'is gone'}: {event.why}"
            return logging.WARNING if event.holds else logging.INFO, words
        case events.Reconciled(why=why):
            return logging.INFO, f"Reconciled: {why}"
        case events.BooksFailed(why=why):
            return logging.WARNING, f"Books not read: {why}"
        case events.FeedChanged(feed=feed, state=state):
            return logging.INFO, f"Feed {feed}: {state.value}"
        case events.AccessChanged(valid=valid, why=why):
            severity = logging.INFO if valid else logging.CRITICAL
            return severity, f"Access {'restored' if valid else 'lost'}: {why}"
        case events.CommandGiven(command=command, why=why):
            return logging.WARNING, f"Command {command.value}: {why}"
        case events.OrderAbsent(tag=tag):
            return logging.WARNING, f"Order {tag} never reached the broker"
        case events.FlattenChecked(is_flat=True):
            return logging.WARNING, "All is closed, by two readings of the broker's books"
        case events.FlatVerified():
            return logging.INFO, "Flat, verified by the broker's books"
        case events.Alarm(code=code, message=message):
            return logging.CRITICAL, f"{code}: {message}"
    return None
