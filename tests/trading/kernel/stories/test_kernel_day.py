"""Whole stories of a day: from the signal to the verified flat trade, long and short."""

from datetime import timedelta

import pytest

from core import events
from core.charges import ChargeRates
from core.events import Command, SafetyLevel, Verb
from core.instants import SECOND
from core.orders import OrderStatus, OrderType, Product, Purpose
from core.signals import Direction

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
SIDES = pytest.mark.parametrize(
    ("direction", "towards"), [(Direction.LONG, 1), (Direction.SHORT, -1)], ids=["long", "short"]
)


@pytest.mark.hazard("P1")
@SIDES
def test_an_entry_gets_a_resting_stop_of_its_size(bot, direction, towards):
    bot.enter(direction)
    (stop,) = bot.broker.open_exits(SBIN)
    assert stop.type is OrderType.STOP_LIMIT
    assert stop.quantity == 10
    assert stop.side is direction.side.opposite
    assert (80_000 - stop.trigger_price) * towards == 400
    assert (stop.trigger_price - stop.limit_price) * towards > 0


@pytest.mark.hazard("P2", "P5")
@SIDES
def test_a_hit_target_turns_the_stop_into_the_exit(bot, direction, towards):
    bot.enter(direction)
    bot.tick(80_000 + 600 * towards)
    bot.run(5)
    (trade,) = bot.trades
    assert trade.exit_reason == "target"
    assert trade.gross == 10 * 600
    assert trade.charges > 0
    assert len(bot.of_kind(events.OrderIntended)) == 2
    assert bot.kernel.state.is_flat


@SIDES
def test_the_resting_stop_does_its_work_without_us(bot, direction, towards):
    bot.enter(direction)
    bot.tick(80_000 - 400 * towards)
    bot.run(5)
    (trade,) = bot.trades
    assert trade.exit_reason == "stop_loss"
    assert trade.gross == -10 * 400
    assert not bot.of_kind(events.ChangeIntended)


@pytest.mark.hazard("S16", "P4")
@SIDES
def test_a_stop_that_jumps_over_its_limit_is_chased(bot, direction, towards):
    bot.enter(direction)
    bot.broker.depth[SBIN] = 0
    bot.tick(80_000 - 2_000 * towards)
    assert not bot.trades
    bot.run(6)
    (trade,) = bot.trades
    assert trade.exit_reason == "stop_loss"
    assert bot.of_kind(events.ChangeIntended)


@pytest.mark.hazard("O5")
@SIDES
def test_a_stop_that_filled_in_part_goes_on_covering_the_rest(bot, direction, towards):
    bot.enter(direction)
    bot.tick(80_000 - 400 * towards, depth=4)
    bot.run(1)
    assert bot.position().quantity == 6
    (rest,) = bot.broker.open_exits(SBIN)
    assert rest.quantity - rest.filled == 6
    bot.tick(80_000)
    bot.run(10)
    (trade,) = bot.trades
    assert trade.quantity == 10
    assert len(bot.of_kind(events.OrderIntended)) == 2


@pytest.mark.hazard("O5")
@SIDES
def test_a_partial_entry_is_covered_share_by_share_and_its_rest_cancelled(bot, direction, towards):
    bot.tick(80_000, depth=3)
    bot.signal(direction)
    bot.run(3)
    (stop,) = bot.broker.open_exits(SBIN)
    assert stop.quantity == 3
    bot.tick(80_000, depth=4)
    bot.run(3)
    (stop,) = bot.broker.open_exits(SBIN)
    assert stop.quantity == 7
    bot.tick(80_000, depth=0)
    bot.run(30)
    assert bot.broker.of(bot.tag(Purpose.ENTRY)).status is OrderStatus.CANCELLED
    assert bot.position().quantity == 7
    bot.tick(80_000 + 600 * towards)
    bot.run(5)
    assert [trade.quantity for trade in bot.trades] == [7]


def test_an_entry_that_nobody_takes_is_cancelled_in_time(bot):
    bot.tick(80_000, depth=0)
    bot.signal(Direction.LONG)
    bot.run(19)
    assert not bot.of_kind(events.CancelIntended)
    bot.run(5)
    assert bot.broker.of(bot.tag(Purpose.ENTRY)).status is OrderStatus.CANCELLED
    assert bot.kernel.state.is_flat


@pytest.mark.hazard("O4")
def test_a_lost_cancel_of_an_entry_is_asked_for_again(bot):
    bot.tick(80_000, depth=0)
    bot.signal(Direction.LONG)
    bot.broker.plans[Verb.CANCEL].extend(["never", "not_sent"])
    bot.run(60)
    assert bot.broker.of(bot.tag(Purpose.ENTRY)).status is OrderStatus.CANCELLED
    assert len(bot.of_kind(events.CancelIntended)) == 3


@pytest.mark.hazard("O4")
def test_an_entry_that_fills_while_it_is_cancelled_is_protected(bot):
    bot.tick(80_000, depth=0)
    bot.signal(Direction.LONG)
    bot.run(20.3)
    assert bot.of_kind(events.CancelIntended)
    bot.broker.price(SBIN, 80_000)
    bot.run(3)
    assert bot.position().quantity == 10
    assert len(bot.broker.open_exits(SBIN)) == 1


@pytest.mark.hazard("P13")
def test_entries_that_arrive_after_the_exit_began_are_closed_too(bot):
    bot.tick(80_000, depth=5)
    bot.signal(Direction.LONG)
    bot.run(2)
    bot.broker.plans[Verb.CANCEL].append("never")
    bot.feel(80_600)
    bot.run(0.1)
    bot.broker.price(SBIN, 80_000)
    bot.run(15)
    (trade,) = bot.trades
    assert trade.quantity == 10
    assert bot.kernel.state.is_flat


@pytest.mark.hazard("P3")
def test_what_fills_after_the_trade_was_closed_is_a_new_position(bot):
    bot.tick(80_000, depth=5)
    bot.signal(Direction.LONG)
    bot.run(2)
    bot.tick(80_600, depth=10)
    bot.run(5)
    assert [trade.quantity for trade in bot.trades] == [5]
    entry = bot.broker.of(bot.tag(Purpose.ENTRY))
    bot.broker.prices[SBIN] = 80_600
    bot.broker._fill(entry.broker_id, 5)
    bot.run(5)
    assert bot.position().quantity == 5
    assert len(bot.broker.open_exits(SBIN)) == 1


def test_several_symbols_are_traded_side_by_side(bot):
    bot.enter(Direction.LONG)
    bot.enter(Direction.SHORT, symbol=INFY)
    bot.tick(79_400, INFY)
    bot.tick(80_600, SBIN)
    bot.run(5)
    assert {trade.symbol: trade.exit_reason for trade in bot.trades} == {SBIN: "target", INFY: "target"}


@pytest.mark.hazard("T6")
def test_no_entry_is_proposed_after_the_last_entry_time(bot):
    bot.run_to(14, 45)
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(1)
    assert [event.code for event in bot.of_kind(events.EntryRefused)] == ["ENTRIES_CLOSED"]


def test_an_entry_still_resting_at_the_last_entry_time_is_cancelled(bot):
    bot.run_to(14, 44, 50)
    bot.tick(80_000, depth=0)
    bot.signal(Direction.LONG)
    bot.run_to(14, 45, 2)
    assert bot.broker.of(bot.tag(Purpose.ENTRY)).status is OrderStatus.CANCELLED


@pytest.mark.hazard("T6", "P13")
@SIDES
def test_the_square_off_closes_what_is_open_and_the_books_prove_it(bot, direction, towards):
    bot.enter(direction)
    bot.run_to(15, 4, 59)
    assert not bot.trades
    bot.tick(80_100)
    bot.run_to(15, 5, 10)
    (trade,) = bot.trades
    assert trade.exit_reason == "square_off"
    assert not bot.of_kind(events.FlatVerified)
    bot.run_to(15, 10, 10)
    assert len(bot.of_kind(events.FlatVerified)) == 1
    assert not bot.of_kind(events.Alarm)


def test_an_entry_that_fills_after_the_square_off_began_is_closed_too(bot):
    bot.run_to(14, 44, 58)
    bot.tick(80_000, depth=0)
    bot.signal(Direction.LONG)
    bot.broker.plans[Verb.CANCEL].extend(["never"] * 200)
    bot.run_to(15, 5, 30)
    bot.tick(80_000)
    bot.run(10)
    assert [trade.exit_reason for trade in bot.trades] == ["square_off"]


@pytest.mark.hazard("T6", "P13")
def test_what_cannot_be_closed_by_the_flat_check_rings_once(bot):
    bot.enter()
    bot.run_to(15, 4, 59)
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 1000)
    bot.broker.plans[Verb.PLACE].extend(["reject"] * 1000)
    bot.broker.plans[Verb.EXIT].extend(["reject"] * 1000)
    bot.run_to(15, 12)
    assert bot.alarms.count("NOT_FLAT") == 1
    assert not bot.of_kind(events.FlatVerified)


@pytest.mark.hazard("P14")
@SIDES
def test_in_a_market_that_stands_at_its_band_the_exit_keeps_its_place_until_it_is_taken(bot, direction, towards):
    edge = 80_000 - 16_000 * towards
    bot.run_to(14, 40)
    bot.enter(direction)
    bot.tick(edge, depth=0)
    bot.run(30)
    (resting,) = bot.broker.open_exits("NSE:SBIN-EQ")
    assert (resting.type, resting.limit_price) == (OrderType.LIMIT, edge)
    sent = len(bot.of_kind(events.ChangeIntended))
    bot.run_to(15, 12)
    assert bot.broker.open_exits("NSE:SBIN-EQ") == [resting]
    assert len(bot.of_kind(events.ChangeIntended)) == sent
    assert not bot.of_kind(events.PositionExitIntended)
    assert bot.alarms == ["EXIT_LOCKED", "NOT_FLAT"]
    bot.tick(edge + 100 * towards)
    bot.run(10)
    assert [trade.exit_reason for trade in bot.trades] == ["stop_loss"]


@pytest.mark.hazard("P14")
def test_below_the_band_we_know_the_ladder_goes_on(bot):
    bot.enter()
    bot.tick(64_000, depth=0)
    bot.run(30)
    bot.tick(63_000, depth=0)
    bot.run(60)
    assert bot.of_kind(events.PositionExitIntended)


@pytest.mark.hazard("P12")
def test_the_loss_limit_closes_everything_and_stays(rehearse):
    bot = rehearse(max_loss=5_000)
    bot.enter(Direction.LONG)
    bot.enter(Direction.SHORT, symbol=INFY)
    bot.tick(79_700, SBIN)
    bot.tick(80_300, INFY)
    bot.run(5)
    assert bot.kernel.state.level is SafetyLevel.FLATTEN
    assert [trade.exit_reason for trade in bot.trades] == ["force_exit", "force_exit"]
    bot.run_to(11, 0)
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(1)
    assert bot.of_kind(events.EntryRefused)[-1].code == "SAFETY_LEVEL"
    assert len(bot.of_kind(events.LevelChanged)) == 1


@pytest.mark.hazard("P13")
def test_an_entry_that_fills_after_flatten_is_closed_too(bot):
    bot.tick(80_000, depth=0)
    bot.signal(Direction.LONG)
    bot.run(1)
    bot.broker.plans[Verb.CANCEL].append("never")
    bot.give(events.CommandGiven(at=bot.now, command=Command.FLATTEN, why="test"))
    bot.run(1)
    bot.tick(80_000)
    bot.run(5)
    assert [trade.exit_reason for trade in bot.trades] == ["force_exit"]


def test_a_careful_command_never_lowers_the_level(bot):
    for command in (Command.FLATTEN, Command.HALT, Command.FLATTEN):
        bot.give(events.CommandGiven(at=bot.now, command=command, why="test"))
    assert bot.kernel.state.level is SafetyLevel.FLATTEN
    bot.run(5)  # two readings prove that all is closed
    bot.give(events.CommandGiven(at=bot.now, command=Command.RESUME, why="test"))
    bot.give(events.CommandGiven(at=bot.now, command=Command.RESUME, why="test"))
    assert bot.kernel.state.level is SafetyLevel.RUN
    assert len(bot.of_kind(events.LevelChanged)) == 2


@pytest.mark.hazard("R4")
def test_a_stop_of_the_bot_leaves_the_stop_at_the_broker(bot):
    bot.enter()
    bot.give(events.CommandGiven(at=bot.now, command=Command.STOP, why="signal"))
    bot.run(5)
    assert len(bot.broker.open_exits(SBIN)) == 1
    assert not bot.of_kind(events.ExitDecided)


def test_a_stop_that_flattens_latches_nothing(bot):
    bot.enter()
    bot.give(events.CommandGiven(at=bot.now, command=Command.STOP_FLAT, why="signal"))
    bot.run(5)
    assert bot.kernel.state.is_flat
    bot.kill()
    bot.start()
    bot.run(5)
    assert bot.kernel.state.level is SafetyLevel.RUN
    bot.enter()


@pytest.mark.hazard("S9")
def test_the_books_are_not_read_in_a_storm(bot):
    bot.enter()
    bot.tick(80_600)
    bot.run(60)
    gaps = [later - earlier for earlier, later in zip(bot.readings, bot.readings[1:], strict=False)]
    assert min(gaps) >= SECOND // 2
    began = len(bot.readings)
    bot.run(600)
    assert len(bot.readings) - began <= 11


@pytest.mark.hazard("O12")
def test_a_delivery_position_is_carried_and_its_stop_is_placed_again_at_the_open(rehearse):
    bot = rehearse(product=Product.CNC)
    bot.enter()
    bot.run_to(15, 45)
    assert len(bot.of_kind(events.FlatVerified)) == 1
    assert bot.position().quantity == 10
    bot.kill()
    next_morning(bot)
    bot.run_to(9, 14, 59)
    assert not bot.broker.book
    bot.run_to(9, 15, 2)
    (stop,) = bot.broker.open_exits(SBIN)
    assert (stop.quantity, stop.trigger_price) == (10, 79_600)
    bot.tick(80_600)
    bot.run(10)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]
    assert not bot.of_kind(events.Alarm)


def test_shares_sold_on_a_later_day_pay_the_depository_and_those_of_the_day_do_not(rehearse):
    only_dp = ChargeRates(
        brokerage=0, brokerage_cap=0, stt_buy=0, stt_sell=0, exchange=0, sebi=0, ipft=0, stamp_buy=0, gst_percent=18,
        dp_charge=1_250,
    )  # fmt: skip
    bot = rehearse(product=Product.CNC, charges=only_dp)
    bot.enter()
    bot.tick(80_600)
    bot.run(20)
    assert [trade.charges for trade in bot.trades] == [0]
    bot.enter()
    bot.run_to(15, 45)
    bot.kill()
    next_morning(bot)
    bot.run_to(9, 15, 2)
    bot.tick(80_600)
    bot.run(10)
    assert bot.trades[-1].charges == 1_475  # 12.50 and 18 % of it


def test_a_price_from_before_the_open_decides_nothing(rehearse):
    bot = rehearse(product=Product.CNC)
    bot.enter()
    bot.run_to(15, 45)
    bot.kill()
    next_morning(bot)
    bot.run_to(9, 8)
    bot.feel(70_000)
    bot.run_to(9, 20)
    assert not bot.of_kind(events.ExitDecided)
    assert len(bot.broker.open_exits(SBIN)) == 1


def next_morning(bot) -> None:
    tomorrow = bot.day.date + timedelta(days=1)
    bot.broker.next_day()
    bot.broker.holdings_only = True
    shift = 24 * 3600 * SECOND
    bot.day = type(bot.day)(
        date=tomorrow,
        open=bot.day.open + shift,
        no_entry_after=bot.day.no_entry_after + shift,
        square_off=bot.day.square_off + shift,
        flat_by=bot.day.flat_by + shift,
        close=bot.day.close + shift,
    )
    bot.now = bot.day.open - 1800 * SECOND
    bot.start()
