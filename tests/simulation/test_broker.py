"""The broker of a session: real books in every version, and a market that may be thin, locked or gone through."""

import pytest

from core.market import Side
from core.orders import OrderChange, OrderIntent, OrderStatus, OrderType, Product, Purpose
from simulation.broker import SimulatedBroker
from simulation.fates import Fates
from simulation.plan import Fault, FaultKind, Plan
from simulation.setting import PRICES, SYMBOLS, OneDay, hours_of
from simulation.virtual_time import VirtualTime

K = FaultKind
SYMBOL = SYMBOLS[0]
PRICE = PRICES[SYMBOL]


class Floor:
    """A broker on a clock, with the given faults."""

    def __init__(self, *faults):
        hours = hours_of(1, 10)
        self.time = VirtualTime(hours.start)
        self.broker = SimulatedBroker(self.time, Fates(Plan(1, faults=faults)), OneDay(hours.day))
        self._number = 0

    def wait(self, seconds):
        self.time.run(self.time.now + seconds * 10**9, lambda: None)

    def send(self, side=Side.BUY, quantity=100, **values):
        self._number += 1
        fields = {
            "tag": f"T{self._number}",
            "symbol": SYMBOL,
            "side": side,
            "quantity": quantity,
            "type": OrderType.LIMIT,
            "limit_price": PRICE + side.value * 200,
            "product": Product.INTRADAY,
            "purpose": Purpose.ENTRY,
            "reason": "",
            **values,
        }
        return self.broker.place(OrderIntent(**fields))

    def stop(self, trigger=PRICE - 500):
        return self.send(Side.SELL, type=OrderType.STOP_LIMIT, trigger_price=trigger, limit_price=trigger - 400)

    def report(self, reply):
        books = self.broker.books.orders(self.time.now)
        return next(order for order in books if order.broker_id == reply.broker_id)

    @property
    def net(self):
        return sum(row.net_quantity for row in self.broker.books.positions(self.time.now))


def test_a_marketable_order_fills_and_stands_in_all_three_books():
    floor = Floor()
    report = floor.report(floor.send())
    assert (report.status, report.filled, report.tag) == (OrderStatus.FILLED, 100, "T1")
    assert [fill.quantity for fill in floor.broker.books.fills(floor.time.now)] == [100]
    assert floor.net == 100


def test_the_books_of_an_earlier_moment_are_as_they_were():
    floor = Floor()
    before = floor.time.now
    floor.wait(5)
    floor.send()
    assert floor.broker.books.orders(before) == ()
    assert len(floor.broker.books.orders(floor.time.now)) == 1


def test_a_row_that_did_not_change_is_the_same_object_in_every_version():
    floor = Floor()
    first = floor.report(floor.send())
    floor.send()
    assert floor.broker.books.orders(floor.time.now)[0] is first


@pytest.mark.parametrize(("kind", "least", "most"), [(K.PARTIAL_FILL, 1, 99), (K.NO_FILL, 0, 0)])
def test_a_thin_market_takes_the_rest_later(kind, least, most):
    floor = Floor(Fault(kind, 1))
    reply = floor.send()
    assert least <= floor.report(reply).filled <= most
    floor.wait(40)
    assert floor.report(reply).filled == 100


def test_a_stop_is_refused_when_the_price_is_through_it():
    floor = Floor(Fault(K.REJECT_STOP, 1))
    floor.send()
    assert not floor.stop().ok
    assert floor.net == 100


def test_an_order_without_money_is_refused_at_once_or_in_the_book():
    seen = set()
    for use in range(1, 9):
        floor = Floor(*(Fault(K.REJECT_MARGIN, each) for each in range(1, use + 1)))
        replies = [floor.send() for _ in range(use)]
        assert floor.net == 0
        seen.add(replies[-1].ok)
    assert seen == {True, False}


def test_a_modification_may_be_acknowledged_and_do_nothing():
    floor = Floor(Fault(K.MODIFY_WITHOUT_EFFECT, 1))
    floor.send()
    stop = floor.stop()
    before = floor.report(stop)
    assert floor.broker.modify(change_to_exit(stop.broker_id)).ok
    assert floor.report(stop) == before


def test_a_modification_may_come_a_moment_after_the_trigger():
    floor = Floor(Fault(K.MODIFY_RACE, 1))
    floor.send()
    stop = floor.stop()
    assert not floor.broker.modify(change_to_exit(stop.broker_id)).ok
    assert floor.net == 0


def change_to_exit(broker_id):
    return OrderChange(
        tag="T2",
        broker_id=broker_id,
        symbol=SYMBOL,
        type=OrderType.LIMIT,
        quantity=100,
        limit_price=PRICE - 200,
        trigger_price=0,
        reason="",
    )


def test_at_the_circuit_limit_nobody_takes_the_other_side():
    floor = Floor()
    floor.broker.locked[SYMBOL] = Side.BUY
    floor.broker.move(SYMBOL, PRICE)
    reply = floor.send()
    assert floor.report(reply).filled == 0
    del floor.broker.locked[SYMBOL]
    floor.broker.move(SYMBOL, PRICE)
    assert floor.report(reply).filled == 100


def test_the_risk_desk_closes_everything_and_cancels_what_rests():
    floor = Floor()
    floor.send()
    stop = floor.stop()
    floor.broker.square_off()
    assert floor.net == 0
    assert floor.report(stop).status is OrderStatus.CANCELLED


def test_what_a_person_does_carries_no_tag_of_ours():
    floor = Floor()
    floor.broker.by_hand(SYMBOL, Side.BUY, 10)
    assert [order.tag for order in floor.broker.books.orders(floor.time.now)] == [""]
    assert floor.broker.convert(SYMBOL, 10)
    assert {row.product: row.net_quantity for row in floor.broker.books.positions(floor.time.now)} == {
        "INTRADAY": 0,
        "CNC": 10,
    }
