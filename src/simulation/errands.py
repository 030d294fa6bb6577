"""What the threads of `trading.errands` do, in virtual time: calls in two lanes, readings one at a time, history.

Budget, lanes, deadlines and outcomes are the product's own; only the waiting is played.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from core import events
from core.events import Effect, Verb
from core.instants import MILLISECOND, SECOND, Instant, ist_date
from core.orders import Outcome, OutcomeKind, Purpose, RejectionKind
from simulation.broker import SimulatedBroker
from simulation.life import Life
from simulation.network import Network, Request
from simulation.readings import Readings
from simulation.virtual_time import VirtualTime
from simulator.books import Reply
from trading.answers import Answer, CallResult
from trading.call_journal import Call, CallJournal
from trading.fyers_calls import PATIENCE_SECONDS
from trading.order_outcomes import outcome_of
from trading.rate_budget import Lane

_ORDER_WORKERS = 2
_SHORTEST_WAIT = 50 * MILLISECOND
_NO_ROOM = Outcome(kind=OutcomeKind.NOT_SENT, message="our own call budget has no room")


class KeptJournal(CallJournal):
    """The journal of calls, which outlives the process as a file would."""

    def __init__(self) -> None:
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Note a call that is about to be made."""
        self._calls.append(call)

    def calls(self, day: date) -> Iterator[Call]:
        """The calls of a day."""
        return (call for call in self._calls if ist_date(call.at) == day)

    @contextmanager
    def turn(self, patience_seconds: float) -> Iterator[None]:  # noqa: ARG002 - as in the parent
        """Nothing to do: no other bot shares the account."""
        yield

    def follow(self, day: date) -> None:
        """Nothing to do: no other bot shares the account."""

    def others(self) -> list[Call]:
        """Return none: no other bot shares the account."""
        return []


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that changes orders, waiting for a worker or for room in the budget."""

    verb: Verb
    tag: str
    symbol: str
    lane: Lane
    carry_out: Callable[[], Reply]


class Errands:
    """The workers of one life of the process."""

    def __init__(
        self,
        time: VirtualTime,
        life: Life,
        broker: SimulatedBroker,
        network: Network,
        readings: Readings,
        called: Callable[[bool], None],
    ) -> None:
        """`called` is told of every call that goes out, and whether it changes orders."""
        self._time = time
        self._life = life
        self._broker = broker
        self._network = network
        self._readings = readings
        self._called = called
        self._waiting: deque[_Call] = deque()
        self._working = 0

    def run(self, effect: Effect) -> None:
        """Start an errand; nothing happens before time passes."""
        broker = self._broker
        match effect:
            case events.OrderIntended(intent=intent):
                lane = Lane.ENTRY if intent.purpose is Purpose.ENTRY else Lane.EXIT
                self._enqueue(_Call(Verb.PLACE, intent.tag, intent.symbol, lane, lambda: broker.place(intent)))
            case events.ChangeIntended(change=change):
                call = _Call(Verb.MODIFY, change.tag, change.symbol, Lane.EXIT, lambda: broker.modify(change))
                self._enqueue(call)
            case events.CancelIntended(tag=tag, broker_id=broker_id):
                self._enqueue(_Call(Verb.CANCEL, tag, "", Lane.EXIT, lambda: broker.cancel(broker_id)))
            case events.PositionExitIntended(symbol=symbol, product=product):
                self._enqueue(_Call(Verb.EXIT, symbol, symbol, Lane.EXIT, lambda: broker.exit(symbol, product.value)))
            case events.CounterCancelIntended(symbol=symbol, broker_id=broker_id):
                self._enqueue(_Call(Verb.CANCEL, symbol, symbol, Lane.EXIT, lambda: broker.cancel(broker_id)))
            case events.HistoryWanted():
                self._readings.want_history(effect)
            case events.BooksWanted():
                self._readings.want_books()
            case events.FundsWanted():
                self._readings.want_funds(broker.free_funds)

    def _enqueue(self, call: _Call) -> None:
        self._waiting.append(call)
        self._employ()

    def _employ(self) -> None:
        while self._waiting and self._working < _ORDER_WORKERS:
            self._working += 1
            self._take_turn(self._waiting.popleft(), self._time.now)

    def _take_turn(self, call: _Call, since: Instant) -> None:
        if self._life.is_over:
            return
        wait = self._life.budget.reserve(call.lane, True, self._life.clock(), self._life.steady())
        if not wait:
            self._send(call)
        elif (self._time.now - since) / SECOND + wait > PATIENCE_SECONDS[call.lane]:
            self._finish(call, _NO_ROOM)
        else:
            pause = max(int(wait * SECOND), _SHORTEST_WAIT)
            self._time.after(pause, lambda: self._take_turn(call, since))

    def _send(self, call: _Call) -> None:
        self._called(True)
        self._network.send(
            Request(
                carry_out=call.carry_out,
                answer=lambda result: self._hear(call, result),
                is_placing=call.verb is Verb.PLACE,
                symbol=call.symbol,
                is_protective=bool(call.symbol) and call.lane is Lane.EXIT,
            )
        )

    def _hear(self, call: _Call, result: CallResult) -> None:
        if self._life.is_over:
            return
        outcome = outcome_of(result, names_order=call.verb is not Verb.EXIT)
        if outcome.rejection is RejectionKind.RATE and isinstance(result, Answer):
            pause = max(result.retry_after_seconds, 1.0)
            self._life.budget.pause(self._life.steady() + int(pause * SECOND))
        if outcome.rejection is RejectionKind.AUTHENTICATION:
            self._life.report_access(valid=False, why=outcome.message)
        self._finish(call, outcome)

    def _finish(self, call: _Call, outcome: Outcome) -> None:
        self._working -= 1
        self._life.put(lambda at: events.OutcomeArrived(at=at, verb=call.verb, tag=call.tag, outcome=outcome))
        self._time.after(0, self._employ)
