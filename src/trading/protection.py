"""Never naked, never twice: one live order per position that reduces it, first as its stop, then as its exit.

There is no reduce-only order on NSE, so two resting exits could both fill and open a new position. Therefore a target
or a square-off turns the resting stop into the exit by modifying it; nothing is cancelled first. `settle` looks at
what is and returns the next step towards what should be; it may be called as often as one likes.
"""

from collections.abc import Mapping

from core import exits
from core.events import (
    Alarm,
    BooksWanted,
    CancelIntended,
    ChangeIntended,
    Decision,
    ExitDecided,
    LevelChanged,
    LevelsSet,
    OrderIntended,
    PositionExitIntended,
    SafetyLevel,
)
from core.instants import Instant
from core.market import Instrument, Tick
from core.orders import OrderChange, OrderIntent, OrderType, Purpose
from core.pricing import marketable_limit, stop_limit
from core.rules import TradingRules
from core.state import BotState, OpenPosition, OrderState, TrackedOrder
from core.tags import Tagger
from trading.timers import Timers

LADDER = (1.0, 2.5, 5.0, 10.0)
"""Buffers of the exit ladder, in multiples of the ordinary price buffer; after the last, the broker closes it."""

STOP_LOSS = exits.REASONS[exits.STOP]


class Protection:
    """Keeps every position covered and works every exit until the position is gone."""

    def __init__(
        self,
        rules: TradingRules,
        instruments: Mapping[str, Instrument],
        ticks: Mapping[str, Tick],
        timers: Timers,
        tagger: Tagger,
    ) -> None:
        self._rules = rules
        self._tagger = tagger
        self._instruments = instruments
        self._ticks = ticks
        self._timers = timers
        self._step_sent: dict[str, int] = {}
        """Rung of the ladder already sent, by symbol."""

    def settle(self, state: BotState, symbol: str, at: Instant) -> list[Decision]:
        """Return the next step for a symbol: protect, resize, exit, or clean up."""
        position = state.positions.get(symbol)
        if position is None:
            return self._sweep(state, symbol, at)
        if position.quantity < 0:
            return self._freeze(state, position, at)
        if position.quantity == 0:
            self._step_sent.pop(symbol, None)
            self._timers.clear("protect", symbol)
            leftovers = self.cancel_entries(state, symbol, at, "the position is closed")
            return [*leftovers, *self._sweep(state, symbol, at)]
        decisions: list[Decision] = []
        if not position.stop:
            decisions.append(self._levels(position, at))
        if position.exit_reason:
            return [*decisions, *self._work_exit(state, position, at)]
        stop = decisions[0].stop if decisions and isinstance(decisions[0], LevelsSet) else position.stop
        return [*decisions, *self._cover(state, position, stop, at)]

    def give_up_waiting(self, state: BotState, symbol: str, at: Instant) -> list[Decision]:
        """Answer the deadline of a position without a confirmed stop: it has to go."""
        position = state.positions.get(symbol)
        if position is None or not position.quantity or not position.unprotected_since or position.exit_reason:
            return []
        why = f"{symbol} had no stop at the broker in time; it is being closed"
        return [Alarm(at=at, code="UNPROTECTED", message=why), self._exit(symbol, "emergency_exit", at)]

    def chase(self, state: BotState, symbol: str, at: Instant) -> list[Decision]:
        """Answer the deadline of an exit that the market has not taken: one rung further."""
        position = state.positions.get(symbol)
        if position is None or position.quantity <= 0 or not position.exit_reason:
            return []
        return [BooksWanted(at=at, why=f"exit of {symbol}"), self._exit(symbol, position.exit_reason, at)]

    # --- a position that stays ----------------------------------------------------------------------------------

    def _levels(self, position: OpenPosition, at: Instant) -> Decision:
        plan = position.plan
        if plan is None:
            raise ValueError(f"{position.symbol} has neither a plan nor a stop")
        entry = round(position.entry_value / position.entry_filled)
        tick = self._instruments[position.symbol].tick
        stop, target = exits.levels(position.side.value, entry, plan.atr, plan.stop_atr, plan.target_atr, tick)
        return LevelsSet(at=at, symbol=position.symbol, stop=stop, target=target)

    def _cover(self, state: BotState, position: OpenPosition, stop: int, at: Instant) -> list[Decision]:
        symbol = position.symbol
        order = state.exit_order(symbol)
        if position.unprotected_since:
            self._timers.set_earlier("protect", symbol, position.unprotected_since + self._rules.protect_within)
        if order is None:
            if self._was_refused(state, symbol):
                return [self._exit(symbol, "emergency_exit", at)]
            return [self._new_order(state, position, Purpose.STOP, stop, position.quantity, at)]
        if order.state is not OrderState.WORKING or order.change is not None or order.remaining == position.quantity:
            return []
        change = OrderChange(
            tag=order.intent.tag,
            broker_id=order.broker_id,
            symbol=symbol,
            type=order.type,
            quantity=order.filled + position.quantity,
            limit_price=order.limit_price,
            trigger_price=order.trigger_price,
            reason=f"stop covers {position.quantity}",
        )
        return [ChangeIntended(at=at, change=change)]

    def _was_refused(self, state: BotState, symbol: str) -> bool:
        """Whether the newest stop of this symbol was refused: the price is through it, so another one would be too."""
        stops = [o for o in state.orders.values() if o.intent.symbol == symbol and o.intent.purpose is Purpose.STOP]
        return bool(stops) and stops[-1].state is OrderState.REJECTED

    # --- a position that goes -----------------------------------------------------------------------------------

    def _work_exit(self, state: BotState, position: OpenPosition, at: Instant) -> list[Decision]:
        symbol = position.symbol
        cancels = self.cancel_entries(state, symbol, at, "the position is being closed")
        order = state.exit_order(symbol)
        if order is not None and (order.state is not OrderState.WORKING or order.change is not None):
            self._timers.set_earlier("chase", symbol, at + self._rules.verify_after)
            return cancels
        if self._step_sent.get(symbol, 0) >= position.exit_steps:
            return cancels
        self._step_sent[symbol] = position.exit_steps
        resting_stop = order is not None and order.type in {OrderType.STOP, OrderType.STOP_LIMIT}
        if position.exit_reason == STOP_LOSS and resting_stop and position.exit_steps == 1:
            self._timers.set("chase", symbol, at + self._rules.stop_patience)
            return cancels
        self._timers.set("chase", symbol, at + self._rules.verify_after)
        return [*cancels, self._exit_step(state, position, order, at)]

    def _exit_step(self, state: BotState, position: OpenPosition, order: TrackedOrder | None, at: Instant) -> Decision:
        rung = position.exit_steps - 1
        symbol = position.symbol
        if rung >= len(LADDER) and rung % (len(LADDER) + 1) == len(LADDER):
            return PositionExitIntended(at=at, symbol=symbol, product=position.product, why="the ladder is used up")
        instrument, tick = self._instruments[symbol], self._ticks.get(symbol)
        buffer = self._rules.price_buffer * LADDER[min(rung, len(LADDER) - 1)]
        last = tick or Tick(symbol, at, position.stop, 0, 0, 0)
        price = marketable_limit(position.side.opposite, last, buffer, instrument)
        if order is None:
            return self._new_order(state, position, Purpose.EXIT, price, position.quantity, at)
        change = OrderChange(
            tag=order.intent.tag,
            broker_id=order.broker_id,
            symbol=symbol,
            type=OrderType.LIMIT,
            quantity=order.filled + position.quantity,
            limit_price=price,
            trigger_price=0,
            reason=position.exit_reason,
        )
        return ChangeIntended(at=at, change=change)

    # --- clearing up --------------------------------------------------------------------------------------------

    def cancel_entries(self, state: BotState, symbol: str, at: Instant, why: str) -> list[Decision]:
        """Cancel entries that still rest."""
        return self._cancel(state.live_orders(symbol, Purpose.ENTRY), at, why)

    def _sweep(self, state: BotState, symbol: str, at: Instant) -> list[Decision]:
        """Cancel what could reduce a position that is no longer there."""
        return self._cancel(state.live_orders(symbol, Purpose.STOP, Purpose.EXIT), at, "no position is left")

    def _cancel(self, orders: list[TrackedOrder], at: Instant, why: str) -> list[Decision]:
        """Cancel orders that have an id, again only when the last request is long past."""
        patience = 5 * self._rules.verify_after
        return [
            CancelIntended(at=at, tag=order.intent.tag, broker_id=order.broker_id, why=why)
            for order in orders
            if order.broker_id and (not order.cancel_at or at - order.cancel_at > patience)
        ]

    def _freeze(self, state: BotState, position: OpenPosition, at: Instant) -> list[Decision]:
        if state.level is SafetyLevel.FREEZE:
            return []
        why = f"{position.symbol} was sold {-position.quantity} more than held; check the position at the broker"
        return [
            Alarm(at=at, code="POSITION_FLIPPED", message=why),
            LevelChanged(at=at, level=SafetyLevel.FREEZE, why=why),
        ]

    def _exit(self, symbol: str, reason: str, at: Instant) -> Decision:
        tick = self._ticks.get(symbol)
        return ExitDecided(at=at, symbol=symbol, reason=reason, price=tick.ltp if tick else 0)

    def _new_order(
        self, state: BotState, position: OpenPosition, purpose: Purpose, price: int, quantity: int, at: Instant
    ) -> Decision:
        """Make a protective stop at trigger `price`, or an exit at limit `price`."""
        if state.day is None:
            raise ValueError("no session has begun")
        side = position.side.opposite
        is_stop = purpose is Purpose.STOP
        limit = stop_limit(side, price, self._rules.limit_offset, self._instruments[position.symbol])
        intent = OrderIntent(
            tag=self._tagger.next(state.day.date, state.log_id, state.boot, purpose),
            symbol=position.symbol,
            side=side,
            quantity=quantity,
            type=OrderType.STOP_LIMIT if is_stop else OrderType.LIMIT,
            limit_price=limit if is_stop else price,
            trigger_price=price if is_stop else 0,
            product=position.product,
            purpose=purpose,
            reason="protective stop" if is_stop else position.exit_reason,
        )
        return OrderIntended(at=at, intent=intent)
