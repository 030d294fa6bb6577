"""Candles of recorded prices, defects included, against pandas. No candles were recorded over the same hours."""

import os
from datetime import date, time
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from core.candle_builder import VOLUME_FELL, CandleBuilder, ClosedBar
from core.instants import MINUTE, instant_at
from core.market import Candle, Tick, Timeframe
from core.sessions import TradingDay


def recorded(name: str) -> pd.DataFrame:
    folder = os.environ.get("NSE_DATA_DIR")
    if not folder:
        pytest.skip("NSE_DATA_DIR is not set: no recorded prices")
    return pd.read_parquet(Path(folder) / "ticks" / f"{name}.parquet")


def session(day: date) -> TradingDay:
    opens = instant_at(day, time(9, 15))
    return TradingDay(
        date=day,
        open=opens,
        no_entry_after=opens + 330 * MINUTE,
        square_off=opens + 350 * MINUTE,
        flat_by=opens + 355 * MINUTE,
        close=opens + 375 * MINUTE,
    )


def built(ticks: list[Tick], day: TradingDay) -> dict[int, ClosedBar]:
    """Every minute of a session, when all prices have come in the order of the file."""
    builder = CandleBuilder(day, Timeframe.M1)
    for tick in ticks:
        builder.add(tick)
    return {start: builder.close(start) for start in range(day.open, day.close, MINUTE)}


def ticks_of(frame: pd.DataFrame, price: str, volume: str | None) -> list[Tick]:
    at = frame["timestamp"].astype("datetime64[ns, Asia/Kolkata]").astype("int64")
    prices = (frame[price] * 100).round().astype(int)
    volumes = frame[volume] if volume else [0] * len(frame)
    return [Tick("X", *row[:2], 0, 0, row[2]) for row in zip(at.tolist(), prices.tolist(), list(volumes), strict=True)]


@pytest.mark.parametrize("day", [date(2022, 8, 12), date(2022, 8, 29)])
def test_an_index_by_the_second_makes_the_candles_that_pandas_makes_of_the_session(day):
    frame = recorded(f"NSE_NIFTY50-INDEX_1s_{day}")
    closed = built(ticks_of(frame, "price", None), session(day))
    inside = frame.set_index("timestamp")["price"].between_time("09:15", "15:30", inclusive="left")
    expected = (inside.resample("1min").ohlc() * 100).round().astype(int)
    starts = expected.index.as_unit("ns").astype("int64")
    assert [each.candle for each in closed.values()] == [
        Candle(start, *row, 0) for start, row in zip(starts.tolist(), expected.to_numpy().tolist(), strict=True)
    ]
    assert len(closed) == 375
    assert not any(each.fault for each in closed.values())


def test_indications_before_the_open_are_no_prices():
    frame = recorded("NSE_NIFTY50-INDEX_1s_2022-08-12")
    assert frame["price"].min() < 16_600  # an indication at 09:00, six percent below the market
    closed = built(ticks_of(frame, "price", None), session(date(2022, 8, 12)))
    assert min(each.candle.low for each in closed.values()) > 1_750_000


@pytest.mark.parametrize(("symbol", "falls"), [("RELIND", 1), ("TCS", 0)])
def test_futures_with_repeats_backward_times_and_a_gap_make_the_candles_of_the_clean_prices(symbol, falls):
    frame = recorded("NSE_FUT_ticks_2025-11-17")
    frame = frame[frame["Symbol"] == symbol]
    assert frame.duplicated().sum() > 290
    assert (frame["timestamp"].diff().dt.total_seconds() < 0).sum() == 19
    day = session(date(2025, 11, 17))
    raw = built(ticks_of(frame, "last_price", "volume_traded"), day)
    ordered = frame.drop_duplicates().sort_values(["timestamp", "volume_traded"], kind="stable")
    clean = built(ticks_of(ordered, "last_price", "volume_traded"), day)
    assert [each.candle for each in raw.values()] == [each.candle for each in clean.values()]
    candles = [each.candle for each in raw.values() if each.candle]
    assert sum(each.volume for each in candles) == frame["volume_traded"].max()
    assert max(late.start - early.start for early, late in pairwise(candles)) >= 38 * MINUTE
    by_minute = ordered.set_index("timestamp")["last_price"].resample("1min").ohlc().dropna()
    expected = (by_minute * 100).round().astype(int).to_numpy().tolist()
    assert [[each.open, each.high, each.low, each.close] for each in candles] == expected
    assert sum(each.fault == VOLUME_FELL for each in clean.values()) == falls
