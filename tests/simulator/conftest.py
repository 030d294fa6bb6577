"""A small calendar with known sessions, and markets small enough to look at."""

from dataclasses import dataclass
from datetime import date, time, timedelta

import pytest

from core.errors import DataError
from core.instants import instant_at
from core.sessions import TradingDay


@dataclass(frozen=True)
class WeekdayCalendar:
    """Monday to Friday, 09:15 to 15:30, without the holidays it is given; evening sessions on top."""

    holidays: frozenset[date] = frozenset()
    evenings: frozenset[date] = frozenset()
    last: date = date(2040, 12, 31)

    def trading_day(self, day: date) -> TradingDay | None:
        if day > self.last:
            raise DataError(f"the calendar ends on {self.last}")
        if day in self.evenings:
            return TradingDay(
                date=day,
                open=instant_at(day, time(18, 15)),
                close=instant_at(day, time(19, 15)),
                no_entry_after=instant_at(day, time(18, 45)),
                square_off=instant_at(day, time(18, 55)),
                flat_by=instant_at(day, time(19, 0)),
            )
        if day.weekday() >= 5 or day in self.holidays:
            return None
        return TradingDay(
            date=day,
            open=instant_at(day, time(9, 15)),
            close=instant_at(day, time(15, 30)),
            no_entry_after=instant_at(day, time(14, 45)),
            square_off=instant_at(day, time(15, 5)),
            flat_by=instant_at(day, time(15, 10)),
        )

    def next_trading_day(self, after: date) -> TradingDay:
        day = after + timedelta(days=1)
        while (session := self.trading_day(day)) is None:
            day += timedelta(days=1)
        return session


@pytest.fixture(scope="session")
def calendar() -> WeekdayCalendar:
    return WeekdayCalendar(holidays=frozenset({date(2026, 1, 26)}), evenings=frozenset({date(2026, 1, 31)}))
