"""What the store holds, for people and for programs."""

from datetime import date, time

import numpy as np
import pytest
from rich.console import Console

from core.instants import MINUTE, instant_at
from core.market import Timeframe
from features.columns import CandleColumns
from market_data.calendar import NseCalendar
from market_data.candles.candle_store import MemoryCandleStore, Series, empty
from market_data.candles.list_data import holdings_data, holdings_view, listed
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


@pytest.fixture(scope="module")
def calendar(tmp_path_factory: pytest.TempPathFactory) -> NseCalendar:
    return NseCalendar(cache=tmp_path_factory.mktemp("calendar"))


def printed(store: MemoryCandleStore, calendar: NseCalendar, width: int, *, shows_time_range: bool) -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as said:
        console.print(
            holdings_view(
                listed(store.holdings(), lambda _symbol: calendar), console, shows_time_range=shows_time_range
            )
        )
    return said.get().splitlines()


def test_programs_learn_first_last_and_the_days_that_are_known(store: MemoryCandleStore, calendar: NseCalendar):
    assert holdings_data(listed(store.holdings(), lambda _symbol: calendar)) == [
        {
            "symbol": "NSE:SBIN-EQ",
            "timeframe": "5m",
            "candles": 150,
            "first": "2024-01-15T09:15:00+05:30",
            "last": "2024-01-18T15:25:00+05:30",
            "sessions": 4,
            "missing": 2,
            "known": [["2024-01-15", "2024-01-15"], ["2024-01-18", "2024-01-18"]],
        },
        {
            "symbol": "NSE:TCS-EQ",
            "timeframe": "D",
            "candles": 0,
            "first": None,
            "last": None,
            "sessions": 1,
            "missing": 0,
            "known": [["2024-01-15", "2024-01-15"]],
        },
    ]


@pytest.mark.parametrize("shows_time_range", [True, False])
def test_people_see_a_row_for_each_series_and_its_span_if_they_ask(
    store: MemoryCandleStore, calendar: NseCalendar, shows_time_range: bool
):
    lines = printed(store, calendar, 80, shows_time_range=shows_time_range)
    rows = [line.split() for line in lines if "NSE:" in line]
    span = (["2024-01-15", "2024-01-18", "4", "2"], ["-", "-", "1", "0"]) if shows_time_range else ([], [])
    assert rows == [["NSE:SBIN-EQ", "5m", "150", *span[0]], ["NSE:TCS-EQ", "D", "0", *span[1]]]


def test_days_between_what_is_known_count_as_missing_only_where_there_was_a_session(calendar: NseCalendar):
    store = MemoryCandleStore()
    for day in (date(2024, 1, 25), date(2024, 1, 29)):  # Republic Day and a weekend lie between them
        store.put(SBIN, Days(day, day), empty())
    [series] = listed(store.holdings(), lambda _symbol: calendar)
    assert (series.sessions, series.missing) == (2, 0)


def test_a_series_before_the_calendars_first_hours_is_listed_without_sessions(calendar: NseCalendar):
    store = MemoryCandleStore()
    store.put(Series("NSE:TCS-EQ", Timeframe.D), Days(date(2004, 1, 5), date(2004, 1, 9)), empty())
    [series] = listed(store.holdings(), lambda _symbol: calendar)
    assert (series.sessions, series.missing) == (0, 0)


@pytest.mark.parametrize("width", [40, 60, 69, 70, 80, 120])
def test_nothing_is_cut_however_narrow_the_terminal(calendar: NseCalendar, width: int):
    store = MemoryCandleStore()
    starts = instant_at(FIRST, time(9, 15)) + np.arange(375, dtype=np.int64) * MINUTE
    flat = np.full(375, 60_000, dtype=np.int64)
    index = Series("NSE:NIFTYMIDCAP50-INDEX", Timeframe.M15)
    store.put(index, Days(FIRST, LAST), CandleColumns(starts, flat, flat, flat, flat, flat))
    lines = printed(store, calendar, width, shows_time_range=True)
    text = " ".join("\n".join(lines).split())
    assert max(len(line) for line in lines) <= width
    for each in ("NSE:NIFTYMIDCAP50-INDEX", "15m", "375", "2024-01-15"):
        assert each in text
    assert "…" not in text
