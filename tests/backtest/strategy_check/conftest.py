from collections.abc import Callable
from datetime import date, time, timedelta

import numpy as np
import pytest

from backtest.strategy_check.subject import Effort, Subject
from core.instants import MINUTE, instant_at
from core.market import Timeframe
from core.sessions import TradingDay
from core.signals import SignalProvider
from features.columns import CandleColumns
from features.specification import FeatureSpecification

SYMBOL = "NSE:SBIN-EQ"
BARS_A_DAY = 75
MONDAY = date(2026, 1, 5)

SubjectOf = Callable[[Callable[[], SignalProvider]], Subject]


class Weekdays:
    """A calendar on which each weekday is a regular NSE session."""

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
        later = after + timedelta(days=1)
        return self.trading_day(later) or self.next_trading_day(later)


def walk(days: int, seed: int = 11) -> CandleColumns:
    """Return five-minute candles of a random walk with gaps over night, from Monday 2026-01-05 on."""
    chance = np.random.default_rng(seed)
    dates = [each for each in (MONDAY + timedelta(days=number) for number in range(2 * days)) if each.weekday() < 5]
    opening = np.array([instant_at(each, time(9, 15)) for each in dates[:days]])
    starts = (opening[:, None] + np.arange(BARS_A_DAY) * 5 * MINUTE).ravel()
    rows = len(starts)
    steps = chance.normal(0.0, 0.002, rows)
    steps[::BARS_A_DAY] += chance.normal(0.0, 0.01, days)
    closes = np.rint(80_000 * np.exp(np.cumsum(steps))).astype(np.int64)
    opens = np.concatenate([[80_000], closes[:-1]]) + chance.integers(-40, 41, rows)
    reach = chance.integers(10, 200, (2, rows))
    highs, lows = np.maximum(opens, closes) + reach[0], np.minimum(opens, closes) - reach[1]
    return CandleColumns(starts, opens, highs, lows, closes, chance.integers(1_000, 50_000, rows))


def subject_on(candles: CandleColumns, make: Callable[[], SignalProvider]) -> Subject:
    return Subject(
        make=make,
        specification=FeatureSpecification.of(make().needs.features),
        symbol=SYMBOL,
        timeframe=Timeframe.M5,
        calendar=Weekdays(),
        candles=candles,
        history_candles=600,
        effort=Effort(every_row=60, other_rows=30, futures=3),
    )


@pytest.fixture(scope="session")
def candles() -> CandleColumns:
    return walk(days=5)


@pytest.fixture(scope="session")
def subject_of(candles: CandleColumns) -> SubjectOf:
    """Make a subject of a strategy on five sessions."""
    return lambda make: subject_on(candles, make)
