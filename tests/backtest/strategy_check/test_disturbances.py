"""Another year is the same year elsewhere: each time of each session is moved, and nothing else."""

from datetime import date

from backtest.strategy_check.disturbances import DAYS_MOVED, MovedCalendar
from core.instants import DAY
from market_data.calendar import NseCalendar


def test_a_session_in_two_parts_is_moved_with_its_pause() -> None:
    """On Saturday 2024-03-02 NSE traded from 09:15 to 10:00 and from 11:30 to 12:30, on trial of its second site."""
    session = NseCalendar().trading_day(date(2024, 3, 2))
    moved = MovedCalendar(NseCalendar()).trading_day(date(1996, 3, 2))

    assert session is not None
    assert moved is not None
    [(pause, resumed)] = session.breaks
    assert moved.breaks == ((pause - DAYS_MOVED * DAY, resumed - DAYS_MOVED * DAY),)
    assert moved.hours == tuple((start - DAYS_MOVED * DAY, end - DAYS_MOVED * DAY) for start, end in session.hours)
