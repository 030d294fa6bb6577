"""Stories in which the broker, the line or the process fails; the rules of the house hold in all of them."""

import pytest

from core import events
from core.events import SafetyLevel, Verb
from core.instants import SECOND
from core.orders import OrderStatus, OrderType, Purpose
from core.signals import Direction
from core.tracking import OrderState

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
SIDES = pytest.mark.parametrize(
    ("direction", "towards"), [(Direction.LONG, 1), (Direction.SHORT, -1)], ids=["long", "short"]
)


def codes(bot) -> list[str]:
    return [event.code for event in bot.of_kind(events.Alarm)]


def finish(bot, towards: int = 1) -> None:
    """Let the target be hit and the trade be closed."""
    bot.tick(80_600 * (towards == 1) + 79_400 * (towards == -1))
    bot.run(15)
    assert bot.kernel.state.is_flat


# --- answers that are lost ------------------------------------------------------------------------------------------


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


def test_a_stop_that_never_arrived_ends_the_position_once_that_is_proven(bot):
    bot.broker.plans[Verb.PLACE].extend(["", "never"])
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(29)
    assert not bot.of_kind(events.ExitDecided)
    bot.run(40)
    assert codes(bot) == ["UNPROTECTED"]
    assert [trade.exit_reason for trade in bot.trades] == ["emergency_exit"]
    assert bot.kernel.state.is_flat


def test_the_deadline_of_an_earlier_naked_spell_does_not_count_for_a_later_one(bot):
    bot.tick(80_000, depth=5)
    bot.broker.plans[Verb.PLACE].extend(["", "not_sent"])
    bot.signal(Direction.LONG)
    bot.run(18)
    assert not bot.position().unprotected_since
    bot.broker.plans[Verb.MODIFY].append("reject")
    bot.broker.price(SBIN, 80_000)
    bot.run(13.5)
    assert not codes(bot)
    bot.run(20)
    assert not bot.position().unprotected_since


@pytest.mark.parametrize("fate", ["lost", "never", "noop", "reject", "rate", "not_sent"])
def test_an_exit_whose_change_goes_wrong_is_worked_until_it_is_done(bot, fate):
    bot.enter()
    bot.broker.plans[Verb.MODIFY].append(fate)
    bot.tick(80_600)
    bot.run(20)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]
    assert bot.kernel.state.is_flat


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


@pytest.mark.parametrize("fate", ["not_sent", "reject", "never"])
def test_when_the_broker_does_not_close_it_either_the_ladder_begins_again(bot, fate):
    bot.enter()
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 50)
    bot.broker.plans[Verb.EXIT].append(fate)
    bot.tick(80_600)
    bot.run(60)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]
    assert bot.broker.net(SBIN) == 0


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


def test_a_change_refused_because_the_stop_has_filled_ends_well(bot):
    bot.enter()
    bot.broker.mute = True
    bot.broker.price(SBIN, 79_600)
    bot.feel(80_600)
    bot.run(10)
    (trade,) = bot.trades
    assert trade.gross == -4_000
    assert len(bot.of_kind(events.ChangeIntended)) == 1


def test_a_stop_that_is_resized_in_vain_is_not_resized_in_a_storm(bot):
    bot.tick(80_000, depth=5)
    bot.signal(Direction.LONG)
    bot.run(3)
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 2)
    bot.broker.price(SBIN, 80_000)
    bot.run(25)
    assert len(bot.of_kind(events.ChangeIntended)) == 3
    assert not bot.position().unprotected_since


# --- refusals -------------------------------------------------------------------------------------------------------


@SIDES
def test_a_stop_refused_because_the_price_is_through_it_becomes_an_exit(bot, direction, towards):
    bot.tick(80_000)
    bot.signal(direction)
    bot.run(0.55)
    bot.broker.price(SBIN, 80_000 - 700 * towards)
    bot.run(10)
    assert [trade.exit_reason for trade in bot.trades] == ["emergency_exit"]


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


@pytest.mark.parametrize("fate", ["rate", "not_sent"])
def test_a_stop_that_the_line_refuses_is_sent_again_and_is_no_reason_to_leave(bot, fate):
    bot.broker.plans[Verb.PLACE].extend(["", fate, fate, fate])
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(10)
    assert len(bot.broker.open_exits(SBIN)) == 1
    assert not bot.of_kind(events.ExitDecided)
    assert len(bot.of_kind(events.OrderIntended)) == 5


def test_an_address_that_may_not_trade_rings_and_stops_entries(bot):
    bot.broker.plans[Verb.PLACE].append("forbidden")
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(5)
    assert codes(bot) == ["ORDERS_FORBIDDEN"]
    assert bot.kernel.state.level is SafetyLevel.NO_ENTRY


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


# --- the line and the process ---------------------------------------------------------------------------------------


@SIDES
def test_with_a_mute_order_socket_the_books_are_enough(bot, direction, towards):
    bot.broker.mute = True
    bot.tick(80_000)
    bot.signal(direction)
    bot.run(15)
    assert not bot.position().unprotected_since
    finish(bot, towards)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]


def test_reports_told_twice_and_backwards_change_nothing(bot):
    bot.enter()
    told = [event.report for event in bot.of_kind(events.OrderReported)]
    for report in [*reversed(told), *told]:
        bot.give(events.OrderReported(at=bot.now, report=report))
    bot.run(5)
    assert bot.position().quantity == 10
    assert len(bot.broker.open_exits(SBIN)) == 1
    finish(bot)


def test_while_the_broker_is_out_of_reach_the_position_waits_and_is_looked_after_later(bot):
    bot.enter()
    bot.broker.reachable = False
    bot.tick(80_600)
    bot.run(60)
    assert bot.position().quantity == 10
    bot.broker.reachable = True
    bot.run(15)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]
    assert not bot.of_kind(events.PositionExitIntended)


def test_no_entry_before_the_books_could_be_read(bot):
    bot.kill()
    bot.broker.reachable = False
    bot.start()
    bot.run(60)
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(2)
    assert [event.code for event in bot.of_kind(events.EntryRefused)] == ["NOT_RECONCILED"]


def test_a_reading_that_never_comes_back_is_begun_again(bot):
    read_so_far = len(bot.readings)
    bot.run(61)
    bot.agenda.clear()
    bot._reading = False
    bot.run(130)
    assert len(bot.readings) > read_so_far + 2


@SIDES
@pytest.mark.parametrize("moment", range(1, 24))
def test_a_bot_killed_at_any_moment_goes_on_where_it_was(bot, direction, towards, moment):
    bot.tick(80_000)
    bot.signal(direction)
    bot.run(moment / 10)
    bot.kill()
    bot.run(30)
    bot.start()
    bot.run(75)
    if bot.kernel.state.positions:
        assert not bot.position().unprotected_since
        finish(bot, towards)
        assert [trade.exit_reason for trade in bot.trades] == ["target"]
    assert bot.kernel.state.is_flat
    assert bot.broker.net(SBIN) == 0
    assert not codes(bot)


@pytest.mark.parametrize("moment", range(1, 16))
def test_a_bot_killed_during_its_exit_ends_it(bot, moment):
    bot.enter()
    bot.broker.depth[SBIN] = 0
    bot.feel(80_600)
    bot.run(moment / 5)
    bot.kill()
    bot.run(20)
    bot.tick(80_600)
    bot.start()
    bot.feel(80_600)
    bot.run(60)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]
    assert bot.broker.net(SBIN) == 0


def test_a_restart_that_took_long_gives_the_stop_its_full_time(bot):
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(0.8)
    bot.kill()
    bot.run(600)
    bot.start()
    bot.run(20)
    assert not bot.of_kind(events.ExitDecided)


def test_a_restart_in_the_square_off_goes_on_with_it(bot):
    bot.enter()
    bot.run_to(15, 4)
    bot.kill()
    bot.run_to(15, 7)
    bot.start()
    bot.tick(80_000)
    bot.run(20)
    assert [trade.exit_reason for trade in bot.trades] == ["square_off"]


# --- others on the account ------------------------------------------------------------------------------------------


@SIDES
def test_a_position_with_our_tags_is_adopted_by_a_bot_with_a_new_log(bot, restart_without_log, direction, towards):
    bot.enter(direction)
    new = restart_without_log(bot)
    new.run(10)
    assert new.position().quantity == 10
    assert len(new.broker.open_exits(SBIN)) == 1
    assert new.position().stop == 80_000 - 400 * towards
    new.tick(80_000 + 600 * towards)
    new.run(10)
    assert [trade.exit_reason for trade in new.trades] == ["target"]


def test_an_adopted_position_without_a_stop_gets_one(bot, restart_without_log):
    bot.enter()
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    new = restart_without_log(bot)
    new.run(10)
    (stop,) = new.broker.open_exits(SBIN)
    assert (stop.quantity, stop.trigger_price) == (10, 79_200)


def test_an_entry_and_a_stop_left_behind_by_a_lost_log_are_cancelled(bot, restart_without_log):
    bot.tick(80_000, depth=0)
    bot.signal(Direction.LONG)
    bot.run(2)
    new = restart_without_log(bot)
    new.run(60)
    assert new.kernel.state.is_flat
    assert not [order for order in new.broker.book.values() if order.status is OrderStatus.PENDING]


def test_somebody_elses_position_blocks_the_symbol_and_is_left_alone(bot):
    bot.tick(80_000)
    bot.broker.by_hand(SBIN, Direction.LONG.side, 7)
    bot.run(70)
    assert SBIN in bot.kernel.state.blocked
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(5)
    assert [event.code for event in bot.of_kind(events.EntryRefused)] == ["SYMBOL_BLOCKED"]
    bot.run_to(15, 12)
    assert bot.broker.net(SBIN) == 7
    assert bot.of_kind(events.FlatVerified)


def test_a_position_bought_by_hand_after_our_trade_is_not_taken_for_ours(bot):
    bot.enter()
    finish(bot)
    bot.broker.by_hand(SBIN, Direction.LONG.side, 7)
    bot.run(70)
    assert not bot.of_kind(events.PositionAdopted)
    assert SBIN in bot.kernel.state.blocked


@SIDES
def test_shares_added_by_hand_are_left_and_ours_are_managed(bot, direction, towards):
    bot.enter(direction)
    bot.broker.by_hand(SBIN, direction.side, 5)
    bot.run(30)
    assert codes(bot) == ["POSITION_DIFFERS"]
    bot.tick(80_000 + 600 * towards)
    bot.run(20)
    assert [trade.quantity for trade in bot.trades] == [10]
    assert bot.broker.net(SBIN) == 5 * towards


@SIDES
def test_a_position_closed_by_hand_is_booked_at_the_price_it_fetched(bot, direction, towards):
    bot.enter(direction)
    bot.broker.prices[SBIN] = 80_300
    bot.broker.by_hand(SBIN, direction.side.opposite, 10)
    bot.run(30)
    (trade,) = bot.trades
    assert trade.exit_reason == "closed_at_broker"
    assert trade.gross == 3_000 * towards
    assert not bot.broker.open_exits(SBIN)
    assert bot.broker.net(SBIN) == 0
    assert codes(bot) == ["CLOSED_ELSEWHERE"]


@SIDES
def test_a_position_closed_by_hand_in_part_keeps_a_stop_for_the_rest_only(bot, direction, towards):
    bot.enter(direction)
    bot.broker.by_hand(SBIN, direction.side.opposite, 6)
    bot.run(30)
    (stop,) = bot.broker.open_exits(SBIN)
    assert stop.quantity == 4
    assert not bot.position().exit_reason
    bot.tick(80_000 + 600 * towards)
    bot.run(20)
    assert bot.broker.net(SBIN) == 0
    assert [trade.quantity for trade in bot.trades] == [10]


def test_a_position_flipped_by_hand_is_closed_for_us_and_blocked(bot):
    bot.enter()
    bot.broker.by_hand(SBIN, Direction.SHORT.side, 15)
    bot.run(60)
    assert [trade.quantity for trade in bot.trades] == [10]
    assert bot.broker.net(SBIN) == -5
    assert SBIN in bot.kernel.state.blocked


def test_a_blocked_symbol_closed_by_hand_loses_its_stop(bot):
    bot.enter()
    bot.broker.by_hand(SBIN, Direction.LONG.side, 5)
    bot.run(30)
    bot.broker.by_hand(SBIN, Direction.SHORT.side, 15)
    bot.run(30)
    assert not bot.broker.open_exits(SBIN)
    assert len(bot.trades) == 1


def test_a_stop_cancelled_by_hand_is_placed_again(bot):
    bot.enter()
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    bot.run(5)
    (stop,) = bot.broker.open_exits(SBIN)
    assert stop.type is OrderType.STOP_LIMIT


def test_more_sold_than_held_freezes_the_bot(bot):
    bot.enter()
    stop = bot.broker.of(bot.tag(Purpose.STOP))
    bot.broker.foreign.add(SBIN)
    bot.broker.prices[SBIN] = 79_600
    bot.broker._fill(stop.broker_id, 12)
    bot.run(10)
    assert codes(bot) == ["POSITION_FLIPPED"]
    assert bot.kernel.state.level is SafetyLevel.FREEZE
    bot.run(60 * 5 * SECOND // SECOND)
    assert len(bot.of_kind(events.LevelChanged)) == 1
