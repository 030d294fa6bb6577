import queue
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from itertools import pairwise
from time import sleep

import pytest

from core import events
from core.events import Phase
from core.instants import MINUTE, SECOND, instant_at
from core.market import Timeframe
from core.sessions import TradingDay
from trading.timetable import Timetable, appointments

TUESDAY = date(2026, 1, 6)


@pytest.fixture
def day() -> TradingDay:
    return TradingDay(
        date=TUESDAY,
        open=instant_at(TUESDAY, time(9, 15)),
        no_entry_after=instant_at(TUESDAY, time(14, 45)),
        square_off=instant_at(TUESDAY, time(15, 5)),
        flat_by=instant_at(TUESDAY, time(15, 10)),
        close=instant_at(TUESDAY, time(15, 30)),
    )


def test_a_candle_that_waits_for_prices_is_due_that_much_later_and_the_rest_is_not(day):
    plain, waiting = appointments(day, Timeframe.M5), appointments(day, Timeframe.M5, 2 * SECOND)
    due = {event.start: event.at for event in plain if isinstance(event, events.CandleDue)}
    later = {event.start: event.at for event in waiting if isinstance(event, events.CandleDue)}
    assert later == {start: at + 2 * SECOND for start, at in due.items()}
    phases = [event for event in waiting if isinstance(event, events.PhaseReached)]
    assert phases == [event for event in plain if isinstance(event, events.PhaseReached)]


class StillClock:
    """Stands at one market instant; what is ahead falls into a year of the wall that is long past or far off."""

    def __init__(self, at: int, year: int = 2900) -> None:
        self.at = at
        self.year = year
        self.asked: list[int] = []

    def now(self) -> int:
        return self.at

    def wall_at(self, instant: int) -> datetime:
        self.asked.append(instant)
        return datetime(self.year, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=(instant - self.at) // 10**6)


@pytest.mark.parametrize(
    ("timeframe", "candles"),
    [
        (Timeframe.M1, 375),
        (Timeframe.M3, 125),
        (Timeframe.M5, 75),
        (Timeframe.M15, 25),
        (Timeframe.M60, 7),
        (Timeframe.D, 1),
    ],
)
def test_a_day_has_each_phase_once_and_each_candle_close(day, timeframe, candles):
    moments = appointments(day, timeframe)
    assert [event.phase for event in moments if isinstance(event, events.PhaseReached)] == list(Phase)
    due = [event for event in moments if isinstance(event, events.CandleDue)]
    assert len(due) == candles
    assert all(earlier.at <= later.at for earlier, later in pairwise(moments))
    assert all(earlier.start < later.start for earlier, later in pairwise(due))


def test_a_candle_is_due_when_it_closes_and_named_by_its_start(day):
    first, *_, last = [e for e in appointments(day, Timeframe.M60) if isinstance(e, events.CandleDue)]
    assert (first.start, first.at) == (day.open, day.open + 60 * MINUTE)
    assert (last.start, last.at) == (day.open + 360 * MINUTE, day.close)


def test_the_candle_before_a_pause_is_due_when_that_begins_and_none_is_due_within_it(day):
    paused = replace(day, breaks=((day.open + 45 * MINUTE, day.open + 135 * MINUTE),))
    hours = [e for e in appointments(paused, Timeframe.M60) if isinstance(e, events.CandleDue)]
    after_open = [((event.start - day.open) // MINUTE, (event.at - day.open) // MINUTE) for event in hours]
    assert after_open[:3] == [(0, 45), (120, 180), (180, 240)]
    fives = [e.at for e in appointments(paused, Timeframe.M5) if isinstance(e, events.CandleDue)]
    assert len(fives) == 75 - 18
    assert not [at for at in fives if paused.breaks[0][0] < at <= paused.breaks[0][1]]


def test_a_daily_candle_is_named_as_the_broker_names_it(day):
    (daily,) = [e for e in appointments(day, Timeframe.D) if isinstance(e, events.CandleDue)]
    assert (daily.start, daily.at) == (instant_at(TUESDAY, time(5, 30)), day.close)


def test_a_candle_comes_before_a_phase_of_the_same_instant(day):
    at_no_entry = [event for event in appointments(day, Timeframe.M15) if event.at == day.no_entry_after]
    assert [type(event) for event in at_no_entry] == [events.CandleDue, events.PhaseReached]


def test_a_late_start_catches_up_with_the_phases_and_with_a_fresh_candle_only(day):
    inbox: queue.SimpleQueue = queue.SimpleQueue()
    now = day.open + 61 * MINUTE
    timetable = Timetable(StillClock(now), inbox.put)
    timetable.start(day, Timeframe.M5)
    timetable.stop()
    first = [inbox.get(timeout=5) for _ in range(3)]
    assert [(event.phase if isinstance(event, events.PhaseReached) else event.start) for event in first] == [
        Phase.PRE_OPEN,
        Phase.OPEN,
        day.open + 55 * MINUTE,
    ]
    assert {event.at for event in first} == {now}


def test_what_is_ahead_is_asked_of_the_clock_and_arrives_through_the_inbox(day):
    inbox: queue.SimpleQueue = queue.SimpleQueue()
    clock = StillClock(day.flat_by - SECOND, year=2000)
    timetable = Timetable(clock, inbox.put)
    timetable.start(day, Timeframe.M60)
    arrived = [inbox.get(timeout=5) for _ in range(8)]
    while timetable._scheduler.get_jobs():
        sleep(0.01)
    timetable.stop()
    timetable.stop()
    assert clock.asked == [day.flat_by, day.open + 360 * MINUTE, day.close, day.close + MINUTE]
    assert {type(event) for event in arrived} == {events.PhaseReached, events.CandleDue}
    assert {event.phase for event in arrived if isinstance(event, events.PhaseReached)} == set(Phase)


def test_what_falls_on_one_instant_arrives_with_the_candle_first(day):
    inbox: queue.SimpleQueue = queue.SimpleQueue()
    timetable = Timetable(StillClock(day.no_entry_after - SECOND), inbox.put)
    timetable.start(day, Timeframe.M15)
    jobs = timetable._scheduler.get_jobs()
    timetable.stop()
    while not inbox.empty():
        inbox.get_nowait()  # what a late start catches up with
    assert len({job.next_run_time for job in jobs}) == len(jobs)
    jobs[0].func(*jobs[0].args)
    assert isinstance(inbox.get_nowait(), events.CandleDue)
    assert inbox.get_nowait().phase is Phase.NO_ENTRY
    assert inbox.empty()


def test_stopping_what_never_began_is_allowed(day):
    Timetable(StillClock(day.open), print).stop()


@pytest.mark.hazard("R9")
def test_an_appointment_that_cannot_be_kept_is_told(day):
    """A day whose square-off never comes must not go on."""
    told = queue.SimpleQueue()

    def put(event) -> None:
        raise RuntimeError("the inbox is gone")

    timetable = Timetable(StillClock(day.open - 2 * MINUTE * 60, year=2000), put, told.put)
    timetable.start(day, Timeframe.M5)
    assert told.get(timeout=20) == "an appointment of the timetable was not kept: the inbox is gone"
    timetable.stop()
