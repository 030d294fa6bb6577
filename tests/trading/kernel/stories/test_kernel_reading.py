"""Stories of when the books are read: soon in doubt, again after a trade is closed, and never in a storm."""

from dataclasses import replace
from itertools import pairwise

import pytest

from core import events
from core.events import SafetyLevel, Verb
from core.instants import SECOND
from core.order_states import OrderState
from core.orders import OrderStatus, Purpose
from core.signals import Direction

SBIN = "NSE:SBIN-EQ"


def seconds_since(bot, start) -> list[float]:
    return [round((at - start) / SECOND, 1) for at in bot.readings if at > start]


def test_an_unknown_fate_is_looked_for_in_doubling_pauses_and_then_every_five_seconds(bot):
    bot.broker.mute = True
    bot.broker.plans[Verb.PLACE].append("never")
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(0.7)
    (unknown,) = [event.at for event in bot.of_kind(events.OutcomeArrived)]
    bot.run(30)
    assert seconds_since(bot, unknown)[:7] == [0.5, 1.0, 2.0, 4.0, 8.0, 13.4, 18.8]


@pytest.mark.hazard("S4")
def test_an_order_that_never_arrived_is_absent_within_a_second_of_its_proof(bot):
    bot.broker.plans[Verb.PLACE].append("never")
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(0.7)
    order = bot.kernel.state.orders[bot.tag(Purpose.ENTRY)]
    bot.run_until(order.sent_at + 44 * SECOND)
    assert order.state is OrderState.ABSENT


def test_while_the_token_is_in_doubt_a_failure_that_is_not_its_own_is_soon_tried_again(bot):
    bot.enter()
    bot.broker.reachable = False
    bot.give(events.AccessChanged(at=bot.now, valid=False, why="the broker refuses the token"))
    bot.run(120)
    pauses = [later - earlier for earlier, later in pairwise(seconds_since(bot, bot.now - 100 * SECOND))]
    assert pauses
    assert all(5 <= each < 6 for each in pauses)


def test_books_are_read_again_after_a_trade_is_closed(bot):
    bot.enter()
    bot.tick(80_600)
    while not bot.trades:
        bot.run(0.1)
    closed = bot.of_kind(events.TradeClosed)[0].at
    bot.run(59)
    assert seconds_since(bot, closed) == [5.0, 30.0]


def test_after_a_flatten_they_are_read_once_more(bot):
    bot.enter()
    bot.give(events.CommandGiven(at=bot.now, command=events.Command.FLATTEN, why="told"))
    while not bot.trades:
        bot.run(0.1)
    closed = bot.of_kind(events.TradeClosed)[0].at
    bot.run(130)
    assert bot.kernel.state.level is SafetyLevel.FLATTEN
    assert {5.0, 30.0, 120.0} <= set(seconds_since(bot, closed))


@pytest.mark.hazard("O6")
def test_a_change_that_came_to_nothing_ends_in_a_cancel_and_one_new_exit(bot):
    bot.enter()
    bot.broker.plans[Verb.MODIFY].extend(["noop"] * 20)
    bot.tick(80_600)
    bot.run(12)
    stop = bot.broker.of(bot.tag(Purpose.STOP))
    exit_ = bot.broker.of(bot.tag(Purpose.EXIT))
    assert (stop.status, exit_.status) == (OrderStatus.CANCELLED, OrderStatus.FILLED)
    (cancel,) = bot.of_kind(events.CancelIntended)
    changed = bot.of_kind(events.ChangeIntended)[0]
    assert cancel.at - changed.at < 5 * SECOND
    assert [trade.exit_reason for trade in bot.trades] == ["target"]


@pytest.mark.hazard("O4", "O6")
@pytest.mark.parametrize("filled", [3, 10])
def test_what_fills_while_a_vain_change_is_cancelled_is_not_sold_again(bot, filled):
    bot.enter()
    bot.broker.plans[Verb.MODIFY].extend(["noop"] * 20)
    bot.tick(80_600)
    while not bot.of_kind(events.CancelIntended):
        bot.run(0.1)
    bot.broker._fill(bot.broker.of(bot.tag(Purpose.STOP)).broker_id, filled)
    bot.run(20)
    assert bot.broker.net(SBIN) == 0
    assert [event.intent.quantity for event in bot.of_kind(events.OrderIntended)][2:] == [7] * (filled == 3)


@pytest.mark.hazard("T7", "P9")
def test_an_exit_of_the_brokers_is_not_asked_for_again_by_the_next_process(bot):
    bot.enter()
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 50)
    bot.broker.plans[Verb.EXIT].append("slow")
    bot.tick(80_600)
    while not bot.of_kind(events.PositionExitIntended):
        bot.run(0.1)
    bot.run(2)
    bot.kill()
    bot.start()
    bot.run(20)
    assert len(bot.of_kind(events.PositionExitIntended)) == 1


@pytest.mark.hazard("T7")
def test_from_when_the_broker_may_square_off_itself_no_exit_of_ours_is_sent(bot):
    bot.enter()
    bot.broker.plans[Verb.PLACE].extend(["reject"] * 100)
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 100)
    bot.broker.plans[Verb.EXIT].extend(["reject"] * 100)
    bot.run_to(15, 14)
    sent = (events.OrderIntended, events.ChangeIntended, events.PositionExitIntended)
    before = sum(isinstance(event, sent) for event in bot.happened)
    bot.run_to(15, 25)
    assert sum(isinstance(event, sent) for event in bot.happened) == before
    assert "NOT_FLAT" in bot.alarms


@pytest.mark.hazard("T7")
def test_a_position_book_that_lags_behind_the_brokers_late_exit_is_not_believed(bot):
    bot.enter()
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 50)
    bot.broker.plans[Verb.EXIT].append("slow")
    bot.tick(80_600)
    while not bot.of_kind(events.PositionExitIntended):
        bot.run(0.1)
    (counter_order,) = bot.broker.late_orders or bot.run(1) or bot.broker.late_orders
    bot.broker.late_orders.clear()
    bot.run(40)
    stale = bot.broker.read().positions
    read = bot.broker.read
    bot.broker.read = lambda: replace(read(), positions=stale)
    bot.broker._fill(counter_order, 10)
    bot.run(10)
    bot.broker.read = read
    bot.run(20)
    assert bot.broker.net(SBIN) == 0
    assert len(bot.of_kind(events.OrderIntended)) == 2
    assert [trade.exit_reason for trade in bot.trades] == ["target"]


@pytest.mark.hazard("S6")
@pytest.mark.parametrize("is_listed", [True, False], ids=["exit still resting", "exit not there yet"])
def test_books_from_before_our_exit_filled_bring_no_closed_position_back(bot, is_listed):
    bot.enter()
    old = bot.broker.read()
    if not is_listed:
        old = replace(old, orders=tuple(order for order in old.orders if order.status is OrderStatus.FILLED))
    bot.tick(80_600)
    while not bot.trades:
        bot.run(0.1)
    read = bot.broker.read
    bot.broker.read = lambda: old
    bot.run(12)
    bot.broker.read = read
    bot.run(60)
    assert not bot.of_kind(events.PositionAdopted)
    assert len(bot.of_kind(events.OrderIntended)) == 2
    assert not bot.kernel.state.blocked
    assert bot.kernel.state.is_flat


def test_an_order_book_that_goes_on_lacking_our_fills_calls_a_person_and_is_not_acted_on(bot):
    bot.enter()
    old = bot.broker.read()
    bot.tick(80_600)
    while not bot.trades:
        bot.run(0.1)
    bot.broker.read = lambda: old
    bot.run(60)
    assert bot.alarms == ["POSITION_DIFFERS"]
    assert "lacks fills" in bot.kernel.state.blocked[SBIN]
    assert not bot.of_kind(events.PositionAdopted)
    assert len(bot.of_kind(events.OrderIntended)) == 2


@pytest.mark.hazard("O2")
def test_a_trade_that_stands_in_the_book_under_two_numbers_is_not_held_twice(bot):
    bot.enter()
    bot.broker.fills += [replace(fill, trade_number=f"{fill.trade_number}-1") for fill in bot.broker.fills]
    bot.broker.net = lambda *_: bot.position().signed_quantity if SBIN in bot.kernel.state.positions else 0
    bot.run(30)
    assert bot.position().quantity == 10
    assert [stop.quantity for stop in bot.broker.open_exits(SBIN)] == [10]
