"""What every calendar promises. One takes part by a fixture `known`."""

from dataclasses import dataclass
from datetime import date, time, timedelta

import pytest

from core.errors import DataError
from core.instants import instant_at, ist_date
from core.ports import Calendar
from market_data.assumed_calendar import AssumedCalendar
from market_data.calendar import NseCalendar
from simulator.tape_days import TapeCalendar, session_by_its_rows

FIRST = date(2025, 1, 1)
YEAR = [FIRST + timedelta(days=number) for number in range(365)]
TUESDAY, SUNDAY, REPUBLIC_DAY = date(2025, 1, 7), date(2025, 1, 12), date(2026, 1, 26)
BEYOND = date(2099, 1, 6)


@pytest.fixture(scope="module")
def nse() -> NseCalendar:
    return NseCalendar()


@dataclass(frozen=True)
class Known:
    """A calendar of NSE, and the days on which it is open although NSE was not."""

    calendar: Calendar
    extra: frozenset[date] = frozenset()


class CalendarContract:
    """Subclasses provide the fixture `known`."""

    def test_a_session_bears_the_date_asked_for_and_lies_within_it(self, known: Known):
        sessions = [(day, known.calendar.trading_day(day)) for day in YEAR]
        found = [(day, session) for day, session in sessions if session is not None]

        assert 240 < len(found) < 260
        for day, session in found:
            assert session.date == ist_date(session.open) == ist_date(session.close) == day

    def test_a_closed_day_has_no_session(self, known: Known):
        assert known.calendar.trading_day(TUESDAY) is not None
        assert known.calendar.trading_day(SUNDAY) is None
        assert known.calendar.trading_day(REPUBLIC_DAY) is None
        assert all(known.calendar.trading_day(day) is not None for day in known.extra)

    def test_the_next_session_is_the_first_after_the_date_whether_or_not_that_is_one(self, known: Known):
        sessions = [session for day in YEAR if (session := known.calendar.trading_day(day)) is not None]

        for day in YEAR[: YEAR.index(sessions[-1].date)]:
            assert known.calendar.next_trading_day(day) == next(each for each in sessions if each.date > day)

    def test_asking_again_gives_the_same_answer(self, known: Known):
        first = [known.calendar.trading_day(day) for day in YEAR[:60]]

        assert [known.calendar.trading_day(day) for day in reversed(YEAR[:60])] == first[::-1]

    @pytest.mark.parametrize("day", [BEYOND, BEYOND + timedelta(days=4)])
    def test_past_the_horizon_there_is_an_error_and_no_guess(self, known: Known, day: date):
        with pytest.raises(DataError, match="2099"):
            known.calendar.trading_day(day)
        with pytest.raises(DataError, match="2099"):
            known.calendar.next_trading_day(day)


class TestNseCalendar(CalendarContract):
    @pytest.fixture
    def known(self, nse) -> Known:
        return Known(nse)


class TestAssumedCalendar(CalendarContract):
    """The calendar of paper trading, which keeps every promise but one: it goes on where knowledge ends."""

    @pytest.fixture
    def known(self, nse) -> Known:
        return Known(AssumedCalendar(nse))

    @pytest.mark.parametrize("day", [BEYOND, BEYOND + timedelta(days=4)])
    def test_past_the_horizon_there_is_an_error_and_no_guess(self, known: Known, day: date):
        session = known.calendar.trading_day(day)
        assert (session is not None) is (day.weekday() < 5)
        assert known.calendar.next_trading_day(day).date > day


class TestTapeCalendar(CalendarContract):
    """The calendar of a recording in which a Saturday and an evening of a holiday were traded."""

    @pytest.fixture
    def known(self, nse) -> Known:
        saturday, holiday = date(2025, 3, 8), date(2025, 12, 25)
        whole = session_by_its_rows(
            saturday, instant_at(saturday, time(9, 15)), instant_at(saturday, time(15, 30)), within_hours=True
        )
        evening = session_by_its_rows(
            holiday, instant_at(holiday, time(18, 15)), instant_at(holiday, time(19, 15)), within_hours=False
        )
        assert whole is not None
        assert evening is not None
        assert nse.trading_day(saturday) is nse.trading_day(holiday) is None
        return Known(TapeCalendar(nse, {holiday: evening, saturday: whole}), frozenset({saturday, holiday}))
