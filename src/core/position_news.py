"""What does a fill make of a position, and since when is one without protection? Positions come from fills alone."""

from core.instants import Instant
from core.orders import Purpose
from core.state import BotState
from core.tracking import OpenPosition, TrackedOrder


def fill_to(state: BotState, order: TrackedOrder, filled: int, filled_value: int, at: Instant) -> None:
    """Raise what an order has filled to new totals, and the position with it."""
    intent = order.intent
    order.note_fill()
    quantity, value = filled - order.filled, filled_value - order.filled_value
    order.filled, order.filled_value, order.last_fill_at = filled, filled_value, at
    position = state.positions.get(intent.symbol)
    if position is None and intent.purpose is Purpose.ENTRY:
        position = OpenPosition(
            symbol=intent.symbol, side=intent.side, product=intent.product, opened_at=at, plan=order.plan
        )
        state.positions[intent.symbol] = position
    if position is None:  # an order that was held for dead, after what it should have closed was closed without it
        state.strays[intent.symbol] = at
        return
    position.last_fill_at = at
    if intent.side is position.side:
        position.entry_filled += quantity
        position.entry_value += value
    else:  # its stop, its exit, or an entry of the other side that was held for dead and came after all
        position.exit_filled += quantity
        position.exit_value += value


def value_exactly(state: BotState, order: TrackedOrder, value: int) -> None:
    """Put what the fills of an order were really worth in the place of what its average came to."""
    position = state.positions.get(order.intent.symbol)
    if position is not None and order.last_fill_at >= position.opened_at:
        if order.intent.side is position.side:
            position.entry_value += value - order.filled_value
        else:
            position.exit_value += value - order.filled_value
    order.filled_value = value


def watch_protection(state: BotState, at: Instant, known_at: Instant) -> None:
    """Note since when each position is without a confirmed order at the broker that would close all of it.

    What a reading shows may have happened since the one before, begun at `known_at`, but not before its entry was
    sent, and only time in which we could act counts.
    """
    for position in state.positions.values():
        order = state.exit_order(position.symbol)
        if (order is not None and order.covers(position)) or not position.quantity:
            position.unprotected_since = 0
        elif not position.unprotected_since:
            began = max((order.sent_at for order in _entries_of(state, position)), default=position.opened_at)
            could_act = max(state.doubted_at, *state.starts[-1:], 0)
            position.unprotected_since = min(at, max(known_at, began, could_act))


def _entries_of(state: BotState, position: OpenPosition) -> list[TrackedOrder]:
    return [
        order
        for order in state.orders.values()
        if order.intent.symbol == position.symbol and order.intent.purpose is Purpose.ENTRY and order.filled
    ]
