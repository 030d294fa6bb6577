"""The life of every order, as a state machine: events in, decisions out; no thread, clock or socket.

An order is written down before it is sent, sent at most once, and its fate comes from the broker's books. An unknown
outcome is never answered by sending again: the books are read until the order shows, or until it is proven absent.
"""

from collections.abc import Mapping

from core import events
from core.events import BooksWanted, Decision, Phase, SafetyLevel, Verb
from core.instants import SECOND, Instant
from core.market import Instrument, Tick
from core.orders import OutcomeKind, Purpose
from core.rules import TradingRules
from core.state import BotState, OrderState, TrackedOrder
from core.tags import Tagger
from trading.protection import Protection
from trading.reconcile import Reconciliation
from trading.timers import Timers

_RETRY_AFTER = SECOND
"""Pause before a stop that never left is tried again."""


class OrderManager:
    """Turns intents into orders and keeps the books in agreement with what we believe."""

    def __init__(
        self,
        rules: TradingRules,
        instruments: Mapping[str, Instrument],
        ticks: Mapping[str, Tick],
        tagger: Tagger,
    ) -> None:
        self.timers = Timers()
        self._rules = rules
        self._instruments = instruments
        self._protection = Protection(rules, instruments, ticks, self.timers, tagger)
        self._reconciliation = Reconciliation(rules, instruments)

    def decide(self, state: BotState, event: events.Event) -> list[Decision]:
        """Return what an event asks of our orders; `state` has the event already."""
        match event:
            case events.Booted(at=at) | events.DayBegan(at=at):
                return self._begin(state, at)
            case events.OrderIntended(intent=intent, at=at):
                if intent.purpose is Purpose.ENTRY:
                    self.timers.set("entry", intent.tag, at + self._rules.entry_timeout)
                self._read_books_soon(at, self._rules.books_busy)
            case events.ChangeIntended(at=at) | events.CancelIntended(at=at) | events.PositionExitIntended(at=at):
                self._read_books_soon(at, self._rules.verify_after)
            case events.OutcomeArrived():
                return self._hear_outcome(state, event)
            case events.OrderReported(report=report, at=at):
                return self._settle_symbol(state, report.symbol, at)
            case events.BooksRead(at=at) | events.BooksUnchanged(at=at):
                return self._after_books(state, at)
            case events.Reconciled(at=at):
                return self._settle_all(state, at)
            case events.BooksFailed(at=at):
                self._read_books_soon(at, self._rules.books_busy)
            case events.ExitDecided(symbol=symbol, at=at):
                return self._settle_symbol(state, symbol, at)
            case events.OrderAbsent(tag=tag, at=at):
                return self._settle_symbol(state, state.orders[tag].intent.symbol, at)
            case events.TimerFired():
                return self._on_timer(state, event)
            case events.PhaseReached(phase=phase, at=at):
                return self._on_phase(state, phase, at)
            case events.LevelChanged(level=SafetyLevel.FLATTEN, at=at):
                return self._cancel_all_entries(state, at, "safety level FLATTEN")
            case events.CommandGiven(command=events.Command.STOP, at=at):
                return self._cancel_all_entries(state, at, "the bot is stopping")
        return []

    # --- answers ------------------------------------------------------------------------------------------------

    def _hear_outcome(self, state: BotState, event: events.OutcomeArrived) -> list[Decision]:
        at, outcome = event.at, event.outcome
        order = state.orders.get(event.tag)
        symbol = order.intent.symbol if order else event.tag
        self._read_books_soon(at, self._rules.books_busy)
        match outcome.kind:
            case OutcomeKind.ACK:
                return self._settle_symbol(state, symbol, at)
            case OutcomeKind.UNKNOWN:
                self._read_books_soon(at, SECOND // 2)
                return []
            case OutcomeKind.NOT_SENT:
                self.timers.set("settle", symbol, at + _RETRY_AFTER)
                return []
            case OutcomeKind.REJECTED:
                if event.verb is Verb.PLACE:
                    return self._settle_symbol(state, symbol, at)
                return [BooksWanted(at=at, why=f"{event.verb.value} refused: {outcome.message}")]

    # --- books --------------------------------------------------------------------------------------------------

    def _after_books(self, state: BotState, at: Instant) -> list[Decision]:
        decisions = self._reconciliation.compare(state, at)
        decisions += self._resolve_unknown(state, at)
        decisions += self._settle_all(state, at)
        busy = bool(state.positions) or any(order.state.is_live for order in state.orders.values())
        self.timers.clear("books", "")
        self._read_books_soon(at, self._rules.books_busy if busy else self._rules.books_idle)
        return decisions

    def _resolve_unknown(self, state: BotState, at: Instant) -> list[Decision]:
        """Call an order absent when two complete readings, begun late enough, do not show it."""
        return [
            events.OrderAbsent(at=at, tag=order.intent.tag)
            for order in state.orders.values()
            if order.state is OrderState.UNKNOWN
            and order.absent_reads >= 2
            and order.last_absent_read >= order.sent_at + self._rules.transit
        ]

    def _read_books_soon(self, at: Instant, pause: int) -> None:
        self.timers.set_earlier("books", "", at + pause)

    def _settle_all(self, state: BotState, at: Instant) -> list[Decision]:
        return [decision for symbol in self._instruments for decision in self._settle_symbol(state, symbol, at)]

    def _settle_symbol(self, state: BotState, symbol: str, at: Instant) -> list[Decision]:
        if symbol not in self._instruments or not state.reconciled:
            return []
        decisions = self._reconciliation.close_verified(state, symbol, at)
        return decisions or self._protection.settle(state, symbol, at)

    # --- time ---------------------------------------------------------------------------------------------------

    def _on_timer(self, state: BotState, event: events.TimerFired) -> list[Decision]:
        at, key = event.at, event.key
        match event.name:
            case "books":
                return [BooksWanted(at=at, why="timer")]
            case "entry":
                return self._cancel_late_entry(state, state.orders.get(key), at)
            case "chase":
                return self._protection.chase(state, key, at)
            case "protect":
                return self._protection.give_up_waiting(state, key, at)
            case "settle":
                return self._settle_symbol(state, key, at)
        return []

    def _cancel_late_entry(self, state: BotState, order: TrackedOrder | None, at: Instant) -> list[Decision]:
        if order is None or not order.state.is_live:
            return []
        return self._protection.cancel_entries(state, order.intent.symbol, at, "not filled in time")

    def _on_phase(self, state: BotState, phase: Phase, at: Instant) -> list[Decision]:
        match phase:
            case Phase.NO_ENTRY | Phase.SQUARE_OFF:
                return self._cancel_all_entries(state, at, f"phase {phase.value}")
            case Phase.OPEN | Phase.FLAT_CHECK | Phase.CLOSE:
                return [BooksWanted(at=at, why=f"phase {phase.value}")]
        return []

    def _cancel_all_entries(self, state: BotState, at: Instant, why: str) -> list[Decision]:
        return [
            decision
            for symbol in self._instruments
            for decision in self._protection.cancel_entries(state, symbol, at, why)
        ]

    def _begin(self, state: BotState, at: Instant) -> list[Decision]:
        """A start, a restart and a new day begin alike: read the books, then trust nothing they do not show."""
        for order in state.orders.values():
            if order.state.is_live and order.intent.purpose is Purpose.ENTRY:
                self.timers.set("entry", order.intent.tag, at)
        return [BooksWanted(at=at, why="start")]
