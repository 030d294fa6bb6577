"""Stories of an operator: halt, flatten, resume, and what stands in the way."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core import events
from core.events import Command, SafetyLevel, Verb
from core.instants import DAY, MINUTE
from core.orders import OrderStatus, Purpose
from core.sessions import TradingDay
from core.signals import Direction

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
SIDES = pytest.mark.parametrize("direction", [Direction.LONG, Direction.SHORT], ids=["long", "short"])


def command(bot, word: Command) -> None:
    bot.give(events.CommandGiven(at=bot.now, command=word, why="test", key=f"{word.value}-{bot.now}"))


def tomorrow(day: TradingDay) -> TradingDay:
    moments = ("open", "no_entry_after", "square_off", "flat_by", "close")
    shifted = {name: getattr(day, name) + DAY for name in moments}
    return replace(day, date=day.date + timedelta(days=1), **shifted)


def refusals(bot) -> list[str]:
    return [event.code for event in bot.of_kind(events.EntryRefused)]


def test_a_halt_refuses_entries_and_a_resume_allows_them_again(bot):
    command(bot, Command.HALT)
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(2)
    assert refusals(bot) == ["SAFETY_LEVEL"]
    command(bot, Command.RESUME)
    bot.enter()
    assert refusals(bot) == ["SAFETY_LEVEL"]


def test_a_halt_leaves_a_position_to_its_stop_and_target_and_can_be_lifted_meanwhile(bot):
    bot.enter()
    command(bot, Command.HALT)
    bot.run(5)
    assert len(bot.broker.open_exits(SBIN)) == 1
    command(bot, Command.RESUME)
    assert bot.kernel.state.level is SafetyLevel.RUN
    command(bot, Command.HALT)
    bot.tick(80_600)
    bot.run(10)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]


@SIDES
def test_a_flatten_closes_what_is_open_and_stays_until_it_is_resumed_when_flat(bot, direction):
    bot.enter(direction)
    command(bot, Command.FLATTEN)
    command(bot, Command.RESUME)
    assert bot.alarms == ["RESUME_REFUSED"]
    assert bot.kernel.state.level is SafetyLevel.FLATTEN
    bot.run(10)
    assert [trade.exit_reason for trade in bot.trades] == ["force_exit"]
    bot.tick(80_000)
    bot.signal(direction)
    bot.run(1)
    assert refusals(bot) == ["SAFETY_LEVEL"]
    command(bot, Command.RESUME)
    bot.enter(direction)


@pytest.mark.hazard("P12")
def test_a_flatten_survives_a_kill_and_is_carried_out_after_it(bot):
    bot.enter()
    bot.broker.reachable = False
    command(bot, Command.FLATTEN)
    bot.run(1)
    bot.kill()
    bot.broker.reachable = True
    bot.start()
    assert bot.kernel.state.level is SafetyLevel.FLATTEN
    command(bot, Command.RESUME)
    assert bot.alarms == ["RESUME_REFUSED"]
    bot.tick(80_000)
    bot.run(10)
    assert [trade.exit_reason for trade in bot.trades] == ["force_exit"]
    bot.kill()
    bot.start()
    bot.run(5)
    assert bot.kernel.state.level is SafetyLevel.FLATTEN
    command(bot, Command.RESUME)
    assert bot.kernel.state.level is SafetyLevel.RUN


def test_a_loss_limit_is_lifted_by_the_operator_only_and_refuses_entries_for_the_day_all_the_same(rehearse):
    bot = rehearse(max_loss=5_000)
    bot.enter(Direction.LONG)
    bot.enter(Direction.SHORT, symbol=INFY)
    bot.tick(79_700, SBIN)
    bot.tick(80_300, INFY)
    bot.run(10)
    command(bot, Command.RESUME)
    assert bot.kernel.state.level is SafetyLevel.RUN
    assert "entries are refused until the next day (LOSS_LIMIT)" in bot.kernel.state.level_why
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(1)
    assert refusals(bot) == ["LOSS_LIMIT"]
    assert bot.kernel.state.level is SafetyLevel.RUN


@pytest.mark.hazard("P12")
def test_a_loss_limit_holds_over_night_and_can_latch_again_after_it_was_lifted(rehearse):
    bot = rehearse(max_loss=5_000)
    bot.enter()
    bot.tick(79_400)
    bot.run(10)
    assert bot.kernel.state.level is SafetyLevel.FLATTEN
    bot.run_to(15, 31)
    bot.kill()
    bot.broker.next_day()
    bot.day, bot.now = tomorrow(bot.day), bot.now + 17 * 60 * MINUTE
    bot.start()
    bot.run_to(9, 20)
    assert bot.kernel.state.level is SafetyLevel.FLATTEN
    command(bot, Command.RESUME)
    bot.enter()
    bot.tick(79_400)
    bot.run(1)
    assert bot.kernel.state.level is SafetyLevel.FLATTEN


def test_forbidden_orders_halt_entries_until_the_operator_resumes(bot):
    bot.broker.plans[Verb.PLACE].append("forbidden")
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(2)
    assert bot.alarms == ["ORDERS_FORBIDDEN"]
    bot.kill()
    bot.start()
    bot.run(5)
    assert bot.kernel.state.level is SafetyLevel.NO_ENTRY
    command(bot, Command.RESUME)
    bot.enter()


@SIDES
def test_a_freeze_is_lifted_when_a_person_has_brought_back_what_was_oversold(bot, direction):
    bot.enter(direction)
    stop = bot.broker.of(bot.tag(Purpose.STOP))
    bot.broker.foreign.add(SBIN)
    bot.broker.prices[SBIN] = 80_100
    bot.broker._fill(stop.broker_id, 12)
    bot.broker._change(stop.broker_id, status=OrderStatus.FILLED)
    bot.run(10)
    assert bot.kernel.state.level is SafetyLevel.FREEZE
    command(bot, Command.RESUME)
    assert bot.alarms == ["POSITION_FLIPPED", "RESUME_REFUSED"]
    bot.broker.prices[SBIN] = 80_200
    bot.broker.by_hand(SBIN, direction.side, 1)
    bot.run(60)
    bot.broker.by_hand(SBIN, direction.side, 1)
    bot.run(60)
    (trade,) = bot.trades
    assert trade.quantity == 10
    assert trade.gross == direction.side.value * (12 * 80_100 - 2 * 80_200 - 10 * 80_000)
    assert bot.kernel.state.level is SafetyLevel.FREEZE
    command(bot, Command.RESUME)
    assert bot.kernel.state.level is SafetyLevel.RUN
