"""The recorder of a real bot: what it does when its file or its disk refuses, and what it costs whoever trades."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from datetime import date
from datetime import time as day_time
from pathlib import Path

import pytest
from filelock import FileLock

from core.errors import StorageError
from core.instants import SECOND, instant_at
from core.market import Tick
from market_data.ticks import tick_recorder
from market_data.ticks.live_ticks import LiveTicks
from market_data.ticks.tick_recorder import MemoryTickRecorder, SqliteTickRecorder, recorded, with_last_batch
from runtime.clock import MarketClock

TUESDAY = date(2026, 1, 6)
OPEN = instant_at(TUESDAY, day_time(9, 15))
SBIN = "NSE:SBIN-EQ"
TICK = Tick(SBIN, OPEN, 80_000, 79_995, 80_005, 10)


@pytest.fixture(autouse=True)
def at_a_quick_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick_recorder, "COMMIT_SECONDS", 0.01)
    monkeypatch.setattr(tick_recorder, "RETRY_SECONDS", 0.02)


class Disk:
    """A disk that is full until somebody makes room."""

    def __init__(self) -> None:
        self.trouble = "12 MB free"

    def look(self) -> str:
        return self.trouble


@pytest.fixture
def disk() -> Disk:
    return Disk()


def recorder_on(path: Path, disk: Disk, most: int = 100) -> SqliteTickRecorder:
    return SqliteTickRecorder(path, TUESDAY, {SBIN: 2}, no_room=disk.look, most_waiting=most)


@pytest.fixture
def recorder(tmp_path: Path, disk: Disk) -> Iterator[SqliteTickRecorder]:
    made = recorder_on(tmp_path / "live.sqlite", disk)
    yield made
    made.close()


def ticks_in(path: Path) -> tuple[int, int]:
    """Ticks of the day, and how many more were lost."""
    with LiveTicks(path) as live:
        [day] = live.days()
    return day.ticks, day.lost


def wait_for(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


def test_a_full_disk_is_warned_of_once_and_what_fits_is_written_when_there_is_room(
    recorder: SqliteTickRecorder, disk: Disk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for number in range(103):
        recorder.take(TICK, OPEN + number * SECOND)
    wait_for(lambda: caplog.records)
    time.sleep(0.1)  # time for more warnings
    assert [record.getMessage() for record in caplog.records] == ["Ticks are not recorded: 12 MB free; trading goes on"]
    assert not (tmp_path / "live.sqlite").exists()

    disk.trouble = ""
    wait_for(lambda: recorder.counts.written)
    recorder.take(TICK, OPEN + 200 * SECOND)
    recorder.close()
    lost = recorder.counts.lost
    assert ticks_in(tmp_path / "live.sqlite") == (104 - lost, lost)
    said = [record.getMessage() for record in caplog.records[1:]]
    assert said[0] == f"Ticks are recorded again; {lost} were lost"


def test_memory_is_bounded_while_nothing_can_be_written(recorder: SqliteTickRecorder) -> None:
    for number in range(10_000):
        recorder.take(TICK, OPEN + number)
    counts = recorder.counts
    assert counts.waiting <= 2 * 100  # the queue, and a batch that failed
    assert counts.waiting + counts.lost == 10_000


def test_what_could_not_be_written_by_the_end_of_the_day_is_told(
    recorder: SqliteTickRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    recorder.take(TICK, OPEN)
    recorder.close()
    assert "1 ticks of 2026-01-06 were not recorded" in caplog.text


def test_a_recorder_that_cannot_keep_up_says_so_and_the_file_knows_how_many_were_lost(
    disk: Disk, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.trouble = ""
    monkeypatch.setattr(tick_recorder, "COMMIT_SECONDS", 30.0)  # the last batch is written by the close
    recorder = recorder_on(tmp_path / "live.sqlite", disk, most=10)
    for number in range(15):
        recorder.take(TICK, OPEN + number)
    recorder.close()
    assert ticks_in(tmp_path / "live.sqlite") == (10, 5)
    assert "The tick recorder falls behind: 5 ticks were lost" in caplog.text


def test_a_file_that_is_no_database_costs_the_recording_and_nothing_else(
    disk: Disk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk.trouble = ""
    path = tmp_path / "live.sqlite"
    path.write_text("notes of mine, and more of them\n" * 100)
    recorder = recorder_on(path, disk)
    recorder.take(TICK, OPEN)
    wait_for(lambda: caplog.records)
    recorder.close()
    assert "cannot be opened: file is not a database" in caplog.text
    assert path.read_text().startswith("notes of mine")


def test_two_bots_do_not_record_in_one_file(disk: Disk, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    disk.trouble = ""
    path = tmp_path / "live.sqlite"
    with FileLock(f"{path}.lock"):
        recorder = recorder_on(path, disk)
        recorder.take(TICK, OPEN)
        wait_for(lambda: caplog.records)
    assert "another bot records in" in caplog.text
    wait_for(lambda: recorder.counts.written)  # the other one has ended
    recorder.close()


def test_an_error_that_nobody_foresaw_ends_the_recording_and_not_the_bot(
    disk: Disk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk.trouble = ""
    recorder = recorder_on(tmp_path / "live.sqlite", disk)
    recorder.take(TICK._replace(symbol="NSE:UNKNOWN-EQ"), OPEN)
    wait_for(lambda: caplog.records)
    assert "Ticks are not recorded any more; trading goes on" in caplog.text
    recorder.take(TICK, OPEN)
    recorder.close()


def test_a_day_that_was_archived_under_the_recorder_is_begun_anew(disk: Disk, tmp_path: Path) -> None:
    disk.trouble = ""
    path = tmp_path / "live.sqlite"
    recorder = recorder_on(path, disk)
    recorder.take(TICK, OPEN)
    wait_for(lambda: recorder.counts.written == 1)
    with LiveTicks(path) as live:
        live.clear(live.days()[0])
    recorder.take(TICK, OPEN + SECOND)
    recorder.close()
    with LiveTicks(path) as live:
        [day] = live.days()
    assert (day.ticks, day.recording) == (1, OPEN + SECOND)


def test_a_batch_is_in_the_file_whole_or_not_at_all(tmp_path: Path) -> None:
    with LiveTicks(tmp_path / "live.sqlite") as live:
        heard = [(OPEN + number, *TICK) for number in range(250)]
        with pytest.raises(KeyError):
            live.append(TUESDAY, [*heard, (OPEN, *TICK._replace(symbol="NSE:UNKNOWN-EQ"))], {SBIN: 2})
        assert live.days() == ()
        live.append(TUESDAY, heard, {SBIN: 2})
        assert live.days()[0].ticks == 250
        assert live.symbols() == {1: (SBIN, 2)}


def test_a_file_of_a_newer_layout_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "live.sqlite"
    LiveTicks(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=9")
    with pytest.raises(StorageError, match=r"live\.sqlite have layout 9, this version reads 1"):
        LiveTicks(path)


def test_who_trades_is_served_before_the_recorder() -> None:
    story: list[str] = []

    class Telling(MemoryTickRecorder):
        def take(self, tick: Tick, received: int) -> None:
            story.append("recorded")
            super().take(tick, received)

    recorder = Telling()
    deliver = recorded(lambda _tick: story.append("traded"), recorder, MarketClock(OPEN))
    deliver(TICK)
    assert story == ["traded", "recorded"]
    [(received, *values)] = recorder.heard
    assert Tick(*values) == TICK
    assert OPEN <= received < OPEN + 60 * SECOND


def test_without_recording_the_tick_path_is_the_very_same() -> None:
    def sink(_tick: Tick) -> None: ...

    def close() -> None: ...

    assert recorded(sink, None, MarketClock(OPEN)) is sink
    assert with_last_batch(close, None) is close


def test_the_recorder_is_closed_after_the_feed_even_where_that_fails() -> None:
    story: list[str] = []

    class Telling(MemoryTickRecorder):
        def close(self) -> None:
            story.append("recorder")

    def close() -> None:
        story.append("feed")
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        with_last_batch(close, Telling())()
    assert story == ["feed", "recorder"]
