"""What a reading of the broker's books proves about orders that are not ours, and about fills that are.

A row that is missing proves nothing: books come late, empty or stale. What is there does.
"""

from core.instants import SECOND, Instant
from core.market import Side
from core.orders import Books, Fill, OrderReport, Product, Purpose
from core.state import BotState
from core.tags import is_ours, purpose_of
from core.tracking import OpenPosition, TrackedOrder


def traded_by_others(books: Books, position: OpenPosition, side: Side) -> list[tuple[int, int]]:
    """Return quantity and value of what others traded on a side since a position was opened, newest first.

    An order of theirs that the trade book does not show yet counts by its average.
    """

    def is_of_others(row: Fill | OrderReport) -> bool:
        return row.symbol == position.symbol and row.side is side and not is_ours(row.tag)

    fills = [fill for fill in books.trades if is_of_others(fill)]
    booked = {fill.broker_id for fill in fills}
    opened_at = _opened_at(books, position)
    since = [fill for fill in fills if fill.at >= opened_at]
    since.sort(key=lambda fill: (fill.at, fill.trade_number), reverse=True)
    unbooked = [row for row in books.orders if is_of_others(row) and row.filled and row.broker_id not in booked]
    return [(row.filled, row.filled_value) for row in unbooked] + [
        (fill.quantity, fill.quantity * fill.price) for fill in since
    ]


def _opened_at(books: Books, position: OpenPosition) -> Instant:
    """When a position was opened by the exchange's clock, which its trades are stamped with, or else by ours."""
    ours = position.opened_at - SECOND  # the exchange's times are whole seconds
    entries = [
        row
        for row in books.orders
        if row.symbol == position.symbol and row.side is position.side and row.filled and _is_entry(row.tag)
    ]
    newest = max(entries, key=lambda row: row.broker_id, default=None)
    if newest is None or newest.filled != position.entry_filled:
        return ours
    return min((fill.at for fill in books.trades if fill.broker_id == newest.broker_id), default=ours)


def _is_entry(tag: str) -> bool:
    return is_ours(tag) and purpose_of(tag) is Purpose.ENTRY


def net_by_orders(books: Books, symbol: str) -> int:
    """Return what the orders of the day came to in a symbol, whoever sent them: independent of the position book."""
    return sum(order.side.value * order.filled for order in books.orders if order.symbol == symbol)


def net_of_ours(books: Books, symbol: str) -> int:
    """Return what our orders came to in a symbol today, whatever product a position was converted to since."""
    return sum(row.side.value * row.filled for row in books.orders if row.symbol == symbol and is_ours(row.tag))


def net_of_others(books: Books, symbol: str, product: Product) -> int:
    """Return what the orders of others came to in a symbol today."""
    return sum(
        order.side.value * order.filled
        for order in books.orders
        if order.symbol == symbol and order.product == product.value and not is_ours(order.tag)
    )


def product_held_under(books: Books, position: OpenPosition, quantity: int) -> Product | None:
    """Return the product under which the position book shows shares that only a conversion of ours explains."""
    for product in Product:
        if product is position.product:
            continue
        rows = [row for row in books.positions if row.symbol == position.symbol and row.product == product.value]
        net = sum(row.net_quantity for row in rows) - net_of_others(books, position.symbol, product)
        if net * position.side.value >= quantity:
            return product
    return None


def price_closed_at(state: BotState, books: Books, position: OpenPosition, missing: int) -> int:
    """Return the average at which a row of the position book says that shares of ours were closed; 0 if it does not.

    A row that is there is evidence, if it knows all that we traded: as much on the side of the entry as our orders
    filled, and on the other side what we filled there and what is missing besides. A stale or converted row does not.
    """
    own = [
        order
        for order in state.orders.values()
        if order.intent.symbol == position.symbol and order.intent.product is position.product
    ]
    ours = {side: sum(order.filled for order in own if order.intent.side is side) for side in Side}
    traded, worth = dict.fromkeys(Side, 0), dict.fromkeys(Side, 0)
    for row in books.positions:
        if row.symbol == position.symbol and row.product == position.product.value:
            traded[Side.BUY] += row.buy_quantity
            worth[Side.BUY] += row.buy_value
            traded[Side.SELL] += row.sell_quantity
            worth[Side.SELL] += row.sell_value
    closing = position.side.opposite
    knows_all = traded[position.side] >= ours[position.side] and traded[closing] >= ours[closing] + missing
    return worth[closing] // traded[closing] if knows_all else 0


def has_every_fill(state: BotState, books: Books, symbol: str) -> bool:
    """Whether the trade book accounts for every share that the order book says we traded."""
    for order in state.orders.values():
        if order.intent.symbol == symbol and order.filled:
            booked = sum(fill.quantity for fill in books.trades if fill.broker_id == order.broker_id)
            if booked != order.filled:
                return False
    return True


def is_behind(state: BotState, books: Books, symbol: str) -> bool:
    """Whether the order book lacks fills of ours that we have heard of: fills only grow, so it is old."""
    listed = {row.broker_id: row.filled for row in books.orders}
    return any(
        listed.get(order.broker_id, 0) < order.filled
        for order in state.orders.values()
        if order.intent.symbol == symbol
    )


def may_have_traded(state: BotState, entry: TrackedOrder) -> bool:
    """Whether the newest reading shows shares where we hold none, on the side of an entry of unknown fate.

    The order book is read before the position book: an entry carried out in between stands in the second alone.
    """
    intent = entry.intent
    return intent.purpose is Purpose.ENTRY and state.stray_shares(intent.symbol, intent.product) * intent.side.value > 0
