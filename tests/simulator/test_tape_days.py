from datetime import date, time

import pytest

from core.errors import DataError
from core.instants import MINUTE, Instant, instant_at
from core.ports import Calendar
from simulator.tape_days import TapeCalendar, calendar_session, session_by_its_rows

SATURDAY = date(2026, 1, 10)


def at(hour: int, minute: int = 0) -> Instant:
    return instant_at(SATURDAY, time(hour, minute))


def test_a_closed_day_that_traded_in_the_usual_hours_has_the_usual_session() -> None:
    session = session_by_its_rows(SATURDAY, at(9, 15), at(18, 16), within_hours=True)
    assert session is not None
    assert (session.open, session.close) == (at(9, 15), at(15, 30))


def test_an_evening_session_has_the_hours_of_its_rows() -> None:
    session = session_by_its_rows(SATURDAY, at(18, 15), at(19, 15), within_hours=False)
    assert session is not None
    assert (session.open, session.close) == (at(18, 15), at(19, 15))
    assert session.open < session.no_entry_after < session.flat_by < session.close


@pytest.mark.parametrize(
    ("first", "last"), [(at(18, 15), at(18, 30)), (at(17), at(23)), (at(2), at(3)), (at(16), at(17))]
)
def test_hours_that_make_no_sense_are_no_session(first: Instant, last: Instant) -> None:
    assert session_by_its_rows(SATURDAY, first, last, within_hours=False) is None


def test_a_day_of_the_tape_is_a_session_where_the_calendar_is_closed(calendar: Calendar) -> None:
    extra = session_by_its_rows(SATURDAY, at(9, 15), at(15, 30), within_hours=True)
    assert extra is not None
    joined = TapeCalendar(calendar, {SATURDAY: extra})
    assert joined.trading_day(SATURDAY) == extra
    assert joined.trading_day(date(2026, 1, 11)) is None
    assert joined.next_trading_day(date(2026, 1, 9)) == extra
    assert joined.next_trading_day(SATURDAY).date == date(2026, 1, 12)


def test_past_the_calendars_horizon_only_the_days_of_the_tape_are_known(calendar: Calendar) -> None:
    late = date(2041, 5, 6)
    extra = session_by_its_rows(late, instant_at(late, time(9, 15)), instant_at(late, time(9, 20)), within_hours=True)
    assert extra is not None
    joined = TapeCalendar(calendar, {late: extra})
    assert calendar_session(calendar, late) is None
    assert joined.next_trading_day(date(2041, 1, 1)) == extra
    with pytest.raises(DataError):
        joined.trading_day(date(2041, 5, 7))
    with pytest.raises(DataError):
        joined.next_trading_day(late)


def test_the_shortest_evening_is_half_an_hour() -> None:
    assert session_by_its_rows(SATURDAY, at(18), at(18) + 30 * MINUTE, within_hours=False) is not None
    assert session_by_its_rows(SATURDAY, at(18), at(18) + 30 * MINUTE - 1, within_hours=False) is None
