"""Stories that run over midnight with something of the day before left unknown."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core import events
from core.events import Command, SafetyLevel, Verb
from core.instants import DAY
from core.orders import Purpose
from core.signals import Direction

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"


def send_into_the_dark(bot) -> str:
    """Send an entry that nobody answers, and lose every book until the evening."""
    bot.broker.plans[Verb.PLACE].append("never")
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(1)
    bot.broker.reachable = False
    bot.run_to(16, 0)
    bot.kill()
    return bot.tag(Purpose.ENTRY)


def next_morning(bot) -> None:
    moments = ("open", "no_entry_after", "square_off", "flat_by", "close")
    shifted = {name: getattr(bot.day, name) + DAY for name in moments}
    bot.day = replace(bot.day, date=bot.day.date + timedelta(days=1), **shifted)
    bot.broker.next_day()
    bot.broker.reachable = True
    bot.run_to(9, 0)
    bot.start()
    bot.run_to(10, 0)


def refusals(bot) -> list[str]:
    return [event.code for event in bot.of_kind(events.EntryRefused)]


def try_to_enter(bot, symbol: str = SBIN) -> None:
    bot.tick(80_000, symbol)
    bot.signal(Direction.LONG, symbol)
    bot.run(2)


@pytest.mark.hazard("T10")
def test_an_order_that_was_unknown_at_midnight_is_named_and_nothing_is_entered_until_somebody_has_looked(bot):
    tag = send_into_the_dark(bot)
    next_morning(bot)
    [alarm] = [event for event in bot.of_kind(events.Alarm) if event.code == "UNRESOLVED_DAY"]
    assert f"{tag} in {SBIN}" in alarm.message
    assert bot.kernel.state.reconciled
    try_to_enter(bot, INFY)
    assert refusals(bot) == ["SAFETY_LEVEL"]

    bot.give(events.CommandGiven(at=bot.now, command=Command.RESUME, why="looked", key="k"))
    assert bot.kernel.state.level is SafetyLevel.RUN
    bot.run(300)
    try_to_enter(bot, INFY)
    assert bot.position(INFY).quantity == 10


@pytest.mark.hazard("T10")
def test_the_question_outlives_restarts_is_asked_once_a_day_and_ends_with_the_answer(bot):
    send_into_the_dark(bot)
    next_morning(bot)
    bot.kill()
    bot.start()
    bot.run(5)
    assert bot.alarms.count("UNRESOLVED_DAY") == 1
    assert bot.kernel.state.level is SafetyLevel.NO_ENTRY
    bot.run_to(16, 0)
    bot.kill()
    next_morning(bot)
    assert bot.alarms.count("UNRESOLVED_DAY") == 2

    bot.give(events.CommandGiven(at=bot.now, command=Command.RESUME, why="looked", key="k"))
    bot.kill()
    bot.start()
    bot.run(5)
    assert bot.kernel.state.level is SafetyLevel.RUN
    bot.run_to(16, 0)
    bot.kill()
    next_morning(bot)
    assert bot.alarms.count("UNRESOLVED_DAY") == 2


@pytest.mark.hazard("T10")
def test_a_day_whose_orders_are_all_known_leaves_nothing_to_look_at(bot):
    bot.enter()
    bot.run_to(16, 0)
    bot.kill()
    next_morning(bot)
    assert not bot.kernel.state.unresolved
    assert "UNRESOLVED_DAY" not in bot.alarms
    assert bot.kernel.state.level is SafetyLevel.RUN
