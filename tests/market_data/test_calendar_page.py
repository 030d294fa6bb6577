"""What `fyersbot calendar` shows, to a person and to a program."""

from datetime import date, timedelta

import pytest

from core.errors import ConfigurationError, DataError
from market_data.calendar import NseCalendar
from market_data.calendar_page import CalendarPage, market_of, range_of
from market_data.days import Days
from market_data.session_rules import Market

TODAY = date(2026, 11, 5)
NOVEMBER = Days(date(2026, 11, 1), date(2026, 11, 30))


@pytest.fixture(scope="module")
def calendar() -> NseCalendar:
    return NseCalendar()


def page(calendar: NseCalendar, span: Days = NOVEMBER, today: date = TODAY) -> CalendarPage:
    return CalendarPage(calendar, Market.SHARES_WITH_DERIVATIVES, span, today)


def test_a_month_is_told_to_a_program(calendar: NseCalendar) -> None:
    data = page(calendar).data()
    assert (data["from"], data["to"], data["market"]) == ("2026-11-01", "2026-11-30", "shares_with_derivatives")
    assert (data["next_session"], data["next_holiday"], data["known_until"]) == (
        "2026-11-06",
        "2026-11-08",
        "2026-12-31",
    )
    assert len(data["sessions"]) + len(data["closed"]) == 30
    assert [row["date"] for row in data["closed"] if row["kind"] != "weekend"] == [
        "2026-11-08",
        "2026-11-10",
        "2026-11-24",
    ]
    assert data["sessions"][0] == {
        "date": "2026-11-02",
        "kind": "regular",
        "note": "",
        "source": "",
        "open": "09:15",
        "breaks": [],
        "no_entry_after": "14:45",
        "square_off": "15:05",
        "flat_by": "15:10",
        "broker_square_off": "15:15",
        "close": "15:15",
        "closing_price_at": "15:35",
    }


def test_a_month_is_shown_to_a_person(calendar: NseCalendar, capsys: pytest.CaptureFixture[str]) -> None:
    page(calendar).print()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == "November 2026"
    assert [line.split() for line in lines[1:4]] == [
        ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"],
        ["1"],
        ["2", "3", "4", "5", "6", "7", "8?"],
    ]
    said = "\n".join(lines)
    for expected in (
        "19 sessions",
        "2026-11-02 Mon  09:15-15:15, flat by 15:10",
        "2026-11-08 Sun  session, hours unknown: muhurat",
        "2026-11-10 Tue  holiday: Diwali-Balipratipada",
        "Next session: 2026-11-06",
        "Known until: 2026-12-31",
    ):
        assert expected in said


def test_every_number_stands_under_its_day(calendar: NseCalendar, capsys: pytest.CaptureFixture[str]) -> None:
    page(calendar).print()
    lines = capsys.readouterr().out.splitlines()[1:8]
    starts = [lines[0].index(name) for name in ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")]
    for number in range(1, 31):
        day = NOVEMBER.first + timedelta(days=number - 1)
        week = lines[1 + (number + NOVEMBER.first.weekday() - 1) // 7]
        assert week[starts[day.weekday()] :][:2].strip() == str(number)


def test_a_day_in_two_parts_and_a_change_of_hours_are_told(
    calendar: NseCalendar, capsys: pytest.CaptureFixture[str]
) -> None:
    page(calendar, Days(date(2024, 3, 1), date(2024, 3, 3))).print()
    page(calendar, Days(date(2026, 7, 30), date(2026, 8, 4))).print()
    said = capsys.readouterr().out
    assert "2024-03-02 Sat  09:15-10:00 and 11:30-12:30, flat by 09:50: disaster_recovery" in said
    assert "2026-07-30 Thu  09:15-15:30, flat by 15:10\n2026-08-03 Mon  09:15-15:15, flat by 15:10\n" in said
    assert "2024-03-02" in [
        row["date"] for row in page(calendar, Days(date(2024, 3, 2), date(2024, 3, 2))).data()["sessions"]
    ]


def test_one_session_is_told_in_the_singular(calendar: NseCalendar, capsys: pytest.CaptureFixture[str]) -> None:
    page(calendar, Days(date(2026, 2, 1), date(2026, 2, 1))).print()
    assert "\n1 session\n" in capsys.readouterr().out


def test_the_last_days_of_what_is_known_have_nothing_after_them(calendar: NseCalendar) -> None:
    data = page(calendar, today=calendar.known_until(TODAY)).data()
    assert (data["next_session"], data["next_holiday"]) == (None, None)
    beyond = page(calendar, today=date(2099, 1, 1)).data()
    assert (beyond["next_session"], beyond["known_until"]) == (None, None)


def test_days_that_nobody_knows_are_not_shown(calendar: NseCalendar) -> None:
    with pytest.raises(DataError, match="2099"):
        page(calendar, Days(date(2099, 1, 1), date(2099, 1, 2)))


def test_commodities_have_hours_and_no_sessions(calendar: NseCalendar, capsys: pytest.CaptureFixture[str]) -> None:
    shown = CalendarPage(calendar, None, Days(date(2024, 1, 1), date(2024, 12, 31)), TODAY)
    data = shown.data()
    assert data["sessions"] is None
    assert [(row["from"], row["close"]) for row in data["hours"]] == [
        ("2024-01-01", "23:55"),
        ("2024-03-10", "23:30"),
        ("2024-11-03", "23:55"),
    ]
    shown.print()
    assert "the holidays of the commodity exchange are not known here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("first", "last", "month", "span"),
    [
        (None, None, None, (date(2026, 11, 1), date(2026, 11, 30))),
        (None, None, date(2024, 2, 1), (date(2024, 2, 1), date(2024, 2, 29))),
        (None, None, date(2025, 12, 1), (date(2025, 12, 1), date(2025, 12, 31))),
        (date(2025, 12, 30), date(2026, 1, 2), None, (date(2025, 12, 30), date(2026, 1, 2))),
        (date(2025, 12, 30), None, None, (date(2025, 12, 30), date(2025, 12, 30))),
    ],
)
def test_a_range_is_what_was_asked_for(
    first: date | None, last: date | None, month: date | None, span: tuple[date, date]
) -> None:
    assert range_of(first, last, month, TODAY) == Days(*span)


@pytest.mark.parametrize(
    ("first", "last", "month", "reason"),
    [
        (date(2026, 1, 2), date(2026, 1, 1), None, "--to 2026-01-01 lies before --from 2026-01-02"),
        (None, date(2026, 1, 1), None, "needs --from"),
        (date(2026, 1, 1), None, date(2026, 1, 1), "--month stands alone"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(
    first: date | None, last: date | None, month: date | None, reason: str
) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        range_of(first, last, month, TODAY)


def test_a_market_is_named_or_refused() -> None:
    assert [market_of(market.value) for market in Market] == list(Market)
    assert market_of("commodity") is None
    with pytest.raises(ConfigurationError, match="currency: its hours are not known here"):
        market_of("currency")
    with pytest.raises(ConfigurationError, match=r"market 'bonds' is unknown; there are shares, .* commodity"):
        market_of("bonds")
