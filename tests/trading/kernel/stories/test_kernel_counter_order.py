"""Stories of the broker's own exit: it rests, fills in part, crosses with its cancel; a person's is left alone."""

from itertools import pairwise

import pytest

from core import events
from core.events import Condition, Verb
from core.instants import SECOND
from core.market import Side
from core.orders import OrderStatus, OrderType, Purpose
from core.signals import Direction

SBIN = "NSE:SBIN-EQ"
INFY = "NSE:INFY-EQ"
SIDES = pytest.mark.parametrize(("direction", "towards"), [(Direction.LONG, 1), (Direction.SHORT, -1)])


def ask_the_broker(bot, direction=Direction.LONG, towards=1, fate="rest"):
    """Exit by a ladder that nothing moves, until the broker is asked; return when."""
    bot.enter(direction)
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 50)
    bot.broker.plans[Verb.EXIT].append(fate)
    bot.tick(80_000 + 600 * towards)
    while not bot.of_kind(events.PositionExitIntended):
        bot.run(0.1)
    bot.run(0.5)
    return bot.of_kind(events.PositionExitIntended)[0].at


def counter_order(bot):
    """The one order of the broker's that was made last."""
    return [order for order in bot.broker.book.values() if not order.tag][-1]


def seconds_until(bot, code, since):
    """When an alarm first rang."""
    return (next(event.at for event in bot.of_kind(events.Alarm) if event.code == code) - since) / SECOND


@pytest.mark.hazard("P4", "P9")
@SIDES
def test_an_order_of_the_brokers_that_rests_is_taken_away_and_the_exit_goes_on(bot, direction, towards):
    asked = ask_the_broker(bot, direction, towards)
    bot.run(60)
    assert seconds_until(bot, "BROKER_EXIT_OPEN", asked) <= 20
    (cancel,) = bot.of_kind(events.CounterCancelIntended)
    assert 43 <= (cancel.at - asked) / SECOND <= 45
    assert counter_order(bot).status is OrderStatus.CANCELLED
    assert [(trade.exit_reason, trade.gross) for trade in bot.trades] == [("target", 6_000)]
    assert bot.broker.net(SBIN) == 0


@pytest.mark.hazard("P4", "P6")
@SIDES
@pytest.mark.parametrize("filled", [4, 10])
def test_what_it_fills_while_it_is_cancelled_is_counted_once(bot, direction, towards, filled):
    ask_the_broker(bot, direction, towards)
    while not bot.of_kind(events.CounterCancelIntended):
        bot.run(0.1)
    bot.broker._fill(counter_order(bot).broker_id, filled)
    bot.run(30)
    assert sum(event.quantity for event in bot.of_kind(events.PositionAdjusted)) == filled
    assert [event.intent.quantity for event in bot.of_kind(events.OrderIntended)][2:] == [10 - filled] * (filled < 10)
    assert [trade.gross for trade in bot.trades] == [6_000]
    assert bot.broker.net(SBIN) == 0


@pytest.mark.hazard("P4", "P6")
def test_what_is_left_of_one_that_filled_in_part_is_taken_away(bot):
    ask_the_broker(bot)
    bot.broker._fill(counter_order(bot).broker_id, 4)
    bot.run(60)
    assert len(bot.of_kind(events.CounterCancelIntended)) == 1
    assert [event.quantity for event in bot.of_kind(events.PositionAdjusted)] == [4]
    assert [event.intent.quantity for event in bot.of_kind(events.OrderIntended)][2:] == [6]
    assert [trade.gross for trade in bot.trades] == [6_000]


@pytest.mark.hazard("P5", "S16")
@pytest.mark.parametrize("fate", ["never", "lost", "not_sent", "reject"])
def test_nothing_is_sent_beside_it_until_the_books_show_that_it_has_ended(bot, fate):
    ask_the_broker(bot)
    bot.broker.plans[Verb.CANCEL].append(fate)
    bot.run(47)
    ended = counter_order(bot).status is OrderStatus.CANCELLED
    assert ended == (fate == "lost")
    assert len(bot.of_kind(events.OrderIntended)) == 2 + ended
    bot.run(20)
    assert [trade.gross for trade in bot.trades] == [6_000]


@pytest.mark.hazard("P5")
def test_a_reading_that_does_not_list_it_any_more_proves_nothing(bot):
    ask_the_broker(bot)
    bot.run(30)
    counter = counter_order(bot).broker_id
    bot.broker.late_orders.add(counter)
    bot.run(30)
    assert not bot.of_kind(events.CounterCancelIntended)
    assert len(bot.of_kind(events.OrderIntended)) == 2
    bot.broker.late_orders.clear()
    bot.run(30)
    assert [trade.gross for trade in bot.trades] == [6_000]


@pytest.mark.hazard("P8")
@pytest.mark.parametrize("dead_at", [5, 43.5])
def test_the_next_process_takes_it_away_and_does_not_ask_again(bot, dead_at):
    ask_the_broker(bot)
    bot.run(dead_at)
    bot.kill()
    bot.run(5)
    bot.start()
    bot.run(60)
    assert len(bot.of_kind(events.PositionExitIntended)) == 1
    assert counter_order(bot).status is OrderStatus.CANCELLED
    assert [trade.gross for trade in bot.trades] == [6_000]


@pytest.mark.hazard("O11")
def test_an_order_that_rested_before_the_broker_was_asked_is_left_alone_and_not_waited_for(bot):
    bot.enter()
    theirs = bot.broker._report("", SBIN, Side.SELL, OrderType.LIMIT, "INTRADAY", 10, 90_000, 0)
    bot.run(8)
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 50)
    bot.broker.plans[Verb.EXIT].append("never")
    bot.tick(80_600)
    bot.run(80)
    assert not bot.of_kind(events.CounterCancelIntended)
    assert bot.broker.book[theirs.broker_id].status is OrderStatus.PENDING
    assert bot.broker.net(SBIN) == 0


@pytest.mark.hazard("O11")
@pytest.mark.parametrize("quantity", [7, 10])
def test_an_order_that_may_be_a_persons_is_not_cancelled_and_somebody_is_called(bot, quantity):
    """Seven fit nothing that we hold; with a second one for ten nobody can tell which is whose."""
    ask_the_broker(bot, fate="rest" if quantity == 10 else "never")
    bot.broker._report("", SBIN, Side.SELL, OrderType.LIMIT, "INTRADAY", quantity, 90_000, 0)
    bot.run(100)
    assert not bot.of_kind(events.CounterCancelIntended)
    assert len(bot.of_kind(events.OrderIntended)) == 2
    assert "BROKER_EXIT_OPEN" in bot.alarms
    assert bot.alarms.count("UNPROTECTED") == 2


@pytest.mark.hazard("P9")
def test_a_request_that_never_left_is_made_again_at_once(bot):
    ask_the_broker(bot, fate="not_sent")
    bot.run(10)
    assert len(bot.of_kind(events.PositionExitIntended)) == 2
    assert [trade.gross for trade in bot.trades] == [6_000]


@pytest.mark.hazard("P1", "V1")
def test_an_exit_without_an_order_rings_each_minute_and_nothing_new_is_taken_on(bot):
    bot.enter()
    bot.broker.plans[Verb.PLACE].extend(["never"] * 3)
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    bot.tick(79_000)
    bot.run(35)
    assert Condition.UNPROTECTED in bot.kernel.state.conditions
    assert bot.kernel.state.effective_level is not events.SafetyLevel.RUN
    bot.run(100)
    rung = [event.at for event in bot.of_kind(events.Alarm) if event.code == "UNPROTECTED"]
    assert [(later - rung[0]) // SECOND for later in rung] == [0, 60]
    sent = [event.at for event in bot.of_kind(events.OrderIntended)][1:]
    gaps = [(later - earlier) / SECOND for earlier, later in pairwise(sent)]
    assert len(gaps) == 4
    assert max(gaps[1:]) < 43.6, "what is proven to be lost is sent again in the step of the proof"
    bot.run(20)
    changes = [event.holds for event in bot.of_kind(events.DoubtChanged) if event.condition is Condition.UNPROTECTED]
    assert changes == [True, False]
    assert bot.kernel.state.is_flat


@pytest.mark.hazard("P1")
def test_no_entry_is_made_elsewhere_while_an_exit_has_no_order_at_the_broker(bot):
    bot.enter()
    bot.broker.plans[Verb.PLACE].extend(["never"] * 20)
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    bot.tick(79_000)
    bot.run(35)
    bot.tick(80_000, INFY)
    bot.signal(Direction.LONG, INFY)
    bot.run(2)
    (refused,) = [event for event in bot.of_kind(events.EntryRefused) if event.symbol == INFY]
    assert refused.detail == f"UNPROTECTED: {SBIN} has no order at the broker"


@pytest.mark.hazard("P1")
def test_a_fill_that_only_a_reading_tells_of_counts_from_when_its_entry_was_sent(bot):
    bot.broker.mute = True
    bot.broker.plans[Verb.PLACE].extend(["", "never"])
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(8)
    entry = bot.of_kind(events.OrderIntended)[0]
    assert bot.position().unprotected_since == entry.at
    bot.run(26)
    assert seconds_until(bot, "UNPROTECTED", entry.at) <= 30.1


@pytest.mark.hazard("P4", "O11")
@SIDES
@pytest.mark.parametrize("bought", [4, 10])
def test_what_somebody_trades_for_keeps_does_not_hold_the_exit_back(bot, direction, towards, bought):
    ask_the_broker(bot, direction, towards)
    bot.broker.by_hand(SBIN, Side.BUY, bought, "CNC")
    side, limit = (Side.SELL, 90_000) if towards > 0 else (Side.BUY, 70_000)
    bot.broker._report("", SBIN, side, OrderType.LIMIT, "CNC", 10, limit, 0)
    bot.run(70)
    assert len(bot.of_kind(events.CounterCancelIntended)) == 1
    assert bot.broker.net(SBIN) == 0
    assert [trade.gross for trade in bot.trades] == [6_000]


@pytest.mark.hazard("P4", "S8")
@pytest.mark.parametrize("fate", ["rate", "forbidden"])
def test_a_broker_that_refused_the_caller_is_asked_again_soon_and_not_waited_for(bot, fate):
    bot.broker.plans[Verb.EXIT].append(fate)
    asked = ask_the_broker(bot, fate="")
    bot.run(10)
    assert len(bot.of_kind(events.PositionExitIntended)) == 2
    assert bot.of_kind(events.PositionExitIntended)[1].at - asked <= 5 * SECOND
    assert bot.broker.net(SBIN) == 0
    assert bot.kernel.state.is_flat
