"""The broker's books as facts: what is asked of the exchange, the rows it keeps, and the news it gives out.

Every row is frozen; a change is a new row. Prices and money are whole units (paise), sums included, so that books add
up exactly. The wire format of FYERS is made from these rows by the servers.
"""

from dataclasses import dataclass
from typing import TypeAlias

from core.instants import Instant
from core.market import Side
from core.orders import OrderStatus, OrderType, Validity

UNTAGGED = "2:Untagged"
"""What the order book shows for an order that its owner did not tag."""
SOURCE_API = "ITS"
SOURCE_ADMIN = "A"
"""The broker's own orders: the forced square-off."""
SOURCE_MOBILE = "M"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRequest:
    """A new order as a client asks for it, prices already in units."""

    symbol: str
    side: Side
    type: OrderType
    quantity: int
    limit_price: int = 0
    trigger_price: int = 0
    product: str
    validity: Validity = Validity.DAY
    tag: str = ""
    """The client's own tag without prefix; empty for none."""
    disclosed: int = 0
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyRequest:
    """New absolute values for a resting order; None keeps the old one."""

    broker_id: str
    type: OrderType | None = None
    quantity: int | None = None
    limit_price: int | None = None
    trigger_price: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitRequest:
    """Which open positions to close. Empty everywhere means every position, as at FYERS."""

    ids: tuple[str, ...] = ()
    """Position ids, `<symbol>-<product>`."""
    segments: tuple[int, ...] = ()
    sides: tuple[int, ...] = ()
    """1 long, -1 short."""
    products: tuple[str, ...] = ()
    cancel_pending: bool = False
    """Cancel the pending orders of those positions instead (of all symbols when `ids` is empty)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertRequest:
    """Move part of an open position to another product."""

    symbol: str
    side: Side
    """Direction of the open position."""
    quantity: int
    product_from: str
    product_to: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The exchange's answer to a call that changes orders; codes as FYERS numbers them."""

    ok: bool
    code: int
    message: str
    broker_id: str = ""
    """Id of the order concerned; a refused order that reached the book has one too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeOrder:
    """One row of the order book."""

    broker_id: str
    """14 digits: YYMMDD and a running number."""
    fyers_id: str
    """The same order as a UUID."""
    exchange_id: str
    """The exchange's own number; empty until it acknowledged the order."""
    number: int
    """Place in the day's book, from 1."""
    symbol: str
    side: Side
    type: OrderType
    quantity: int
    limit_price: int
    """As the client gave it: 0 for MARKET and STOP."""
    trigger_price: int
    working_limit: int = 0
    """The limit it is matched at: the protected price of a market order; 0 while a stop is not triggered."""
    product: str
    validity: Validity
    disclosed: int = 0
    offline: bool = False
    tag: str
    """With FYERS' prefix: `1:` for the client's own, `2:Untagged` for none."""
    source: str = SOURCE_API
    placed_at: Instant
    changed_at: Instant
    status: OrderStatus
    message: str = ""
    filled: int = 0
    filled_value: int = 0
    """Sum of price times quantity over the fills."""

    @property
    def remaining(self) -> int:
        """Shares still to trade; of a cancelled order, those that never will."""
        return self.quantity - self.filled

    @property
    def average_price(self) -> float:
        """Average price of the fills, in units; 0.0 before the first, as in the broker's book."""
        return self.filled_value / self.filled if self.filled else 0.0

    @property
    def is_stop(self) -> bool:
        """Whether it waits, or waited, for a trigger."""
        return self.type in {OrderType.STOP, OrderType.STOP_LIMIT}

    @property
    def is_working(self) -> bool:
        """Whether it can still trade."""
        return self.status is OrderStatus.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One fill: a row of the trade book."""

    trade_number: str
    """`<order id>-<n>`, unique for ever."""
    broker_id: str
    exchange_id: str
    symbol: str
    side: Side
    type: OrderType
    product: str
    quantity: int
    price: int
    at: Instant
    tag: str

    @property
    def value(self) -> int:
        """Price times quantity, in units."""
        return self.price * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """One row of the position book: what was carried in, what was traded today, and what that earned."""

    symbol: str
    product: str
    number: int
    """Place in the day's book, from 1."""
    carried_quantity: int = 0
    """Net quantity brought in from the day before, signed."""
    carried_value: int = 0
    """Its cost, signed like the quantity."""
    day_buy_quantity: int = 0
    day_buy_value: int = 0
    day_sell_quantity: int = 0
    day_sell_value: int = 0
    open_cost: int = 0
    """Entry value of the net quantity, signed like it."""
    realised: int = 0
    ltp: int = 0
    """Last price when the row was made."""

    @property
    def id(self) -> str:
        """The broker's key: `<symbol>-<product>`."""
        return f"{self.symbol}-{self.product}"

    @property
    def buy_quantity(self) -> int:
        """Shares bought, the carried ones included."""
        return self.day_buy_quantity + max(self.carried_quantity, 0)

    @property
    def buy_value(self) -> int:
        """Cost of the shares bought, the carried ones included."""
        return self.day_buy_value + max(self.carried_value, 0)

    @property
    def sell_quantity(self) -> int:
        """Shares sold, the carried ones included."""
        return self.day_sell_quantity + max(-self.carried_quantity, 0)

    @property
    def sell_value(self) -> int:
        """Proceeds of the shares sold, the carried ones included."""
        return self.day_sell_value + max(-self.carried_value, 0)

    @property
    def net_quantity(self) -> int:
        """Positive long, negative short, 0 closed."""
        return self.buy_quantity - self.sell_quantity

    @property
    def unrealised(self) -> int:
        """What closing at `ltp` would add to `realised`."""
        return self.net_quantity * self.ltp - self.open_cost


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingRow:
    """Shares owned since before today."""

    symbol: str
    quantity: int
    cost: int
    """What they cost in all."""
    ltp: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FundsRow:
    """Money of the account."""

    opening: int
    """Cash at the start of the day."""
    realised: int
    """Profit and loss of closed quantities today."""
    utilised: int
    """Margin of open positions and working orders, and the price of shares bought for delivery."""

    @property
    def total(self) -> int:
        """Cash with today's result."""
        return self.opening + self.realised

    @property
    def available(self) -> int:
        """What can back a new order."""
        return self.total - self.utilised


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order was accepted, changed, filled, cancelled, rejected or expired."""

    order: ExchangeOrder


@dataclass(frozen=True, slots=True)
class Traded:
    """An order filled, in whole or in part."""

    trade: Trade


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """A position moved."""

    row: PositionRow


ExchangeEvent: TypeAlias = OrderChanged | Traded | PositionChanged
