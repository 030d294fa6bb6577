"""What the gate may look at, gathered from the fold at one instant: numbers only, so that every rule is a comparison.

Every sum takes the worse reading. An entry of unknown fate counts as filled, and money that an entry may have bound
since it was read at the broker counts as gone.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from core.drift import DriftStep
from core.events import Condition, SafetyLevel
from core.instants import MINUTE, SECOND, Instant
from core.market import Instrument, Tick
from core.orders import OrderIntent, Purpose
from core.sessions import TradingDay
from core.state import BotState
from core.tracking import OpenPosition, TrackedOrder

TWIN_WINDOW = 2 * SECOND
"""Two entries of one shape within this time are one decision made twice."""


class EntryFacts(NamedTuple):
    """What the gate may look at, gathered at one instant. Money in units.

    A named tuple, because a frozen dataclass of so many fields takes twice as long to make, and a backtest makes one
    for each signal.
    """

    now: Instant
    day: TradingDay | None
    level: SafetyLevel
    conditions: Mapping[Condition, str]
    """The doubts that hold, each with its reason."""
    access: bool
    account: str
    """Whose account this run is for."""
    token_account: str
    """Whose account the token opens, as far as it was asked; empty before."""
    strategy_fault: str
    """What the strategy failed with; empty while it works."""
    drift: str
    """Why drift has ended entries; empty while it has not."""
    paused_until: Instant
    """Until when failed orders keep entries back."""
    reconciled: bool
    books_failed: bool
    """Whether the newest attempt to read the broker's books came to nothing."""
    books_at: Instant
    """When the last complete reading of the books was begun."""
    stopping: bool
    blocked: str
    """Why the symbol is blocked; empty when it is not."""
    busy: bool
    """Whether the symbol has a position or a live order of ours."""
    stray_shares: int
    """What the newest reading shows in a symbol in which we hold nothing, negative for a short."""
    stray_at: Instant
    """When we last heard of shares traded in the symbol that are in no position of ours; 0 for never."""
    has_twin: bool
    """Whether an entry of the same shape was sent a moment ago."""
    positions: int
    """Open positions and live entries, over all symbols."""
    profit: int
    """Realised plus marked to market of the day."""
    orders_today: int
    orders_in_second: int
    orders_in_minute: int
    symbol_value: int
    """What is held or may fill in the symbol, this entry apart; so for the next three."""
    exposure: int
    open_value: int
    """What all our live orders are worth, stops included."""
    turnover: int
    """What all fills of the day came to."""
    free_funds: int | None
    """Money that can back a new order; None before it was read."""
    signal_age: int
    """Nanoseconds since the candle closed that the signal speaks of; 0 for a daily one, which waits for the open."""
    instrument: Instrument
    tick: Tick | None
    stop: int
    target: int


def gather(
    state: BotState,
    intent: OrderIntent,
    instrument: Instrument,
    tick: Tick,
    now: Instant,
    *,
    profit: int,
    stop: int,
    target: int,
    margin: float,
    signal_age: int,
) -> EntryFacts:
    """Return the facts about an entry that is about to be sent; `margin` as in the rules."""
    symbol, entries, positions = instrument.symbol, state.live_entries, state.positions
    activity, funds = state.activity, state.funds
    return EntryFacts(
        now=now,
        day=state.day,
        level=state.level,
        conditions=state.conditions,
        access=state.access,
        account=state.account,
        token_account=funds.account if funds else "",
        strategy_fault=state.strategy_fault,
        drift=state.drift.why if state.drift.standing is DriftStep.STOP else "",
        paused_until=activity.paused_until,
        reconciled=state.reconciled,
        books_failed=state.books_failed,
        books_at=state.books_at,
        stopping=state.stopping,
        blocked=state.blocked.get(symbol, ""),
        busy=symbol in positions or bool(state.live_orders(symbol)),
        stray_shares=state.stray_shares(symbol, intent.product),
        stray_at=state.strays.get(symbol, 0),
        has_twin=any(_is_twin(order, intent, now) for order in state.orders.values()),
        positions=len({order.intent.symbol for order in entries} | set(positions)),
        profit=profit,
        orders_today=state.orders_today,
        orders_in_second=activity.sent_since(now - SECOND),
        orders_in_minute=activity.sent_since(now - MINUTE),
        symbol_value=_worth(entries, positions.values(), symbol),
        exposure=_worth(entries, positions.values()),
        open_value=sum(order.remaining * order.limit_price for order in state.orders.values()),
        turnover=sum(order.filled_value for order in state.orders.values()),
        free_funds=_free_funds(state, margin),
        signal_age=signal_age,
        instrument=instrument,
        tick=tick,
        stop=stop,
        target=target,
    )


def _worth(entries: Iterable[TrackedOrder], positions: Iterable[OpenPosition], symbol: str = "") -> int:
    """Value of what is held, at its entry prices, and of what may still be filled; of one symbol, or of all."""
    held = sum(
        abs(position.quantity) * position.entry_value // position.entry_filled
        for position in positions
        if symbol in {"", position.symbol} and position.entry_filled
    )
    return held + sum(order.remaining * order.limit_price for order in entries if symbol in {"", order.intent.symbol})


def _free_funds(state: BotState, margin: float) -> int | None:
    if state.funds is None:
        return None
    return state.funds.available - round(_bound_since(state, state.funds.asked_at) * margin)


def _bound_since(state: BotState, instant: Instant) -> int:
    """Value of entries that a reading of the funds may not have seen: those that live, and those that filled later."""
    return sum(
        order.remaining * order.limit_price + (order.filled_value if order.last_fill_at > instant else 0)
        for order in state.orders.values()
        if order.intent.purpose is Purpose.ENTRY
    )


def _is_twin(order: TrackedOrder, intent: OrderIntent, now: Instant) -> bool:
    sent = order.intent
    return now - order.sent_at < TWIN_WINDOW and (sent.symbol, sent.side, sent.quantity, sent.limit_price) == (
        intent.symbol,
        intent.side,
        intent.quantity,
        intent.limit_price,
    )
