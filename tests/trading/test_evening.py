"""The evening's appointment: after the close, on a thread of its own, and never in the way of trading."""

import logging
import threading
import time as wall
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from core.errors import DataError, ModelError
from core.instants import DAY, MINUTE, SECOND, instant_at
from core.sessions import TradingDay
from market_data.ticks.live_ticks import LiveTicks
from market_data.ticks.tick_archive import TickArchive
from runtime.settings import PathSettings
from trading import evening as module
from trading.evening import Evening

FRIDAY, MONDAY, TUESDAY = date(2026, 1, 2), date(2026, 1, 5), date(2026, 1, 6)
SBIN = "NSE:SBIN-EQ"
EVENING = time(15, 45)


class WeekdayCalendar:
    """09:15 to 15:30 on weekdays."""

    def trading_day(self, day: date) -> TradingDay | None:
        if day.weekday() >= 5:
            return None
        return TradingDay(
            date=day,
            open=instant_at(day, time(9, 15)),
            close=instant_at(day, time(15, 30)),
            no_entry_after=instant_at(day, time(14, 45)),
            square_off=instant_at(day, time(15, 5)),
            flat_by=instant_at(day, time(15, 10)),
        )

    def next_trading_day(self, after: date) -> TradingDay:
        day = after + timedelta(days=1)
        while (session := self.trading_day(day)) is None:
            day += timedelta(days=1)
        return session


class EveningClock:
    """Stands at an instant. What lies ahead falls far off; when its hour is struck, it is that instant."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.asked: list[int] = []

    def now(self) -> int:
        return self.at

    def wall_at(self, instant: int) -> datetime:
        self.asked.append(instant)
        return datetime(2000 if instant <= self.at else 2900, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def paths(tmp_path: Path) -> PathSettings:
    made = PathSettings(archive=tmp_path / "archive", live_ticks=tmp_path / "live.sqlite")
    with LiveTicks(made.live_ticks) as live:
        for day in (FRIDAY, TUESDAY):
            at = instant_at(day, time(10, 0))
            live.append(day, [(at, SBIN, at, 80_000, 79_995, 80_005, 10)], {SBIN: 2})
    return made


@pytest.fixture
def begin(paths: PathSettings) -> Iterator[Callable[[int], Evening]]:
    made: list[Evening] = []

    def at(instant: int, *check, **how) -> Evening:
        made.append(Evening(paths, WeekdayCalendar(), EveningClock(instant), *check, **how))
        return made[-1]

    yield at
    for each in made:
        each.close()


def waiting(paths: PathSettings) -> list[date]:
    with LiveTicks(paths.live_ticks) as live:
        return [day.day for day in live.days()]


def wait_for(condition: Callable[[], object]) -> None:
    deadline = wall.monotonic() + 20
    while not condition():
        assert wall.monotonic() < deadline, "it did not come about"
        wall.sleep(0.005)


@pytest.mark.parametrize(
    ("now", "first"),
    [
        (instant_at(TUESDAY, time(7, 0)), instant_at(TUESDAY, time(7, 0))),
        (instant_at(TUESDAY, time(8, 14, 59)), instant_at(TUESDAY, time(8, 14, 59))),
        (instant_at(TUESDAY, time(8, 15)), instant_at(TUESDAY, EVENING)),
        (instant_at(TUESDAY, time(12, 0)), instant_at(TUESDAY, EVENING)),
        (instant_at(TUESDAY, time(15, 40)), instant_at(TUESDAY, EVENING)),
        (instant_at(TUESDAY, time(15, 50)), instant_at(TUESDAY, time(15, 50))),
        (instant_at(FRIDAY, time(12, 0)) + DAY, instant_at(FRIDAY, time(12, 0)) + DAY),
    ],
)
def test_the_first_appointment_waits_for_a_market_that_is_near_or_open(begin, now: int, first: int) -> None:
    assert begin(now).first_at(now) == first


@pytest.mark.parametrize(
    ("now", "following"),
    [
        (instant_at(TUESDAY, time(7, 0)), instant_at(TUESDAY, EVENING)),
        (instant_at(FRIDAY, EVENING) - SECOND, instant_at(FRIDAY, EVENING)),
        (instant_at(FRIDAY, EVENING), instant_at(MONDAY, EVENING)),
        (instant_at(FRIDAY, time(12, 0)) + DAY, instant_at(MONDAY, EVENING)),
    ],
)
def test_the_following_one_is_the_next_evening_of_a_session(begin, now: int, following: int) -> None:
    assert begin(now).evening_after(now) == following


def test_a_closed_day_is_archived_on_a_thread_of_its_own(
    begin, paths: PathSettings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, logger="trading")
    threads = []
    archive_closed = module.archive_closed

    def watched(*arguments, **options):
        threads.append(threading.current_thread())
        return archive_closed(*arguments, **options)

    monkeypatch.setattr(module, "archive_closed", watched)
    evening = begin(instant_at(TUESDAY, EVENING))
    evening.start()
    wait_for(lambda: waiting(paths) == [])
    wait_for(lambda: len(evening._clock.asked) == 2)
    assert evening._clock.asked[1] == instant_at(TUESDAY + timedelta(days=1), EVENING)
    assert threads != [threading.main_thread()]
    assert len(TickArchive(paths.archive).read_ticks(SBIN, TUESDAY)) == 1
    assert "Archived 1 ticks of 2026-01-06, 1 symbols" in caplog.text


def test_nothing_is_archived_while_the_market_is_open(begin, paths: PathSettings) -> None:
    evening = begin(instant_at(TUESDAY, time(12, 0)))
    evening.start()
    assert evening._clock.asked == [instant_at(TUESDAY, EVENING)]
    wall.sleep(0.1)
    evening.close()
    assert waiting(paths) == [FRIDAY, TUESDAY]


def test_a_bot_that_has_traded_its_days_archives_before_it_ends(begin, paths: PathSettings) -> None:
    evening = begin(instant_at(TUESDAY, time(12, 0)))
    evening.start()
    evening._clock.at = instant_at(TUESDAY, time(15, 31))
    evening.close(is_done=True)
    assert waiting(paths) == []


def test_what_fails_is_told_and_the_next_evening_stands(
    begin, paths: PathSettings, caplog: pytest.LogCaptureFixture
) -> None:
    paths.archive.write_text("")
    evening = begin(instant_at(TUESDAY, EVENING))
    evening.start()
    wait_for(lambda: len(evening._clock.asked) == 2)
    assert "Ticks are not archived: " in caplog.text
    assert waiting(paths) == [FRIDAY, TUESDAY]


def test_an_error_that_nobody_foresaw_is_told_with_its_traceback_and_the_next_evening_stands(
    begin, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr(module, "archive_closed", broken)
    evening = begin(instant_at(TUESDAY, EVENING))
    evening.start()
    wait_for(lambda: len(evening._clock.asked) == 2)
    [record] = [each for each in caplog.records if each.name == "trading.evening"]
    assert (record.levelname, record.getMessage()) == ("CRITICAL", "Ticks are not archived")
    assert record.exc_info


def test_a_move_that_runs_ends_when_the_bot_does_and_its_day_stays(
    begin, paths: PathSettings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, logger="trading")
    evening = begin(instant_at(TUESDAY, EVENING))
    sweep = LiveTicks.sweep

    def interrupted(live, day):
        evening.close()
        return sweep(live, day)

    monkeypatch.setattr(LiveTicks, "sweep", interrupted)
    evening.start()
    wait_for(lambda: "the next evening does it" in caplog.text)
    monkeypatch.undo()
    assert waiting(paths) == [FRIDAY, TUESDAY]


@pytest.mark.parametrize("question", ["trading_day", "next_trading_day"])
def test_a_calendar_that_ends_ends_the_evenings_with_a_word(
    begin, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    def unknown(_self, _day: date) -> TradingDay:
        raise DataError("2027-01-01 is beyond what is known")

    evening = begin(instant_at(TUESDAY, EVENING) + MINUTE)
    monkeypatch.setattr(WeekdayCalendar, question, unknown)
    evening.start()
    wait_for(lambda: "No evening is known to archive on: 2027-01-01 is beyond what is known" in caplog.text)


def test_a_run_that_ends_waits_for_the_archiving_that_its_start_began(begin, monkeypatch):
    """Two at once refuse each other, and the end would then stop the one that works."""
    at_work, go_on, order = threading.Event(), threading.Event(), []

    def archive(*_of, **_how) -> list[object]:
        order.append("begins")
        at_work.set()
        go_on.wait(10)
        order.append("ends")
        return []

    monkeypatch.setattr(module, "archive_closed", archive)
    evening = begin(instant_at(TUESDAY, time(16, 0)))
    evening.start()
    assert at_work.wait(10)
    end = threading.Thread(target=evening.close, kwargs={"is_done": True})
    end.start()
    end.join(0.2)
    go_on.set()
    end.join(10)
    assert order == ["begins", "ends", "begins", "ends"]


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        (instant_at(TUESDAY, EVENING), TUESDAY),
        (instant_at(TUESDAY, time(8, 0)), MONDAY),
        (instant_at(MONDAY, time(8, 0)), FRIDAY),
    ],
)
def test_the_newest_session_is_checked_after_the_archiving(begin, paths: PathSettings, now: int, newest: date) -> None:
    checked = []
    evening = begin(now, lambda day, _ends: checked.append((day, waiting(paths))))
    evening.start()
    wait_for(lambda: checked)
    assert checked == [(newest, [] if newest is TUESDAY else [TUESDAY])]


def test_a_bot_that_records_no_ticks_archives_none_and_checks_its_day(begin, paths: PathSettings) -> None:
    checked = []
    evening = begin(instant_at(TUESDAY, EVENING), lambda day, _ends: checked.append(day), archives=False)
    evening.close(is_done=True)
    assert (checked, waiting(paths)) == ([TUESDAY], [FRIDAY, TUESDAY])


@pytest.mark.parametrize(
    ("error", "level", "told"),
    [
        (
            ModelError("the model of that day is gone"),
            "WARNING",
            "The day is not checked: the model of that day is gone",
        ),
        (ZeroDivisionError(), "CRITICAL", "The day is not checked"),
    ],
)
def test_a_check_that_fails_is_told_and_the_next_evening_stands(
    begin, caplog: pytest.LogCaptureFixture, error: Exception, level: str, told: str
) -> None:
    def broken(_day: date, _ends: threading.Event) -> None:
        raise error

    evening = begin(instant_at(TUESDAY, EVENING), broken, archives=False)
    evening.start()
    wait_for(lambda: len(evening._clock.asked) == 2)
    [record] = [each for each in caplog.records if each.name == "trading.evening"]
    assert (record.levelname, record.getMessage()) == (level, told)


def test_a_bot_that_ends_while_it_archives_checks_nothing_more(begin, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    evening = begin(instant_at(TUESDAY, EVENING), lambda day, _ends: checked.append(day))
    monkeypatch.setattr(module, "archive_closed", lambda *_of, **_how: evening.close() or [])
    evening._run()
    assert checked == []
