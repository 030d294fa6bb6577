from pathlib import Path

import pytest

from core.errors import DataError
from core.market import Timeframe
from simulator.tape_file import Recording, read_recording

HEADER = "timestamp,open,high,low,close,volume"
ROWS = (
    "2023-06-01 09:15:00,580.00,581.00,579.00,580.50,1000",
    "2023-06-01 09:20:00,580.50,582.00,580.00,581.00,900",
    "2023-06-01 09:25:00,581.00,581.50,580.10,580.40,800",
)


def read(folder: Path, *lines: str, name: str = "NSE_SBIN-EQ_5m.csv", symbol: str | None = None) -> Recording:
    path = folder / name
    path.write_text("\n".join(lines))
    return read_recording(path, symbol, None)


def test_symbol_and_timeframe_are_read_from_the_file_name(tmp_path: Path) -> None:
    for name, symbol, timeframe in (
        ("NSE_SBIN-EQ_5m_fyers.csv", "NSE:SBIN-EQ", Timeframe.M5),
        ("NSE_M&M-EQ_15m.csv", "NSE:M&M-EQ", Timeframe.M15),
        ("NSE_NIFTY50-INDEX_1m.csv", "NSE:NIFTY50-INDEX", Timeframe.M1),
        ("NSE_INFY-EQ_60m.csv", "NSE:INFY-EQ", Timeframe.M60),
        ("NSE_SBIN-EQ_1d_adj.csv", "NSE:SBIN-EQ", Timeframe.D),
    ):
        recording = read(tmp_path, HEADER, *ROWS, name=name)
        assert (recording.symbol, recording.timeframe) == (symbol, timeframe)


def test_the_timeframe_is_read_from_the_rows_when_the_name_is_silent(tmp_path: Path) -> None:
    recording = read(tmp_path, HEADER, *ROWS, name="my_export.csv", symbol="NSE:SBIN-EQ")
    assert recording.timeframe is Timeframe.M5


def test_rows_that_are_no_timeframe_apart_ask_for_it(tmp_path: Path) -> None:
    rows = [row.replace(":20:", ":22:").replace(":25:", ":29:") for row in ROWS]
    with pytest.raises(DataError, match="7 minutes apart"):
        read(tmp_path, HEADER, *rows, name="my_export.csv", symbol="NSE:SBIN-EQ")


def test_a_name_that_does_not_tell_the_symbol_asks_for_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"my_export\.csv.*symbol"):
        read(tmp_path, HEADER, *ROWS, name="my_export.csv")


def test_prices_become_paise(tmp_path: Path) -> None:
    rows = read(tmp_path, HEADER, *ROWS).rows
    assert rows.open.tolist() == [58_000, 58_050, 58_100]
    assert rows.low.tolist() == [57_900, 58_000, 58_010]


def test_times_without_a_zone_are_indian_and_a_zone_is_respected(tmp_path: Path) -> None:
    zoned = [row.replace("09:15:00", "03:45:00+00:00").replace("09:20:00", "09:20:00+05:30") for row in ROWS[:1]]
    assert read(tmp_path, HEADER, *zoned).rows.at[0] == read(tmp_path, HEADER, *ROWS).rows.at[0]


def test_equal_duplicates_are_kept_once_and_counted(tmp_path: Path) -> None:
    recording = read(tmp_path, HEADER, *ROWS, *ROWS)
    assert len(recording.rows.at) == 3
    assert recording.duplicates == 3


def test_rows_out_of_order_are_sorted_and_counted(tmp_path: Path) -> None:
    recording = read(tmp_path, HEADER, ROWS[1], ROWS[0], ROWS[2])
    assert recording.rows.open.tolist() == [58_000, 58_050, 58_100]
    assert recording.unsorted == 1


def test_two_different_rows_of_one_time_are_a_contradiction(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"NSE_SBIN-EQ_5m\.csv: two different rows at 2023-06-01 09:20:00.*'close'"):
        read(tmp_path, HEADER, *ROWS, "2023-06-01 09:20:00,580.50,582.00,580.00,581.05,900")


@pytest.mark.parametrize(
    "row",
    [
        "2023-06-01 09:30:00,580.00,579.00,578.00,578.50,10",
        "2023-06-01 09:30:00,580.00,581.00,580.50,580.90,10",
        "2023-06-01 09:30:00,0,0,0,580.90,10",
        "2023-06-01 09:30:00,580.00,581.00,579.00,,10",
        "2023-06-01 09:30:00,580.00,581.00,579.00,580.00,-1",
    ],
)
def test_an_impossible_row_is_dropped_and_counted(tmp_path: Path, row: str) -> None:
    recording = read(tmp_path, HEADER, *ROWS, row)
    assert len(recording.rows.at) == 3
    assert recording.impossible == 1


def test_a_missing_column_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"NSE_SBIN-EQ_5m\.csv: no column 'volume'"):
        read(tmp_path, "timestamp,open,high,low,close", "2023-06-01 09:15:00,1,1,1,1")
    with pytest.raises(DataError, match="no column 'timestamp'"):
        read(tmp_path, "time,open,high,low,close,volume", ROWS[0])
    with pytest.raises(DataError, match="neither candles"):
        read(tmp_path, "timestamp,value", "2023-06-01 09:15:00,1")


def test_an_unreadable_column_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"NSE_SBIN-EQ_5m\.csv: column 'high' is not numeric"):
        read(tmp_path, HEADER, ROWS[0].replace("581.00", "much"))
    with pytest.raises(DataError, match="column 'timestamp' is not readable"):
        read(tmp_path, HEADER, ROWS[0].replace("2023-06-01 09:15:00", "yesterday"))


def test_a_time_that_is_none_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'timestamp' is not readable as time") as refusal:
        read(tmp_path, HEADER, *ROWS, "yesterday,580.00,581.00,579.00,580.50,1000")
    assert "\n" not in str(refusal.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"missing\.parquet"):
        read_recording(tmp_path / "missing.parquet", None, None)
    broken = tmp_path / "NSE_SBIN-EQ_5m.parquet"
    broken.write_bytes(b"not parquet at all")
    with pytest.raises(DataError, match=r"NSE_SBIN-EQ_5m\.parquet"):
        read_recording(broken, None, None)


@pytest.mark.parametrize("path", [Path(), Path("nowhere.csv")])
def test_a_folder_or_nothing_is_no_tape(tmp_path: Path, path: Path) -> None:
    with pytest.raises(DataError, match="it must be a parquet or CSV file that exists"):
        read_recording(tmp_path / path, None, None)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", ["inf", "-inf", "1e300", "1e18"])
def test_a_number_that_no_market_shows_makes_its_row_impossible(tmp_path: Path, value: str) -> None:
    by_price = read(tmp_path, HEADER, *ROWS, f"2023-06-01 09:30:00,580.00,{value},579.00,580.50,1000")
    by_volume = read(tmp_path, HEADER, *ROWS, f"2023-06-01 09:30:00,580.00,581.00,579.00,580.50,{value}")
    assert (by_price.impossible, by_volume.impossible) == (1, 1)
    with pytest.raises(DataError, match="no usable row among 1"):
        read(tmp_path, "timestamp,price,volume_traded", f"2023-06-01 09:30:00,{value},{value}")


def test_a_file_without_a_usable_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no usable row among 1"):
        read(tmp_path, HEADER, "2023-06-01 09:30:00,0,0,0,0,10")


def test_ticks_may_share_a_moment_but_an_exact_repeat_is_dropped(tmp_path: Path) -> None:
    rows = ("2023-06-01 09:15:00.5,100.0", "2023-06-01 09:15:00.5,100.1", "2023-06-01 09:15:00.5,100.1")
    recording = read(tmp_path, "timestamp,price", *rows, name="NSE_SBIN-EQ_1s.csv")
    assert recording.timeframe is None
    assert recording.rows.close.tolist() == [10_000, 10_010]
    assert recording.duplicates == 1


def test_a_file_of_several_symbols_asks_for_one(tmp_path: Path) -> None:
    rows = ("2023-06-01 09:15:00,TCS,100.0", "2023-06-01 09:15:01,RELIND,200.0")
    with pytest.raises(DataError, match="RELIND, TCS"):
        read(tmp_path, "timestamp,Symbol,last_price", *rows, name="ticks.csv")
    recording = read(tmp_path, "timestamp,Symbol,last_price", *rows, name="ticks.csv", symbol="NSE:TCS25NOVFUT")
    assert recording.rows.close.tolist() == [10_000]
