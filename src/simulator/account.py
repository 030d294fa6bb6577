"""One account as the fold of facts: orders, trades, positions, holdings and cash of the day, and the margin they bind.

Nothing is decided here. The exchange decides and records facts; applying the same facts to an empty account, from the
ledger, gives the same books again.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from core.market import Side
from core.orders import Product
from simulator.books import (
    ConvertRequest,
    ExchangeOrder,
    FundsRow,
    HoldingRow,
    OrderChanged,
    PositionChanged,
    PositionRow,
    Trade,
    Traded,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOpened:
    """A new day of books: what was brought into it."""

    day: date
    cash: int
    holdings: tuple[HoldingRow, ...] = ()
    positions: tuple[PositionRow, ...] = ()


Fact: TypeAlias = DayOpened | OrderChanged | Traded | PositionChanged


class Account:
    """The books of the day."""

    def __init__(self) -> None:
        self.day: date | None = None
        self.cash = 0
        self.orders: dict[str, ExchangeOrder] = {}
        self.working: dict[str, dict[str, None]] = {}
        """Ids of the working orders by symbol, oldest first."""
        self.trades: list[Trade] = []
        self.positions: dict[str, PositionRow] = {}
        self.holdings: dict[str, HoldingRow] = {}

    def apply(self, fact: Fact) -> None:
        """Bring the books up to one fact."""
        match fact:
            case DayOpened():
                self.day, self.cash = fact.day, fact.cash
                self.orders, self.working, self.trades = {}, {}, []
                self.holdings = {row.symbol: row for row in fact.holdings}
                self.positions = {row.id: row for row in fact.positions}
            case OrderChanged(order):
                self.orders[order.broker_id] = order
                if order.is_working:
                    self.working.setdefault(order.symbol, {})[order.broker_id] = None
                else:
                    self.working.get(order.symbol, {}).pop(order.broker_id, None)
            case Traded(trade):
                self.trades.append(trade)
            case PositionChanged(row):
                self.positions[row.id] = row

    def position(self, symbol: str, product: str) -> PositionRow:
        """The row of a symbol and product; an empty one with the next number if there is none yet."""
        row = self.positions.get(f"{symbol}-{product}")
        return row or PositionRow(symbol=symbol, product=product, number=len(self.positions) + 1)

    def working_orders(self) -> list[ExchangeOrder]:
        """Every order that can still trade, oldest first."""
        ids = sorted(broker_id for by_symbol in self.working.values() for broker_id in by_symbol)
        return [self.orders[broker_id] for broker_id in ids]

    def traded_since(self, symbol: str, side: Side, at: int) -> int:
        """Shares we took from one side of a symbol's book since an instant."""
        taken = 0
        for trade in reversed(self.trades):
            if trade.at < at:
                break
            if trade.symbol == symbol and trade.side is side:
                taken += trade.quantity
        return taken

    def deliverable(self, symbol: str) -> int:
        """Shares that a CNC sale may still sell: owned or bought today, and not promised to another order."""
        holding = self.holdings.get(symbol)
        promised = sum(
            order.remaining
            for order in self.working_orders()
            if order.symbol == symbol and order.side is Side.SELL and order.product == Product.CNC.value
        )
        owned = holding.quantity if holding else 0
        return owned + self.position(symbol, Product.CNC.value).net_quantity - promised

    def margin_of(self, order: ExchangeOrder, margin_percent: int) -> int:
        """Money a working order binds: the value of the part that would open or add, or a share of it."""
        net = self.position(order.symbol, order.product).net_quantity
        opening = max(0, order.remaining - max(0, -order.side.value * net))
        price = order.working_limit or order.limit_price or order.trigger_price
        if order.product == Product.CNC.value:
            return opening * price if order.side is Side.BUY else 0
        return opening * price * margin_percent // 100

    def funds(self, margin_percent: int) -> FundsRow:
        """The money, with `margin_percent` of the value bound by leveraged products."""
        utilised = sum(self.margin_of(order, margin_percent) for order in self.working_orders())
        for row in self.positions.values():
            if row.product == Product.CNC.value:
                utilised += max(row.open_cost, 0)
            else:
                utilised += abs(row.open_cost) * margin_percent // 100
        realised = sum(row.realised for row in self.positions.values())
        return FundsRow(opening=self.cash, realised=realised, utilised=utilised)

    def shortage(self, order: ExchangeOrder, old: ExchangeOrder | None, margin_percent: int) -> str:
        """Whether shares or money for an order are missing: the reason, or nothing. It replaces `old`, if any."""
        if order.product == Product.CNC.value and order.side is Side.SELL:
            there = self.deliverable(order.symbol) + (old.remaining if old else 0)
            return "" if order.remaining <= there else f"RMS:Quantity {order.remaining} exceeds the {there} shares held"
        needed = self.margin_of(order, margin_percent) - (self.margin_of(old, margin_percent) if old else 0)
        available = max(self.funds(margin_percent).available, 0)
        if needed > available:
            return f"RMS:Margin Exceeds, required {needed / 100:.2f}, available {available / 100:.2f}"
        return ""

    def conversion(self, request: ConvertRequest) -> tuple[PositionRow, PositionRow] | None:
        """The two rows after moving shares traded today to another product; None when there are not so many."""
        row = self.position(request.symbol, request.product_from)
        today = row.day_buy_quantity if request.side is Side.BUY else row.day_sell_quantity
        movable = min(request.side.value * row.net_quantity, today)
        if not 0 < request.quantity <= movable or request.product_from == request.product_to:
            return None
        rest, cost = _without(row, request.quantity)
        target = position_after(self.position(request.symbol, request.product_to), request.side, request.quantity, cost)
        return rest, replace(target, ltp=row.ltp)

    def next_day(self, day: date) -> DayOpened:
        """Settle the day and open another: delivery meets the holdings, the rest is carried.

        An intraday position that could not be squared off becomes delivery, as at the broker.
        """
        cash = self.cash + sum(row.realised for row in self.positions.values())
        holdings = dict(self.holdings)
        carried: dict[str, PositionRow] = {}
        for row in self.positions.values():
            net, cost, product = row.net_quantity, row.open_cost, row.product
            if product != Product.MARGIN.value:
                product = Product.CNC.value
                net, cost = _settle(holdings, row)
                cash -= row.open_cost - cost
            if net:
                key = f"{row.symbol}-{product}"
                earlier = carried.get(key) or PositionRow(symbol=row.symbol, product=product, number=len(carried) + 1)
                carried[key] = replace(
                    earlier,
                    carried_quantity=earlier.carried_quantity + net,
                    carried_value=earlier.carried_value + cost,
                    open_cost=earlier.open_cost + cost,
                )
        return DayOpened(day=day, cash=cash, holdings=tuple(holdings.values()), positions=tuple(carried.values()))


def position_after(row: PositionRow, side: Side, quantity: int, value: int) -> PositionRow:
    """The position after buying or selling a quantity for a value.

    Closing releases entry cost in proportion, in whole units; the last share takes what is left, so that a closed
    position has earned exactly its sales less its purchases.
    """
    sign, net = side.value, row.net_quantity
    closing = min(quantity, abs(net)) if net * sign < 0 else 0
    released = row.open_cost * closing // abs(net) if closing else 0
    closing_value = value * closing // quantity
    bought = side is Side.BUY
    return replace(
        row,
        day_buy_quantity=row.day_buy_quantity + (quantity if bought else 0),
        day_buy_value=row.day_buy_value + (value if bought else 0),
        day_sell_quantity=row.day_sell_quantity + (0 if bought else quantity),
        day_sell_value=row.day_sell_value + (0 if bought else value),
        open_cost=row.open_cost - released + sign * (value - closing_value),
        realised=row.realised - sign * closing_value - released,
        ltp=value // quantity,
    )


def _without(row: PositionRow, quantity: int) -> tuple[PositionRow, int]:
    """Take part of an open position out of its row, at its entry cost; return the rest and that cost.

    Only shares traded today can leave: the caller has checked that there are enough.
    """
    net = row.net_quantity
    cost = abs(row.open_cost * quantity // abs(net))
    if net > 0:
        rest = replace(
            row,
            day_buy_quantity=row.day_buy_quantity - quantity,
            day_buy_value=row.day_buy_value - cost,
            open_cost=row.open_cost - cost,
        )
    else:
        rest = replace(
            row,
            day_sell_quantity=row.day_sell_quantity - quantity,
            day_sell_value=row.day_sell_value - cost,
            open_cost=row.open_cost + cost,
        )
    return rest, cost


def _settle(holdings: dict[str, HoldingRow], row: PositionRow) -> tuple[int, int]:
    """Move a delivery position into or out of the holdings; return the net quantity and cost that stay open."""
    net, cost = row.net_quantity, row.open_cost
    if net == 0:
        return 0, 0
    held = holdings.pop(row.symbol, None) or HoldingRow(symbol=row.symbol, quantity=0, cost=0)
    if net > 0:
        holdings[row.symbol] = replace(held, quantity=held.quantity + net, cost=held.cost + cost)
        return 0, 0
    sold = min(held.quantity, -net)
    if held.quantity > sold:
        kept = held.quantity - sold
        holdings[row.symbol] = replace(held, quantity=kept, cost=held.cost * kept // held.quantity)
    settled = cost * sold // -net
    return net + sold, cost - settled
