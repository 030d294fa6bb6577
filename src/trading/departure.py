"""How did shares of a position leave that no order of ours sold, and what did they fetch?

A person traded at the broker, the broker closed the position or changed its product. Whatever did it shows up in the
books, as trades of somebody else, as shares under another product, or as a row that knows our entry and its end.
"""

from dataclasses import dataclass

from core.events import Alarm, Decision, PositionAdjusted, PositionRekeyed
from core.instants import Instant
from core.orders import Books, Product
from core.state import BotState
from core.tracking import OpenPosition
from trading.book_evidence import price_closed_at, product_held_under, traded_by_others


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """What one reading tells of shares that left a position; values and prices in units."""

    gone: int
    """Shares that left; negative for shares that somebody brought back."""
    missing: int
    """How many of them no trade tells of."""
    traded_value: int
    """What the trades that tell of the others were worth."""
    product: Product | None
    """The product under which the missing ones are now."""
    row_price: int
    """The average at which the position book says that the missing ones were closed; 0 where it does not."""

    @property
    def is_explained(self) -> bool:
        """Whether the books say what became of every share."""
        return not self.missing or self.product is not None or self.row_price != 0


def departure_of(state: BotState, books: Books, position: OpenPosition, gone: int) -> Departure:
    """Look for what explains that shares are gone: trades first, then a conversion, then the row of the position."""
    side = position.side.opposite if gone > 0 else position.side
    missing, value = abs(gone), 0
    for quantity, worth in traded_by_others(books, position, side):
        taken = min(missing, quantity)
        missing, value = missing - taken, value + worth * taken // quantity
    product = product_held_under(books, position, missing) if missing else None
    row_price = price_closed_at(state, books, position, missing) if missing and gone > 0 and product is None else 0
    return Departure(gone=gone, missing=missing, traded_value=value, product=product, row_price=row_price)


def booked(position: OpenPosition, departure: Departure, at: Instant) -> list[Decision]:
    """Take an explained departure into the position: what was converted as a whole stays ours, all else has left.

    A converted part cannot stay, as a position has one product: it leaves at the entry price.
    """
    if departure.product is not None and departure.missing == position.quantity:
        return _rekeyed(position, departure.product, at)
    value = departure.traded_value
    value += departure.missing * (departure.row_price or position.entry_value // position.entry_filled)
    adjusted = PositionAdjusted(
        at=at,
        symbol=position.symbol,
        quantity=departure.gone,
        value=value if departure.gone > 0 else -value,
        why=_account(position, departure),
    )
    if position.broker_exit_at:
        return [adjusted]
    return [Alarm(at=at, code="CLOSED_ELSEWHERE", message=adjusted.why), adjusted]


def _account(position: OpenPosition, departure: Departure) -> str:
    """Say who closed how much, and what the price of it rests on where no trade tells."""
    who = "by the broker, as it was asked" if position.broker_exit_at else "outside the bot"
    account, missing = f"{abs(departure.gone)} {position.symbol} were closed {who}", departure.missing
    if departure.row_price:
        return f"{account}; no trade tells of {missing} of them, they are valued at the average of the position book"
    if missing:
        return f"{account}; {missing} of them are under another product and valued at the entry price"
    return account


def _rekeyed(position: OpenPosition, product: Product, at: Instant) -> list[Decision]:
    """Keep a position that was converted as a whole; its stop is of the old product and is made anew."""
    was = position.product.value
    why = f"{position.quantity} {position.symbol} were converted from {was} to {product.value}; they get a new stop"
    return [
        Alarm(at=at, code="PRODUCT_CONVERTED", message=why),
        PositionRekeyed(at=at, symbol=position.symbol, product=product, why=why),
    ]
