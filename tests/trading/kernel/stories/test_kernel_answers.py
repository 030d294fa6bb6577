"""Stories in which answers are lost, refused or wrong; the rules of the house hold in all of them."""

import pytest

from core import events
from core.events import SafetyLevel, Verb
from core.order_states import OrderState
from core.orders import OrderStatus, Purpose
from core.signals import Direction

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
SIDES = pytest.mark.parametrize(
    ("direction", "towards"), [(Direction.LONG, 1), (Direction.SHORT, -1)], ids=["long", "short"]
)


def finish(bot, towards: int = 1) -> None:
    """Let the target be hit and the trade be closed."""
    bot.tick(80_600 * (towards == 1) + 79_400 * (towards == -1))
    bot.run(15)
    assert bot.kernel.state.is_flat


@pytest.mark.hazard("S1")
@SIDES
@pytest.mark.parametrize("mute", [False, True])
def test_a_lost_answer_to_an_entry_is_found_in_the_books(bot, direction, towards, mute):
    bot.broker.mute = mute
    bot.broker.plans[Verb.PLACE].append("lost")
    bot.tick(80_000)
    bot.signal(direction)
    bot.run(10)
    assert bot.position().quantity == 10
    assert len(bot.broker.open_exits(SBIN)) == 1
    finish(bot, towards)


@pytest.mark.hazard("S4")
def test_an_entry_that_never_arrived_is_absent_only_after_its_transit(bot):
    bot.broker.plans[Verb.PLACE].append("never")
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(43)
    assert bot.kernel.state.orders[bot.tag(Purpose.ENTRY)].state is OrderState.UNKNOWN
    bot.run(10)
    assert bot.kernel.state.orders[bot.tag(Purpose.ENTRY)].state is OrderState.ABSENT
    assert bot.kernel.state.is_flat
    bot.enter()


@pytest.mark.hazard("S4", "S6")
def test_an_entry_that_the_books_hide_is_not_absent_while_they_hide_others_too(bot):
    bot.enter(symbol=INFY)
    bot.broker.plans[Verb.PLACE].append("lost")
    bot.broker.mute = True
    bot.tick(80_000, depth=0)
    bot.signal(Direction.LONG)
    bot.run(1)
    bot.broker.hidden.update(bot.broker.book)
    bot.run(120)
    assert not bot.of_kind(events.OrderAbsent)


@pytest.mark.hazard("S4")
def test_one_reading_after_a_long_silence_is_no_proof_of_absence(bot):
    bot.broker.mute = True
    bot.broker.plans[Verb.PLACE].append("lost")
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(0.5)
    bot.broker.reachable = False
    bot.run(60)
    late = bot.broker.of(bot.tag(Purpose.ENTRY)).broker_id
    bot.broker.hidden.add(late)
    bot.broker.reachable = True
    readings = len(bot.of_kind(events.BooksUnchanged)) + len(bot.of_kind(events.BooksRead))
    while len(bot.of_kind(events.BooksUnchanged)) + len(bot.of_kind(events.BooksRead)) == readings:
        bot.run(0.1)
    assert not bot.of_kind(events.OrderAbsent)
    bot.broker.hidden.clear()
    bot.run(15)
    assert bot.position().quantity == 10
    assert len(bot.broker.open_exits(SBIN)) == 1


@pytest.mark.hazard("S4", "S6")
@SIDES
def test_an_entry_that_the_order_book_hides_is_not_absent_while_its_shares_are_shown(bot, direction, towards):
    bot.broker.mute = True
    bot.broker.plans[Verb.PLACE].append("lost")
    bot.tick(80_000)
    bot.signal(direction)
    bot.run(0.5)
    bot.broker.hidden.add(bot.broker.of(bot.tag(Purpose.ENTRY)).broker_id)
    bot.run(60)
    assert bot.broker.net(SBIN) == 10 * towards
    assert not bot.of_kind(events.OrderAbsent)
    bot.run(30)
    assert bot.of_kind(events.OrderAbsent), "what somebody else may have bought is no reason to wait for ever"


@pytest.mark.hazard("P6")
def test_shares_of_an_entry_whose_fate_is_unknown_are_not_taken_for_somebody_elses(bot):
    bot.broker.mute = True
    bot.broker.plans[Verb.PLACE].append("lost")
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(0.5)
    bot.broker.hidden.add(bot.broker.of(bot.tag(Purpose.ENTRY)).broker_id)
    bot.run(20)
    assert bot.broker.net(SBIN) == 10
    assert not bot.kernel.state.blocked
    bot.broker.hidden.clear()
    bot.run(15)
    assert len(bot.broker.open_exits(SBIN)) == 1


@pytest.mark.hazard("S4")
def test_an_entry_thought_absent_is_cancelled_when_it_turns_up(bot):
    bot.broker.mute = True
    bot.broker.plans[Verb.PLACE].append("lost")
    bot.tick(80_000, depth=0)
    bot.signal(Direction.LONG)
    bot.run(1)
    late = bot.broker.of(bot.tag(Purpose.ENTRY)).broker_id
    bot.broker.hidden.add(late)
    bot.run(60)
    assert bot.of_kind(events.OrderAbsent)
    bot.broker.hidden.clear()
    bot.run(120)
    assert bot.broker.book[late].status is OrderStatus.CANCELLED


@pytest.mark.hazard("S1")
def test_a_stop_whose_answer_was_lost_is_found_and_not_sent_again(bot):
    bot.broker.mute = True
    bot.broker.plans[Verb.PLACE].extend(["", "lost"])
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(15)
    assert not bot.position().unprotected_since
    assert len(bot.of_kind(events.OrderIntended)) == 2
    bot.broker.mute = False
    finish(bot)


@pytest.mark.hazard("P1")
def test_a_stop_that_never_arrived_ends_the_position_once_that_is_proven(bot):
    bot.broker.plans[Verb.PLACE].extend(["", "never"])
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(29)
    assert not bot.of_kind(events.ExitDecided)
    bot.run(40)
    assert bot.alarms == ["UNPROTECTED"]
    assert [trade.exit_reason for trade in bot.trades] == ["emergency_exit"]
    assert bot.kernel.state.is_flat


def test_the_deadline_of_an_earlier_naked_spell_does_not_count_for_a_later_one(bot):
    bot.tick(80_000, depth=5)
    bot.broker.plans[Verb.PLACE].extend(["", "not_sent"])
    bot.signal(Direction.LONG)
    bot.run(18)
    assert not bot.position().unprotected_since
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 2)
    bot.broker.price(SBIN, 80_000)
    bot.run(13.5)
    assert bot.position().unprotected_since
    assert not bot.alarms
    bot.run(20)
    assert not bot.position().unprotected_since


@pytest.mark.hazard("S16", "O6")
@pytest.mark.parametrize("fate", ["lost", "never", "noop", "reject", "rate", "not_sent"])
def test_an_exit_whose_change_goes_wrong_is_worked_until_it_is_done(bot, fate):
    bot.enter()
    bot.broker.plans[Verb.MODIFY].append(fate)
    bot.tick(80_600)
    bot.run(20)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]
    assert bot.kernel.state.is_flat


@pytest.mark.hazard("S16", "P9")
@SIDES
def test_an_exit_that_nothing_moves_is_left_to_the_broker(bot, direction, towards):
    bot.enter(direction)
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 50)
    bot.tick(80_000 + 600 * towards)
    bot.run(40)
    assert [event.price for event in bot.of_kind(events.ExitDecided)] == [80_000 + 600 * towards] * 5
    assert len(bot.of_kind(events.PositionExitIntended)) == 1
    (trade,) = bot.trades
    assert trade.exit_reason == "target"
    assert trade.gross == 6_000
    assert bot.broker.net(SBIN) == 0


@pytest.mark.hazard("P9")
@pytest.mark.parametrize("fate", ["not_sent", "reject", "never"])
def test_when_the_broker_does_not_close_it_either_the_ladder_begins_again(bot, fate):
    bot.enter()
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 50)
    bot.broker.plans[Verb.EXIT].append(fate)
    bot.tick(80_600)
    bot.run(60)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]
    assert bot.broker.net(SBIN) == 0


@pytest.mark.hazard("T7")
@SIDES
@pytest.mark.parametrize("blind_seconds", [0, 4])
def test_when_the_broker_closes_a_part_only_no_more_than_the_rest_is_sent(bot, direction, towards, blind_seconds):
    bot.enter(direction)
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 50)
    bot.broker.plans[Verb.EXIT].append("part")
    bot.tick(80_000 + 600 * towards)
    while not bot.of_kind(events.PositionExitIntended):
        bot.run(0.1)
    bot.run(0.2)
    bot.broker.reachable = not blind_seconds
    bot.run(blind_seconds)
    bot.broker.reachable = True
    bot.run(60)
    assert [event.quantity for event in bot.of_kind(events.PositionAdjusted)] == [4]
    assert [event.intent.quantity for event in bot.of_kind(events.OrderIntended)][2:] == [6]
    (trade,) = bot.trades
    assert trade.gross == 6_000


@pytest.mark.hazard("T7")
@SIDES
def test_an_exit_of_the_brokers_that_the_books_show_late_is_not_doubled(bot, direction, towards):
    bot.enter(direction)
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 50)
    bot.broker.plans[Verb.EXIT].append("slow")
    bot.tick(80_000 + 600 * towards)
    while not bot.of_kind(events.PositionExitIntended):
        bot.run(0.1)
    bot.run(20)
    (counter_order,) = bot.broker.late_orders
    bot.broker.late_orders.clear()
    bot.run(20)
    bot.broker._fill(counter_order, 10)
    bot.run(20)
    assert bot.broker.net(SBIN) == 0
    assert len(bot.of_kind(events.OrderIntended)) == 2
    assert [trade.gross for trade in bot.trades] == [6_000]


@pytest.mark.hazard("T7")
def test_nothing_is_sent_while_the_broker_may_be_closing_the_position(bot):
    bot.enter()
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 50)
    bot.broker.mute = True
    bot.tick(80_600)
    bot.run(9)
    asked = bot.of_kind(events.PositionExitIntended)
    assert asked
    sent = len(bot.of_kind(events.OrderIntended))
    bot.broker.reachable = True
    bot.run(40)
    assert len(bot.of_kind(events.OrderIntended)) == sent
    assert bot.broker.net(SBIN) == 0


def test_a_trade_book_that_lags_is_waited_for_and_not_for_ever(bot):
    bot.enter()
    stop = bot.broker.of(bot.tag(Purpose.STOP)).broker_id
    bot.broker.late_trades.add(stop)
    bot.tick(80_600)
    bot.run(2)
    assert not bot.trades
    bot.broker.late_trades.clear()
    bot.run(3)
    assert len(bot.trades) == 1
    bot.enter()
    bot.broker.late_trades.add(bot.broker.of(bot.tag(Purpose.STOP)).broker_id)
    bot.tick(80_600)
    bot.run(15)
    assert [trade.gross for trade in bot.trades] == [6_000, 6_000]


@pytest.mark.hazard("O8")
def test_a_change_refused_because_the_stop_has_filled_ends_well(bot):
    bot.enter()
    bot.broker.mute = True
    bot.broker.price(SBIN, 79_600)
    bot.feel(80_600)
    bot.run(10)
    (trade,) = bot.trades
    assert trade.gross == -4_000
    assert len(bot.of_kind(events.ChangeIntended)) == 1


@pytest.mark.hazard("O6", "O9")
def test_a_stop_that_is_resized_in_vain_is_not_resized_in_a_storm(bot):
    bot.tick(80_000, depth=5)
    bot.signal(Direction.LONG)
    bot.run(3)
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 2)
    bot.broker.price(SBIN, 80_000)
    bot.run(20)
    assert len(bot.of_kind(events.ChangeIntended)) == 2
    bot.run(5)
    assert not bot.position().unprotected_since


@pytest.mark.hazard("S15")
@SIDES
def test_a_stop_refused_because_the_price_is_through_it_becomes_an_exit(bot, direction, towards):
    bot.tick(80_000)
    bot.signal(direction)
    bot.run(0.55)
    bot.broker.price(SBIN, 80_000 - 700 * towards)
    bot.run(10)
    assert [trade.exit_reason for trade in bot.trades] == ["emergency_exit"]


@pytest.mark.hazard("S15", "S18")
def test_a_stop_refused_in_the_book_becomes_an_exit(bot):
    bot.broker.plans[Verb.PLACE].extend(["", "in_book"])
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(10)
    assert [trade.exit_reason for trade in bot.trades] == ["emergency_exit"]


def test_a_refused_stop_of_an_earlier_trade_says_nothing_about_the_next(bot):
    bot.broker.plans[Verb.PLACE].extend(["", "reject"])
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(10)
    assert len(bot.trades) == 1
    bot.enter()
    assert not bot.position().exit_reason


@pytest.mark.hazard("S8")
@pytest.mark.parametrize("fate", ["rate", "not_sent"])
def test_a_stop_that_the_line_refuses_is_sent_again_and_is_no_reason_to_leave(bot, fate):
    bot.broker.plans[Verb.PLACE].extend(["", fate, fate, fate])
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(10)
    assert len(bot.broker.open_exits(SBIN)) == 1
    assert not bot.of_kind(events.ExitDecided)
    assert len(bot.of_kind(events.OrderIntended)) == 5


@pytest.mark.hazard("A4")
def test_an_address_that_may_not_trade_rings_and_stops_entries(bot):
    bot.broker.plans[Verb.PLACE].append("forbidden")
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(5)
    assert bot.alarms == ["ORDERS_FORBIDDEN"]
    assert bot.kernel.state.level is SafetyLevel.NO_ENTRY


@pytest.mark.hazard("P9")
@pytest.mark.parametrize("fate", ["forbidden", "rate"])
def test_a_broker_that_refuses_every_order_is_asked_ever_more_rarely(bot, fate):
    bot.enter()
    bot.broker.plans[Verb.PLACE].extend([fate] * 1000)
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    before = len(bot.of_kind(events.OrderIntended))
    bot.run(1800)
    assert len(bot.of_kind(events.OrderIntended)) - before <= 1800 / 32 + 8
    bot.broker.plans[Verb.PLACE].clear()
    bot.run(40)
    assert bot.kernel.state.is_flat  # it was without a stop for too long; the first exit that gets through closes it


@pytest.mark.hazard("V3")
def test_a_network_that_comes_back_ends_the_pause_with_the_first_reading(bot):
    bot.enter()
    bot.broker.reachable = False
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    bot.give(events.OrderReported(at=bot.now, report=bot.broker.of(bot.tag(Purpose.STOP))))
    bot.run(120)
    bot.broker.reachable = True
    bot.run(8)
    assert bot.kernel.state.is_flat


@pytest.mark.hazard("A1")
def test_with_a_dead_token_nothing_is_sent_until_a_new_one_works(bot):
    bot.broker.plans[Verb.PLACE].extend(["", "auth"])
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(20)
    assert not bot.kernel.state.access
    assert len(bot.of_kind(events.OrderIntended)) == 2
    bot.give(events.AccessChanged(at=bot.now, valid=True, why="signed in"))
    bot.run(5)
    assert len(bot.broker.open_exits(SBIN)) == 1


@pytest.mark.hazard("A1")
def test_a_dead_token_is_asked_about_every_half_minute_and_not_more_often(bot):
    bot.enter()
    bot.broker.reachable, bot.broker.refuses_token = False, True
    bot.give(events.AccessChanged(at=bot.now, valid=False, why="order book: the broker refuses the token"))
    before = len(bot.readings)
    bot.run(600)
    assert 600 / 31 - 1 <= len(bot.readings) - before <= 600 / 30 + 1


@pytest.mark.hazard("V4", "V5")
def test_books_that_cannot_be_read_ring_once_and_stop_entries_until_they_can(bot):
    bot.enter(symbol=INFY)
    bot.broker.reachable = False
    bot.run(120)
    assert bot.alarms == ["BOOKS_UNREADABLE"]
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(1)
    assert [event.code for event in bot.of_kind(events.EntryRefused)] == ["NO_BOOKS"]
    bot.broker.reachable = True
    bot.run(10)
    assert not bot.kernel.state.books_failed
    bot.broker.reachable = False
    bot.run(40)
    assert bot.alarms == ["BOOKS_UNREADABLE"] * 2
