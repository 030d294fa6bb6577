"""Which days are asked for: all that is missing, nothing that is known, and the newest session once more."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.instants import instant_at
from core.market import Timeframe
from core.sessions import TradingDay
from market_data.candles.candle_store import Series
from market_data.days import Days, joined
from market_data.history.download_plan import days_per_call, plan_download, runs_of

MINUTES = Series("NSE:SBIN-EQ", Timeframe.M1)
DAILY = Series("NSE:SBIN-EQ", Timeframe.D)
HOLIDAY = date(2024, 1, 26)
BEGINS = date(2020, 1, 1)
EVENING = instant_at(date(2024, 6, 28), time(18, 0))
"""After the close of a Friday."""


class Weekdays:
    """09:15 to 15:30 on weekdays but one, from 2020 on; the closing price is known at 15:40."""

    def trading_day(self, day: date) -> TradingDay | None:
        if day < BEGINS:
            raise DataError(f"{day} lies before {BEGINS}")
        if day.weekday() >= 5 or day == HOLIDAY:
            return None
        return TradingDay(
            date=day,
            open=instant_at(day, time(9, 15)),
            close=instant_at(day, time(15, 30)),
            no_entry_after=instant_at(day, time(14, 45)),
            square_off=instant_at(day, time(15, 5)),
            flat_by=instant_at(day, time(15, 10)),
            closing_price_at=instant_at(day, time(15, 40)),
        )


def plan(first, last, known=(), series=MINUTES, now=EVENING, again=()):
    return plan_download(series, Days(first, last), known, Weekdays(), now, again)


def day(month: int, number: int) -> date:
    return date(2024, month, number)


def test_a_range_nobody_knows_is_asked_for_from_its_first_to_its_last_session() -> None:
    planned = plan(day(1, 6), day(1, 28))

    assert planned.calls == (Days(day(1, 8), day(1, 25)),)
    assert len(planned.sessions) == 14


def test_a_call_never_spans_more_days_than_the_broker_answers() -> None:
    minutes, daily = plan(date(2021, 1, 1), day(3, 29)), plan(date(2021, 1, 1), day(3, 29), series=DAILY)

    assert [(call.last - call.first).days + 1 for call in minutes.calls] == [100] * 11 + [84]
    assert [(call.last - call.first).days + 1 for call in daily.calls] == [366] * 3 + [86]


@given(
    st.dates(date(2023, 1, 1), date(2024, 6, 28)),
    st.integers(0, 500),
    st.lists(st.tuples(st.dates(date(2022, 6, 1), date(2024, 6, 28)), st.integers(0, 90)), max_size=4),
    st.sampled_from([MINUTES, DAILY]),
)
def test_every_missing_session_is_asked_for_once_and_of_the_known_ones_only_the_tail_and_the_day_before_a_gap(
    first, length, spans, series
) -> None:
    last = min(first + timedelta(days=length), date(2024, 6, 28))
    known = joined([Days(start, start + timedelta(days=more)) for start, more in spans])
    planned = plan(first, last, known, series)

    asked = [each for call in planned.calls for each in call if Weekdays().trading_day(each)]
    unknown = {each for each in planned.sessions if not any(each in days for days in known)}
    known_and_asked = [each for each in asked if each not in unknown]
    assert len(asked) == len(set(asked))
    assert unknown <= set(asked)
    for each in known_and_asked:
        following = session_after(each)
        assert each == date(2024, 6, 28) or following in unknown
    assert all((call.last - call.first).days < days_per_call(series.timeframe) for call in planned.calls)


def session_after(each: date) -> date:
    return next(later for offset in range(1, 9) if Weekdays().trading_day(later := each + timedelta(days=offset)))


def test_a_covered_range_of_the_past_needs_no_call() -> None:
    assert plan(day(1, 1), day(3, 31), [Days(day(1, 1), day(3, 29))]).calls == ()


def test_holidays_and_weekends_at_the_edges_of_what_is_known_are_not_asked_for() -> None:
    assert plan(day(1, 20), day(1, 28), [Days(day(1, 22), day(1, 25))]).calls == ()


def test_the_newest_session_is_asked_for_again_because_it_may_have_changed() -> None:
    assert plan(day(6, 3), day(6, 28), [Days(day(6, 3), day(6, 28))]).calls == (Days(day(6, 28), day(6, 28)),)


def test_on_the_next_morning_yesterday_is_still_the_newest_one() -> None:
    monday_morning = instant_at(day(7, 1), time(9, 0))
    planned = plan(day(6, 3), day(7, 1), [Days(day(6, 3), day(6, 28))], now=monday_morning)
    assert planned.calls == (Days(day(6, 28), day(6, 28)),)


def test_whoever_goes_on_behind_a_stored_day_asks_for_that_day_once_more() -> None:
    assert plan(day(6, 24), day(6, 28), [Days(day(5, 1), day(6, 21))]).calls == (Days(day(6, 21), day(6, 28)),)
    assert plan(day(6, 3), day(6, 28), [Days(day(5, 1), day(6, 21))]).calls == (Days(day(6, 21), day(6, 28)),)


@pytest.mark.hazard("M5")
def test_a_session_that_is_not_over_is_not_asked_for() -> None:
    at_noon = instant_at(day(6, 28), time(12, 0))
    planned = plan(day(6, 27), day(6, 28), now=at_noon)

    assert planned.sessions == (day(6, 27),)
    assert planned.calls == (Days(day(6, 27), day(6, 27)),)


def test_a_daily_candle_is_asked_for_when_its_closing_price_is_known() -> None:
    at_close = instant_at(day(6, 28), time(15, 35))
    assert plan(day(6, 28), day(6, 28), now=at_close).sessions == (day(6, 28),)
    assert plan(day(6, 28), day(6, 28), now=at_close, series=DAILY).sessions == ()


def test_sessions_can_be_asked_for_again_by_name() -> None:
    known = [Days(day(1, 1), day(3, 29))]
    assert plan(day(1, 1), day(3, 29), known, again=[day(2, 6), day(5, 6)]).calls == (Days(day(2, 6), day(2, 6)),)


def test_days_that_the_calendar_does_not_know_are_refused() -> None:
    with pytest.raises(DataError, match="2019-12-31 lies before"):
        plan(date(2019, 12, 31), day(1, 5))
    assert plan(BEGINS, date(2020, 1, 3)).calls == (Days(BEGINS, date(2020, 1, 3)),)


def test_runs_hold_neighbours_among_the_sessions_together() -> None:
    sessions = [day(1, 25), day(1, 29), day(1, 30), day(2, 1)]
    assert runs_of(sessions, {day(1, 25), day(1, 29), day(2, 1)}) == (
        Days(day(1, 25), day(1, 29)),
        Days(day(2, 1), day(2, 1)),
    )
