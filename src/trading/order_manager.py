"""The life of every order, as a state machine: events in, decisions out; no thread, clock or socket.

An order is written down before it is sent, sent at most once, and its fate comes from the broker's books. An unknown
outcome is never answered by sending again: the books are read until the order shows, or until it is proven absent.

Events only mark symbols; `settle` then asks each marked symbol for its next step, on a state in which everything that
was decided before has been applied. So two causes at one instant never lead to two orders.
"""

from collections.abc import Mapping

from core import events
from core.events import Alarm, BooksWanted, Deadline, Decision, FeedState, LevelChanged, Phase, SafetyLevel, Verb
from core.instants import SECOND, Instant
from core.market import Instrument, Tick
from core.order_states import OrderState
from core.orders import CALLER_REFUSALS, OutcomeKind, Purpose, RejectionKind
from core.rules import TradingRules
from core.state import BotState
from core.tags import Tagger
from core.tracking import TrackedOrder
from trading.block_lift import BlockLift
from trading.book_evidence import may_have_traded
from trading.day_rollover import DayRollover
from trading.doubts import Doubts
from trading.flatten import Flattening, most_at_risk_first
from trading.foreign_hands import ForeignHands
from trading.funds_watch import FundsWatch
from trading.lost_log import LostLog
from trading.order_watch import suspicions
from trading.protection import Protection
from trading.reading_plan import ReadingPlan
from trading.reconcile import Reconciliation
from trading.retry_pauses import RetryPauses
from trading.timers import READ_AGAIN, Timers

_NEWS = (events.OrderReported, events.BooksRead, events.OutcomeArrived, events.ExitDecided)
"""Events that may show an order in a new light."""


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
        self._reconciliation = Reconciliation(rules, instruments, self.timers)
        self._watches = (
            Doubts(rules, self.timers),
            FundsWatch(rules, self.timers),
            LostLog(rules),
            Flattening(rules, self.timers, self.is_flat),
            BlockLift(rules, self.timers),
            DayRollover(),
        )
        self._plan = ReadingPlan(rules)
        self._pauses = RetryPauses()
        self._foreign_hands = ForeignHands(rules, self.timers)
        self._blind_since: Instant = 0
        """When the books first failed in a row; 0 when they did not the last time."""
        self._blind_told = False
        self._unsettled: dict[str, None] = {}
        """Symbols that something happened to, in the order in which it did."""

    def decide(self, state: BotState, event: events.Event) -> list[Decision]:
        """Return what an event asks of our orders; `state` has the event already."""
        self._mark(state, event)
        decisions = suspicions(state, event) if isinstance(event, _NEWS) else []
        decisions += self._answer(state, event)
        self._foreign_hands.hear(state, event)
        for watch in self._watches:
            decisions += watch.decide(state, event)
        return decisions

    def _answer(self, state: BotState, event: events.Event) -> list[Decision]:
        match event:
            case events.DayBegan(at=at):
                return [BooksWanted(at=at, why="start")]
            case events.BooksWanted(at=at):
                self.timers.read_books(at + self._rules.books_idle)  # should no answer come
            case events.BooksFailed(at=at, token_refused=True):
                self.timers.read_books(at + self._rules.books_idle // 2)  # a dead token is asked about, not hammered
            case events.BooksFailed(at=at, why=why):
                self.timers.read_books(at + self._rules.books_busy)
                return self._note_blindness(at, why)
            case events.OrderIntended(at=at):
                self.timers.read_books(at + self._rules.books_busy)
            case (
                events.ChangeIntended(at=at)
                | events.CancelIntended(at=at)
                | events.CounterCancelIntended(at=at)
                | events.PositionExitIntended(at=at)
            ):
                self.timers.read_books(at + self._rules.verify_after)
            case events.TradeClosed():
                self.timers.read_books(self._plan.sweep_after(state, event))
            case events.AccessChanged(at=at, valid=True):
                self._pauses.clear()
                self.timers.read_books(at + READ_AGAIN)
            case events.FeedChanged(at=at, state=FeedState.LIVE):
                self.timers.read_books(at + READ_AGAIN)
            case events.OrderReported(at=at, report=report) if report.tag not in state.orders:
                self.timers.read_books(at + READ_AGAIN)  # somebody else trades
            case events.PhaseReached(at=at, phase=Phase.OPEN | Phase.FLAT_CHECK | Phase.CLOSE):
                self.timers.read_books(at)
            case events.OutcomeArrived():
                return self._hear_outcome(state, event)
            case events.BooksRead(at=at) | events.BooksUnchanged(at=at):
                return self._after_books(state, at)
            case events.TimerFired():
                return self._on_timer(state, event)
        return []

    def _mark(self, state: BotState, event: events.Event) -> None:
        """Mark the symbols that an event may have given a next step."""
        match event:
            case events.OrderIntended(intent=intent):
                self._unsettle(intent.symbol)
            case events.OrderReported(report=report):
                self._unsettle(report.symbol)
            case events.OrderAbsent(tag=tag):
                self._unsettle(state.orders[tag].intent.symbol)
            case (
                events.ExitDecided(symbol=symbol)
                | events.LevelsSet(symbol=symbol)
                | events.PositionAdopted(symbol=symbol)
                | events.PositionAdjusted(symbol=symbol)
                | events.PositionRekeyed(symbol=symbol)
            ):
                self._unsettle(symbol)
            case (
                events.BooksRead()
                | events.BooksUnchanged()
                | events.Reconciled()
                | events.LevelChanged()
                | events.ConditionChanged()
                | events.DoubtChanged()
                | events.CommandGiven()
                | events.PhaseReached()
            ):
                self._unsettle(*self._instruments)

    def is_flat(self, state: BotState) -> bool:
        """Whether nothing of ours is held or may still trade, by our fold and by the newest reading of the books."""
        return state.reconciled and state.is_flat and not self._reconciliation.left_open(state)

    def settle(self, state: BotState, at: Instant) -> list[Decision]:
        """Let every marked symbol take its next step."""
        symbols, self._unsettled = self._unsettled, {}
        self._protection.watch_deadlines(state)
        if not state.reconciled:
            return []  # nothing is done on a belief that the books have not confirmed; `Reconciled` marks all again
        decisions: list[Decision] = []
        for symbol in most_at_risk_first(state, symbols) if state.level is SafetyLevel.FLATTEN else symbols:
            closed = self._reconciliation.close_verified(state, symbol, at)
            decisions += closed or self._protect(state, symbol, at)
        return decisions

    def _protect(self, state: BotState, symbol: str, at: Instant) -> list[Decision]:
        rest = self._pauses.until(symbol)
        if at < rest:
            self.timers.set_earlier(Deadline.SETTLE, symbol, rest)
            return []
        waits = self._foreign_hands.should_wait(state, symbol, at)
        if waits:
            self.timers.set_earlier(Deadline.SETTLE, symbol, self._foreign_hands.waits_until(state, symbol))
        return self._protection.settle(state, symbol, at, waits_for_books=waits)

    def _unsettle(self, *symbols: str) -> None:
        self._unsettled.update((symbol, None) for symbol in symbols if symbol in self._instruments)

    # --- answers ------------------------------------------------------------------------------------------------

    def _hear_outcome(self, state: BotState, event: events.OutcomeArrived) -> list[Decision]:
        at, outcome = event.at, event.outcome
        order = state.orders.get(event.tag)
        symbol = order.intent.symbol if order else event.tag
        if outcome.kind is OutcomeKind.ACK:
            self._pauses.reached(symbol)
            self.timers.read_books(at + self._rules.books_busy)
            self._unsettle(symbol)
            return []
        self.timers.read_books(at + SECOND // 2)
        if outcome.kind is OutcomeKind.NOT_SENT or outcome.rejection in CALLER_REFUSALS:
            self._protection.ladder.was_not_taken(symbol)
            self._pauses.failed(symbol, at, is_refusal=outcome.kind is OutcomeKind.REJECTED)
            self.timers.set(Deadline.SETTLE, symbol, self._pauses.until(symbol))
        elif event.verb is Verb.PLACE and outcome.kind is OutcomeKind.REJECTED:
            self._pauses.reached(symbol)
            self._unsettle(symbol)
        if outcome.rejection is RejectionKind.FORBIDDEN and state.level is SafetyLevel.RUN:
            why = f"the broker takes no orders from this address or app: {outcome.message}"
            return [
                Alarm(at=at, code="ORDERS_FORBIDDEN", message=why),
                LevelChanged(at=at, level=SafetyLevel.NO_ENTRY, why=why),
            ]
        return []

    # --- books --------------------------------------------------------------------------------------------------

    def _note_blindness(self, at: Instant, why: str) -> list[Decision]:
        """Ring once when the books have failed for as long as a position may be without a stop."""
        self._blind_since = self._blind_since or at
        if self._blind_told or at - self._blind_since < self._rules.protect_within:
            return []
        self._blind_told = True
        message = f"the broker's books cannot be read, nothing is decided without them: {why}"
        return [Alarm(at=at, code="BOOKS_UNREADABLE", message=message)]

    def _after_books(self, state: BotState, at: Instant) -> list[Decision]:
        self._blind_since, self._blind_told = 0, False
        self._pauses.broker_answers()
        self.timers.clear(Deadline.BOOKS, "")
        self.timers.read_books(self._plan.next_reading(state, at))
        return [*self._reconciliation.compare(state, at), *self._resolve_unknown(state, at)]

    def _resolve_unknown(self, state: BotState, at: Instant) -> list[Decision]:
        """Call absent what is proven to be."""
        absent = [order.intent for order in state.orders.values() if self._is_absent(state, order, at)]
        for intent in absent:
            if intent.purpose is not Purpose.ENTRY:
                self._protection.ladder.was_not_taken(intent.symbol)  # the next goes out in this very step
        return [events.OrderAbsent(at=at, tag=intent.tag) for intent in absent]

    def _is_absent(self, state: BotState, order: TrackedOrder, at: Instant) -> bool:
        """Whether two complete readings, begun late enough, show neither an order nor what it may have traded.

        Shares that somebody else bought look the same: after a while more they are no reason to wait.
        """
        rules = self._rules
        return (
            order.state is OrderState.UNKNOWN
            and order.absent_reads >= 2
            and order.last_absent_read >= order.sent_at + rules.transit
            and (at >= order.sent_at + rules.transit + rules.protect_within or not may_have_traded(state, order))
        )

    # --- time ---------------------------------------------------------------------------------------------------

    def _on_timer(self, state: BotState, event: events.TimerFired) -> list[Decision]:
        at, key = event.at, event.key
        self.timers.fired(event)
        match event.name:
            case Deadline.BOOKS:
                return [BooksWanted(at=at, why="timer")]
            case Deadline.SETTLE:
                self._unsettle(key)
            case Deadline.CHASE:
                self._unsettle(key)
                return self._protection.ladder.chase(state, key, at)
            case Deadline.PROTECT:
                return self._protection.give_up_waiting(state, key, at)
        return []
