"""Stories of orders that do what none should: come back from the dead, have a double, belong to a second bot."""

from dataclasses import replace

import pytest

from core import events
from core.events import SafetyLevel, Verb
from core.order_states import OrderState
from core.orders import OrderStatus, Purpose
from core.signals import Direction
from core.tags import order_tag

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"


def bury_entry(bot, *, fills: bool = False) -> str:
    """Send an entry that is held for absent though the broker has it; return its id."""
    bot.broker.mute = True
    bot.broker.plans[Verb.PLACE].append("lost")
    bot.tick(80_000, depth=None if fills else 0)
    bot.signal(Direction.LONG)
    bot.run(0.5)
    late = max(bot.broker.book)
    bot.broker.hidden.add(late)
    bot.run(90)
    assert bot.kernel.state.orders[bot.tag(Purpose.ENTRY)].state is OrderState.ABSENT
    bot.broker.mute = False
    return late


@pytest.mark.hazard("S4")
def test_an_entry_that_comes_back_is_cancelled_at_once_and_ends_entries(bot):
    late = bury_entry(bot)
    bot.broker.hidden.clear()
    bot.run(70)
    assert bot.broker.book[late].status is OrderStatus.CANCELLED
    assert bot.alarms == ["ZOMBIE_ORDER"]
    assert bot.kernel.state.level is SafetyLevel.NO_ENTRY
    assert bot.kernel.state.is_flat


@pytest.mark.hazard("S4")
def test_an_entry_that_comes_back_filled_is_protected_first_and_then_closed(bot):
    bury_entry(bot, fills=True)
    bot.broker.hidden.clear()
    bot.run(70)
    kinds = [type(event).__name__ for event in bot.happened]
    assert "ZOMBIE_ORDER" in bot.alarms
    assert [trade.exit_reason for trade in bot.trades] == ["emergency_exit"]
    stop = next(event for event in bot.of_kind(events.OrderIntended) if event.intent.purpose is Purpose.STOP)
    assert kinds.index("ExitDecided") > bot.happened.index(stop)
    assert bot.broker.net(SBIN) == 0


@pytest.mark.hazard("S4")
@pytest.mark.parametrize(("quantity", "left"), [(10, 0), (14, 4)])
def test_an_entry_of_the_other_side_that_comes_back_closes_what_is_held_and_adds_nothing(bot, quantity, left):
    bot.broker.plans[Verb.PLACE].append("never")
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(60)
    intent = bot.of_kind(events.OrderIntended)[-1].intent
    assert bot.kernel.state.orders[intent.tag].state is OrderState.ABSENT
    bot.enter(Direction.SHORT)
    bot.house.check_broker = lambda: None  # a stop beside what is no longer held is just what this story is about
    late = bot.broker._accept(intent.tag, replace(intent, quantity=quantity)).broker_id
    bot.broker._fill(late, quantity)
    bot.run(120)
    assert bot.broker.net(SBIN) == left
    assert not bot.broker.open_exits(SBIN)
    assert len(bot.of_kind(events.OrderIntended)) == 3  # two entries and a stop: nothing is sold or bought after that
    assert bot.kernel.state.level is SafetyLevel.NO_ENTRY
    assert [trade.quantity for trade in bot.trades] == [10] * (not left)
    assert ("POSITION_FLIPPED" in bot.alarms) is bool(left)


@pytest.mark.hazard("S4")
def test_a_frozen_bot_takes_away_a_stop_that_came_back_and_has_nothing_to_close(bot):
    bot.broker.plans[Verb.PLACE].extend(["", "never"])
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(90)
    assert bot.kernel.state.is_flat
    stop = next(each.intent for each in bot.of_kind(events.OrderIntended) if each.intent.purpose is Purpose.STOP)
    bot._take(bot.kernel._run([events.LevelChanged(at=bot.now, level=SafetyLevel.FREEZE, why="a story")]))
    bot.is_meddled = True
    bot.house.check_broker = lambda: None  # a stop that closes nothing is just what this story is about
    late = bot.broker._accept(stop.tag, stop).broker_id
    bot.run(70)
    assert bot.broker.book[late].status is OrderStatus.CANCELLED


def test_an_operator_lifts_the_latch_of_a_zombie_and_it_does_not_ring_again(bot):
    bury_entry(bot)
    bot.broker.hidden.clear()
    bot.run(70)
    bot.give(events.CommandGiven(at=bot.now, command=events.Command.RESUME, why="looked at it"))
    bot.kill()
    bot.start()
    bot.run(70)
    assert bot.kernel.state.level is SafetyLevel.RUN
    assert bot.alarms == ["ZOMBIE_ORDER"]


@pytest.mark.hazard("S4", "P5")
def test_a_stop_that_comes_back_beside_its_successor_is_cancelled_and_nothing_sold_twice(bot):
    bot.broker.plans[Verb.PLACE].extend(["", "not_sent"])
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(5)
    first, second = bot.tag(Purpose.STOP, 0), bot.tag(Purpose.STOP, 1)
    intent = next(event.intent for event in bot.of_kind(events.OrderIntended) if event.intent.tag == first)
    bot.house.check_broker = lambda: None  # two stops at the broker are just what this story is about
    bot.broker._accept(first, intent)
    bot.run(5)
    assert bot.broker.of(first).status is OrderStatus.CANCELLED
    assert bot.broker.of(second).status is OrderStatus.PENDING
    assert bot.alarms == ["ZOMBIE_ORDER"]


@pytest.mark.hazard("O3", "P5")
@pytest.mark.parametrize("told", [OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED])
def test_a_stop_that_the_books_go_on_listing_after_it_was_said_to_have_ended_does_not_stay_beside_its_successor(
    bot, told
):
    bot.enter()
    first = bot.tag(Purpose.STOP)
    bot.house.check_broker = lambda: None  # two stops at the broker are just what this story is about
    bot.give(events.OrderReported(at=bot.now, report=replace(bot.broker.of(first), status=told)))
    bot.run(70)
    assert bot.broker.of(first).status is OrderStatus.CANCELLED
    assert len(bot.broker.open_exits(SBIN)) == len(bot.kernel.state.positions)
    assert "ZOMBIE_ORDER" in bot.alarms
    assert bot.kernel.state.level is SafetyLevel.NO_ENTRY
    bot.run(60)
    assert bot.alarms == ["ZOMBIE_ORDER"]


@pytest.mark.hazard("O5", "P1")
def test_an_order_of_which_a_part_traded_before_the_rest_was_rejected_has_ended(bot):
    bot.tick(80_000, depth=4)
    bot.signal(Direction.LONG)
    bot.run(3)
    entry = bot.broker.of(bot.tag(Purpose.ENTRY))
    bot.broker._change(entry.broker_id, status=OrderStatus.REJECTED)
    bot.run(60)
    assert bot.kernel.state.orders[entry.tag].state is OrderState.REJECTED
    assert [(stop.quantity, stop.status) for stop in bot.broker.open_exits(SBIN)] == [(4, OrderStatus.PENDING)]
    assert bot.alarms == []
    assert bot.kernel.state.level is SafetyLevel.RUN


@pytest.mark.hazard("O5", "P1")
def test_the_rest_of_an_exit_that_traded_in_part_and_was_rejected_is_sold_by_another(bot):
    bot.enter()
    bot.broker.price(SBIN, bot.position().target, depth=4)
    bot.tick(bot.position().target, depth=4)
    bot.run(2)
    stop = bot.broker.of(bot.tag(Purpose.STOP))
    assert 0 < stop.filled < stop.quantity
    bot.broker._change(stop.broker_id, status=OrderStatus.REJECTED)
    bot.tick(80_000)
    bot.run(60)
    assert bot.broker.net(SBIN) == 0
    assert bot.kernel.state.is_flat


@pytest.mark.hazard("S10")
def test_a_second_order_under_one_tag_freezes_the_bot_and_is_cancelled(bot):
    bot.enter()
    stop = bot.broker.of(bot.tag(Purpose.STOP))
    bot.house.check_broker = lambda: None
    double = replace(stop, broker_id="26010600000999")
    bot.broker.book[double.broker_id] = double
    bot.run(10)
    assert bot.alarms == ["DUPLICATE_ORDER"]
    assert bot.kernel.state.level is SafetyLevel.FREEZE
    assert bot.broker.book[double.broker_id].status is OrderStatus.CANCELLED
    assert bot.broker.book[stop.broker_id].status is OrderStatus.PENDING


@pytest.mark.hazard("O7")
def test_a_change_that_makes_a_second_order_leaves_one_of_them_and_no_freeze(bot):
    bot.tick(80_000, depth=5)
    bot.signal(Direction.LONG)
    bot.run(3)
    bot.broker.price(SBIN, 80_000)
    bot.run(3)
    stop = bot.broker.of(bot.tag(Purpose.STOP))
    assert stop.quantity == 10
    bot.house.check_broker = lambda: None
    bot.broker.book["26010600000999"] = replace(stop, broker_id="26010600000999")
    bot.run(10)
    assert bot.alarms == ["CHANGE_MADE_ORDER"]
    assert bot.broker.book["26010600000999"].status is OrderStatus.CANCELLED
    assert len(bot.broker.open_exits(SBIN)) == 1
    assert bot.kernel.state.level is SafetyLevel.RUN


@pytest.mark.hazard("O13")
def test_a_status_nobody_knows_rings_and_the_order_is_not_taken_for_closed(bot):
    bot.enter()
    stop = bot.broker.of(bot.tag(Purpose.STOP))
    bot.broker.book[stop.broker_id] = replace(stop, status=OrderStatus.UNKNOWN)
    bot.run(10)
    assert bot.alarms == ["UNKNOWN_STATUS"]
    assert bot.kernel.state.orders[stop.tag].state is OrderState.UNKNOWN
    bot.broker.book[stop.broker_id] = stop
    bot.run(10)
    assert bot.kernel.state.orders[stop.tag].state is OrderState.WORKING
    assert len(bot.of_kind(events.OrderIntended)) == 2


@pytest.mark.hazard("R3")
@pytest.mark.parametrize("status", [OrderStatus.PENDING, OrderStatus.CANCELLED])
def test_an_order_with_the_mark_of_our_log_that_it_never_wrote_freezes_the_bot(bot, tuesday, status):
    bot.enter()
    foreign = order_tag(tuesday.date, "A1", 7, 1, Purpose.ENTRY)
    stop = bot.broker.of(bot.tag(Purpose.STOP))
    bot.broker.book["26010600000999"] = replace(
        stop, broker_id="26010600000999", tag=foreign, symbol=INFY, status=status
    )
    bot.run(10)
    assert bot.alarms == ["SECOND_BOT"]
    assert bot.kernel.state.level is SafetyLevel.FREEZE
    assert bot.broker.of(stop.tag).status is OrderStatus.PENDING


@pytest.mark.hazard("O10")
def test_an_id_that_the_broker_gives_twice_freezes_the_bot(bot):
    bot.is_meddled = True
    bot.enter()
    stop, entry = bot.broker.of(bot.tag(Purpose.STOP)), bot.broker.of(bot.tag(Purpose.ENTRY))
    bot.kernel.state.orders[stop.tag].broker_id = bot.shadow.orders[stop.tag].broker_id = ""
    bot.broker.book[stop.broker_id] = replace(stop, broker_id=entry.broker_id)
    bot.house.check_broker = lambda: None
    bot.run(10)
    assert bot.alarms[0] == "ID_USED_TWICE"
    assert bot.kernel.state.level is SafetyLevel.FREEZE


@pytest.mark.hazard("O4")
def test_a_cancel_refused_because_the_entry_has_filled_leaves_a_protected_position(bot):
    bot.broker.mute = True
    bot.tick(80_000, depth=0)
    bot.signal(Direction.LONG)
    while not bot.of_kind(events.CancelIntended):
        bot.run(0.1)
    bot.broker.price(SBIN, 80_000)
    bot.run(3)
    (refusal,) = [event.outcome for event in bot.of_kind(events.OutcomeArrived) if event.verb is Verb.CANCEL]
    assert refusal.message == "order is not open"
    assert bot.position().quantity == 10
    (stop,) = bot.broker.open_exits(SBIN)
    assert stop.quantity == 10


@pytest.mark.hazard("O2")
def test_a_trade_that_a_book_lists_twice_is_counted_once(bot):
    bot.tick(80_000, depth=4)
    bot.signal(Direction.LONG)
    bot.broker.mute = True
    bot.run(0.5)
    bot.broker.late_orders.update(bot.broker.book)
    bot.broker.fills *= 2
    bot.house.check_broker = lambda: None
    bot.run(8)
    assert bot.position().quantity == 4
