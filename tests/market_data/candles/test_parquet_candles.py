"""The candle store on the disk: damaged and foreign files, other processes, crashes and full disks."""

import errno
import io
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DataError, StorageError
from core.market import Timeframe
from market_data import archive_files
from market_data.archive_files import ABOUT
from market_data.candles import parquet_candles
from market_data.candles.candle_store import MemoryCandleStore, Series, empty
from market_data.candles.list_data import require_readable
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days
from runtime.atomic_files import open_atomically

from .store_candles import PER_DAY, SERIES, candles

PROGRAM = Path(__file__).with_name("store_program.py")
OLD_YEAR = Days(date(2024, 12, 30), date(2024, 12, 31))
NEW_YEAR = Days(date(2025, 1, 1), date(2025, 1, 2))
BOTH = Days(OLD_YEAR.first, NEW_YEAR.last)
TCS = Series("NSE:TCS-EQ", Timeframe.M1)


@pytest.fixture
def store(tmp_path: Path) -> ParquetCandleStore:
    store = ParquetCandleStore(tmp_path)
    store.put(SERIES, BOTH, candles(BOTH, 100))
    return store


def file_of(archive: Path, year: int = 2025, series: Series = SERIES) -> Path:
    [path] = archive.glob(f"historical_data/timeframe={series.timeframe.value}/symbol=*{series.symbol[4:]}/{year}.*")
    return path


def prices(store: ParquetCandleStore, days: Days) -> list[int]:
    read = store.read(SERIES, days)
    assert len(read) == PER_DAY * len(list(days)), "a year is whole or as it was"
    return sorted(set(read.closes.tolist()))


def program(archive: Path, price: int, rounds: int, days: Days, *dies_at: int) -> "subprocess.Popen[bytes]":
    arguments = (archive, price, rounds, days.first, days.last, *dies_at)
    return subprocess.Popen([sys.executable, PROGRAM, *map(str, arguments)])


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [0, 3, 100, 0.5, -1])
def test_a_truncated_file_is_named_by_every_question_and_kept(store: ParquetCandleStore, tmp_path: Path, left):
    path = file_of(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(left * len(whole)) if isinstance(left, float) else left])
    torn = path.read_bytes()
    for question in (
        lambda: store.read(SERIES, BOTH),
        lambda: store.known(SERIES),
        lambda: require_readable(store.holdings()),
        lambda: store.put(SERIES, NEW_YEAR, candles(NEW_YEAR, 200)),
    ):
        with pytest.raises(DataError, match=r"2025\.parquet: cannot be read \(.*\); move it away and download"):
            question()
    assert path.read_bytes() == torn
    assert prices(store, OLD_YEAR) == [100]


def test_a_bit_that_the_disk_turned_is_found_where_the_volume_would_still_be_possible(tmp_path: Path):
    store, flat = ParquetCandleStore(tmp_path), candles(NEW_YEAR, 100)
    store.put(SERIES, NEW_YEAR, replace(flat, volumes=np.arange(len(flat)) * 7_919 % 1_009))
    path = file_of(tmp_path)
    content = bytearray(path.read_bytes())
    volumes = pq.read_metadata(path).row_group(0).column(5)
    content[volumes.data_page_offset + volumes.total_compressed_size - 60] ^= 0x01
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"2025\.parquet: cannot be read \(.*checksum"):
        store.read(SERIES, NEW_YEAR)


def test_a_parquet_file_of_somebody_else_is_refused_with_the_way_in(store: ParquetCandleStore, tmp_path: Path):
    pd.DataFrame({"timestamp": [1], "close": [2.0]}).to_parquet(file_of(tmp_path))
    for question in (lambda: store.read(SERIES, NEW_YEAR), lambda: require_readable(store.holdings())):
        with pytest.raises(DataError, match="was not written by the archive; use `fyersbot import-data`"):
            question()


def test_a_file_that_lies_under_another_symbol_is_refused(store: ParquetCandleStore, tmp_path: Path):
    store.put(TCS, NEW_YEAR, candles(NEW_YEAR, 300))
    shutil.copy(file_of(tmp_path, series=TCS), file_of(tmp_path))
    with pytest.raises(DataError, match="says it is NSE:TCS-EQ 1m in layout 1, expected NSE:SBIN-EQ 1m in layout 1"):
        store.read(SERIES, NEW_YEAR)


@pytest.mark.parametrize("known", [[], None, [["2025-01-01"]], [["yesterday", "today"]]])
def test_a_file_that_does_not_say_what_days_it_knows_is_named(store: ParquetCandleStore, tmp_path: Path, known: object):
    path = file_of(tmp_path)
    table = pq.read_table(path, partitioning=None)
    about = {**json.loads(table.schema.metadata[ABOUT]), "known": known}
    pq.write_table(table.replace_schema_metadata({ABOUT: json.dumps(about)}), path)
    for question in (lambda: store.known(SERIES), lambda: require_readable(store.holdings())):
        with pytest.raises(DataError, match=r"2025\.parquet: does not say what days it knows"):
            question()


@pytest.mark.parametrize("column", ["volume", "close", "timestamp"])
def test_a_file_of_ours_that_lost_a_column_is_refused(store: ParquetCandleStore, tmp_path: Path, column: str):
    path = file_of(tmp_path)
    pq.write_table(pq.read_table(path).drop_columns([column]), path)
    with pytest.raises(DataError, match=r"2025\.parquet: cannot be read"):
        store.read(SERIES, NEW_YEAR)


def test_cells_that_are_no_whole_numbers_are_refused(store: ParquetCandleStore, tmp_path: Path):
    path = file_of(tmp_path)
    table = pq.read_table(path, partitioning=None)
    place = table.schema.get_field_index("close")
    pq.write_table(table.set_column(place, "close", pa.nulls(len(table), pa.float64())), path)
    with pytest.raises(DataError, match="a column holds something else than whole numbers"):
        store.read(SERIES, NEW_YEAR)


def test_candles_that_somebody_made_impossible_are_refused_with_the_folder(store: ParquetCandleStore, tmp_path: Path):
    path = file_of(tmp_path)
    table = pq.read_table(path, partitioning=None)
    place = table.schema.get_field_index("low")
    pq.write_table(table.set_column(place, "low", pa.array(np.zeros(len(table), dtype=np.int32))), path)
    with pytest.raises(DataError, match=r"symbol=NSE%3ASBIN-EQ: candle 0 of 200 .* no market makes such prices"):
        store.read(SERIES, NEW_YEAR)


@pytest.mark.parametrize("place", ["archive", "archive/historical_data"])
def test_a_file_in_place_of_the_archive_is_no_empty_archive(tmp_path: Path, place: str):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("not a folder")
    with pytest.raises(DataError, match=f"{place}: is no folder"):
        ParquetCandleStore(tmp_path / "archive").holdings()


def test_a_torn_file_is_named_and_the_other_series_are_listed(store: ParquetCandleStore, tmp_path: Path):
    store.put(Series("NSE:TCS-EQ", SERIES.timeframe), NEW_YEAR, candles(NEW_YEAR, 100))
    file_of(tmp_path).write_bytes(b"PAR1")
    torn, whole = store.holdings()
    assert (torn.series, torn.candles, torn.known) == (SERIES, 0, ())
    assert "cannot be read" in torn.error
    assert (whole.candles > 0, whole.error) == (True, "")


def test_a_first_write_that_failed_leaves_no_series(tmp_path: Path):
    folder = tmp_path / "historical_data" / "timeframe=1m" / "symbol=NSE%3ASBIN-EQ"
    folder.mkdir(parents=True)
    (folder / ".lock").touch()
    assert ParquetCandleStore(tmp_path).holdings() == ()


@pytest.mark.parametrize("symbol", ["../../x", "..", "/etc/x", "a/b", "%2e%2e%2f", "NSE:A B\n-EQ", "x" * 60])
def test_no_symbol_leads_out_of_the_archive(tmp_path: Path, symbol: str):
    store, series = ParquetCandleStore(tmp_path / "archive"), Series(symbol, Timeframe.M1)
    store.put(series, NEW_YEAR, candles(NEW_YEAR, 100))
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    folder = tmp_path / "archive" / "historical_data" / "timeframe=1m"
    assert {path.parent.parent for path in written} == {folder}
    assert [each.series for each in store.holdings()] == [series]


def test_any_reader_of_parquet_sees_symbol_and_timeframe(store: ParquetCandleStore, tmp_path: Path):
    frame = pd.read_parquet(tmp_path / "historical_data")
    assert len(frame) == PER_DAY * 4
    assert set(frame["timeframe"]) == {"1m"}
    assert str(frame["timestamp"].dt.tz) == "Asia/Kolkata"
    assert set(frame["close"]) == {100}


def test_a_price_above_32_bits_is_refused_before_anything_is_written(store: ParquetCandleStore):
    with pytest.raises(DataError, match="a price of 2147483648 units is above 2147483647; clean the data"):
        store.put(SERIES, BOTH, candles(BOTH, 2**31))
    assert prices(store, BOTH) == [100]


@given(
    puts=st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 6), st.integers(0, 2), st.integers(1, 900)), min_size=1, max_size=6
    ),
    asked=st.tuples(st.integers(0, 12), st.integers(0, 12)),
)
@settings(max_examples=40)
def test_after_any_puts_it_holds_what_its_twin_in_memory_holds(puts, asked):
    """Around a new year; a third of the puts say that there are no candles, a third that only the first day has."""

    def days(first: int, length: int) -> Days:
        return Days(date(2024, 12, 26) + timedelta(days=first), date(2024, 12, 26) + timedelta(days=first + length))

    twin = MemoryCandleStore()
    with tempfile.TemporaryDirectory() as folder:
        store = ParquetCandleStore(Path(folder))
        for first, length, kind, price in puts:
            span = days(first, length)
            given_candles = (empty(), candles(Days(span.first, span.first), price), candles(span, price))[kind]
            for each in (store, twin):
                each.put(SERIES, span, given_candles)
        assert store.holdings() == twin.holdings()
        for span in (days(*asked), days(0, 30)):
            assert store.read(SERIES, span).candles() == twin.read(SERIES, span).candles()


# --- full disks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", ["2024", "2025"])
def test_a_full_disk_leaves_every_year_of_a_put_as_it_was(
    store: ParquetCandleStore, monkeypatch: pytest.MonkeyPatch, year: str, tmp_path: Path
):
    class Full(io.BytesIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    @contextmanager
    def opened(path: Path) -> Iterator[BinaryIO]:
        with open_atomically(path) as file:
            yield Full() if path.stem == year else file

    monkeypatch.setattr(parquet_candles, "open_atomically", opened)
    runs = [(days, candles(days, 200)) for days in (OLD_YEAR, NEW_YEAR)]
    for put in (lambda: store.put(SERIES, BOTH, candles(BOTH, 200)), lambda: store.put_all(SERIES, runs)):
        with pytest.raises(StorageError, match="cannot be written: No space left on device"):
            put()
        assert prices(store, BOTH) == [100]
        assert not list(tmp_path.rglob(".20*"))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "historical_data").write_text("")
    with pytest.raises(StorageError, match=r"historical_data/timeframe=1m/.* cannot be written: Not a directory"):
        ParquetCandleStore(tmp_path).put(SERIES, BOTH, candles(BOTH, 100))


# --- other processes ------------------------------------------------------------------------------------------------


def test_a_series_that_another_process_writes_for_too_long_is_given_up(
    store: ParquetCandleStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(archive_files, "LOCK_SECONDS", 0.05)
    with FileLock(file_of(tmp_path).parent / ".lock"):
        with pytest.raises(StorageError, match="another process has been writing here"):
            store.put(SERIES, NEW_YEAR, candles(NEW_YEAR, 200))
        assert prices(store, BOTH) == [100]
        store.put(TCS, NEW_YEAR, candles(NEW_YEAR, 200))


def test_a_reader_sees_whole_years_while_another_process_writes(store: ParquetCandleStore, tmp_path: Path):
    seen = []
    with program(tmp_path, 200, 40, BOTH) as writer:
        while writer.poll() is None:
            for days in (OLD_YEAR, NEW_YEAR):
                [price] = prices(store, days)
                seen.append(price)
            [holding] = store.holdings()
            assert (holding.candles, holding.known) == (PER_DAY * 4, (BOTH,))
    assert writer.returncode == 0
    assert len(set(seen)) > 1, "nothing was read before or during the writing"


def test_two_writers_of_one_year_lose_nothing_of_each_other(tmp_path: Path):
    days = [Days(date(2025, month, 1), date(2025, month, 3)) for month in (1, 2)]
    with program(tmp_path, 100, 15, days[0]) as first, program(tmp_path, 200, 15, days[1]) as second:
        pass
    assert (first.returncode, second.returncode) == (0, 0)
    store = ParquetCandleStore(tmp_path)
    assert store.known(SERIES) == tuple(days)
    assert [prices(store, each) for each in days] == [[100], [200]]


@pytest.mark.parametrize("flushes", range(4))
def test_a_writer_that_is_killed_leaves_each_year_old_or_new_and_the_next_one_goes_on(
    store: ParquetCandleStore, tmp_path: Path, flushes: int
):
    """A put of two years flushes each file and then its folder: it dies before each of the four in turn."""
    with program(tmp_path, 200, 1, BOTH, flushes) as killed:
        pass
    assert killed.returncode == -signal.SIGKILL
    assert prices(store, OLD_YEAR) == ([100] if flushes == 0 else [200])
    assert prices(store, NEW_YEAR) == ([100] if flushes <= 2 else [200])
    store.put(SERIES, BOTH, candles(BOTH, 300))
    assert prices(store, BOTH) == [300]
    assert not list(tmp_path.rglob(".20*")), "what the dead one left is cleared away"
