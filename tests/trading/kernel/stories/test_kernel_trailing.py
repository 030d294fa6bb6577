"""Stories of a stop that follows the price: by events, at the broker, and never the wrong way."""

import pytest

from core import events
from core.events import Verb
from core.exits import MOST_CHANGES
from core.orders import Purpose
from core.signals import Direction

SBIN = "NSE:SBIN-EQ"
SIDES = pytest.mark.parametrize(
    ("direction", "towards"), [(Direction.LONG, 1), (Direction.SHORT, -1)], ids=["long", "short"]
)


@pytest.fixture
def trailing(rehearse):
    return rehearse(trail_atr=1.0, target_atr=30.0)


def stop_at_broker(bot) -> int:
    (stop,) = bot.broker.open_exits(SBIN)
    return stop.trigger_price


@SIDES
def test_a_stop_follows_the_price_at_the_broker_too_and_takes_the_position_out_there(trailing, direction, towards):
    bot = trailing
    bot.enter(direction)
    bot.tick(80_000 + 100 * towards)
    bot.run(2)
    assert stop_at_broker(bot) == 80_000 - 100 * towards
    bot.tick(80_000 + 500 * towards)
    bot.run(2)
    assert stop_at_broker(bot) == 80_000 + 300 * towards
    bot.tick(80_000 + 290 * towards)
    bot.run(10)
    (trade,) = bot.trades
    assert (trade.exit_reason, trade.gross) == ("stop_loss", 2_900)
    assert trade.stop == 80_000 - 400 * towards  # where it began


@pytest.mark.hazard("O9")
@SIDES
def test_a_trailing_stop_never_goes_back_and_takes_no_small_steps(trailing, direction, towards):
    bot = trailing
    bot.enter(direction)
    for move in (100, 50, 195, -50):
        bot.tick(80_000 + move * towards)
        bot.run(2)
    assert stop_at_broker(bot) == 80_000 - 100 * towards
    bot.tick(80_000 + 200 * towards)
    bot.run(2)
    assert stop_at_broker(bot) == 80_000


def test_a_stop_that_could_not_be_moved_is_no_reason_to_wait_for_it_to_trigger(trailing):
    bot = trailing
    bot.enter()
    bot.broker.plans[Verb.MODIFY].append("reject")
    bot.tick(80_500)
    bot.run(2)
    assert stop_at_broker(bot) == 79_600
    bot.tick(80_250)
    bot.run(2)
    assert [trade.exit_reason for trade in bot.trades] == ["stop_loss"]
    assert bot.broker.net(SBIN) == 0


@pytest.mark.hazard("O9")
def test_a_stop_is_moved_so_often_and_no_more(trailing):
    bot = trailing
    bot.enter()
    for move in range(1, 30):
        bot.tick(80_000 + 100 * move)
        bot.run(3)
    moved = bot.of_kind(events.ChangeIntended)
    assert len(moved) == MOST_CHANGES
    assert stop_at_broker(bot) == bot.position().stop


@pytest.mark.hazard("P8")
def test_a_bot_that_starts_again_trails_on_from_where_it_was(trailing):
    bot = trailing
    bot.enter()
    bot.tick(80_500)
    bot.run(2)
    bot.kill()
    bot.start()
    bot.run(3)
    bot.tick(80_400)
    bot.run(2)
    assert stop_at_broker(bot) == 80_300
    bot.tick(80_700)
    bot.run(2)
    assert stop_at_broker(bot) == 80_500
    assert bot.position().first_stop == 79_600


def test_without_the_setting_nothing_trails(bot):
    bot.enter()
    bot.tick(80_500)
    bot.run(5)
    assert stop_at_broker(bot) == 79_600
    assert bot.tag(Purpose.STOP)
    assert not bot.of_kind(events.ChangeIntended)
