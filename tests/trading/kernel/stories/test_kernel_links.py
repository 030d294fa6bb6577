"""Stories of the line to the broker: gone, coming and going, or quiet for hours."""

import pytest

from core import events
from core.events import Condition, FeedState
from core.instants import SECOND
from core.orders import OrderType, Purpose
from core.signals import Direction

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"


def lines(bot, state: FeedState) -> None:
    for feed in ("data", "orders"):
        bot.give(events.FeedChanged(at=bot.now, feed=feed, state=state))


def lose_the_site(bot) -> None:
    bot.broker.reachable = False
    lines(bot, FeedState.DOWN)


def find_the_site(bot) -> None:
    bot.broker.reachable = True
    lines(bot, FeedState.LIVE)


def refused(bot, symbol: str = INFY) -> bool:
    """Let the strategy ask for an entry, and tell whether a doubt stood in the way."""
    before = len(bot.of_kind(events.EntryRefused))
    bot.tick(80_000, symbol)
    bot.signal(Direction.LONG, symbol)
    bot.run(1)
    return [event.code for event in bot.of_kind(events.EntryRefused)[before:]] == ["CONDITION"]


@pytest.mark.hazard("V2")
def test_the_stop_at_the_broker_closes_what_the_bot_cannot_reach_for_ten_minutes(bot):
    bot.enter()
    [stop] = bot.broker.open_exits(SBIN)
    assert stop.type is OrderType.STOP_LIMIT
    lose_the_site(bot)
    bot.run(300)
    sent = len(bot.of_kind(events.OrderIntended))
    bot.broker.price(SBIN, 79_580)  # nobody here sees it
    bot.run(300)
    assert bot.broker.net(SBIN) == 0
    assert len(bot.of_kind(events.OrderIntended)) == sent
    find_the_site(bot)
    bot.run(20)
    [trade] = bot.trades
    assert trade.exit_value == 10 * 79_580
    assert bot.broker.of(bot.tag(Purpose.STOP)).filled == 10


@pytest.mark.hazard("V2")
def test_a_gap_over_the_stops_limit_is_chased_as_soon_as_the_site_is_back(bot):
    bot.enter()
    lose_the_site(bot)
    bot.broker.price(SBIN, 78_000)
    bot.run(600)
    assert bot.broker.net(SBIN) == 10
    find_the_site(bot)
    bot.tick(78_000)
    bot.run(30)
    assert bot.broker.net(SBIN) == 0
    assert len(bot.trades) == 1


@pytest.mark.hazard("V2", "D1")
def test_a_line_that_comes_and_goes_must_hold_for_a_whole_minute_before_an_entry(bot):
    bot.run_to(10, 3)
    lose_the_site(bot)
    for _ in range(3):
        bot.run(20)
        find_the_site(bot)
        bot.run(40)
        lose_the_site(bot)
    find_the_site(bot)
    steady_since = bot.now
    assert refused(bot)
    bot.run_until(steady_since + 59 * SECOND)
    assert Condition.FEED in bot.kernel.state.conditions
    bot.run(2)
    assert not bot.kernel.state.conditions
    assert not refused(bot)


@pytest.mark.hazard("V2", "D5")
def test_hours_in_which_nothing_is_said_are_no_alarm_and_no_doubt(bot):
    lines(bot, FeedState.LIVE)
    begun, readings = len(bot.happened), len(bot.readings)
    bot.run(3 * 3600)
    assert bot.alarms == []
    assert not bot.kernel.state.conditions
    assert not [event for event in bot.happened[begun:] if isinstance(event, events.DoubtChanged | events.LevelChanged)]
    assert len(bot.readings) - readings <= 3 * 60 + 1
    assert not refused(bot)
