from datetime import date, time, timedelta
from itertools import pairwise

import pytest

from core.errors import DataError
from core.instants import instant_at
from core.market import Timeframe
from market_data.days import Days
from trading.history_plan import spans

FRIDAY = date(2026, 11, 20)
MONDAY = date(2026, 11, 16)
ELEVEN = instant_at(FRIDAY, time(11, 0))


def plan(calendar, timeframe, count, now=ELEVEN, last=FRIDAY) -> list[Days]:
    return list(spans(calendar, timeframe, count, last, now))


def test_today_is_enough_when_today_has_them_even_if_the_newest_is_late(calendar):
    assert plan(calendar, Timeframe.M5, 20) == [Days(FRIDAY, FRIDAY)]
    assert plan(calendar, Timeframe.M5, 21) == [Days(FRIDAY - timedelta(days=1), FRIDAY)]


def test_only_sessions_count(calendar):
    calendar.holidays = (date(2026, 11, 18),)

    assert plan(calendar, Timeframe.M5, 20 + 75 + 75 + 1) == [Days(MONDAY, FRIDAY)]
    assert plan(calendar, Timeframe.M5, 20 + 75 + 75 + 75 + 1) == [Days(date(2026, 11, 13), FRIDAY)]


def test_before_the_open_yesterday_is_asked_for(calendar):
    assert plan(calendar, Timeframe.M5, 1, now=instant_at(FRIDAY, time(9, 0))) == [
        Days(FRIDAY - timedelta(days=1), FRIDAY)
    ]


@pytest.mark.parametrize(("timeframe", "most"), [(Timeframe.M60, 100), (Timeframe.M1, 100), (Timeframe.D, 366)])
def test_long_stretches_are_cut_into_calls_the_broker_accepts(calendar, timeframe, most):
    cut = plan(calendar, timeframe, {Timeframe.M60: 1_400, Timeframe.M1: 60_000, Timeframe.D: 800}[timeframe])

    assert len(cut) >= 3
    assert all((span.last - span.first).days + 1 <= most for span in cut)
    assert all((span.last - span.first).days + 1 == most for span in cut[:-1])
    for newer, older in pairwise(cut):
        assert older.last == newer.first - timedelta(days=1)


def test_the_search_ends_where_the_calendar_does(calendar):
    class Short(type(calendar)):
        def trading_day(self, day):
            if day < MONDAY:
                raise DataError("no sessions known before 2026-11-16")
            return super().trading_day(day)

    assert plan(Short(), Timeframe.M5, 5_000) == [Days(MONDAY, FRIDAY)]


def test_a_calendar_that_does_not_know_today_is_an_error(calendar):
    class Ended(type(calendar)):
        def trading_day(self, day):
            raise DataError("no sessions known after 2026-11-19")

    with pytest.raises(DataError, match="2026-11-19"):
        plan(Ended(), Timeframe.M5, 5)


def test_a_market_that_never_opened_does_not_search_for_ever(calendar):
    class Closed(type(calendar)):
        def trading_day(self, day):
            return None

    assert plan(Closed(), Timeframe.D, 5)[-1].first >= date(2000, 1, 1)
