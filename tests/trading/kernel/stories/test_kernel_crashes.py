"""Stories in which the line is dead or the process is killed."""

import pytest

from core import events
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


@pytest.mark.hazard("O1")
@SIDES
def test_with_a_mute_order_socket_the_books_are_enough(bot, direction, towards):
    bot.broker.mute = True
    bot.tick(80_000)
    bot.signal(direction)
    bot.run(15)
    assert not bot.position().unprotected_since
    finish(bot, towards)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]


@pytest.mark.hazard("O2", "O3")
def test_reports_told_twice_and_backwards_change_nothing(bot):
    bot.enter()
    told = [event.report for event in bot.of_kind(events.OrderReported)]
    for report in [*reversed(told), *told]:
        bot.give(events.OrderReported(at=bot.now, report=report))
    bot.run(5)
    assert bot.position().quantity == 10
    assert len(bot.broker.open_exits(SBIN)) == 1
    finish(bot)


@pytest.mark.hazard("V2")
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


@pytest.mark.hazard("P8")
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
    while not bot._reading:
        bot.run(0.1)
    bot.agenda.clear()
    bot._reading = False
    read_so_far = len(bot.readings)
    bot.run(130)
    assert len(bot.readings) == read_so_far + 2


@pytest.mark.hazard("S5", "P8")
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
    assert not bot.alarms


@pytest.mark.hazard("S5")
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


@pytest.mark.hazard("P8")
def test_a_restart_in_the_square_off_goes_on_with_it(bot):
    bot.enter()
    bot.run_to(15, 4)
    bot.kill()
    bot.run_to(15, 7)
    bot.start()
    bot.tick(80_000)
    bot.run(20)
    assert [trade.exit_reason for trade in bot.trades] == ["square_off"]


@pytest.mark.hazard("V10")
@SIDES
def test_a_position_is_managed_to_its_end_by_its_own_levels_though_the_bot_came_back_with_another_model(
    bot, direction, towards
):
    bot.kill()
    bot.model = "models/sbin/0001"
    bot.start()
    bot.run(15)
    bot.enter(direction)
    levels = bot.position().stop, bot.position().target

    bot.kill()
    bot.model = "models/sbin/0002"
    bot.start()
    bot.run(15)
    bot.tick(80_000)
    bot.signal(Direction.SHORT if direction is Direction.LONG else Direction.LONG)
    bot.run(2)

    assert (bot.position().stop, bot.position().target) == levels
    assert [event.code for event in bot.of_kind(events.EntryRefused)] == ["SYMBOL_BUSY"]
    assert [event.model for event in bot.of_kind(events.DeskSet)] == ["", "models/sbin/0001", "models/sbin/0002"]
    finish(bot, towards)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]
