"""Bugs in protecting: the one stop of a position, its size, its side, and the way out."""

from simulation.plan import FaultKind
from simulation.planted_bugs import PlantedBug

_NO_WAY_OUT = frozenset({FaultKind.NO_FILL, FaultKind.CIRCUIT_LOCK, FaultKind.GAP_MOVE})
_UNCERTAIN_STOP = frozenset({FaultKind.REQUEST_LOST, FaultKind.NOT_ACKNOWLEDGED, FaultKind.RATE_LIMITED})

BUGS = (
    PlantedBug(
        name="stop_after_the_whole_fill",
        module="trading.protection",
        old="        if not position.stop:\n            return [self._levels",
        new="""        if state.live_orders(position.symbol, Purpose.ENTRY):
            return []
        if not position.stop:
            return [self._levels""",
        why="The stop is placed once, when the entry is done, and the first shares wait for the last.",
        exposed_by=frozenset({FaultKind.PARTIAL_FILL}),
        by_one_fault=True,
    ),
    PlantedBug(
        name="stop_does_not_grow",
        module="trading.protection",
        old="""        if order.remaining == position.quantity and not trails:
""",
        new="""        if order.remaining <= position.quantity and not trails:
""",
        why="Later fills of the entry are never covered.",
        exposed_by=frozenset({FaultKind.PARTIAL_FILL}),
        by_one_fault=True,
    ),
    PlantedBug(
        name="stop_does_not_shrink",
        module="trading.protection",
        old="""        if order.remaining == position.quantity and not trails:
""",
        new="""        if order.remaining >= position.quantity and not trails:
""",
        why="A stop larger than the position is thought to be safe; it opens the other side.",
        exposed_by=frozenset({FaultKind.MANUAL_ORDER, FaultKind.CONVERSION}),
    ),
    PlantedBug(
        name="stop_of_the_entry_quantity",
        module="trading.exit_ladder",
        old="            quantity=position.quantity,\n",
        new="            quantity=position.entry_filled,\n",
        why="The stop and the exit are for what was bought, not for what is left of it.",
        exposed_by=frozenset({FaultKind.PARTIAL_FILL, FaultKind.MODIFY_WITHOUT_EFFECT, FaultKind.NO_FILL}),
    ),
    PlantedBug(
        name="exit_forgets_what_it_filled",
        module="trading.exit_ladder",
        old="            quantity=order.filled + position.quantity,\n",
        new="            quantity=position.entry_filled + order.filled,\n",
        why="The new total of a modified exit counts the shares that it has sold already once more.",
        exposed_by=frozenset({FaultKind.PARTIAL_FILL, FaultKind.NO_FILL}),
    ),
    PlantedBug(
        name="everybody_is_long",
        module="trading.exit_ladder",
        old="        side = position.side.opposite\n",
        new="        side = type(position.side).SELL\n",
        why="Written and tried with long positions: the stop of a short sells more.",
    ),
    PlantedBug(
        name="second_exit_beside_the_stop",
        module="trading.exit_ladder",
        old="""        if order is not None:
            return ChangeIntended(""",
        new="""        if order is not None and order.type not in STOP_TYPES:
            return ChangeIntended(""",
        why="The target sends an order of its own and leaves the stop where it is.",
    ),
    PlantedBug(
        name="cancel_before_the_exit",
        module="trading.exit_ladder",
        old="""    if order.vain_changes and not order.cancel_at:
""",
        new="""    if order.type in STOP_TYPES or (order.vain_changes and not order.cancel_at):
""",
        why="The stop is cancelled first and the exit sent afterwards: naked in between, and for longer if that fails.",
    ),
    PlantedBug(
        name="exit_beside_the_brokers",
        module="trading.counter_order",
        old="    if not asked:\n        return False\n",
        new="    if asked >= 0:\n        return False\n",
        why="The broker was asked to close the position, and an order of ours follows at once.",
        exposed_by=_NO_WAY_OUT | {FaultKind.KILL, FaultKind.REQUEST_LATE, FaultKind.MODIFY_WITHOUT_EFFECT},
        often=3.0,
    ),
    PlantedBug(
        name="broker_closes_beside_our_exit",
        module="trading.exit_ladder",
        old="""            return [CancelIntended(at=at, tag=order.intent.tag, broker_id=order.broker_id, why=why)]
        self._sent""",
        new="""            cancel = CancelIntended(at=at, tag=order.intent.tag, broker_id=order.broker_id, why=why)
            if not _is_the_brokers(position):
                return [cancel]
            self._sent[symbol] = position.exit_steps
            return [cancel, self._rung(state, position, None, at)]
        self._sent""",
        why="The broker is asked to close the position while our exit still rests: both may fill.",
        exposed_by=_NO_WAY_OUT | {FaultKind.MODIFY_WITHOUT_EFFECT},
        often=3.0,
    ),
    PlantedBug(
        name="exit_tried_once",
        module="trading.exit_ladder",
        old="        return [ExitDecided(at=at, symbol=symbol, reason=position.exit_reason, price=price)]\n",
        new="        return []\n",
        why="An exit that the market does not take is left where it is.",
        exposed_by=_NO_WAY_OUT,
    ),
    PlantedBug(
        name="brokers_order_left_to_rest",
        module="trading.exit_ladder",
        old="        return [CounterCancelIntended(",
        new="        return [] and [CounterCancelIntended(",
        why="The broker's order that the price has left behind is waited for as long as it rests.",
        exposed_by=_NO_WAY_OUT | {FaultKind.MODIFY_WITHOUT_EFFECT, FaultKind.MODIFY_RACE},
        often=4.0,
    ),
    PlantedBug(
        name="exit_beside_the_order_that_is_taken_away",
        module="trading.counter_order",
        old="    return not position.counter_orders <= ended or bool(_resting(books, position))\n",
        new="    return False\n",
        why="Once the broker has had its time an exit of ours goes out beside its order: both may fill.",
        exposed_by=_NO_WAY_OUT | {FaultKind.MODIFY_WITHOUT_EFFECT, FaultKind.MODIFY_RACE},
        often=4.0,
    ),
    PlantedBug(
        name="price_off_the_grid",
        module="core.pricing",
        old="down_to_grid(price * (1 - buffer), tick)",
        new="int(price * (1 - buffer))",
        why="A price between two ticks is refused each time, so that a long is never left.",
    ),
    PlantedBug(
        name="stop_limit_on_the_wrong_side",
        module="core.pricing",
        old="    return min(down_to_grid(trigger * (1 - offset), tick), trigger - tick)",
        new="    return max(up_to_grid(trigger * (1 + offset), tick), trigger + tick)",
        why="The limit of a sell stop lies above its trigger: the broker refuses it, or it rests unfilled.",
    ),
    PlantedBug(
        name="no_deadline_for_protection",
        module="trading.protection",
        old="self._timers.set_earlier(Deadline.PROTECT, symbol, due)",
        new="self._timers.is_set(Deadline.PROTECT, symbol)",
        why="A position whose stop nobody confirms is kept as long as it takes.",
        exposed_by=_UNCERTAIN_STOP,
    ),
    PlantedBug(
        name="unconfirmed_stop_protects",
        module="core.position_news",
        old="""        if (order is not None and order.covers(position)) or not position.quantity:
""",
        new="""        if order is not None or not position.quantity:
""",
        why="A stop that was sent is a stop that rests; the deadline never runs.",
        exposed_by=_UNCERTAIN_STOP,
    ),
    PlantedBug(
        name="stop_kept_after_flat",
        module="trading.protection",
        old="            self.ladder.forget(symbol)\n",
        new="            self.ladder.forget(symbol)\n            return cancels\n",
        why="When somebody else closed the position, its stop stays and opens the other side.",
        exposed_by=frozenset({FaultKind.MANUAL_ORDER, FaultKind.BROKER_SQUARE_OFF}),
    ),
    PlantedBug(
        name="trails_in_memory",
        module="core.engine",
        old="        self._open_profit.mark(symbol, position.profit_at(ltp))\n",
        new="""        self._open_profit.mark(symbol, position.profit_at(ltp))
        if position.stop and position.side.value > 0:
            position.stop = max(position.stop, ltp - (position.target - position.stop))
""",
        why="A trailing stop that is moved without an event: a restart forgets it.",
        exposed_by=frozenset({FaultKind.KILL}),
    ),
)
