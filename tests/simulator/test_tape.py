import os
from contextlib import nullcontext
from datetime import date, time
from pathlib import Path

import pytest

from core.errors import DataError
from core.instants import SECOND, instant_at, ist_date
from core.market import Timeframe
from core.ports import Calendar
from simulator.tape import TapeMarket

SBIN = "NSE:SBIN-EQ"
THURSDAY, FRIDAY, SATURDAY = date(2023, 6, 1), date(2023, 6, 2), date(2023, 6, 3)
HEADER = "timestamp,open,high,low,close,volume"


def row(day: date, clock: str, price: float, volume: int = 100) -> str:
    return f"{day} {clock}:00,{price:.2f},{price + 1:.2f},{price - 1:.2f},{price + 0.5:.2f},{volume}"


def tape(
    folder: Path, calendar: Calendar, *rows: str, header: str = HEADER, name: str = "NSE_SBIN-EQ_5m.csv"
) -> TapeMarket:
    path = folder / name
    path.write_text("\n".join((header, *rows)))
    return TapeMarket.from_file(path, calendar=calendar)


def test_the_report_counts_what_was_dropped(tmp_path: Path, calendar: Calendar) -> None:
    market = tape(
        tmp_path,
        calendar,
        row(THURSDAY, "09:20", 580),
        row(THURSDAY, "09:15", 581),
        row(THURSDAY, "09:20", 580),
        row(THURSDAY, "09:05", 580),
        row(THURSDAY, "09:22", 580),
        row(THURSDAY, "15:30", 580),
        f"{THURSDAY} 09:25:00,5,4,3,2,1",
    )
    report = market.report
    counts = (
        report.read,
        report.kept,
        report.sessions,
        report.duplicates,
        report.unsorted,
        report.impossible,
        report.outside,
    )
    assert counts == (7, 2, 1, 1, 2, 1, 3)
    assert "2 of 7 rows in 1 sessions" in str(report)


@pytest.mark.parametrize("timeframe", Timeframe)
@pytest.mark.parametrize("interval", ["1m", "3m", "5m", "15m"])
def test_a_tape_that_lets_a_timeframe_pass_has_its_candles(
    interval: str, timeframe: Timeframe, tmp_path: Path, calendar: Calendar
) -> None:
    market = tape(tmp_path, calendar, row(THURSDAY, "09:15", 580), name=f"NSE_SBIN-EQ_{interval}.csv")
    open_, late = instant_at(THURSDAY, time(9, 15)), instant_at(THURSDAY, time(16))
    passes = timeframe.minutes % Timeframe(interval).minutes == 0
    with nullcontext() if passes else pytest.raises(DataError, match=f"its {interval} candles .* {timeframe.value} "):
        market.require_timeframe(timeframe)
    with nullcontext() if passes else pytest.raises(DataError, match=f"no {timeframe.value} candles"):
        [candle] = market.candles(SBIN, timeframe, open_, late, late)
        assert (candle.open, candle.close, candle.volume) == (58_000, 58_050, 100)


def test_a_shorter_candle_than_the_tapes_is_refused(tmp_path: Path, calendar: Calendar) -> None:
    market = tape(tmp_path, calendar, row(THURSDAY, "09:15", 580))
    open_ = instant_at(THURSDAY, time(9, 15))
    with pytest.raises(DataError, match="no 1m candles, this market has 5m"):
        market.candles(SBIN, Timeframe.M1, open_, open_ + 1, open_ + 1)


def test_a_gap_in_the_tape_is_a_silence(tmp_path: Path, calendar: Calendar) -> None:
    market = tape(tmp_path, calendar, row(THURSDAY, "09:15", 580), row(THURSDAY, "10:15", 581))
    assert market.quotes(instant_at(THURSDAY, time(9, 20)), instant_at(THURSDAY, time(10, 14))) == []


@pytest.mark.parametrize(
    ("minutes", "kept", "starts"),
    [("5", 21, ["09:15", "11:30"]), ("60", 3, ["09:15", "11:15", "12:15"])],
)
def test_a_session_in_two_parts_is_played_without_its_pause(
    tmp_path: Path, drill_calendar: Calendar, minutes: str, kept: int, starts: list[str]
) -> None:
    day, step = date(2026, 1, 6), int(minutes)
    clocks = [f"{at // 60:02}:{at % 60:02}" for at in range(9 * 60 + 15, 12 * 60 + 30, step)]
    rows = [row(day, clock, 580 + place) for place, clock in enumerate(clocks)]
    market = tape(tmp_path, drill_calendar, *rows, name=f"NSE_SBIN-EQ_{minutes}m.csv")
    assert market.report.kept == kept
    assert market.report.outside == len(rows) - kept
    moments = [quote.at for quote in market.quotes(instant_at(day, time(9)), instant_at(day, time(16)))]
    pause = instant_at(day, time(10)), instant_at(day, time(11, 30))
    assert not [moment for moment in moments if pause[0] <= moment < pause[1]]
    assert moments == sorted(moments)
    close = instant_at(day, time(12, 30))
    assert moments[-1] < close
    recorded = market.candles(SBIN, Timeframe(f"{minutes}m"), instant_at(day, time(9)), close, close)
    assert {instant_at(day, time.fromisoformat(clock)) for clock in starts} <= {candle.start for candle in recorded}
    remade = market.path(SBIN, drill_calendar.trading_day(day)).bars(
        drill_calendar.trading_day(day), Timeframe(f"{minutes}m")
    )
    assert remade.candles() == recorded


def test_a_day_the_calendar_calls_closed_is_played_when_the_tape_has_it(tmp_path: Path, calendar: Calendar) -> None:
    market = tape(tmp_path, calendar, row(FRIDAY, "09:15", 580), row(SATURDAY, "09:15", 590))
    assert calendar.trading_day(SATURDAY) is None
    assert market.calendar.trading_day(SATURDAY) is not None
    quote = market.quote(SBIN, instant_at(SATURDAY, time(9, 20)))
    assert quote is not None
    assert ist_date(quote.at) == SATURDAY
    assert quote.previous_close == 58_050


def test_a_tape_whose_rows_lie_in_no_session_is_refused(tmp_path: Path, calendar: Calendar) -> None:
    with pytest.raises(DataError, match="none of its 1 rows lies in a trading session"):
        tape(tmp_path, calendar, row(SATURDAY, "02:15", 580))


def test_the_band_holds_every_price_of_the_tape(tmp_path: Path, calendar: Calendar) -> None:
    market = tape(tmp_path, calendar, row(THURSDAY, "09:15", 2700), row(FRIDAY, "09:15", 270))
    listed = market.instruments_at(instant_at(FRIDAY, time(9)))[SBIN]
    assert (listed.lower_band, listed.upper_band) == (26_900, 324_050)


def test_the_tick_is_the_coarsest_grid_that_all_prices_keep(tmp_path: Path, calendar: Calendar) -> None:
    assert tape(tmp_path, calendar, row(THURSDAY, "09:15", 580)).instruments[SBIN].tick == 50
    assert tape(tmp_path, calendar, row(THURSDAY, "09:15", 580.05)).instruments[SBIN].tick == 5
    assert tape(tmp_path, calendar, row(THURSDAY, "09:15", 580.01)).instruments[SBIN].tick == 1


def test_a_daily_candle_is_played_over_its_session(tmp_path: Path, calendar: Calendar) -> None:
    rows = (row(THURSDAY, "00:00", 580, 10_000), row(FRIDAY, "00:00", 590, 20_000))
    market = tape(tmp_path, calendar, *rows, name="NSE_SBIN-EQ_1d.csv")
    close = instant_at(FRIDAY, time(15, 30))
    quotes = market.quotes(instant_at(FRIDAY, time(9)), close)
    assert (quotes[0].ltp, quotes[-1].ltp, quotes[-1].volume) == (59_000, 59_050, 20_000)
    assert len(market.candles(SBIN, Timeframe.D, instant_at(THURSDAY, time()), close, close)) == 2


def test_ticks_are_played_as_recorded_with_their_volume_by_day(tmp_path: Path, calendar: Calendar) -> None:
    rows = (
        f"{THURSDAY} 09:14:00,570.00,10",
        f"{THURSDAY} 09:15:01,580.00,100",
        f"{THURSDAY} 09:15:03,580.10,140",
        f"{THURSDAY} 09:15:02,580.20,130",
        f"{FRIDAY} 09:15:01,590.00,20",
        f"{FRIDAY} 09:15:02,590.10,25",
    )
    market = tape(tmp_path, calendar, *rows, header="timestamp,last_price,volume_traded", name="NSE_SBIN-EQ_1s.csv")
    quotes = market.quotes(instant_at(THURSDAY, time()), instant_at(FRIDAY, time(16)))
    assert [quote.ltp for quote in quotes] == [58_000, 58_020, 58_010, 59_000, 59_010]
    assert [quote.volume for quote in quotes] == [0, 30, 40, 0, 5]
    assert market.report.outside == 1
    minute = instant_at(FRIDAY, time(9, 15))
    candles = market.candles(SBIN, Timeframe.M1, minute, minute + SECOND, minute + 5 * SECOND)
    assert [(candle.open, candle.close, candle.volume) for candle in candles] == [(59_000, 59_010, 5)]


REAL = os.environ.get("NSE_DATA_DIR", "")
needs_data = pytest.mark.skipif(not REAL, reason="NSE_DATA_DIR is not set: no recorded market data to read")


@needs_data
@pytest.mark.parametrize(
    ("name", "kept", "duplicates", "impossible"),
    [
        ("NSE_SBIN-EQ_5m_fyers.parquet", 18_600, 150, 0),
        ("NSE_INFY-EQ_1m.parquet", 6_750, 0, 0),
        ("NSE_NIFTYBANK-INDEX_15m.parquet", 17_948, 0, 377),
        ("ticks/NSE_NIFTY50-INDEX_1s_2022-08-12.parquet", 22_500, 0, 0),
        ("daily/NSE_SBIN-EQ_1d.parquet", 1_303, 0, 0),
    ],
)
def test_real_recordings_are_cleaned_of_their_known_defects(
    calendar: Calendar, name: str, kept: int, duplicates: int, impossible: int
) -> None:
    report = TapeMarket.from_file(Path(REAL) / name, calendar=calendar).report
    assert (report.kept, report.duplicates, report.impossible) == (kept, duplicates, impossible)
    assert report.kept + report.duplicates + report.impossible + report.outside == report.read


@needs_data
def test_a_real_day_is_played_candle_by_candle(calendar: Calendar) -> None:
    market = TapeMarket.from_file(Path(REAL) / "NSE_SBIN-EQ_5m_fyers.parquet", calendar=calendar, seed=1)
    session = market.calendar.trading_day(THURSDAY)
    assert session is not None
    path = market.path(SBIN, session)
    assert path.bars(session, Timeframe.M5).candles() == market.bars(SBIN, session).candles()
    assert len(market.bars(SBIN, session).start) == 75


@needs_data
def test_futures_ticks_of_one_symbol_are_picked_from_a_file_of_two(calendar: Calendar) -> None:
    path = Path(REAL) / "ticks" / "NSE_FUT_ticks_2025-11-17.parquet"
    with pytest.raises(DataError, match="RELIND, TCS"):
        TapeMarket.from_file(path, calendar=calendar)
    market = TapeMarket.from_file(path, symbol="NSE:RELIND25NOVFUT", calendar=calendar)
    day = date(2025, 11, 17)
    quotes = market.quotes(instant_at(day, time(9)), instant_at(day, time(16)))
    assert len(quotes) == market.report.kept
    assert 140_000 < quotes[0].ltp < 160_000
