"""What the log promises, followed event by event: the tags in it, the safety level, and whether entries are allowed."""

from collections.abc import Callable

from core import events
from core.events import Command, Condition, SafetyLevel
from core.instants import Instant
from core.sessions import TradingDay


class LogWatch:
    """A fold of the log that shares nothing with the bot's own."""

    def __init__(self, complain: Callable[[str, str], None]) -> None:
        self.intents: set[str] = set()
        self.absent: set[str] = set()
        self.level = SafetyLevel.RUN
        self._complain = complain
        self._day: TradingDay | None = None
        self._is_reconciled = False
        self._books_failed = False
        self._has_access = True
        self._blocked: set[str] = set()
        self._doubts: set[Condition] = set()
        self._is_resuming = False

    def begin_step(self) -> None:
        """Begin a step; leave to lower the safety level does not outlast one."""
        self._is_resuming = False

    def take(self, event: events.Event) -> None:
        """Take one durable event."""
        match event:
            case events.OrderIntended(intent=intent):
                if intent.tag in self.intents:
                    self._complain("I1", f"{intent.tag} was decided twice")
                self.intents.add(intent.tag)
            case events.OrderAbsent(tag=tag):
                self.absent.add(tag)
            case events.CommandGiven(command=Command.RESUME):
                self._is_resuming = True
            case events.LevelChanged(level=level):
                if level.value < self.level.value and not self._is_resuming:
                    self._complain("I9", f"the safety level fell from {self.level.name} to {level.name} by itself")
                self.level = level
            case events.Booted():
                self._is_reconciled, self._has_access = False, True
                self._doubts &= {Condition.RATE}
            case events.DayBegan(day=day):
                self._day = day
            case events.Reconciled():
                self._is_reconciled = True
            case events.BooksFailed():
                self._books_failed = True
            case events.BooksRead() | events.BooksUnchanged():
                self._books_failed = False
            case events.AccessChanged(valid=valid):
                self._has_access = valid
            case (
                events.ConditionChanged(condition=condition, holds=holds)
                | events.DoubtChanged(condition=condition, holds=holds)
            ):
                (self._doubts.add if holds else self._doubts.discard)(condition)
            case events.SymbolBlocked(symbol=symbol):
                self._blocked.add(symbol)
            case events.SymbolUnblocked(symbol=symbol):
                self._blocked.discard(symbol)
            case _:
                pass

    def check_agreement(self, tag: str) -> None:
        """I6: after a start nothing is ordered before the books agree with what is believed."""
        if not self._is_reconciled:
            self._complain("I6", f"{tag} was ordered or changed before the books agreed")

    def check_entry(self, symbol: str, at: Instant) -> None:
        """I6: an entry has to be allowed by everything the log says."""
        if self.level is not SafetyLevel.RUN:
            self._complain("I6", f"an entry in {symbol} at safety level {self.level.name}")
        if self._books_failed or not self._has_access:
            self._complain("I6", f"an entry in {symbol} without books or access")
        if self._day is None or not self._day.entries_allowed(at):
            self._complain("I6", f"an entry in {symbol} outside the hours for entries")
        if self._doubts:
            self._complain("I6", f"an entry in {symbol} with {len(self._doubts)} doubts")
        if symbol in self._blocked:
            self._complain("I6", f"an entry in {symbol}, which is blocked")
