"""Stories of a forced exit of everything: proven flat, or a person called until it is."""

import pytest

from core import events
from core.events import Command, SafetyLevel, Verb
from core.instants import MINUTE, SECOND
from core.market import Side
from core.orders import Purpose
from core.signals import Direction

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"


def flatten(bot) -> int:
    bot.give(events.CommandGiven(at=bot.now, command=Command.FLATTEN, why="test", key=f"k{bot.now}"))
    return bot.now


def rung(bot) -> list[events.Alarm]:
    return [event for event in bot.of_kind(events.Alarm) if event.code == "ESCALATED"]


def proofs(bot) -> list[tuple[bool, int]]:
    return [(event.is_flat, event.at) for event in bot.of_kind(events.FlattenChecked)]


@pytest.mark.hazard("P13")
def test_flat_is_two_readings_apart_that_show_nothing_and_nobody_is_called(bot):
    bot.enter()
    begun = flatten(bot)
    bot.run(60)
    [closed] = bot.of_kind(events.TradeClosed)
    [(is_flat, at)] = proofs(bot)
    assert is_flat
    empty = [read for read in bot.readings if closed.at < read < at]
    assert len(empty) >= 2
    assert empty[-1] - empty[0] >= bot.rules.verify_after
    assert at - begun < 20 * SECOND
    assert rung(bot) == []


def test_a_flatten_with_nothing_open_is_proven_too(bot):
    flatten(bot)
    bot.run(10)
    assert [is_flat for is_flat, _ in proofs(bot)] == [True]


def test_the_books_are_looked_through_three_times_after_the_proof(bot):
    flatten(bot)
    bot.run(10)
    [(_, at)] = proofs(bot)
    bot.run(130)
    swept = [event.at for event in bot.of_kind(events.BooksWanted) if event.why == "sweep"]
    assert swept == [at + seconds * SECOND for seconds in (5, 30, 120)]


@pytest.mark.hazard("P13", "P14")
def test_what_does_not_go_is_cried_out_after_twenty_seconds_and_each_minute_until_it_is_gone(rehearse):
    bot = rehearse(desk_phone="+91 22 1234 5678")
    bot.enter()
    bot.tick(80_000, depth=0)
    bot.broker.plans[Verb.MODIFY].extend(["reject"] * 200)
    bot.broker.plans[Verb.CANCEL].extend(["reject"] * 200)
    begun = flatten(bot)
    bot.run(150)
    assert [event.at - begun for event in rung(bot)] == [20 * SECOND, 80 * SECOND, 140 * SECOND]
    message = rung(bot)[-1].message
    assert f"open: 10 {SBIN}; the broker said last: {SBIN}: no; " in message
    assert message.endswith("close it in the broker's app or call its desk at +91 22 1234 5678")
    assert len(bot.broker.open_exits(SBIN)) == 1
    bot.broker.plans[Verb.MODIFY].clear()
    bot.broker.plans[Verb.CANCEL].clear()
    bot.tick(80_000)
    bot.run(60)
    assert proofs(bot)[-1][0]
    told = len(rung(bot))
    bot.run(300)
    assert len(rung(bot)) == told


@pytest.mark.hazard("P13")
def test_an_entry_of_unknown_fate_is_not_flat_and_is_named(bot):
    bot.broker.plans[Verb.PLACE].append("never")
    bot.tick(80_000)
    bot.signal(Direction.LONG)
    bot.run(1)
    flatten(bot)
    bot.run(21)
    assert proofs(bot) == []
    assert f"order {bot.tag(Purpose.ENTRY)} in {SBIN} (unknown)" in rung(bot)[0].message
    bot.run(60)
    assert [is_flat for is_flat, _ in proofs(bot)] == [True]


@pytest.mark.hazard("A1", "P13")
def test_a_dead_token_is_said_and_the_call_goes_on_over_a_restart(bot):
    bot.enter()
    bot.broker.reachable = False
    bot.give(events.AccessChanged(at=bot.now, valid=False, why="expired"))
    flatten(bot)
    bot.run(21)
    assert "the token is dead, nothing can be sent: close it in the broker's app" in rung(bot)[0].message
    bot.kill()
    bot.start()
    bot.run(21)
    assert len(rung(bot)) == 2


@pytest.mark.hazard("P12")
def test_a_loss_limit_is_watched_to_its_proof_too(rehearse):
    bot = rehearse(max_loss=4_000)
    bot.enter()
    bot.tick(79_590)
    bot.run(20)
    assert bot.kernel.state.level is SafetyLevel.FLATTEN
    assert bot.kernel.state.flattened


@pytest.mark.hazard("P13")
def test_an_entry_that_fills_after_the_proof_is_cried_out_closed_and_proven_again(bot):
    bot.broker.plans[Verb.PLACE].append("lost")
    bot.broker.mute = True
    bot.tick(80_000, depth=0)
    bot.signal(Direction.LONG)
    bot.run(0.5)
    [order] = bot.broker.book
    bot.broker.hidden.add(order)
    flatten(bot)
    bot.run(80)
    assert [is_flat for is_flat, _ in proofs(bot)] == [True]
    bot.broker.hidden.clear()
    bot.tick(80_000)
    bot.run(60)
    assert "FLAT_NO_MORE" in bot.alarms
    assert [is_flat for is_flat, _ in proofs(bot)] == [True, False, True]
    assert bot.broker.net(SBIN) == 0


def test_what_somebody_else_buys_after_the_proof_is_not_ours_to_close(bot):
    bot.enter()
    flatten(bot)
    bot.run(20)
    assert bot.kernel.state.flattened
    bot.broker.by_hand(SBIN, Side.BUY, 10)
    bot.run(20)
    assert "FLAT_NO_MORE" not in bot.alarms
    assert bot.broker.net(SBIN) == 10


@pytest.mark.parametrize("level", [Command.HALT, Command.EXIT_ONLY])
def test_no_other_level_proves_or_calls(bot, level):
    bot.enter()
    bot.give(events.CommandGiven(at=bot.now, command=level, why="test", key="k"))
    bot.run(5 * MINUTE / SECOND)
    assert proofs(bot) == []
    assert rung(bot) == []


def test_after_a_resume_the_next_flatten_is_proven_anew(bot):
    flatten(bot)
    bot.run(10)
    bot.give(events.CommandGiven(at=bot.now, command=Command.RESUME, why="test", key="r"))
    assert not bot.kernel.state.flattened
    bot.run(300)
    bot.enter()
    flatten(bot)
    bot.run(20)
    assert len(proofs(bot)) == 2


def asked(bot, since: int) -> list[str]:
    """The symbols in which something was sent since an instant, in order."""
    effects = (events.OrderIntended, events.ChangeIntended, events.CancelIntended, events.PositionExitIntended)
    sent = [event for event in bot.happened if isinstance(event, effects) and event.at >= since]
    return [symbol_of(bot, event) for event in sent]


def symbol_of(bot, event) -> str:
    match event:
        case events.OrderIntended(intent=intent):
            return intent.symbol
        case events.ChangeIntended(change=change):
            return change.symbol
        case events.CancelIntended(tag=tag):
            return bot.kernel.state.orders[tag].intent.symbol
    return event.symbol


@pytest.mark.hazard("P13", "S9")
@pytest.mark.parametrize(("first", "second"), [((SBIN, 80_000), (INFY, 90_000)), ((SBIN, 90_000), (INFY, 80_000))])
def test_the_largest_position_is_closed_first(bot, first, second):
    bot.enter(Direction.LONG, first[1], first[0])
    bot.enter(Direction.LONG, second[1], second[0])
    begun = flatten(bot)
    largest, other = sorted((first, second), key=lambda held: -held[1])
    assert asked(bot, begun) == [largest[0], other[0]]
    bot.run(20)
    assert bot.kernel.state.flattened


@pytest.mark.hazard("P13")
def test_an_entry_that_may_still_fill_is_cancelled_before_anything_is_closed(bot):
    bot.enter(Direction.LONG, 90_000, SBIN)
    bot.tick(80_000, INFY, depth=0)
    bot.signal(Direction.LONG, INFY)
    bot.run(1)
    begun = flatten(bot)
    assert asked(bot, begun) == [INFY, SBIN]
