"""What an order should never do, said once: come back from the dead, have a double, trade after its end.

None of it stops a stop. A double, or an order that our own log never wrote though it carries its mark, means that
somebody sends what we do not know of, so the bot freezes; all else is told to a person, and an order that came back
also ends entries until an operator resumes.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from core import events, exits, latches
from core.events import Alarm, Decision, SafetyLevel
from core.instants import Instant
from core.order_states import OrderState
from core.state import BotState
from core.tags import is_of_log
from core.tracking import TrackedOrder


class _Suspicion(NamedTuple):
    """What to tell a person, and the level it asks for."""

    alarm: Alarm
    level: SafetyLevel


def suspicions(state: BotState, event: events.Event) -> list[Decision]:
    """Return alarms, and the safety level they ask for, on what an event has brought to light; each once a day."""
    alarms: list[Alarm] = []
    level, why = SafetyLevel.RUN, ""
    rung = set(state.rung)
    for alarm, wanted in _look(state, event):
        if (alarm.code, alarm.key) in rung:
            continue
        rung.add((alarm.code, alarm.key))
        alarms.append(alarm)
        if wanted.value > level.value:
            level, why = wanted, alarm.message
    return [*alarms, *latches.raise_to(level, state, event.at, why)] if alarms else []


def _look(state: BotState, event: events.Event) -> Iterator[_Suspicion]:
    at = event.at
    for order in state.orders.values():
        if order.came_back or order.twin_of or order.strange_status or order.filled_late or order.was_found:
            yield from _odd_life(state, order, at)
    if isinstance(event, events.ExitDecided):
        yield from _unknown_stop(state, event)
    if isinstance(event, events.BooksRead):
        yield from _shared_ids(state, at)
        for report in event.books.orders:
            if report.tag not in state.orders and is_of_log(report.tag, state.log_id):
                yield _second_bot(report.tag, report.symbol, at)


def _odd_life(state: BotState, order: TrackedOrder, at: Instant) -> Iterator[_Suspicion]:
    tag, symbol = order.intent.tag, order.intent.symbol
    name = f"{order.intent.purpose.name.lower()} order {tag} in {symbol}"
    if order.came_back:
        message = f"{name} was held for dead and is there, {order.filled} filled; what is left of it is cancelled"
        yield _Suspicion(Alarm(at=at, code="ZOMBIE_ORDER", message=message, key=tag), SafetyLevel.NO_ENTRY)
    if order.twin_of:
        yield _twin(state.orders[order.twin_of], order, at)
    if order.strange_status:
        message = f"{name} has a status at the broker that this program does not know; it is not taken for closed"
        yield _Suspicion(Alarm(at=at, code="UNKNOWN_STATUS", message=message, key=tag), SafetyLevel.RUN)
    if order.filled_late:
        message = f"{name} traded after it was {order.state.value}; it is counted"
        yield _Suspicion(Alarm(at=at, code="FILL_AFTER_END", message=message, key=tag), SafetyLevel.RUN)
    if order.was_found and is_of_log(tag, state.log_id):
        yield _second_bot(tag, symbol, at)


def _twin(original: TrackedOrder, twin: TrackedOrder, at: Instant) -> _Suspicion:
    tag, where = twin.intent.tag, f"order {twin.twin_of} in {twin.intent.symbol}"
    if original.changes:
        message = f"a change of {where} made a second one, {twin.broker_id}; only one of them is kept"
        return _Suspicion(Alarm(at=at, code="CHANGE_MADE_ORDER", message=message, key=tag), SafetyLevel.RUN)
    message = f"{where} is twice at the broker, the second is {twin.broker_id}; look at both in the broker's app"
    return _Suspicion(Alarm(at=at, code="DUPLICATE_ORDER", message=message, key=tag), SafetyLevel.FREEZE)


def _unknown_stop(state: BotState, event: events.ExitDecided) -> Iterator[_Suspicion]:
    """The one moment at which waiting for a verdict may cost money (decision 0011)."""
    order = state.exit_order(event.symbol)
    if order is None or order.state is not OrderState.UNKNOWN or event.reason != exits.REASONS[exits.STOP]:
        return
    tag = order.intent.tag
    message = f"{event.symbol} is through its stop, and the fate of stop {tag} is unknown; nothing is sent beside it"
    message += " until that is known: look at it in the broker's app now"
    yield _Suspicion(Alarm(at=event.at, code="STOP_UNKNOWN", message=message, key=tag), SafetyLevel.RUN)


def _shared_ids(state: BotState, at: Instant) -> Iterator[_Suspicion]:
    counted = Counter(order.broker_id for order in state.orders.values() if order.broker_id)
    for broker_id, times in counted.items():
        if times > 1:
            message = f"the broker gave id {broker_id} to {times} of our orders; look at them in its app"
            yield _Suspicion(Alarm(at=at, code="ID_USED_TWICE", message=message, key=broker_id), SafetyLevel.FREEZE)


def _second_bot(tag: str, symbol: str, at: Instant) -> _Suspicion:
    message = (
        f"order {tag} in {symbol} carries the mark of this log, which never wrote it: a second bot runs on a copy of "
        "the log, or the log is an old one; end the other bot"
    )
    return _Suspicion(Alarm(at=at, code="SECOND_BOT", message=message), SafetyLevel.FREEZE)
