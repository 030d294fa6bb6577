"""A day's move into the archive: exact, whole or not at all, and done again after any death without loss or double."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from core.errors import DataError, StorageError
from core.instants import SECOND, instant_at
from core.market import Tick
from market_data.ticks import tick_files
from market_data.ticks.live_ticks import Heard, LiveTicks
from market_data.ticks.tick_archive import TickArchive
from market_data.ticks.tick_files import COLUMNS, TickColumns, read_about
from market_data.ticks.tick_recorder import SqliteTickRecorder

TUESDAY, WEDNESDAY = date(2026, 1, 6), date(2026, 1, 7)
OPEN = instant_at(TUESDAY, time(9, 15))
SYMBOLS = ("NSE:SBIN-EQ", "NSE:M&M-EQ", "NSE:NIFTY50-INDEX")
SCALES = dict(zip(SYMBOLS, (2, 2, 4), strict=True))
TICKS = 1_000


def heard(number: int) -> Heard:
    """Ticks of three symbols in turn, with what markets do: the same second, prices back and forth, no touch."""
    price = 80_000 + (number * 7919 % 181 - 90) * 5
    bid, ask = (price - 5, price + 5) if number % 3 < 2 else (0, 0)
    received = OPEN + number * 137_000
    return received, SYMBOLS[number % 3], OPEN + number // 40 * SECOND, price, bid, ask, number * 3


DAY = [heard(number) for number in range(TICKS)]


@pytest.fixture(autouse=True)
def in_several_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = LiveTicks.sweep
    monkeypatch.setattr(LiveTicks, "sweep", lambda self, day: sweep(self, day, at_once=301))


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveTicks]:
    with LiveTicks(tmp_path / "live.sqlite") as made:
        made.append(TUESDAY, DAY, SCALES, lost=2)
        yield made


@pytest.fixture
def archive(tmp_path: Path) -> TickArchive:
    return TickArchive(tmp_path / "archive")


def table(ticks: TickColumns) -> list[tuple[int, ...]]:
    return list(zip(*(getattr(ticks, name).tolist() for name in COLUMNS), strict=True))


def of(symbol: str, ticks: list[Heard]) -> list[tuple[int, ...]]:
    return [(received // 1_000 * 1_000, *values) for received, name, *values in ticks if name == symbol]


def assert_archived(archive: TickArchive, ticks: list[Heard], day: date = TUESDAY) -> None:
    for symbol in SYMBOLS:
        found = archive.read_ticks(symbol, day)
        assert table(found) == of(symbol, ticks)
        assert found.scale == SCALES[symbol]


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_day_is_read_back_to_the_unit_and_gone_from_the_live_ticks(live: LiveTicks, archive: TickArchive) -> None:
    done = archive.move_in(live, live.days()[0])
    assert (done.day, done.symbols, done.ticks, done.lost) == (TUESDAY, 3, TICKS, 2)
    assert_archived(archive, DAY)
    assert live.days() == ()


def test_the_files_lie_by_month_and_symbol_and_say_what_they_are(
    live: LiveTicks, archive: TickArchive, tmp_path: Path
) -> None:
    done = archive.move_in(live, live.days()[0])
    root = tmp_path / "archive" / "historical_ticks"
    paths = [root / "month=2026-01" / f"symbol=NSE%3A{name}" / "2026-01-06.parquet" for name in ("M%26M-EQ", "SBIN-EQ")]
    assert all(path.is_file() for path in paths)
    assert sum(path.stat().st_size for path in root.rglob("*.parquet")) == done.bytes
    about = read_about(paths[1])
    assert (about.symbol, about.day, about.scale, about.lost) == ("NSE:SBIN-EQ", TUESDAY, 2, 2)
    assert (about.recording, about.ticks) == (OPEN, len(of("NSE:SBIN-EQ", DAY)))
    group = pq.read_metadata(paths[1]).row_group(0)
    assert all("DELTA_BINARY_PACKED" in group.column(number).encodings for number in range(6))
    assert group.column(2).compression == "ZSTD"


def test_any_tool_reads_the_folder_as_one_table(live: LiveTicks, archive: TickArchive, tmp_path: Path) -> None:
    archive.move_in(live, live.days()[0])
    whole = pyarrow.dataset.dataset(tmp_path / "archive" / "historical_ticks", partitioning="hive").to_table()
    assert whole.num_rows == TICKS
    assert set(whole.column_names) == {*COLUMNS, "month", "symbol"}
    assert set(whole["symbol"].to_pylist()) == set(SYMBOLS)
    assert set(whole["month"].to_pylist()) == {"2026-01"}


class DiedError(Exception):
    """Stands for whatever ended the move."""


def steps_of_a_move() -> int:
    """How many steps a move of the day takes: as many places to die at, and one behind each."""
    sweeps = -(-TICKS // 301)
    return sweeps + 3 * len(SYMBOLS) + 1  # copy; seal, verify and put in place each file; clear


class DeadAt:
    """A watch that ends the move at one step, or, beyond the last, lets it end well."""

    def __init__(self, place: int) -> None:
        self.place = place
        self.seen = 0

    def __call__(self, _name: str, _ticks: int) -> None:
        if self.seen == self.place:
            raise DiedError
        self.seen += 1


@pytest.mark.parametrize("place", range(steps_of_a_move()))
def test_a_move_that_dies_at_any_step_is_done_again_with_nothing_lost_and_nothing_twice(
    live: LiveTicks, archive: TickArchive, tmp_path: Path, place: int
) -> None:
    [day] = live.days()
    with pytest.raises(DiedError):
        archive.move_in(live, day, DeadAt(place))
    assert live.days() == (day,)
    archive.move_in(live, day)
    assert_archived(archive, DAY)
    assert live.days() == ()
    assert len(files_in(tmp_path / "archive")) == len(SYMBOLS) + 1  # and the lock


def test_a_move_has_as_many_steps_as_are_tried(live: LiveTicks, archive: TickArchive) -> None:
    watch = DeadAt(10_000)
    archive.move_in(live, live.days()[0], watch)
    assert watch.seen == steps_of_a_move()


KILLED = """
import os, signal, sys
from pathlib import Path
from market_data.ticks.live_ticks import LiveTicks
from market_data.ticks.tick_archive import TickArchive
sweep = LiveTicks.sweep
LiveTicks.sweep = lambda self, day: sweep(self, day, at_once=301)
folder, place, seen = Path(sys.argv[1]), int(sys.argv[2]), []
def watch(name, ticks):
    seen.append(name)
    if len(seen) > place:
        os.kill(os.getpid(), signal.SIGKILL)
with LiveTicks(folder / "live.sqlite") as live:
    TickArchive(folder / "archive").move_in(live, live.days()[0], watch)
"""


@pytest.mark.parametrize("place", [2, 6, 12, 13])
def test_a_process_that_is_killed_in_the_middle_leaves_a_day_that_is_archived_next_time(
    live: LiveTicks, archive: TickArchive, tmp_path: Path, place: int
) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(place)], check=False, timeout=60)
    assert ended.returncode == -9
    archive.move_in(live, live.days()[0])
    assert_archived(archive, DAY)
    assert len(files_in(tmp_path / "archive")) == len(SYMBOLS) + 1


def test_ticks_recorded_after_a_death_are_archived_with_the_rest(live: LiveTicks, archive: TickArchive) -> None:
    with pytest.raises(DiedError):
        archive.move_in(live, live.days()[0], DeadAt(steps_of_a_move() - 1))  # all files are in place already
    more = [heard(number) for number in range(TICKS, TICKS + 50)]
    live.append(TUESDAY, more, SCALES)
    archive.move_in(live, live.days()[0])
    assert_archived(archive, DAY + more)


def test_a_day_that_is_recorded_on_meanwhile_is_not_cleared(live: LiveTicks, archive: TickArchive) -> None:
    def record_on(name: str, _ticks: int) -> None:
        if name == "clear":
            live.append(TUESDAY, [heard(TICKS)], SCALES)

    with pytest.raises(StorageError, match="2026-01-06 was recorded on while it was archived; archive it again"):
        archive.move_in(live, live.days()[0], record_on)
    assert live.days()[0].ticks == TICKS + 1
    archive.move_in(live, live.days()[0])
    assert_archived(archive, [*DAY, heard(TICKS)])


def test_a_second_recording_of_a_day_stands_beside_the_first(
    live: LiveTicks, archive: TickArchive, tmp_path: Path
) -> None:
    archive.move_in(live, live.days()[0])
    more = [heard(number) for number in range(TICKS, TICKS + 90)]
    live.append(TUESDAY, more, SCALES)
    archive.move_in(live, live.days()[0])
    assert_archived(archive, DAY + more)
    names = [path.name for path in (tmp_path / "archive").rglob("symbol=NSE%3ASBIN-EQ/*")]
    assert sorted(names) == ["2026-01-06.1.parquet", "2026-01-06.parquet"]


def test_days_are_kept_apart(live: LiveTicks, archive: TickArchive) -> None:
    later = [(received + 86_400 * SECOND, *rest) for received, *rest in DAY[:100]]
    live.append(WEDNESDAY, later, SCALES)
    for day in live.days():
        archive.move_in(live, day)
    assert_archived(archive, DAY)
    assert_archived(archive, later, WEDNESDAY)


def test_clearing_a_day_leaves_every_other(live: LiveTicks, archive: TickArchive) -> None:
    later = [(received + 86_400 * SECOND, *rest) for received, *rest in DAY[:100]]
    live.append(WEDNESDAY, later, SCALES)
    live.append(TUESDAY, [heard(TICKS)], SCALES)  # between the other day's
    live.append(WEDNESDAY, [(received + 90_000 * SECOND, *rest) for received, *rest in DAY[:3]], SCALES)
    tuesday, wednesday = live.days()
    archive.move_in(live, tuesday)
    assert_archived(archive, [*DAY, heard(TICKS)])
    assert live.days() == (wednesday,)
    assert sum(len(part) for part in live.sweep(wednesday)) == 103


def test_a_day_is_read_over_a_long_stretch_of_another(archive: TickArchive, tmp_path: Path) -> None:
    with LiveTicks(tmp_path / "live.sqlite") as live:
        live.append(TUESDAY, [], SCALES, lost=1)
        live.append(TUESDAY, DAY[:1], SCALES)
        live.append(WEDNESDAY, DAY, SCALES)
        live.append(TUESDAY, DAY[1:3], SCALES)
        tuesday, _ = live.days()
        assert (tuesday.recording, tuesday.ticks, tuesday.lost) == (OPEN, 3, 1)
        archive.move_in(live, tuesday)
    assert_archived(archive, DAY[:3])


def test_a_day_without_ticks_leaves_no_file_and_is_forgotten(archive: TickArchive, tmp_path: Path) -> None:
    with LiveTicks(tmp_path / "live.sqlite") as live:
        live.append(TUESDAY, [], SCALES, lost=7)
        done = archive.move_in(live, live.days()[0])
        assert (done.symbols, done.ticks, done.lost) == (0, 0, 7)
        assert live.days() == ()


@pytest.mark.parametrize("column", COLUMNS)
def test_a_copy_that_is_not_what_went_in_is_refused_and_nothing_is_cleared(
    live: LiveTicks, archive: TickArchive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, column: str
) -> None:
    """A writer that errs in one value of one column, as memory, disk or library might."""
    place = COLUMNS.index(column)
    from_arrays = pyarrow.Table.from_arrays

    def spoilt(arrays, schema):
        values = arrays[place].cast("int64").to_numpy().copy()
        values[-1] ^= 1
        arrays[place] = arrays[place].from_pandas(values).cast(schema.field(place).type)
        return from_arrays(arrays, schema=schema)

    monkeypatch.setattr("pyarrow.Table", type("Table", (), {"from_arrays": staticmethod(spoilt)}))
    [day] = live.days()
    with pytest.raises(DataError, match=r"are not the .* that were written"):
        archive.move_in(live, day)
    monkeypatch.undo()
    assert live.days() == (day,)
    assert [name for name in files_in(tmp_path / "archive") if name.endswith("parquet")] == []


def test_a_row_that_is_missing_in_the_live_ticks_is_found(
    live: LiveTicks, archive: TickArchive, tmp_path: Path
) -> None:
    live._connection.execute("DELETE FROM ticks WHERE number = 500")
    with pytest.raises(StorageError, match="999 ticks of 2026-01-06 are there, expected 1000"):
        archive.move_in(live, live.days()[0])


def test_a_full_disk_leaves_the_archive_and_the_live_ticks_as_they_were(
    live: LiveTicks, archive: TickArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tick_files.os, "fsync", full)
    [day] = live.days()
    with pytest.raises(StorageError, match=r"cannot be written: \[Errno 28\] No space left on device"):
        archive.move_in(live, day)
    assert live.days() == (day,)
    assert files_in(tmp_path / "archive") == ["historical_ticks/.lock"]


def test_two_moves_at_once_are_refused(live: LiveTicks, archive: TickArchive, tmp_path: Path) -> None:
    def move_too(_name: str, _ticks: int) -> None:
        TickArchive(tmp_path / "archive").move_in(live, live.days()[0])

    with pytest.raises(StorageError, match="ticks are being archived already; wait for its end"):
        archive.move_in(live, live.days()[0], move_too)


def file_of(folder: Path, symbol: str = "SBIN-EQ") -> Path:
    return folder / f"archive/historical_ticks/month=2026-01/symbol=NSE%3A{symbol}/2026-01-06.parquet"


def test_a_file_with_an_altered_byte_is_named(live: LiveTicks, archive: TickArchive, tmp_path: Path) -> None:
    archive.move_in(live, live.days()[0])
    path = file_of(tmp_path)
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"2026-01-06\.parquet: "):
        archive.read_ticks("NSE:SBIN-EQ", TUESDAY)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"notes\n" * 50])
def test_a_file_that_is_cut_short_or_no_parquet_is_named(
    live: LiveTicks, archive: TickArchive, tmp_path: Path, content: bytes
) -> None:
    archive.move_in(live, live.days()[0])
    file_of(tmp_path).write_bytes(content)
    with pytest.raises(DataError, match=r"2026-01-06\.parquet: cannot be read .*; move it away"):
        archive.read_ticks("NSE:SBIN-EQ", TUESDAY)


def test_a_file_of_another_symbol_or_of_somebody_else_is_refused(
    live: LiveTicks, archive: TickArchive, tmp_path: Path
) -> None:
    archive.move_in(live, live.days()[0])
    path = file_of(tmp_path)
    path.write_bytes(file_of(tmp_path, "M%26M-EQ").read_bytes())
    with pytest.raises(DataError, match="says it is NSE:M&M-EQ of 2026-01-06, expected NSE:SBIN-EQ"):
        archive.read_ticks("NSE:SBIN-EQ", TUESDAY)
    pq.write_table(pyarrow.table({"ltp": np.arange(3)}), path)
    with pytest.raises(DataError, match="was not written by the archive; move it away"):
        archive.read_ticks("NSE:SBIN-EQ", TUESDAY)


@pytest.mark.parametrize(("symbol", "day"), [("NSE:SBIN-EQ", WEDNESDAY), ("NSE:INFY-EQ", TUESDAY)])
def test_ticks_that_nobody_archived_are_asked_for_in_vain(
    live: LiveTicks, archive: TickArchive, symbol: str, day: date
) -> None:
    archive.move_in(live, live.days()[0])
    with pytest.raises(DataError, match=f"no ticks of {symbol} on {day}; was it recorded and archived"):
        archive.read_ticks(symbol, day)


def test_a_symbol_that_the_dictionary_does_not_know_stops_the_move(live: LiveTicks, archive: TickArchive) -> None:
    live._connection.execute("DELETE FROM symbols WHERE number = 2")
    with pytest.raises(DataError, match="name a symbol 2 that is not in the list of symbols"):
        archive.move_in(live, live.days()[0])


RECORDED = (
    "NSE_FUT_ticks_2025-11-17",
    "NSE_NIFTY50-INDEX_1s_2022-08-12",
    "NSE_NIFTY50-INDEX_1s_2022-08-29",
    "NSE_NIFTY50-INDEX_1s_2022-11-12",
)


def recorded_ticks(path: Path) -> list[Heard]:
    """A recorded file as a feed would have delivered it, row by row as it stands: in their order, doubles included."""
    rows = pq.read_table(path)
    times = rows["timestamp"].cast(pyarrow.timestamp("us", tz="Asia/Kolkata")).cast("int64").to_numpy() * 1_000
    if "Symbol" not in rows.column_names:
        units = np.rint(rows["price"].to_numpy() * 100).astype(np.int64)
        return [
            (at, "NSE:NIFTY50-INDEX", at, ltp, 0, 0, 0) for at, ltp in zip(times.tolist(), units.tolist(), strict=True)
        ]
    units = [
        np.rint(rows[name].to_numpy() * 100).astype(np.int64).tolist()
        for name in ("last_price", "bid_price_1", "bid_price_2")
    ]
    names, volumes = rows["Symbol"].to_pylist(), rows["volume_traded"].to_pylist()
    return list(zip(times.tolist(), names, times.tolist(), *units, volumes, strict=True))


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_ticks_come_back_equal_to_the_unit(
    name: str, real_data: Path, archive: TickArchive, tmp_path: Path
) -> None:
    path = real_data / "ticks" / f"{name}.parquet"
    given, day = recorded_ticks(path), date.fromisoformat(path.stem[-10:])
    symbols = {symbol for _, symbol, *_ in given}
    recorder = SqliteTickRecorder(tmp_path / "live.sqlite", day, dict.fromkeys(symbols, 2))
    for received, *values in given:
        recorder.take(Tick(*values), received)
    recorder.close()
    assert recorder.counts.written == len(given) > 2_000
    with LiveTicks(tmp_path / "live.sqlite") as live:
        archive.move_in(live, live.days()[0])
    for symbol in symbols:
        assert table(archive.read_ticks(symbol, day)) == of(symbol, given)
