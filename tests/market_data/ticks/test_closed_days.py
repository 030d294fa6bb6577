"""Which recorded days are over, and that no other is ever touched."""

from datetime import date, time, timedelta
from pathlib import Path

import pytest

from core.errors import ConfigurationError, StorageError
from core.instants import SECOND, instant_at
from core.sessions import TradingDay
from market_data.ticks.closed_days import archive_closed, end_of
from market_data.ticks.live_ticks import LiveTicks
from market_data.ticks.tick_archive import TickArchive
from runtime.settings import PathSettings

FRIDAY, SATURDAY, MONDAY, TUESDAY = date(2026, 1, 2), date(2026, 1, 3), date(2026, 1, 5), date(2026, 1, 6)
SBIN = "NSE:SBIN-EQ"


class WeekdayCalendar:
    """Weekdays from 09:15 to 15:30; on Tuesdays an auction sets the price at 15:35."""

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
            closing_price_at=instant_at(day, time(15, 35)) if day.weekday() == 1 else None,
        )

    def next_trading_day(self, after: date) -> TradingDay:
        day = after + timedelta(days=1)
        while (session := self.trading_day(day)) is None:
            day += timedelta(days=1)
        return session


CALENDAR = WeekdayCalendar()


@pytest.fixture
def paths(tmp_path: Path) -> PathSettings:
    return PathSettings(archive=tmp_path / "archive", live_ticks=tmp_path / "live.sqlite")


@pytest.fixture
def recorded(paths: PathSettings) -> PathSettings:
    """Friday, Saturday, Monday and Tuesday."""
    with LiveTicks(paths.live_ticks) as live:
        for day in (FRIDAY, SATURDAY, MONDAY, TUESDAY):
            at = instant_at(day, time(10, 0))
            live.append(day, [(at, SBIN, at, 80_000, 79_995, 80_005, 10)], {SBIN: 2})
    return paths


def waiting(paths: PathSettings) -> list[date]:
    with LiveTicks(paths.live_ticks) as live:
        return [day.day for day in live.days()]


@pytest.mark.parametrize(
    ("now", "archived"),
    [
        (instant_at(FRIDAY, time(15, 29)), []),
        (instant_at(FRIDAY, time(15, 30)), [FRIDAY]),
        (instant_at(SATURDAY, time(23, 59)), [FRIDAY]),
        (instant_at(MONDAY, time(9, 0)), [FRIDAY, SATURDAY]),
        (instant_at(MONDAY, time(12, 0)), [FRIDAY, SATURDAY]),
        (instant_at(TUESDAY, time(15, 34)), [FRIDAY, SATURDAY, MONDAY]),
        (instant_at(TUESDAY, time(15, 35)), [FRIDAY, SATURDAY, MONDAY, TUESDAY]),
    ],
)
def test_every_day_whose_market_has_closed_goes_and_no_other(
    recorded: PathSettings, now: int, archived: list[date]
) -> None:
    assert [day.day for day in archive_closed(recorded, CALENDAR, now)] == archived
    assert waiting(recorded) == [day for day in (FRIDAY, SATURDAY, MONDAY, TUESDAY) if day not in archived]
    for day in archived:
        assert len(TickArchive(recorded.archive).read_ticks(SBIN, day)) == 1


def test_a_holiday_on_which_something_was_recorded_is_over_at_midnight() -> None:
    assert end_of(SATURDAY, CALENDAR) == instant_at(SATURDAY, time(23, 59, 59)) + SECOND


def test_a_single_day_can_be_named(recorded: PathSettings) -> None:
    evening = instant_at(TUESDAY, time(16, 0))
    assert [day.day for day in archive_closed(recorded, CALENDAR, evening, MONDAY)] == [MONDAY]
    assert waiting(recorded) == [FRIDAY, SATURDAY, TUESDAY]


def test_a_day_whose_market_is_open_is_refused_with_the_time_of_its_end(recorded: PathSettings) -> None:
    noon = instant_at(TUESDAY, time(12, 0))
    with pytest.raises(ConfigurationError, match="its market closes at 2026-01-06 15:35:00; archive it after that"):
        list(archive_closed(recorded, CALENDAR, noon, TUESDAY))
    assert TUESDAY in waiting(recorded)


@pytest.mark.parametrize("fixture", ["paths", "recorded"])
def test_a_day_that_was_not_recorded_is_refused(fixture: str, request: pytest.FixtureRequest) -> None:
    paths = request.getfixturevalue(fixture)
    with pytest.raises(ConfigurationError, match=r"--day 2025-12-31: no ticks of it wait in .*live\.sqlite"):
        list(archive_closed(paths, CALENDAR, instant_at(TUESDAY, time(16, 0)), date(2025, 12, 31)))


def test_without_a_recording_nothing_is_done_and_nothing_is_made(paths: PathSettings, tmp_path: Path) -> None:
    assert list(archive_closed(paths, CALENDAR, instant_at(TUESDAY, time(16, 0)))) == []
    assert list(tmp_path.iterdir()) == []


def test_a_day_that_fails_leaves_the_days_before_it_archived(recorded: PathSettings) -> None:
    def watch(day):
        def fail(_name: str, _ticks: int) -> None:
            if day.day == MONDAY:
                raise StorageError("the disk is full")

        return fail

    moves = archive_closed(recorded, CALENDAR, instant_at(TUESDAY, time(16, 0)), watch=watch)
    assert [next(moves).day, next(moves).day] == [FRIDAY, SATURDAY]
    with pytest.raises(StorageError, match="the disk is full"):
        next(moves)
    assert waiting(recorded) == [MONDAY, TUESDAY]
