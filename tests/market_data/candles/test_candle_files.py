"""A file in any of the usual dialects gives the same candles, and what its rows do not prove is asked."""

import errno
import gzip
import os
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import DataError
from core.instants import MINUTE, instant_at, ist_datetime
from core.market import Timeframe
from market_data.candles.candle_files import Wishes, read_candles, read_proven, read_raw
from market_data.candles.candle_store import Series
from market_data.candles.candle_table import NoCandlesError
from market_data.candles.candle_times import DateOrder, Labels, Zone
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.candles.raw_candles import RawCandles
from market_data.days import Days

from .store_candles import SERIES, candles

FIVE_HALF = timedelta(hours=5, minutes=30)
LATE = (date(2024, 1, 15), date(2024, 1, 16))
EARLY = (date(2024, 2, 5), date(2024, 2, 12))
"""Days whose dates may be read both ways."""


def session(days: tuple[date, ...] = LATE, step: int = 5) -> RawCandles:
    """Whole sessions of candles that go on where the last one closed."""
    starts = [instant_at(day, time(9, 15)) + minute * MINUTE for day in days for minute in range(0, 375, step)]
    count = np.arange(len(starts))
    opens = 600 + 0.05 * (count % 40)
    closes = np.append(opens[1:], opens[-1])
    highs, lows = np.maximum(opens, closes) + 0.1, np.minimum(opens, closes) - 0.1
    columns = (np.round(each, 2) for each in (opens, highs, lows, closes))
    return RawCandles(np.array(starts, dtype=np.int64), *columns, 1000.0 + count)


def rows(
    when: Callable[[datetime], str], raw: RawCandles | None = None, gap: str = ",", header: str = "", later: int = 0
) -> str:
    """Text of a file; `when` writes a moment in India, `later` moves it by minutes."""
    raw = raw or session()
    lines = [header] if header else []
    for start, *cells in zip(*(each.tolist() for each in raw.columns), strict=True):
        moment = when(ist_datetime(start) + timedelta(minutes=later))
        lines.append(gap.join([moment, *(f"{cell:.2f}" for cell in cells[:4]), f"{cells[4]:.0f}"]))
    return "\n".join(lines) + "\n"


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


HEADER = "timestamp,open,high,low,close,volume"
DIALECTS = {
    "ours": rows(lambda at: at.isoformat(), header=HEADER),
    "pandas": rows(iso, header=",Open,High,Low,Close,Volume"),
    "kite": rows(lambda at: at.strftime("%Y-%m-%d %H:%M:%S+0530"), header="date,open,high,low,close,volume"),
    "no header": rows(iso),
    "two columns": rows(lambda at: at.strftime("%d-%m-%Y,%H:%M"), header="Date,Time,Open,High,Low,Close,Volume"),
    "american dates": rows(lambda at: at.strftime("%m/%d/%Y %H:%M"), header="Date,O,H,L,C,V"),
    "month by name": rows(lambda at: at.strftime("%d-%b-%Y %I:%M %p"), header="Datetime,Open,High,Low,Close,Vol"),
    "metastock": rows(lambda at: at.strftime("%Y%m%d,%H%M"), header="<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>"),
    "metastock in full": rows(
        lambda at: at.strftime("SBIN,%Y%m%d,%H%M%S"),
        header="<TICKER>,<DTYYYYMMDD>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>",
    ),
    "semicolons": rows(iso, gap=";", header="Timestamp;Open Price;High Price;Low Price;Close Price;Traded Quantity"),
    "tabs": rows(lambda at: at.strftime("%Y/%m/%d %H:%M"), gap="\t", header=HEADER.replace(",", "\t")),
    "seconds": rows(lambda at: str(int(at.timestamp())), header="time,open,high,low,close,volume"),
    "milliseconds": rows(lambda at: str(int(at.timestamp() * 1_000)), header=HEADER),
    "nanoseconds": rows(lambda at: str(int(at.timestamp()) * 10**9), header=HEADER),
    "zulu": rows(lambda at: (at - FIVE_HALF).strftime("%Y-%m-%dT%H:%M:%SZ"), header=HEADER),
    "naive utc": rows(lambda at: iso(at - FIVE_HALF), header=HEADER),
    "end labels": rows(iso, header=HEADER, later=5),
    "end labels in utc": rows(lambda at: iso(at - FIVE_HALF), header=HEADER, later=5),
    "names with blanks": rows(iso, header='"Date ","OPEN ","HIGH ","LOW ","close ","VOLUME "'),
    "byte order mark": "\ufeff" + rows(iso, header=HEADER),
    "carriage returns": rows(iso, header=HEADER).replace("\n", "\r\n"),
    "symbol in front": "Ticker," + rows(lambda at: "NSE:SBIN-EQ," + iso(at), header=HEADER),
    "symbol without header": rows(lambda at: at.strftime("SBIN,%Y%m%d,%H:%M")),
}


def write(tmp_path: Path, text: str, name: str = "NSE_SBIN-EQ_5m.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def same(one: RawCandles, other: RawCandles) -> bool:
    return all(np.array_equal(*pair, equal_nan=True) for pair in zip(one.columns, other.columns, strict=True))


def test_three_lines_of_names_as_yfinance_writes_them_are_one_header(tmp_path: Path) -> None:
    names = "Price,Open,High,Low,Close,Volume\nTicker,SBIN.NS,SBIN.NS,SBIN.NS,SBIN.NS,SBIN.NS\nDatetime,,,,,"

    found = read_candles(write(tmp_path, rows(iso, header=names)), Wishes())

    assert found.candles is not None
    assert same(found.candles, session())


def test_a_first_row_without_prices_is_no_header(tmp_path: Path) -> None:
    lines = rows(iso, header=HEADER).splitlines()
    lines[1] = lines[1].split(",")[0] + ",,,,,"

    found = read_candles(write(tmp_path, "\n".join(lines)), Wishes())

    assert found.candles is not None
    assert np.isnan(found.candles.closes[0])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_gives_the_same_candles_without_a_question(dialect: str, tmp_path: Path):
    found = read_candles(write(tmp_path, DIALECTS[dialect]), Wishes())
    assert found.questions == ()
    assert (found.symbol, found.timeframe) == ("NSE:SBIN-EQ", Timeframe.M5)
    assert found.candles is not None
    assert same(found.candles, session())


def test_a_packed_file_is_read_like_the_plain_one(tmp_path: Path):
    assert same(read_raw(write(tmp_path, DIALECTS["ours"], "NSE_SBIN-EQ_5m.csv.gz")), session())


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "UTC", None])
@pytest.mark.parametrize("as_index", [False, True])
def test_parquet_is_read_with_and_without_zone_and_with_its_times_as_index(tmp_path: Path, zone, as_index: bool):
    raw = session()
    moments = pd.to_datetime(raw.starts, utc=True).tz_convert("Asia/Kolkata")
    moments = moments.tz_convert(zone) if zone else moments.tz_localize(None)
    frame = pd.DataFrame(
        {"Open": raw.opens, "High": raw.highs, "Low": raw.lows, "Close": raw.closes, "Volume": raw.volumes},
        index=moments if as_index else None,
    )
    if not as_index:
        frame.insert(0, "Datetime", moments)
    frame.to_parquet(tmp_path / "NSE_SBIN-EQ_5m.parquet")
    assert same(read_raw(tmp_path / "NSE_SBIN-EQ_5m.parquet"), raw)


@pytest.mark.parametrize("step", [1, 3, 15, 60])
@pytest.mark.parametrize("later", [0, None])
def test_end_labels_become_starts_in_every_timeframe_also_for_the_short_last_hour(tmp_path: Path, step, later):
    raw = session(step=step)
    text = rows(iso, raw, header=HEADER, later=later if later == 0 else step).replace(" 16:15:00", " 15:30:00")
    found = read_candles(write(tmp_path, text, "x.csv"), Wishes(symbol="NSE:SBIN-EQ"))
    assert found.timeframe is Timeframe(f"{step}m")
    assert found.candles is not None
    assert same(found.candles, raw)


@pytest.mark.parametrize(
    "when",
    [
        lambda day: day.isoformat(),
        lambda day: day.strftime("%d-%b-%Y"),
        lambda day: f"{day} 00:00:00+05:30",
        lambda day: f"{day - timedelta(days=1)} 18:30:00",
        lambda day: f"{day}T00:00:00Z",
        lambda day: f"{day} 09:15:00",
        lambda day: str(instant_at(day, time(5, 30)) // 10**9),
        lambda day: str(instant_at(day, time()) // 10**9),
    ],
)
def test_a_day_starts_at_midnight_in_india_however_it_is_stamped(tmp_path: Path, when):
    days = [date(2024, 1, 15) + timedelta(days=offset) for offset in range(5)]
    text = "Date,Open,High,Low,Close,Volume\n" + "".join(f"{when(day)},10,12,9,11,100\n" for day in days)
    found = read_candles(write(tmp_path, text, "sbin.csv"), Wishes(symbol="NSE:SBIN-EQ"))
    assert (found.timeframe, found.questions) == (Timeframe.D, ())
    assert found.candles is not None
    assert found.candles.starts.tolist() == [instant_at(day, time()) for day in days]


def test_dates_that_may_be_either_are_asked_and_read_as_said(tmp_path: Path):
    text = rows(lambda at: at.strftime("%d-%m-%Y %H:%M"), session(EARLY), header=HEADER)
    path = write(tmp_path, text)
    [question] = read_candles(path, Wishes()).questions
    assert (question.option, question.choices) == ("--dates", ("day-first", "month-first"))
    said = read_candles(path, Wishes(dates=DateOrder.DAY_FIRST)).candles
    assert said is not None
    assert same(said, session(EARLY))
    with pytest.raises(DataError, match=r"dates not proven .*--dates"):
        read_raw(path)


def test_dates_written_both_ways_are_refused(tmp_path: Path):
    text = HEADER + "\n15-01-2024 09:15,1,1,1,1,1\n01-16-2024 09:15,1,1,1,1,1\n"
    with pytest.raises(DataError, match="some dates have the day first and some the month"):
        read_candles(write(tmp_path, text), Wishes())


def test_hours_that_fit_both_zones_are_asked(tmp_path: Path):
    raw = session()
    first_hour = raw.rows(np.flatnonzero(raw.starts % (24 * 60 * MINUTE) < 285 * MINUTE))
    path = write(tmp_path, rows(iso, first_hour, header=HEADER))
    [question] = read_candles(path, Wishes()).questions
    assert question.option == "--zone"
    said = read_candles(path, Wishes(zone=Zone.INDIA)).candles
    assert said is not None
    assert same(said, first_hour)


def test_indian_hours_that_call_themselves_utc_are_asked(tmp_path: Path):
    path = write(tmp_path, rows(lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ"), header=HEADER))
    [question] = read_candles(path, Wishes()).questions
    assert (question.option, question.why) == ("--zone", "the file says utc, its hours say india")
    said = read_candles(path, Wishes(zone=Zone.INDIA)).candles
    assert said is not None
    assert same(said, session())


def test_labels_that_fit_both_ways_are_asked_and_taken_for_starts_in_a_plain_reading(tmp_path: Path):
    raw = session((LATE[0],))
    extra = RawCandles(*(np.append(each, each[-1:]) for each in raw.columns))
    extra.starts[-1] += 5 * MINUTE
    path = write(tmp_path, rows(iso, extra, header=HEADER))
    [question] = read_candles(path, Wishes()).questions
    assert question.option == "--labels"
    said = read_candles(path, Wishes(labels=Labels.END)).candles
    assert said is not None
    assert said.starts[0] == instant_at(LATE[0], time(9, 10))
    assert same(read_raw(path), extra)


def test_a_bar_at_the_close_on_some_days_leaves_start_labels_proven(tmp_path: Path):
    raw = session()
    extra = RawCandles(*(np.append(each, each[-1:]) for each in raw.columns))
    extra.starts[-1] += 5 * MINUTE
    assert read_candles(write(tmp_path, rows(iso, extra, header=HEADER)), Wishes()).questions == ()


def test_columns_that_no_name_tells_are_said(tmp_path: Path):
    text = rows(iso, header="when,first,top,bottom,last,shares")
    path = write(tmp_path, text)
    with pytest.raises(
        DataError,
        match=r"no column for timestamp; it has when, .*rename that column to timestamp.*--columns timestamp=NAME",
    ):
        read_candles(path, Wishes())
    said = {"timestamp": "when", "open": "first", "high": "top", "low": "bottom", "close": "last", "volume": "shares"}
    found = read_candles(path, Wishes(columns=said)).candles
    assert found is not None
    assert same(found, session())


def test_a_date_and_a_time_that_are_named_win_over_a_column_called_timestamp(tmp_path: Path):
    text = rows(lambda at: at.strftime("%d-%b-%y,%H:%M,written later"), header="d,t,timestamp,o,h,l,c,v")
    found = read_candles(write(tmp_path, text), Wishes(columns={"date": "d", "time": "t"})).candles
    assert found is not None
    assert same(found, session())


def test_a_typed_date_beside_a_time_is_read_as_both(tmp_path: Path):
    raw = session()
    moments = pd.to_datetime(raw.starts, utc=True).tz_convert("Asia/Kolkata")
    frame = pd.DataFrame({"date": moments.tz_localize(None).normalize(), "time": moments.time, "open": raw.opens})
    frame = frame.assign(high=raw.highs, low=raw.lows, close=raw.closes, volume=raw.volumes)
    frame.to_parquet(tmp_path / "NSE_SBIN-EQ_5m.parquet")
    assert same(read_raw(tmp_path / "NSE_SBIN-EQ_5m.parquet"), raw)


def test_a_file_of_the_archive_is_not_taken_for_one_in_rupees(tmp_path: Path):
    days = Days(*LATE)
    ParquetCandleStore(tmp_path).put(SERIES, days, candles(days, 100))
    [path] = tmp_path.rglob("2024.parquet")
    with pytest.raises(DataError, match="is a file of the archive, in paise"):
        read_candles(path, Wishes(symbol="NSE:SBIN-EQ"))


def test_two_columns_that_may_be_the_same_are_asked(tmp_path: Path):
    text = "Date,Open,High,Low,Close,close,Volume\n2024-01-15,1,1,1,1,1,1\n"
    with pytest.raises(DataError, match=r"Close and close may both be close; rename one, .*--columns close=Close"):
        read_candles(write(tmp_path, text), Wishes())


def test_rows_without_a_header_that_prove_no_order_are_refused(tmp_path: Path):
    text = "".join(f"2024-01-{day} 09:15,{day},{day},{day},{day},5\n" for day in range(15, 18))
    with pytest.raises(DataError, match=r"its rows do not prove which column is what; .*--columns timestamp=1"):
        read_candles(write(tmp_path, text), Wishes())


def test_rows_without_a_header_whose_close_stands_before_the_open_are_not_taken_for_the_usual_order(tmp_path: Path):
    raw = session()
    turned = RawCandles(raw.starts, raw.closes, raw.highs, raw.lows, raw.opens, raw.volumes)
    with pytest.raises(DataError, match="its rows do not prove"):
        read_candles(write(tmp_path, rows(iso, turned)), Wishes())


def test_large_volumes_are_not_taken_for_times_where_there_is_no_header(tmp_path: Path):
    raw = session()
    busy = RawCandles(*raw.columns[:5], raw.volumes + 250_000_000)
    found = read_candles(write(tmp_path, rows(lambda at: str(int(at.timestamp())), busy)), Wishes())
    assert found.candles is not None
    assert same(found.candles, busy)


def test_a_market_of_many_symbols_gives_the_rows_of_the_one_that_was_asked_for(tmp_path: Path):
    text = (
        "SYMBOL, SERIES, DATE1, PREV_CLOSE, OPEN_PRICE, HIGH_PRICE, LOW_PRICE, LAST_PRICE, CLOSE_PRICE, TTL_TRD_QNTY\n"
        "SBIN, EQ, 01-Mar-2024, 748.1, 755.9, 779.8, 754.9, 773, 772.65, 33111222\n"
        "SBIN, N1, 01-Mar-2024, 1, 2, 2, 2, 2, 2, 5\n"
        "SBILIFE, EQ, 01-Mar-2024, 1, 3, 3, 3, 3, 3, 7\n"
    )
    path = write(tmp_path, text, "sec_bhavdata_full.csv")
    [question] = read_candles(path, Wishes()).questions
    assert (question.option, question.why) == ("--symbol NSE:SBIN-EQ", "column 'SYMBOL' holds SBILIFE, SBIN")
    found = read_candles(path, Wishes(symbol="NSE:SBIN-EQ"))
    assert found.timeframe is Timeframe.D
    assert found.candles is not None
    assert [each.tolist()[0] for each in found.candles.columns[1:]] == [755.9, 779.8, 754.9, 772.65, 33_111_222]
    with pytest.raises(DataError, match="has no row of NSE:TCS-EQ"):
        read_candles(path, Wishes(symbol="NSE:TCS-EQ"))


def test_a_symbol_that_nothing_tells_is_asked(tmp_path: Path):
    [question] = read_candles(write(tmp_path, DIALECTS["ours"], "candles.csv"), Wishes()).questions
    assert question.what == "symbol"


def test_numbers_with_grouped_thousands_are_read_and_other_text_is_no_number(tmp_path: Path):
    text = (
        'Date,OPEN,HIGH,LOW,CLOSE,VOLUME\n15-Jan-2024,"1,234.50","1,300.00","1,200.00","1,250.00","12,34,567"\n'
        '16-Jan-2024,"1,234.50","1,300.00","1,200.00",-,"12,34,567"\n'
    )
    raw = read_raw(write(tmp_path, text, "NSE_SBIN-EQ_1d.csv"))
    assert raw.opens.tolist() == [1234.5, 1234.5]
    assert raw.volumes.tolist() == [1_234_567, 1_234_567]
    assert np.isnan(raw.closes).tolist() == [False, True]


def test_rows_are_given_as_they_are_repeated_and_out_of_order(tmp_path: Path):
    raw = session()
    order = np.concatenate((np.arange(150)[::-1], [3, 3]))
    assert same(read_raw(write(tmp_path, rows(iso, raw.rows(order), header=HEADER))), raw.rows(order))


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("none.csv", None, "there is no such file"),
        ("a.xlsx", b"PK", r"read are \.csv, \.csv\.gz, .*name the file after what it is"),
        ("empty.csv", b"", "no rows"),
        ("header.csv", HEADER.encode() + b"\n", "no rows"),
        ("words.csv", b"hello\nworld\n", "no separator splits every line into 5 columns"),
        ("ragged.csv", HEADER.encode() + b"\n" + b"1,2,3,4,5,6\n" * 60 + b"1,2,3,4,5,6,7\n", "not readable as CSV"),
        (
            "short.csv",
            HEADER.encode() + b"\n1,2,3,4,5,6\n1,2,3,4,5,6\n1,2\n",
            "line 4 splits into 2, most lines into 6",
        ),
        ("above.csv", b"Shares\n" + HEADER.encode() + b"\n1,2,3,4,5,6\n", "line 1 splits into 1, most lines into 6"),
        ("binary.csv", bytes(range(256)), "is no UTF-8 text"),
        ("torn.csv.gz", gzip.compress(b"x" * 1000, mtime=0)[:20], "not readable as gzip"),
        ("plain.csv.gz", b"timestamp,open", "is neither Parquet nor packed with gzip by its content; read are .csv, "),
        ("a.json", b"[]", r"read are \.csv, \.csv\.gz, .*name the file after what it is"),
        ("candles", HEADER.encode(), r"read are \.csv, \.csv\.gz, .*name the file after what it is"),
        ("csv.parquet", HEADER.encode(), "is neither Parquet nor .* by its content; read are .*name the file after"),
        ("parquet.csv", b"PAR1abcPAR1", "is Parquet by its content; read are .*name the file after what it is"),
        ("packed.csv", gzip.compress(b"x", mtime=0), "is packed with gzip by its content; read are .*name the file"),
        ("empty.parquet", b"", "no rows: the file is empty"),
        ("torn.parquet", b"PAR1abc", "not readable as Parquet"),
        ("twice.csv", b"Date,Open,Open,High,Low,Close\n1,2,3,4,5,6\n", "more than one column is called 'Open'"),
        ("time.csv", HEADER.encode() + b"\nsoon,1,2,3,4,5\n", "row 1: 'soon' is no time"),
        ("century.csv", HEADER.encode() + b"\n24-01-15 09:15,1,2,3,4,5\n", "row 1: '24-01-15 09:15' is no time"),
        (
            "mixed.csv",
            HEADER.encode() + b"\n2024-01-15 09:15,1,2,3,4,5\nlater,1,2,3,4,5\n",
            "row 2: 'later' is no time of the form of row 1",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_what_is_wrong(tmp_path: Path, name, content, named):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=named) as refused:
        read_candles(path, Wishes())
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("dialect", "wishes", "named"),
    [
        ("ours", Wishes(timeframe=Timeframe.M1), "most rows are 5m apart, not 1m"),
        ("ours", Wishes(columns={"opening": "open"}), "there is no 'opening'; known are timestamp, "),
        ("ours", Wishes(columns={"open": "o"}), r"--columns open=o: .* has timestamp, open, "),
        ("ours", Wishes(zone=Zone.UTC), "its times carry their zone; leave out --zone"),
        ("pandas", Wishes(zone=Zone.UTC), "zone is india and not utc .*; leave out --zone"),
        ("ours", Wishes(labels=Labels.END), "labels is start and not end .*; leave out --labels"),
        ("two columns", Wishes(dates=DateOrder.MONTH_FIRST), "dates that are not month-first; leave out --dates"),
    ],
)
def test_what_the_file_contradicts_cannot_be_wished(tmp_path: Path, dialect: str, wishes: Wishes, named: str):
    with pytest.raises(DataError, match=named):
        read_candles(write(tmp_path, DIALECTS[dialect]), wishes)


def test_a_name_that_contradicts_the_rows_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="most rows are 5m apart, its name says 1m"):
        read_candles(write(tmp_path, DIALECTS["ours"], "NSE_SBIN-EQ_1m.csv"), Wishes())


def test_ten_minutes_are_no_timeframe(tmp_path: Path):
    path = write(tmp_path, rows(iso, session(step=10), header=HEADER), "x.csv")
    questions = read_candles(path, Wishes(symbol="NSE:SBIN-EQ")).questions
    assert [question.what for question in questions] == ["timeframe"]


def test_every_recorded_candle_file_is_understood_without_a_question(real_data: Path):
    paths = [*real_data.glob("NSE_*.parquet"), *real_data.glob("daily/NSE_*.parquet")]
    assert len(paths) > 50
    for path in paths:
        found = read_candles(path, Wishes())
        assert found.questions == (), path
        interval = path.stem.split("_")[2]
        assert found.timeframe is Timeframe("D" if interval == "1d" else interval)
        assert found.symbol == path.stem.split("_")[0] + ":" + path.stem.split("_")[1]
        frame = pd.read_parquet(path)
        assert found.candles is not None
        starts = frame["timestamp"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")
        assert np.array_equal(found.candles.starts, starts.astype(np.int64))
        assert np.array_equal(found.candles.closes, frame["close"])


def test_a_folder_is_no_file_of_candles(tmp_path: Path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="it is a folder; give a CSV or Parquet file of candles"):
        read_candles(tmp_path / "folder.csv", Wishes())


@pytest.mark.parametrize("name", ["NSE_SBIN-EQ_5m.csv", "NSE_SBIN-EQ_5m.parquet"])
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path, DIALECTS["ours"], name)

    def refused(file: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(DataError, match=rf"{name}: not readable \(Permission denied\); check the path"):
        read_candles(path, Wishes())


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ("timestamp,price,quantity,bid,ask", "ticks"),
        ("timestamp,calls_oi,puts_oi,strike_price,spot", "snapshots of an option chain"),
        ("timestamp,open,high,low,close,volume,StrkPric", "rows of many contracts"),
        (
            "timestamp,open,high,low,volume",
            "its columns are not those of candles: .*low, volume; expected",
        ),
        ("holiday,weekday,name,source,note", "its columns are not those of candles: it has holiday, "),
    ],
)
def test_a_table_of_something_else_is_named_for_what_it_is(tmp_path: Path, columns: str, reason: str):
    text = columns + "\n" + ",".join("1" * (columns.count(",") + 1)) + "\n"
    with pytest.raises(NoCandlesError, match=reason):
        read_proven(write(tmp_path, text))


def test_a_file_of_several_symbols_is_of_none(tmp_path: Path):
    text = rows(lambda at: "SBIN," + iso(at)) + rows(lambda at: "INFY," + iso(at))
    path = write(tmp_path, "symbol," + HEADER + "\n" + text)
    with pytest.raises(NoCandlesError, match="symbol: column 'symbol' holds INFY, SBIN; split it"):
        read_proven(path)


def test_symbol_and_timeframe_are_taken_from_the_rows_where_the_name_does_not_tell(tmp_path: Path):
    path = write(tmp_path, DIALECTS["symbol in front"], "mine.csv")
    assert read_proven(path).series == Series("NSE:SBIN-EQ", Timeframe.M5)


def test_a_file_named_for_its_tabs_is_read(tmp_path: Path):
    text = rows(iso, gap="\t", header=HEADER.replace(",", "\t"))
    assert same(read_raw(write(tmp_path, text, "NSE_SBIN-EQ_5m.tsv")), session())


@pytest.mark.parametrize(
    ("change", "gap", "named"),
    [
        (lambda text: text.replace(".", ","), ";", r"row 1: open is '600,00', which is no number; .* a point before"),
        (lambda text: text.replace(",600.05", ",Rs 600.05"), ",", "row 2: open is 'Rs 600.05', which is no number"),
    ],
)
def test_prices_written_in_another_way_are_shown_instead_of_taken_for_none(tmp_path: Path, change, gap, named):
    text = change(rows(iso, gap=gap, header=HEADER.replace(",", gap)))
    with pytest.raises(DataError, match=named):
        read_raw(write(tmp_path, text))
