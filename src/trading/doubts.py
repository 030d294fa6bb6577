"""Doubts that come and go by themselves: while one holds no entry is made, and nobody has to lift it.

A level that a person or a fault has raised stays until a person lowers it. A doubt is different: its cause can be seen
to go away, so it ends when that is seen, and both moments are in the log. The process around the kernel reports what
it alone can see; the kernel adds what it hears from the broker and the feeds.
"""

from core import events
from core.activity import BREACHES, PAUSE
from core.events import DATA_FEED, Condition, Deadline, Decision, DoubtChanged, FeedState
from core.instants import Instant
from core.orders import RejectionKind
from core.rules import TradingRules
from core.state import BotState
from trading.timers import Timers

_BROKEN = frozenset({FeedState.STALLED, FeedState.DOWN, FeedState.AUTH_REFUSED})
_ENDS = {
    Condition.RATE: "a minute has passed without a refusal",
    Condition.FEED: "prices come in steadily",
}
"""Why a doubt ends when its deadline passes."""


class Doubts:
    """Raises and ends the kernel's own doubts."""

    def __init__(self, rules: TradingRules, timers: Timers) -> None:
        self._rules = rules
        self._timers = timers

    def decide(self, state: BotState, event: events.Event) -> list[Decision]:
        """Return which doubt an event begins or ends; `state` has the event already."""
        if not isinstance(event, events.Input):  # once in a step: a doubt that has just begun is not in the state yet
            return self._answer(state, event)
        return [*self._answer(state, event), *self._doubt_protection(state, event.at)]

    def _doubt_protection(self, state: BotState, at: Instant) -> list[Decision]:
        """Take nothing new on while something that is held can be neither protected nor left."""
        day = state.day
        naked = [
            symbol
            for symbol, position in state.positions.items()
            if position.quantity > 0
            and position.unprotected_since
            and day is not None
            and day.trading_time(position.unprotected_since, at) >= self._rules.protect_within
        ]
        if day is None or not day.is_open(at) or not naked:
            return _end(state, Condition.UNPROTECTED, at, "what is held has an order at the broker again, or is gone")
        return _begin(state, Condition.UNPROTECTED, at, f"{', '.join(naked)} has no order at the broker")

    def _answer(self, state: BotState, event: events.Event) -> list[Decision]:
        match event:
            case events.OutcomeArrived(at=at, outcome=outcome) if outcome.rejection is RejectionKind.RATE:
                return self._doubt_rate(state, at)
            case events.ConditionChanged(at=at, condition=Condition.RATE, holds=True):
                return self._doubt_rate(state, at)
            case events.ConditionChanged(at=at, condition=Condition.GAP, holds=True):
                self._timers.read_books(at)
            case events.Reconciled(at=at):
                return _end(state, Condition.GAP, at, "the books agree again")
            case events.FeedChanged(at=at, feed=feed, state=feed_state) if feed == DATA_FEED:
                return self._hear_feed(state, feed_state, at)
            case events.Booted(at=at) if Condition.RATE in state.conditions and state.activity.rate_breaches < BREACHES:
                self._timers.set(Deadline.DOUBT, Condition.RATE.value, at + PAUSE)
            case events.DayBegan(at=at) if not state.activity.rate_breaches:
                return _end(state, Condition.RATE, at, "a new day")
            case events.TimerFired(at=at, name=Deadline.DOUBT, key=key):
                return _end(state, Condition(key), at, _ENDS[Condition(key)])
        return []

    def _doubt_rate(self, state: BotState, at: Instant) -> list[Decision]:
        """Pause entries for the minute that the broker counts; for the day when it happens again."""
        key = Condition.RATE.value
        if state.activity.rate_breaches >= BREACHES:
            self._timers.clear(Deadline.DOUBT, key)
            why = "the broker refused calls for their number a second time today; entries end for the day"
        else:
            self._timers.set(Deadline.DOUBT, key, at + PAUSE)
            why = "the broker refused calls for their number; entries pause for a minute"
        return _begin(state, Condition.RATE, at, why)

    def _hear_feed(self, state: BotState, feed: FeedState, at: Instant) -> list[Decision]:
        """Doubt prices as soon as they falter, until they have come in steadily for a while."""
        key = Condition.FEED.value
        if feed in _BROKEN:
            self._timers.clear(Deadline.DOUBT, key)
            return _begin(state, Condition.FEED, at, "prices do not come in")
        if feed is FeedState.LIVE and Condition.FEED in state.conditions:
            self._timers.set(Deadline.DOUBT, key, at + self._rules.feed_steady)
        return []


def _begin(state: BotState, condition: Condition, at: Instant, why: str) -> list[Decision]:
    if state.conditions.get(condition) == why:
        return []
    return [DoubtChanged(at=at, condition=condition, holds=True, why=why)]


def _end(state: BotState, condition: Condition, at: Instant, why: str) -> list[Decision]:
    return [DoubtChanged(at=at, condition=condition, holds=False, why=why)] if condition in state.conditions else []
