"""The next session and the one before, where a calendar only knows single days."""

from datetime import date, time

import pytest

from core.errors import DataError
from core.instants import instant_at
from core.sessions import TradingDay
from market_data.trading_hours import next_session, previous_session

NEW_YEAR = date(2026, 1, 1)


class OpenOn:
    """A market that opens on one day."""

    def __init__(self, day: date) -> None:
        self._day = day

    def trading_day(self, day: date) -> TradingDay | None:
        if day != self._day:
            return None
        opens, ends = instant_at(day, time(9, 15)), instant_at(day, time(15, 30))
        return TradingDay(date=day, open=opens, close=ends, no_entry_after=ends - 2, square_off=ends - 2, flat_by=ends)

    def next_trading_day(self, after: date) -> TradingDay:
        return next_session(self, after)


def test_the_next_session_is_found_behind_a_closure_of_a_month() -> None:
    assert next_session(OpenOn(date(2026, 1, 31)), NEW_YEAR).date == date(2026, 1, 31)


@pytest.mark.parametrize("day", [NEW_YEAR, date(2026, 2, 1)])
def test_a_market_that_stays_closed_for_longer_than_ever_is_refused_with_the_setting_to_check(day: date) -> None:
    with pytest.raises(DataError, match=r"no session within 30 days after 2026-01-01: check years .*paths\.sessions"):
        next_session(OpenOn(day), NEW_YEAR)


def test_the_session_before_is_found_behind_a_closure_of_a_month_and_not_behind_a_longer_one() -> None:
    before = previous_session(OpenOn(date(2025, 12, 2)), NEW_YEAR)
    assert before is not None
    assert before.date == date(2025, 12, 2)
    assert previous_session(OpenOn(date(2025, 12, 1)), NEW_YEAR) is None
    assert previous_session(OpenOn(NEW_YEAR), NEW_YEAR) is None
