"""A model small enough to train in a second and the calendar it is trained by; and rows to fit estimators on."""

import io
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from core.instants import instant_at
from core.sessions import TradingDay
from trading.model_arrays import ModelArrays
from trading.served_model import ServedModel
from training.model_export import export
from training.recipe import Recipe
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
        "recipe": Recipe.quick(trees=10, depth=4, folds=2),
        "jobs": 1,
    }
    return TrainingOptions(models=models, **{**small, **changes})


@dataclass(frozen=True)
class Lesson:
    """Raw rows of six features of very different scale, three classes that depend on two of them, and a scaler."""

    rows: np.ndarray
    labels: np.ndarray
    scaler: StandardScaler

    @property
    def scaled(self) -> np.ndarray:
        return self.scaler.transform(self.rows)

    def expected(self, model: Any) -> np.ndarray:
        """What scikit-learn says of every row."""
        return model.predict_proba(self.scaled)

    def served(self, model: Any) -> ServedModel:
        """The model as the live process opens it: by way of the file."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **export(model, self.scaler))
        return ServedModel(ModelArrays.read(buffer.getvalue()))


@pytest.fixture(scope="session")
def lesson() -> Lesson:
    chance = np.random.default_rng(4)
    rows = chance.normal(size=(1_500, 6)) * np.array([1, 1e-6, 1e6, 1, 1, 1]) + np.array([0, 0, 1e7, 0, 5, 0])
    labels = (rows[:, 0] > 0).astype(int) + (rows[:, 4] + chance.normal(size=1_500) > 5.5)
    return Lesson(rows, labels, StandardScaler().fit(rows))


@pytest.fixture(scope="session")
def calendar() -> WeekdayCalendar:
    return WeekdayCalendar()


@pytest.fixture(scope="session")
def small_options():
    return options


@pytest.fixture(scope="session")
def bundle(tmp_path_factory, calendar) -> Path:
    return train_model(options(tmp_path_factory.mktemp("models")), calendar)
