"""What does a reading of the books tell? Facts of orders and fills, and now and then that an order is not there."""

from core.instants import Instant
from core.order_news import hear_order
from core.order_states import IN_THE_BOOK, OrderState
from core.orders import Books
from core.position_news import fill_to, value_exactly
from core.state import BotState


def read_books(state: BotState, books: Books, asked_at: Instant, at: Instant) -> None:
    """Take a complete reading, begun at `asked_at`."""
    state.books, state.books_at, state.books_failed = books, asked_at, False
    for report in books.orders:
        order = hear_order(state, report, at, asked_at)
        if order is not None and order.change is not None:
            order.forget_change_without_effect(asked_at)
    _use_trade_book(state, books, at)
    _count_absences(state, asked_at)


def _use_trade_book(state: BotState, books: Books, at: Instant) -> None:
    """Take fills that the order book does not show yet, and exact values where the trade book has every fill."""
    sums: dict[str, tuple[int, int]] = {}
    for fill in books.trades:
        quantity, value = sums.get(fill.broker_id, (0, 0))
        sums[fill.broker_id] = quantity + fill.quantity, value + fill.quantity * fill.price
    for fill in books.trades:
        traded = state.orders.get(fill.tag)
        if traded is None or traded.is_settled or sums[fill.broker_id][0] <= traded.filled:
            continue  # what is known to have traded before an order was rejected is no sign of life
        if traded.broker_id in {fill.broker_id, ""}:
            traded.hear_trade(fill.broker_id, at)
    for order in state.orders.values():
        if order.broker_id not in sums:
            continue
        quantity, value = sums[order.broker_id]
        if quantity > order.most:
            continue  # no order trades more than it has: a trade stands there twice
        if quantity > order.filled:
            fill_to(state, order, quantity, value, at)
        if order.filled and quantity == order.filled and value != order.filled_value:
            value_exactly(state, order, value)


def _count_absences(state: BotState, asked_at: Instant) -> None:
    """Count a reading as evidence of absence, but only one that lists every order it must."""
    reports = state.books.orders if state.books else ()
    ids = {report.broker_id for report in reports}
    if any(order.state in IN_THE_BOOK and order.broker_id not in ids for order in state.orders.values()):
        return
    seen = ids | {report.tag for report in reports} - {""}
    for order in state.orders.values():
        if order.state is not OrderState.UNKNOWN or asked_at <= order.sent_at:
            continue
        if order.intent.tag not in seen and order.broker_id not in seen:
            order.absent_reads += 1
            order.last_absent_read = asked_at
