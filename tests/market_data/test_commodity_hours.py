"""Commodities close with New York's evening: dates are those of brokers' circulars."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from core.errors import DataError
from market_data.calendar import NseCalendar
from market_data.commodity_hours import CommodityHours, commodity_hours_on
from market_data.session_rules import INSTALLED_RULES, read_rules

RULES = read_rules(INSTALLED_RULES).commodity_hours


def hours(day: date) -> str:
    found = commodity_hours_on(RULES, day)
    return f"{found.open:%H:%M}-{found.close:%H:%M}"


@pytest.mark.hazard("T5")
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2017-03-13", "10:00-23:30"),
        ("2018-12-28", "10:00-23:55"),
        ("2018-12-31", "09:00-23:55"),
        ("2019-11-01", "09:00-23:30"),
        ("2019-11-04", "09:00-23:55"),
        ("2020-03-06", "09:00-23:55"),
        ("2022-03-11", "09:00-23:55"),
        ("2022-03-14", "09:00-23:30"),
        ("2023-11-03", "09:00-23:30"),
        ("2023-11-06", "09:00-23:55"),
        ("2024-03-08", "09:00-23:55"),
        ("2024-03-11", "09:00-23:30"),
        ("2024-11-01", "09:00-23:30"),
        ("2024-11-04", "09:00-23:55"),
    ],
)
def test_the_evening_follows_new_york(day: str, expected: str) -> None:
    assert hours(date.fromisoformat(day)) == expected


def test_the_hours_change_twice_a_year_and_on_sundays_only() -> None:
    days = [date(2019, 1, 1) + timedelta(days=number) for number in range(8 * 365)]
    changes = [after for before, after in pairwise(days) if hours(before) != hours(after)]
    assert len(changes) == 16
    assert {day.weekday() for day in changes} == {6}
    assert {day.month for day in changes} == {3, 11}


def test_nobody_guesses_before_the_first_rule() -> None:
    with pytest.raises(DataError, match=r"commodity hours of 2017-03-12 are not known \(2017-03-13\)"):
        commodity_hours_on(RULES, date(2017, 3, 12))
    with pytest.raises(DataError, match="nothing is listed"):
        commodity_hours_on((), date(2024, 1, 1))


def test_the_calendar_gives_them_as_of_a_date() -> None:
    found = NseCalendar().commodity_hours(date(2024, 3, 11))
    assert isinstance(found, CommodityHours)
    assert f"{found.close:%H:%M}" == "23:30"
