"""A model small enough to train in a second, and the calendar it is trained by."""

from datetime import date, time, timedelta
from pathlib import Path

import pytest

from core.instants import instant_at
from core.sessions import TradingDay
from training.train import TrainingOptions, train_model


class WeekdayCalendar:
    """Regular NSE sessions from Monday to Friday."""

    def trading_day(self, day: date) -> TradingDay | None:
        if day.weekday() >= 5:
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


def options(models: Path, **changes) -> TrainingOptions:
    small = {
        "symbols": ("NSE:SBIN-EQ", "NSE:INFY-EQ"),
        "first": date(2025, 1, 1),
        "last": date(2025, 1, 31),
        "trees": 30,
        "depth": 5,
        "jobs": 1,
    }
    return TrainingOptions(models=models, **{**small, **changes})


@pytest.fixture(scope="session")
def calendar() -> WeekdayCalendar:
    return WeekdayCalendar()


@pytest.fixture(scope="session")
def small_options():
    return options


@pytest.fixture(scope="session")
def bundle(tmp_path_factory, calendar) -> Path:
    return train_model(options(tmp_path_factory.mktemp("models")), calendar)
