"""The kernel on the paper broker: the simulator's own exchange, fed with random prices, must end flat as well."""

from datetime import date

import numpy as np
import pytest

from core import events
from core.instants import SECOND
from core.market import Tick
from core.orders import Books, OrderStatus, Purpose
from core.sessions import TradingDay
from core.signals import Direction
from core.tags import is_ours, purpose_of
from simulator.exchange import Exchange
from simulator.exchange_rules import ExchangeRules
from simulator.ledger import MemoryLedger
from trading.paper_broker import PaperBroker
from trading.tick_market import TickMarket

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"


class OneSession:
    """A calendar that knows today."""

    def __init__(self, day: TradingDay) -> None:
        self._day = day

    def trading_day(self, day: date) -> TradingDay | None:
        return self._day if day == self._day.date else None

    def next_trading_day(self, after: date) -> TradingDay:
        raise NotImplementedError(f"nobody asks what follows {after}")


class ClockOf:
    """The time of the rehearsal, as a clock."""

    def __init__(self, account: "PaperAccount") -> None:
        self._account = account

    def now(self) -> int:
        return self._account.now


class PaperAccount:
    """The paper broker as the rehearsal wants to see it."""

    def __init__(self, instruments, day: TradingDay) -> None:
        calendar = OneSession(day)
        self._market = TickMarket(instruments, calendar)
        exchange = Exchange(self._market, calendar, MemoryLedger(), 100_000_000, ExchangeRules())
        self.now = day.open - 900 * SECOND
        self.news: list = []
        self.foreign: set[str] = set()
        self.prices: dict[str, int] = {}
        self.reachable = True
        self._broker = PaperBroker(exchange, self._market, ClockOf(self), self._tell)
        self._volume = 0
        self.place, self.modify, self.cancel, self.exit = (
            self._broker.place_order,
            self._broker.modify_order,
            self._broker.cancel_order,
            self._broker.exit_position,
        )

    def _tell(self, report) -> None:
        self.news.append(report)

    def read(self) -> Books:
        broker = self._broker
        return Books(broker.get_orders(), broker.get_trades(), broker.get_open_positions())

    def price(self, symbol: str, price: int, depth: int | None = None) -> None:
        self.prices[symbol] = price
        self._volume += 100
        self._broker.on_tick(Tick(symbol, self.now, price, price - 5, price + 5, self._volume))

    @property
    def fills(self):
        return self._broker.get_trades()

    def net(self, symbol: str, product: str = "INTRADAY") -> int:
        return sum(f.side.value * f.quantity for f in self.fills if f.symbol == symbol and f.product == product)

    def open_exits(self, symbol: str) -> list:
        return [
            order
            for order in self._broker.get_orders()
            if order.symbol == symbol
            and order.status is OrderStatus.PENDING
            and is_ours(order.tag)
            and purpose_of(order.tag) is not Purpose.ENTRY
        ]


@pytest.mark.parametrize("seed", range(5))
def test_a_day_of_random_prices_on_the_paper_exchange_ends_flat(rehearse, instruments, tuesday, seed):
    chance = np.random.default_rng(seed)
    bot = rehearse(PaperAccount(instruments, tuesday))
    prices = dict.fromkeys((SBIN, INFY), 80_000)
    for moment in range(240):
        for symbol in prices:
            prices[symbol] = min(95_000, max(65_000, prices[symbol] + 5 * int(chance.integers(-30, 31))))
            bot.tick(prices[symbol], symbol)
        if moment % 12 == 0:
            bot.signal((Direction.LONG, Direction.SHORT)[chance.integers(2)], (SBIN, INFY)[moment // 12 % 2])
        bot.run(float(chance.choice([0.3, 1.0, 5.0, 30.0])))
    bot.run_until(max(bot.now, tuesday.square_off - SECOND))
    for symbol, price in prices.items():
        bot.tick(price, symbol)
    bot.run_until(tuesday.flat_by + 30 * SECOND)
    assert bot.kernel.state.is_flat
    assert bot.of_kind(events.FlatVerified)
    assert not bot.of_kind(events.Alarm)
    assert len(bot.trades) > 5
    rows = bot.broker.read().positions
    assert sum(trade.gross for trade in bot.trades) == sum(row.sell_value - row.buy_value for row in rows)
