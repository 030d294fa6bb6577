"""Stories of doubts: what stops entries while it holds, and lets them go on without a person."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core import events
from core.events import Command, Condition, FeedState, SafetyLevel, Verb
from core.instants import DAY, SECOND
from core.orders import OrderStatus, Purpose
from core.signals import Direction

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"


def doubt(bot, condition: Condition, *, holds: bool = True) -> None:
    bot.give(events.ConditionChanged(at=bot.now, condition=condition, holds=holds, why="test"))


def feed(bot, state: FeedState, name: str = "data") -> None:
    bot.give(events.FeedChanged(at=bot.now, feed=name, state=state))


def refusals(bot) -> list[str]:
    return [event.code for event in bot.of_kind(events.EntryRefused)]


KERNELS_OWN = {Condition.GAP, Condition.RATE, Condition.UNPROTECTED}
"""Doubts that the kernel ends by itself."""


def ended(bot) -> list[Condition]:
    return [event.condition for event in bot.of_kind(events.DoubtChanged) if not event.holds]


def try_to_enter(bot, symbol: str = SBIN) -> bool:
    before = len(refusals(bot))
    bot.tick(80_000, symbol)
    bot.signal(Direction.LONG, symbol)
    bot.run(2)
    return len(refusals(bot)) == before


@pytest.mark.hazard("A9", "T2", "W4", "R5", "V9")
@pytest.mark.parametrize("condition", [c for c in Condition if c not in KERNELS_OWN])
def test_a_doubt_of_the_process_refuses_entries_until_the_process_ends_it(bot, condition):
    doubt(bot, condition)
    assert not try_to_enter(bot)
    assert refusals(bot) == ["CONDITION"]
    doubt(bot, condition, holds=False)
    assert try_to_enter(bot)
    assert bot.kernel.state.level is SafetyLevel.RUN


def test_a_doubt_cancels_an_entry_that_rests_and_leaves_a_position_its_stop(bot):
    bot.enter()
    bot.tick(80_000, INFY)
    bot.broker.depth[INFY] = 0
    bot.signal(Direction.LONG, INFY)
    bot.run(1)
    doubt(bot, Condition.CLOCK)
    bot.run(2)
    assert bot.broker.of(bot.tag(Purpose.ENTRY)).status is OrderStatus.CANCELLED
    assert len(bot.broker.open_exits(SBIN)) == 1
    bot.tick(80_600)
    bot.run(5)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]


@pytest.mark.hazard("T3")
def test_after_a_gap_no_price_is_believed_and_nothing_entered_until_the_books_agree(bot):
    bot.tick(80_000)
    readings = len(bot.readings)
    doubt(bot, Condition.GAP)
    assert not bot.kernel.engine.ticks
    assert not bot.kernel.state.reconciled
    assert bot.kernel.state.effective_level is SafetyLevel.NO_ENTRY
    bot.run(1)
    assert len(bot.readings) > readings
    assert ended(bot) == [Condition.GAP]
    assert try_to_enter(bot)


@pytest.mark.hazard("T3")
def test_a_reading_that_was_under_way_in_a_gap_does_not_end_it(bot):
    bot.broker.reachable = False
    doubt(bot, Condition.GAP)
    bot.give(events.BooksRead(at=bot.now + 1, asked_at=bot.now - SECOND, books=bot.broker.read()))
    assert Condition.GAP in bot.kernel.state.conditions
    bot.broker.reachable = True
    bot.run(70)
    assert ended(bot) == [Condition.GAP]


@pytest.mark.hazard("D1")
def test_a_stalled_feed_refuses_entries_until_prices_have_come_steadily_for_a_minute(bot):
    feed(bot, FeedState.STALLED)
    assert not try_to_enter(bot)
    assert refusals(bot) == ["CONDITION"]
    feed(bot, FeedState.LIVE)
    bot.run(30)
    feed(bot, FeedState.DOWN)
    feed(bot, FeedState.LIVE)
    bot.run(59)
    assert Condition.FEED in bot.kernel.state.conditions
    bot.run(2)
    assert ended(bot) == [Condition.FEED]
    assert try_to_enter(bot)


def test_the_order_feed_raises_no_doubt_about_prices(bot):
    feed(bot, FeedState.DOWN, "orders")
    assert try_to_enter(bot)


@pytest.mark.hazard("S8", "S9")
def test_a_first_refusal_for_the_rate_pauses_entries_for_a_minute(bot):
    bot.broker.plans[Verb.PLACE].append("rate")
    try_to_enter(bot)
    assert bot.kernel.state.conditions[Condition.RATE].endswith("entries pause for a minute")
    bot.run(61)
    assert ended(bot) == [Condition.RATE]
    assert try_to_enter(bot)


def test_many_refusals_within_a_minute_are_one_breach(bot):
    for _ in range(5):
        doubt(bot, Condition.RATE)
        bot.run(10)
    assert bot.kernel.state.activity.rate_breaches == 1
    bot.run(60)
    assert ended(bot) == [Condition.RATE]


@pytest.mark.hazard("S9")
def test_a_second_breach_ends_entries_for_the_day_over_restarts_and_the_next_day_begins_anew(bot):
    doubt(bot, Condition.RATE)
    bot.run(90)
    doubt(bot, Condition.RATE)
    bot.run(600)
    bot.kill()
    bot.start()
    bot.run(120)
    assert not try_to_enter(bot)
    assert refusals(bot) == ["CONDITION"]
    assert "end for the day" in bot.kernel.state.conditions[Condition.RATE]
    bot.run_to(16, 0)
    bot.kill()
    moments = ("open", "no_entry_after", "square_off", "flat_by", "close")
    shifted = {name: getattr(bot.day, name) + DAY for name in moments}
    bot.day = replace(bot.day, date=bot.day.date + timedelta(days=1), **shifted)
    bot.broker.next_day()
    bot.run_to(9, 0)
    bot.start()
    bot.run_to(10, 0)
    assert not bot.kernel.state.conditions
    assert try_to_enter(bot)


@pytest.mark.hazard("S9")
def test_a_pause_for_the_rate_outlives_a_restart_and_ends_by_itself(bot):
    doubt(bot, Condition.RATE)
    bot.kill()
    bot.start()
    bot.run(5)
    assert Condition.RATE in bot.kernel.state.conditions
    bot.run(60)
    assert ended(bot) == [Condition.RATE]


def test_a_restart_ends_the_doubts_of_the_process_before_it(bot):
    doubt(bot, Condition.CLOCK)
    doubt(bot, Condition.GAP)
    feed(bot, FeedState.DOWN)
    bot.kill()
    bot.start()
    assert not bot.kernel.state.conditions


def test_a_doubt_neither_lifts_nor_is_lifted_by_an_operators_level(bot):
    bot.give(events.CommandGiven(at=bot.now, command=Command.HALT, why="lunch", key="k"))
    doubt(bot, Condition.DISK)
    assert bot.kernel.state.effective_why == "lunch; DISK: test"
    bot.give(events.CommandGiven(at=bot.now, command=Command.RESUME, why="back", key="l"))
    assert bot.kernel.state.level is SafetyLevel.RUN
    assert bot.kernel.state.effective_level is SafetyLevel.NO_ENTRY
    doubt(bot, Condition.DISK, holds=False)
    assert bot.kernel.state.effective_level is SafetyLevel.RUN
