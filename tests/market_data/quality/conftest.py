from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.market import Timeframe
from market_data.calendar import NseCalendar
from market_data.candles.candle_store import Series
from market_data.candles.raw_candles import RawCandles
from market_data.days import Days
from market_data.quality.findings import Finding, Kind
from market_data.quality.judgement import Judgement, judge
from market_data.quality.session_grid import SessionGrid
from market_data.trading_hours import HoursOf

MONDAY, FRIDAY = date(2025, 6, 9), date(2025, 6, 13)
"""A week without a holiday."""
WEEK = Days(MONDAY, FRIDAY)
SYMBOL = "NSE:SBIN-EQ"

Make = Callable[..., RawCandles]
Judge = Callable[..., Judgement]


@pytest.fixture(scope="session")
def calendar(tmp_path_factory: pytest.TempPathFactory) -> NseCalendar:
    return NseCalendar(cache=tmp_path_factory.mktemp("calendar"))


@pytest.fixture(scope="session")
def hours_of(calendar: NseCalendar) -> HoursOf:
    """The same hours for every symbol."""
    return lambda _symbol: calendar


@pytest.fixture(scope="session")
def make(calendar: NseCalendar) -> Make:
    """Whole sessions of a quiet market, in paise."""

    def candles(days: Days = WEEK, timeframe: Timeframe = Timeframe.M5, seed: int = 1) -> RawCandles:
        starts = SessionGrid(calendar, days, timeframe).starts
        chance = np.random.default_rng(seed)
        closes = np.round(800 * np.exp(np.cumsum(chance.normal(0, 0.0008, len(starts)))), 2)
        opens = np.concatenate([[800.0], closes[:-1]])
        highs = np.round(np.maximum(opens, closes) + 0.25, 2)
        lows = np.round(np.minimum(opens, closes) - 0.25, 2)
        return RawCandles(starts, opens, highs, lows, closes, chance.integers(1_000, 9_000, len(starts)).astype(float))

    return candles


@pytest.fixture(scope="session")
def judged(calendar: NseCalendar) -> Judge:
    def verdict(
        raw: RawCandles,
        timeframe: Timeframe = Timeframe.M5,
        days: Days | None = None,
        known: Sequence[Days] | None = None,
    ) -> Judgement:
        return judge(raw, Series(SYMBOL, timeframe), "a file", calendar, days, known)

    return verdict


def found(judgement: Judgement, kind: Kind) -> Finding:
    """The finding of a kind; there must be one."""
    finding = judgement.of_kind(kind)
    assert finding is not None, [each.kind for each in judgement.findings]
    return finding


def changed(raw: RawCandles, column: str, row: int, value: float) -> RawCandles:
    """The same candles with one other cell."""
    values = getattr(raw, column).copy()
    values[row] = value
    return replace(raw, **{column: values})


def stacked(*parts: RawCandles) -> RawCandles:
    """Candles one behind the other, as a file may have them."""
    return RawCandles(*(np.concatenate(columns) for columns in zip(*(part.columns for part in parts), strict=True)))


def picked(raw: RawCandles, *rows: int) -> RawCandles:
    return raw.rows(np.array(rows, dtype=np.int64))


def without(raw: RawCandles, rows: slice) -> RawCandles:
    kept = np.ones(len(raw), dtype=np.bool_)
    kept[rows] = False
    return raw.rows(kept)


def shifted(raw: RawCandles, nanoseconds: int) -> RawCandles:
    return replace(raw, starts=raw.starts + nanoseconds)


def write(path: Path, raw: RawCandles) -> Path:
    """Write candles as the parquet files of a vendor are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {"timestamp": pa.array(raw.starts // 1_000_000, type=pa.timestamp("ms", tz="Asia/Kolkata"))}
    columns |= dict(zip(("open", "high", "low", "close"), map(pa.array, raw.columns[1:5]), strict=True))
    columns["volume"] = pa.array(raw.volumes.astype(np.int64))
    pq.write_table(pa.table(columns), path)
    return path
