"""The event log told to people: one line per event that matters, with its reason."""

import logging
from typing import NamedTuple

from core import events
from core.events import SafetyLevel
from core.instants import ist_text
from core.orders import OutcomeKind
from core.signals import Direction

logger = logging.getLogger("trading.bot")


class Line(NamedTuple):
    """A line of the log."""

    severity: int
    words: str


def tell(event: events.Event) -> None:
    """Write an event to the log, if a reader would want to know."""
    line = _line_of(event)
    if line is not None:
        logger.log(*line)


def _line_of(event: events.Event) -> Line | None:
    """Return the line for an event; None for one that tells a reader nothing."""
    return _run_line(event) or _signal_line(event) or _order_line(event) or _position_line(event) or _safety_line(event)


def _run_line(event: events.Event) -> Line | None:
    """The process, its day and what it is connected to."""
    match event:
        case events.Booted(boot=boot, mode=mode, account=account, version=version):
            return Line(logging.INFO, f"Started. boot={boot}, version={version}, mode={mode}, account={account}")
        case events.DayBegan(day=day):
            return Line(logging.INFO, f"Session {day.date}: open {ist_text(day.open)}, close {ist_text(day.close)}")
        case events.DeskSet(strategy=strategy, model=model, model_sha256=digest):
            taken = f", model {model}, manifest {digest[:12]}" if model else ""
            return Line(logging.INFO, f"Strategy {strategy}{taken}")
        case events.PhaseReached(phase=phase):
            return Line(logging.INFO, f"Phase {phase.value}")
        case events.Reconciled(why=why):
            return Line(logging.INFO, f"Reconciled: {why}")
        case events.BooksFailed(why=why):
            return Line(logging.WARNING, f"Books not read: {why}")
        case events.FeedChanged(feed=feed, state=state):
            return Line(logging.INFO, f"Feed {feed}: {state.value}")
        case events.AccessChanged(valid=valid, why=why):
            severity = logging.INFO if valid else logging.CRITICAL
            return Line(severity, f"Access {'restored' if valid else 'lost'}: {why}")
        case events.CommandGiven(command=command, why=why):
            return Line(logging.WARNING, f"Command {command.value}: {why}")
    return None


def _signal_line(event: events.Event) -> Line | None:
    """Candles, what the strategy made of them, and what became of that."""
    match event:
        case events.Decided(direction=direction) if direction is not Direction.NONE:
            words = f"{direction.name} p={event.probability:.3f} ({event.reason})"
            return Line(logging.INFO, f"Signal {event.symbol}: {words}")
        case events.HistoryFailed(symbol=symbol, why=why):
            return Line(logging.WARNING, f"Outdated history for {symbol}: {why}; no decision from it")
        case events.CandleDoubted(symbol=symbol, start=start, why=why):
            return Line(logging.INFO, f"Candle {ist_text(start)} of {symbol} is left to the broker's history: {why}")
        case events.PricesPassedOver(count=count):
            return Line(logging.WARNING, f"Fell behind: about {count} prices made room for newer ones")
        case events.EntryRefused(symbol=symbol, code=code, detail=detail):
            return Line(logging.INFO, f"Entry refused {symbol}: {code}: {detail}")
    return None


def _order_line(event: events.Event) -> Line | None:
    """What we send, and what comes back."""
    match event:
        case events.OrderIntended(intent=intent):
            price = intent.trigger_price or intent.limit_price
            what = f"{intent.side.name} {intent.quantity} {intent.symbol} {intent.type.name} at {price / 100:.2f}"
            return Line(logging.INFO, f"Order {intent.tag}: {what} ({intent.reason})")
        case events.ChangeIntended(change=change):
            price = change.trigger_price or change.limit_price
            what = f"{change.type.name} {change.quantity} at {price / 100:.2f}"
            return Line(logging.INFO, f"Change {change.tag}: {what} ({change.reason})")
        case events.CancelIntended(tag=tag, why=why):
            return Line(logging.INFO, f"Cancel {tag}: {why}")
        case events.PositionExitIntended(symbol=symbol, why=why):
            return Line(logging.WARNING, f"Asking the broker to close {symbol}: {why}")
        case events.CounterCancelIntended(symbol=symbol, broker_id=broker_id, why=why):
            return Line(logging.WARNING, f"Cancel order {broker_id} of the broker in {symbol}: {why}")
        case events.OutcomeArrived(outcome=outcome) if outcome.kind is not OutcomeKind.ACK:
            words = f"{event.verb.value} {event.tag}: {outcome.kind.value} {outcome.code} {outcome.message}"
            return Line(logging.WARNING, f"Not acknowledged: {words}")
        case events.OrderAbsent(tag=tag):
            return Line(logging.WARNING, f"Order {tag} never reached the broker")
    return None


def _position_line(event: events.Event) -> Line | None:
    """Positions, from their levels to their trade."""
    match event:
        case events.LevelsSet(symbol=symbol, stop=stop, target=target):
            return Line(logging.INFO, f"Levels {symbol}: stop {stop / 100:.2f}, target {target / 100:.2f}")
        case events.ExitDecided(symbol=symbol, reason=reason, price=price):
            return Line(logging.INFO, f"Exit {symbol}: {reason} at {price / 100:.2f}")
        case events.TradeClosed(trade=trade):
            money = f"gross {trade.gross / 100:.2f}, charges {trade.charges / 100:.2f}, net {trade.net / 100:.2f}"
            return Line(logging.INFO, f"Closed {trade.symbol}: {trade.exit_reason}, {money}")
        case events.LossRestored(why=why):
            return Line(logging.WARNING, f"Counted into the day: {why}")
        case events.PositionAdjusted(why=why):
            return Line(logging.WARNING, f"Position adjusted: {why}")
        case events.PositionAdopted(symbol=symbol, quantity=quantity):
            return Line(logging.WARNING, f"Adopted {quantity} {symbol} found at the broker")
    return None


def _safety_line(event: events.Event) -> Line | None:
    """What keeps entries from being made, and what a person must look at."""
    match event:
        case events.SymbolBlocked(symbol=symbol, why=why):
            return Line(logging.ERROR, f"No entries in {symbol}: {why}")
        case events.SymbolUnblocked(symbol=symbol, why=why):
            return Line(logging.INFO, f"Entries in {symbol} are allowed again: {why}")
        case events.LevelChanged(level=level, why=why):
            severity = logging.INFO if level is SafetyLevel.RUN else logging.ERROR
            return Line(severity, f"Safety level {level.name}: {why}")
        case events.ConditionChanged() | events.DoubtChanged():
            words = f"Doubt {event.condition.name} {'holds, no entries' if event.holds else 'is gone'}: {event.why}"
            return Line(logging.WARNING if event.holds else logging.INFO, words)
        case events.DriftStepChanged(step=step, why=why):
            return Line(logging.WARNING, f"Drift step {step.name}: {why}")
        case events.FlattenChecked(is_flat=True):
            return Line(logging.WARNING, "All is closed, by two readings of the broker's books")
        case events.FlatVerified():
            return Line(logging.INFO, "Flat, verified by the broker's books")
        case events.Alarm(code=code, message=message):
            return Line(logging.CRITICAL, f"{code}: {message}")
    return None
