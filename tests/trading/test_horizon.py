"""The end of what the calendar knows: no real orders past it, practice with a warning, and word of it in good time."""

import logging
from datetime import date, timedelta

import pytest

from core.errors import ConfigurationError
from market_data.calendar import NseCalendar
from runtime.settings import Mode, Settings
from trading.horizon import Horizon

TUESDAY, SATURDAY = date(2026, 1, 6), date(2099, 1, 3)
UNKNOWN = date(2099, 1, 6)


@pytest.fixture(scope="module")
def calendar() -> NseCalendar:
    return NseCalendar()


def horizon(mode: Mode, calendar: NseCalendar) -> Horizon:
    return Horizon(Settings(mode=mode), calendar)


@pytest.mark.hazard("T4")
def test_live_trading_is_not_armed_on_a_day_that_nobody_knows(calendar: NseCalendar) -> None:
    live = horizon(Mode.LIVE, calendar)
    assert live.arm(TUESDAY) is calendar
    with pytest.raises(ConfigurationError, match=r"not armed on 2099-01-06: the holidays of 2099 .* update") as refusal:
        live.arm(UNKNOWN)
    assert "\n" not in str(refusal.value)


def test_paper_trading_takes_an_unknown_weekday_for_a_session_and_says_so_once(
    calendar: NseCalendar, caplog: pytest.LogCaptureFixture
) -> None:
    paper = horizon(Mode.PAPER, calendar).arm(UNKNOWN)
    assert paper.trading_day(UNKNOWN) == calendar.regular_session(UNKNOWN)
    assert paper.trading_day(SATURDAY) is None
    assert paper.next_trading_day(date(2099, 1, 2)).date == date(2099, 1, 5)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["Sessions are assumed"]


def test_paper_trading_goes_by_the_calendar_as_far_as_it_reaches(
    calendar: NseCalendar, caplog: pytest.LogCaptureFixture
) -> None:
    paper = horizon(Mode.PAPER, calendar).arm(TUESDAY)
    days = [TUESDAY + timedelta(days=number) for number in range(200)]
    assert [paper.trading_day(day) for day in days] == [calendar.trading_day(day) for day in days]
    assert [paper.next_trading_day(day) for day in days] == [calendar.next_trading_day(day) for day in days]
    assert caplog.records == []


@pytest.mark.parametrize(("left", "warned"), [(31, 0), (30, 1), (0, 1)])
@pytest.mark.parametrize("mode", list(Mode))
def test_the_end_of_the_known_sessions_is_told_once_in_good_time(
    mode: Mode,
    left: int,
    warned: int,
    calendar: NseCalendar,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    until = TUESDAY + timedelta(days=left)
    monkeypatch.setattr(NseCalendar, "known_until", lambda _self, _day: until)
    watched = horizon(mode, calendar)
    for _ in range(3):
        watched.warn(TUESDAY)
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == warned
    assert all(
        f"Sessions are known until {until} only" in line and "update exchange-calendars" in line for line in told
    )


def test_past_the_horizon_the_warning_leaves_the_word_to_others(
    calendar: NseCalendar, caplog: pytest.LogCaptureFixture
) -> None:
    horizon(Mode.PAPER, calendar).warn(UNKNOWN)
    assert caplog.records == []


@pytest.mark.hazard("T4")
def test_a_session_whose_hours_nobody_knows_is_named_once_in_good_time(
    calendar: NseCalendar, caplog: pytest.LogCaptureFixture
) -> None:
    watched = horizon(Mode.LIVE, calendar)
    muhurat = date(2026, 11, 8)
    watched.warn(muhurat - timedelta(days=31))
    assert caplog.records == []
    for days in (30, 10, 0):
        watched.warn(muhurat - timedelta(days=days))
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "Hours of the session on 2026-11-08 (muhurat) are not known, it is not traded"
    ]
