"""What an order should never do, said once: come back from the dead, have a double, trade after its end.

None of it stops a stop. A double, or an order that our own log never wrote though it carries its mark, means that
somebody sends what we do not know of, so the bot freezes; all else is told to a person, and an order that came back
also ends entries until an operator resumes.
"""

from collections import Counter
from collections.abc import Iterator

from core import events, latches
from core.events import Alarm, Decision, SafetyLevel
from core.state import BotState
from core.tags import is_of_log
from core.tracking import TrackedOrder

_Suspicion = tuple[str, str, str, SafetyLevel]
"""Code, key, words, and the level it asks for."""


def suspicions(state: BotState, event: events.Event) -> list[Decision]:
    """Return alarms, and the safety level they ask for, on what an event has brought to light; each once a day."""
    decisions: list[Decision] = []
    level, why = SafetyLevel.RUN, ""
    rung = set(state.rung)
    for code, key, message, wanted in _look(state, event):
        if (code, key) in rung:
            continue
        rung.add((code, key))
        decisions.append(Alarm(at=event.at, code=code, message=message, key=key))
        if wanted.value > level.value:
            level, why = wanted, message
    return [*decisions, *latches.raise_to(level, state, event.at, why)]


def _look(state: BotState, event: events.Event) -> Iterator[_Suspicion]:
    for order in state.orders.values():
        yield from _odd_life(state, order)
    if isinstance(event, events.BooksRead):
        yield from _shared_ids(state)
        for report in event.books.orders:
            if _is_of_another_host(state, report.tag):
                yield _another_host(report.tag, report.symbol)


def _odd_life(state: BotState, order: TrackedOrder) -> Iterator[_Suspicion]:
    tag, symbol = order.intent.tag, order.intent.symbol
    name = f"{order.intent.purpose.name.lower()} order {tag} in {symbol}"
    if order.came_back:
        message = f"{name} was held for dead and is there, {order.filled} filled; what is left of it is cancelled"
        yield "ZOMBIE_ORDER", tag, message, SafetyLevel.NO_ENTRY
    if order.twin_of:
        if state.orders[order.twin_of].changes:
            message = f"a change of order {order.twin_of} in {symbol} made a second one, {order.broker_id}"
            yield "CHANGE_MADE_ORDER", tag, f"{message}; only one of them is kept", SafetyLevel.RUN
        else:
            message = f"order {order.twin_of} in {symbol} is twice at the broker, the second is {order.broker_id}"
            yield "DUPLICATE_ORDER", tag, f"{message}; look at both in the broker's app", SafetyLevel.FREEZE
    if order.strange_status:
        message = f"{name} has a status at the broker that this program does not know; it is not taken for closed"
        yield "UNKNOWN_STATUS", tag, message, SafetyLevel.RUN
    if order.filled_late:
        yield "FILL_AFTER_END", tag, f"{name} traded after it was {order.state.value}; counted", SafetyLevel.RUN
    if order.was_found and is_of_log(tag, state.log_id):
        yield _another_host(tag, symbol)


def _shared_ids(state: BotState) -> Iterator[_Suspicion]:
    counted = Counter(order.broker_id for order in state.orders.values() if order.broker_id)
    for broker_id, times in counted.items():
        if times > 1:
            message = f"the broker gave id {broker_id} to {times} of our orders; look at them in its app"
            yield "ID_USED_TWICE", broker_id, message, SafetyLevel.FREEZE


def _is_of_another_host(state: BotState, tag: str) -> bool:
    return is_of_log(tag, state.log_id) and tag not in state.orders


def _another_host(tag: str, symbol: str) -> _Suspicion:
    message = (
        f"order {tag} in {symbol} carries the mark of this log, which never wrote it: a second bot runs on a copy of "
        "the log, or the log is an old one; end the other bot"
    )
    return "SECOND_BOT", "", message, SafetyLevel.FREEZE
