"""Stories of blocked symbols: what lifts a block, and what must not."""

from dataclasses import replace

import pytest

from core import events
from core.instants import SECOND
from core.market import Side
from core.orders import OrderStatus
from core.signals import Direction

SBIN = "NSE:SBIN-EQ"
SIDES = pytest.mark.parametrize(
    ("direction", "towards"), [(Direction.LONG, 1), (Direction.SHORT, -1)], ids=["long", "short"]
)


def lifted(bot) -> list[str]:
    return [event.symbol for event in bot.of_kind(events.SymbolUnblocked)]


def refusals(bot) -> list[str]:
    return [event.code for event in bot.of_kind(events.EntryRefused)]


def block_by_an_empty_position_book(bot, direction: Direction = Direction.LONG) -> None:
    bot.enter(direction)
    bot.broker.no_positions = True
    bot.run(120)
    assert SBIN in bot.kernel.state.blocked


def block_by_a_late_position_book(bot) -> None:
    """The trade is over, and the position book goes on to show it open."""
    bot.enter()
    bot.tick(80_600)
    bot.run(40)
    assert bot.kernel.state.is_flat
    read = bot.broker.read
    bot.broker.read = lambda: late(read())
    bot.run(130)
    assert SBIN in bot.kernel.state.blocked
    bot.broker.read = read


def late(books):
    return replace(books, positions=tuple(replace(row, net_quantity=10) for row in books.positions))


def converted(books):
    """A person turns shares into delivery: they move to another row, and the orders stay as they were."""
    return replace(
        books,
        positions=tuple(
            row for old in books.positions for row in (replace(old, net_quantity=0), replace(old, product="CNC"))
        ),
    )


@pytest.mark.hazard("S6", "O11")
@SIDES
def test_a_position_book_that_was_empty_for_a_while_blocks_a_symbol_only_until_it_agrees_twice(bot, direction, towards):
    block_by_an_empty_position_book(bot, direction)
    bot.broker.no_positions = False
    bot.run(20)
    assert lifted(bot) == [SBIN]
    assert len(bot.broker.open_exits(SBIN)) == 1
    bot.tick(80_000 + 600 * towards)
    bot.run(20)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]
    bot.enter()
    assert bot.alarms == ["POSITION_DIFFERS"]


@pytest.mark.hazard("S6")
def test_a_position_book_that_was_late_blocks_a_symbol_only_until_it_agrees_twice(bot):
    block_by_a_late_position_book(bot)
    bot.run(70)
    assert lifted(bot) == [SBIN]
    bot.enter()


@pytest.mark.hazard("S6")
def test_one_reading_that_agrees_lifts_no_block_and_the_second_comes_two_seconds_later(bot):
    block_by_an_empty_position_book(bot)
    bot.broker.no_positions = False
    bot.run(20)
    [at] = [event.at for event in bot.of_kind(events.SymbolUnblocked)]
    [*_, first, last] = [reading for reading in bot.readings if reading < at]
    assert 2 * SECOND <= last - first <= 3 * SECOND
    contradicted = [reading for reading in bot.readings if reading < first]
    assert first - contradicted[-1] > 2 * SECOND


@pytest.mark.hazard("S6")
def test_readings_that_agree_now_and_then_lift_no_block(bot):
    block_by_an_empty_position_book(bot)
    read, asked = bot.broker.read, []

    def every_other():
        asked.append(bot.now)
        books = read()
        return books if len(asked) % 2 else replace(books, positions=())

    bot.broker.no_positions = False
    bot.broker.read = every_other
    bot.run(120)
    assert len(asked) > 10
    assert lifted(bot) == []


@pytest.mark.hazard("S6", "O11")
def test_a_position_book_that_is_silent_lifts_no_block_where_the_orders_say_otherwise(bot):
    bot.tick(80_000)
    bot.broker.by_hand(SBIN, Side.BUY, 7)
    bot.run(70)
    assert SBIN in bot.kernel.state.blocked
    bot.broker.no_positions = True
    bot.run(300)
    assert lifted(bot) == []


@pytest.mark.hazard("P10", "O11")
def test_shares_of_somebody_else_that_went_to_another_product_go_on_blocking_the_symbol(bot):
    bot.tick(80_000)
    bot.broker.by_hand(SBIN, Side.BUY, 7)
    bot.run(70)
    assert SBIN in bot.kernel.state.blocked
    read = bot.broker.read
    bot.broker.read = lambda: converted(read())
    bot.run(300)
    assert lifted(bot) == []


@pytest.mark.hazard("O11", "P10")
def test_when_somebody_else_has_closed_what_was_theirs_the_symbol_is_ours_again(bot):
    bot.tick(80_000)
    bot.broker.by_hand(SBIN, Side.BUY, 7)
    bot.run(70)
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(5)
    assert refusals(bot) == ["SYMBOL_BLOCKED"]
    bot.broker.by_hand(SBIN, Side.SELL, 7)
    bot.run(70)
    assert lifted(bot) == [SBIN]
    bot.enter()
    assert refusals(bot) == ["SYMBOL_BLOCKED"]


def test_a_block_lasts_over_a_restart_and_is_lifted_by_the_readings_after_it(bot):
    block_by_an_empty_position_book(bot)
    bot.kill()
    bot.start()
    bot.run(20)
    assert SBIN in bot.kernel.state.blocked
    bot.broker.no_positions = False
    bot.run(20)
    assert lifted(bot) == [SBIN]


def test_an_order_whose_status_nobody_knows_keeps_a_block_standing(bot):
    block_by_an_empty_position_book(bot)
    [stop] = bot.broker.open_exits(SBIN)
    bot.broker.book[stop.broker_id] = replace(stop, status=OrderStatus.UNKNOWN)
    bot.broker.no_positions = False
    bot.run(30)
    assert lifted(bot) == []
    bot.broker.book[stop.broker_id] = stop
    bot.run(20)
    assert lifted(bot) == [SBIN]


@pytest.mark.hazard("S6")
def test_a_position_book_that_is_empty_again_gets_its_whole_patience_again(bot):
    block_by_an_empty_position_book(bot)
    bot.broker.no_positions = False
    bot.run(20)
    bot.broker.no_positions = True
    bot.run(10)
    assert SBIN not in bot.kernel.state.blocked
    bot.run(110)
    assert SBIN in bot.kernel.state.blocked


@pytest.mark.hazard("P6")
@pytest.mark.parametrize(("seconds", "alarms"), [(15, []), (60, ["POSITION_DIFFERS"])])
def test_a_position_book_behind_the_order_book_calls_nobody_until_it_has_had_time_to_follow(bot, seconds, alarms):
    bot.enter()
    read, old, until = bot.broker.read, bot.broker.read().positions, bot.now + seconds * SECOND
    bot.broker.read = lambda: replace(read(), positions=old) if bot.now < until else read()
    bot.tick(80_600)
    bot.run(240)
    assert bot.alarms == alarms
    assert len(bot.trades) == 1
    assert bot.kernel.state.is_flat
    assert not bot.kernel.state.blocked
