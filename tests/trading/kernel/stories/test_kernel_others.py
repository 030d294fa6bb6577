"""Stories in which somebody else trades on the account, or a log was lost."""

from dataclasses import replace

import pytest

from core import events
from core.charges import ChargeRates
from core.events import SafetyLevel, Verb
from core.instants import SECOND
from core.orders import OrderStatus, OrderType, Purpose
from core.signals import Direction
from core.tags import order_tag

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
SIDES = pytest.mark.parametrize(
    ("direction", "towards"), [(Direction.LONG, 1), (Direction.SHORT, -1)], ids=["long", "short"]
)


def finish(bot, towards: int = 1) -> None:
    """Let the target be hit and the trade be closed."""
    bot.tick(80_600 * (towards == 1) + 79_400 * (towards == -1))
    bot.run(15)
    assert bot.kernel.state.is_flat


@pytest.mark.hazard("P8")
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


@pytest.mark.hazard("P8")
def test_an_adopted_position_without_a_stop_gets_one(bot, restart_without_log):
    bot.enter()
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    new = restart_without_log(bot)
    new.run(10)
    (stop,) = new.broker.open_exits(SBIN)
    assert (stop.quantity, stop.trigger_price) == (10, 79_200)


@pytest.mark.hazard("P3")
def test_an_entry_and_a_stop_left_behind_by_a_lost_log_are_cancelled(bot, restart_without_log):
    bot.tick(80_000, depth=0)
    bot.signal(Direction.LONG)
    bot.run(2)
    new = restart_without_log(bot)
    new.run(60)
    assert new.kernel.state.is_flat
    assert not [order for order in new.broker.book.values() if order.status is OrderStatus.PENDING]


@pytest.mark.hazard("O11")
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


@pytest.mark.hazard("O11")
@SIDES
@pytest.mark.parametrize("is_read", [False, True], ids=["heard of", "read once"])
def test_nothing_is_entered_against_shares_of_others_that_do_not_block_the_symbol_yet(bot, direction, towards, is_read):
    bot.tick(80_000)
    bot.run(5)
    bot.broker.by_hand(SBIN, direction.side.opposite, 7)
    bot.run(0.5)
    while is_read and not bot.kernel.state.books.positions:
        bot.run(0.5)
    bot.tick(80_000)
    bot.signal(direction)
    bot.run(1)
    assert [event.code for event in bot.of_kind(events.EntryRefused)] == ["STRAY_SHARES"]
    assert bot.broker.net(SBIN) == -7 * towards


@pytest.mark.hazard("O11")
def test_shares_that_others_bought_and_sold_again_hold_back_an_entry_until_the_next_reading(bot):
    bot.tick(80_000)
    bot.run(5)
    bot.broker.by_hand(SBIN, Direction.LONG.side, 7)
    bot.broker.by_hand(SBIN, Direction.SHORT.side, 7)
    bot.run(1)
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(70)
    bot.enter()
    assert [event.code for event in bot.of_kind(events.EntryRefused)] == ["STRAY_SHARES"]
    assert bot.position().quantity == 10


@pytest.mark.hazard("O11", "P6")
def test_a_position_bought_by_hand_after_our_trade_is_not_taken_for_ours(bot):
    bot.enter()
    finish(bot)
    bot.broker.by_hand(SBIN, Direction.LONG.side, 7)
    bot.run(70)
    assert not bot.of_kind(events.PositionAdopted)
    assert SBIN in bot.kernel.state.blocked


@pytest.mark.hazard("O11")
@SIDES
def test_shares_added_by_hand_are_left_and_ours_are_managed(bot, direction, towards):
    bot.enter(direction)
    bot.broker.by_hand(SBIN, direction.side, 5)
    bot.run(30)
    assert bot.alarms == ["POSITION_DIFFERS"]
    bot.tick(80_000 + 600 * towards)
    bot.run(20)
    assert [trade.quantity for trade in bot.trades] == [10]
    assert bot.broker.net(SBIN) == 5 * towards


@pytest.mark.hazard("P7")
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
    assert bot.alarms == ["CLOSED_ELSEWHERE"]


@pytest.mark.hazard("P7")
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


@pytest.mark.hazard("P7")
def test_a_position_flipped_by_hand_is_closed_for_us_and_blocked(bot):
    bot.enter()
    bot.broker.by_hand(SBIN, Direction.SHORT.side, 15)
    bot.run(60)
    assert [trade.quantity for trade in bot.trades] == [10]
    assert bot.broker.net(SBIN) == -5
    assert SBIN in bot.kernel.state.blocked


@pytest.mark.hazard("P3")
def test_a_blocked_symbol_closed_by_hand_loses_its_stop(bot):
    bot.enter()
    bot.broker.by_hand(SBIN, Direction.LONG.side, 5)
    bot.run(30)
    bot.broker.by_hand(SBIN, Direction.SHORT.side, 15)
    bot.run(30)
    assert not bot.broker.open_exits(SBIN)
    assert len(bot.trades) == 1


@pytest.mark.hazard("P1")
def test_a_stop_cancelled_by_hand_is_placed_again(bot):
    bot.enter()
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    bot.run(5)
    (stop,) = bot.broker.open_exits(SBIN)
    assert stop.type is OrderType.STOP_LIMIT


@pytest.mark.hazard("P7")
@SIDES
def test_a_hand_that_trades_into_our_exit_blocks_its_symbol_and_leaves_the_others_their_protection(
    bot, direction, towards
):
    bot.enter(direction)
    stop = bot.broker.of(bot.tag(Purpose.STOP))
    bot.enter(symbol=INFY)
    bot.broker.by_hand(SBIN, direction.side.opposite, 6)
    bot.run(30)
    assert bot.position().quantity == 4
    bot.broker.prices[SBIN] = 80_000 - 400 * towards
    bot.broker._fill(stop.broker_id, 9)
    bot.broker._change(stop.broker_id, status=OrderStatus.FILLED)
    bot.run(120)
    assert bot.alarms.count("POSITION_FLIPPED") == 1
    assert bot.kernel.state.level is SafetyLevel.NO_ENTRY
    assert SBIN in bot.kernel.state.blocked
    assert bot.broker.net(SBIN) == -5 * towards
    bot.tick(80_600, INFY)
    bot.run(20)
    assert bot.broker.net(INFY) == 0
    bot.broker.by_hand(SBIN, direction.side, 5)
    bot.run(180)
    assert {trade.symbol for trade in bot.trades} == {SBIN, INFY}
    assert SBIN not in bot.kernel.state.blocked


def test_more_sold_than_held_freezes_the_bot(bot):
    bot.enter()
    stop = bot.broker.of(bot.tag(Purpose.STOP))
    bot.broker.foreign.add(SBIN)
    bot.broker.prices[SBIN] = 79_600
    bot.broker._fill(stop.broker_id, 12)
    bot.run(10)
    assert bot.alarms == ["POSITION_FLIPPED"]
    assert bot.kernel.state.level is SafetyLevel.FREEZE
    bot.run(60 * 5 * SECOND // SECOND)
    assert len(bot.of_kind(events.LevelChanged)) == 1


@pytest.mark.hazard("T8")
@SIDES
def test_a_position_converted_to_another_product_stays_ours_and_gets_a_stop_of_that_product(bot, direction, towards):
    bot.enter(direction)
    old = bot.tag(Purpose.STOP)
    bot.broker.fills = [replace(fill, product="MARGIN") for fill in bot.broker.fills]
    bot.house.check_broker = lambda: None  # it looks at the intraday position only
    bot.run(40)
    assert bot.alarms == ["PRODUCT_CONVERTED"]
    assert bot.broker.of(old).status is OrderStatus.CANCELLED
    (stop,) = bot.broker.open_exits(SBIN)
    assert (stop.product, stop.quantity) == ("MARGIN", 10)
    assert not bot.position().unprotected_since
    bot.tick(80_000 + 600 * towards)
    bot.run(20)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]
    assert bot.broker.net(SBIN, "MARGIN") == 0


@pytest.mark.hazard("T8")
def test_a_part_that_was_converted_leaves_at_its_entry_price_and_the_rest_keeps_its_stop(bot):
    bot.enter()
    (fill,) = bot.broker.fills
    bot.broker.fills = [replace(fill, quantity=6), replace(fill, quantity=4, product="CNC", trade_number="conversion")]
    bot.broker.foreign.add(SBIN)
    bot.run(60)
    assert [event.quantity for event in bot.of_kind(events.PositionAdjusted)] == [4]
    assert [stop.quantity for stop in bot.broker.open_exits(SBIN)] == [6]


@pytest.mark.hazard("T8")
def test_delivery_shares_that_somebody_bought_are_not_taken_for_a_conversion(bot):
    bot.enter()
    bot.broker.by_hand(SBIN, Direction.LONG.side, 10, "CNC")
    bot.broker.fills = [fill for fill in bot.broker.fills if fill.product == "CNC"]
    bot.run(120)
    assert not bot.of_kind(events.PositionRekeyed)
    assert bot.alarms == ["POSITION_DIFFERS"]


@pytest.mark.hazard("S6", "P11")
@SIDES
def test_an_empty_position_book_is_no_evidence_and_the_stop_stays(bot, direction, towards):
    bot.enter(direction)
    bot.broker.no_positions = True
    bot.run(600)
    (stop,) = bot.broker.open_exits(SBIN)
    assert (stop.quantity, stop.status) == (10, OrderStatus.PENDING)
    assert bot.alarms == ["POSITION_DIFFERS"]
    assert len(bot.readings) < 600 / 3
    bot.broker.no_positions = False
    bot.tick(80_000 + 600 * towards)
    bot.run(20)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]


@SIDES
def test_a_hand_close_is_booked_right_when_the_books_begin_with_the_newest(bot, direction, towards):
    bot.broker.newest_first = True
    bot.tick(79_000)
    bot.broker.by_hand(SBIN, direction.side, 10)
    bot.broker.by_hand(SBIN, direction.side.opposite, 10)
    bot.run(70)
    bot.enter(direction)
    bot.broker.prices[SBIN] = 80_300
    bot.broker.by_hand(SBIN, direction.side.opposite, 10)
    bot.run(30)
    assert [trade.gross for trade in bot.trades] == [3_000 * towards]


def test_a_hand_close_that_only_the_order_book_shows_is_booked_at_its_average(bot):
    bot.enter()
    bot.broker.prices[SBIN] = 80_300
    bot.broker.by_hand(SBIN, Direction.SHORT.side, 10)
    bot.broker.late_trades.add(max(bot.broker.book))
    bot.run(30)
    assert [trade.gross for trade in bot.trades] == [3_000]


def test_an_entry_that_the_trade_book_shows_first_is_protected_at_once(bot):
    bot.broker.mute = True
    bot.broker.plans[Verb.PLACE].append("lost")
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(0.3)
    bot.broker.late_orders.update(bot.broker.book)
    bot.run(10)
    (stop,) = bot.broker.open_exits(SBIN)
    assert stop.quantity == 10
    assert not bot.kernel.state.blocked


def test_brokerage_is_counted_for_each_order_that_an_exit_took(rehearse):
    flat_fee = ChargeRates(
        brokerage=10_000_000, brokerage_cap=2_000, stt_buy=0, stt_sell=0, exchange=0, sebi=0, ipft=0, stamp_buy=0,
        gst_percent=0,
    )  # fmt: skip
    bot = rehearse(charges=flat_fee)
    bot.enter()
    bot.broker.by_hand(SBIN, Direction.SHORT.side, 6)
    bot.run(30)
    bot.tick(80_600)
    bot.run(20)
    assert [trade.charges for trade in bot.trades] == [3 * 2_000]


@pytest.mark.hazard("O7")
@SIDES
def test_of_two_orders_that_would_close_the_position_the_newer_is_cancelled(bot, direction, towards):
    bot.enter(direction)
    stop, state = bot.broker.of(bot.tag(Purpose.STOP)), bot.kernel.state
    second = order_tag(bot.day.date, state.log_id, state.boot, 999, Purpose.STOP)
    report = replace(stop, tag=second, broker_id="26010600999999")  # what a change became
    step = bot.kernel.handle(events.OrderReported(at=bot.now, report=report))
    (effect,) = step.effects
    assert (type(effect), effect.tag) == (events.CancelIntended, second)
