"""What the store holds, for people and for programs."""

from datetime import date, time

import numpy as np
import pytest
from rich.console import Console

from core.instants import MINUTE, instant_at
from core.market import Timeframe
from features.columns import CandleColumns
from market_data.candles.candle_store import MemoryCandleStore, Series, empty
from market_data.candles.list_data import holdings_data, holdings_table
from market_data.days import Days

SBIN = Series("NSE:SBIN-EQ", Timeframe.M5)
FIRST, LAST = date(2024, 1, 15), date(2024, 1, 18)


@pytest.fixture
def store() -> MemoryCandleStore:
    store = MemoryCandleStore()
    for day in (FIRST, LAST):
        starts = instant_at(day, time(9, 15)) + np.arange(75, dtype=np.int64) * 5 * MINUTE
        flat = np.full(75, 60_000, dtype=np.int64)
        store.put(SBIN, Days(day, day), CandleColumns(starts, flat, flat, flat, flat, flat))
    store.put(Series("NSE:TCS-EQ", Timeframe.D), Days(FIRST, FIRST), empty())
    return store


def test_programs_learn_first_last_and_the_days_that_are_known(store: MemoryCandleStore):
    assert holdings_data(store.holdings()) == [
        {
            "symbol": "NSE:SBIN-EQ",
            "timeframe": "5m",
            "candles": 150,
            "first": "2024-01-15T09:15:00+05:30",
            "last": "2024-01-18T15:25:00+05:30",
            "known": [["2024-01-15", "2024-01-15"], ["2024-01-18", "2024-01-18"]],
        },
        {
            "symbol": "NSE:TCS-EQ",
            "timeframe": "D",
            "candles": 0,
            "first": None,
            "last": None,
            "known": [["2024-01-15", "2024-01-15"]],
        },
    ]


@pytest.mark.parametrize("shows_time_range", [True, False])
def test_people_see_a_row_for_each_series_and_its_span_if_they_ask(store: MemoryCandleStore, shows_time_range: bool):
    console = Console(width=80, color_system=None)
    with console.capture() as said:
        console.print(holdings_table(store.holdings(), shows_time_range=shows_time_range))
    lines = [line.split() for line in said.get().splitlines() if "NSE:" in line]
    span = (["2024-01-15", "2024-01-18", "2"], ["-", "-", "0"]) if shows_time_range else ([], [])
    assert lines == [["NSE:SBIN-EQ", "5m", "150", *span[0]], ["NSE:TCS-EQ", "D", "0", *span[1]]]
