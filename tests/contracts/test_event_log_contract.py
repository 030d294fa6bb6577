"""What every event log must do, run on each of them; and what only a file can suffer."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core import events
from core.errors import DataError, StorageError
from core.events import SafetyLevel
from trading.event_log import EventLog, MemoryEventLog, SqliteEventLog


def level(number: int) -> events.LevelChanged:
    return events.LevelChanged(at=number, level=SafetyLevel.NO_ENTRY, why=f"reason {number}")


@pytest.fixture(params=["memory", "sqlite"])
def log(request, tmp_path) -> EventLog:
    log = MemoryEventLog() if request.param == "memory" else SqliteEventLog(tmp_path / "state" / "log.sqlite")
    yield log
    log.close()


@pytest.fixture
def file(tmp_path) -> Path:
    """A log of five events on disk."""
    path = tmp_path / "log.sqlite"
    with SqliteEventLog(path) as log:
        log.append([level(number) for number in range(1, 6)])
    return path


def test_a_new_log_is_empty(log):
    assert list(log.read()) == []


def test_events_come_back_in_the_order_they_were_given(log):
    log.append([level(3), level(1)])
    log.append([])
    log.append([level(2)])
    assert list(log.read()) == [level(3), level(1), level(2)]


def test_reading_does_not_stand_in_the_way_of_appending(log):
    log.append([level(1), level(2)])
    reading = log.read()
    assert next(reading) == level(1)
    log.append([level(3)])
    assert list(log.read()) == [level(1), level(2), level(3)]


@pytest.mark.hazard("W1")
def test_what_cannot_be_written_leaves_nothing_behind(log):
    log.append([level(1)])
    with pytest.raises(TypeError, match="not JSON serializable"):
        log.append([level(2), events.LevelChanged(at=3, level=SafetyLevel.RUN, why=object())])
    log.append([level(3)])
    assert list(log.read()) == [level(1), level(3)]


def test_closing_twice_is_allowed(log):
    log.close()
    log.close()


def test_a_file_that_is_opened_again_goes_on_where_it_ended(file):
    with SqliteEventLog(file) as log:
        log.append([level(6)])
    with SqliteEventLog(file) as log:
        assert list(log.read()) == [level(number) for number in range(1, 7)]


@pytest.mark.hazard("W5")
@pytest.mark.parametrize(
    ("damage", "row"),
    [
        ("UPDATE events SET body = replace(body, 'reason 3', 'reason 9') WHERE seq = 3", 3),
        ("UPDATE events SET kind = 'Reconciled' WHERE seq = 2", 2),
        ("UPDATE events SET hash = x'00' WHERE seq = 4", 4),
        ("UPDATE events SET at = 77 WHERE seq = 2", 2),
        ("DELETE FROM events WHERE seq = 2", 3),
        ("DELETE FROM events WHERE seq = 1", 2),
    ],
)
def test_an_altered_row_is_found_and_named(file, damage, row):
    tamper(file, damage)
    with SqliteEventLog(file) as log, pytest.raises(StorageError, match=rf"{file}: row {row} was altered"):
        list(log.read())


@pytest.mark.hazard("W5")
def test_a_page_that_the_disk_lost_is_an_error_in_words(tmp_path):
    path = tmp_path / "log.sqlite"
    with SqliteEventLog(path) as log:
        log.append([events.Alarm(at=number, code="LONG", message="m" * 200) for number in range(3_000)])
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4_096] = b"\xff" * 4_096
    path.write_bytes(content)
    with (
        SqliteEventLog(path) as log,
        pytest.raises(StorageError, match=f"event log {path} cannot be read: .*malformed; restore it from a copy"),
    ):
        list(log.read())


@pytest.mark.hazard("W5")
def test_text_that_is_no_text_any_more_is_an_error_in_words(file):
    tamper(file, "UPDATE events SET body = CAST(x'ff' AS TEXT) WHERE seq = 2")
    with SqliteEventLog(file) as log, pytest.raises(StorageError, match=f"event log {file} cannot be read: .*UTF-8"):
        list(log.read())


def test_what_stands_before_an_altered_row_is_still_told(file):
    tamper(file, "UPDATE events SET body = '[3,1,\"else\"]' WHERE seq = 3")
    with SqliteEventLog(file) as log:
        reading = log.read()
        assert [next(reading), next(reading)] == [level(1), level(2)]


@pytest.mark.hazard("W7")
def test_an_event_of_a_newer_version_is_an_error_in_words(tmp_path, monkeypatch):
    with SqliteEventLog(tmp_path / "log.sqlite") as log:
        monkeypatch.setattr("trading.event_log.encode", lambda _event: ("Teleported", "[1]"))
        log.append([level(1)])
        with pytest.raises(DataError, match="'Teleported' is unknown"):
            list(log.read())


@pytest.mark.hazard("W4")
def test_a_full_disk_keeps_nothing_of_the_batch_and_the_log_goes_on_when_there_is_room(file):
    with SqliteEventLog(file) as log:
        pages = log._connection.execute("PRAGMA page_count").fetchone()[0]
        log._connection.execute(f"PRAGMA max_page_count={pages}")
        long = [events.Alarm(at=number, code="LONG", message="x" * 4_000) for number in range(50)]
        for _ in range(2):
            with pytest.raises(StorageError, match=f"{file} cannot be written: .*full; free space or repair it"):
                log.append([level(6), *long])
        assert len(list(log.read())) == 5
        log._connection.execute("PRAGMA max_page_count=100000")
        log.append([level(6)])
        assert list(log.read())[-1] == level(6)
    with SqliteEventLog(file) as log:
        assert len(list(log.read())) == 6


@pytest.mark.hazard("W2", "R1")
def test_a_second_writer_on_the_same_file_is_refused(file):
    with SqliteEventLog(file) as first, SqliteEventLog(file) as second:
        first.append([level(6)])
        with pytest.raises(StorageError, match="cannot be written"):
            second.append([level(6)])
        first.append([level(7)])
        assert len(list(first.read())) == 7


@pytest.mark.hazard("W2")
def test_a_file_that_another_writer_holds_is_an_error_in_words(file):
    with SqliteEventLog(file) as log:
        log._connection.execute("PRAGMA busy_timeout=1")
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked"):
            log.append([level(6)])
        other.execute("ROLLBACK")
        other.close()
        log.append([level(6)])
        assert len(list(log.read())) == 6


@pytest.mark.hazard("W7", "R8")
def test_a_log_of_another_layout_is_refused(file):
    tamper(file, "PRAGMA user_version=7")
    with pytest.raises(StorageError, match="has layout 7, this version reads 1"):
        SqliteEventLog(file)


@pytest.mark.parametrize(
    "make", [lambda path: path.write_text("not a database, but long enough to be looked at " * 20)]
)
def test_a_file_that_is_no_log_is_refused_by_name(tmp_path, make: Callable[[Path], object]):
    path = tmp_path / "log.sqlite"
    make(path)
    with pytest.raises(StorageError, match=str(path)):
        SqliteEventLog(path)


def test_a_folder_that_cannot_be_made_is_refused_by_name(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be opened"):
        SqliteEventLog(tmp_path / "file" / "log.sqlite")


@pytest.mark.hazard("W3")
def test_a_commit_waits_for_the_disk(file):
    with SqliteEventLog(file) as log:
        assert log._connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert log._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def tamper(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file)
    connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.hazard("W2", "X10")
def test_a_reader_of_another_program_that_stays_in_the_middle_keeps_the_writer_from_nothing(file):
    with SqliteEventLog(file) as log, closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM events").fetchone() == (5,)
        for number in range(6, 200):
            log.append([level(number)])
        assert reader.execute("SELECT count(*) FROM events").fetchone() == (5,)
        assert len(list(log.read())) == 199
