"""What every event log must do, run on each of them; and what only a file can suffer."""

import hashlib
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core import events
from core.errors import DataError, StorageError
from core.event_codec import encode
from core.events import SafetyLevel
from trading.event_log import EventLog, MemoryEventLog, Row, SqliteEventLog


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
        log.append([level(1)])
        log.append([level(2), level(3)], tape=7)
        log.append([level(4), level(5)], tape=9)
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


def test_the_hash_at_an_event_covers_it_and_all_before_it(log):
    twin = MemoryEventLog()
    twin.append([level(1), level(2), level(7)])
    log.append([level(1), level(2)])
    log.append([level(3)])
    assert [log.hash_at(seq) == twin.hash_at(seq) for seq in range(4)] == [True, True, True, False]
    assert len({log.hash_at(seq) for seq in range(4)}) == 4
    assert log.hash_at(3) == log.head
    assert log.hash_at(4) == log.hash_at(-1) == ""


@pytest.mark.hazard("W1")
def test_what_cannot_be_written_leaves_nothing_behind(log):
    log.append([level(1)])
    with pytest.raises(TypeError, match="not JSON serializable"):
        log.append([level(2), events.LevelChanged(at=3, level=SafetyLevel.RUN, why=object())])
    log.append([level(3)])
    assert list(log.read()) == [level(1), level(3)]


def test_each_row_carries_the_tape_position_it_was_written_at(log):
    assert (log.length, log.tape) == (0, 0)
    log.append([level(1)])
    log.append([level(2), level(3)], tape=40)
    log.append([], tape=50)
    assert (log.length, log.tape) == (3, 40)
    assert [(row.number, row.at, row.tape, row.kind, row.event) for row in log.rows()] == [
        (1, 1, 0, "LevelChanged", level(1)),
        (2, 2, 40, "LevelChanged", level(2)),
        (3, 3, 40, "LevelChanged", level(3)),
    ]


def test_reading_can_begin_behind_a_row(log):
    log.append([level(1), level(2), level(3)], tape=2)
    assert list(log.read(after=1)) == [level(2), level(3)]
    assert [row.number for row in log.rows(after=2)] == [3]
    assert list(log.read(after=3)) == []


def test_a_sound_log_is_verified(log):
    log.verify()
    log.append([level(1), level(2)], tape=2)
    log.verify()


def test_the_head_vouches_for_every_row_and_position(log):
    heads = [log.head]
    for batch, tape in (([level(1)], 0), ([level(2)], 3), ([level(2)], 4)):
        log.append(batch, tape)
        heads.append(log.head)
    assert len(set(heads)) == 4
    other = MemoryEventLog()
    other.append([level(1)])
    assert other.head == heads[1]
    other.append([level(2)], tape=2)
    assert other.head != heads[2]
    other = MemoryEventLog()
    for batch, tape in (([level(1)], 0), ([level(2)], 3), ([level(2)], 4)):
        other.append(batch, tape)
    assert other.head == heads[3]


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
        ("UPDATE events SET tape = 8 WHERE seq = 3", 3),
        ("UPDATE events SET tape = 0 WHERE seq = 5", 5),
        ("UPDATE events SET seq = 77 WHERE seq = 5", 5),
        ("DELETE FROM events WHERE seq = 2", 2),
        ("DELETE FROM events WHERE seq = 1", 1),
    ],
)
def test_an_altered_row_is_found_and_named(file, damage, row):
    tamper(file, damage)
    with SqliteEventLog(file) as log:
        for check in (log.verify, lambda: list(log.read())):
            with pytest.raises(StorageError, match=rf"{file}: row {row} was altered or is missing; restore it"):
                check()


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
        pytest.raises(
            StorageError,
            match=f"event log {path} cannot be read behind row 1[0-9]+: .*malformed; restore it from a copy",
        ),
    ):
        list(log.read())


@pytest.mark.hazard("W5")
def test_text_that_is_no_text_any_more_is_an_error_in_words(file):
    tamper(file, "UPDATE events SET body = CAST(x'ff' AS TEXT) WHERE seq = 2")
    with SqliteEventLog(file) as log, pytest.raises(StorageError, match=f"event log {file}: row 2 was altered"):
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
    with pytest.raises(StorageError, match="has layout 7, this version reads up to 2"):
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


@pytest.mark.hazard("W7")
def test_a_log_that_layout_1_wrote_is_brought_up_to_date_and_goes_on(tmp_path):
    path = tmp_path / "log.sqlite"
    write_layout_1(path, [level(1), level(2)])
    with SqliteEventLog(path) as log:
        log.verify()
        assert [(row.number, row.tape, row.event) for row in log.rows()] == [(1, 0, level(1)), (2, 0, level(2))]
        log.append([level(3)], tape=5)
    with SqliteEventLog(path) as log:
        log.verify()
        assert list(log.read()) == [level(1), level(2), level(3)]
        assert log._connection.execute("PRAGMA user_version").fetchone()[0] == 2


@pytest.mark.hazard("W5")
def test_what_was_altered_before_a_log_was_brought_up_to_date_is_still_found(tmp_path):
    path = tmp_path / "log.sqlite"
    write_layout_1(path, [level(1), level(2)])
    tamper(path, "UPDATE events SET body = replace(body, 'reason 2', 'reason 3') WHERE seq = 2")
    with SqliteEventLog(path) as log, pytest.raises(StorageError, match="row 2 was altered"):
        log.verify()


@pytest.mark.hazard("W7")
def test_a_log_that_cannot_be_brought_up_to_date_stays_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "log.sqlite"
    write_layout_1(path, [level(1)])
    with monkeypatch.context() as patch:
        patch.setattr("trading.event_log._MIGRATIONS", ("", "ALTER TABLE elsewhere ADD COLUMN tape INTEGER"))
        with pytest.raises(StorageError, match=r"cannot be opened: .*no such table"):
            SqliteEventLog(path)
    with SqliteEventLog(path) as log:
        assert list(log.read()) == [level(1)]


@pytest.mark.hazard("W5")
@pytest.mark.parametrize("flip", [0xFF, 0x01, 0x80])
def test_a_flipped_byte_anywhere_in_the_file_is_found_or_touches_no_event(tmp_path, flip):
    path = tmp_path / "log.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA page_size=512")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    with SqliteEventLog(path) as log:
        for number in range(1, 13):
            log.append([level(number)], tape=number)
        rows = list(log.rows())
    content = path.read_bytes()
    in_events, located = set(), 0
    for row in rows:
        start = content.index(row.body.encode())
        in_events |= set(range(start, start + len(row.body)))
    damaged = tmp_path / "damaged.sqlite"
    for place in range(len(content)):
        for stale in tmp_path.glob("damaged.sqlite*"):
            stale.unlink()
        damaged.write_bytes(content[:place] + bytes([content[place] ^ flip]) + content[place + 1 :])
        complaint = complaint_about(damaged, rows)
        located += "row" in complaint
        assert place not in in_events or re.search(r"row \d+ was altered or is missing", complaint), place
    assert located > sum(len(row.body) + 32 for row in rows)


def complaint_about(path: Path, rows: list[Row]) -> str:
    """What is said of a damaged file; nothing only if its events are all there."""
    try:
        with SqliteEventLog(path) as log:
            log.verify()
            assert list(log.rows()) == rows
    except StorageError as error:
        return str(error)
    return ""


def write_layout_1(path: Path, batch: list[events.Event]) -> None:
    """Write a log as the program did before there was a tick tape."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA user_version=1")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, "
        "body TEXT NOT NULL, hash BLOB NOT NULL) STRICT"
    )
    digest = b"\0" * 32
    for number, event in enumerate(batch, start=1):
        kind, body = encode(event)
        digest = hashlib.sha256(digest + f"{event.at}\0{kind}\0{body}".encode()).digest()
        connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", (number, event.at, kind, body, digest))
    connection.close()


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
