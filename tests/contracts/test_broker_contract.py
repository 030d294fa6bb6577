"""One account, one set of promises: every adapter of the port `Broker` is held to the same suite.

An adapter takes part by subclassing `BrokerContract` with a fixture `desk` that has a fresh account in an open market.
"""

import threading
import time as wall
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count

import pytest

from core.errors import AuthenticationError
from core.instants import SECOND
from core.market import Side, Tick
from core.orders import (
    OrderChange,
    OrderIntent,
    OrderReport,
    OrderStatus,
    OrderType,
    OutcomeKind,
    Product,
    Purpose,
    RejectionKind,
)
from core.ports import Broker
from simulator.exchange import Exchange
from simulator.exchange_rules import ExchangeRules
from simulator.faults import FaultKind
from simulator.ledger import MemoryLedger
from trading.paper_broker import PaperBroker
from trading.tick_market import TickMarket

SBIN = "NSE:SBIN-EQ"
PATIENCE_SECONDS = 10.0
_numbers = count(1)


@dataclass(frozen=True)
class Desk:
    """A broker with a fresh account, and what a trader sees beside it."""

    broker: Broker
    last_price: Callable[[], int]
    """Of SBIN, in units."""


class BrokerContract:
    """What every broker does. Subclasses provide the fixture `desk`."""

    def test_a_fresh_account_has_money_a_name_and_empty_books(self, desk: Desk):
        assert desk.broker.get_profile().account_id
        assert desk.broker.get_funds().available > 0
        assert desk.broker.get_orders() == ()
        assert desk.broker.get_trades() == ()
        assert desk.broker.get_open_positions() == ()

    def test_a_market_order_is_acknowledged_filled_and_in_all_three_books(self, desk: Desk):
        order = buy(10, OrderType.MARKET)

        outcome = desk.broker.place_order(order)
        report = until(desk, order.tag, OrderStatus.FILLED)

        assert outcome.kind is OutcomeKind.ACK
        assert (report.broker_id, report.symbol, report.side) == (outcome.broker_id, SBIN, Side.BUY)
        assert (report.quantity, report.filled) == (10, 10)
        fills = [fill for fill in desk.broker.get_trades() if fill.broker_id == outcome.broker_id]
        assert sum(fill.quantity for fill in fills) == 10
        assert abs(sum(fill.quantity * fill.price for fill in fills) - report.filled_value) <= 10
        assert {(fill.tag, fill.side, fill.product) for fill in fills} == {(order.tag, Side.BUY, "INTRADAY")}
        (position,) = desk.broker.get_open_positions()
        assert (position.symbol, position.product, position.net_quantity) == (SBIN, "INTRADAY", 10)
        assert position.buy_value == sum(fill.quantity * fill.price for fill in fills)

    @pytest.mark.hazard("O2")
    def test_every_fill_has_its_own_number(self, desk: Desk):
        for _ in range(3):
            order = buy(5, OrderType.MARKET)
            desk.broker.place_order(order)
            until(desk, order.tag, OrderStatus.FILLED)

        numbers = [fill.trade_number for fill in desk.broker.get_trades()]
        assert len(numbers) == len(set(numbers)) >= 3

    def test_an_order_away_from_the_market_rests_until_it_is_cancelled(self, desk: Desk):
        order = buy(10, OrderType.LIMIT, limit_price=away(desk, -4))

        broker_id = desk.broker.place_order(order).broker_id
        resting = until(desk, order.tag, OrderStatus.PENDING)
        cancel = desk.broker.cancel_order(broker_id)
        report = until(desk, order.tag, OrderStatus.CANCELLED)

        assert (resting.limit_price, resting.filled, resting.filled_value) == (order.limit_price, 0, 0)
        assert (cancel.kind, cancel.broker_id) == (OutcomeKind.ACK, broker_id)
        assert (report.filled, desk.broker.get_trades()) == (0, ())

    def test_an_order_that_is_over_cannot_be_cancelled(self, desk: Desk):
        order = buy(10, OrderType.MARKET)
        broker_id = desk.broker.place_order(order).broker_id
        until(desk, order.tag, OrderStatus.FILLED)

        assert desk.broker.cancel_order(broker_id).kind is OutcomeKind.REJECTED

    def test_an_order_nobody_placed_cannot_be_cancelled(self, desk: Desk):
        outcome = desk.broker.cancel_order("99999999999999")

        assert (outcome.kind, outcome.rejection) == (OutcomeKind.REJECTED, RejectionKind.ORDER)

    def test_a_change_states_the_end_and_may_be_said_twice(self, desk: Desk):
        order = buy(10, OrderType.LIMIT, limit_price=away(desk, -4))
        broker_id = desk.broker.place_order(order).broker_id
        until(desk, order.tag, OrderStatus.PENDING)
        change = OrderChange(
            tag=order.tag,
            broker_id=broker_id,
            symbol=SBIN,
            type=OrderType.LIMIT,
            quantity=7,
            limit_price=away(desk, -3),
            trigger_price=0,
            reason="contract",
        )

        kinds = [desk.broker.modify_order(change).kind for _ in range(2)]

        assert kinds[0] is OutcomeKind.ACK
        report = until(desk, order.tag, OrderStatus.PENDING)
        assert (report.quantity, report.limit_price) == (7, change.limit_price)
        assert len(desk.broker.get_orders()) == 1

    @pytest.mark.hazard("P2")
    def test_a_resting_stop_becomes_the_exit_when_it_is_turned_into_a_market_price(self, desk: Desk):
        entry = buy(10, OrderType.MARKET)
        desk.broker.place_order(entry)
        until(desk, entry.tag, OrderStatus.FILLED)
        trigger = away(desk, -3)
        stop = replace(
            buy(10, OrderType.STOP_LIMIT, limit_price=trigger - 100),
            side=Side.SELL,
            trigger_price=trigger,
            purpose=Purpose.STOP,
        )
        broker_id = desk.broker.place_order(stop).broker_id
        resting = until(desk, stop.tag, OrderStatus.PENDING)

        change = OrderChange(
            tag=stop.tag,
            broker_id=broker_id,
            symbol=SBIN,
            type=OrderType.LIMIT,
            quantity=10,
            limit_price=away(desk, -1),
            trigger_price=0,
            reason="exit",
        )
        assert desk.broker.modify_order(change).kind is OutcomeKind.ACK

        assert (resting.type, resting.trigger_price, resting.filled) == (OrderType.STOP_LIMIT, trigger, 0)
        assert until(desk, stop.tag, OrderStatus.FILLED).filled == 10
        assert [position.net_quantity for position in desk.broker.get_open_positions()] == [0]

    def test_leaving_a_position_closes_that_position_only_once(self, desk: Desk):
        entry = buy(10, OrderType.MARKET)
        desk.broker.place_order(entry)
        until(desk, entry.tag, OrderStatus.FILLED)

        outcome = desk.broker.exit_position(SBIN, "INTRADAY")

        assert outcome.kind in {OutcomeKind.ACK, OutcomeKind.UNKNOWN}
        eventually(lambda: [position.net_quantity for position in desk.broker.get_open_positions()] == [0])
        assert desk.broker.exit_position(SBIN, "INTRADAY").kind is OutcomeKind.REJECTED

    def test_an_order_that_breaks_the_rules_is_rejected_and_buys_nothing(self, desk: Desk):
        off_the_grid = buy(10, OrderType.LIMIT, limit_price=away(desk, -1) + 1)
        unknown = replace(buy(10, OrderType.MARKET), symbol="NSE:NOSUCHSHARE-EQ")

        for order in (off_the_grid, unknown):
            outcome = desk.broker.place_order(order)
            assert (outcome.kind, outcome.rejection) == (OutcomeKind.REJECTED, RejectionKind.ORDER)
            assert outcome.message
        assert desk.broker.get_open_positions() == ()


def buy(quantity: int, kind: OrderType, limit_price: int = 0) -> OrderIntent:
    return OrderIntent(
        tag=f"QCONTRACT{next(_numbers):05d}",
        symbol=SBIN,
        side=Side.BUY,
        quantity=quantity,
        type=kind,
        limit_price=limit_price,
        product=Product.INTRADAY,
        purpose=Purpose.ENTRY,
        reason="contract",
    )


def away(desk: Desk, percent: int) -> int:
    """A price some percent from the last one, in whole rupees so that it lies on every tick grid."""
    return desk.last_price() * (100 + percent) // 10_000 * 100


def until(desk: Desk, tag: str, status: OrderStatus) -> OrderReport:
    """Wait until the book shows an order in a state, and return it."""
    found: list[OrderReport] = []

    def shows() -> bool:
        found[:] = [report for report in desk.broker.get_orders() if report.tag == tag]
        return [report.status for report in found] == [status]

    eventually(shows)
    return found[0]


def eventually(holds: Callable[[], bool]) -> None:
    deadline = wall.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert wall.monotonic() < deadline, "did not come true in time"
        wall.sleep(0.05)


class TestFyersClientAgainstTheSimulator(BrokerContract):
    @pytest.fixture
    def desk(self, open_market) -> Desk:
        client = open_market.client
        return Desk(broker=client, last_price=lambda: client.get_quotes([SBIN])[SBIN].ltp)

    @pytest.mark.hazard("S1")
    def test_an_answer_lost_after_acceptance_is_unknown_and_the_book_has_the_order(self, desk: Desk, open_market):
        open_market.simulator.arm(FaultKind.LOST_ANSWER, path="/api/v3/orders")
        order = buy(10, OrderType.LIMIT, limit_price=away(desk, -4))

        outcome = desk.broker.place_order(order)

        assert outcome.kind is OutcomeKind.UNKNOWN
        assert [report.tag for report in desk.broker.get_orders()] == [order.tag]

    @pytest.mark.hazard("S1")
    def test_a_request_lost_on_its_way_is_unknown_and_never_sent_again(self, desk: Desk, open_market):
        open_market.simulator.arm(FaultKind.LOST_REQUEST, path="/api/v3/orders")
        order = buy(10, OrderType.LIMIT, limit_price=away(desk, -4))

        outcome = desk.broker.place_order(order)

        assert outcome.kind is OutcomeKind.UNKNOWN
        assert desk.broker.get_orders() == ()

    @pytest.mark.hazard("S7")
    def test_an_order_taken_but_not_acknowledged_is_unknown_with_its_id(self, desk: Desk, open_market):
        open_market.simulator.arm(FaultKind.UNACKNOWLEDGED)
        order = buy(10, OrderType.LIMIT, limit_price=away(desk, -4))

        outcome = desk.broker.place_order(order)

        assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, 201)
        assert [report.broker_id for report in desk.broker.get_orders()] == [outcome.broker_id]

    @pytest.mark.hazard("A1")
    def test_a_dead_token_rejects_orders_and_stops_reads(self, desk: Desk, open_market):
        open_market.simulator.arm(FaultKind.EXPIRE_TOKENS)

        outcome = desk.broker.place_order(buy(10, OrderType.MARKET))

        assert (outcome.kind, outcome.rejection) == (OutcomeKind.REJECTED, RejectionKind.AUTHENTICATION)
        with pytest.raises(AuthenticationError, match="fyersbot login"):
            desk.broker.get_profile()


class TestPaperBroker(BrokerContract):
    """The paper account, fed with the ticks of a market as the data feed would."""

    @pytest.fixture
    def desk(self, quiet_market) -> Iterator[Desk]:
        market, clock = quiet_market.market, quiet_market.clock
        ticks = TickMarket(market.instruments_at(clock.now()), market.calendar)
        exchange = Exchange(ticks, market.calendar, MemoryLedger(), 50_000_000, ExchangeRules())
        broker = PaperBroker(exchange, ticks, clock, lambda _report: None)
        stop = threading.Event()

        def feed() -> None:
            seen = clock.now() - 60 * SECOND
            while not stop.wait(0.02):
                now = clock.now()
                for quote in market.quotes(seen, now):
                    broker.on_tick(Tick(quote.symbol, quote.at, quote.ltp, quote.bid, quote.ask, quote.volume))
                seen = now

        thread = threading.Thread(target=feed)
        thread.start()
        eventually(lambda: ticks.quote(SBIN, clock.now()) is not None)
        yield Desk(broker=broker, last_price=lambda: market.quote(SBIN, clock.now()).ltp)
        stop.set()
        thread.join()
