"""More was closed than was held: who did it, and what has to stop for it?

There is no reduce-only order, so somebody else's trade, or an order that was held for dead and came after all, may meet
our exit. Then the surplus is real and belongs to a person: its symbol is left alone and no entries are taken, but what
else is held keeps its protection. What nothing explains is a fault of ours, and everything stops.
"""

from core import latches
from core.events import Alarm, Decision, LevelChanged, SafetyLevel, SymbolBlocked
from core.instants import Instant
from core.state import BotState
from core.tracking import OpenPosition


def is_explained(state: BotState, position: OpenPosition) -> bool:
    """Whether others, or orders that came back, closed as much as is too much."""
    risen = sum(
        order.filled
        for order in state.orders.values()
        if order.came_back
        and order.intent.symbol == position.symbol
        and order.intent.side is position.side.opposite
        and order.last_fill_at >= position.opened_at
    )
    return position.closed_elsewhere + risen >= -position.quantity


def alarmed(state: BotState, position: OpenPosition, at: Instant) -> list[Decision]:
    """Say once that more was closed than held, and stop what has to stop."""
    symbol = position.symbol
    why = f"{symbol}: {-position.quantity} more were closed than held; check the position at the broker"
    alarm = Alarm(at=at, code="POSITION_FLIPPED", message=why)
    if not is_explained(state, position):
        return [alarm, LevelChanged(at=at, level=SafetyLevel.FREEZE, why=why)]
    if state.blocked.get(symbol) == why:
        return []  # a block for another reason has told nobody of this
    blocked = SymbolBlocked(at=at, symbol=symbol, why=why)
    return [alarm, blocked, *latches.raise_to(SafetyLevel.NO_ENTRY, state, at, why)]
