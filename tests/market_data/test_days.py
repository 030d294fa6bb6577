"""Dates as ranges and as numbers."""

from datetime import date, timedelta

import numpy as np
import pytest

from core.errors import DataError
from features.columns import ist_days
from market_data.days import Days, date_of, days_of, is_weekend, joined, midnight, number_of

FRIDAY = date(2026, 11, 20)
SATURDAY = FRIDAY + timedelta(days=1)
MONDAY = FRIDAY + timedelta(days=3)


def test_a_range_has_both_of_its_ends_and_no_other_day():
    days = Days(FRIDAY, MONDAY)
    assert [*days] == [FRIDAY, SATURDAY, date(2026, 11, 22), MONDAY]
    assert FRIDAY in days
    assert MONDAY in days
    assert FRIDAY - timedelta(days=1) not in days


def test_a_range_that_ends_before_it_begins_is_refused():
    with pytest.raises(DataError, match="the last comes before the first"):
        Days(MONDAY, FRIDAY)


def test_ranges_that_touch_or_overlap_become_one_and_a_gap_stays():
    later = Days(date(2026, 12, 1), date(2026, 12, 2))
    assert joined([later, Days(SATURDAY, MONDAY), Days(FRIDAY, FRIDAY)]) == (Days(FRIDAY, MONDAY), later)


def test_a_date_in_india_begins_at_its_midnight_there():
    edges = np.array([midnight(MONDAY) - 1, midnight(MONDAY)], dtype=np.int64)
    assert [date_of(number) for number in ist_days(edges).tolist()] == [MONDAY - timedelta(days=1), MONDAY]
    assert days_of(edges[::-1]) == Days(MONDAY - timedelta(days=1), MONDAY)


def test_a_number_is_days_since_1970_and_comes_back_as_the_date():
    assert number_of(date(1970, 1, 2)) == 1
    assert date_of(number_of(FRIDAY)) == FRIDAY


def test_saturday_and_sunday_are_the_weekend():
    assert [is_weekend(day) for day in Days(FRIDAY, MONDAY)] == [False, True, True, False]
