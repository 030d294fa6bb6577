"""A world small enough to be told what to get wrong."""

import pytest

from core.market import Side
from core.orders import OrderStatus, OrderType, Product, Purpose, Validity
from core.tags import order_tag
from simulation.checker import Checker
from simulation.protection_meter import ProtectionMeter
from simulation.setting import DATE, SYMBOLS, hours_of
from simulation.truth import Truth
from simulation.virtual_time import VirtualTime
from simulator.books import ExchangeOrder, OrderChanged, PositionChanged, PositionRow, Trade, Traded

SYMBOL = SYMBOLS[0]


class World:
    """Truth, meter and checker, and a broker that does what a test says."""

    def __init__(self) -> None:
        self.hours = hours_of(1, 10)
        self.time = VirtualTime(self.hours.start)
        self.truth = Truth()
        self.reachable = True
        self.meter = ProtectionMeter(self.truth, lambda _symbol: self.reachable, self.time.now)
        self.checker = Checker(self.time, self.truth, self.meter)
        self._number = 0

    def tag(self, purpose: Purpose) -> str:
        self._number += 1
        return order_tag(DATE, "AB", 1, self._number, purpose)

    def order(
        self, tag: str, side: Side, quantity: int, filled: int = 0, symbol: str = SYMBOL, **values
    ) -> ExchangeOrder:
        self._number += 1
        fields = {
            "broker_id": f"{self._number:014}",
            "fyers_id": "",
            "exchange_id": "",
            "number": self._number,
            "symbol": symbol,
            "side": side,
            "type": OrderType.LIMIT,
            "quantity": quantity,
            "limit_price": 80_000,
            "trigger_price": 0,
            "product": Product.INTRADAY.value,
            "validity": Validity.DAY,
            "tag": f"1:{tag}" if tag else "2:Untagged",
            "placed_at": self.time.now,
            "changed_at": self.time.now,
            "status": OrderStatus.FILLED if filled == quantity else OrderStatus.PENDING,
            "filled": filled,
            **values,
        }
        return ExchangeOrder(**fields)

    def rest(self, purpose: Purpose, side: Side, quantity: int, **values) -> ExchangeOrder:
        """Let an order of ours work at the broker, written down as it should be."""
        order = self.order(self.tag(purpose), side, quantity, **values)
        self.checker._log.intents.add(order.tag.removeprefix("1:"))
        self.checker.watch([OrderChanged(order)])
        return order

    def fill(self, purpose: Purpose, side: Side, quantity: int, symbol: str = SYMBOL) -> None:
        """Let an order of ours come and fill."""
        order = self.order(self.tag(purpose), side, quantity, filled=quantity, symbol=symbol)
        self.checker._log.intents.add(order.tag.removeprefix("1:"))
        net = self.truth.net[symbol] + side.value * quantity
        self.checker.watch([OrderChanged(order), Traded(trade_of(order, self.time.now)), position(symbol, net)])

    @property
    def codes(self) -> list[str]:
        return [violation.code for violation in self.checker.violations]


def trade_of(order: ExchangeOrder, at: int) -> Trade:
    return Trade(
        trade_number=f"{order.broker_id}-1",
        broker_id=order.broker_id,
        exchange_id="",
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        product=order.product,
        quantity=order.filled,
        price=80_000,
        at=at,
        tag=order.tag,
    )


def position(symbol: str, net: int) -> PositionChanged:
    return PositionChanged(
        PositionRow(
            symbol=symbol,
            product=Product.INTRADAY.value,
            number=1,
            day_buy_quantity=max(net, 0),
            day_sell_quantity=max(-net, 0),
        )
    )


@pytest.fixture
def world() -> World:
    return World()
