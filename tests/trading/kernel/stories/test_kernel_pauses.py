"""Stories of a session in two parts: in its pause nothing is sent and nothing rings, and after it the bot goes on."""

from dataclasses import replace
from datetime import time

import pytest

from core import events, exits
from core.events import Command, Condition, Deadline, Effect, SafetyLevel, Verb
from core.instants import SECOND, Instant, instant_at
from core.orders import OrderStatus, Product, Purpose
from core.refusals import Refusal
from core.sessions import TradingDay
from core.signals import Direction

SBIN = "NSE:SBIN-EQ"
READINGS = events.BooksWanted | events.FundsWanted | events.HistoryWanted


@pytest.fixture
def two_parts(tuesday: TradingDay) -> TradingDay:
    return replace(tuesday, breaks=((at(tuesday, 11), at(tuesday, 12)),))


@pytest.fixture
def bot(rehearse, two_parts):
    return rehearse(day=two_parts)


def at(day: TradingDay, hour: int, minute: int = 0, second: int = 0) -> Instant:
    return instant_at(day.date, time(hour, minute, second))


def orders_within(bot, since: Instant, until: Instant) -> list:
    """What was to go to the broker in a time, readings left out."""
    effects = [event for event in bot.of_kind(Effect) if not isinstance(event, READINGS)]
    return [event for event in effects if since <= event.at < until]


def in_the_pause(bot) -> list:
    return orders_within(bot, at(bot.day, 11), at(bot.day, 12))


def cancel_all(bot) -> None:
    """Let the exchange end what rests, as at the end of a part."""
    for symbol in bot.kernel.state.positions:
        for order in bot.broker.open_exits(symbol):
            bot.broker.cancel_by_hand(order.tag)


def test_a_position_waits_out_the_pause_behind_its_stop(bot):
    bot.enter()
    stop = bot.tag(Purpose.STOP)
    bot.run_to(12, 0)
    assert in_the_pause(bot) == []
    assert bot.alarms == []
    assert bot.broker.of(stop).status is OrderStatus.PENDING
    assert not bot.position().unprotected_since


def test_a_price_of_the_pause_touches_no_stop_and_one_after_it_does(bot):
    bot.enter()
    bot.run_to(11, 20)
    bot.feel(bot.position().stop - 100)
    assert not bot.position().exit_reason
    bot.run_to(12, 0, 1)
    bot.tick(bot.position().stop - 5)
    bot.run(10)
    assert bot.kernel.state.is_flat
    assert [trade.exit_reason for trade in bot.trades] == [exits.REASONS[exits.STOP]]


@pytest.mark.hazard("P1")
@pytest.mark.parametrize("product", [Product.INTRADAY, Product.CNC])
def test_a_stop_that_the_exchange_ends_with_the_first_part_is_set_anew_as_soon_as_trading_goes_on(
    rehearse, two_parts, product
):
    bot = rehearse(day=two_parts, product=product)
    bot.enter()
    bot.run_to(11, 0)
    cancel_all(bot)
    bot.run_to(11, 59, 59)
    assert bot.position().unprotected_since
    assert in_the_pause(bot) == []
    bot.run_to(12, 0, 2)
    assert len(orders_within(bot, at(two_parts, 12), bot.now)) == 1
    assert not bot.position().unprotected_since
    assert bot.alarms == []
    assert Condition.UNPROTECTED not in [event.condition for event in bot.of_kind(events.DoubtChanged)]
    assert bot.kernel.state.meter.longest <= 10 * SECOND, "the pause is no time without a stop"


@pytest.mark.hazard("P1")
def test_the_deadline_of_a_position_without_a_stop_begins_anew_after_the_pause(bot):
    bot.enter()
    bot.run_to(10, 59, 45)
    bot.broker.plans[Verb.PLACE].extend(["not_sent"] * 100)
    cancel_all(bot)
    bot.run_to(12, 0)
    assert "UNPROTECTED" not in bot.alarms
    early = [each for each in bot.of_kind(events.TimerFired) if each.name is Deadline.PROTECT]
    assert not [each for each in early if at(bot.day, 11) <= each.at < at(bot.day, 12)], "nothing can be done then"
    bot.run(60)
    rung = [event.at for event in bot.of_kind(events.Alarm) if event.code == "UNPROTECTED"]
    assert 30 <= (rung[0] - at(bot.day, 12)) / SECOND <= 35
    bot.broker.plans[Verb.PLACE].clear()
    bot.run(60)
    assert bot.kernel.state.is_flat


def test_an_exit_that_the_pause_interrupts_is_gone_on_with_after_it_and_climbs_no_rung_meanwhile(bot):
    bot.enter()
    bot.run_to(10, 59, 59)
    bot.tick(80_000, depth=0)
    bot.give(events.CommandGiven(at=bot.now, command=Command.FLATTEN, why="told"))
    bot.run_to(11, 0, 5)
    cancel_all(bot)
    bot.run_to(11, 59, 59)
    steps = bot.position().exit_steps
    assert in_the_pause(bot) == []
    assert "ESCALATED" not in bot.alarms
    assert len([each for each in bot.of_kind(events.TimerFired) if each.name is Deadline.CHASE]) < 10
    bot.run_to(12, 0)
    bot.tick(80_000, depth=1_000)
    bot.run(120)
    assert steps == 1
    assert bot.kernel.state.is_flat
    assert bot.kernel.state.level is SafetyLevel.FLATTEN


def test_a_signal_in_the_pause_enters_nothing(bot):
    bot.run_to(11, 5)
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(5)
    assert [event.code for event in bot.of_kind(events.EntryRefused)] == [Refusal.SESSION_CLOSED.value]
    bot.run_to(12, 5)
    bot.enter()


def test_a_bot_that_starts_in_the_pause_protects_when_trading_goes_on(bot):
    bot.enter()
    bot.run_to(11, 0, 1)
    bot.kill()
    cancel_all(bot)
    bot.run_to(11, 30)
    bot.start()
    bot.run_to(11, 59, 59)
    assert in_the_pause(bot) == []
    bot.run_to(12, 0, 2)
    assert not bot.position().unprotected_since
    assert bot.alarms == []


def test_an_entry_that_rests_when_the_pause_begins_is_cancelled_after_it(bot):
    bot.run_to(10, 59, 55)
    bot.tick(80_000, depth=0)
    bot.signal(Direction.LONG)
    bot.run_to(11, 59, 59)
    assert in_the_pause(bot) == []
    bot.run_to(12, 0, 5)
    assert [event.at >= at(bot.day, 12) for event in bot.of_kind(events.CancelIntended)] == [True]
    assert bot.kernel.state.is_flat
