"""Getting out for certain: an exit that the market does not take is priced further, and at last left to the broker.

A market order at NSE is protected and may not fill, so an exit is a marketable limit, verified by the books and sent
further away when its deadline passes. Each rung modifies the one order that rests. The last rung asks the broker to
close the position, which needs no quantity of ours; for that the resting order is cancelled first, and nothing is sent
after it until a later reading shows that the position is still there. An order of the broker's own that only rests is
taken away then, and the ladder goes on.

At the edge of the day's band no exit can be priced further away, not even the broker's own. What rests there keeps its
place in the queue for as long as the market stands there too, and a person is told.
"""

from collections.abc import Mapping

from core import exits
from core.events import (
    Alarm,
    CancelIntended,
    ChangeIntended,
    CounterCancelIntended,
    Deadline,
    Decision,
    ExitDecided,
    OrderIntended,
    PositionExitIntended,
)
from core.instants import MINUTE, SECOND, Instant
from core.market import Instrument, Side, Tick
from core.order_states import OrderState
from core.orders import OrderChange, OrderIntent, OrderType, Product, Purpose
from core.pricing import marketable_limit, stop_limit
from core.rules import TradingRules
from core.state import BotState
from core.tags import Tagger
from core.tracking import OpenPosition, TrackedOrder
from trading.counter_order import may_the_broker_close, order_to_take_away
from trading.timers import Timers

LADDER = (1.0, 2.5, 5.0, 10.0)
"""Buffers of the rungs, in multiples of the ordinary price buffer; the rung after them is the broker's."""
_BEFORE_THE_BROKER = 4 * MINUTE
"""After `flat_by`, from when exits of what has to go today are left to the broker's own square-off."""
STOP_TYPES = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


class ExitLadder:
    """Works the exits of all positions, one rung at a time."""

    def __init__(
        self,
        rules: TradingRules,
        instruments: Mapping[str, Instrument],
        ticks: Mapping[str, Tick],
        timers: Timers,
        tagger: Tagger,
    ) -> None:
        self._rules = rules
        self._instruments = instruments
        self._ticks = ticks
        self._timers = timers
        self._tagger = tagger
        self._sent: dict[str, int] = {}
        """Rung sent last, by symbol."""

    def work(self, state: BotState, position: OpenPosition, at: Instant) -> list[Decision]:
        """Return what the present rung asks for, once."""
        symbol, order = position.symbol, state.exit_order(position.symbol)
        if _is_the_brokers_hour(state, position, at):
            return []
        if not self._timers.is_set(Deadline.CHASE, symbol):
            self._timers.set(Deadline.CHASE, symbol, at + self._rules.verify_after)
        if order is None and may_the_broker_close(state, position, self._rules.transit):
            return self._take_away(state, position, at)  # a second exit beside the broker's could open a position
        if self._is_on_its_way(position, order, at) or self._is_sent(position):
            return []
        if position.exit_steps == 1 and _triggers(order, position):
            self._sent[symbol] = position.exit_steps
            self._timers.set(Deadline.CHASE, symbol, at + self._rules.stop_patience)
            return []  # the exchange triggers it by itself
        if order is not None and (why := _why_to_cancel(position, order)):
            return [CancelIntended(at=at, tag=order.intent.tag, broker_id=order.broker_id, why=why)]
        self._sent[symbol] = position.exit_steps
        self._timers.set(Deadline.CHASE, symbol, at + self._rules.verify_after)
        return [self._rung(state, position, order, at)]

    def _rung(self, state: BotState, position: OpenPosition, order: TrackedOrder | None, at: Instant) -> Decision:
        """Return what a rung sends: new values for the order that rests, the broker's own exit, or a new order."""
        if order is not None:
            return ChangeIntended(at=at, change=self._exit_by_change(position, order, at))
        if _is_the_brokers(position):
            why = "the market took none of the limits"
            return PositionExitIntended(at=at, symbol=position.symbol, product=position.product, why=why)
        return self.new_order(state, position, Purpose.EXIT, self._price(position, at), at)

    def chase(self, state: BotState, symbol: str, at: Instant) -> list[Decision]:
        """Answer the deadline of an exit: one rung further, unless the present one is still on its way."""
        position = state.positions.get(symbol)
        if position is None or position.quantity <= 0 or not position.exit_reason:
            return []
        resumes = state.day.resumes_at(at) if state.day else None
        if resumes is not None:
            self._timers.set(Deadline.CHASE, symbol, resumes)
            return []
        self._timers.read_books(at)
        order = state.exit_order(symbol)
        if order is None and may_the_broker_close(state, position, self._rules.transit):
            return self._wait_for_the_broker(state, position, at)
        if self._is_on_its_way(position, order, at) or not self._is_sent(position):
            self._timers.set(Deadline.CHASE, symbol, at + self._rules.verify_after)
            return []
        tick = self._ticks.get(symbol)
        price = tick.ltp if tick else 0
        if order is not None and order.type is OrderType.LIMIT and self._is_locked(position, order.limit_price, price):
            self._timers.set(Deadline.CHASE, symbol, at + self._rules.verify_after)
            return _tell_once(state, order, price, at)
        return [ExitDecided(at=at, symbol=symbol, reason=position.exit_reason, price=price)]

    def _wait_for_the_broker(self, state: BotState, position: OpenPosition, at: Instant) -> list[Decision]:
        """Look again soon, and call a person when the broker has not closed it in the time of a forced exit."""
        due = position.broker_exit_at + self._rules.escalate_after
        again = at + self._rules.verify_after
        self._timers.set(Deadline.CHASE, position.symbol, min(again, due) if due > at else again)
        key = f"{position.symbol} {position.broker_exit_at}"
        if at < due or ("BROKER_EXIT_OPEN", key) in state.rung:
            return []
        held, ago = f"{position.signed_quantity} {position.symbol}", (at - position.broker_exit_at) // SECOND
        message = f"the broker was asked {ago} s ago to close {held} and has not; what rests of its order is cancelled"
        message += f" {self._rules.transit // SECOND} s after the request, and then the exit goes on"
        return [Alarm(at=at, code="BROKER_EXIT_OPEN", message=message, key=key)]

    def _take_away(self, state: BotState, position: OpenPosition, at: Instant) -> list[Decision]:
        """Cancel the order of the broker's that rests, unless nobody could do better at the edge of the band."""
        order, tick = order_to_take_away(state, position, self._rules.transit), self._ticks.get(position.symbol)
        asked = position.counter_cancel_at
        if order is None or (asked and at - asked <= self._rules.ask_again_after):
            return []
        if tick is not None and self._is_locked(position, order.limit_price, tick.ltp):
            return []
        why = "the broker's order does not fill; the exit begins anew"
        return [CounterCancelIntended(at=at, symbol=position.symbol, broker_id=order.broker_id, why=why)]

    def _is_sent(self, position: OpenPosition) -> bool:
        """Whether the present rung was sent; what the broker was asked for may have been by the process before."""
        is_asked = position.broker_exit_at and position.broker_exit_step == position.exit_steps
        return bool(is_asked) or self._sent.get(position.symbol, 0) >= position.exit_steps

    def _is_locked(self, position: OpenPosition, limit: int, price: int) -> bool:
        """Whether an exit at a limit rests at the edge of the band on its own side, and so does the market."""
        instrument = self._instruments[position.symbol]
        edge = instrument.lower_band if position.side is Side.BUY else instrument.upper_band
        return limit == price == edge

    def was_not_taken(self, symbol: str) -> None:
        """Note that the present rung never reached the market, so that it is sent again."""
        self._sent.pop(symbol, None)

    def forget(self, symbol: str) -> None:
        """Begin anew with the next position."""
        self._sent.pop(symbol, None)
        self._timers.clear(Deadline.CHASE, symbol)
        self._timers.clear(Deadline.PROTECT, symbol)

    def new_order(self, state: BotState, position: OpenPosition, purpose: Purpose, price: int, at: Instant) -> Decision:
        """Make a protective stop at trigger `price`, or an exit at limit `price`, for all that is held."""
        if state.day is None:
            raise ValueError("no session has begun")
        side = position.side.opposite
        is_stop = purpose is Purpose.STOP
        limit = stop_limit(side, price, self._rules.limit_offset, self._instruments[position.symbol])
        intent = OrderIntent(
            tag=self._tagger.next(state.day.date, state.log_id, state.boot, purpose),
            symbol=position.symbol,
            side=side,
            quantity=position.quantity,
            type=OrderType.STOP_LIMIT if is_stop else OrderType.LIMIT,
            limit_price=limit if is_stop else price,
            trigger_price=price if is_stop else 0,
            product=position.product,
            purpose=purpose,
            reason="protective stop" if is_stop else position.exit_reason,
        )
        return OrderIntended(at=at, intent=intent)

    def _exit_by_change(self, position: OpenPosition, order: TrackedOrder, at: Instant) -> OrderChange:
        return OrderChange(
            tag=order.intent.tag,
            broker_id=order.broker_id,
            symbol=position.symbol,
            type=OrderType.LIMIT,
            quantity=order.filled + position.quantity,
            limit_price=self._price(position, at),
            trigger_price=0,
            reason=position.exit_reason,
        )

    def _price(self, position: OpenPosition, at: Instant) -> int:
        rung = min(position.exit_steps, len(LADDER)) - 1
        known = position.stop or round(position.entry_value / position.entry_filled)
        tick = self._ticks.get(position.symbol) or Tick(position.symbol, at, known, 0, 0, 0)
        buffer = self._rules.price_buffer * LADDER[rung]
        return marketable_limit(position.side.opposite, tick, buffer, self._instruments[position.symbol])

    def _is_on_its_way(self, position: OpenPosition, order: TrackedOrder | None, at: Instant) -> bool:
        """Whether what the broker makes of our last word on an order is not known yet."""
        if order is None:
            return False
        if not order.can_reduce(position):
            return True  # it is being cancelled
        is_being_cancelled = order.cancel_at and at - order.cancel_at <= self._rules.ask_again_after
        return order.state is not OrderState.WORKING or order.change is not None or bool(is_being_cancelled)


def _tell_once(state: BotState, order: TrackedOrder, price: int, at: Instant) -> list[Decision]:
    tag, symbol = order.intent.tag, order.intent.symbol
    if ("EXIT_LOCKED", tag) in state.rung:
        return []
    message = f"{symbol} stands at its band, {price / 100:.2f}, and nobody takes exit {tag}; it keeps its place there"
    return [Alarm(at=at, code="EXIT_LOCKED", message=message, key=tag)]


def _triggers(order: TrackedOrder | None, position: OpenPosition) -> bool:
    """Whether a stop was touched that the exchange triggers by itself; a trailing one may lag behind its level."""
    if order is None or order.type not in STOP_TYPES or position.exit_reason != exits.REASONS[exits.STOP]:
        return False
    return position.side.value * (order.trigger_price - position.stop) >= 0


def _why_to_cancel(position: OpenPosition, order: TrackedOrder) -> str:
    """Why the order that rests has to go first; empty where it can become the exit. Its filled part counts as ever."""
    if _is_the_brokers(position):
        return "the broker is asked to close the position"
    if order.vain_changes and not order.cancel_at:
        return "the broker acknowledged a change and did not make it"
    return ""


def _is_the_brokers_hour(state: BotState, position: OpenPosition, at: Instant) -> bool:
    """Whether the broker may be squaring off by now: an exit of ours beside its own would open a new position."""
    day = state.day
    return day is not None and position.product is not Product.CNC and at >= day.flat_by + _BEFORE_THE_BROKER


def _is_the_brokers(position: OpenPosition) -> bool:
    """Whether it is the broker's turn: on each rung after a whole ladder."""
    return position.exit_steps % (len(LADDER) + 1) == 0
