"""Stories decided again: the whole of a day from its log and its tape, and what it takes to notice a difference."""

import pytest

from core import events
from core.errors import StorageError
from core.instants import SECOND
from core.market import Tick
from core.signals import Direction
from trading.event_log import Row
from trading.replay import Replay, Tally, starts_of
from trading.tick_tape import Seen

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"


@pytest.fixture
def day(bot):
    """A trade that reached its target, and one that a target and a crash came to at once."""
    bot.enter()
    for price in (80_100, 80_300, 80_600):
        bot.tick(price)
    bot.run(15)
    bot.enter(symbol=INFY, direction=Direction.SHORT)
    bot.tick(79_900, INFY)
    bot.kill()
    bot.run(3)
    bot.start()
    bot.run(10)
    bot.tick(79_300, INFY)
    bot.run(15)
    assert [trade.exit_reason for trade in bot.trades] == ["target", "target"]
    return bot


def decide_again(day, rows: list[Row], ticks: list[Seen]):
    """Replay the first start from what is given."""
    start = starts_of(rows, None)[0]
    tally = Tally()
    return Replay(start, day.fresh_kernel(start), iter(ticks), tally).run(), tally


@pytest.mark.hazard("W8")
def test_a_day_with_a_crash_decides_to_itself(day):
    difference, tally = day.replayed()
    assert difference is None
    assert tally.starts == 2
    assert tally.ticks == day.tape.position
    acted = len(day.of_kind(events.TickActed))
    decisions = sum(isinstance(event, events.Decision) for event in day.happened)
    assert (tally.decisions, tally.unrecorded) == (decisions, 0)
    assert tally.inputs == len(day.happened) - decisions - acted


@pytest.mark.hazard("W8")
@pytest.mark.parametrize(
    "kind", ["OrderIntended", "LevelsSet", "ExitDecided", "TradeClosed", "TickActed", "HistoryWanted"]
)
def test_a_decision_that_was_another_is_the_first_difference(day, kind):
    rows = list(day.log.rows())
    place = next(place for place, row in enumerate(rows) if row.kind == kind)
    rows[place] = rows[place]._replace(body=rows[place].body.replace("]", " ]"))
    difference, _ = decide_again(day, rows, list(day.tape.seen()))
    assert (difference.row, difference.at) == (place + 1, rows[place].at)
    assert difference.recorded == f"{kind} {rows[place].body}"
    assert difference.decided == difference.recorded.replace(" ]", "]")


def test_a_decision_too_many_and_one_too_few_are_differences(day):
    rows, ticks = list(day.log.rows()), list(day.tape.seen())
    place = next(place for place, row in enumerate(rows) if row.kind == "LevelsSet")
    fewer = rows[:place] + rows[place + 1 :]
    assert decide_again(day, fewer, ticks)[0].recorded.startswith("OrderIntended")
    more = [*rows[:place], rows[place], *rows[place:]]
    assert decide_again(day, more, ticks)[0].decided.startswith("OrderIntended")


def test_a_price_that_was_another_makes_the_difference_at_its_row(day):
    rows, ticks = list(day.log.rows()), list(day.tape.seen())
    acted = next(row for row in rows if row.kind == "TickActed")
    place = acted.tape - 1
    for price, decided in ((80_605, "TickActed"), (80_500, "nothing")):
        tick = ticks[place].tick._replace(ltp=price)
        difference, _ = decide_again(day, rows, [*ticks[:place], ticks[place]._replace(tick=tick), *ticks[place + 1 :]])
        assert difference.row == acted.number
        assert difference.decided.startswith(decided)


def test_a_tick_that_should_have_acted_and_did_not_is_a_difference(day):
    rows, ticks = list(day.log.rows()), list(day.tape.seen())
    acted = next(row for row in rows if row.kind == "TickActed")
    place = acted.tape - 2
    ticks[place] = ticks[place]._replace(tick=ticks[place].tick._replace(ltp=80_700))
    difference, _ = decide_again(day, rows, ticks)
    assert (difference.row, difference.recorded) == (acted.number, "nothing")
    assert difference.decided.startswith("ExitDecided")
    assert difference.at == ticks[place].now


def test_a_tape_that_ends_too_early_is_an_error_that_says_so(day):
    rows, ticks = list(day.log.rows()), list(day.tape.seen())
    with pytest.raises(StorageError, match=r"the tick tape ends at record 2, row \d+ of the event log was written at"):
        decide_again(day, rows, ticks[:2])


def test_a_timer_that_fired_unasked_is_a_difference(day):
    rows = list(day.log.rows())
    place = next(place for place, row in enumerate(rows) if row.kind == "TimerFired")
    rows[place] = rows[place]._replace(body=rows[place].body.replace('"books",""', f'"settle","{SBIN}"'))
    difference, _ = decide_again(day, rows, list(day.tape.seen()))
    assert (difference.row, difference.decided) == (place + 1, "nothing")


@pytest.mark.hazard("W8")
def test_a_decision_that_a_crash_kept_out_of_the_log_is_counted_and_no_difference(bot):
    bot.enter()
    bot.tape.note(Tick(SBIN, bot.now, 80_600, 80_600, 80_600, 0), bot.now)  # then the power went
    bot.kill()
    bot.run(3)
    bot.start()
    bot.run(15)
    difference, tally = bot.replayed()
    assert difference is None
    assert tally.unrecorded > 0


def test_the_same_decision_with_ticks_behind_it_is_a_difference(bot):
    bot.enter()
    rows, ticks = list(bot.log.rows()), list(bot.tape.seen())
    at = Tick(SBIN, bot.now, 80_600, 80_600, 80_600, 0)
    ticks += [Seen(len(ticks) + 1, bot.now, at), Seen(len(ticks) + 2, bot.now, at)]
    difference, _ = decide_again(bot, rows, ticks)
    assert (difference.row, difference.recorded) == (len(rows) + 1, "nothing")
    assert difference.decided.startswith("ExitDecided")


def test_other_rules_show_the_first_decision_that_would_differ(day):
    assert day.replayed(stop_atr=2.0)[0] is None
    difference, _ = day.replayed(stop_atr=1.5)
    assert difference.recorded.startswith("OrderIntended")
    assert difference.decided.endswith("0.7,200.0,1.5,3.0,0]]")
    assert difference.recorded.endswith("0.7,200.0,2.0,3.0,0]]")


@pytest.mark.parametrize(
    ("changes", "recorded", "decided"),
    [({"books_busy": 3 * SECOND}, "nothing", "TimerFired"), ({"books_idle": 3_600 * SECOND}, "TimerFired", "nothing")],
)
def test_a_deadline_that_other_rules_move_is_a_difference(day, changes, recorded, decided):
    difference, _ = day.replayed(**changes)
    assert difference.recorded.startswith(recorded)
    assert difference.decided.startswith(decided)


def test_stopping_at_an_instant_leaves_the_bot_as_it_stood_then(day):
    start = starts_of(list(day.log.rows()), None)[0]
    closed = next(event for event in day.happened if isinstance(event, events.TradeClosed))
    for until, held in ((closed.at - 1, [SBIN]), (closed.at, [])):
        replay = Replay(start, day.fresh_kernel(start), day.tape.seen(), Tally())
        assert replay.run(until) is None
        assert list(replay.kernel.state.positions) == held


def test_a_start_that_recorded_no_desk_cannot_be_replayed(day):
    rows = [row for row in day.log.rows() if row.kind != "DeskSet"]
    with pytest.raises(StorageError, match="row 1 of the event log: this start of version 1 did not record"):
        starts_of(rows, None)[0].desk  # noqa: B018 - it raises


def test_the_starts_of_a_day_are_those_that_came_to_its_session(day):
    rows = list(day.log.rows())
    starts = starts_of(rows, None)
    assert [start.rows[0].event.boot for start in starts] == [1, 2]
    assert [start.tape_end for start in starts] == [starts[1].rows[0].tape, None]
    assert sum(len(start.rows) for start in starts) == len(rows)
    assert starts_of(rows[:1], None) == []
    assert starts_of([], None) == []
    assert starts_of(rows, day.day.date.replace(day=7)) == []
