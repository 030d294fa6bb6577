"""Stories of a position without a stop: the decision to leave and its alarm come in time, whatever else is broken."""

from dataclasses import replace

import pytest

from core import events
from core.events import SafetyLevel, Verb
from core.instants import SECOND
from core.orders import OrderReport, OrderStatus, Product, Purpose
from core.signals import Direction

SBIN = "NSE:SBIN-EQ"


def seconds_naked_at_alarm(bot, since) -> float:
    """When it rang, in seconds; the decision to leave must come with it."""
    (alarm,) = [event for event in bot.of_kind(events.Alarm) if event.code == "UNPROTECTED"]
    assert alarm.at in [event.at for event in bot.of_kind(events.ExitDecided)]
    return (alarm.at - since) / SECOND


def naked(bot, fate: str) -> int:
    """Enter without getting a stop; return since when."""
    bot.broker.plans[Verb.PLACE].extend(["", *[fate] * 100])
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(2)
    return bot.position().unprotected_since


@pytest.mark.hazard("P1")
@pytest.mark.parametrize("fate", ["auth", "never", "rate", "not_sent", "forbidden"])
def test_it_rings_in_time_whatever_keeps_the_stop_from_the_broker(bot, fate):
    since = naked(bot, fate)
    bot.run(40)
    assert 30 <= seconds_naked_at_alarm(bot, since) <= 35
    bot.broker.plans[Verb.PLACE].clear()
    bot.give(events.AccessChanged(at=bot.now, valid=True, why="signed in"))
    bot.run(60)
    assert bot.kernel.state.is_flat


@pytest.mark.hazard("P1")
def test_restarts_do_not_begin_the_deadline_anew_and_time_that_we_were_dead_is_not_counted(bot):
    since = naked(bot, "never")
    dead = 0
    for _ in range(2):
        bot.run(8)
        bot.kill()
        bot.run(20)
        bot.start()
        dead += 20
    bot.run(20)
    assert 25 <= seconds_naked_at_alarm(bot, since) - dead <= 35


@pytest.mark.hazard("P1")
def test_silence_before_a_restart_is_no_time_in_which_we_were_dead(bot):
    """A reading hung, nothing else came to be logged, and the deadline was put off by all of the silence."""
    since = naked(bot, "never")
    while not bot._reading:
        bot.run(0.1)
    bot.agenda.clear()
    bot.run(15)
    bot.kill()
    bot.run(5)
    bot.start()
    bot.run(30)
    assert 25 <= seconds_naked_at_alarm(bot, since) - 5 <= 33


@pytest.mark.hazard("P1")
def test_it_rings_in_time_after_a_restart_that_cannot_read_the_books(bot):
    naked(bot, "not_sent")
    bot.kill()
    bot.run(20)
    bot.broker.reachable = False
    bot.start()
    started = bot.now
    bot.run(40)
    assert seconds_naked_at_alarm(bot, started) <= 35
    bot.broker.plans[Verb.PLACE].clear()
    bot.broker.reachable = True
    bot.run(30)
    assert bot.kernel.state.is_flat


@pytest.mark.hazard("P1")
def test_it_rings_in_time_in_a_freeze_and_nothing_is_sent(bot):
    bot.is_meddled = True
    bot.enter()
    bot.give(events.CommandGiven(at=bot.now, command=events.Command.HALT, why="told"))
    bot._take(bot.kernel._run([events.LevelChanged(at=bot.now, level=SafetyLevel.FREEZE, why="test")]))
    sent = len(bot.of_kind(events.OrderIntended))
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    bot.run(1)
    since = bot.position().unprotected_since
    bot.run(40)
    assert seconds_naked_at_alarm(bot, since) <= 35
    assert len(bot.of_kind(events.OrderIntended)) == sent


def test_shares_that_stay_over_night_do_not_ring_when_their_stop_ends_with_the_day(rehearse):
    bot = rehearse(product=Product.CNC)
    bot.enter()
    bot.run_to(15, 29, 50)
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    bot.run(300)
    assert "UNPROTECTED" not in bot.alarms


@pytest.mark.hazard("S1", "P5")
def test_a_price_through_a_stop_of_unknown_fate_rings_and_sends_nothing_beside_it(bot):
    bot.broker.mute = True
    bot.broker.plans[Verb.PLACE].extend(["", "never"])
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(9)
    assert bot.of_kind(events.LevelsSet)
    bot.tick(79_500)
    bot.run(30)
    assert "STOP_UNKNOWN" in bot.alarms
    assert len(bot.of_kind(events.OrderIntended)) == 2
    assert not bot.of_kind(events.PositionExitIntended)
    bot.run(20)
    assert [trade.exit_reason for trade in bot.trades] == ["stop_loss"]
    stop = bot.of_kind(events.OrderIntended)[1]
    exit_ = bot.of_kind(events.OrderIntended)[2]
    assert 43 * SECOND < exit_.at - stop.at < 45 * SECOND


@pytest.mark.hazard("S1", "P5")
def test_a_stop_that_was_there_all_along_sells_once(bot):
    bot.broker.mute = True
    bot.broker.plans[Verb.PLACE].extend(["", "lost"])
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    while not bot.of_kind(events.LevelsSet):
        bot.run(0.1)
    bot.run(0.25)
    bot.broker.hidden.add(bot.broker.of(bot.tag(Purpose.STOP)).broker_id)
    bot.tick(79_500)
    bot.run(20)
    bot.broker.hidden.clear()
    bot.run(20)
    assert bot.broker.net(SBIN) == 0
    assert bot.broker.of(bot.tag(Purpose.STOP)).status is OrderStatus.FILLED
    assert [trade.exit_reason for trade in bot.trades] == ["stop_loss"]


@pytest.mark.hazard("D7", "S14")
@pytest.mark.parametrize("percent", [0, 1, 10_000])
def test_a_fill_at_a_price_that_the_day_does_not_allow_moves_no_stop_away_from_the_market(bot, percent):
    def tell(order: OrderReport) -> None:
        bot.broker.news.append(replace(order, filled_value=order.filled_value * percent // 100))

    bot.broker._tell = tell
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(1)
    (levels,) = bot.of_kind(events.LevelsSet)
    assert 79_000 < levels.stop < 80_000 < levels.target < 81_000
