"""Bugs in reading: what the broker's books and messages prove, and what they do not."""

from simulation.plan import FaultKind
from simulation.planted_bugs import PlantedBug

_BAD_BOOKS = frozenset({FaultKind.BOOK_EMPTY, FaultKind.BOOK_PARTIAL, FaultKind.BOOK_STALE})
_UNRULY_SOCKET = frozenset(
    {FaultKind.ORDER_SOCKET_LATE, FaultKind.ORDER_SOCKET_DUPLICATE, FaultKind.BOOK_STALE, FaultKind.PARTIAL_FILL}
)
_OTHERS = frozenset({FaultKind.MANUAL_ORDER, FaultKind.BROKER_SQUARE_OFF})

BUGS = (
    PlantedBug(
        name="absent_too_early",
        module="trading.order_manager",
        old="and order.last_absent_read >= order.sent_at + rules.transit",
        new="and order.last_absent_read >= order.sent_at",
        why="Two readings without the order are enough, although it may be on its way still.",
        exposed_by=frozenset({FaultKind.REQUEST_LATE, FaultKind.NOT_ACKNOWLEDGED, FaultKind.BOOK_STALE}),
    ),
    PlantedBug(
        name="absent_at_the_first_look",
        module="trading.order_manager",
        old="""            and order.absent_reads >= 2
            and order.last_absent_read >= order.sent_at + rules.transit
""",
        new="",
        why="An order of unknown fate counts as absent whenever the books are read.",
        exposed_by=frozenset({FaultKind.REQUEST_LATE, FaultKind.RESPONSE_LOST}),
    ),
    PlantedBug(
        name="broker_position_added_to_the_fold",
        module="core.book_reading",
        old="""    _use_trade_book(state, books, at)
    _count""",
        new="""    _use_trade_book(state, books, at)
    for row in books.positions:
        held = state.positions.get(row.symbol)
        if held is not None and abs(row.net_quantity) > held.quantity:
            held.entry_filled = held.exit_filled + abs(row.net_quantity)
    _count""",
        why="The position book seems to know better, but the fill that it shows arrives once more as a report.",
        exposed_by=frozenset({FaultKind.PARTIAL_FILL, FaultKind.BOOK_STALE, FaultKind.MANUAL_ORDER}),
    ),
    PlantedBug(
        name="partial_fill_counted_whole",
        module="core.position_news",
        old="quantity, value = filled - order.filled, filled_value - order.filled_value\n",
        new="quantity, value = filled, filled_value\n",
        why="The broker reports totals; each is added as if it were a fill of its own.",
        exposed_by=frozenset({FaultKind.PARTIAL_FILL}),
    ),
    PlantedBug(
        name="old_message_takes_a_fill_back",
        module="core.order_news",
        old="    if report.filled > order.filled:\n",
        new="    if report.filled != order.filled:\n",
        why="The last message is taken for the newest, and filled quantity may shrink.",
        exposed_by=_UNRULY_SOCKET,
    ),
    PlantedBug(
        name="short_trade_book_takes_a_fill_back",
        module="core.book_reading",
        old="        if quantity > order.filled:\n",
        new="        if order.broker_id and quantity != order.filled:\n",
        why="The trade book is believed against the order book even where it is short of rows.",
        exposed_by=_BAD_BOOKS,
    ),
    PlantedBug(
        name="no_fill_after_a_cancel",
        module="core.position_news",
        old="""    order.note_fill()
""",
        new="""    if order.cancel_at:
        return
    order.note_fill()
""",
        why="Once a cancel was asked for, what the order has filled is ignored.",
        exposed_by=frozenset(
            {FaultKind.PARTIAL_FILL, FaultKind.NO_FILL, FaultKind.REQUEST_LOST, FaultKind.REQUEST_LATE}
        ),
    ),
    PlantedBug(
        name="zombie_ignored",
        module="core.order_states",
        old="CANCELLED REJECTED  EXPIRED   ZOMBIE    ZOMBIE    ZOMBIE\nLISTED",
        new="CANCELLED REJECTED  EXPIRED   NOT_SENT  ABSENT    ZOMBIE\nLISTED",
        why="An order that was called absent and shows after all is left to itself.",
        exposed_by=frozenset({FaultKind.REQUEST_ZOMBIE}),
    ),
    PlantedBug(
        name="sent_order_forgotten_by_a_crash",
        module="core.order_states",
        old="RESTARTED UNKNOWN   UNKNOWN",
        new="RESTARTED NOT_SENT  UNKNOWN",
        why="What had no answer when the process died is taken for never sent.",
        exposed_by=frozenset({FaultKind.REQUEST_LATE}),
        often=10.0,
        by_a_crash=True,
    ),
    PlantedBug(
        name="sent_order_waits_for_ever",
        module="core.order_states",
        old="RESTARTED UNKNOWN   UNKNOWN",
        new="RESTARTED SENT      UNKNOWN",
        why="After a restart an order waits for an answer that the dead process took with it.",
        by_a_crash=True,
    ),
    PlantedBug(
        name="any_report_confirms_a_change",
        module="core.tracking",
        old="""        if report.status is OrderStatus.PENDING and report.filled == self.filled:
            self.type, self.quantity = report.type, report.quantity
            self.limit_price, self.trigger_price = report.limit_price, report.trigger_price
        if self.change is not None and _shows(report, self.change):
            self.change, self.vain_changes = None, 0
""",
        new="""        if self.change is not None:
            self.type, self.quantity = self.change.type, self.change.quantity
            self.limit_price, self.trigger_price = self.change.limit_price, self.change.trigger_price
            self.change, self.vain_changes = None, 0
""",
        why="The broker's yes to a modification is believed, and what the book shows instead is not looked at.",
        exposed_by=frozenset({FaultKind.MODIFY_WITHOUT_EFFECT, FaultKind.PARTIAL_FILL, FaultKind.REQUEST_LOST}),
    ),
    PlantedBug(
        name="change_without_effect_is_waited_for",
        module="core.tracking",
        old="        if self.change is not None and asked_at > self.change_at + CHANGE_VISIBLE_AFTER:\n",
        new="        if self.change is not None and not asked_at:\n",
        why="A modification that the broker swallowed is waited for until the evening.",
        exposed_by=frozenset({FaultKind.MODIFY_WITHOUT_EFFECT, FaultKind.REQUEST_LOST}),
    ),
    PlantedBug(
        name="closed_by_a_person_is_still_held",
        module="trading.reconcile",
        old=" or (_is_short_of_ours(position, theirs) and position.quantity):\n",
        new=":\n",
        why="Only our own fills close a position, so that its stop rests on when a person has closed it.",
        exposed_by=_OTHERS,
    ),
    PlantedBug(
        name="missing_row_is_a_closed_position",
        module="trading.reconcile",
        old="""        if departure.missing and self._has_patience(symbol, patience):
            return []
        if not departure.is_explained:
""",
        new="""        if departure.missing > position.quantity:
""",
        why="What the position book does not show is taken for sold, at the price that it was bought for.",
        exposed_by=_BAD_BOOKS,
    ),
)
