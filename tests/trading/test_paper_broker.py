"""Which prices a paper order may trade at: the one that stands and those to come, never one that is gone."""

import pytest

from core.instants import SECOND
from core.market import Instrument, Side, Tick
from core.orders import OrderIntent, OrderStatus, OrderType, Product, Purpose, Validity
from simulator.exchange import Exchange
from simulator.exchange_rules import ExchangeRules
from simulator.ledger import MemoryLedger
from trading.paper_broker import PaperBroker
from trading.tick_market import TickMarket

SBIN = "NSE:SBIN-EQ"


class Paper:
    """A paper account in the middle of a session, and the prices it sees."""

    def __init__(self, clock, calendar) -> None:
        self.clock = clock
        instrument = Instrument(symbol=SBIN, token="10100000003045", tick=5, lower_band=50_000, upper_band=150_000)
        market = TickMarket({SBIN: instrument}, calendar)
        exchange = Exchange(market, calendar, MemoryLedger(), 100_000_000, ExchangeRules())
        self.broker = PaperBroker(exchange, market, self.clock, lambda _report: None)
        self._volume = 0

    def price(self, price: int, ahead: int = 0) -> None:
        self._volume += 10
        at = self.clock.now() + ahead * SECOND
        self.broker.on_tick(Tick(SBIN, at, price, price - 5, price + 5, self._volume))

    def rest_stop(self, trigger: int) -> None:
        self.broker.place_order(
            OrderIntent(
                tag="Q24LVL0010001SAA",
                symbol=SBIN,
                side=Side.SELL,
                quantity=10,
                type=OrderType.STOP_LIMIT,
                limit_price=trigger - 500,
                trigger_price=trigger,
                product=Product.INTRADAY,
                validity=Validity.DAY,
                purpose=Purpose.STOP,
                reason="protective stop",
            )
        )

    def buy(self, limit: int) -> None:
        self.broker.place_order(
            OrderIntent(
                tag="Q24LVL0010002EAA",
                symbol=SBIN,
                side=Side.BUY,
                quantity=10,
                type=OrderType.LIMIT,
                limit_price=limit,
                product=Product.INTRADAY,
                purpose=Purpose.ENTRY,
                reason="entry",
            )
        )

    def status(self) -> OrderStatus:
        return self.broker.get_orders()[-1].status


@pytest.fixture
def paper(clock, calendar) -> Paper:
    return Paper(clock, calendar)


def test_a_stop_is_not_triggered_by_prices_from_before_it_was_placed(paper: Paper) -> None:
    for price in (98_000, 90_000, 98_000):
        paper.price(price)
        paper.clock.sleep(20)
    paper.rest_stop(95_000)
    paper.clock.sleep(1)
    paper.price(98_000)
    assert paper.status() is OrderStatus.PENDING
    paper.clock.sleep(1)
    paper.price(94_950)
    assert paper.status() is OrderStatus.FILLED


def test_a_new_order_fills_at_once_at_the_quote_that_stands(paper: Paper) -> None:
    paper.price(97_000)
    paper.price(98_000)
    paper.buy(limit=98_200)
    assert paper.status() is OrderStatus.FILLED
    assert [trade.price for trade in paper.broker.get_trades()] == [98_005]


def test_ticks_of_a_server_that_is_ahead_of_our_clock_all_meet_the_orders(paper: Paper) -> None:
    paper.price(98_000, ahead=5)
    paper.rest_stop(95_000)
    paper.price(94_000, ahead=5)
    paper.price(98_000, ahead=5)
    assert paper.status() is OrderStatus.FILLED


def test_the_books_of_a_new_day_are_empty_before_its_first_price(paper: Paper) -> None:
    paper.price(98_000)
    paper.buy(limit=98_200)
    assert len(paper.broker.get_orders()) == len(paper.broker.get_trades()) == 1

    paper.clock.sleep(24 * 3600)

    assert paper.broker.get_orders() == ()
    assert paper.broker.get_trades() == ()
