"""What becomes of an order when the broker says something of it, or answers a call of ours?

The same news comes by answer, socket and book: twice, late, in the wrong order, under an id or a tag of ours. However
it comes, it leads to the same facts.
"""

from core import events
from core.events import Verb
from core.instants import Instant
from core.order_states import SETTLED
from core.orders import CALLER_REFUSALS, OrderReport, Outcome, OutcomeKind, RejectionKind
from core.position_news import fill_to
from core.state import BotState
from core.tags import is_ours
from core.tracking import TrackedOrder, found_at_broker


def hear_order(state: BotState, report: OrderReport, at: Instant, read_at: Instant = 0) -> TrackedOrder | None:
    """Merge what the broker says of one order: filled quantity only grows, a terminal state stays."""
    order = _order_of(state, report, at)
    if order is None:
        found = found_at_broker(report, at)
        if found is None:
            if report.filled and not read_at:  # each reading says it again, and has the shares besides
                state.strays[report.symbol] = at
            _hear_of_others(state, report)
            return None
        order = state.track(found)
    if report.filled > order.filled:
        fill_to(state, order, report.filled, report.filled_value, at)
    elif order.is_settled and not order.is_belied(report, read_at):
        return order  # each reading of the books says it again
    before = order.state
    order.hear_report(report, at, read_at)
    state.activity.count_failure(before, order.state, at)
    if order.is_settled is not (before in SETTLED):
        _move(state, order)
    return order


def _move(state: BotState, order: TrackedOrder) -> None:
    """Take an order that has ended off the list of those that may live, or put one that came back on it."""
    unsettled = state.unsettled[order.intent.symbol]
    if order.is_settled:
        unsettled.remove(order.intent.tag)
    else:
        unsettled.insert(0, order.intent.tag)  # older than what was sent in its place


def hear_outcome(state: BotState, event: events.OutcomeArrived) -> None:
    """Take the answer to one of our calls, for the order and for what it says of the broker."""
    if event.outcome.rejection is RejectionKind.AUTHENTICATION:
        state.access = False
    if event.outcome.rejection is RejectionKind.RATE:
        state.activity.count_refusal(event.at)
    if event.verb is Verb.EXIT and _never_looked_at(event.outcome) and event.tag in state.positions:
        state.positions[event.tag].forget_the_broker()
    order = state.orders.get(event.tag)
    if order is not None and event.verb is not Verb.EXIT:
        before = order.state
        order.hear_outcome(event.verb, event.outcome, event.at)
        state.activity.count_failure(before, order.state, event.at)


def _never_looked_at(outcome: Outcome) -> bool:
    """Whether the broker did nothing: it did not hear, or refused the caller. "No such position" may be older news."""
    return outcome.kind is OutcomeKind.NOT_SENT or outcome.rejection in CALLER_REFUSALS


def count_verb(state: BotState, at: Instant) -> None:
    """Count one thing asked of the broker for an order or a position."""
    state.orders_today += 1
    state.activity.count_verb(at)


def _hear_of_others(state: BotState, report: OrderReport) -> None:
    position = state.positions.get(report.symbol)
    if position is not None and not is_ours(report.tag):
        position.hear_of_others(report)


def _order_of(state: BotState, report: OrderReport, at: Instant) -> TrackedOrder | None:
    """Return our order that a report speaks of. An id is bound once: another id under our tag is another order."""
    tagged = state.orders.get(report.tag)
    if tagged is None:
        return None if report.tag else state.order_by_broker_id(report.broker_id)
    if not tagged.broker_id or not report.broker_id or report.broker_id == tagged.broker_id:
        return tagged
    twin = tagged.twin(report, at)
    return state.orders.get(twin.intent.tag) or state.track(twin)
