"""Histories that no market would dare: flat spells, days without volume, gaps over night, single-tick moves."""

from collections.abc import Callable
from datetime import date, time

import numpy as np
import pytest

from core.instants import DAY, MINUTE, instant_at
from core.sessions import TradingDay
from features.columns import CandleColumns

FIRST_DAY = date(2024, 1, 1)


def session_starts(days: int, per_day: int, minutes: int) -> np.ndarray:
    opening = instant_at(FIRST_DAY, time(9, 15))
    return np.array([opening + day * DAY + row * minutes * MINUTE for day in range(days) for row in range(per_day)])


def walk(days: int = 40, per_day: int = 75, minutes: int = 5, seed: int = 1) -> CandleColumns:
    """A random walk on the tick grid, with spells in which the price stands still and bars in which nothing trades."""
    chance = np.random.default_rng(seed)
    rows = days * per_day
    steps = chance.integers(-6, 7, rows)
    volumes = chance.integers(0, 5_000, rows) * (chance.random(rows) > 0.1)
    closes = np.empty(rows, dtype=np.int64)
    opens = np.empty(rows, dtype=np.int64)
    level = 60_000
    for row in range(rows):
        still = row % 700 >= 640
        gap = int(chance.integers(-300, 301)) * 5 if row % per_day == 0 and row else 0
        opens[row] = level + gap
        level = opens[row] if still and not gap else max(5_000, opens[row] + 5 * int(steps[row]))
        closes[row] = level
    reach = chance.integers(0, 5, (2, rows)) * 5
    quiet = np.arange(rows) % 700 >= 640
    reach[:, quiet] = 0
    highs = np.maximum(opens, closes) + reach[0]
    lows = np.minimum(opens, closes) - reach[1]
    volumes[quiet] = 0
    return CandleColumns(session_starts(days, per_day, minutes), opens, highs, lows, closes, volumes)


def flat(rows: int = 200) -> CandleColumns:
    """A share locked at its circuit limit: nothing moves and nothing trades."""
    price = np.full(rows, 50_000)
    starts = session_starts(-(-rows // 75), 75, 5)[:rows]
    return CandleColumns(starts, price, price, price, price, np.zeros(rows, dtype=np.int64))


@pytest.fixture(scope="session")
def wild() -> CandleColumns:
    return walk()


@pytest.fixture(scope="session")
def make_walk() -> Callable[..., CandleColumns]:
    return walk


@pytest.fixture(scope="session")
def locked() -> CandleColumns:
    return flat()


class EveryDay:
    """A calendar on which each date is a regular NSE session."""

    def trading_day(self, day: date) -> TradingDay | None:
        return TradingDay(
            date=day,
            open=instant_at(day, time(9, 15)),
            close=instant_at(day, time(15, 30)),
            no_entry_after=instant_at(day, time(14, 45)),
            square_off=instant_at(day, time(15, 5)),
            flat_by=instant_at(day, time(15, 10)),
        )

    def next_trading_day(self, after: date) -> TradingDay:
        raise NotImplementedError(f"no test asks what follows {after}")


@pytest.fixture(scope="session")
def every_day() -> EveryDay:
    return EveryDay()
