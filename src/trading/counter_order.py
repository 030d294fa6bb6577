"""What became of asking the broker to close a position: its own order may fill, come late, or rest for ever.

That order carries no tag of ours. Like every market order at NSE it has a protective limit, so the price may leave it
resting. An exit of ours beside it could open a new position; without one the position might never be closed. So once it
must be in the books if it ever gets there, it is cancelled, and the exit begins anew. An order of a person is not
mistaken for it: the broker's was not there before, is the only one of its kind, and what is left of it is exactly what
we hold.
"""

from core.orders import Books, OrderReport, OrderStatus
from core.state import BotState
from core.tags import is_ours
from core.tracking import OpenPosition
from trading.book_evidence import net_of_others, net_of_ours

_MAY_TRADE = frozenset({OrderStatus.PENDING, OrderStatus.TRANSIT})


def may_the_broker_close(state: BotState, position: OpenPosition, transit: int) -> bool:
    """Whether the broker was asked to close it and no reading, begun late enough, shows that it did not and will not.

    Its counter order may reach the books as late as one of ours of unknown fate; an exit of ours beside it would
    open a new position.
    """
    asked, books = position.broker_exit_at, state.books
    if not asked:
        return False
    if books is None or state.books_at <= asked + transit or not _agrees(state, books, position):
        return True
    ended = {report.broker_id for report in books.orders if report.status.is_terminal}
    return not position.counter_orders <= ended or bool(_resting(books, position))


def order_to_take_away(state: BotState, position: OpenPosition, transit: int) -> OrderReport | None:
    """Return the broker's counter order, if it rests and nothing speaks against cancelling it."""
    books = state.books
    if books is None or state.books_at <= position.broker_exit_at + transit or not _agrees(state, books, position):
        return None
    resting = _resting(books, position)
    if len(resting) != 1:
        return None
    (order,) = resting
    fits = order.product == position.product.value and order.quantity - order.filled == position.quantity
    return order if fits and order.status is OrderStatus.PENDING else None


def _agrees(state: BotState, books: Books, position: OpenPosition) -> bool:
    """Whether both books show all that we hold; if not it has been closed, at least in part, and one may be late."""
    if state.shares_at_broker(books, position.symbol, position.product) != position.signed_quantity:
        return False  # the comparison of the books takes note
    others = net_of_others(books, position.symbol, position.product)  # what they trade to keep closes nothing of ours
    by_orders = net_of_ours(books, position.symbol) + others + state.carried.get(position.symbol, 0)
    return by_orders * position.side.value >= position.quantity


def _resting(books: Books, position: OpenPosition) -> list[OrderReport]:
    """Return the orders of others that may close it and were not known when the broker was asked."""
    return [
        report
        for report in books.orders
        if position.is_closed_by(report)
        and not is_ours(report.tag)
        and report.status in _MAY_TRADE
        and report.broker_id not in position.others_before
    ]
