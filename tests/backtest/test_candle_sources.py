from datetime import date, time, timedelta
from pathlib import Path

import numpy as np
import pytest

from backtest.candle_sources import Range, Sourced, from_path, from_store
from core.errors import ConfigurationError, DataError
from core.instants import DAY, MINUTE, instant_at
from core.market import Candle, Timeframe
from features.columns import CandleColumns
from market_data.candles.candle_store import MemoryCandleStore, Series
from market_data.days import Days

from .conftest import MONDAY, Weekdays

NOW = instant_at(date(2024, 6, 1), time(12))
SERIES = Series("NSE:SBIN-EQ", Timeframe.M15)
TUESDAY = date(2024, 1, 2)


def session(day: date, price: int = 60_000) -> list[Candle]:
    opens = instant_at(day, time(9, 15))
    return [Candle(opens + number * 15 * MINUTE, price, price + 50, price - 50, price, 1_000) for number in range(25)]


def write(path: Path, candles: list[Candle]) -> Path:
    lines = ["timestamp,open,high,low,close,volume"]
    for each in candles:
        prices = ",".join(f"{value / 100:.2f}" for value in (each.open, each.high, each.low, each.close))
        stamp = np.datetime64(each.start, "ns").astype("datetime64[s]")
        lines.append(f"{stamp}+00:00,{prices},{each.volume}")
    path.write_text("\n".join(lines))
    return path


def read(path: Path, *symbols: str, timeframe: Timeframe | None = None, span: str | None = None) -> list[Sourced]:
    return from_path(path, symbols, timeframe, Range.of(span), Weekdays(), NOW)


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("20230901-20240328", date(2023, 9, 1), date(2024, 3, 28)),
        ("20230901-", date(2023, 9, 1), Range().last),
        ("-20240328", Range().first, date(2024, 3, 28)),
        (None, Range().first, Range().last),
    ],
)
def test_a_range_is_two_dates_or_one_with_an_open_end(written: str | None, first: date, last: date) -> None:
    assert Range.of(written) == Range(first=first, last=last)


@pytest.mark.parametrize("wrong", ["", "-", "20230901", "2023-09-01", "20231301-", "20240101-20230101", "today-"])
def test_what_is_no_range_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="--timerange"):
        Range.of(wrong)


def test_a_file_tells_symbol_timeframe_and_range(tmp_path: Path) -> None:
    [found] = read(write(tmp_path / "NSE_SBIN-EQ_15m.csv", session(MONDAY) + session(TUESDAY)))

    assert (found.series, len(found.candles), found.first, found.notes) == (SERIES, 50, 0, ())


def test_rows_that_the_calendar_does_not_know_are_left_out_and_noted(tmp_path: Path) -> None:
    sunday = [Candle(each.start - DAY, each.open, each.high, each.low, each.close, 1) for each in session(MONDAY)]
    [found] = read(write(tmp_path / "NSE_SBIN-EQ_15m.csv", sunday[:2] + session(MONDAY)))

    assert len(found.candles) == 25
    assert found.notes == ("NSE_SBIN-EQ_15m.csv: 2 rows lie outside the sessions; left out: no session on 2023-12-31",)


def test_a_price_that_no_market_makes_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "NSE_SBIN-EQ_15m.csv", session(MONDAY))
    path.write_text(path.read_text().replace("600.50", "599.00", 1))

    with pytest.raises(DataError, match=r"NSE_SBIN-EQ_15m.csv: 1 row that no market makes"):
        read(path)


def test_the_range_keeps_the_rows_before_it_for_the_features(tmp_path: Path) -> None:
    [found] = read(write(tmp_path / "NSE_SBIN-EQ_15m.csv", session(MONDAY) + session(TUESDAY)), span="20240102-")

    assert (len(found.candles), found.first) == (50, 25)


def test_an_end_of_the_range_that_has_no_candles_is_noted(tmp_path: Path) -> None:
    path = write(tmp_path / "NSE_SBIN-EQ_15m.csv", session(MONDAY) + session(TUESDAY))

    [whole], [later], [earlier] = (read(path, span=span) for span in ("20231226-20240108", "20231201-", "-20240201"))
    assert whole.notes == ()
    assert later.notes == ("NSE:SBIN-EQ: the candles begin on 2024-01-01, the range on 2023-12-01",)
    assert earlier.notes == ("NSE:SBIN-EQ: the candles end on 2024-01-02, the range on 2024-02-01",)


def test_a_range_without_candles_names_those_there_are(tmp_path: Path) -> None:
    path = write(tmp_path / "NSE_SBIN-EQ_15m.csv", session(MONDAY))

    with pytest.raises(DataError, match="no candles from 2024-02-01 on; there are some from 2024-01-01 to 2024-01-01"):
        read(path, span="20240201-")


def test_a_folder_gives_its_shares_by_the_names_of_the_files(tmp_path: Path) -> None:
    for name in ("NSE_SBIN-EQ_15m", "NSE_INFY-EQ_15m", "NSE_NIFTY50-INDEX_15m", "NSE_INFY-EQ_15m_yahoo"):
        write(tmp_path / f"{name}.csv", session(MONDAY))
    (tmp_path / "notes.csv").write_text("nothing")

    assert [each.series.symbol for each in read(tmp_path)] == ["NSE:INFY-EQ", "NSE:SBIN-EQ"]
    assert [each.series.symbol for each in read(tmp_path, "NSE:SBIN-EQ")] == ["NSE:SBIN-EQ"]


def test_a_folder_must_have_each_symbol_once(tmp_path: Path) -> None:
    write(tmp_path / "NSE_SBIN-EQ_15m.csv", session(MONDAY))
    write(tmp_path / "NSE_SBIN-EQ_15m.csv.csv", session(MONDAY))

    with pytest.raises(DataError, match="several files"):
        read(tmp_path)
    with pytest.raises(DataError, match="no file of NSE:TCS-EQ"):
        read(tmp_path, "NSE:TCS-EQ")
    with pytest.raises(DataError, match="no file of 1m candles"):
        read(tmp_path, timeframe=Timeframe.M1)


def test_one_file_is_of_one_symbol(tmp_path: Path) -> None:
    path = write(tmp_path / "NSE_SBIN-EQ_15m.csv", session(MONDAY))

    with pytest.raises(ConfigurationError, match="one file"):
        read(path, "NSE:SBIN-EQ", "NSE:INFY-EQ")


def test_a_file_is_not_read_for_another_symbol_than_its_name_says(tmp_path: Path) -> None:
    path = write(tmp_path / "NSE_SBIN-EQ_15m.csv", session(MONDAY))

    with pytest.raises(ConfigurationError, match=r"--symbols NSE:INFY-EQ: .*15m.csv is of NSE:SBIN-EQ; leave out"):
        read(path, "NSE:INFY-EQ")
    assert [each.series for each in read(path, "NSE:SBIN-EQ")] == [SERIES]


def test_a_file_is_not_read_for_another_symbol_than_its_column_says(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", session(MONDAY))
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([f"symbol,{header}", *(f"NSE:SBIN-EQ,{row}" for row in rows)]))

    with pytest.raises(DataError, match="column 'symbol' has no row of NSE:INFY-EQ; it holds NSE:SBIN-EQ"):
        read(path, "NSE:INFY-EQ")
    assert [each.series for each in read(path, "NSE:SBIN-EQ")] == [SERIES]


def test_a_file_whose_name_tells_no_symbol_is_of_the_one_given(tmp_path: Path) -> None:
    [found] = read(write(tmp_path / "mine.csv", session(MONDAY)), "NSE:SBIN-EQ")

    assert (found.series, len(found.candles)) == (SERIES, 25)


def test_a_file_that_does_not_tell_its_symbol_is_refused_with_an_option_of_a_backtest(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", session(MONDAY))

    with pytest.raises(DataError, match=r"symbol is left open .*; give --symbols NSE:SBIN-EQ, or name the file like"):
        read(path)


def test_the_store_gives_what_it_has_of_the_range_and_before() -> None:
    store = MemoryCandleStore()
    store.put(SERIES, Days(MONDAY, TUESDAY), CandleColumns.of(session(MONDAY) + session(TUESDAY)))
    [found] = from_store(store, [SERIES.symbol], SERIES.timeframe, Range.of("20240102-20240102"))

    assert (len(found.candles), found.first) == (50, 25)


@pytest.mark.parametrize("span", ["20240102-", "00010101-"])
def test_the_store_warms_daily_candles_up_with_years_of_them(span: str) -> None:
    first, store, series = date(2022, 1, 3), MemoryCandleStore(), Series(SERIES.symbol, Timeframe.D)
    days = [day for offset in range(730) if (day := first + timedelta(days=offset)).weekday() < 5]
    store.put(series, Days(first, days[-1]), CandleColumns.of([session(day)[0] for day in days]))
    [found] = from_store(store, [series.symbol], Timeframe.D, Range.of(span))

    assert len(found.candles) == len(days) > 500
    assert found.first == sum(day < Range.of(span).first for day in days)


def test_a_symbol_that_the_store_lacks_is_named_with_a_remedy() -> None:
    with pytest.raises(DataError, match=r"NSE:SBIN-EQ 15m: the store has no candles .*download-data"):
        from_store(MemoryCandleStore(), [SERIES.symbol], SERIES.timeframe, Range())
