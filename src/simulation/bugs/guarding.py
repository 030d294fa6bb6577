"""Bugs in guarding: when no entry may be sent, what a level forbids, and what a restart must remember."""

from simulation.plan import FaultKind
from simulation.planted_bugs import PlantedBug

_COMMANDS = frozenset({FaultKind.COMMAND})
_COMMANDS_AND_CRASHES = frozenset({FaultKind.COMMAND, FaultKind.KILL})

BUGS = (
    PlantedBug(
        name="latch_in_memory_only",
        module="trading.kernel",
        old="        apply(self.state, event)\n\n    def handle",
        new="""        if not isinstance(event, events.LevelChanged):
            apply(self.state, event)

    def handle""",
        why="A halt does not survive a restart.",
        exposed_by=_COMMANDS_AND_CRASHES,
    ),
    PlantedBug(
        name="level_run_at_boot",
        module="core.beginnings",
        old="    state.stopping = state.closing = False\n",
        new="    state.stopping = state.closing = False\n    state.level = events.SafetyLevel.RUN\n",
        why="Every start begins in good faith.",
        exposed_by=_COMMANDS_AND_CRASHES,
    ),
    PlantedBug(
        name="careful_wish_lowers_the_level",
        module="core.latches",
        old=" if state.level.value < level.value else []",
        new=" if state.level is not level else []",
        why="A halt during a forced exit takes the forced exit back.",
        exposed_by=_COMMANDS,
    ),
    PlantedBug(
        name="flatten_only_stops_entries",
        module="trading.protection",
        old="        if state.level is SafetyLevel.FLATTEN or state.closing:\n",
        new="        if state.closing:\n",
        why="FLATTEN is latched, and nothing is closed.",
        exposed_by=_COMMANDS,
    ),
    PlantedBug(
        name="resume_while_closing",
        module="core.latches",
        old="    if obstacle:\n",
        new="    if obstacle and not state.reconciled:\n",
        why="A resume is obeyed while something must still be closed.",
        exposed_by=_COMMANDS | {FaultKind.CIRCUIT_LOCK, FaultKind.NO_FILL},
    ),
    PlantedBug(
        name="entries_at_any_level",
        module="core.gatekeeper",
        old="    return None if facts.level is SafetyLevel.RUN else",
        new="    return None if facts.level is not SafetyLevel.FREEZE else",
        why="Only the strictest level keeps entries away.",
        exposed_by=_COMMANDS,
    ),
    PlantedBug(
        name="entries_before_the_books_agree",
        module="core.gatekeeper",
        old="        if detail is not None:\n",
        new="        if detail is not None and (facts.reconciled or rule not in {_reconciled, _books, _margin}):\n",
        why="After a start, what the broker's books and funds would forbid is not asked yet.",
        exposed_by=frozenset({FaultKind.KILL, FaultKind.BOOK_FAILED}),
        often=8.0,
    ),
    PlantedBug(
        name="reconciled_once_and_for_all",
        module="core.beginnings",
        old="    state.reconciled = False\n    state.stopping",
        new="    state.stopping",
        why="What was agreed with the broker before a crash is thought to hold after it.",
        exposed_by=frozenset({FaultKind.KILL, FaultKind.BOOK_FAILED}),
    ),
    PlantedBug(
        name="acts_before_the_books_agree",
        module="trading.order_manager",
        old="        if not state.reconciled:\n            return []",
        new="        if state.day is None:\n            return []",
        why="Positions are looked after before the books say what they are.",
        exposed_by=frozenset({FaultKind.KILL, FaultKind.BOOK_STALE, FaultKind.BOOK_PARTIAL, FaultKind.RESPONSE_SLOW}),
    ),
    PlantedBug(
        name="live_entry_is_not_busy",
        module="core.entry_facts",
        old="        busy=symbol in positions or bool(state.live_orders(symbol)),\n",
        new="        busy=symbol in positions,\n",
        why="An entry of unknown fate does not stand in the way of the next.",
        exposed_by=frozenset({FaultKind.REQUEST_LATE, FaultKind.CIRCUIT_LOCK, FaultKind.NO_FILL}),
        often=4.0,
    ),
    PlantedBug(
        name="live_entry_is_no_position",
        module="core.entry_facts",
        old="        positions=len({order.intent.symbol for order in entries} | set(positions)),\n",
        new="        positions=len(positions),\n",
        why="Entries that may still fill do not count against the largest number of positions.",
        exposed_by=frozenset({FaultKind.REQUEST_LATE, FaultKind.RESPONSE_LOST, FaultKind.NO_FILL}),
    ),
    PlantedBug(
        name="open_loss_does_not_count",
        module="core.engine",
        old="        return state.realised + self._open_profit.total\n",
        new="        return state.realised\n",
        why="The kill switch knows closed trades only.",
        exposed_by=frozenset({FaultKind.GAP_MOVE, FaultKind.CIRCUIT_LOCK}),
    ),
    PlantedBug(
        name="entries_on_old_prices",
        module="core.gatekeeper",
        old="    if age <= rules.max_price_age:\n",
        new="    if age >= 0:\n",
        why="A price is a price, however old.",
        exposed_by=frozenset({FaultKind.FEED_STALL}),
        often=4.0,
    ),
    PlantedBug(
        name="square_off_left_to_the_broker",
        module="trading.protection",
        old="        if position.product is not Product.CNC and at >= day.square_off:\n",
        new="        if position.product is not Product.CNC and at >= day.close:\n",
        why="The bot's own square-off never comes.",
    ),
    PlantedBug(
        name="entries_in_the_last_minutes",
        module="core.gatekeeper",
        old="facts.day.entries_allowed(facts.now):\n",
        new="facts.day.is_open(facts.now):\n",
        why="Entries go on until the close, when nothing can be closed any more.",
    ),
    PlantedBug(
        name="candle_decided_twice",
        module="core.state",
        old="        return decided is not None and decided.candle >= candle\n",
        new="        return False\n",
        why="After a restart a candle that was decided on is decided on again.",
        exposed_by=frozenset({FaultKind.KILL}),
    ),
)
