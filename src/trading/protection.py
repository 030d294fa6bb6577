"""Never naked, never twice: one live order per position that reduces it, first as its stop, then as its exit.

There is no reduce-only order on NSE, so two resting exits could both fill and open a new position. Therefore a target
or a square-off turns the resting stop into the exit by modifying it; nothing is cancelled first. `settle` looks at
what is and returns the next step towards what should be; it may be called as often as one likes.
"""

from collections.abc import Mapping
from typing import NamedTuple

from core import exits
from core.events import (
    Alarm,
    CancelIntended,
    ChangeIntended,
    Deadline,
    Decision,
    ExitDecided,
    LevelsSet,
    SafetyLevel,
)
from core.instants import SECOND, Instant
from core.market import Instrument, Tick
from core.order_states import OrderState
from core.orders import CALLER_REFUSALS, OrderChange, OrderType, Product, Purpose
from core.pricing import stop_limit, stop_trigger
from core.rules import TradingRules
from core.sessions import TradingDay
from core.state import BotState
from core.tags import Tagger
from core.tracking import OpenPosition, TrackedOrder
from trading import surplus
from trading.exit_ladder import STOP_TYPES, ExitLadder
from trading.timers import RING_AGAIN, Timers

_SIGN_OF_LIFE = 2 * SECOND
"""While a position has no stop something is logged this often, so that a restart forgets no more of its time."""


class _Ring(NamedTuple):
    """The last alarm about a position without a confirmed order."""

    unprotected_since: Instant
    """Tells this spell from an earlier one."""
    at: Instant


class Protection:
    """Keeps every position covered, every exit moving, and nothing resting that has no purpose any more."""

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
        self._rang: dict[str, _Ring] = {}
        """By symbol."""
        self.ladder = ExitLadder(rules, instruments, ticks, timers, tagger)

    def settle(self, state: BotState, symbol: str, at: Instant, *, waits_for_books: bool = False) -> list[Decision]:
        """Return the next step for a symbol: protect, resize, exit, or clean up. Nothing while nothing can be sent.

        While it waits for the books nothing that could open a position is sent; cancels are. What a pause of the
        session keeps from being done is done when trading goes on: the exchange may have cancelled the stop meanwhile.
        """
        day, position = state.day, state.positions.get(symbol)
        if day is None or not state.access:
            return []
        if not day.is_open(at):
            resumes = day.resumes_at(at)
            if resumes and (position is not None or state.live_orders(symbol)):
                self._timers.set_earlier(Deadline.SETTLE, symbol, resumes)
            return []
        cancels = self._cancel_unwanted_entries(state, day, symbol, at)
        if position is None or not position.quantity:
            resting = state.live_orders(symbol, Purpose.STOP, Purpose.EXIT)
            if state.level is SafetyLevel.FREEZE:
                risen = [order for order in resting if order.state is OrderState.ZOMBIE]
                return [*cancels, *self._cancel(risen, at, "it was held for dead")]
            self.ladder.forget(symbol)
            return [*cancels, *self._cancel(resting, at, "no position")]
        cancels += self._cancel_surplus(state, position, at)
        if state.level is SafetyLevel.FREEZE:
            return cancels
        if position.quantity < 0:
            return [*cancels, *self._leave_surplus(state, position, at)]
        return cancels if waits_for_books else [*cancels, *self._look_after(state, day, position, at)]

    def watch_deadlines(self, state: BotState) -> None:
        """Set the deadline of every position without a confirmed stop, also while nothing can be sent.

        Shorter ones come before it, which decide nothing and are only there to be logged: at a restart the time since
        the newest event counts as time in which we were dead (`core.beginnings`), and a reading that hangs logs none.
        """
        day = state.day
        if day is None or state.last_at >= day.close:
            return
        for symbol, position in state.positions.items():
            if position.quantity > 0 and position.unprotected_since:
                due = self._rings_at(day, position)
                sign = state.last_at + _SIGN_OF_LIFE
                if not position.exit_reason and day.is_open(sign):
                    due = min(due, sign)
                if due < day.close:
                    self._timers.set_earlier(Deadline.PROTECT, symbol, due)

    def give_up_waiting(self, state: BotState, symbol: str, at: Instant) -> list[Decision]:
        """Answer the deadline of a position without a confirmed order: it has to go, and rings until it is gone."""
        position = state.positions.get(symbol)
        if position is None or position.quantity <= 0 or not position.unprotected_since:
            return []
        day = state.day
        if day is None or not day.is_open(at):
            return []
        due = self._rings_at(day, position)
        if at < due:  # a sign of life, or the deadline of an earlier spell
            self._timers.set(Deadline.PROTECT, symbol, due)
            return []
        self._rang[symbol] = _Ring(position.unprotected_since, at)
        if position.exit_reason:
            naked = f"no order at the broker for {(at - position.unprotected_since) // SECOND} s"
            why = f"{symbol} has to go ({position.exit_reason}) and has had {naked}; it is being tried on"
            return [Alarm(at=at, code="UNPROTECTED", message=why, key=symbol)]
        why = f"{symbol} had no stop at the broker in time; it is being closed"
        return [Alarm(at=at, code="UNPROTECTED", message=why, key=symbol), self._exit(symbol, exits.EMERGENCY_EXIT, at)]

    def _rings_at(self, day: TradingDay, position: OpenPosition) -> Instant:
        """When a position that stands without a confirmed order rings, for the first time or again.

        The deadline is for what we can act on: after a pause it begins anew.
        """
        rang = self._rang.get(position.symbol)
        if rang is not None and rang.unprotected_since == position.unprotected_since:
            due = rang.at + RING_AGAIN
        else:
            due = position.unprotected_since + self._rules.protect_within
        resumes = day.resumes_at(due)
        return due if resumes is None else resumes + self._rules.protect_within

    # --- a position ---------------------------------------------------------------------------------------------

    def _look_after(self, state: BotState, day: TradingDay, position: OpenPosition, at: Instant) -> list[Decision]:
        forced = self._why_to_leave(state, day, position, at)
        if forced and not position.exit_reason:
            return [self._exit(position.symbol, forced, at)]
        if position.exit_reason:
            return self.ladder.work(state, position, at)
        if not position.stop:
            return [self._levels(position, at)]
        return self._cover(state, position, at)

    def _why_to_leave(self, state: BotState, day: TradingDay, position: OpenPosition, at: Instant) -> str:
        if state.level is SafetyLevel.FLATTEN or state.closing:
            return exits.FORCE_EXIT
        if position.product is not Product.CNC and at >= day.square_off:
            return exits.REASONS[exits.SQUARE_OFF]
        if not position.unprotected_since and _came_back(state, position):
            return exits.EMERGENCY_EXIT  # nobody wanted it any more; protected first, because an exit may take its time
        return ""

    def _levels(self, position: OpenPosition, at: Instant) -> Decision:
        """Set stop and target around the average entry, one percent away where no plan is known."""
        rules, plan, instrument = self._rules, position.plan, self._instruments[position.symbol]
        entry = self._entry_price(position)
        atr = plan.atr if plan else entry / 100 / rules.stop_atr
        stop_atr, target_atr = (plan.stop_atr, plan.target_atr) if plan else (rules.stop_atr, rules.target_atr)
        stop, target = exits.levels(position.side.value, entry, atr, stop_atr, target_atr, instrument.tick)
        stop = stop_trigger(position.side.opposite, stop, instrument)
        return LevelsSet(at=at, symbol=position.symbol, stop=stop, target=target)

    def _entry_price(self, position: OpenPosition) -> int:
        """Return the average entry, or the last price where the average is none that the day allows.

        A stop that is counted from a price that never was would stand where it protects nothing.
        """
        average, instrument = round(position.entry_value / position.entry_filled), self._instruments[position.symbol]
        tick = self._ticks.get(position.symbol)
        return tick.ltp if tick is not None and instrument.clamp(average) != average else average

    def _cover(self, state: BotState, position: OpenPosition, at: Instant) -> list[Decision]:
        symbol = position.symbol
        order = state.exit_order(symbol)
        if order is None:
            if _was_refused(state, position):
                return [self._exit(symbol, exits.EMERGENCY_EXIT, at)]
            return [self.ladder.new_order(state, position, Purpose.STOP, position.stop, at)]
        if order.state is not OrderState.WORKING or order.change is not None or not order.can_reduce(position):
            return []
        if order.filled or order.type not in STOP_TYPES:
            return [self._exit(symbol, exits.REASONS[exits.STOP], at)]  # it has triggered: an exit, not a stop any more
        change = self._adjusted(position, order)
        return [] if change is None or self._refused_lately(order, at) else [ChangeIntended(at=at, change=change)]

    def _adjusted(self, position: OpenPosition, order: TrackedOrder) -> OrderChange | None:
        """Return what a resting stop should become: as large as the position, and no farther away than its level."""
        trails = position.side.value * (position.stop - order.trigger_price) > 0 and order.changes < exits.MOST_CHANGES
        if order.remaining == position.quantity and not trails:
            return None
        limit, trigger = order.limit_price, order.trigger_price
        if trails:
            trigger, instrument = position.stop, self._instruments[position.symbol]
            limit = stop_limit(position.side.opposite, trigger, self._rules.limit_offset, instrument)
        return OrderChange(
            tag=order.intent.tag,
            broker_id=order.broker_id,
            symbol=position.symbol,
            type=order.type,
            quantity=position.quantity,
            limit_price=limit if order.type is OrderType.STOP_LIMIT else 0,
            trigger_price=trigger,
            reason=f"stop covers {position.quantity}" + (f" and trails to {trigger}" if trails else ""),
        )

    def _refused_lately(self, order: TrackedOrder, at: Instant) -> bool:
        return bool(order.change_refused_at) and at - order.change_refused_at < self._rules.ask_again_after

    def _exit(self, symbol: str, reason: str, at: Instant) -> Decision:
        tick = self._ticks.get(symbol)
        return ExitDecided(at=at, symbol=symbol, reason=reason, price=tick.ltp if tick else 0)

    def _leave_surplus(self, state: BotState, position: OpenPosition, at: Instant) -> list[Decision]:
        """Leave what was closed beyond a position to a person, and let nothing of ours add to it once it is known."""
        alarmed = surplus.alarmed(state, position, at)
        if not surplus.is_explained(state, position):
            return alarmed
        resting = state.live_orders(position.symbol, Purpose.STOP, Purpose.EXIT)
        return [*self._cancel(resting, at, "more was closed than held"), *alarmed]

    # --- orders that should not rest any more -------------------------------------------------------------------

    def _cancel_unwanted_entries(self, state: BotState, day: TradingDay, symbol: str, at: Instant) -> list[Decision]:
        decisions: list[Decision] = []
        for order in state.live_orders(symbol, Purpose.ENTRY):
            why = self._why_unwanted(state, day, order, at)
            if why:
                decisions += self._cancel([order], at, why)
            else:
                self._timers.set_earlier(Deadline.SETTLE, symbol, order.sent_at + self._rules.entry_timeout)
        return decisions

    def _cancel_surplus(self, state: BotState, position: OpenPosition, at: Instant) -> list[Decision]:
        """Cancel all but the one order that may reduce a position; also in a freeze, for a second one would flip it."""
        live = state.live_orders(position.symbol, Purpose.STOP, Purpose.EXIT)
        sound = [order for order in live if order.can_reduce(position)]
        unsound = [order for order in live if not order.can_reduce(position)]
        return [
            *self._cancel(unsound, at, "it was held for dead, or its product is not the position's"),
            *self._cancel(sound[1:], at, "one order is enough to close the position"),
        ]

    def _why_unwanted(self, state: BotState, day: TradingDay, order: TrackedOrder, at: Instant) -> str:
        position = state.positions.get(order.intent.symbol)
        if position is not None and (position.exit_reason or not position.quantity):
            return "the position is being closed"
        if order.state is OrderState.ZOMBIE:
            return "it was held for dead"
        if at >= order.sent_at + self._rules.entry_timeout:
            return "not filled in time"
        if order.intent.product is not Product.CNC and at >= day.no_entry_after:
            return "no entries any more today"
        if state.stopping:
            return "the bot is stopping"
        if state.effective_level is SafetyLevel.RUN:
            return ""
        return f"safety level {state.level.name}" if state.level is not SafetyLevel.RUN else state.effective_why

    def _cancel(self, orders: list[TrackedOrder], at: Instant, why: str) -> list[Decision]:
        """Cancel orders that have an id, again only when the last request is long past."""
        pause = self._rules.ask_again_after
        return [
            CancelIntended(at=at, tag=order.intent.tag, broker_id=order.broker_id, why=why)
            for order in orders
            if order.broker_id and order.remaining and (not order.cancel_at or at - order.cancel_at > pause)
        ]


def _was_refused(state: BotState, position: OpenPosition) -> bool:
    """Whether the newest stop of this position was refused for what it is: the price is through it already."""
    stops = [
        order
        for order in state.orders.values()
        if order.intent.symbol == position.symbol
        and order.intent.purpose is Purpose.STOP
        and order.sent_at >= position.opened_at
    ]
    newest = stops[-1] if stops else None
    return newest is not None and newest.state is OrderState.REJECTED and newest.rejection not in CALLER_REFUSALS


def _came_back(state: BotState, position: OpenPosition) -> bool:
    """Whether an entry that was held for dead opened a part of this position."""
    return any(
        order.came_back
        and order.filled
        and order.intent.symbol == position.symbol
        and order.intent.side is position.side
        and order.intent.purpose is Purpose.ENTRY
        and order.last_fill_at >= position.opened_at
        for order in state.orders.values()
    )
